"""The main job: manifests in, a reconciled GitLab out, told by the requests that the sandbox saw."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.errors import InputError, StateError, UnsafePlan, UsageError
from reconciler.core.plan import Mover, Reason, StepAction
from reconciler.core.report import ExitCode
from reconciler.engine.applying import ApplyOptions, apply_plan
from reconciler.engine.planning import PlanOptions, plan
from reconciler.sandbox.faults import check_faults
from tests.scenarios.harness import Story

SHOP = """
    project: myorg/shop
    integrations:
      chat:
        type: slack
        webhook_url: ${env:SLACK}
        channel: "#ops"
        events: [push, pipeline]
      tracker:
        type: jira
        url: https://acme.atlassian.net
        username: bot@acme.example
        api_token: ${env:JIRA}
    webhooks:
      deploy:
        url: https://in.acme.example/deploy
        events: [pipeline]
        secret_token: ${env:HOOK}
"""
SECRETS = {"SLACK": "https://hooks.slack.com/services/T/B/hush", "JIRA": "jira-token", "HOOK": "hook-token"}


@pytest.fixture
def shop(story: Story) -> Story:
    story.environ.update(SECRETS)
    story.write("shop.yaml", SHOP)
    return story


def test_apply_then_plan_is_empty_and_a_second_apply_sends_no_write(shop: Story) -> None:
    report = shop.apply()
    assert report.exit_code is ExitCode.DONE
    assert len(shop.asked(writes=True)) == 3

    assert shop.plan().is_empty
    shop.apply()
    assert shop.asked(writes=True) == []


def test_steps_name_file_and_line_and_an_entry_that_moves_in_its_file_changes_nothing(shop: Story) -> None:
    plan = shop.plan()
    found = {step.address: (step.source, step.file) for step in plan.steps}
    assert found["myorg/shop:integrations.tracker"] == ("manifests/shop.yaml:9", "manifests/shop.yaml")

    shop.apply()
    serial = shop.state().serial
    shop.write("shop.yaml", f"# one line more\n{SHOP}")

    assert shop.apply().serial == serial
    assert {record.source for record in shop.state().records.values()} == {"manifests/shop.yaml"}


def test_an_unchanged_project_costs_two_lists_and_a_read_of_its_tracker(shop: Story) -> None:
    shop.apply()
    shop.asked()

    shop.plan()

    assert sorted(shop.asked()) == [
        "GET /api/v4/projects/myorg%2Fshop/hooks?per_page=100",
        "GET /api/v4/projects/myorg%2Fshop/integrations",
        "GET /api/v4/projects/myorg%2Fshop/integrations/jira",
    ]


def test_a_plan_without_refresh_asks_nothing(shop: Story) -> None:
    shop.apply()
    shop.asked()

    assert shop.plan(refresh=False).is_empty
    assert shop.asked() == []


def test_drift_is_found_named_and_repaired(shop: Story) -> None:
    shop.apply()
    shop.ask("PUT", "/projects/myorg%2Fshop/integrations/slack", {"webhook": SECRETS["SLACK"], "channel": "#mine"})
    found = shop.drift()

    change = found.drift["myorg/shop:integrations.chat"][0]
    assert (change.field, change.recorded, change.live, change.mover) == ("channel", "#ops", "#mine", Mover.OUTSIDE)
    shop.apply()
    assert shop.ask("GET", "/projects/myorg%2Fshop/integrations/slack")["properties"]["channel"] == "#ops"
    assert not shop.drift().drift


def test_a_hook_deleted_by_hand_comes_back(shop: Story) -> None:
    shop.apply()
    hook = shop.ask("GET", "/projects/myorg%2Fshop/hooks")[0]
    shop.ask("DELETE", f"/projects/myorg%2Fshop/hooks/{hook['id']}")

    step = shop.plan().steps[0]
    assert (step.action, step.reasons) == (StepAction.CREATE, (Reason.REMOVED_OUTSIDE,))
    shop.apply()
    assert len(shop.ask("GET", "/projects/myorg%2Fshop/hooks")) == 1


def test_what_exists_already_is_adopted_and_not_doubled(shop: Story) -> None:
    made = shop.ask("POST", "/projects/myorg%2Fshop/hooks", {"url": "https://in.acme.example/deploy"})
    plan = shop.plan()
    assert [s.action for s in plan.steps if s.kind == "webhook"] == [StepAction.ADOPT]

    shop.apply()

    assert [h["id"] for h in shop.ask("GET", "/projects/myorg%2Fshop/hooks")] == [made["id"]]
    assert shop.plan().is_empty


def test_a_rotated_secret_is_written_exactly_once(shop: Story) -> None:
    shop.apply()
    shop.asked()
    shop.environ["SLACK"] = "https://hooks.slack.com/services/T/B/new"

    shop.apply()
    assert [one.rpartition("/")[2] for one in shop.asked(writes=True)] == ["slack"]
    assert shop.plan().is_empty


def test_an_entry_taken_away_is_deleted_and_a_renamed_one_only_moved(shop: Story) -> None:
    shop.apply()
    shop.asked()
    shop.write("shop.yaml", SHOP.replace("      chat:", "      talk:").replace("      tracker:", "      jira:"))

    plan = shop.plan()
    assert {s.action for s in plan.steps} == {StepAction.MOVE}
    shop.apply()
    assert shop.asked(writes=True) == []

    shop.write("shop.yaml", SHOP.replace("      chat:", "      talk:").partition("    webhooks:")[0])
    shop.apply(targets=("myorg/shop:webhooks.deploy",))
    assert shop.ask("GET", "/projects/myorg%2Fshop/hooks") == []


def test_nothing_is_deleted_when_less_than_the_recorded_manifests_is_read(shop: Story) -> None:
    shop.write("web.yaml", "project: myorg/web\nwebhooks: {x: {url: https://x.example, events: [push]}}\n")
    shop.apply()

    plan = shop.plan(paths=("manifests/web.yaml",))

    assert plan.is_empty
    assert "left alone" in plan.problems[0].detail


def test_an_emptied_folder_is_an_error_and_no_deletion(shop: Story) -> None:
    shop.apply()
    (shop.folder / "manifests" / "shop.yaml").unlink()

    with pytest.raises(InputError):
        shop.plan()


def test_deleting_most_of_what_is_recorded_is_stopped_unless_permitted(shop: Story) -> None:
    shop.apply()
    shop.write("shop.yaml", SHOP.partition("      tracker:")[0])

    with pytest.raises(UnsafePlan, match="too large a share"):
        shop.apply()
    assert shop.apply(allow_deletes=2).exit_code is ExitCode.DONE


def test_what_was_applied_as_protected_stays_when_its_entry_goes(shop: Story) -> None:
    shop.write("shop.yaml", SHOP + "        lifecycle: {prevent_destroy: true}\n")
    shop.apply()
    shop.write("shop.yaml", SHOP.partition("    webhooks:")[0])
    shop.asked()

    with pytest.raises(UnsafePlan, match="a protected resource would be deleted"):
        shop.apply(allow_deletes=9)
    with pytest.raises(UnsafePlan, match="a protected resource would be deleted"), shop.workspace() as ws:
        apply_plan(ws, plan(ws, PlanOptions(destroy=True)), ApplyOptions())
    assert shop.asked(writes=True) == []


@pytest.mark.parametrize("cut", ["drop_before", "drop_after"])
def test_a_create_whose_answer_is_lost_while_nobody_can_look_is_left_to_the_next_run(shop: Story, cut: str) -> None:
    hooks = "/api/v4/projects/*/hooks"
    lost = {"match": {"method": "POST", "path": hooks, "nth": 1}, "do": cut}
    unseen = {"match": {"method": "GET", "path": hooks, "nth": 2}, "do": "status", "value": 403}
    shop.sandbox.world.faults = check_faults([lost, unseen])

    report = shop.apply()
    assert report.exit_code is ExitCode.PARTIAL
    assert len([one for one in shop.asked(writes=True) if one.endswith("/hooks")]) == 1

    after = shop.apply()
    assert after.settled == (
        ("myorg/shop:webhooks.deploy", "carried out" if cut == "drop_after" else "not carried out"),
    )
    assert len(shop.ask("GET", "/projects/myorg%2Fshop/hooks")) == 1
    assert shop.plan().is_empty


def test_a_saved_plan_is_carried_out_without_the_manifests(shop: Story) -> None:
    plan = shop.plan()
    (shop.folder / "manifests" / "shop.yaml").unlink()

    assert shop.apply(plan).exit_code is ExitCode.DONE
    shop.write("shop.yaml", SHOP)
    assert shop.plan().is_empty


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"gitlab_url": "https://other.example"}, "the plan was made for https://other.example, this run is about "),
        ({"environment": "production"}, "the plan was made for production"),
        ({"lineage": "another"}, "the plan was made from another state"),
        ({"serial": 99}, "the state is not the one that the plan was made from"),
        ({"lineage": ""}, "the state is not the one that the plan was made from"),
    ],
)
def test_a_saved_plan_of_elsewhere_is_refused(shop: Story, changes: dict[str, Any], says: str) -> None:
    shop.apply()
    shop.write("shop.yaml", SHOP.replace("#ops", "#new"))
    plan = replace(shop.plan(), **changes)
    shop.asked()

    with pytest.raises(UnsafePlan, match=says):
        shop.apply(plan)
    assert shop.asked(writes=True) == []


def test_a_stale_saved_plan_is_refused_with_what_moved(shop: Story) -> None:
    shop.apply()
    shop.write("shop.yaml", SHOP.replace("#ops", "#new"))
    plan = shop.plan()
    shop.ask("PUT", "/projects/myorg%2Fshop/integrations/slack", {"webhook": SECRETS["SLACK"], "channel": "#hand"})

    with pytest.raises(UnsafePlan, match=r"integrations\.chat \(`channel` was `#ops`, is `#hand`\)"):
        shop.apply(plan)


def test_a_saved_plan_whose_object_is_gone_or_there_by_now_says_so(shop: Story) -> None:
    made = shop.plan()
    shop.ask("POST", "/projects/myorg%2Fshop/hooks", {"url": "https://in.acme.example/deploy", "name": "deploy"})
    with pytest.raises(UnsafePlan, match="there is one with id 1 now"):
        shop.apply(made)

    shop.apply()
    shop.write("shop.yaml", SHOP.replace("[pipeline]", "[push]"))
    changed = shop.plan()
    shop.ask("DELETE", "/projects/myorg%2Fshop/hooks/1", {})
    with pytest.raises(UnsafePlan, match="it is gone"):
        shop.apply(changed)


def test_a_saved_plan_that_names_another_object_or_no_fingerprint_is_stale(shop: Story) -> None:
    shop.apply()
    shop.ask("POST", "/projects/myorg%2Fshop/hooks", {"url": "https://foreign.example"})
    shop.write("shop.yaml", SHOP.replace("[pipeline]", "[push]"))
    plan = shop.plan()
    step = next(step for step in plan.steps if step.primitive == "hook")

    for changed in (replace(step, id=2), replace(step, fingerprint="")):
        with pytest.raises(UnsafePlan, match="stale"):
            shop.apply(replace(plan, steps=(changed,)))


def test_a_saved_plan_survives_an_unrelated_change(shop: Story) -> None:
    shop.apply()
    shop.write("shop.yaml", SHOP.replace("#ops", "#new"))
    plan = shop.plan()
    shop.ask("POST", "/projects/myorg%2Fshop/hooks", {"url": "https://unrelated.example"})

    assert shop.apply(plan).exit_code is ExitCode.DONE


def test_a_saved_plan_is_stale_once_it_was_applied(shop: Story) -> None:
    plan = shop.plan()
    shop.apply(plan)

    with pytest.raises(UnsafePlan):
        shop.apply(plan)


def test_a_secret_rotated_after_planning_makes_the_saved_plan_stale(shop: Story) -> None:
    shop.apply()
    shop.write("shop.yaml", SHOP.replace("[pipeline]", "[push]"))
    plan = shop.plan()
    shop.environ["HOOK"] = "another"

    with pytest.raises(UnsafePlan, match="secret_token"):
        shop.apply(plan)


def test_an_unreadable_project_blocks_and_the_rest_is_done(shop: Story) -> None:
    shop.write("gone.yaml", "project: myorg/nowhere\nwebhooks: {x: {url: https://x.example, events: [push]}}\n")

    plan = shop.plan()
    assert [b.address for b in plan.blocked] == ["myorg/nowhere:webhooks.x"]
    report = shop.apply()
    assert report.exit_code is ExitCode.PARTIAL
    assert shop.plan().steps == ()


def test_a_state_of_another_gitlab_is_refused(shop: Story) -> None:
    shop.apply()
    shop.environ["GITLAB_URL"] = "http://other.example"

    with pytest.raises(StateError, match="belongs to"):
        shop.plan()


def test_a_state_key_that_is_another_one_is_refused(shop: Story) -> None:
    shop.apply()
    shop.environ["RECONCILER_STATE_KEY"] = "wrong"

    with pytest.raises(StateError, match="RECONCILER_STATE_KEY"):
        shop.plan()


def test_a_target_that_is_nothing_is_a_usage_error_with_a_suggestion(shop: Story) -> None:
    with pytest.raises(UsageError) as caught:
        shop.plan(targets=("myorg/shop:integrations.chatt",))

    assert "myorg/shop:integrations.chat" in caught.value.hint


def test_unmanaged_objects_are_listed_on_request(shop: Story) -> None:
    shop.apply()
    shop.ask("POST", "/projects/myorg%2Fshop/hooks", {"url": "https://foreign.example"})

    assert shop.drift(unmanaged=True).unmanaged == (("myorg/shop", "hook", "https://foreign.example"),)


def test_a_moved_project_takes_its_records_along(shop: Story) -> None:
    shop.apply()
    shop.ask("PUT", "/projects/myorg%2Fshop", {"path": "store"})
    shop.write("shop.yaml", SHOP.replace("myorg/shop", "myorg/store"))
    shop.asked()

    plan = shop.plan()
    assert {s.action for s in plan.steps} == {StepAction.MOVE}
    shop.apply()
    assert shop.asked(writes=True) == []
    assert shop.plan().is_empty


def test_a_renamed_project_under_its_old_path_is_unknown_not_gone(shop: Story) -> None:
    shop.apply()
    shop.ask("PUT", "/projects/myorg%2Fshop", {"path": "store"})

    plan = shop.plan()
    assert plan.is_empty
    assert len(plan.blocked) == 3


def test_records_of_a_deleted_project_are_forgotten_once_nothing_is_declared_there(shop: Story) -> None:
    shop.write("web.yaml", "project: myorg/web\nwebhooks: {x: {url: https://x.example, events: [push]}}\n")
    shop.apply()
    shop.ask("DELETE", "/projects/myorg%2Fweb")
    assert [b.address for b in shop.plan().blocked] == ["myorg/web:webhooks.x"]

    shop.write("web.yaml", "templates: {}\n")
    assert [(s.action, s.reasons) for s in shop.plan().steps] == [(StepAction.FORGET, (Reason.GONE,))]
    shop.apply()
    assert shop.plan().is_empty


@pytest.mark.parametrize(
    ("lost", "why"),
    [
        ("role", "may not read"),
        ("membership", "is not there, or hidden"),
        ("token", "does not accept the token"),
    ],
)
def test_what_cannot_be_seen_is_unknown_and_never_gone(shop: Story, lost: str, why: str) -> None:
    shop.apply()
    tokens = {"role": "dev-token", "membership": "outsider-token", "token": "no-such-token"}
    shop.ask("POST", "/users", {"username": "dev", "name": "Dev", "email": "dev@x.example", "password": "hush-hush-1"})
    _token(shop, "dev", "dev-token")
    _token(shop, "out", "outsider-token")
    shop.ask("POST", "/projects/myorg%2Fshop/members", {"user_id": _user(shop, "dev"), "access_level": 30})
    shop.write("shop.yaml", "project: myorg/web\nwebhooks: {x: {url: https://x.example, events: [push]}}\n")
    shop.environ["GITLAB_TOKEN"] = tokens[lost]

    plan = shop.plan()
    assert plan.is_empty
    assert len(plan.blocked) == 4
    assert all(why in b.reason for b in plan.blocked if b.address.startswith("myorg/shop"))


def _user(story: Story, name: str) -> int:
    found: int = story.ask("GET", f"/users?username={name}")[0]["id"]
    return found


def _token(story: Story, user: str, token: str) -> None:
    """Give somebody a token, through the sandbox's control path; a person who is not there is made."""
    import requests

    if not story.ask("GET", f"/users?username={user}"):
        new = {"username": user, "name": user, "email": f"{user}@x.example", "password": "hush-hush-1"}
        story.ask("POST", "/users", new)
    with requests.Session() as session:
        session.mount("http://", story.adapter)
        body = {"token": token, "user": user, "scopes": ["api"], "as": user}
        answer = session.post("http://gitlab.example.test/_sandbox/tokens", json=body)
    assert answer.ok, answer.text


