"""What people are shown, before it is known where: lines of styled spans, and tables.

Views build documents, `terminal` prints them. Text is cleaned when it is printed, so a view cannot forget it. Tuples,
because a large plan is a hundred thousand spans.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple


class Style(StrEnum):
    """What a span means; how that looks is the terminal's matter. No meaning is carried by it alone."""

    PLAIN = ""
    HEADING = "heading"
    MUTED = "muted"
    GOOD = "good"
    CHANGED = "changed"
    BAD = "bad"
    WARNING = "warning"
    MOVED = "moved"
    NAME = "name"


class Span(NamedTuple):
    """A piece of text and what it means."""

    text: str
    style: Style = Style.PLAIN


Piece = str | Span


class Line(NamedTuple):
    """One line, indented; where it must be wrapped, further rows are indented by `hang` more."""

    spans: tuple[Span, ...] = ()
    indent: int = 0
    hang: int = 2


class Table(NamedTuple):
    """Rows under a head; the last column takes what room is left."""

    head: tuple[str, ...]
    rows: tuple[tuple[Span, ...], ...]
    indent: int = 0


Document = Sequence[Line | Table]

BLANK = Line()


def span(piece: Piece, style: Style = Style.PLAIN) -> Span:
    """A piece as a span."""
    return piece if isinstance(piece, Span) else Span(piece, style)


def line(*pieces: Piece, indent: int = 0, hang: int = 2) -> Line:
    """A line of pieces."""
    return Line(tuple([piece if type(piece) is Span else Span(piece) for piece in pieces if piece]), indent, hang)  # type: ignore[arg-type]


def heading(text: str) -> Line:
    """A line that opens a section."""
    return Line((Span(text, Style.HEADING),))


def hint(text: str, indent: int = 0) -> Line:
    """A line that says what to do."""
    return line(Span("hint: ", Style.NAME), text, indent=indent, hang=6)


def table(head: Iterable[str], rows: Iterable[Iterable[Piece]], indent: int = 0) -> Table:
    """A table of pieces."""
    return Table(tuple(head), tuple(tuple(span(cell) for cell in row) for row in rows), indent)


def plural(count: int, noun: str, several: str = "") -> str:
    """`1 project`, `2 projects`."""
    return f"{count} {noun if count == 1 else several or noun + 's'}"


def listed(names: Sequence[str], limit: int | None = 20) -> str:
    """Names joined by commas; beyond `limit` only how many more there are."""
    if limit is None or len(names) <= limit:
        return ", ".join(names)
    return f"{', '.join(names[:limit])} and {len(names) - limit} more"
