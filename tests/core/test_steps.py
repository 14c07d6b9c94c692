"""What a step carries: all that an apply needs, and the number of requests it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType, key_of
from reconciler.core.decide import decide
from reconciler.core.errors import Place
from reconciler.core.fingerprint import NOTHING_THERE, fingerprint
from reconciler.core.live import ABSENT, Item, Live
from reconciler.core.pair import Case
from reconciler.core.plan import Plan, Reason, SecretUse, Step, StepAction
from reconciler.core.resource import Field, FieldType, Lifecycle, Origin, Primitive, Resource
from reconciler.core.rules import defaults_of, refusal
from reconciler.core.state import Record
from reconciler.core.steps import World, cost, recorded_of
from tests.core import objects as make
from tests.core.objects import APPLICATION, CHAT, HOOK, SHAPES, SHOP, live_of, record_of, resource, secret

CHANGED = resource(CHAT, webhook_url=secret("hush"), channel="#new")
SLACK = resource(CHAT, webhook_url=secret("hush"), channel="#ops")
DEPLOY = resource(HOOK, "deploy", url="https://in.example/x", secret_token=secret("tok"), events=("pipeline",))


def plan_for(declared: Resource | None, recorded: Record | None, live: Live, *others: Item, **world: Any) -> Plan:
    address = (declared or recorded).address  # type: ignore[union-attr]
    listed = (*((live.item,) if live.item else ()), *others)
    facts = World(SHAPES, make.DIGESTER, lambda _p, _s: listed, **world)
    state = make.state_of(*([recorded] if recorded else []))
    return decide([Case(address, declared, recorded)], {key_of(address): live}, facts, state)


def test_a_plan_carries_the_state_it_was_made_from() -> None:
    plan = plan_for(CHANGED, record_of(SLACK), live_of(SLACK), destroy=True)

    assert (plan.lineage, plan.serial, plan.gitlab_url, plan.records) == (
        "lineage",
        3,
        "https://gitlab.example",
        1,
    )
    assert plan.destroy
    assert plan.forecast == 1


def test_a_plan_of_the_usual_course_of_things_says_nothing_odd() -> None:
    for keep in ("", "only b.yaml was read"):
        plan = plan_for(SLACK, record_of(SLACK), live_of(SLACK), keep=keep)

        assert (plan.problems, plan.notes, plan.gone, plan.touched) == ((), (), (), ())
        assert (plan.unverified, plan.uncompared, plan.blocked, dict(plan.drift)) == ((), (), (), {})


def test_an_update_carries_all_that_an_apply_and_a_report_need() -> None:
    declared = replace(
        CHANGED,
        place=Place("chat.yaml", 7, 3),
        needs=("myorg/shop:webhooks.first",),
        alias="slack-1",
        deliver={"file": "x.env"},
        local={"project_key": "P"},
        lifecycle=Lifecycle(prevent_destroy=True),
        origin=Origin.PYTHON,
    )
    record, live = record_of(SLACK), live_of(SLACK, inherited=True)
    (step,) = plan_for(declared, record, live).steps

    assert (step.scope_id, step.id, step.source, step.file) == (12, 7, "chat.yaml:7", "chat.yaml")
    assert (step.needs, step.alias, step.inherited) == (("myorg/shop:webhooks.first",), "slack-1", True)
    assert (step.deliver, step.local) == ({"file": "x.env"}, {"project_key": "P"})
    assert (step.lifecycle, step.origin) == (Lifecycle(prevent_destroy=True), Origin.PYTHON)
    assert (step.updated_at, step.identity) == ("2026-01-01T00:00:00.000Z", {"slug": "chat"})
    assert (step.fingerprint, step.previous) == (fingerprint(record, live), "")
    assert step.secrets == {"webhook_url": SecretUse("${env:SECRET}", True)}


@pytest.mark.parametrize(
    ("place", "source"), [(None, ""), (Place("a.yaml"), "a.yaml"), (Place("a.yaml", 3, 1), "a.yaml:3")]
)
def test_a_step_says_where_its_entry_stands(place: Place | None, source: str) -> None:
    (step,) = plan_for(replace(CHANGED, place=place), record_of(SLACK), live_of(SLACK)).steps

    assert step.source == source


def test_a_removal_carries_all_that_taking_away_and_bringing_back_need() -> None:
    record = record_of(SLACK, source="chat.yaml", origin=Origin.PYTHON, lifecycle=Lifecycle(ignore=("channel",)))
    live = live_of(SLACK, id=9)
    (step,) = plan_for(None, record, live, destroy=True).steps

    assert (step.action, step.reasons) == (StepAction.DELETE, (Reason.DESTROYED,))
    assert (step.scope_id, step.id, step.identity, step.fields) == (12, 9, record.identity, record.fields)
    assert (step.updated_at, step.inherited, step.previous) == ("2026-01-01T00:00:00.000Z", False, "")
    assert (step.source, step.origin, step.lifecycle) == ("chat.yaml", Origin.PYTHON, record.lifecycle)
    assert step.fingerprint == fingerprint(record, live)


def test_what_is_gone_is_named_and_forgotten_under_its_recorded_id() -> None:
    plan = plan_for(None, record_of(SLACK), ABSENT)
    (step,) = plan.steps

    assert (step.action, step.reasons) == (StepAction.FORGET, (Reason.GONE,))
    assert (step.id, step.updated_at, step.inherited) == (7, None, False)
    assert plan.gone == (SLACK.address,)


def test_what_was_removed_outside_is_named_and_what_was_revoked_is_not() -> None:
    app = resource(APPLICATION, scope=Scope.instance(), name="portal", redirect_uri="https://a")
    revoked = plan_for(app, record_of(app, condition="revoked"), ABSENT)

    assert plan_for(SLACK, record_of(SLACK), ABSENT).gone == (SLACK.address,)
    assert plan_for(SLACK, None, ABSENT).gone == ()
    assert (revoked.gone, revoked.unchanged) == ((), (app.address,))


def test_a_create_writes_every_secret_and_notes_what_was_there_before() -> None:
    others = tuple(Item(Primitive.HOOK, "hook", number, {}, {}) for number in (3, 5))
    (step,) = plan_for(DEPLOY, None, ABSENT, *others).steps

    assert step.ids_before == (3, 5)
    assert step.secrets == {"secret_token": SecretUse("${env:SECRET}", True)}
    assert (step.id, step.scope_id, step.fingerprint) == (None, None, NOTHING_THERE)


def test_a_create_with_maps_of_secrets_names_their_keys_and_writes_their_values() -> None:
    declared = replace(DEPLOY, fields={"url": "https://x", "custom_headers": {"X-B": secret("b"), "X-A": secret("a")}})
    (step,) = plan_for(declared, None, ABSENT).steps

    assert step.fields == {"url": "https://x", "custom_headers": ("X-A", "X-B")}
    assert step.secrets == {
        "custom_headers.X-A": SecretUse("${env:SECRET}", True),
        "custom_headers.X-B": SecretUse("${env:SECRET}", True),
    }
    assert step.send == ("custom_headers", "events", "url")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, True),
        ({"address": "MYORG/Shop:integrations.it"}, True),
        ({"address": "myorg/shop:integrations.other"}, False),
        ({"address": "myorg/shop:integrations.other", "previous": "myorg/shop:integrations.it"}, True),
        ({"shape": "tracker-a"}, False),
    ],
    ids=["its own", "in another case", "another", "one that moved", "one of another shape"],
)
def test_a_step_finds_the_record_it_is_about(changes: dict[str, Any], found: bool) -> None:
    record = record_of(SLACK)
    made = step(StepAction.UPDATE, **{"address": SLACK.address, "shape": "chat", **changes})

    assert (recorded_of(made, {key_of(record.address): record}) is record) is found


def test_a_replacement_writes_every_secret_again_and_says_why() -> None:
    one = resource(HOOK, url="https://x/{key}", secret_token=secret("t"), url_variables={"key": secret("k")})
    two = replace(one, fields={**one.fields, "url": "https://y/{key}"})
    (step,) = plan_for(two, record_of(one), live_of(one)).steps

    assert (step.action, step.ids_before, step.id) == (StepAction.REPLACE, (7,), 7)
    assert {name: use.write for name, use in step.secrets.items()} == {"secret_token": True, "url_variables.key": True}
    assert step.reasons == (Reason.FIXED, Reason.DECLARED)
    assert step.notes == ("GitLab cannot change URL variables in use, nor the URL around them",)
    assert [change.field for change in step.changes] == ["url"]


def test_a_renamed_entry_that_changed_too_says_both_and_names_what_it_was() -> None:
    renamed = replace(CHANGED, address="myorg/shop:integrations.other")
    record = record_of(SLACK)
    facts = World(SHAPES, make.DIGESTER, lambda _p, _s: ())
    case = Case(renamed.address, renamed, record)
    (step,) = decide([case], {key_of(renamed.address): live_of(SLACK)}, facts, make.state_of(record)).steps

    assert (step.action, step.reasons) == (StepAction.UPDATE, (Reason.RENAMED, Reason.DECLARED))
    assert step.previous == SLACK.address


def test_bookkeeping_says_that_it_is_that() -> None:
    declared = replace(SLACK, local={"project_key": "PROJ"})
    (step,) = plan_for(declared, record_of(SLACK), live_of(SLACK)).bookkeeping

    assert (step.action, step.reasons, step.send) == (StepAction.RECORD, (Reason.RECORDED,), ())


@pytest.mark.parametrize(
    "changes",
    [{"lifecycle": Lifecycle(prevent_destroy=True)}, {"deliver": {"file": "x.env"}}, {"local": {"project_key": "P"}}],
    ids=["lifecycle", "deliver", "local"],
)
def test_what_only_the_record_keeps_is_recorded_without_a_step(changes: dict[str, Any]) -> None:
    declared = replace(SLACK, **changes)
    plan = plan_for(declared, record_of(SLACK), live_of(SLACK))
    (noted,) = plan.bookkeeping

    assert plan.is_empty
    assert {name: getattr(noted, name) for name in changes} == changes
    assert plan_for(SLACK, record_of(SLACK), live_of(SLACK)).bookkeeping == ()


def test_a_protected_resource_is_named_where_it_would_be_deleted() -> None:
    (problem,) = plan_for(None, record_of(SLACK, lifecycle=Lifecycle(prevent_destroy=True)), live_of(SLACK)).problems

    assert problem.address == SLACK.address


def test_reasserting_what_has_no_secret_changes_nothing() -> None:
    bare = resource(CHAT, channel="#ops")
    plan = plan_for(bare, record_of(bare), live_of(bare), reassert=True)

    assert plan.is_empty
    assert plan.unchanged == (bare.address,)


def test_a_record_without_an_id_is_not_taken_for_another_object() -> None:
    plan = plan_for(SLACK, record_of(SLACK, id=None), live_of(SLACK))

    assert plan.is_empty


def step(action: StepAction, **changes: Any) -> Step:
    made = Step("a/b:webhooks.c", action, (), Primitive.HOOK, "webhook", "hook", SHOP, send=("url",))
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("action", "changes", "requests"),
    [
        (StepAction.CREATE, {}, 1),
        (StepAction.DELETE, {}, 1),
        (StepAction.DELETE, {"inherited": True}, 3),
        (StepAction.REPLACE, {}, 2),
        (StepAction.UPDATE, {}, 1),
        (StepAction.ADOPT, {}, 1),
        (StepAction.ADOPT, {"send": ()}, 0),
        (StepAction.UPDATE, {"send": ("custom_headers", "url")}, 2),
        (StepAction.UPDATE, {"send": ("custom_headers", "events", "url")}, 2),
        (StepAction.UPDATE, {"send": ("custom_headers",)}, 1),
        (StepAction.UPDATE, {"send": ("custom_headers", "url"), "primitive": Primitive.INTEGRATION}, 1),
        (StepAction.MOVE, {}, 0),
        (StepAction.FORGET, {}, 0),
    ],
)
def test_the_forecast_counts_requests(action: StepAction, changes: dict[str, Any], requests: int) -> None:
    assert cost(step(action, **changes)) == requests


def test_what_is_sent_of_a_whole_resource_is_shared_by_equals_only() -> None:
    world = World(SHAPES, make.DIGESTER, lambda _p, _s: ())
    inheriting = replace(SLACK, fields={**SLACK.fields, "inherit": True})

    send, defaults = world.whole(SLACK)
    assert defaults == {"quiet": True, "hidden_switch": False, "events": ("issue", "push")}
    assert send == tuple(sorted({*SLACK.fields, *defaults}))
    assert world.whole(inheriting) == (tuple(sorted(inheriting.fields)), {})
    assert world.whole(SLACK) is world.whole(CHANGED)


def test_a_create_leaves_out_what_gitlab_ignores_or_cannot_take() -> None:
    shape = replace(
        CHAT,
        fields=(
            Field("plain", default="x"),
            Field("mine", default="x", ours=True),
            Field("hush", default="x", secret=True),
            Field("lost", default="x", unstorable="GitLab drops it"),
            Field("young", default="x", since=(19, 0)),
            Field("grouped", FieldType.BOOLEAN, default=False, group_only=True),
            Field("nothing"),
            Field("stated", default="x"),
            Field("trigger_on_push", FieldType.BOOLEAN, wire="push_events", default=True, event="push"),
        ),
    )
    project = Resource("a/b:integrations.c", Primitive.INTEGRATION, "chat", "chat", SHOP, {"stated": "y"})
    group = replace(project, scope=Scope(ScopeType.GROUP, "a"))
    flagged = replace(project, fields={**project.fields, "trigger_on_push": False})

    assert defaults_of(shape, project) == {"plain": "x", "events": ("issue", "push")}
    assert defaults_of(shape, group) == {"plain": "x", "grouped": False, "events": ("issue", "push")}
    assert defaults_of(shape, flagged) == {"plain": "x", "events": ("issue",)}
    assert defaults_of(replace(shape, events={}), project) == {"plain": "x", "trigger_on_push": True}


@pytest.mark.parametrize(
    ("version", "since", "fields", "reason"),
    [
        ((18, 9), (19, 0), {}, "`chat` needs GitLab 19.0, this one is 18.9"),
        ((19, 0), (19, 0), {}, ""),
        (None, (19, 0), {}, ""),
        ((18, 9), None, {"new": "x"}, "`new` needs GitLab 18.10, this one is 18.9"),
        ((18, 9), None, {"old": "x"}, ""),
        ((18, 9), None, {}, ""),
    ],
)
def test_what_a_gitlab_is_too_old_for_is_refused_where_it_is_stated(
    version: tuple[int, int] | None, since: tuple[int, int] | None, fields: dict[str, str], reason: str
) -> None:
    shape = replace(CHAT, since=since, fields=(Field("new", since=(18, 10)), Field("old", since=(17, 0))))
    declared = Resource("a/b:integrations.c", Primitive.INTEGRATION, "chat", "chat", SHOP, fields)

    assert refusal(declared, shape, version, present=False) == reason