APPLICATION = """
    instance: true
    oauth_applications:
      portal:
        redirect_uri: https://portal.acme.example/callback
        scopes: [api, read_user]
        credentials: {place}
"""


def test_oauth_credentials_reach_their_file_and_nothing_else(story: Story) -> None:
    story.write("apps.yaml", APPLICATION.format(place="{file: secrets/portal.json}"))
    report = story.apply()

    file = story.folder / "secrets" / "portal.json"
    secret = json.loads(file.read_text())["client_secret"]
    assert report.exit_code is ExitCode.DONE
    assert file.stat().st_mode & 0o777 == 0o600
    others = [p for p in story.folder.rglob("*") if p.is_file() and p != file]
    assert not [p for p in others if secret in p.read_text()]
    assert story.plan().is_empty


def test_oauth_credentials_reach_masked_variables(story: Story) -> None:
    place = "{variables: {project: myorg/portal, client_id: APP_ID, client_secret: APP_SECRET}}"
    story.write("apps.yaml", APPLICATION.format(place=place))
    story.apply()

    found = {v["key"]: v for v in story.ask("GET", "/projects/myorg%2Fportal/variables")}
    assert found["APP_SECRET"]["masked"] is True
    assert found["APP_ID"]["value"] == story.ask("GET", "/applications")[0]["application_id"]
    assert story.plan().is_empty


