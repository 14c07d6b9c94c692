"""YAML as a tree: typing, positions, anchors and merges."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.fit import data_of
from reconciler.core.source import Findings, Source
from reconciler.core.yamltree import Node, load


def _load(text: str) -> list[Node]:
    findings = Findings(Source("m.yaml", text.encode()))
    found = load(findings)
    assert findings.problems == []
    return found


def _data(text: str) -> Any:
    return data_of(_load(text)[0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("Yes", True),
        ("on", True),
        ("FALSE", False),
        ("no", False),
        ("off", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("tRUE", "tRUE"),
        ("y", "y"),
        ("nothing", "nothing"),
        ("42", 42),
        ("-1", -1),
        ("+7", 7),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0o17", 15),
        ("0", 0),
        ("007", "007"),
        ("12:30", "12:30"),
        ("2024-01-31", "2024-01-31"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
        ("-a", "-a"),
        ("!!float 1.0", 1.0),
        ("!!bool on", True),
        ("'true'", "true"),
        ('"42"', "42"),
        ("! 42", "42"),
        ("!!str 42", "42"),
        ("!!int 42", 42),
        ("!!null ~", None),
        ("9" * 60, "9" * 60),
        ("#nothing", None),
        ("a#b", "a#b"),
    ],
)
def test_plain_values_have_the_types_that_are_promised(text: str, value: Any) -> None:
    found = _data(f"key: {text}\n")["key"]

    assert found == value
    assert type(found) is type(value)


def test_keys_are_text_whatever_they_look_like() -> None:
    assert _data("{1: a, true: b, null: c, 1.5: d}") == {"1": "a", "true": "b", "null": "c", "1.5": "d"}


def test_values_and_keys_know_where_they_stand() -> None:
    root = _load("a:\n  b: [x,\n      y]\n")[0]

    inner = root.value["a"].value["b"]

    assert inner.key_at == (2, 3)
    assert inner.at == (2, 6)
    assert inner.value[1].at == (3, 7)


def test_an_alias_is_the_value_where_it_is_written_under_a_key_of_its_own() -> None:
    root = _load("a: &x {k: v}\nb: *x\n&y c: 1\nd: *y\n")[0]

    assert data_of(root) == {"a": {"k": "v"}, "b": {"k": "v"}, "c": 1, "d": "c"}
    assert root.value["b"].key_at == (2, 1)
    assert root.value["b"].at == root.value["a"].at == (1, 4)


def test_a_merge_key_fills_what_the_mapping_does_not_say() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\nd: {'<<': 1}\n"

    data = _data(text)

    assert data["c"] == {"x": 3, "y": 1, "z": 2}
    assert data["d"] == {"<<": 1}


def test_documents_are_separate_and_anchors_do_not_cross_them() -> None:
    findings = Findings(Source("m.yaml", b"a: &x 1\n---\nb: *x\n"))

    assert load(findings) == []
    assert [problem.summary for problem in findings.problems] == ["an alias without its anchor"]


def test_a_byte_order_mark_at_the_start_and_other_line_ends_are_taken() -> None:
    root = _load("\ufeffa: 1\r\nb: 2\rc: 3\n")[0]

    assert data_of(root) == {"a": 1, "b": 2, "c": 3}
    assert root.value["c"].key_at == (3, 1)


def test_explicit_tags_of_the_core_are_taken() -> None:
    assert _data("a: !!map {b: !!seq [1]}\n") == {"a": {"b": (1,)}}


def test_nothing_at_all_is_no_document() -> None:
    assert _load("") == []
    assert _load("# only words\n") == []
