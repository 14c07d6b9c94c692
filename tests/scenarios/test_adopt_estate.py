"""Adopting projects, groups and the instance: what is shared, what is left alone, what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.adopt import Drafting
from reconciler.core.adoption import Adoption
from reconciler.core.errors import InputError, ReconcilerError, StateLocked, UsageError
from reconciler.core.plan import StepAction
from reconciler.core.resource import Primitive
from reconciler.engine.adopting import AdoptOptions, site_of
from reconciler.engine.proving import proven
from reconciler.engine.survey import in_full, survey
from tests.scenarios.harness import URL, Story
from tests.scenarios.test_adopt import SHOP, SLACK, adopted, documents, is_proven, left_out, set_secrets, story

__all__ = ["story"]

HOOK = {"url": "https://in.acme.example/hook", "name": "deploy", "pipeline_events": True, "push_events": False}
MINE = "webhooks: {mine: {url: https://in.acme.example/mine, events: [push]}}"
FLEET = [f"p{n:02}" for n in range(20)]


def order(story: Story, fault: dict[str, Any]) -> None:
    """Order a fault of the sandbox."""
    import requests

    with requests.Session() as session:
        session.mount("http://", story.adapter)
        assert session.post(f"{URL}/_sandbox/faults", json=fault).ok


def newer(told: Story) -> Story:
    """A GitLab that says of webhooks whether their tokens are set."""
    told.sandbox.world.settings["version"] = "19.0.0-ee"
    return told


@pytest.fixture
def fleet(story: Story) -> Story:
    """A group `fleet` of twenty projects, with a subgroup."""
    newer(story)
    top = story.ask("POST", "/groups", {"name": "fleet", "path": "fleet"})["id"]
    sub = story.ask("POST", "/groups", {"name": "sub", "path": "sub", "parent_id": top})["id"]
    for name in FLEET:
        space = sub if name == FLEET[-1] else top
        story.ask("POST", "/projects", {"name": name, "path": name, "namespace_id": space})
    return story


def projects() -> list[str]:
    return [f"fleet%2F{name}" for name in FLEET[:-1]] + [f"fleet%2Fsub%2F{FLEET[-1]}"]


def addresses(found: Adoption) -> list[str]:
    return sorted(record.address for record in found.records)


def paths(found: Adoption) -> list[str]:
    return sorted(file.path for file in found.manifests.files)


def test_equal_settings_of_many_projects_become_one_template(fleet: Story) -> None:
    for project in projects():
        fleet.ask("PUT", f"/projects/{project}/integrations/slack", SLACK)

    found = adopted(fleet, "fleet", recursive=True)

    assert is_proven(fleet, found)
    assert dict(found.manifests.templates) == {"slack": 20}
    assert len(found.manifests.variables) == 20
    template = documents(fleet, "manifests/templates.yaml")["templates"]["slack"]
    assert template["default_config"]["channel"] == "#ops"
    assert template["required_fields"] == ["webhook_url"]
    entry = documents(fleet, "manifests/fleet/p07.yaml")["integrations"]["slack"]
    assert entry == {"template": "slack", "webhook_url": "${env:FLEET_P07_SLACK_WEBHOOK_URL}"}
    assert "fleet/sub/p19:integrations.slack" in addresses(found)


def test_what_every_project_of_a_group_has_without_secrets_becomes_one_entry(fleet: Story) -> None:
    for project in projects():
        fleet.ask("POST", f"/projects/{project}/hooks", HOOK)

    found = adopted(fleet, "fleet", recursive=True)

    assert is_proven(fleet, found)
    assert paths(found) == ["manifests/fleet.projects.yaml"]
    assert documents(fleet, "manifests/fleet.projects.yaml") == {
        "targets": {"projects": ["fleet/**"]},
        "webhooks": {"deploy": {"url": HOOK["url"], "events": ["pipeline"]}},
    }
    assert len(found.records) == 20


@pytest.mark.parametrize("why", ["one project lacks it", "a token is set", "it is not known whether a token is set"])
def test_what_is_not_known_to_be_equal_everywhere_is_never_one_entry(why: str, fleet: Story) -> None:
    body = {**HOOK, "token": "hush"} if why == "a token is set" else HOOK
    for project in projects()[1 if why == "one project lacks it" else 0 :]:
        fleet.ask("POST", f"/projects/{project}/hooks", body)
    if why.startswith("it is not known"):
        fleet.sandbox.world.settings["version"] = "18.9.0-ee"

    found = adopted(fleet, "fleet", recursive=True)

    assert is_proven(fleet, found)
    assert dict(found.manifests.fleets) == {}
    assert list(found.manifests.templates.values()) == [len(found.records)]


def test_projects_that_differ_share_nothing(story: Story) -> None:
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)
    story.ask("PUT", "/projects/myorg%2Fweb/integrations/slack", {**SLACK, "channel": "#web"})

    found = adopted(story, "myorg/shop", "myorg/web")

    assert is_proven(story, found)
    assert dict(found.manifests.templates) == {}
    assert paths(found) == ["manifests/myorg/shop.yaml", "manifests/myorg/web.yaml"]


def test_archived_projects_are_left_out_unless_they_are_named(story: Story) -> None:
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)
    story.ask("POST", f"{SHOP}/archive")

    assert [what for what, _ in left_out(adopted(story, "myorg", recursive=True))] == ["the project"]
    assert is_proven(story, adopted(story, "myorg/shop"))


def test_what_is_recorded_or_declared_is_left_alone_and_a_second_run_adopts_nothing(story: Story) -> None:
    story.write("ours.yaml", f"project: myorg/shop\n{MINE}")
    story.apply()
    story.write(
        "ours.yaml",
        """
        project: myorg/shop
        webhooks:
          mine: {url: https://in.acme.example/mine, events: [push]}
          soon: {url: https://in.acme.example/soon, name: null, events: [push]}
        """,
    )
    for name in ("soon", "new"):
        story.ask("POST", f"{SHOP}/hooks", {"url": f"https://in.acme.example/{name}"})

    found = adopted(story, out="manifests/adopted")

    assert addresses(found) == ["myorg/shop:webhooks.in-acme-example-new"]
    assert sorted(one.why for one in found.ours) == [
        "declared as myorg/shop:webhooks.soon; `apply` adopts it",
        "recorded as myorg/shop:webhooks.mine",
    ]
    assert [(step.address, step.action) for step in story.plan().steps] == [
        ("myorg/shop:webhooks.soon", StepAction.ADOPT)
    ]
    again = adopted(story, out="manifests/again")
    assert (again.records, len(again.ours), again.written) == ((), 3, False)


def test_a_name_that_is_taken_gets_a_number(story: Story) -> None:
    story.write(
        "ours.yaml",
        "project: myorg/shop\nintegrations: {slack: {type: external-wiki, external_wiki_url: https://w.acme.example}}",
    )
    story.apply()
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)

    found = adopted(story)

    assert addresses(found) == ["myorg/shop:integrations.slack-2"]
    assert is_proven(story, found)


def test_no_file_is_overwritten(story: Story) -> None:
    story.write("myorg/shop.yaml", "templates: {}\n")
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)

    with pytest.raises(ReconcilerError, match=r"already there: manifests/myorg/shop\.yaml"):
        adopted(story)
    assert story.state().records == {}
    assert adopted(story, out="manifests/adopted").proven


def test_a_file_that_cannot_be_written_leaves_nothing_behind(story: Story) -> None:
    story.ask("POST", "/hooks", {"url": "https://in.acme.example/system"})
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)
    story.write("myorg", "this is no folder")

    with pytest.raises(ReconcilerError, match="cannot be written"):
        adopted(story, "@instance", "myorg/shop")
    assert story.state().records == {}
    assert list(story.folder.rglob("*.yaml")) == []


def test_a_tracker_beside_a_declared_one_is_left_out(story: Story) -> None:
    story.write(
        "ours.yaml",
        """
        targets: {projects: ["myorg/*"]}
        integrations: {tickets: {type: youtrack, project_url: https://t.acme.example, issues_url: "https://t.acme.example/:id"}}
        """,
    )
    story.ask(
        "PUT", f"{SHOP}/integrations/jira", {"url": "https://acme.atlassian.net", "username": "u", "password": "p"}
    )

    found = adopted(story)

    assert found.records == ()
    assert "myorg/shop:integrations.tickets is declared" in found.left_out[0].why


def test_what_the_next_apply_would_change_is_left_out_and_the_rest_is_adopted(story: Story) -> None:
    for name in ("one", "two"):
        story.ask("POST", f"{SHOP}/hooks", {"url": f"https://in.acme.example/{name}", "name": name})
    with story.workspace() as ws:
        site = site_of(ws, AdoptOptions(("myorg/shop",)))
        drafting = Drafting(site.catalogue, {})
        for found in in_full(site, survey(site, set(Primitive))):
            drafting.add(found)
        one, two = drafting.drafts
        drafts = [one, replace(two, values={**two.values, "events": ("issue",)})]

        manifests, proof, refused = proven(site, drafts, "manifests")

    assert [record.address for record in proof.records] == ["myorg/shop:webhooks.one"]
    assert [(left.what, left.why) for left in refused] == [('webhook "two"', "the next apply would change `events`")]
    assert "two" not in manifests.files[0].text


def test_an_object_that_cannot_be_read_in_full_is_left_out(story: Story) -> None:
    for name in ("slack", "external-wiki"):
        story.ask("PUT", f"{SHOP}/integrations/{name}", {**SLACK, "external_wiki_url": "https://w.acme.example"})
    fault = {"match": {"method": "GET", "path": "/api/v4/projects/myorg%2Fshop/integrations/slack"}}
    order(story, {**fault, "do": "status", "value": 403})

    found = adopted(story)

    assert addresses(found) == ["myorg/shop:integrations.external-wiki"]
    assert [one.what for one in found.left_out] == ["slack"]


def test_a_group_that_cannot_be_listed_is_an_error(story: Story) -> None:
    fault = {"match": {"method": "GET", "path": "/api/v4/groups/myorg/descendant_groups"}}
    order(story, {**fault, "do": "status", "value": 403})

    with pytest.raises(InputError, match="a group that cannot be listed"):
        adopted(story, "myorg", recursive=True)


def test_a_manifest_file_is_no_folder_to_write_into(story: Story) -> None:
    story.write("ours.yaml", f"project: myorg/web\n{MINE}")
    story.options = {"manifests": ("manifests/ours.yaml",)}

    with pytest.raises(UsageError, match="is a file"):
        adopted(story)


def test_manifests_that_cannot_be_read_are_no_empty_folder(story: Story) -> None:
    story.write("ours.yaml", "project: [")
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)

    with pytest.raises(InputError, match="something is missing"):
        adopted(story)


def test_blank_manifests_are_an_empty_folder(story: Story) -> None:
    story.write("ours.yaml", "# nothing yet\n")
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)

    assert is_proven(story, adopted(story))


def test_scopes_that_cannot_be_read_are_errors_all_at_once_before_anything_is_written(story: Story) -> None:
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)

    with pytest.raises(InputError) as raised:
        adopted(story, "myorg/shop", "myorg/nowhere", "nobody")
    assert [problem.address for problem in raised.value.problems] == ["myorg/nowhere", "nobody"]
    assert not (story.folder / "manifests").exists()

    found = adopted(story, "myorg/shop", "myorg/nowhere", skip_unreadable=True)
    assert addresses(found) == ["myorg/shop:integrations.slack"]
    assert [one.scope for one in found.left_out] == ["myorg/nowhere"]


def test_a_token_without_the_role_is_an_error(story: Story) -> None:
    user = story.ask(
        "POST", "/users", {"username": "dev", "name": "Dev", "email": "d@x.example", "password": "pass-word-1"}
    )
    story.ask("POST", f"{SHOP}/members", {"user_id": user["id"], "access_level": 30})
    token = story.ask("POST", f"/users/{user['id']}/personal_access_tokens", {"name": "t", "scopes": ["api"]})["token"]
    story.environ["GITLAB_TOKEN"] = token

    with pytest.raises(InputError) as raised:
        adopted(story)
    assert {problem.address for problem in raised.value.problems} == {"myorg/shop"}


def test_a_group_whose_webhooks_gitlab_does_not_offer_is_adopted_without_them_on_request(story: Story) -> None:
    story.ask("PUT", "/groups/myorg/integrations/slack", SLACK)
    story.sandbox.world.settings["licensed"] = False

    with pytest.raises(InputError, match="webhooks that cannot be read"):
        adopted(story, "myorg")
    assert addresses(adopted(story, "myorg", skip_unreadable=True)) == ["myorg:integrations.slack"]


def test_paths_and_kinds_that_cannot_be_are_usage_errors(story: Story) -> None:
    with pytest.raises(UsageError, match="no path"):
        adopted(story, "https://gitlab.example.test/myorg/shop")
    with pytest.raises(UsageError, match="no kind `slak`") as raised:
        adopted(story, kinds=("slak",))
    assert "slack" in raised.value.hint


def test_only_wanted_kinds_are_adopted_and_only_their_lists_are_read(story: Story) -> None:
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)
    story.ask("PUT", f"{SHOP}/integrations/external-wiki", {"external_wiki_url": "https://w.acme.example"})
    story.ask("POST", f"{SHOP}/hooks", HOOK)
    story.asked()

    assert addresses(adopted(story, kinds=("slack",), dry_run=True)) == ["myorg/shop:integrations.slack"]
    assert not any("hooks" in request for request in story.asked())
    assert addresses(adopted(story, kinds=("webhooks",), dry_run=True)) == ["myorg/shop:webhooks.deploy"]
    assert len(adopted(story).records) == 3


def test_a_dry_run_writes_nothing_and_proves_all_the_same(story: Story) -> None:
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)

    found = adopted(story, dry_run=True)

    assert found.proven
    assert (found.written, found.recorded) == (False, False)
    assert [path.name for path in story.folder.iterdir() if path.name != ".reconciler"] == []
    assert not (story.folder / ".reconciler" / "state.json").exists()


def test_without_state_the_next_apply_adopts_and_changes_nothing_but_secrets(story: Story) -> None:
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)
    found = adopted(story, record=False)
    set_secrets(story, found)

    (step,) = story.plan().steps

    assert (found.written, found.recorded) == (True, False)
    assert (step.action, {change.field for change in step.changes}) == (StepAction.ADOPT, {"webhook_url"})


def test_inherited_integrations_are_adopted_only_on_request_and_as_such(story: Story) -> None:
    story.ask("PUT", "/groups/myorg/integrations/slack", SLACK)
    story.clock.advance(5)

    without = adopted(story, "myorg/shop", dry_run=True)
    found = adopted(story, "myorg", recursive=True, inherited=True)

    assert without.records == ()
    assert "--inherited" in without.left_out[0].why
    assert is_proven(story, found)
    assert documents(story, "manifests/myorg.projects.yaml")["integrations"] == {
        "slack": {"type": "slack", "inherit": True}
    }


def test_applications_are_adopted_where_gitlab_shows_their_scopes(story: Story) -> None:
    body = {"name": "Customer Portal", "redirect_uri": "https://a.acme.example/cb\nhttps://b.acme.example/cb"}
    story.ask("POST", "/applications", {**body, "scopes": "api read_user", "confidential": False})

    assert "does not show its `scopes`" in adopted(story, "@instance", dry_run=True).left_out[0].why
    found = adopted(newer(story), "@instance")

    assert is_proven(story, found)
    assert documents(story, "manifests/instance.yaml")["oauth_applications"] == {
        "customer-portal": {
            "name": "Customer Portal",
            "redirect_uri": body["redirect_uri"],
            "scopes": ["api", "read_user"],
            "confidential": False,
        }
    }


def test_of_webhooks_that_nothing_tells_apart_the_first_is_adopted(story: Story) -> None:
    for _ in range(2):
        story.ask("POST", f"{SHOP}/hooks", {"url": "https://in.acme.example/twice"})

    found = adopted(story)

    assert len(found.records) == 1
    assert "name one of them" in found.left_out[0].why
    assert story.plan().is_empty


def test_a_folder_beside_the_manifests_is_said(story: Story) -> None:
    story.write("ours.yaml", f"project: myorg/web\n{MINE}")
    story.apply()
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)

    found = adopted(story, out="elsewhere")

    assert found.proven
    assert found.beside == "elsewhere"
    assert story.state().roots == ("manifests", "elsewhere")
    assert story.plan().is_empty  # less than the recorded roots is read, so nothing is deleted
    story.options = {"manifests": ("manifests", "elsewhere")}
    assert story.plan().is_empty


def test_nothing_is_recorded_while_somebody_else_holds_the_state(story: Story) -> None:
    story.ask("PUT", f"{SHOP}/integrations/slack", SLACK)
    story.options = {"lock_timeout": 0.0}

    with story.workspace() as other, other.lock("apply"):
        with pytest.raises(StateLocked):
            adopted(story)
        assert adopted(story, dry_run=True).proven


def test_webhook_secrets_are_references_and_never_come_near_files_or_state(story: Story) -> None:
    newer(story)
    story.ask(
        "POST",
        f"{SHOP}/hooks",
        {
            **HOOK,
            "url": "https://{host}.acme.example/hook",
            "token": "canary-1",
            "custom_headers": [{"key": "X-Team", "value": "canary-2"}],
            "url_variables": [{"key": "host", "value": "canary-3"}],
        },
    )

    found = adopted(story)

    assert is_proven(story, found)
    assert documents(story)["webhooks"]["deploy"] == {
        "url": "https://{host}.acme.example/hook",
        "secret_token": "${env:MYORG_SHOP_DEPLOY_SECRET_TOKEN}",
        "custom_headers": {"X-Team": "${env:MYORG_SHOP_DEPLOY_CUSTOM_HEADERS_X_TEAM}"},
        "url_variables": {"host": "${env:MYORG_SHOP_DEPLOY_URL_VARIABLES_HOST}"},
        "events": ["pipeline"],
    }
    written = [path.read_bytes() for path in story.folder.rglob("*") if path.is_file()]
    assert not any(b"canary" in body for body in written)
