"""YAML text as a tree whose every node knows its position.

Built from the events of PyYAML's C parser (libyaml) in one pass, which is what keeps ten thousand entries quick.
Typing: plain `true/false/yes/no/on/off` are booleans as in YAML 1.1 and PyYAML; `null`, `~` and nothing are null;
decimal, `0x` and `0o` whole numbers and decimal fractions are numbers. Unlike PyYAML, dates, `12:30` and numbers with
leading zeros stay text, keys are always text, and duplicate keys are refused. Anchors, aliases and merge keys work.
Limits keep any bytes from costing more than a moment. Pure: no I/O.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from reconciler.core.source import Findings, TooMany, said

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 500_000
MAX_DOCUMENTS = 10_000

Scalar = None | bool | int | float | str


class Node:
    """A value with its position, and the position of the key it stands under (its own, where there is none).

    `value` is a scalar, a list of nodes, or a dictionary from text to nodes. Lines and columns count from 1.
    """

    __slots__ = ("column", "key_column", "key_line", "line", "value")

    def __init__(self, value: Any, line: int, column: int) -> None:
        self.value: Any = value
        self.line = self.key_line = line
        self.column = self.key_column = column

    @property
    def at(self) -> tuple[int, int]:
        """Where the value stands."""
        return self.line, self.column

    @property
    def key_at(self) -> tuple[int, int]:
        """Where its key stands."""
        return self.key_line, self.key_column

    def under(self, line: int, column: int) -> Node:
        """The same value under a key at another position."""
        node = Node(self.value, self.line, self.column)
        node.key_line, node.key_column = line, column
        return node


def load(findings: Findings) -> list[Node]:
    """The documents of a file. What is wrong goes to `findings`; of a file that is no YAML nothing is returned."""
    text = _text(findings)
    if text is None:
        return []
    builder = _Builder(text, findings)
    try:
        return builder.documents()
    except _Refused as refused:
        findings.add_torn(refused.summary, refused.detail, refused.hint, at=refused.at)
    except TooMany:
        pass
    except YAMLError as error:
        _torn(error, text, findings)
    return []


# ---------------------------------------------------------------------------------------------------------------------

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_WORDS: Mapping[str, Scalar] = {
    word: value
    for words, value in (
        (("true", "yes", "on"), True),
        (("false", "no", "off"), False),
        (("null",), None),
    )
    for lower in words
    for word in (lower, lower.capitalize(), lower.upper())
} | {"": None, "~": None}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9_]{0,40})|0x[0-9a-fA-F_]{1,16}|0o[0-7_]{1,22}")
_FRACTION = re.compile(r"[-+]?(?:[0-9]{1,40}\.[0-9]{0,40}|\.[0-9]{1,40}|[0-9]{1,40}(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?")
_CONFLICT = re.compile(r"^<{7} ", re.MULTILINE)
_CORE = "tag:yaml.org,2002:"

_TOO_DEEP = ("too deeply nested", f"the limit is {MAX_DEPTH} levels", "")

_EXPLAINED: tuple[tuple[str, str, str], ...] = (
    (
        "mapping values are not allowed",
        "a colon where no key can stand",
        "put text that contains `: ` in quotes, or complete the line above",
    ),
    ("could not find expected ':'", "a key without its colon", "write `key: value`"),
    ("expected node content", "something is missing", "add the value, or close what was opened"),
    ("unexpected end of stream", "a quote that is not closed", "close it, or put the text in other quotes"),
    ("unknown escape", "an unknown escape in double quotes", "double the backslash, or use single quotes"),
    ("found character that cannot start", "a character that cannot start a value", "put the value in quotes"),
    ("expected key", "this does not line up with what is above it", "check the indentation"),
    ("'-' indicator", "this does not line up with the list above it", "check the indentation"),
    ("',' or ']'", "a list in brackets that is not closed", "add the missing `,` or `]`"),
    ("',' or '}'", "a mapping in braces that is not closed", "add the missing `,` or `}`"),
    ("block sequence entries", "a list item where none can stand", "put the list under its key"),
    ("expected <document start>", "a second value after the document's end", "separate documents with `---`"),
    ("directive", "a directive that YAML does not know", "remove the line that begins with `%`"),
    ("incompatible YAML", "a version of YAML that is not known", "remove the line that begins with `%YAML`"),
    ("maximum nesting depth", "too deeply nested", f"the limit is {MAX_DEPTH} levels"),
    ("undefined tag handle", "a tag that is not defined", "remove the tag"),
)


def _torn(error: YAMLError, text: str, findings: Findings) -> None:
    """Say what the parser stumbled over; for what is not closed, where it was opened."""
    problem = str(getattr(error, "problem", ""))
    mark, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    summary, hint = next(((s, h) for needle, s, h in _EXPLAINED if needle in problem), ("this is not YAML", ""))
    detail = problem
    if "maximum nesting depth" in problem:  # libyaml's own limit, which its scanner meets before we count
        summary, detail, hint = _TOO_DEEP
    elif findings.source.character(*at) == "\t":
        summary, hint = "a tab where only blanks may stand", "indent with blanks"
    elif conflict := _CONFLICT.search(text):
        summary, detail, hint = "an unresolved merge conflict", "", "resolve it, and remove the markers"
        at = _end(text[: conflict.start()])
    elif opened and summary.endswith("not closed"):
        detail = f"noticed on line {at[0]}"
        at = (opened.line + 1, opened.column + 1)
    findings.add_torn(summary, detail, hint, at=at)


class _Refused(Exception):
    """The file as a whole is refused."""

    def __init__(self, summary: str, detail: str, hint: str, at: tuple[int, int]) -> None:
        super().__init__(summary)
        self.summary, self.detail, self.hint, self.at = summary, detail, hint, at


def _text(findings: Findings) -> str | None:
    """The file as text, or a problem at the first byte that cannot be."""
    body = findings.source.body
    if len(body) > MAX_BYTES:
        findings.add_torn(
            "the file is too large", f"{len(body)} bytes, the limit is {MAX_BYTES}", "split it into several", at=(1, 1)
        )
        return None
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        findings.add_torn("the file is not UTF-8", "it looks like UTF-16", "save it as UTF-8", at=(1, 1))
        return None
    try:
        text = body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("utf-8").removeprefix("\ufeff")
        findings.add_torn(
            "the file is not UTF-8", f"byte 0x{body[error.start]:02x}", "save it as UTF-8", at=_end(before)
        )
        return None
    found = _FORBIDDEN.search(text)
    if found:
        what = f"U+{ord(found.group()):04X}"
        hint = "remove it, or write it as an escape in double quotes"
        findings.add_torn("a control character", what, hint, at=_end(text[: found.start()]))
        return None
    return text


def _end(text: str) -> tuple[int, int]:
    """The position just after a text."""
    lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", text)
    return len(lines), len(lines[-1]) + 1


class _Builder:
    """Turns parser events into nodes, counting as it goes."""

    def __init__(self, text: str, findings: Findings) -> None:
        self._next: Callable[[], Any] = CParser(text).get_event
        self._findings = findings
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0
        self._depth = 0

    def documents(self) -> list[Node]:
        found: list[Node] = []
        starts = 0
        while True:
            event = self._next()
            if type(event) is StreamEndEvent:
                return found
            if type(event) is DocumentStartEvent:
                starts += 1
                if starts > MAX_DOCUMENTS:
                    raise self._refused(
                        event, "too many documents", f"the limit is {MAX_DOCUMENTS}", "use several files"
                    )
                self._anchors = {}
                found.append(self._node(self._next()))

    def _node(self, event: Any) -> Node:
        kind = type(event)
        mark = event.start_mark
        if kind is AliasEvent:
            return self._alias(event)
        before = self._nodes
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._refused(event, "too many values", f"the limit is {MAX_NODES} in one file", "split the file")
        if kind is ScalarEvent:
            text = event.value
            if event.style or event.tag:
                value = text if not event.tag or event.tag == "!" else self._tagged(event)
            else:
                value = _plain(text)
            node = Node(value, mark.line + 1, mark.column + 1)
        else:
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise self._refused(event, *_TOO_DEEP)
            if kind is MappingStartEvent:
                self._expect_tag(event, "map")
                node = Node(self._mapping(), mark.line + 1, mark.column + 1)
            else:
                self._expect_tag(event, "seq")
                node = Node(self._sequence(), mark.line + 1, mark.column + 1)
            self._depth -= 1
        if event.anchor:
            self._anchors[event.anchor] = (node, self._nodes - before)
        return node

    def _sequence(self) -> list[Node]:
        items: list[Node] = []
        while type(event := self._next()) is not SequenceEndEvent:
            items.append(self._node(event))
        return items

    def _mapping(self) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        merges: list[Node] = []
        merged_at = 0
        while type(key := self._next()) is not MappingEndEvent:
            mark = key.start_mark
            line, column = mark.line + 1, mark.column + 1
            if type(key) is not ScalarEvent:
                summary = "an alias as a key" if type(key) is AliasEvent else "a list or mapping as a key"
                raise self._refused(key, summary, "", "keys are plain text")
            node = self._node(self._next())
            name = key.value
            if name == "<<" and not key.style:
                if merged_at:
                    self._duplicate(name, line, column, merged_at)
                merged_at = line
                merges.append(node.under(line, column))
                continue
            if name in entries:
                self._duplicate(name, line, column, entries[name].key_line)
                continue
            if key.anchor:
                self._anchors[key.anchor] = (Node(name, line, column), 1)
            node.key_line, node.key_column = line, column
            entries[name] = node
        for merge in merges:
            self._merge(entries, merge)
        return entries

    def _merge(self, entries: dict[str, Node], merge: Node) -> None:
        """YAML's merge key: what the mappings under it hold counts where the mapping itself says nothing."""
        for part in merge.value if isinstance(merge.value, list) else [merge]:
            if not isinstance(part.value, dict):
                hint = "write `<<: *anchor`, or a list of such"
                self._findings.add(
                    "only mappings can be merged", f"`<<` holds {said(part.value)}", hint, at=merge.key_at
                )
                continue
            for name, node in part.value.items():
                entries.setdefault(name, node)

    def _duplicate(self, name: str, line: int, column: int, first: int) -> None:
        detail = f"`{name}` stands on line {first} already"
        self._findings.add("a key that stands twice", detail, "remove or rename one of them", at=(line, column))

    def _alias(self, event: Any) -> Node:
        known = self._anchors.get(event.anchor)
        if known is None:
            detail = f"`*{event.anchor}`: anchors must come before their aliases and cannot hold themselves"
            raise self._refused(event, "an alias without its anchor", detail, f"define `&{event.anchor}` above it")
        node, size = known
        self._nodes += size
        if self._nodes > MAX_NODES:
            detail = f"with its aliases written out the file holds more than {MAX_NODES} values, which is the limit"
            raise self._refused(event, "aliases that multiply", detail, "write the values out, or split the file")
        mark = event.start_mark
        return node.under(mark.line + 1, mark.column + 1)

    def _tagged(self, event: Any) -> Scalar:
        tag = event.tag.removeprefix(_CORE)
        value = _plain(event.value)
        if tag == "str":
            return str(event.value)
        wanted = {"int": int, "float": float, "bool": bool, "null": type(None)}.get(tag)
        if wanted is None:
            raise self._bad_tag(event)
        if type(value) is not wanted:
            raise self._refused(event, "a tag that its value does not fit", f"`!!{tag}`", "remove the tag")
        return value

    def _expect_tag(self, event: Any, name: str) -> None:
        if event.tag and event.tag not in ("!", _CORE + name):
            raise self._bad_tag(event)

    def _bad_tag(self, event: Any) -> _Refused:
        shown = event.tag.replace(_CORE, "!!")[:80]
        return self._refused(event, "a tag that manifests do not have", f"`{shown}`", "remove the tag")

    def _refused(self, event: Any, summary: str, detail: str, hint: str) -> _Refused:
        mark = event.start_mark
        return _Refused(summary, detail, hint, (mark.line + 1, mark.column + 1))


def _plain(text: str) -> Scalar:
    """The value of an unquoted scalar."""
    first = text[:1]
    if first.isalpha() or first in "~":
        return _WORDS.get(text, text) if len(text) <= 5 else text
    if first in "0123456789+-.":
        if _WHOLE.fullmatch(text):
            return int(text.replace("_", ""), 0)
        if _FRACTION.fullmatch(text):
            return float(text)
    return text
