"""Shows what somebody changed behind the manifests' back."""

from __future__ import annotations

from reconciler.core.plan import Plan
from reconciler.output.document import BLANK, Document, Line, Span, Style, Table, heading, line, plural, table
from reconciler.output.human.plan import blocked, drifted
from reconciler.output.human.problems import problem


def drift(found: Plan, *, verbose: bool = False, following: str = "") -> Document:
    """A drift report as a document; `following` is the command that would repair it."""
    blocks: list[Line] = drifted(found.drift, title="Changed outside (recorded → live)")
    if found.drift:
        blocks.append(BLANK)
    if found.gone:
        blocks += [heading("Removed outside:"), *(line(Span(name, Style.NAME), indent=2) for name in found.gone), BLANK]
    touched = [name for name in found.touched if name not in found.drift]
    if touched:
        blocks.append(heading("Written to outside, with no difference that GitLab shows:"))
        blocks += [line(Span(name, Style.NAME), indent=2) for name in touched]
        blocks.append(BLANK)
    document: list[Line | Table] = list(blocks)
    if found.unmanaged:
        document += [heading("Not ours:"), table(("SCOPE", "WHAT", "NAME"), found.unmanaged, indent=2), BLANK]
    document += blocked(found.blocked)
    for one in found.problems:
        document += [*problem(one), BLANK]
    if verbose and found.unverified:
        document += [line(f"{plural(len(found.unverified), 'resource')} with fields that GitLab does not show"), BLANK]
    return [*document, summary(found, following=following)]


def has_findings(found: Plan) -> bool:
    """Whether somebody moved, removed or wrote anything of ours."""
    return bool(found.drift or found.gone or found.touched)


def summary(found: Plan, *, following: str = "") -> Line:
    """The last line: the count and the command to run next."""
    parts = [
        (len(found.drift), "drifted"),
        (len(found.gone), "removed outside"),
        (len([name for name in found.touched if name not in found.drift]), "touched"),
        (len(found.unmanaged), "not ours"),
        (len(found.blocked), "not readable"),
    ]
    said = ", ".join(f"{number} {words}" for number, words in parts if number)
    if not has_findings(found):
        tail = f" ({said})" if said else ""
        return line(Span("No drift", Style.GOOD), f"{tail}.")
    return line(Span(said[0].upper() + said[1:], Style.CHANGED), ".", f" Next: {following}" if following else "")
