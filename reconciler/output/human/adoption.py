"""Shows what `adopt` made of what exists, what it left out, which variables to set, and the proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.core.adopt import LeftOut
from reconciler.core.adopted import Manifests
from reconciler.core.adoption import Adoption
from reconciler.output.document import (
    BLANK,
    Document,
    Line,
    Span,
    Style,
    Table,
    heading,
    hint,
    line,
    plural,
    table,
)

MOST = 40
"""Rows of a table unless everything was asked for."""


def adoption(found: Adoption, *, texts: bool = False, verbose: bool = False, lacking: str = "") -> Document:
    """An adoption as a document; `texts` shows the manifests themselves, `lacking` is the schema that is not there."""
    rows: list[Line | Table] = []
    manifests = found.manifests
    for file in manifests.files:
        done = "wrote " if found.written else "would write "
        rows.append(line(Span(done, Style.GOOD), Span(file.path, Style.NAME)))
        if texts:
            rows += [line(text, indent=2) for text in file.text.splitlines()]
            rows.append(BLANK)
    rows += _shared(manifests)
    rows += [BLANK] if rows and rows[-1] != BLANK else []
    rows += _left_out("Left out:", found.left_out, verbose=verbose)
    if verbose:
        rows += _left_out("Ours already:", found.ours, verbose=True)
    if manifests.variables:
        rows.append(heading("Variables to set, in your shell and in CI, before an apply can write these secrets:"))
        named = [(each.name, f"{each.field} of {each.address}") for each in manifests.variables]
        rows += [table(("VARIABLE", "FOR"), _few(named, verbose), indent=2), *_more(named, verbose), BLANK]
    rows += _unproven(found)
    if found.beside:
        rows.append(hint(f"other commands read `{found.beside}` when it is in `manifests` of the settings, or with -m"))
    if found.written and manifests.files and lacking:
        rows.append(hint(f"for editors, `reconciler schema --out {lacking}` writes what their first lines point to"))
    return [*rows, summary(found)]


def summary(found: Adoption) -> Line:
    """The last line: how much was adopted, and the proof."""
    ours = f" ({plural(len(found.ours), 'object')} ours already)" if found.ours else ""
    if not found.records:
        return line(Span("Nothing to adopt", Style.GOOD), f"{ours}.")
    scopes = {(record.scope.type, record.scope.key) for record in found.records}
    what = f"{plural(len(found.records), 'object')} of {plural(len(scopes), 'scope')}{ours}"
    done = "Adopted" if found.recorded else "Manifests written for" if found.written else "Would adopt"
    if not found.proven:
        return line(Span("Not proven", Style.BAD), f": {done.lower()} {what}, and the next plan is not empty.")
    if found.written and not found.recorded:
        tail = "`reconciler apply` adopts them, and changes no setting; it writes each secret once"
    else:
        kept = len(found.plan.uncompared)
        tail = "the next plan is empty" + (f", with {plural(kept, 'secret')} taken on trust" if kept else "")
    return line(Span(done, Style.GOOD), f" {what}: {tail}.")


# ---------------------------------------------------------------------------------------------------------------------


def _shared(manifests: Manifests) -> Iterable[Line]:
    for name, count in manifests.templates.items():
        yield line(f"template `{name}` for {plural(count, 'entry', 'entries')} with the same settings")
    for group, count in manifests.fleets.items():
        yield line(f"`targets: {group}/**` for {plural(count, 'object')} that every project below has")


def _left_out(title: str, found: Sequence[LeftOut], *, verbose: bool) -> Iterable[Line | Table]:
    if found:
        yield heading(title)
        rows = [(one.scope, one.what, one.why) for one in found] if verbose else _folded(found)
        yield table(("SCOPE", "WHAT", "WHY"), _few(rows, verbose), indent=2)
        yield from _more(rows, verbose)
        yield BLANK


def _folded(found: Sequence[LeftOut]) -> list[tuple[str, str, str]]:
    """What is left out of many scopes for one reason, shown once."""
    scopes: dict[tuple[str, str], list[str]] = {}
    for one in found:
        scopes.setdefault((one.what, one.why), []).append(one.scope)
    return [(first + (f" and {len(more)} more" if more else ""), *key) for key, (first, *more) in scopes.items()]


def _unproven(found: Adoption) -> Iterable[Line]:
    for step in found.plan.steps:
        fields = ", ".join(change.field for change in step.changes)
        yield line(Span(step.address, Style.NAME), f"  {step.action} {fields}".rstrip(), indent=2)
    for blocked in found.plan.blocked:
        yield line(Span(blocked.address, Style.NAME), f"  {blocked.reason}", indent=2)
    for problem in found.plan.problems:
        yield line(Span(f"{problem.severity}: ", Style.WARNING), str(problem), indent=2)


def _few(rows: Sequence[tuple[str, ...]], verbose: bool) -> Sequence[tuple[str, ...]]:
    return rows if verbose else rows[:MOST]


def _more(rows: Sequence[tuple[str, ...]], verbose: bool) -> Iterable[Line]:
    if len(rows) > MOST and not verbose:
        yield line(Span(f"and {len(rows) - MOST} more; -v shows all", Style.MUTED), indent=2)
