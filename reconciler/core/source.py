"""A file that was read, and the places in it.

A place's line is shown to people, so a value that could be a secret is veiled: a line shows its key, and its value only
where the caller says that this value is harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from reconciler.core.address import ScopeType
from reconciler.core.errors import Place, Problem, Severity
from reconciler.core.value import Text

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_KEY = re.compile(r"""\s*(?:-\s+)*["']?[\w.-]+["']?\s*:(?=\s|$)""")
_INNER_KEY = re.compile(r"[\w.-]+\s*:(?=\s|$)")
_COMMENTED = re.compile(r"""["']?[\w.-]+["']?\s*:\s+#[^\s#]""")
_QUOTED = re.compile(r"""\"(?:[^"\\]|\\.)*\"|'(?:[^']|'')*'""")
_CONTENT = re.compile(r"""[^\s{}\[\],:"·-]""")
_MARKED = re.compile("""[{\\["']""")
_WIDEST = 400
MOST_PROBLEMS = 500
MOST_TEXT = 1000


class TooMany(Exception):
    """A file has so many problems that the rest is not looked for."""


@dataclass(frozen=True)
class Source:
    """A file's name as it is shown, and its bytes."""

    file: str
    body: bytes = b""

    @cached_property
    def lines(self) -> list[str]:
        """The lines as YAML counts them; bytes that are no UTF-8 are replaced."""
        return _BREAK.split(self.body.decode("utf-8", "replace").removeprefix("\ufeff"))

    def place(self, line: int, column: int, *, harmless: bool = False) -> Place:
        """A position with its line's text; values are left out unless this one is `harmless`."""
        return Place(self.file, line, column, self._shown(line, column, harmless))

    def torn(self, line: int, column: int) -> Place:
        """A position in a file that is no YAML: letters and digits of the line's value are dotted, its form remains."""
        text = self._line(line)
        key = _KEY.match(text)
        start = key.end() if key else 0
        return Place(self.file, line, column, text[:start] + re.sub(r"[^\W_]", "·", text[start:]))

    def character(self, line: int, column: int) -> str:
        """The character at a position, empty past the line's end."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return text[column - 1 : column]

    def comments_out(self, line: int, column: int) -> bool:
        """Whether the key at a position has, in place of a value, a comment that could have been meant as one."""
        text = self.lines[line - 1][column - 1 :] if 0 < line <= len(self.lines) else ""
        return bool(_COMMENTED.match(text))

    def _line(self, line: int) -> str:
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return text[:_WIDEST].replace("\t", " ").rstrip()

    def _shown(self, line: int, column: int, harmless: bool) -> str:
        text = self._line(line)
        if text.endswith(":") and text.count(":") == 1 and not _MARKED.search(text):
            return text
        keys = len(_INNER_KEY.findall(text))
        if harmless and "{" not in text and keys <= 1:
            return text
        own = _KEY.match(text)
        if own and keys <= 1 and "{" not in text:
            return own.group() + (" …" if text[own.end() :].strip() else "")
        return _veiled(text)


def _veiled(text: str) -> str:
    """A line with its keys and its form; all else is dotted. With quotes that do not end here, nothing of it."""
    text = _QUOTED.sub(lambda quoted: '"' + "·" * (len(quoted.group()) - 2) + '"', text)
    if "'" in text or text.count('"') % 2:
        return "…"
    found, position = "", 0
    for key in _INNER_KEY.finditer(text):
        found += _CONTENT.sub("·", text[position : key.start()]) + key.group()
        position = key.end()
    return found + _CONTENT.sub("·", text[position:])


@dataclass
class Findings:
    """Collects everything wrong with one file, in the order in which it was found."""

    source: Source
    problems: list[Problem] = field(default_factory=list)

    def add(
        self,
        summary: str,
        detail: str = "",
        hint: str = "",
        *,
        at: tuple[int, int],
        harmless: bool = False,
        address: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Note a problem at a (line, column); `harmless` when the value there may be shown.

        Raises `TooMany` when there have been enough.
        """
        place = self.source.place(*at, harmless=harmless)
        self.problems.append(Problem(summary, detail[:MOST_TEXT], hint[:MOST_TEXT], place, address, severity))
        if len(self.problems) >= MOST_PROBLEMS:
            detail = f"the first {MOST_PROBLEMS} are shown, what comes after them was not looked at"
            self.problems.append(Problem("too many problems", detail, place=place))
            raise TooMany

    def add_torn(self, summary: str, detail: str = "", hint: str = "", *, at: tuple[int, int]) -> None:
        """Note a problem in a file that could not be read as YAML."""
        self.problems.append(Problem(summary, detail, hint, self.source.torn(*at)))


def closest(word: str, words: Iterable[str]) -> str:
    """A did-you-mean for a word that was not found, empty when nothing is near."""
    from difflib import get_close_matches

    near = get_close_matches(word.lower()[:80], list(words), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""


def called(type_: ScopeType) -> str:
    """A scope type with its article."""
    return "the instance" if type_ is ScopeType.INSTANCE else f"a {type_}"


def said(value: object) -> str:
    """What sort of value something is, in words for messages."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a fraction"
        case str():
            return "text"
        case Text():
            return "a reference"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"
