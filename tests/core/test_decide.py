"""Deciding, row by row of the presence table, and rule by rule of GitLab."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType, key_of
from reconciler.core.decide import PRESENCE, decide
from reconciler.core.errors import Severity
from reconciler.core.live import ABSENT, Item, Live, Presence
from reconciler.core.pair import Case, pair
from reconciler.core.plan import Mover, Plan, Reason, StepAction
from reconciler.core.resource import Lifecycle, OnDrift, Origin, Resource
from reconciler.core.state import Record
from reconciler.core.steps import World
from tests.core import objects as make
from tests.core.objects import (
    APPLICATION,
    CHAT,
    HOOK,
    SHAPES,
    TRACKER_A,
    TRACKER_B,
    live_of,
    record_of,
    resource,
    secret,
)

SLACK = resource(CHAT, webhook_url=secret("hush"), channel="#ops", events=("push", "issue"))
DEPLOY = resource(HOOK, "deploy", url="https://in.example/x", secret_token=secret("tok"), events=("pipeline",))


def plan_for(
    declared: Resource | None,
    recorded: Record | None,
    live: Live,
    *,
    items: tuple[Item, ...] = (),
    **world: Any,
) -> Plan:
    address = declared.address if declared else recorded.address if recorded else ""
    seen = items or ((live.item,) if live.item else ())
    facts = World(SHAPES, make.DIGESTER, lambda _p, _s: seen, **world)
    state = make.state_of(*([recorded] if recorded else []))
    return decide([Case(address, declared, recorded)], {key_of(address): live}, facts, state)


def only_step(plan: Plan) -> Any:
    assert len(plan.steps) == 1, plan
    return plan.steps[0]


@pytest.mark.parametrize(
    "present", list(PRESENCE), ids=lambda p: " ".join(n if on else "-" for n, on in zip("drl", p, strict=True))
)
def test_every_row_of_the_presence_table_decides_as_it_says(present: tuple[bool, bool, bool]) -> None:
    desired, recorded, live = present
    action, reason = PRESENCE[present]
    if action is None:
        return  # not ours: no case reaches the planner, see test_what_is_not_ours_is_left_alone
    changed = replace(SLACK, fields={**SLACK.fields, "channel": "#new"})
    plan = plan_for(
        changed if desired else None, record_of(SLACK) if recorded else None, live_of(SLACK) if live else ABSENT
    )

    step = only_step(plan)
    assert step.action is action
    assert reason is None or reason in step.reasons


def test_nothing_to_do_when_all_three_sides_agree() -> None:
    plan = plan_for(SLACK, record_of(SLACK), live_of(SLACK))

    assert plan.is_empty
    assert plan.unchanged == (SLACK.address,)
    assert not plan.bookkeeping


def test_an_unknown_object_blocks_its_address_and_says_why() -> None:
    plan = plan_for(SLACK, record_of(SLACK), Live(Presence.UNKNOWN, reason="403 Forbidden"))

    assert plan.is_empty
    assert [(b.address, b.reason) for b in plan.blocked] == [(SLACK.address, "403 Forbidden")]


@pytest.mark.parametrize(
    ("declared", "live", "mover", "reasons"),
    [
        ("#new", "#ops", Mover.AUTHOR, (Reason.DECLARED,)),
        ("#ops", "#moved", Mover.OUTSIDE, (Reason.DRIFTED,)),
        ("#new", "#moved", Mover.BOTH, (Reason.DECLARED, Reason.DRIFTED)),
    ],
)
def test_a_changed_field_says_who_moved_it(declared: str, live: str, mover: Mover, reasons: tuple[Reason, ...]) -> None:
    wanted = replace(SLACK, fields={**SLACK.fields, "channel": declared})
    step = only_step(plan_for(wanted, record_of(SLACK), live_of(SLACK, channel=live)))

    change = step.changes[0]
    assert (change.field, change.recorded, change.live, change.desired, change.mover) == (
        "channel",
        "#ops",
        live,
        declared,
        mover,
    )
    assert step.reasons == reasons


@pytest.mark.parametrize("lifecycle", [Lifecycle(), Lifecycle(on_drift=OnDrift.REPORT), Lifecycle(ignore=("quiet",))])
@pytest.mark.parametrize(
    ("shape", "field", "value", "live"),
    [(CHAT, "quiet", False, True), (CHAT, "events", (), ("push",)), (CHAT, "channel", "", "#live")],
    ids=["switch", "events", "text"],
)
def test_a_field_that_is_newly_stated_is_the_authors_whatever_value_it_has(
    lifecycle: Lifecycle, shape: Any, field: str, value: Any, live: Any
) -> None:
    before = resource(shape, webhook_url=secret("hush"), lifecycle=lifecycle)
    declared = replace(before, fields={**before.fields, field: value})

    plan = plan_for(declared, record_of(before), live_of(before, **{field: live}))

    step = only_step(plan)
    assert [(change.field, change.mover) for change in step.changes] == [(field, Mover.AUTHOR)]
    assert step.reasons == (Reason.DECLARED,)
    assert not plan.drift


@pytest.mark.parametrize("value", [False, True])
def test_a_newly_stated_field_that_gitlab_does_not_show_is_written_once(value: bool) -> None:
    before = resource(CHAT, webhook_url=secret("hush"))
    declared = replace(before, fields={**before.fields, "hidden_switch": value})

    first = plan_for(declared, record_of(before), live_of(before))
    second = plan_for(declared, record_of(declared), live_of(declared))

    assert "hidden_switch" in only_step(first).send
    assert second.is_empty


def test_a_field_that_is_newly_stated_with_its_live_value_is_owned_from_then_on() -> None:
    before = resource(CHAT, webhook_url=secret("hush"))
    declared = replace(before, fields={**before.fields, "quiet": False})

    plan = plan_for(declared, record_of(before), live_of(before, quiet=False))

    assert plan.is_empty
    assert [step.fields.get("quiet") for step in plan.bookkeeping] == [False]


def test_the_same_change_made_by_hand_and_in_the_manifest_needs_no_request() -> None:
    wanted = replace(SLACK, fields={**SLACK.fields, "channel": "#new"})
    plan = plan_for(wanted, record_of(SLACK), live_of(SLACK, channel="#new"))

    assert plan.is_empty
    assert [step.fields["channel"] for step in plan.bookkeeping] == ["#new"]


def test_fields_that_nobody_states_are_never_compared() -> None:
    plan = plan_for(SLACK, record_of(SLACK), live_of(SLACK, quiet=False))

    assert plan.is_empty


@pytest.mark.parametrize("shown", [None, "", "  "])
def test_null_missing_and_blank_text_are_one(shown: str | None) -> None:
    wanted = replace(SLACK, fields={**SLACK.fields, "channel": ""})
    plan = plan_for(wanted, record_of(wanted), live_of(wanted, channel=shown))

    assert plan.is_empty


def test_a_field_that_shows_another_ones_value_is_not_set() -> None:
    wanted = replace(SLACK, fields={**SLACK.fields, "secret_channel": ""})
    plan = plan_for(
        wanted,
        record_of(wanted, fields={**record_of(wanted).fields, "secret_channel": None}),
        live_of(wanted, secret_channel="#ops"),
    )

    assert plan.is_empty


def test_a_required_secret_goes_with_every_update() -> None:
    wanted = replace(SLACK, fields={**SLACK.fields, "channel": "#new"})
    step = only_step(plan_for(wanted, record_of(SLACK), live_of(SLACK)))

    assert step.send == ("channel", "webhook_url")
    assert step.secrets["webhook_url"].write


def test_a_changed_secret_is_one_write_and_an_equal_one_none() -> None:
    rotated = replace(SLACK, fields={**SLACK.fields, "webhook_url": secret("other")})
    step = only_step(plan_for(rotated, record_of(SLACK), live_of(SLACK)))

    assert step.reasons == (Reason.ROTATED,)
    assert step.send == ("webhook_url",)
    assert [(c.field, c.secret, c.desired) for c in step.changes] == [("webhook_url", True, None)]


def test_an_unset_secret_is_not_compared_and_said_so() -> None:
    unset = replace(SLACK, fields={**SLACK.fields, "webhook_url": secret(None)})
    plan = plan_for(unset, record_of(SLACK), live_of(SLACK))

    assert plan.is_empty
    assert plan.uncompared == ((SLACK.address, "webhook_url", "${env:SECRET}"),)


def test_an_exposing_field_sends_every_secret_again() -> None:
    before = replace(DEPLOY, fields={**DEPLOY.fields, "custom_headers": {"X-Team": secret("h")}})
    moved = replace(before, fields={**before.fields, "url": "https://in.example/y"})
    step = only_step(plan_for(moved, record_of(before), live_of(before)))

    assert set(step.send) == {"url", "secret_token", "custom_headers"}
    assert {name for name, use in step.secrets.items() if use.write} == {"secret_token", "custom_headers.X-Team"}


def test_a_required_field_that_did_not_change_exposes_nothing() -> None:
    changed = replace(DEPLOY, fields={**DEPLOY.fields, "events": ("push",)})
    step = only_step(plan_for(changed, record_of(DEPLOY), live_of(DEPLOY)))

    assert step.send == ("events", "url")
    assert not step.secrets["secret_token"].write


def test_a_field_no_longer_stated_goes_back_to_the_default_and_says_so() -> None:
    before = replace(SLACK, fields={**SLACK.fields, "quiet": False})
    step = only_step(plan_for(SLACK, record_of(before), live_of(before)))

    assert [(c.field, c.live, c.desired, c.reset) for c in step.changes] == [("quiet", False, True, True)]
    assert Reason.GIVEN_UP in step.reasons
    assert "quiet" not in step.fields


def test_a_create_sends_every_option_that_nobody_stated() -> None:
    step = only_step(plan_for(SLACK, None, ABSENT))

    assert step.defaults == {"quiet": True, "hidden_switch": False}
    assert set(step.send) == {"webhook_url", "channel", "events", "inherit", "quiet", "hidden_switch"}


def test_a_create_without_events_sends_the_default_ones() -> None:
    bare = resource(CHAT, webhook_url=secret("hush"))
    step = only_step(plan_for(bare, None, ABSENT))

    assert step.defaults["events"] == ("issue", "push")


def test_an_adoption_writes_all_secrets_once() -> None:
    step = only_step(plan_for(SLACK, None, live_of(SLACK)))

    assert step.action is StepAction.ADOPT
    assert step.send == ("webhook_url",)


def test_an_object_recreated_by_hand_under_the_same_name_gets_its_secrets_again() -> None:
    step = only_step(plan_for(DEPLOY, record_of(DEPLOY), live_of(DEPLOY, id=99)))

    assert step.action is StepAction.ADOPT
    assert step.id == 99
    assert "secret_token" in step.send


def test_a_touched_object_without_visible_change_is_reported_and_not_written() -> None:
    live = replace(live_of(SLACK), touched=True)
    plan = plan_for(SLACK, record_of(SLACK), live)

    assert plan.is_empty
    assert plan.touched == (SLACK.address,)
    assert len(plan.bookkeeping) == 1


def test_reasserting_writes_secrets_on_purpose() -> None:
    step = only_step(plan_for(SLACK, record_of(SLACK), live_of(SLACK), reassert=True))

    assert step.reasons == (Reason.REASSERTED,)
    assert step.send == ("webhook_url",)


def test_an_unverified_secret_is_taken_as_equal_and_its_digest_noted_without_a_request() -> None:
    plan = plan_for(SLACK, record_of(SLACK, digests={"webhook_url": ""}), live_of(SLACK))

    assert plan.is_empty
    assert len(plan.bookkeeping) == 1


def test_an_unverified_secret_whose_value_is_not_at_hand_is_counted() -> None:
    unset = replace(SLACK, fields={**SLACK.fields, "webhook_url": secret(None)})
    plan = plan_for(unset, record_of(SLACK, digests={"webhook_url": ""}), live_of(SLACK))

    assert plan.unverified == (SLACK.address,)


@pytest.mark.parametrize(
    ("lifecycle", "steps", "drifted"),
    [
        (Lifecycle(on_drift=OnDrift.REPORT), 0, 1),
        (Lifecycle(ignore=("channel",)), 0, 0),
        (Lifecycle(), 1, 1),
    ],
    ids=["report", "ignore", "fix"],
)
def test_lifecycle_says_what_happens_to_drift(lifecycle: Lifecycle, steps: int, drifted: int) -> None:
    declared = replace(SLACK, lifecycle=lifecycle)
    plan = plan_for(declared, record_of(declared), live_of(declared, channel="#moved"))

    assert (len(plan.steps), len(plan.drift)) == (steps, drifted)


def test_a_protected_resource_is_an_error_not_a_deletion() -> None:
    recorded = record_of(SLACK, lifecycle=Lifecycle(prevent_destroy=True))
    plan = plan_for(None, recorded, live_of(SLACK))

    assert plan.is_empty
    assert plan.problems[0].summary == "a protected resource would be deleted"


def test_records_of_the_python_api_are_left_alone_by_manifests() -> None:
    plan = plan_for(None, record_of(SLACK, origin=Origin.PYTHON), live_of(SLACK))

    assert plan.is_empty
    assert "Python API" in plan.notes[0]


def test_deletion_says_whether_a_target_stopped_matching() -> None:
    plan = plan_for(None, record_of(SLACK), live_of(SLACK), unmatched=frozenset({"myorg/shop"}))

    assert only_step(plan).reasons == (Reason.UNMATCHED,)
    assert only_step(plan_for(None, record_of(SLACK), live_of(SLACK))).reasons == (Reason.UNDECLARED,)


@pytest.mark.parametrize("world", [{"destroy": True}, {"unmatched": frozenset({"myorg/shop"})}])
def test_what_is_gone_already_is_forgotten_for_that_reason_and_no_other(world: dict[str, Any]) -> None:
    step = only_step(plan_for(None, record_of(SLACK, lifecycle=Lifecycle(prevent_destroy=True)), ABSENT, **world))

    assert (step.action, step.reasons) == (StepAction.FORGET, (Reason.GONE,))


def test_a_manifest_that_takes_over_what_the_python_api_made_says_so() -> None:
    taken_over = plan_for(SLACK, record_of(SLACK, origin=Origin.PYTHON), live_of(SLACK))
    still_its_own = plan_for(
        replace(SLACK, origin=Origin.PYTHON), record_of(SLACK, origin=Origin.PYTHON), live_of(SLACK)
    )

    assert taken_over.notes == (f"{SLACK.address} was declared through the Python API; the manifest takes it over",)
    assert still_its_own.notes == ()


def test_destroying_takes_what_the_python_api_made_as_well() -> None:
    plan = plan_for(None, record_of(SLACK, origin=Origin.PYTHON), live_of(SLACK), destroy=True)

    assert (only_step(plan).action, plan.notes) == (StepAction.DELETE, ())


def test_a_run_over_less_than_the_recorded_manifests_deletes_nothing_and_says_so() -> None:
    plan = plan_for(None, record_of(SLACK), live_of(SLACK), keep="only b.yaml was read")

    assert plan.is_empty
    assert [p.detail for p in plan.problems] == [
        "1 recorded, undeclared resources are left alone: only b.yaml was read"
    ]
    assert [p.severity for p in plan.problems] == [Severity.WARNING]


def test_one_issue_tracker_leaves_before_another_comes() -> None:
    old, new = resource(TRACKER_A, "old", url="https://a"), resource(TRACKER_B, "new", url="https://b")
    recorded = record_of(old)
    live = live_of(old)
    assert live.item is not None
    item = live.item
    facts = World(SHAPES, make.DIGESTER, lambda _p, _s: (item,))
    cases = pair([new], make.state_of(recorded))
    plan = decide(cases, {key_of(old.address): live, key_of(new.address): ABSENT}, facts, make.state_of(recorded))

    assert [(s.action, s.address) for s in plan.steps] == [
        (StepAction.DELETE, old.address),
        (StepAction.CREATE, new.address),
    ]
    assert plan.steps[1].needs == (old.address,)


def test_a_foreign_issue_tracker_blocks_ours() -> None:
    new = resource(TRACKER_B, "new", url="https://b")
    foreign = live_of(resource(TRACKER_A, "old", url="https://a")).item
    assert foreign is not None
    plan = plan_for(new, None, ABSENT, items=(foreign,))

    assert plan.is_empty
    assert "another issue tracker (tracker-a)" in plan.blocked[0].reason


def test_what_is_no_issue_tracker_is_in_no_trackers_way() -> None:
    new = resource(TRACKER_B, "new", url="https://b")
    chat, unheard_of = live_of(SLACK).item, replace(live_of(SLACK).item, shape="of a newer GitLab")  # type: ignore[type-var]
    assert chat is not None
    assert unheard_of is not None
    step = only_step(plan_for(new, None, ABSENT, items=(chat, unheard_of)))

    assert (step.action, step.needs) == (StepAction.CREATE, ())


@pytest.mark.parametrize(
    ("left", "scope", "blocked"),
    [(TRACKER_A, make.SHOP, False), (TRACKER_A, Scope(ScopeType.PROJECT, "myorg/web"), True)],
    ids=["leaves here", "leaves elsewhere"],
)
def test_a_tracker_makes_room_only_where_it_leaves(left: Any, scope: Scope, blocked: bool) -> None:
    old, new = resource(left, "old", scope=scope, url="https://a"), resource(TRACKER_B, "new", url="https://b")
    live = live_of(old)
    assert live.item is not None
    item = live.item
    state = make.state_of(record_of(old))
    facts = World(SHAPES, make.DIGESTER, lambda _p, _s: (item,))
    plan = decide(pair([new], state), {key_of(old.address): live, key_of(new.address): ABSENT}, facts, state)

    assert bool(plan.blocked) is blocked


def test_an_application_is_replaced_only_where_that_is_allowed() -> None:
    instance = Scope.instance()
    before = resource(APPLICATION, scope=instance, name="portal", redirect_uri="https://a")
    for allowed in (False, True):
        after = replace(
            before, fields={**before.fields, "redirect_uri": "https://b"}, lifecycle=Lifecycle(allow_replace=allowed)
        )
        plan = plan_for(after, record_of(before), live_of(before))

        assert [s.action for s in plan.steps] == ([StepAction.REPLACE] if allowed else [])
        assert bool(plan.blocked) is not allowed


def test_a_lost_credential_is_settled_by_a_renewal() -> None:
    app = resource(APPLICATION, scope=Scope.instance(), name="portal", redirect_uri="https://a")
    step = only_step(plan_for(app, record_of(app, condition="undelivered"), live_of(app)))

    assert step.reasons == (Reason.UNDELIVERED,)
    assert "client_secret" in step.send


def test_a_revoked_application_stays_away() -> None:
    app = resource(APPLICATION, scope=Scope.instance(), name="portal", redirect_uri="https://a")
    plan = plan_for(app, record_of(app, condition="revoked"), ABSENT)

    assert plan.is_empty
    assert "oauth restore" in plan.notes[0]


@pytest.mark.parametrize(
    ("before", "after", "replaced"),
    [
        ({"url": "https://x/{key}"}, {"url": "https://y/{key}"}, True),
        ({"url": "https://x/{key}"}, {"url_variables": {"key": secret("new")}}, True),
        ({"url": "https://x/plain"}, {"url_variables": {"key": secret("new")}}, False),
        ({"url": "https://x/{key}"}, {"events": ("push",)}, False),
        ({"url": "https://x/plain"}, {"url": "https://x/other"}, False),
        ({"url": "https://x/plain"}, {"url": "https://x/{key}"}, True),
        ({"url": "https://x/{key}"}, {"url": "https://x/plain"}, True),
        ({"url": "https://x/{key}"}, {"custom_headers": {"key": secret("new")}}, False),
    ],
    ids=[
        "url around a variable",
        "variable in use",
        "variable not in use",
        "nothing to do with variables",
        "url without a variable",
        "variable comes into the url",
        "variable leaves the url",
        "header of the same name",
    ],
)
def test_url_variables_in_use_change_by_replacement(
    before: dict[str, Any], after: dict[str, Any], replaced: bool
) -> None:
    one = resource(HOOK, "v", **{"url_variables": {"key": secret("old")}, **before})
    two = replace(one, fields={**one.fields, **after})
    step = only_step(plan_for(two, record_of(one), live_of(one)))

    assert (step.action is StepAction.REPLACE) is replaced


@pytest.mark.parametrize(
    "after",
    [
        {"url_variables": {"key": secret("old"), "spare": secret("new")}},
        {"url": "https://y", "name": "{key}"},
    ],
    ids=["a spare variable's value", "braces in another field"],
)
def test_what_only_looks_like_a_url_variable_in_use_changes_in_place(after: dict[str, Any]) -> None:
    url = "https://x" if "url" in after else "https://x/{key}"
    variables = {"key": secret("old"), "spare": secret("old")}
    one = resource(HOOK, "v", url=url, name="v", url_variables=variables)
    two = replace(one, fields={**one.fields, **after})

    assert only_step(plan_for(two, record_of(one), live_of(one))).action is StepAction.UPDATE


def test_a_hook_header_no_longer_stated_is_a_visible_change() -> None:
    one = resource(HOOK, "h", url="https://x", custom_headers={"X-A": secret("a"), "X-B": secret("b")})
    two = replace(one, fields={**one.fields, "custom_headers": {"X-A": secret("a")}})
    step = only_step(plan_for(two, record_of(one), live_of(one)))

    assert [(c.field, c.live, c.desired) for c in step.changes] == [("custom_headers", ("X-A", "X-B"), ("X-A",))]


@pytest.mark.parametrize(("version", "blocked"), [((18, 9), True), ((19, 0), False), (None, False)])
def test_a_field_of_a_newer_gitlab_is_refused_with_the_reason(version: tuple[int, int] | None, blocked: bool) -> None:
    hook = resource(HOOK, "s", url="https://x", signing_token=secret("whsec_x"))
    plan = plan_for(hook, None, ABSENT, version=version)

    assert bool(plan.blocked) is blocked
    if blocked:
        assert plan.blocked[0].reason == "`signing_token` needs GitLab 19.0, this one is 18.9"


def test_a_slug_that_no_api_can_create_is_refused_unless_it_is_there() -> None:
    shapes = {**SHAPES, "chat": replace(CHAT, unavailable="install it in the web interface first")}
    facts = World(shapes, make.DIGESTER, lambda _p, _s: ())
    key = key_of(SLACK.address)
    refused = decide([Case(SLACK.address, SLACK, None)], {key: ABSENT}, facts, make.state_of())
    there = decide([Case(SLACK.address, SLACK, None)], {key: live_of(SLACK)}, facts, make.state_of())

    assert refused.blocked[0].reason == "install it in the web interface first"
    assert there.steps[0].action is StepAction.ADOPT


def test_a_scope_that_gitlab_does_not_support_is_refused() -> None:
    group = resource(
        replace(CHAT, scopes=frozenset({ScopeType.PROJECT})),
        scope=Scope(ScopeType.GROUP, "myorg"),
        webhook_url=secret("x"),
    )
    shapes = {**SHAPES, "chat": replace(CHAT, scopes=frozenset({ScopeType.PROJECT}))}
    facts = World(shapes, make.DIGESTER, lambda _p, _s: ())
    plan = decide([Case(group.address, group, None)], {key_of(group.address): ABSENT}, facts, make.state_of())

    assert plan.blocked[0].reason == "GitLab has it for projects only"


def test_an_integration_that_came_to_inherit_is_made_its_own_again() -> None:
    step = only_step(plan_for(SLACK, record_of(SLACK), live_of(SLACK, inherited=True)))

    assert [(c.field, c.live, c.desired, c.mover) for c in step.changes] == [("inherit", True, False, Mover.OUTSIDE)]


def test_giving_up_own_settings_for_the_groups_resets_nothing_else() -> None:
    inheriting = resource(CHAT, inherit=True)
    step = only_step(plan_for(inheriting, record_of(SLACK), live_of(SLACK)))

    assert [c.field for c in step.changes] == ["inherit"]


def test_deletion_of_an_inheriting_integration_knows_that_it_is_one() -> None:
    step = only_step(plan_for(None, record_of(SLACK), live_of(SLACK, inherited=True)))

    assert step.inherited


def test_fields_that_are_ours_only_cause_no_step() -> None:
    declared = replace(SLACK, local={"project_key": "PROJ"})
    plan = plan_for(declared, record_of(SLACK), live_of(SLACK))

    assert plan.is_empty
    assert [dict(step.local) for step in plan.bookkeeping] == [{"project_key": "PROJ"}]


def test_secrets_that_are_ours_only_are_not_recorded() -> None:
    declared = replace(SLACK, local={"api_key": secret("x"), "project": "p"})
    step = only_step(plan_for(declared, None, ABSENT))

    assert dict(step.local) == {"project": "p"}


class TestPairing:
    def test_a_renamed_entry_of_the_same_object_moves_without_a_request(self) -> None:
        renamed = resource(CHAT, "other", **dict(SLACK.fields))
        cases = pair([renamed], make.state_of(record_of(SLACK)))

        assert [(c.address, c.record.address if c.record else None, c.moved) for c in cases] == [
            (renamed.address, SLACK.address, True)
        ]
        facts = World(SHAPES, make.DIGESTER, lambda _p, _s: ())
        plan = decide(cases, {key_of(renamed.address): live_of(SLACK)}, facts, make.state_of(record_of(SLACK)))
        assert [(s.action, s.previous) for s in plan.steps] == [(StepAction.MOVE, SLACK.address)]

    @pytest.mark.parametrize("allowed", [False, True])
    def test_renaming_the_entry_of_an_application_never_makes_another_unasked(self, allowed: bool) -> None:
        before = resource(APPLICATION, scope=Scope.instance(), name="portal", redirect_uri="https://a")
        after = resource(
            APPLICATION,
            "gate",
            scope=Scope.instance(),
            name="gate",
            redirect_uri="https://a",
            lifecycle=Lifecycle(allow_replace=allowed),
        )
        state = make.state_of(record_of(before))
        cases = pair([after], state)

        plan = decide(
            cases, {key_of(after.address): live_of(before)}, World(SHAPES, make.DIGESTER, lambda _p, _s: ()), state
        )

        assert [s.action for s in plan.steps] == ([StepAction.REPLACE] if allowed else [])
        assert [b.reason.endswith("`name: portal` keeps the application") for b in plan.blocked] == [True][allowed:]

    def test_a_renamed_hook_is_found_by_its_url(self) -> None:
        renamed = resource(HOOK, "release", **dict(DEPLOY.fields))
        cases = pair([renamed], make.state_of(record_of(DEPLOY)))

        assert len(cases) == 1
        assert cases[0].moved

    def test_a_project_under_a_new_path_takes_its_records_along(self) -> None:
        moved = Scope(ScopeType.PROJECT, "myorg/store")
        declared = resource(CHAT, scope=moved, webhook_url=secret("hush"))
        cases = pair([declared], make.state_of(record_of(SLACK)), {"myorg/shop": moved})

        assert [(c.address, c.moved) for c in cases] == [(declared.address, True)]

    def test_an_entry_of_another_kind_is_what_it_was_going_before_what_it_is(self) -> None:
        before = resource(TRACKER_A, "tracker", url="https://a")
        after = resource(TRACKER_B, "tracker", url="https://b")
        state = make.state_of(record_of(before))
        cases = pair([after], state)
        item = live_of(before).item
        assert item is not None
        facts = World(SHAPES, make.DIGESTER, lambda _p, _s: (item,))
        lives = {key_of(c.address): live_of(before) if c.resource is None else ABSENT for c in cases}
        plan = decide(cases, lives, facts, state)

        assert [(s.action, s.address, s.previous) for s in plan.steps] == [
            (StepAction.DELETE, f"{before.address}/integration.tracker-a", before.address),
            (StepAction.CREATE, after.address, ""),
        ]
        assert plan.steps[0].address in plan.steps[1].needs

    def test_whatever_an_entry_was_goes_before_its_address_is_used_again(self) -> None:
        before, after = resource(CHAT, "it", channel="#ops"), resource(TRACKER_A, "it", url="https://a")
        state = make.state_of(record_of(before))
        facts = World(SHAPES, make.DIGESTER, lambda _p, _s: ())
        cases = pair([after], state)
        lives = {key_of(c.address): live_of(before) if c.resource is None else ABSENT for c in cases}
        plan = decide(cases, lives, facts, state)

        assert [(s.action, s.needs) for s in plan.steps] == [
            (StepAction.DELETE, ()),
            (StepAction.CREATE, (f"{before.address}/integration.chat",)),
        ]

    def test_one_record_is_taken_over_by_one_newcomer(self) -> None:
        one = resource(HOOK, "one", name="same", url="https://a")
        two = resource(HOOK, "two", name="same", url="https://b")
        cases = pair([one, two], make.state_of(record_of(resource(HOOK, "old", name="same", url="https://a"))))

        assert [(c.address, c.record is not None) for c in cases] == [(one.address, True), (two.address, False)]

    def test_an_exact_match_is_not_given_to_an_application_of_the_same_address_only(self) -> None:
        instance = Scope.instance()
        uri = "https://a"
        recorded = [resource(APPLICATION, name, scope=instance, name=name, redirect_uri=uri) for name in ("x", "y")]
        renamed = resource(APPLICATION, "z", scope=instance, name="y", redirect_uri=uri)
        cases = pair([renamed], make.state_of(*map(record_of, recorded)))

        assert [(c.address, c.record.address if c.record else "") for c in cases if c.resource] == [
            (renamed.address, recorded[1].address)
        ]

    def test_different_objects_are_never_paired(self) -> None:
        other = resource(HOOK, "other", url="https://elsewhere")
        cases = pair([other], make.state_of(record_of(DEPLOY)))

        assert len(cases) == 2

    def test_scopes_are_compared_without_case(self) -> None:
        shouted = resource(CHAT, scope=Scope(ScopeType.PROJECT, "MyOrg/Shop"), **dict(SLACK.fields))
        cases = pair([shouted], make.state_of(record_of(SLACK)))

        assert len(cases) == 1
        assert not cases[0].moved


def test_what_is_not_ours_is_left_alone() -> None:
    assert pair([], make.state_of()) == ()
