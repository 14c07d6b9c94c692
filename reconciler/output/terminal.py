"""Prints documents: as plain text, or with rich where colours or a terminal's width matter.

rich is imported only then: plain output, the usual case in scripts, does not pay for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from reconciler.output.clean import clean
from reconciler.output.document import Document, Line, Style, Table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.text import Text

LOOKS = {
    Style.PLAIN: "",
    Style.HEADING: "bold",
    Style.MUTED: "bright_black",
    Style.GOOD: "green",
    Style.CHANGED: "yellow",
    Style.BAD: "red",
    Style.WARNING: "bold yellow",
    Style.MOVED: "cyan",
    Style.NAME: "bold",
}

UNBOUNDED = 10_000
"""The width where lines are not wrapped: a job log wraps by itself."""


@dataclass(frozen=True, slots=True)
class Screen:
    """A stream, whether it takes colours, and its width in columns (None: lines are not wrapped)."""

    stream: TextIO
    colour: bool = False
    width: int | None = None

    def write(self, document: Document) -> None:
        """Print a document."""
        if not self.colour and self.width is None:
            self.stream.write(plain_text(document))
            return
        self._write_rich(document)

    def console(self) -> Console:
        """A rich console on this stream."""
        from rich.console import Console

        return Console(
            file=self.stream,
            force_terminal=self.colour,
            color_system="standard" if self.colour else None,
            no_color=not self.colour,
            width=self.width or UNBOUNDED,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def _write_rich(self, document: Document) -> None:
        """Rows that fit are joined here, only others are laid out by rich: a large plan has a hundred thousand."""
        from rich.cells import cell_len

        console, codes, width = self.console(), self._codes(), self.width or UNBOUNDED
        for block in document:
            if isinstance(block, Line):
                texts = [(clean(text), codes[style]) for text, style in block.spans]
                if block.indent + cell_len("".join([text for text, _ in texts])) <= width:
                    row = "".join([f"{before}{text}{after}" for text, (before, after) in texts])
                    self.stream.write(f"{' ' * block.indent}{row}".rstrip() + "\n")
                    continue
            with console.capture() as capture:
                console.print(*renderables([block]))
            text = capture.get()
            self.stream.write(text if self.colour else "\n".join(row.rstrip() for row in text.split("\n")))

    def _codes(self) -> dict[Style, tuple[str, str]]:
        """What is written before and after a span of each style."""
        if not self.colour:
            return dict.fromkeys(Style, ("", ""))
        from rich.color import ColorSystem
        from rich.style import Style as Look

        drawn = {
            style: Look.parse(look).render("|", color_system=ColorSystem.STANDARD) for style, look in LOOKS.items()
        }
        return {style: (text.partition("|")[0], text.partition("|")[2]) for style, text in drawn.items()}


def plain_text(document: Document) -> str:
    """A document as text without colours, unwrapped."""
    rows: list[str] = []
    for block in document:
        if isinstance(block, Table):
            rows += _plain_table(block)
        else:
            spans = block.spans
            text = spans[0].text if len(spans) == 1 else "".join([text for text, _ in spans])
            rows.append((" " * block.indent + clean(text)).rstrip())
    return "\n".join([*rows, ""])


def renderables(document: Document) -> list[RenderableType]:
    """A document as what rich prints."""
    return [_rich_table(block) if isinstance(block, Table) else _Wrapped(block) for block in document]


# ---------------------------------------------------------------------------------------------------------------------


_WHOLE = 36
"""Widest first column that is never broken."""


class _Wrapped:
    """A line that rich wraps to the console's width with a hanging indent."""

    def __init__(self, row: Line) -> None:
        self.row = row

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        room = max(console.width - self.row.indent, 20)
        text = _text(self.row)
        first, *rest = text.wrap(console, room) or [Text()]
        first.rstrip()
        yield Text(" " * self.row.indent) + first
        if not rest:
            return
        taken = len(first.plain)
        remaining = text[taken:]
        remaining = remaining[len(remaining.plain) - len(remaining.plain.lstrip()) :]
        indent = self.row.indent + self.row.hang
        for piece in remaining.wrap(console, max(console.width - indent, 20)):
            piece.rstrip()
            yield Text(" " * indent) + piece


def _text(row: Line) -> Text:
    from rich.text import Text

    text = Text(no_wrap=False, overflow="fold")
    for piece in row.spans:
        text.append(clean(piece.text), style=LOOKS[piece.style] or None)
    return text


def _rich_table(block: Table) -> RenderableType:
    from rich.padding import Padding
    from rich.table import Table as RichTable
    from rich.text import Text

    out = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=any(block.head))
    names = max((len(row[0].text) for row in block.rows if row), default=0)
    for number, name in enumerate(block.head):
        # What a row is about stays whole where there is room for the rest.
        out.add_column(name, overflow="fold", min_width=min(names, _WHOLE) if number == 0 else None)
    for row in block.rows:
        out.add_row(*(Text(clean(cell.text), style=LOOKS[cell.style]) for cell in row))
    return Padding(out, (0, 0, 0, block.indent), expand=False)


def _plain_table(block: Table) -> list[str]:
    rows = [tuple(clean(cell.text) for cell in row) for row in block.rows]
    if any(block.head):
        rows.insert(0, block.head)
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(len(block.head))]
    margin = " " * block.indent
    return [(margin + "  ".join(cell.ljust(widths[n]) for n, cell in enumerate(row))).rstrip() for row in rows]
