"""Places show the line that they are about, and no value that could be a secret."""

from __future__ import annotations

import pytest

from reconciler.core.errors import Severity
from reconciler.core.refs import parse
from reconciler.core.source import Findings, Source, closest, said


@pytest.mark.parametrize(
    ("line", "column", "harmless", "shown"),
    [
        ("  url: secret", 3, False, "  url: …"),
        ("  url: secret", 8, False, "  url: …"),
        ("  url: https://a.example", 8, True, "  url: https://a.example"),
        ("  url:", 3, False, "  url:"),
        ("  - url: secret", 5, False, "  - url: …"),
        ("secret", 1, False, "······"),
        ("  {a: secret, b: c}", 15, False, "  {a: ······, b: ·}"),
        ("  {a: secret, b: c}", 15, True, "  {a: ······, b: ·}"),
        ("  {a: \"x: y\", b: 'it''s'}", 15, False, '  {a: "····", b: "·····"}'),
        ('  secret: x", b: c}', 15, False, "…"),
        ("  it's {a: b}", 9, False, "…"),
        ('  {"a": https://x}', 4, False, '  {"·": ·····:···}'),
        ("  a: b: secret", 3, True, "  a: b: ······"),
        ("  events: [push, psuh]", 18, True, "  events: [push, psuh]"),
        ("\turl: secret", 2, False, " url: …"),
        ("", 1, False, ""),
    ],
)
def test_a_line_is_shown_without_what_could_be_secret(line: str, column: int, harmless: bool, shown: str) -> None:
    place = Source("m.yaml", line.encode()).place(1, column, harmless=harmless)

    assert place.text == shown


def test_a_line_that_is_no_yaml_keeps_its_form_and_loses_its_letters() -> None:
    source = Source("m.yaml", b'token: "abc 1-2\n@x: y')

    assert source.torn(1, 8).text == 'token: "··· ·-·'
    assert source.torn(2, 1).text == "@·: ·"
    assert source.torn(9, 1).text == ""


def test_a_very_long_line_is_cut() -> None:
    place = Source("m.yaml", b"a: " + b"x" * 9000).place(1, 1, harmless=True)

    assert len(place.text) == 400


def test_findings_keep_their_order_severity_and_address() -> None:
    findings = Findings(Source("m.yaml", b"a: b\n"))

    findings.add("one", at=(1, 1), severity=Severity.WARNING, address="myorg/shop:webhooks.a")
    findings.add_torn("two", at=(1, 4))

    assert [(p.summary, p.severity.value, p.address) for p in findings.problems] == [
        ("one", "warning", "myorg/shop:webhooks.a"),
        ("two", "error", None),
    ]
    assert findings.source.character(1, 1) == "a"
    assert findings.source.character(5, 1) == ""


def test_a_word_that_is_near_is_suggested_and_others_are_not() -> None:
    assert closest("chanel", ["channel", "url"]) == "did you mean `channel`?"
    assert closest("xyz", ["channel", "url"]) == ""


def test_every_sort_of_value_has_a_name() -> None:
    values = [None, True, 1, 1.5, "a", parse("${env:X}"), [1], (1,), {}]

    assert [said(value) for value in values] == [
        "nothing",
        "true or false",
        "a whole number",
        "a fraction",
        "text",
        "a reference",
        "a list",
        "a list",
        "a mapping",
    ]
