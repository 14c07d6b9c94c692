"""Parameters of actions: text from a command line and values from a program end in the same form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.errors import UsageError
from reconciler.core.parameters import typed
from reconciler.core.resource import Action, Field, FieldType
from reconciler.core.value import Secret

ACTION = Action(
    "build",
    "Build.",
    lambda subject, parameters: iter(()),  # type: ignore[arg-type,return-value]
    (
        Field("branch", FieldType.STRING, "Branch.", required=True),
        Field("wait", FieldType.STRING, "Whether to wait.", choices=("finished", "queued"), default="finished"),
        Field("count", FieldType.INTEGER, "How many."),
        Field("force", FieldType.BOOLEAN, "Whether."),
        Field("jobs", FieldType.STRINGS, "Jobs."),
        Field("parameters", FieldType.MAP, "More."),
        Field("blocks", FieldType.DATA, "Anything."),
        Field("key", FieldType.STRING, "A key.", secret=True),
    ),
)


@pytest.mark.parametrize(
    ("name", "given", "found"),
    [
        ("branch", "main", "main"),
        ("branch", 12, "12"),
        ("count", "12", 12),
        ("count", -3, -3),
        ("force", "yes", True),
        ("force", " No ", False),
        ("key", Secret("x", "in memory"), Secret("x", "in memory")),
        ("force", False, False),
        ("jobs", "a, b,", ("a", "b")),
        ("jobs", '["a,b", "c"]', ("a,b", "c")),
        ("jobs", ["a", "b"], ("a", "b")),
        ("jobs", {"a"}, ("a",)),
        ("jobs", frozenset({"a"}), ("a",)),
        ("jobs", [1, "b"], ("1", "b")),
        ("jobs", ' ["1", 2]', ("1", "2")),
        ("parameters", {1: "x"}, {"1": "x"}),
        ("branch", 1.5, "1.5"),
        ("parameters", {"A": 1}, {"A": 1}),
        ("parameters", '{"A": "x"}', {"A": "x"}),
        ("parameters.A.B", "x", {"A.B": "x"}),
        ("blocks", '[{"type": "divider"}]', [{"type": "divider"}]),
        ("blocks", ({"type": "divider"},), ({"type": "divider"},)),
        ("wait", "queued", "queued"),
    ],
)
def test_a_value_gets_its_type(name: str, given: Any, found: Any) -> None:
    assert typed(ACTION, {"branch": "main", name: given})[name.partition(".")[0]] == found


def test_defaults_are_filled_in_and_nothing_is_left_out_of_a_map() -> None:
    found = typed(ACTION, {"branch": "main", "parameters.A": "1", "parameters.B": "2", "count": None})

    assert found == {"branch": "main", "wait": "finished", "parameters": {"A": "1", "B": "2"}}


@pytest.mark.parametrize(
    ("given", "said", "hint"),
    [
        ({"branhc": "x", "branch": "y"}, "`build` has no parameter `branhc`", "did you mean `branch`?"),
        (
            {"zzzz": "x", "branch": "y"},
            "`build` has no parameter `zzzz`",
            "it takes `branch`, `wait`, `count`, `force`, `jobs`, `parameters`, `blocks`, `key`",
        ),
        ({}, "`build` needs `branch`", "Branch."),
        ({"branch": ""}, "`build` needs `branch`", "Branch."),
        ({"branch": "x", "count.x": "1"}, "`build` has no parameter `count.x`", "did you mean `count`?"),
        ({"branch": "x", "parameters.": "1"}, "`build` has no parameter `parameters.`", "did you mean `parameters`?"),
        ({"branch": "x", "count": "many"}, "`count` must be a whole number, not text", "How many."),
        ({"branch": "x", "count": True}, "`count` must be a whole number, not true or false", "How many."),
        ({"branch": "x", "force": "perhaps"}, "`force` must be true or false, not text", "Whether."),
        ({"branch": "x", "wait": "no"}, "`wait` cannot be `no`; choices are `finished`, `queued`", "Whether to wait."),
        ({"branch": "x", "blocks": "{"}, "`blocks` is no JSON", "Anything."),
        ({"branch": ["x", "y"]}, "`branch` must be text, not a list", "Branch."),
        ({"branch": ("x", "y")}, "`branch` must be text, not a list", "Branch."),
        ({"branch": True}, "`branch` must be text, not true or false", "Branch."),
        ({"branch": "x", "count": 1.5}, "`count` must be a whole number, not ", "How many."),
        ({"branch": "x", "parameters": "A=1"}, "`parameters.KEY=VALUE`, not text", "More."),
    ],
)
def test_what_is_wrong_is_said_with_a_way_out(given: dict[str, Any], said: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        typed(ACTION, given)
    assert said in raised.value.message
    assert raised.value.hint == hint


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(UsageError) as raised:
        typed(ACTION, {"count": "x", "nothing": 1})
    assert raised.value.message.count(";") == 2


def test_a_secret_parameter_cannot_be_printed() -> None:
    assert typed(ACTION, {"branch": "x", "key": "hush"})["key"] == Secret("hush", "[key]")


def test_what_takes_nothing_says_so() -> None:
    with pytest.raises(UsageError) as raised:
        typed(replace(ACTION, parameters=()), {"branch": "x"})

    assert raised.value.hint == "it takes none"
