"""Declared parameters and bodies: what fits, and the words for what does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.sandbox.gitlab.body import nested, sent_parameters
from reconciler.sandbox.gitlab.errors import ApiError
from reconciler.sandbox.gitlab.params import (
    Coercion,
    Invalid,
    Param,
    boolean,
    integer,
    integers,
    listed_strings,
    mapping,
    moment,
    number,
    optional,
    required,
    string,
    strings,
    validate,
)
from reconciler.sandbox.message import Request

FITTING: list[tuple[Coercion, object, object]] = [
    (string, 12, "12"),
    (string, True, "true"),
    (string, False, "false"),
    (string, "", ""),
    (boolean, "yes", True),
    (boolean, "off", False),
    (boolean, 1, True),
    (boolean, 0, False),
    (boolean, "", None),
    (integer, " 12 ", 12),
    (integer, "1_000", 1000),
    (integer, 1.9, 1),
    (integer, "", None),
    (integer, "-3", -3),
    (number, "1.5", 1.5),
    (number, "", None),
    (moment, "2026-01-01", "2026-01-01"),
    (moment, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    (strings, "a, b", ["a", "b"]),
    (strings, ["a", 1], ["a", "1"]),
    (listed_strings, ["a"], ["a"]),
    (integers, "1,2", [1, 2]),
    (mapping, {"a": 1}, {"a": 1}),
]


@pytest.mark.parametrize(("type_", "value", "taken"), FITTING)
def test_a_value_becomes_what_its_parameter_declares(type_: Coercion, value: object, taken: object) -> None:
    assert type_(value) == taken


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (string, ["a"]),
        (string, {"a": 1}),
        (boolean, "perhaps"),
        (boolean, 2),
        (boolean, []),
        (integer, "x"),
        (integer, True),
        (integer, "1.5"),
        (integer, float("inf")),
        (number, "x"),
        (number, True),
        (moment, "tomorrow"),
        (moment, 5),
        (listed_strings, "a"),
        (strings, [["a"]]),
        (integers, 5),
        (mapping, "a"),
    ],
)
def test_a_value_of_another_type_is_invalid(type_: Coercion, value: object) -> None:
    with pytest.raises(Invalid):
        type_(value)


PAIRS = (required("key"), required("value"))


@pytest.mark.parametrize(
    ("param", "sent", "problems"),
    [
        (required("name"), {}, ["name is missing"]),
        (required("scopes", blank=False), {}, ["scopes is missing", "scopes is empty"]),
        (required("scopes", blank=False), {"scopes": "  "}, ["scopes is empty"]),
        (required("state", choices=("a",)), {}, ["state is missing", "state does not have a valid value"]),
        (required("state", choices=("a",)), {"state": None}, ["state does not have a valid value"]),
        (optional("state", choices=("a",)), {"state": None}, []),
        (optional("state", choices=("a",)), {"state": "b"}, ["state does not have a valid value"]),
        (optional("many", strings, choices=("a", "b")), {"many": "a,c"}, ["many does not have a valid value"]),
        (optional("per_page", integer, refused=(0,)), {"per_page": "0"}, ["per_page has a value not allowed"]),
        (optional("per_page", integer, between=(1, 20)), {"per_page": 21}, ["per_page does not have a valid value"]),
        (optional("flag", boolean), {"flag": "perhaps"}, ["flag is invalid"]),
        (optional("pairs", items=PAIRS), {"pairs": [{"key": "a"}]}, ["pairs[0][value] is missing"]),
        (optional("pairs", items=PAIRS), {"pairs": {"0": {}}}, ["pairs is invalid"]),
        (
            optional("pairs", items=PAIRS),
            {"pairs": ["a"]},
            [f"pairs[0][{name}] is {how}" for name in ("key", "value") for how in ("missing", "invalid")],
        ),
        (optional("pairs", items=PAIRS), {"pairs": [{}, None]}, []),
        (
            optional("filter", mapping, fields=(optional("scope"),)),
            {"filter": {"scope": []}},
            ["filter[scope] is invalid"],
        ),
        (optional("word", pattern="[a-z]+"), {"word": "A"}, ["word is invalid"]),
    ],
)
def test_what_does_not_fit_is_told_in_gitlabs_words(param: Param, sent: dict[str, Any], problems: list[str]) -> None:
    assert validate((param,), sent)[1] == problems


def test_undeclared_parameters_are_dropped_and_defaults_are_filled_in() -> None:
    declared = (optional("page", integer, default=1), optional("name"), optional("pairs", items=PAIRS))

    assert validate(declared, {"nonsense": 1, "pairs": None}) == ({"page": 1, "pairs": None}, [])


@pytest.mark.parametrize(
    ("pairs", "value"),
    [
        ([("a", "1"), ("a", "2")], {"a": "2"}),
        ([("a[]", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
        ([("a[b]", "1"), ("a[c][d]", "2")], {"a": {"b": "1", "c": {"d": "2"}}}),
        ([("a[][k]", "1"), ("a[][v]", "2"), ("a[][k]", "3")], {"a": [{"k": "1", "v": "2"}, {"k": "3"}]}),
        ([("a[0][k]", "1")], {"a": {"0": {"k": "1"}}}),
        ([("a[][b][c]", "1")], {"a": [{"b": {"c": "1"}}]}),
    ],
)
def test_nested_names_are_read_as_rack_reads_them(pairs: list[tuple[str, str]], value: object) -> None:
    assert nested(pairs) == value


MULTIPART = b'--x\r\nContent-Disposition: form-data; name="a[b]"\r\n\r\n1\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        ("application/json; charset=utf-8", b'{"a":1,"a":2}', {"q": "1", "a": 2}),
        ("application/json", b"[1]", {"q": "1"}),
        ("application/json", b'"x"', {"q": "1"}),
        ("", b"a=1&q=2", {"q": "2", "a": "1"}),
        ("application/x-www-form-urlencoded", b"a%5B%5D=%C3%A4", {"q": "1", "a": ["ä"]}),
        ("multipart/form-data; boundary=x", MULTIPART, {"q": "1", "a": {"b": "1"}}),
    ],
)
def test_a_body_adds_to_the_query(content_type: str, body: bytes, value: object) -> None:
    assert sent_parameters(Request("PUT", "/", "q=1", {"content-type": content_type}, body)) == value


@pytest.mark.parametrize(
    ("content_type", "body", "status", "answer"),
    [
        ("application/json", b'{"a": ', 400, {"error": "Invalid JSON format"}),
        ("application/json", b"[" * 100_000, 400, {"error": "Invalid JSON format"}),
        ("text/plain", b"a", 415, {"error": "The provided content-type 'text/plain' is not supported."}),
        ("application/json", b'{"a": [{"b": "\\u0000"}]}', 400, None),
        ("application/json", b'{"a": "\\ud800"}', 400, None),
    ],
)
def test_an_unreadable_body_is_refused(content_type: str, body: bytes, status: int, answer: object) -> None:
    with pytest.raises(ApiError) as refusal:
        sent_parameters(Request("POST", "/", "", {"content-type": content_type}, body))

    response = refusal.value.response
    assert response.status == status
    assert (json.loads(response.body) if answer else response.body) == (answer or b"Bad Request")


def test_a_body_of_a_get_is_not_looked_at() -> None:
    assert sent_parameters(Request("GET", "/", "", {"content-type": "text/plain"}, b"\0")) == {}
