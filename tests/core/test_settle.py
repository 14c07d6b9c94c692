"""Whether a write of unclear fate arrived, told by what GitLab has now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.live import Item
from reconciler.core.plan import Reason, SecretUse, Step, StepAction
from reconciler.core.resource import Primitive
from reconciler.core.settle import candidate, settle
from tests.core.objects import CHAT, HOOK, SHOP, live_of, resource

BEFORE = "2026-01-01T00:00:00.000Z"
LATER = "2026-01-01T00:00:09.000Z"
WANTED = resource(CHAT, channel="#new", quiet=False)


def item(**shown: Any) -> Item:
    found = live_of(WANTED, **shown).item
    assert found is not None
    return found


def step(action: StepAction = StepAction.UPDATE, **changes: Any) -> Step:
    """A step that sends a channel to an object last seen at BEFORE."""
    made = Step("myorg/shop:integrations.it", action, (Reason.DECLARED,), Primitive.INTEGRATION, "chat", "chat", SHOP)
    made = replace(made, id=7, identity=WANTED.identity, fields={"channel": "#new"}, send=("channel",))
    return replace(made, updated_at=BEFORE, **changes)


ROTATION = {"send": ("channel", "webhook_url"), "secrets": {"webhook_url": SecretUse("${env:S}", True)}}
KEPT = {"secrets": {"webhook_url": SecretUse("${env:S}", False)}}


@pytest.mark.parametrize(
    ("action", "there", "arrived"),
    [
        (StepAction.CREATE, True, True),
        (StepAction.CREATE, False, False),
        (StepAction.REPLACE, True, True),
        (StepAction.REPLACE, False, False),
        (StepAction.DELETE, True, False),
        (StepAction.DELETE, False, True),
        (StepAction.UPDATE, False, False),
        (StepAction.ADOPT, False, False),
        (StepAction.MOVE, True, True),
        (StepAction.FORGET, False, True),
    ],
)
def test_presence_settles_what_makes_and_what_takes_away(action: StepAction, there: bool, arrived: bool) -> None:
    live = item() if there else None
    found = settle(step(action), live, CHAT)

    assert (found.arrived, found.item) == (arrived, live)


@pytest.mark.parametrize("action", [StepAction.UPDATE, StepAction.ADOPT])
@pytest.mark.parametrize(
    ("changes", "live", "arrived"),
    [
        ({}, item(), True),
        ({}, item(channel="#old"), False),
        ({}, item(channel="#old", updated_at=LATER), False),
        ({"fields": {"channel": "#new", "url": "https://x"}, "send": ("channel", "url")}, item(), False),
        ({"fields": {"channel": "#new", "inherit": False}, "send": ("inherit",)}, item(), True),
        ({"fields": {"channel": "#new", "inherit": False}, "send": ("inherit",)}, item(inherited=True), False),
        (ROTATION, item(), False),
        (ROTATION, item(updated_at=LATER), True),
        (ROTATION, item(updated_at=None), False),
        ({**ROTATION, "updated_at_known": False}, item(updated_at=LATER), False),
        (ROTATION, item(channel="#old", updated_at=LATER), False),
        (KEPT, item(), True),
        ({"send": ("webhook_url",)}, item(), False),
        ({"fields": {"hidden_switch": True}, "send": ("hidden_switch",)}, item(), False),
        ({"fields": {"hidden_switch": True}, "send": ("hidden_switch",)}, item(updated_at=LATER), True),
    ],
    ids=[
        "everything sent is live",
        "another value is live",
        "touched by somebody else",
        "only a part is live",
        "own settings again",
        "still inherits",
        "a secret leaves no trace",
        "a secret, and GitLab's time moved",
        "a secret, and no time is shown",
        "a secret, and no time was known",
        "a secret, and somebody else's write",
        "a secret that was not sent",
        "nothing to see was sent",
        "a field that is never shown",
        "a field that is never shown, and GitLab's time moved",
    ],
)
def test_an_update_arrived_only_where_what_is_live_proves_it(
    action: StepAction, changes: dict[str, Any], live: Item, arrived: bool
) -> None:
    changes = dict(changes)
    sent = step(action)
    if not changes.pop("updated_at_known", True):
        sent = replace(sent, updated_at=None)

    assert settle(replace(sent, **changes), live, CHAT).arrived is arrived


def hook(number: int, name: str | None = "deploy", url: str = "https://in.example/x") -> Item:
    return Item(Primitive.HOOK, "hook", number, {}, {"url": url} if name is None else {"name": name, "url": url})


@pytest.mark.parametrize(
    ("action", "before", "items", "found"),
    [
        (StepAction.CREATE, (), (hook(1),), 1),
        (StepAction.CREATE, (1,), (hook(1),), None),
        (StepAction.CREATE, (1,), (hook(1), hook(2)), 2),
        (StepAction.CREATE, (), (hook(1), hook(2)), 2),
        (StepAction.CREATE, (), (hook(1, "of another entry"),), None),
        (StepAction.CREATE, (), (hook(1, None),), 1),
        (StepAction.REPLACE, (7,), (hook(7),), None),
        (StepAction.REPLACE, (7,), (hook(7), hook(8)), 8),
        (StepAction.UPDATE, (), (hook(7, "renamed", "https://y"), hook(8)), 7),
        (StepAction.UPDATE, (7,), (hook(7),), 7),
        (StepAction.UPDATE, (), (hook(8),), None),
    ],
)
def test_a_lost_create_is_found_among_what_is_new_and_an_update_by_its_id(
    action: StepAction, before: tuple[int, ...], items: tuple[Item, ...], found: int | None
) -> None:
    made = Step("myorg/shop:webhooks.deploy", action, (Reason.NEW,), Primitive.HOOK, "webhook", HOOK.name, SHOP, id=7)
    made = replace(made, identity={"name": "deploy", "url": "https://in.example/x"}, ids_before=before)
    live = candidate(made, items)

    assert (live.id if live else None) == found
