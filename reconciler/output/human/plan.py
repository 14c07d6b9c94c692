"""Shows a plan: what would be done and why, field by field, what cannot be decided, and at last the count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.core.errors import Problem, Severity
from reconciler.core.plan import Blocked, Change, Plan, StepAction
from reconciler.output.changes import Group, Row, counts, drift_row, groups
from reconciler.output.document import BLANK, Document, Line, Span, Style, heading, line, listed, plural
from reconciler.output.human.problems import problem

LOOKS = {
    StepAction.CREATE: Style.GOOD,
    StepAction.ADOPT: Style.MOVED,
    StepAction.UPDATE: Style.CHANGED,
    StepAction.REPLACE: Style.BAD,
    StepAction.DELETE: Style.BAD,
    StepAction.FORGET: Style.MUTED,
    StepAction.MOVE: Style.MOVED,
    StepAction.RECORD: Style.MUTED,
}


def plan(shown: Plan, *, brakes: Sequence[Problem] = (), verbose: bool = False, following: str = "") -> Document:
    """A plan as a document; `brakes` are policy's objections, `following` is the command to run next."""
    limit = None if verbose else 20
    rows: list[Line] = [*_opening(shown), *_targets(shown, limit)]
    for group in groups(shown.steps):
        rows += [*_group(group, limit), BLANK]
    if shown.drift and verbose:
        rows += [*drifted(shown.drift, title="Moved by somebody else"), BLANK]
    rows += blocked(shown.blocked)
    rows += _asides(shown, limit)
    for one in (*shown.problems, *(p for p in brakes if p not in shown.problems)):
        rows += [*problem(one), BLANK]
    rows.append(summary(shown, brakes=brakes, following=following))
    return rows


def summary(shown: Plan, *, brakes: Sequence[Problem] = (), following: str = "") -> Line:
    """The last line: the count, what stands in the way, and the command to run next."""
    said = [f"{len(shown.unchanged)} unchanged"] if shown.unchanged else []
    said += [f"{len(shown.blocked)} blocked"] if shown.blocked else []
    style = Style.GOOD if shown.is_empty and not shown.blocked else Style.HEADING
    words = counts(shown)
    pieces: list[Span | str] = [Span(words[0].upper() + words[1:], style), f" ({', '.join(said)})" if said else "", "."]
    stopped = any(p.severity is Severity.ERROR for p in (*shown.problems, *brakes))
    if stopped:
        pieces.append(Span(" This plan would be refused, see above.", Style.BAD))
    elif following and not shown.is_empty:
        pieces += [" Next: ", Span(following, Style.NAME)]
    return line(*pieces)


def drifted(drift: Mapping[str, tuple[Change, ...]], *, title: str) -> list[Line]:
    """The fields that somebody else moved, by address."""
    rows = [heading(f"{title}:")] if drift else []
    for address, changes in drift.items():
        rows.append(line(Span(address, Style.NAME), indent=2))
        rows += _rows([drift_row(change) for change in changes])
    return rows


def blocked(found: Sequence[Blocked]) -> list[Line]:
    """The addresses that cannot be decided, those with one reason together."""
    if not found:
        return []
    by_reason: dict[str, list[str]] = {}
    for one in found:
        by_reason.setdefault(one.reason, []).append(one.address)
    rows = [Line((Span("Cannot be decided, nothing is done to these:", Style.WARNING),))]
    for reason, addresses in by_reason.items():
        rows += [line(Span(address, Style.NAME), indent=2) for address in addresses[:20]]
        if len(addresses) > 20:
            rows.append(line(f"and {len(addresses) - 20} more", indent=2))
        rows.append(line(f"because {reason}", indent=4))
    return [*rows, BLANK]


# ---------------------------------------------------------------------------------------------------------------------


def _opening(shown: Plan) -> list[Line]:
    words = "Destroying" if shown.destroy else "Plan"
    where = " ".join(filter(None, [f"for {shown.environment}" if shown.environment else "", f"at {shown.gitlab_url}"]))
    if shown.is_empty and not shown.environment:
        return []
    rows = [heading(f"{words} {where}" if shown.gitlab_url or shown.environment else words), BLANK]
    if shown.partial:
        rows[1:1] = [
            line(Span("Part of the manifests or targets only: nothing is deleted for the rest.", Style.WARNING))
        ]
    return rows


def _targets(shown: Plan, limit: int | None) -> list[Line]:
    rows = []
    for words, paths in (("Newly matched", shown.matched), ("No longer matched", shown.unmatched)):
        if paths:
            rows.append(line(Span(f"{words}, {plural(len(paths), 'project')}: ", Style.NAME), listed(paths, limit)))
    return [*rows, BLANK] if rows else []


def _group(group: Group, limit: int | None) -> list[Line]:
    look = LOOKS[group.action]
    where = f" {group.places}" if group.places else ""
    rest = f"{where}  ({group.kind}): {group.why}"
    head = (Span(f"{group.symbol} {group.action}", look), Span("  "), Span(group.title, Style.NAME), Span(rest))
    rows = [Line(head, 2, 4)]
    if group.previous:
        rows.append(line(f"was {group.previous}", indent=6))
    rows += _rows(group.rows)
    if group.defaults:
        number = plural(len(group.defaults), "other field")
        rows.append(line(Span(f"{number} at GitLab's default: {', '.join(group.defaults)}", Style.MUTED), indent=6))
    rows += [line(Span("note: ", Style.NAME), note, indent=6) for note in group.notes]
    if len(group.scopes) > 1:
        rows.append(line(f"in {listed(group.scopes, limit)}", indent=6))
    return rows


def _rows(rows: Sequence[Row]) -> list[Line]:
    if not rows:
        return []
    width = min(max([len(row.field) for row in rows]), 32) + 2
    return [Line(_row(f"{row.field}  ".ljust(width), row), 6, width) for row in rows]


def _row(name: str, row: Row) -> tuple[Span, ...]:
    remark = (Span(f"  {row.remark}", Style.MUTED),) if row.remark else ()
    if row.secret:
        return (Span(name), Span(f"(secret) {row.after}" if row.after else "(secret)", Style.MOVED), *remark)
    if row.before is None:
        return (Span(f"{name}{row.after or ''}"), *remark)
    return (Span(name), Span(row.before, Style.BAD), Span(" → "), Span(row.after or "", Style.GOOD), *remark)


def _asides(shown: Plan, limit: int | None) -> list[Line]:
    rows = []
    if shown.uncompared:
        names = listed([f"{address} {field} {reference}" for address, field, reference in shown.uncompared], limit)
        words = plural(len(shown.uncompared), "secret")
        rows.append(line(Span(f"{words} not compared, not set here: ", Style.WARNING), names))
    if shown.unverified:
        words = f"{plural(len(shown.unverified), 'resource')} with fields that GitLab does not show, taken as equal: "
        rows.append(line(Span(words, Style.MUTED), listed(shown.unverified, limit)))
    if shown.touched:
        words = f"{plural(len(shown.touched), 'resource')} written to outside, with no difference that GitLab shows: "
        rows.append(line(Span(words, Style.WARNING), listed(shown.touched, limit)))
        rows.append(line("`--reassert-secrets` writes secrets again", indent=2))
    rows += [line(Span("note: ", Style.NAME), note) for note in shown.notes]
    return [*rows, BLANK] if rows else []
