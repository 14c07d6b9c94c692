"""Plain data written as YAML that people like to read and `yamltree` reads back as the same. Pure.

Text stands without quotes only where no reader could take it for anything else; all other text is quoted as in JSON,
which is YAML too. Texts of several lines stand as blocks where they are printable throughout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.value import Plain

WIDEST = 120
"""Lists that would reach further get a line for each item."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./:@+=&?%~-]*(?<!:)")
_PLAIN_IN_LIST = re.compile(r"[A-Za-z][A-Za-z0-9_./@+-]*")
_REFERENCE = re.compile(r"\$\{[a-z_]+:[A-Za-z0-9_]+\}")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


def entries(values: Mapping[str, Plain], indent: int = 0) -> Iterator[str]:
    """A mapping as lines, a line or a block for each entry; an inner mapping that is empty is `{}`."""
    pad = " " * indent
    for name, value in values.items():
        key = f"{pad}{text(name)}:"
        if isinstance(value, Mapping) and value:
            yield key
            yield from entries(value, indent + 2)
        elif isinstance(value, tuple | list):
            yield from _list(key, value, pad)
        elif isinstance(value, str) and _is_block(value):
            yield f"{key} |-"
            yield from (f"{pad}  {line}" if line else "" for line in value.split("\n"))
        else:
            yield f"{key} {scalar(value)}"


def scalar(value: Plain) -> str:
    """One value on one line."""
    if isinstance(value, str):
        return text(value)
    return json.dumps(dict(value) if isinstance(value, Mapping) else value)


def text(value: str, *, plain: re.Pattern[str] = _PLAIN) -> str:
    """Text as it must be written."""
    if value.lower() not in _WORDS and (plain.fullmatch(value) or (plain is _PLAIN and _REFERENCE.fullmatch(value))):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return quoted if value.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in quoted)


# ---------------------------------------------------------------------------------------------------------------------


def _escaped(char: str) -> str:
    # Half a pair is no character: no file can hold it, escaped or not.
    code = 0xFFFD if "\ud800" <= char <= "\udfff" else ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _list(key: str, items: Iterable[Plain], pad: str) -> Iterator[str]:
    written = [text(item, plain=_PLAIN_IN_LIST) if isinstance(item, str) else scalar(item) for item in items]
    line = f"{key} [{', '.join(written)}]"
    if len(line) <= WIDEST or not written:
        yield line
    else:
        yield key
        yield from (f"{pad}  - {item}" for item in written)


def _is_block(value: str) -> bool:
    lines = value.split("\n")
    ends = value.endswith("\n") or not lines[0] or lines[0][0] == " "
    return len(lines) > 1 and not ends and all(line.isprintable() and line.rstrip() == line for line in lines)