def test_credentials_that_could_not_be_delivered_are_renewed_and_delivered(story: Story) -> None:
    place = "{variables: {project: myorg/not-yet, client_id: APP_ID, client_secret: APP_SECRET}}"
    story.write("apps.yaml", APPLICATION.format(place=place))
    assert story.apply().exit_code is not ExitCode.DONE

    story.ask("POST", "/projects", {"name": "not-yet", "path": "not-yet", "namespace_id": _group_id(story)})
    plan = story.plan()
    assert plan.steps[0].reasons == (Reason.UNDELIVERED,)
    assert story.apply().exit_code is ExitCode.DONE
    assert len(story.ask("GET", "/applications")) == 1
    assert {v["key"] for v in story.ask("GET", "/projects/myorg%2Fnot-yet/variables")} == {"APP_ID", "APP_SECRET"}


def _group_id(story: Story) -> int:
    found: int = story.ask("GET", "/groups/myorg")["id"]
    return found


def test_another_project_under_the_recorded_path_is_not_taken_for_the_recorded_one(shop: Story) -> None:
    shop.apply()
    group = shop.ask("GET", "/groups/myorg")["id"]
    shop.ask("DELETE", "/projects/myorg%2Fshop")
    shop.ask("POST", "/projects", {"path": "shop", "name": "shop", "namespace_id": group})
    shop.ask("POST", "/projects/myorg%2Fshop/hooks", {"url": "https://somebody.example/else"})
    plan = shop.plan()

    assert plan.steps == ()
    assert len(plan.blocked) == 3
    new, old = shop.ask("GET", "/projects/myorg%2Fshop")["id"], next(iter(shop.state().records.values())).scope_id
    assert {one.reason for one in plan.blocked} == {
        f"`myorg/shop` is another project now (id {new}, recorded was {old}); "
        "forget the old records with `state forget` if that is right"
    }


