"""Integrations through the provider, against the sandbox: every slug's life, and GitLab's traps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import RemoteError, SecretUnavailable
from reconciler.core.normal import normal
from reconciler.core.plan import Step, StepAction
from reconciler.core.resource import INHERIT, FieldType, Primitive, Shape
from reconciler.core.value import Secret

SHOP = Scope(ScopeType.PROJECT, "myorg/shop")
MYORG = Scope(ScopeType.GROUP, "myorg")
FACTS = Path(__file__).parents[3] / "shared" / "facts" / "gitlab-integrations.json"
HOOK_URL = Secret("https://hooks.slack.com/services/T0/B0/canary", "${env:SLACK}")
SLACK = {"webhook_url": HOOK_URL, "channel": "#ops", "events": ("push", "pipeline")}
PEM = "-----BEGIN PRIVATE KEY-----\nQ0FOQVJZ\n-----END PRIVATE KEY-----\n"
StepOf = Callable[..., Step]


def facts() -> list[dict[str, Any]]:
    return json.loads(FACTS.read_text()) if FACTS.exists() else []


def known(slug: dict[str, Any]) -> bool:
    return bool(slug["available_when_recorded"]) and slug["slug"] != "zentao"


def values_of(shape: Shape, body: dict[str, Any]) -> dict[str, Any]:
    """GitLab's smallest accepted body by manifest names, secrets as secrets."""
    found: dict[str, Any] = {}
    for field in shape.fields:
        if field.at_gitlab in body and field.type is not FieldType.EVENTS and not field.event:
            value = PEM if body[field.at_gitlab] == "<any PEM private key>" else body[field.at_gitlab]
            found[field.name] = Secret(str(value), "${env:X}") if field.secret else value
    if shape.events:
        found["events"] = tuple(sorted(shape.events))[:1]
    return found


@pytest.mark.skipif(not FACTS.exists(), reason="../shared is not there")
@pytest.mark.parametrize("slug", [one for one in facts() if known(one)], ids=lambda one: one["slug"])
def test_every_slug_is_made_seen_as_declared_and_removed(lab: Any, step_of: StepOf, slug: dict[str, Any]) -> None:
    name = slug["slug"]
    shape = lab.catalogue.shapes[name]
    values = values_of(shape, slug["smallest_accepted_body"])

    written = lab.provider.write(step_of(name, StepAction.CREATE, values), values)
    item = lab.provider.list(Primitive.INTEGRATION, SHOP).items[0]
    whole = lab.provider.read(item, SHOP)

    assert (item.shape, item.id, item.updated_at) == (name, written.id, written.updated_at)
    for field, value in values.items():
        spec = shape.field(field)
        if not spec.secret and spec.readable and not spec.ours:
            assert whole.fields[field] == normal(spec, value), field
    lab.provider.write(step_of(name, StepAction.DELETE, {}), {})
    assert lab.provider.list(Primitive.INTEGRATION, SHOP).items == ()


@pytest.mark.skipif(not FACTS.exists(), reason="../shared is not there")
@pytest.mark.parametrize("slug", [one for one in facts() if known(one)], ids=lambda one: one["slug"])
def test_every_slug_can_be_taken_from_a_group_and_switched_off_for_good(
    lab: Any, step_of: StepOf, slug: dict[str, Any]
) -> None:
    name = slug["slug"]
    shape = lab.catalogue.shapes[name]
    if ScopeType.GROUP not in shape.scopes:
        pytest.skip("GitLab has it for projects only")
    values = values_of(shape, slug["smallest_accepted_body"])
    lab.provider.write(step_of(name, StepAction.CREATE, values, scope=MYORG), values)
    lab.later()
    lab.provider.write(step_of(name, StepAction.UPDATE, values), values)

    inherit = {INHERIT.name: True}
    lab.provider.write(step_of(name, StepAction.UPDATE, inherit), inherit)
    assert lab.provider.list(Primitive.INTEGRATION, SHOP).items[0].inherited
    lab.provider.write(step_of(name, StepAction.DELETE, {}, inherited=True), {})
    lab.provider.write(step_of(name, StepAction.UPDATE, values, scope=MYORG), values)
    lab.later()

    assert lab.provider.list(Primitive.INTEGRATION, SHOP).items == ()


