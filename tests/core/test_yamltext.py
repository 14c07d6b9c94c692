"""What is written as YAML is read back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.fit import data_of
from reconciler.core.source import Findings, Source
from reconciler.core.yamltext import entries
from reconciler.core.yamltree import load

# What no YAML reader takes, escaped or not.
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=40)
SCALARS = st.one_of(TEXT, st.booleans(), st.integers(-(10**9), 10**9), st.none())
VALUES = st.one_of(SCALARS, st.lists(TEXT, max_size=8).map(tuple), st.dictionaries(TEXT.filter(bool), TEXT, max_size=4))
AWKWARD = (
    *("yes", "NO", "null", "~", "", " ", "1:20", "0x10", "1e3", "- a", "a: b", "a:", "#", "a #b", "&a", "*a", "!a"),
    *("${env:NAME}", "${vault:a/b#c}", "$${x", "{a}", "[a]", "a,b", "'a'", '"a"', "<<", "=", "|", ">", "---", "..."),
    *(
        "a\nb",
        "a\n  b",
        "a\n\nb",
        " a\nb",
        "a\nb\n",
        "a \nb",
        "a\r\nb",
        "\ufeffa",
        "\x85",
        "\u2028",
        "2001-01-01",
        ".5",
        "-",
    ),
    *("https://acme.example/x?a=b&c=%20#top", "*.example.org", "@all", "`tick`", "ünïcode", "emoji 🎉", "a\x1bb"),
    *("@instance", "?", "\t", "%a", "\x7f", "a\\u0041"),
)


def read_back(values: dict[str, Any]) -> Any:
    findings = Findings(Source("m.yaml", ("\n".join(entries(values)) + "\n").encode()))
    documents = load(findings)
    assert findings.problems == []
    return data_of(documents[0])


@pytest.mark.parametrize("value", AWKWARD)
def test_awkward_text_stays_text(value: str) -> None:
    written = {"a": value, value or "b": "key", "list": (value, value), "inner": {"deep": value}}

    assert read_back(written) == written


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), VALUES, min_size=1, max_size=6))
def test_anything_plain_is_read_back_as_it_was(values: dict[str, Any]) -> None:
    assert read_back(values) == values


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("https://acme.example/a", "it: https://acme.example/a"),
        ("${env:NAME}", "it: ${env:NAME}"),
        ("#ops", 'it: "#ops"'),
        (("push", "tag_push"), "it: [push, tag_push]"),
        ((), "it: []"),
        (None, "it: null"),
        (True, "it: true"),
        ("one\ntwo", "it: |-\n  one\n  two"),
        ({}, "it: {}"),
    ],
)
def test_usual_values_are_written_as_people_write_them(value: Any, line: str) -> None:
    assert "\n".join(entries({"it": value})) == line
