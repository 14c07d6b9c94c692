"""Between manifest names and GitLab's, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.resource import INHERIT, Field, FieldType, Primitive, Shape
from reconciler.core.value import Secret
from reconciler.providers.gitlab.translate import from_wire, shows_more, to_wire

CHAT = Shape(
    "chat",
    Primitive.INTEGRATION,
    (
        Field("webhook_url", wire="webhook", required=True, secret=True, readable=False),
        Field("channel"),
        Field("site", slash=True),
        Field("notify", FieldType.BOOLEAN, default=True),
        Field("port", FieldType.INTEGER),
        Field("quiet", FieldType.BOOLEAN, readable=False),
        Field("project_key", ours=True),
        Field("alert_channel", unstorable="a 500"),
        Field("trigger_on_push", FieldType.BOOLEAN, wire="push_events", top_level=True, event="push"),
        Field("comments", FieldType.BOOLEAN, wire="comment_on_event_enabled", top_level=True),
        Field("keys", FieldType.STRINGS),
        Field("events", FieldType.EVENTS, top_level=True),
        INHERIT,
    ),
    events={"push": "push_events", "issue": "issues_events"},
)
HOOK = Shape(
    "hook",
    Primitive.HOOK,
    (
        Field("url", required=True),
        Field("description"),
        Field("custom_headers", FieldType.MAP, secret=True),
        Field("labels", FieldType.MAP),
    ),
)
APPLICATION = Shape("application", Primitive.APPLICATION, (Field("scopes", FieldType.STRINGS),))


@pytest.mark.parametrize(
    ("shape", "values", "body"),
    [
        (CHAT, {"events": ("issue",)}, {"push_events": False, "issues_events": True}),
        (CHAT, {"events": None}, {"push_events": False, "issues_events": False}),
        (CHAT, {"events": (), "trigger_on_push": True}, {"push_events": True, "issues_events": False}),
        (CHAT, {"channel": " #ops "}, {"channel": "#ops"}),
        (CHAT, {"channel": None}, {"channel": None}),
        (CHAT, {"channel": ""}, {"channel": None}),
        (CHAT, {"notify": None}, {"notify": True}),
        (CHAT, {"notify": False}, {"notify": False}),
        (CHAT, {"port": 6659}, {"port": 6659}),
        (CHAT, {"port": None}, {"port": None}),
        (CHAT, {"project_key": "SHOP", "alert_channel": "x", "inherit": True}, {}),
        (CHAT, {"keys": ("b", "a")}, {"keys": ["a", "b"]}),
        (CHAT, {"keys": None}, {"keys": []}),
        (HOOK, {"url": None}, {"url": ""}),
        (HOOK, {"url": " https://x "}, {"url": "https://x"}),
        (HOOK, {"description": " as it is "}, {"description": " as it is "}),
        (HOOK, {"labels": {"b": "2", "a": "1"}}, {"labels": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]}),
        (HOOK, {"custom_headers": ()}, {"custom_headers": []}),
        (APPLICATION, {"scopes": ("read_user", "api")}, {"scopes": "api read_user"}),
    ],
)
def test_values_become_the_body_of_a_write(shape: Shape, values: dict[str, Any], body: dict[str, Any]) -> None:
    assert to_wire(shape, values, values) == body


@pytest.mark.parametrize(
    ("text", "sent"), [(" canary ", "canary"), ("-----BEGIN\nx\n-----END\n", "-----BEGIN\nx\n-----END\n")]
)
def test_blanks_around_a_secret_of_one_line_are_trimmed(text: str, sent: str) -> None:
    body = to_wire(CHAT, ["webhook_url"], {"webhook_url": Secret(text, "${env:S}")})

    assert body["webhook"].reveal() == sent
    assert body["webhook"].reference == "${env:S}"


def test_a_secret_that_is_not_known_stays_so() -> None:
    unknown = Secret(None, "${env:S}")

    assert to_wire(CHAT, ["webhook_url"], {"webhook_url": unknown}) == {"webhook": unknown}


def test_only_named_fields_are_sent() -> None:
    assert to_wire(CHAT, ["channel"], {"channel": "#a", "port": 1}) == {"channel": "#a"}


@pytest.mark.parametrize(
    ("properties", "name", "value"),
    [
        ({"channel": "#ops"}, "channel", "#ops"),
        ({"channel": ""}, "channel", None),
        ({"channel": None}, "channel", None),
        ({}, "channel", None),
        ({"site": "https://x/"}, "site", "https://x"),
        ({"notify": None}, "notify", False),
        ({"notify": "1"}, "notify", True),
        ({"notify": "false"}, "notify", False),
        ({"port": "6659"}, "port", 6659),
        ({"port": "none"}, "port", None),
        ({"keys": ["b", "a"]}, "keys", ("a", "b")),
    ],
)
def test_what_gitlab_shows_comes_in_one_form(properties: dict[str, Any], name: str, value: Any) -> None:
    assert from_wire(CHAT, {"properties": properties})[name] == value


def test_secrets_hidden_fields_and_ours_are_never_taken_from_gitlab() -> None:
    raw = {"properties": {"webhook": "canary", "quiet": True, "project_key": "x", "inherit": True}}

    assert set(from_wire(CHAT, raw)) == {"channel", "site", "notify", "port", "alert_channel", "keys"}


def test_a_list_shows_flags_and_no_properties() -> None:
    raw = {"push_events": True, "issues_events": None, "comment_on_event_enabled": True}

    assert from_wire(CHAT, raw) == {"events": ("push",), "trigger_on_push": True, "comments": True}


@pytest.mark.parametrize(
    ("shape", "raw", "more"),
    [
        (CHAT, {}, True),
        (CHAT, {"properties": {}}, False),
        (HOOK, {"url": "x"}, True),
        (HOOK, {"custom_headers": []}, False),
        (APPLICATION, {}, True),
        (APPLICATION, {"scopes": []}, False),
        (None, {"properties": {}}, True),
    ],
)
def test_an_answer_tells_whether_there_is_more(shape: Shape | None, raw: dict[str, Any], more: bool) -> None:
    assert shows_more(shape, raw) is more


def test_of_a_secret_map_the_keys_are_shown() -> None:
    raw = {"url": "x", "custom_headers": [{"key": "X-B"}, {"key": "X-A"}]}

    assert from_wire(HOOK, raw)["custom_headers"] == ("X-A", "X-B")


def test_scopes_as_one_text_are_a_set() -> None:
    assert from_wire(APPLICATION, {"scopes": "read_user api"}) == {"scopes": ("api", "read_user")}
