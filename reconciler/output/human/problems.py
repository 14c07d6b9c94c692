"""Shows problems and errors: where, the line itself with a caret, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.core.errors import Problem, ReconcilerError, Severity
from reconciler.core.report import Validation
from reconciler.output.document import BLANK, Line, Span, Style, hint, line, plural

_LOOKS = {Severity.ERROR: Style.BAD, Severity.WARNING: Style.WARNING}
_WIDEST = 200
"""Columns of a source line that are shown round the caret."""


def problem(found: Problem) -> list[Line]:
    """One problem with its place, its source line and its hint."""
    where = str(found.place) if found.place else (found.address or "")
    said = found.summary + (f": {found.detail}" if found.detail else "")
    rows = [
        line(Span(f"{where}: " if where else "", Style.NAME), Span(f"{found.severity}: ", _LOOKS[found.severity]), said)
    ]
    if found.place and found.place.text:
        rows += _excerpt(found.place.text, found.place.line, found.place.column)
    if found.place and found.address:
        rows.append(line(Span("in ", Style.MUTED), Span(found.address, Style.MUTED), indent=2))
    if found.hint:
        rows.append(hint(found.hint, indent=2))
    return rows


def problems(found: Sequence[Problem]) -> list[Line]:
    """Problems in the order of their places, errors and warnings mixed, a blank line between."""
    rows: list[Line] = []
    for one in found:
        rows += [*problem(one), BLANK]
    return rows


def error(raised: ReconcilerError) -> list[Line]:
    """What stopped a command, and what to do."""
    rows = [line(Span("error: ", Style.BAD), raised.message)]
    if raised.hint:
        rows.append(hint(raised.hint, indent=2))
    return rows


def warning(raised: ReconcilerError) -> list[Line]:
    """What could not be done and stops nothing, and what to do."""
    return [line(Span("warning: ", Style.WARNING), raised.message), *([hint(raised.hint, 2)] if raised.hint else [])]


def validation(outcome: Validation, *, following: str = "") -> list[Line]:
    """What `validate` found: every problem, the manual steps, and the count; `following` is the command to run next."""
    rows = problems(outcome.problems)
    rows += [line(Span("by hand: ", Style.NAME), note) for note in outcome.notes]
    if outcome.notes:
        rows.append(BLANK)
    rows.append(_verdict(outcome, following))
    return rows


# ---------------------------------------------------------------------------------------------------------------------


def _excerpt(text: str, number: int, column: int) -> Iterable[Line]:
    text = text.rstrip("\r\n")
    start = max(0, column - _WIDEST // 2) if len(text) > _WIDEST else 0
    shown = text[start : start + _WIDEST].expandtabs(1)
    gutter = f"{number} | "
    yield line(Span(gutter, Style.MUTED), shown, indent=2)
    if column:
        blank = " " * (len(gutter) - 2) + "| " + " " * (column - 1 - start)
        yield line(Span(blank, Style.MUTED), Span("^", Style.BAD), indent=2)


def _verdict(outcome: Validation, following: str) -> Line:
    errors = sum(p.severity is Severity.ERROR for p in outcome.problems)
    warnings = len(outcome.problems) - errors
    said = f"{plural(outcome.entries, 'entry', 'entries')} in {plural(len(outcome.files), 'file')}"
    tail = f", {plural(warnings, 'warning')}" if warnings else ""
    if errors:
        return line(Span(plural(errors, "error"), Style.BAD), f"{tail} ({said})")
    return line(Span("valid", Style.GOOD), f": {said}{tail}.", f" Next: {following}" if following else "")