def test_required_fields_go_with_every_put(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(step_of("slack", StepAction.CREATE, SLACK), SLACK)

    changed = {**SLACK, "channel": "#new"}
    written = lab.provider.write(step_of("slack", StepAction.UPDATE, changed, send=["channel"]), changed)

    assert written.fields["channel"] == "#new"
    assert written.fields["events"] == ("pipeline", "push")


def test_a_list_shows_flags_only_and_says_that_it_is_partial(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(step_of("slack", StepAction.CREATE, SLACK), SLACK)

    item = lab.provider.list(Primitive.INTEGRATION, SHOP).items[0]

    assert item.fields == {"events": ("pipeline", "push")}
    assert item.partial


def test_a_field_given_up_goes_back_to_its_default(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(step_of("slack", StepAction.CREATE, SLACK), SLACK)
    rest = {name: value for name, value in SLACK.items() if name != "channel"}

    step = step_of("slack", StepAction.UPDATE, rest, send=["channel", "webhook_url"], given_up={"channel": None})

    assert lab.provider.write(step, rest).fields["channel"] is None


def test_a_secret_that_is_not_set_is_refused_before_anything_is_sent(lab: Any, step_of: StepOf) -> None:
    values = {**SLACK, "webhook_url": Secret(None, "${env:SLACK}")}
    lab.sent()

    with pytest.raises(SecretUnavailable, match="webhook_url"):
        lab.provider.write(step_of("slack", StepAction.CREATE, values), values)
    assert lab.sent() == []


def test_a_project_can_use_its_groups_settings_and_go_back_to_its_own(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(step_of("slack", StepAction.CREATE, SLACK, scope=MYORG), SLACK)
    lab.later()
    own = {**SLACK, "channel": "#own"}

    lab.provider.write(step_of("slack", StepAction.UPDATE, own), own)
    item = lab.provider.list(Primitive.INTEGRATION, SHOP).items[0]
    assert not item.inherited
    assert lab.provider.read(item, SHOP).fields["channel"] == "#own"

    inherit = {INHERIT.name: True}
    written = lab.provider.write(step_of("slack", StepAction.UPDATE, inherit), inherit)
    assert written.fields["channel"] == "#ops"
    assert lab.provider.list(Primitive.INTEGRATION, SHOP).items[0].inherited


def test_inheriting_from_nobody_is_an_error(lab: Any, step_of: StepOf) -> None:
    inherit = {INHERIT.name: True}

    with pytest.raises(RemoteError):
        lab.provider.write(step_of("slack", StepAction.CREATE, inherit), inherit)


def test_an_inheriting_project_is_made_its_own_before_it_is_switched_off(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(step_of("slack", StepAction.CREATE, SLACK, scope=MYORG), SLACK)
    lab.later()

    lab.provider.write(step_of("slack", StepAction.DELETE, {}, inherited=True), {})
    changed = {**SLACK, "channel": "#changed"}
    lab.provider.write(step_of("slack", StepAction.UPDATE, changed, scope=MYORG), changed)
    lab.later()

    assert lab.provider.list(Primitive.INTEGRATION, SHOP).items == ()


def test_an_inheriting_project_sends_no_event_while_it_is_switched_off(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(step_of("slack", StepAction.CREATE, SLACK, scope=MYORG), SLACK)
    lab.later()

    lab.provider.write(step_of("slack", StepAction.DELETE, {}, inherited=True), {})

    raw = lab.api("GET", "/projects/myorg%2Fshop/integrations/slack").data()
    assert raw["active"] is False
    assert not any(raw[flag] for flag in lab.catalogue.shapes["slack"].events.values())


def test_deleting_what_was_never_configured_is_done(lab: Any, step_of: StepOf) -> None:
    assert lab.provider.write(step_of("slack", StepAction.DELETE, {}), {}).id is None


def test_deleting_in_a_project_that_cannot_be_seen_is_not_done(lab: Any, step_of: StepOf) -> None:
    nowhere = Scope(ScopeType.PROJECT, "myorg/nowhere")

    with pytest.raises(RemoteError, match="Project Not Found"):
        lab.provider.write(step_of("slack", StepAction.DELETE, {}, scope=nowhere), {})


def test_a_second_tracker_is_refused_in_readable_words(lab: Any, step_of: StepOf) -> None:
    redmine = {
        "project_url": "https://r.example.test/p",
        "issues_url": "https://r.example.test/:id",
        "new_issue_url": "https://r.example.test/new",
    }
    youtrack = {"project_url": "https://y.example.test/p", "issues_url": "https://y.example.test/:id"}
    lab.provider.write(step_of("redmine", StepAction.CREATE, redmine), redmine)

    with pytest.raises(RemoteError, match="Another issue tracker is already in use"):
        lab.provider.write(step_of("youtrack", StepAction.CREATE, youtrack), youtrack)


def test_texts_are_trimmed_and_a_boolean_is_never_null(lab: Any, step_of: StepOf) -> None:
    values = {
        "jenkins_url": " https://ci.example.test ",
        "project_name": "shop",
        "enable_ssl_verification": None,
        "username": "bot",
        "api_token": Secret(" canary ", "${env:J}"),
    }

    written = lab.provider.write(step_of("jenkins", StepAction.CREATE, values), values)

    assert written.fields["jenkins_url"] == "https://ci.example.test"
    assert written.fields["enable_ssl_verification"] in (True, False)


def test_of_an_unknown_slug_the_list_tells_that_it_is_there(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(step_of("slack", StepAction.CREATE, SLACK), SLACK)
    provider = type(lab.provider)(lab.http, {})

    item = provider.list(Primitive.INTEGRATION, SHOP).items[0]

    assert (item.shape, item.fields, item.partial) == ("slack", {}, True)


PUT_ANSWERS = [
    ({"slug": "slack", "id": 1, "active": True, "inherited": True}, "kept the inherited settings"),
    ({"slug": "slack", "id": 1, "active": False, "inherited": False}, "left the integration switched off"),
]


@pytest.mark.parametrize(("raw", "words"), PUT_ANSWERS)
def test_a_success_that_changed_nothing_is_an_error(lab: Any, step_of: StepOf, raw: dict[str, Any], words: str) -> None:
    lab.fault("PUT", "/api/v4/*", "status", {"status": 200, "body": json.dumps(raw)})

    with pytest.raises(RemoteError, match=words):
        lab.provider.write(step_of("slack", StepAction.UPDATE, SLACK), SLACK)


def test_inheritance_that_gitlab_ignored_is_an_error(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(step_of("slack", StepAction.CREATE, SLACK), SLACK)
    lab.fault("PUT", "/api/v4/*", "status", {"status": 200, "body": "{}"})
    inherit = {INHERIT.name: True}

    with pytest.raises(RemoteError, match="did not make it use the group's"):
        lab.provider.write(step_of("slack", StepAction.UPDATE, inherit), inherit)


def test_an_inheriting_integration_that_is_gone_is_deleted(lab: Any, step_of: StepOf) -> None:
    step = step_of("slack", StepAction.DELETE, {}, inherited=True)
    assert lab.provider.write(step, {}).id is None

    lab.fault("GET", "/api/v4/*", "status", {"status": 404, "body": '{"message":"404 Project Not Found"}'})
    with pytest.raises(RemoteError, match="Project Not Found"):
        lab.provider.write(step, {})


def test_one_that_no_longer_inherits_is_deleted_as_it_is(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(step_of("slack", StepAction.CREATE, SLACK), SLACK)
    lab.sent()

    lab.provider.write(step_of("slack", StepAction.DELETE, {}, inherited=True), {})

    assert [method for method, _ in lab.sent()] == ["GET", "DELETE"]