def test_many_secrets_without_a_state_key_are_compared_and_the_key_is_suggested(story: Story) -> None:
    del story.environ["RECONCILER_STATE_KEY"]
    story.environ |= {f"TOKEN_{n}": f"token-{n}" for n in range(51)}
    hooks = "\n".join(
        f"      hook-{n}: {{url: 'https://x.example/{n}', secret_token: '${{env:TOKEN_{n}}}'}}" for n in range(51)
    )
    story.write("shop.yaml", f"    project: myorg/shop\n    webhooks:\n{hooks}\n")
    plan = story.plan()

    assert [(p.summary, p.detail) for p in plan.problems] == [
        ("planning would be quicker with a state key", "51 secrets were digested one by one")
    ]
    assert plan.uncompared == ()


def test_an_object_whose_details_cannot_be_read_is_unknown(shop: Story) -> None:
    shop.apply()
    match = {"method": "GET", "path": "/api/v4/projects/*/integrations/jira"}
    shop.ask("PUT", "/projects/myorg%2Fshop/integrations/jira", {"url": "https://j.example", "password": "x"})
    shop.sandbox.world.faults = check_faults({"match": match, "do": "status", "value": 500})
    plan = shop.plan()

    assert [one.address.rpartition(".")[2] for one in plan.blocked] == ["tracker"]
    assert "500" in plan.blocked[0].reason
