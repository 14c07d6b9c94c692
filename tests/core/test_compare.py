"""Comparing one object's three sides, field by field: what differs, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.compare import Comparison, compare
from reconciler.core.live import Live, Presence
from reconciler.core.normal import normal
from reconciler.core.plan import Mover
from reconciler.core.resource import Field, FieldType, Resource, Shape
from reconciler.core.state import Record
from tests.core.objects import CHAT, DIGESTER, HOOK, live_of, record_of, resource, secret

CHANNEL = resource(CHAT, channel="#ops", secret_channel="#ops")
UNSEEN = Live(Presence.PRESENT)


def found(declared: Resource, record: Record | None, live: Live, shape: Shape = CHAT) -> Comparison:
    return compare(declared, record, live, shape, DIGESTER)


@pytest.mark.parametrize(
    ("type", "value", "form"),
    [
        (FieldType.BOOLEAN, None, False),
        (FieldType.BOOLEAN, True, True),
        (FieldType.INTEGER, None, None),
        (FieldType.INTEGER, "7", 7),
        (FieldType.INTEGER, 0, 0),
        (FieldType.STRING, " a/ ", "a/"),
        (FieldType.STRING, " ", None),
        (FieldType.STRING, 7, "7"),
        (FieldType.STRINGS, None, ()),
        (FieldType.STRINGS, ["b", "a", "b", 1], ("1", "a", "b")),
        (FieldType.EVENTS, ("push", "issue"), ("issue", "push")),
        (FieldType.MAP, None, {}),
        (FieldType.MAP, {"b": 1, "a": " "}, {"a": None, "b": "1"}),
        (FieldType.DATA, [1, [2]], (1, (2,))),
    ],
)
def test_two_spellings_of_a_value_are_one(type: FieldType, value: Any, form: Any) -> None:
    assert normal(Field("x", type), value) == form


@pytest.mark.parametrize(("text", "form"), [("https://a//", "https://a"), ("https://a", "https://a"), (" ", None)])
def test_a_url_that_gitlab_shortens_is_compared_without_its_last_slash(text: str, form: str | None) -> None:
    assert normal(Field("url", slash=True), text) == form


@pytest.mark.parametrize("shown", [{"X-B": "…", "X-A": "…"}, ["X-B", "X-A"], [{"key": "X-B"}, {"key": "X-A"}]])
def test_of_a_map_with_secrets_the_keys_are_compared(shown: Any) -> None:
    assert normal(Field("custom_headers", FieldType.MAP, secret=True), shown) == ("X-A", "X-B")


@pytest.mark.parametrize(
    ("channel", "shown", "changed"),
    [
        ("#ops", "#ops", set()),
        ("", "#ops", set()),
        ("", "#other", {"secret_channel"}),
        ("#ops", "#x", {"secret_channel"}),
    ],
    ids=["set to the same", "shown for one that is not set", "set by somebody", "set to another"],
)
def test_a_field_that_shows_another_ones_value_counts_as_unset_only_where_it_is(
    channel: str, shown: str, changed: set[str]
) -> None:
    declared = replace(CHANNEL, fields={**CHANNEL.fields, "secret_channel": channel})
    record = record_of(declared, fields={**record_of(declared).fields, "secret_channel": channel or None})

    assert found(declared, record, live_of(declared, secret_channel=shown)).changed == changed


def test_where_nobody_looked_only_what_the_author_changed_differs() -> None:
    record = record_of(CHANNEL)
    changed = replace(CHANNEL, fields={**CHANNEL.fields, "channel": "#new"})

    assert found(CHANNEL, record, UNSEEN).changes == []
    assert [(c.field, c.live, c.mover) for c in found(changed, record, UNSEEN).changes] == [
        ("channel", "#ops", Mover.AUTHOR)
    ]


@pytest.mark.parametrize(("partial", "changed"), [(True, set()), (False, {"channel"})])
def test_what_a_list_does_not_show_is_as_recorded_and_what_a_read_does_not_show_is_unset(
    partial: bool, changed: set[str]
) -> None:
    live = live_of(resource(CHAT, secret_channel="#ops"), partial=partial)

    assert found(CHANNEL, record_of(CHANNEL), live).changed == changed


def test_a_switch_that_a_read_does_not_show_is_off() -> None:
    declared = resource(CHAT, quiet=False)
    live = live_of(resource(CHAT))

    assert found(declared, record_of(declared), live).changes == []
    assert found(declared, record_of(resource(CHAT)), live).changes == []


def test_only_a_secret_that_was_adopted_unread_and_is_not_set_is_unverified() -> None:
    unset = resource(CHAT, webhook_url=secret(None))
    known = record_of(resource(CHAT, webhook_url=secret("hush")))
    live = live_of(unset)

    assert found(unset, known, live).unverified == []
    assert found(unset, replace(known, digests={"webhook_url": ""}), live).unverified == ["webhook_url"]
    assert found(resource(CHAT, webhook_url=secret("hush")), known, live).unverified == []


def test_a_digest_that_cannot_be_compared_is_not_called_a_rotation() -> None:
    declared = resource(CHAT, webhook_url=secret("hush"))
    other = replace(record_of(declared), digests={"webhook_url": "k9:of another scheme"})

    told = found(declared, other, live_of(declared))

    assert told.changes == []
    assert told.uncompared == [("webhook_url", "${env:SECRET}")]


@pytest.mark.parametrize(
    ("field", "spec", "before", "reset"),
    [
        ("text", Field("text"), "x", [("text", "x", None)]),
        ("text", Field("text", default="usual"), "x", [("text", "x", "usual")]),
        ("text", Field("text", default="x"), "x", []),
        ("switch", Field("switch", FieldType.BOOLEAN), True, []),
        ("switch", Field("switch", FieldType.BOOLEAN, default=False), True, [("switch", True, False)]),
        ("number", Field("number", FieldType.INTEGER), 3, []),
        ("number", Field("number", FieldType.INTEGER, default=1), 3, [("number", 3, 1)]),
        ("must", Field("must", required=True), "x", []),
        ("lasting", Field("lasting", fixed=True), "x", []),
        ("events", Field("events", FieldType.EVENTS), ("push",), [("events", ("push",), ("issue", "push"))]),
        ("events", Field("events", FieldType.EVENTS), ("push", "issue"), []),
    ],
)
def test_a_field_that_is_given_up_goes_back_to_what_gitlab_gives_a_new_object(
    field: str, spec: Field, before: Any, reset: list[Any]
) -> None:
    shape = replace(HOOK, fields=(Field("url", required=True), spec), default_events=frozenset({"push", "issue"}))
    bare = resource(HOOK, url="https://a")
    record = replace(record_of(bare), fields={"url": "https://a", field: before})
    live = live_of(bare)
    assert live.item is not None
    live = Live(Presence.PRESENT, replace(live.item, fields={"url": "https://a", field: before}))

    changes = found(bare, record, live, shape).changes

    assert [(c.field, c.live, c.desired) for c in changes] == reset
    assert all(change.reset for change in changes)


def test_a_secret_that_is_given_up_is_reset_without_a_value() -> None:
    before = resource(HOOK, url="https://a", secret_token=secret("t"))
    bare = resource(HOOK, url="https://a")

    (change,) = found(bare, record_of(before), live_of(bare), HOOK).changes

    assert (change.field, change.secret, change.reset, change.live, change.desired) == (
        "secret_token",
        True,
        True,
        None,
        None,
    )


def test_a_map_of_secrets_that_is_given_up_shows_the_keys_that_go() -> None:
    before = resource(HOOK, url="https://a", custom_headers={"X-A": secret("a")})
    bare = resource(HOOK, url="https://a")
    live = live_of(before)

    assert [(c.field, c.secret, c.live, c.desired) for c in found(bare, record_of(before), live, HOOK).changes] == [
        ("custom_headers", False, ("X-A",), ())
    ]


def test_what_gitlab_never_shows_is_taken_as_equal_when_an_object_is_adopted() -> None:
    declared = resource(CHAT, channel="#ops", hidden_switch=True)

    assert found(declared, None, live_of(declared)).changes == []


def test_many_rotated_values_of_one_map_are_one_change() -> None:
    one = resource(HOOK, url="https://a", custom_headers={"A": secret("1"), "B": secret("2"), "C": secret("3")})
    two = resource(HOOK, url="https://a", custom_headers={"A": secret("x"), "B": secret("y"), "C": secret("3")})

    told = found(two, record_of(one), live_of(one), HOOK)

    assert [(c.field, c.secret) for c in told.changes] == [("custom_headers", True)]
    assert {name: use.write for name, use in told.secrets.items()} == {
        "custom_headers.A": True,
        "custom_headers.B": True,
        "custom_headers.C": False,
    }


@pytest.mark.parametrize(("text", "uncompared"), [("hush", []), (None, [("webhook_url", "${env:SECRET}")])])
def test_a_newly_stated_secret_is_a_change_whether_or_not_it_is_set(text: str | None, uncompared: list[Any]) -> None:
    bare = resource(CHAT)

    told = found(resource(CHAT, webhook_url=secret(text)), record_of(bare), live_of(bare))

    assert told.changed == {"webhook_url"}
    assert told.uncompared == uncompared
    assert told.secrets["webhook_url"].write


def test_a_recorded_field_that_no_table_knows_is_passed_over() -> None:
    record = record_of(CHANNEL)
    record = replace(record, fields={**record.fields, "once_there": "x"})

    assert found(CHANNEL, record, live_of(CHANNEL)).changes == []
