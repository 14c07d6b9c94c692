"""What the Python API promises beyond the description's examples: ids, names, secrets, one state with the manifests."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.core.errors import InputError, StateError, UsageError
from reconciler.core.plan import StepAction
from reconciler.core.resource import Origin
from reconciler.engine.health import HealthOptions, check_health
from reconciler.integration_management import (
    AlreadyExists,
    IntegrationManagementManager,
    IntegrationType,
    RemoteError,
    SecretUnavailable,
)
from reconciler.sandbox.fronts import SandboxAdapter
from reconciler.wiring import catalogue
from tests.scenarios.harness import URL, Story
from tests.scenarios.programs import APP, HOOK, JENKINS, JIRA, PROJECT, SLACK, hooks, live, manager, seen
from tests.scenarios.test_examples import FOLDERS, variables

ADDRESS = f"{PROJECT}:integrations.team-notifications"


@pytest.fixture
def mgr(story: Story) -> IntegrationManagementManager:
    return manager(story)


def of_kind(name: str) -> dict[str, Any]:
    """The first entry of a kind in the examples, as a program would write it."""
    for folder in FOLDERS:
        for document in yaml.safe_load_all((folder / "manifest.yaml").read_text(encoding="utf-8")):
            for entry in (document.get("integrations") or {}).values():
                if entry.get("type") == name and "project" in document and not entry.get("inherit"):
                    return {**entry, "folder": folder}
    return {}


# --- Types, ids and names --------------------------------------------------------------------------------------------


def test_the_types_are_those_of_the_catalogue() -> None:
    assert {type_.value for type_ in IntegrationType} == set(catalogue().kinds)
    assert {type_.name for type_ in IntegrationType} == {n.upper().replace("-", "_") for n in catalogue().kinds}


@pytest.mark.parametrize("name", [name for name in sorted(catalogue().kinds) if of_kind(name)])
def test_every_type_with_an_example_can_be_created_listed_and_deleted(tmp_path: Path, name: str) -> None:
    config = of_kind(name)
    told = Story(tmp_path, variables(config.pop("folder")))
    config.pop("template", None)
    mgr = manager(told)

    made = mgr.integrations.create(IntegrationType(name), config)

    assert made["integration_id"] == f"{name}-1"
    assert mgr.integrations.list() == [made]
    again = mgr.integrations.create(name.replace("-", "_"), config)
    assert again["integration_id"] == made["integration_id"]
    mgr.integrations.delete(made["integration_id"])
    assert mgr.integrations.list() == []
    assert told.state().records == {}


def test_an_id_stands_in_the_record_beside_an_address_made_from_the_name(
    story: Story, mgr: IntegrationManagementManager
) -> None:
    mgr.slack.create_slack_integration({**SLACK, "name": "Team Notifications"})

    record = story.state().find(ADDRESS)
    assert record is not None
    assert (record.alias, record.origin, record.scope.path) == ("slack-1", Origin.PYTHON, PROJECT)
    assert manager(story).slack.get_slack_integration(ADDRESS)["integration_id"] == "slack-1"


@pytest.mark.parametrize("name", ["Team Notifications", "team notifications", "TEAM-NOTIFICATIONS"])
def test_the_same_name_again_changes_what_is_there(story: Story, mgr: IntegrationManagementManager, name: str) -> None:
    first = mgr.slack.create_slack_integration({**SLACK, "name": "Team Notifications"})

    again = manager(story).slack.create_slack_integration({**SLACK, "channel": "#ops", "name": name})

    assert (again["integration_id"], again["created_at"]) == ("slack-1", first["created_at"])
    assert live(story, "slack")["properties"]["channel"] == "#ops"


def test_what_is_needed_to_reach_a_service_need_not_be_said_again(
    story: Story, mgr: IntegrationManagementManager
) -> None:
    mgr.jira.create_jira_integration({**JIRA, "project_key": "PROJ"})

    changed = manager(story).jira.create_jira_integration({"project_key": "DEV", "enable_commit_sync": True})

    assert changed["config"] == {
        "url": JIRA["url"],
        "username": JIRA["username"],
        "project_key": "DEV",
        "enable_commit_sync": True,
    }
    assert mgr.health.check_integration_health("jira-1")["status"] == "healthy"
    assert manager(story).webhooks.create_webhook(HOOK)["url"] == HOOK["url"]
    assert mgr.webhooks.create_webhook({"name": HOOK["name"], "events": ["release"]})["url"] == HOOK["url"]


def test_the_same_again_sends_nothing(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.webhooks.create_webhook({**HOOK, "secret_token": "s"})
    story.asked()

    mgr.webhooks.create_webhook({**HOOK, "secret_token": "s"})

    assert story.asked(writes=True) == []


def test_a_second_one_of_a_type_under_another_name_is_refused(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.slack.create_slack_integration({**SLACK, "name": "Team Notifications"})

    with pytest.raises(AlreadyExists, match="slack-1") as raised:
        mgr.slack.create_slack_integration({**SLACK, "name": "Deployment Notifications"})

    assert "name" in raised.value.hint
    assert live(story, "slack")["properties"]["channel"] == "#deployments"


def test_a_second_sentry_would_write_the_same_variables_and_is_refused(mgr: IntegrationManagementManager) -> None:
    mgr.monitoring.create_sentry_integration({"name": "One", "dsn": "https://x@sentry.io/1"})

    with pytest.raises(AlreadyExists, match="sentry-1"):
        mgr.monitoring.create_sentry_integration({"name": "Two", "dsn": "https://x@sentry.io/2"})


def test_a_name_is_one_things_name(mgr: IntegrationManagementManager) -> None:
    mgr.slack.create_slack_integration({**SLACK, "name": "Shared"})

    with pytest.raises(AlreadyExists, match="the name is taken"):
        mgr.jenkins.create_jenkins_integration({**JENKINS, "name": "Shared"})


def test_two_webhooks_may_post_to_one_address(story: Story, mgr: IntegrationManagementManager) -> None:
    first = mgr.webhooks.create_webhook(HOOK)
    second = mgr.webhooks.create_webhook({**HOOK, "name": "Another"})

    assert [first["webhook_id"], second["webhook_id"]] == ["webhook-1", "webhook-2"]
    assert len(hooks(story)) == 2


def test_what_has_no_name_is_called_by_its_type_or_its_address(mgr: IntegrationManagementManager) -> None:
    slack = mgr.slack.create_slack_integration(SLACK)
    webhook = mgr.webhooks.create_webhook({"url": "https://api.example.com/in", "events": ["push"]})

    assert (slack["name"], webhook["name"]) == ("Slack", "api.example.com/in")
    assert mgr.slack.create_slack_integration({**SLACK, "channel": "#ops"})["integration_id"] == "slack-1"


@pytest.mark.parametrize("name", ["通知", "n" * 300, "../../etc/passwd", "a:b.c/d", "${env:HOME}"])
def test_any_name_becomes_an_address_that_can_be_read_back(
    story: Story, mgr: IntegrationManagementManager, name: str
) -> None:
    made = mgr.slack.create_slack_integration({**SLACK, "name": name})

    assert made["name"] == name
    assert manager(story).slack.get_slack_integration("slack-1") == made


def test_things_are_found_by_their_id_changed_and_deleted(story: Story, mgr: IntegrationManagementManager) -> None:
    id = mgr.webhooks.create_webhook({**HOOK, "secret_token": "s", "custom_headers": {"X-Team": "t"}})["webhook_id"]

    changed = mgr.webhooks.update_webhook(id, {"events": ["push", "release"], "description": "two"})

    assert (changed["events"], changed["description"]) == (["push", "release"], "two")
    assert mgr.webhooks.list_webhooks() == [changed]
    mgr.webhooks.update_webhook(id, {"description": None})
    assert "description" not in mgr.webhooks.get_webhook(id)
    assert mgr.webhooks.delete_webhook(id)["webhook_id"] == id
    assert (hooks(story), mgr.webhooks.list_webhooks()) == ([], [])


@pytest.mark.parametrize(
    ("id", "said"),
    [("slack-9", "nothing is known as `slack-9`"), ("webhook-1", "is of the type `webhook`, not `slack`")],
)
def test_an_id_that_is_not_there_or_another_types_is_refused(
    mgr: IntegrationManagementManager, id: str, said: str
) -> None:
    mgr.webhooks.create_webhook(HOOK)

    with pytest.raises(UsageError, match=said):
        mgr.slack.send_slack_notification(id, {"text": "hi"})


# --- What is wrong with a configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({**SLACK, "chanel": "#x"}, ["Slack has no `chanel`", "did you mean `channel`?"]),
        ({**SLACK, "channel": 5}, ["`channel` must be text, not a whole number"]),
        ({**SLACK, "events": ["push", "pusch"]}, ["no event `pusch`", "did you mean `push`?"]),
        ({**SLACK, "events": ["merge_requests_events"]}, ["called `merge_request` here"]),
        ({**SLACK, "notify_only_broken_pipelines": "yes"}, ["must be `true` or `false`"]),
        ({**SLACK, "channel": object()}, ["`channel` must be text, a number"]),
        ({**SLACK, "webhook_url": "hooks.slack.com"}, ["`webhook_url`"]),
        ({**SLACK, "type": "jira"}, ["this creates `slack`"]),
        ({**SLACK, "channel": "${env:}"}, ["no name for `env`"]),
        ({"channel": "#x"}, ["needs `webhook_url`", "give `webhook_url`, or set SLACK_WEBHOOK_URL"]),
    ],
)
def test_everything_wrong_with_a_configuration_is_said_with_what_to_do(
    story: Story, mgr: IntegrationManagementManager, config: dict[str, Any], said: list[str]
) -> None:
    with pytest.raises(InputError) as raised:
        mgr.slack.create_slack_integration(config)

    assert [words for words in said if words not in str(raised.value)] == []
    assert "T00/B00" not in str(raised.value)
    assert story.asked(writes=True) == []


def test_several_mistakes_are_said_at_once(mgr: IntegrationManagementManager) -> None:
    with pytest.raises(InputError) as raised:
        mgr.jira.create_jira_integration({"urll": "x", "events": ["pusch"], "username": 5})

    assert len(raised.value.problems) >= 4


@pytest.mark.parametrize(
    ("create", "variables"),
    [
        (lambda mgr: mgr.jira.create_jira_integration({"project_key": "DEV"}), ("JIRA_URL", "JIRA_USERNAME")),
        (
            lambda mgr: mgr.jenkins.create_jenkins_integration(
                {"jenkins_url": JENKINS["jenkins_url"], "username": "u"}
            ),
            ("JENKINS_PROJECT_NAME", "JENKINS_API_TOKEN"),
        ),
    ],
)
def test_the_variable_of_a_field_that_another_one_needs_is_named_too(
    mgr: IntegrationManagementManager, create: Any, variables: tuple[str, ...]
) -> None:
    with pytest.raises(InputError) as raised:
        create(mgr)

    assert [name for name in variables if name not in str(raised.value)] == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda mgr: mgr.slack.create_slack_integration(None),
        lambda mgr: mgr.slack.create_slack_integration("#channel"),
        lambda mgr: mgr.slack.update("slack-1", ["channel"]),
        lambda mgr: mgr.slack.send_slack_notification("slack-1", "hi"),
        lambda mgr: mgr.webhooks.trigger_webhook("slack-1", "push"),
        lambda mgr: mgr.oauth.create_oauth_application(None),
        lambda mgr: mgr.templates.create_template([]),
        lambda mgr: mgr.slack.get(None),
        lambda mgr: mgr.slack.delete(1),
        lambda mgr: mgr.health.check_integration_health(1),
        lambda mgr: mgr.templates.get_template(None),
        lambda mgr: mgr.templates.list_templates("slak"),
    ],
)
def test_what_is_of_the_wrong_type_altogether_is_told_so(mgr: IntegrationManagementManager, ask: Any) -> None:
    mgr.slack.create_slack_integration(SLACK)

    with pytest.raises(UsageError, match=r"not (as )?(nothing|text|a list|a whole number)|no type `slak`"):
        ask(mgr)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"project_id": "myorg"}, "no path of a project"),
        ({"project_id": "https://gitlab.com/a/b"}, "no path of a project"),
        ({"project_id": None}, "one project or one group"),
        ({"project_id": "a/b", "group_id": "c"}, "one project or one group"),
        ({"project_id": "myorg/nowhere"}, "nowhere"),
        ({"project_id": 987654}, "987654"),
    ],
)
def test_a_manager_needs_a_project_or_a_group_that_is_there(story: Story, given: dict[str, Any], said: str) -> None:
    with pytest.raises((UsageError, RemoteError), match=said):
        manager(story, **given).slack.create_slack_integration(SLACK)


def test_a_project_may_be_named_by_its_number(story: Story) -> None:
    number = story.ask("GET", "/projects/myorg%2Fmyproject")["id"]

    made = manager(story, project_id=number).slack.create_slack_integration(SLACK)

    assert made["project_id"] == PROJECT


def test_a_group_has_integrations_too(story: Story) -> None:
    made = manager(story, project_id=None, group_id="myorg").slack.create_slack_integration(SLACK)

    assert made["project_id"] == "myorg"
    assert live(story, "slack")["inherited"] is True


def test_what_gitlab_refuses_is_told_and_not_recorded(story: Story, mgr: IntegrationManagementManager) -> None:
    with pytest.raises(RemoteError, match="custom-integration"):
        mgr.webhooks.create_webhook({**HOOK, "push_events_branch_filter": "(", "branch_filter_strategy": "regex"})

    assert (story.state().records, mgr.webhooks.list_webhooks()) == ({}, [])


# --- Secrets ---------------------------------------------------------------------------------------------------------


def test_a_new_process_lacks_the_secret_and_says_what_supplies_it(
    story: Story, mgr: IntegrationManagementManager
) -> None:
    mgr.slack.create_slack_integration(SLACK)
    another = manager(story)

    with pytest.raises(SecretUnavailable, match="`webhook_url` of slack-1") as raised:
        another.slack.send_slack_notification("slack-1", {"text": "hi"})

    assert raised.value.hint == "set SLACK_WEBHOOK_URL, or give `secrets={'slack-1': {'webhook_url': …}}`"
    assert "slack" not in story.sandbox.world.services


@pytest.mark.parametrize(
    "secrets",
    [
        {"slack-1": {"webhook_url": SLACK["webhook_url"]}},
        {"slack": {"webhook_url": SLACK["webhook_url"]}},
        {"SLACK_WEBHOOK_URL": SLACK["webhook_url"]},
    ],
)
def test_a_new_process_is_given_secrets_by_id_type_or_variable(
    story: Story, mgr: IntegrationManagementManager, secrets: dict[str, Any]
) -> None:
    mgr.slack.create_slack_integration(SLACK)

    manager(story, secrets=secrets).slack.send_slack_notification("slack-1", {"text": "hi"})

    assert [message["text"] for message in seen(story, "slack")["messages"]] == ["hi"]


def test_a_new_process_takes_secrets_from_the_environment(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.slack.create_slack_integration(SLACK)
    story.environ["SLACK_WEBHOOK_URL"] = SLACK["webhook_url"]

    another = manager(story)

    assert another.slack.send_slack_notification("slack-1", {"text": "hi"}) == {"posted": True}
    assert another.health.check_integration_health("slack-1")["status"] == "healthy"
    assert another.slack.update_slack_integration("slack-1", {"channel": "#ops"})["config"]["channel"] == "#ops"


def test_a_change_that_must_send_the_secret_needs_it(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.slack.create_slack_integration(SLACK)

    with pytest.raises(SecretUnavailable, match="webhook_url"):
        manager(story).slack.update_slack_integration("slack-1", {"channel": "#ops"})

    assert live(story, "slack")["properties"]["channel"] == "#deployments"


def test_a_change_that_need_not_send_the_secret_does_without(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.webhooks.create_webhook({**HOOK, "secret_token": "s"})
    digest = story.state().find(f"{PROJECT}:webhooks.custom-integration")

    manager(story).webhooks.update_webhook("webhook-1", {"events": ["release"]})

    after = story.state().find(f"{PROJECT}:webhooks.custom-integration")
    assert digest is not None
    assert after is not None
    assert after.digests == digest.digests
    assert hooks(story)[0]["releases_events"] is True


def test_a_reference_is_as_good_as_a_literal(story: Story, mgr: IntegrationManagementManager) -> None:
    story.environ["TEAM_WEBHOOK"] = SLACK["webhook_url"]

    mgr.slack.create_slack_integration({**SLACK, "webhook_url": "${env:TEAM_WEBHOOK}"})

    assert mgr.slack.send_slack_notification("slack-1", {"text": "hi"}) == {"posted": True}


def test_a_new_process_follows_the_reference_that_a_secret_was_stated_by(
    story: Story, mgr: IntegrationManagementManager
) -> None:
    story.environ["TEAM_WEBHOOK"] = SLACK["webhook_url"]
    mgr.slack.create_slack_integration({**SLACK, "webhook_url": "${env:TEAM_WEBHOOK}"})

    another = manager(story)

    assert another.slack.send_slack_notification("slack-1", {"text": "hi"}) == {"posted": True}
    assert another.slack.update_slack_integration("slack-1", {"channel": "#ops"})["config"]["channel"] == "#ops"
    del story.environ["TEAM_WEBHOOK"]
    with pytest.raises(SecretUnavailable) as raised:
        manager(story).slack.send_slack_notification("slack-1", {"text": "hi"})
    assert raised.value.hint == "set TEAM_WEBHOOK, or give `secrets={'slack-1': {'webhook_url': …}}`"


def test_what_is_written_beside_a_reference_is_not_kept(story: Story, mgr: IntegrationManagementManager) -> None:
    story.environ["PART"] = "services/T00/B00/XXX"

    mgr.slack.create_slack_integration({**SLACK, "webhook_url": "https://hooks.slack.com/${env:PART:-canary-default}"})

    assert "canary-default" not in (story.folder / ".reconciler" / "state.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(("variable", "status"), [("SLACK_WEBHOOK_URL", "healthy"), ("OTHER", "unknown")])
def test_the_command_line_takes_a_programs_secrets_from_their_variables(
    story: Story, mgr: IntegrationManagementManager, variable: str, status: str
) -> None:
    mgr.slack.create_slack_integration(SLACK)
    story.environ[variable] = SLACK["webhook_url"]

    with story.workspace() as ws:
        (result,) = check_health(ws, HealthOptions(targets=(f"{PROJECT}:integrations.slack",))).results

    assert result.status == status
    assert ("SLACK_WEBHOOK_URL" in result.sentence) is (status == "unknown")


def test_what_belongs_to_the_tool_never_becomes_a_field(story: Story, mgr: IntegrationManagementManager) -> None:
    with pytest.raises(InputError, match="credential of the tool"):
        mgr.slack.create_slack_integration({**SLACK, "webhook_url": "https://h/${env:GITLAB_TOKEN}"})


def test_an_applications_secret_is_shown_once_and_renewed_on_request(
    story: Story, mgr: IntegrationManagementManager
) -> None:
    first = mgr.oauth.create_oauth_application(APP)

    again = mgr.oauth.create_oauth_application(APP)
    renewed = mgr.oauth.rotate_oauth_application("app-1")

    assert first["client_secret"]
    assert again["client_secret"] is None
    assert again["client_id"] == renewed["client_id"] == first["client_id"]
    assert renewed["client_secret"] not in (None, first["client_secret"])
    assert [{**one, "client_secret": None} for one in mgr.oauth.list_oauth_applications()] == [again]


def test_a_revoked_application_stays_away_until_it_is_made_anew(
    story: Story, mgr: IntegrationManagementManager
) -> None:
    first = mgr.oauth.create_oauth_application(APP)
    revoked = mgr.oauth.revoke_oauth_application("app-1")

    anew = mgr.oauth.create_oauth_application(APP)

    assert (revoked["revoked"], revoked["client_id"]) == (True, None)
    assert (anew["app_id"], anew["revoked"]) == ("app-1", False)
    assert anew["client_id"] != first["client_id"]
    assert anew["client_secret"]


CANARY = "Kanari3nv0gel"


def test_no_secret_gets_into_a_file_a_result_a_log_or_an_error(
    story: Story, mgr: IntegrationManagementManager, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[object] = [
        mgr.slack.create_slack_integration({**SLACK, "webhook_url": f"https://hooks.slack.com/services/{CANARY}/B/C"}),
        mgr.jira.create_jira_integration({**JIRA, "api_token": CANARY, "project_key": "PROJ", "issue_type": "Task"}),
        mgr.jenkins.create_jenkins_integration({**JENKINS, "api_token": CANARY}),
        mgr.monitoring.create_datadog_integration({"api_key": CANARY}),
        mgr.monitoring.create_sentry_integration({"dsn": f"https://{CANARY}@sentry.io/1", "auth_token": CANARY}),
        mgr.webhooks.create_webhook({**HOOK, "secret_token": CANARY, "custom_headers": {"X-Key": CANARY}}),
    ]
    app = mgr.oauth.create_oauth_application(APP)
    said += [
        mgr.slack.send_slack_notification("slack-1", {"text": "hi"}),
        mgr.jira.sync_issue("jira-1", {"iid": 1, "title": "t"}),
        mgr.jenkins.trigger_jenkins_build("jenkins-1"),
        mgr.webhooks.trigger_webhook("webhook-1", {"event_type": "push"}),
        mgr.health.check_all(),
        mgr.webhooks.update_webhook("webhook-1", {"events": ["release"]}),
        mgr.integrations.list(),
        mgr.webhooks.list(),
        mgr.oauth.list_oauth_applications(),
        repr(mgr),
        vars(mgr),
        repr(vars(mgr._session)),
    ]
    for wrong in ({"webhook_url": f"{CANARY}"}, {"webhook_url": [CANARY]}, {"webhook_url": {"x": CANARY}}):
        with pytest.raises(InputError) as raised:
            mgr.slack.create_slack_integration({**SLACK, **wrong})
        said.append(str(raised.value))

    ours = [path for path in story.folder.rglob("*") if path.is_file()]
    assert len(ours) > 3
    for secret in (CANARY, str(app["client_secret"])):
        assert [path for path in ours if secret.encode() in path.read_bytes()] == []
        assert secret not in repr(said)
        assert secret not in caplog.text
        assert secret not in repr(story.listening.events)


# --- One state with the manifests ------------------------------------------------------------------------------------

MANIFEST = """
project: myorg/myproject
webhooks:
  deploy: {url: "https://api.acme.example/deploy", events: [push]}
"""
WITH_JENKINS = (
    MANIFEST
    + """
integrations:
  ci:
    type: jenkins
    jenkins_url: https://j.example.com
    project_name: app
    username: u
    api_token: ${env:TOKEN}
"""
)


def test_manifests_leave_alone_what_programs_declared(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.slack.create_slack_integration(SLACK)
    story.write("hooks.yaml", MANIFEST)

    plan = story.plan()
    story.apply()

    assert [(step.address, step.action) for step in plan.steps] == [
        ("myorg/myproject:webhooks.deploy", StepAction.CREATE)
    ]
    assert any("Python API" in note for note in plan.notes)
    assert live(story, "slack")["active"] is True
    assert story.plan().is_empty
    assert mgr.slack.list_slack_integrations() != []


def test_a_manifest_that_declares_what_a_program_made_takes_it_over_and_says_so(
    story: Story, mgr: IntegrationManagementManager
) -> None:
    mgr.webhooks.create_webhook({**HOOK, "name": "deploy"})
    story.write("hooks.yaml", MANIFEST)

    plan = story.plan()
    story.apply()

    assert [note for note in plan.notes if "takes it over" in note and "webhooks.deploy" in note]
    assert story.plan().is_empty
    assert len(hooks(story)) == 1
    with pytest.raises(StateError, match="declared in"):
        mgr.webhooks.create_webhook({**HOOK, "name": "deploy"})


def test_programs_leave_alone_what_manifests_declared(story: Story, mgr: IntegrationManagementManager) -> None:
    story.write("hooks.yaml", WITH_JENKINS)
    story.environ["TOKEN"] = "t"
    story.apply()
    before = story.state().records

    with pytest.raises(StateError, match=r"declared in manifests/hooks\.yaml"):
        mgr.webhooks.create_webhook({**HOOK, "name": "Deploy"})
    with pytest.raises(AlreadyExists, match=r"integrations\.ci"):
        mgr.jenkins.create_jenkins_integration(JENKINS)
    with pytest.raises(StateError, match="declared in"):
        mgr.webhooks.delete_webhook("myorg/myproject:webhooks.deploy")

    mgr.webhooks.create_webhook(HOOK)
    assert {key: record for key, record in story.state().records.items() if key in before} == before
    assert mgr.webhooks.test_webhook("myorg/myproject:webhooks.deploy")["success"] is True


def test_two_projects_in_one_state_have_ids_of_their_own(story: Story, mgr: IntegrationManagementManager) -> None:
    first = mgr.slack.create_slack_integration(SLACK)
    second = manager(story, project_id="myorg/shop").slack.create_slack_integration(SLACK)

    assert (first["integration_id"], second["integration_id"]) == ("slack-1", "slack-2")
    assert mgr.slack.list_slack_integrations() == [first]


def test_a_field_that_is_given_up_takes_its_variable_along(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.monitoring.create_sentry_integration({"dsn": "https://x@sentry.io/1", "release": "v1"})

    mgr.monitoring.update("sentry-1", {"release": None})

    keys = {one["key"] for one in story.ask("GET", "/projects/myorg%2Fmyproject/variables")}
    assert keys == {"SENTRY_DSN"}


def test_what_exists_already_is_taken_over(story: Story, mgr: IntegrationManagementManager) -> None:
    there = {"webhook": "https://hooks.slack.com/services/T/B/OLD", "channel": "#old"}
    story.ask("PUT", "/projects/myorg%2Fmyproject/integrations/slack", there)

    mgr.slack.create_slack_integration(SLACK)

    assert live(story, "slack")["properties"]["channel"] == "#deployments"


def test_a_managers_connections_may_be_kept(story: Story) -> None:
    with manager(story) as mgr:
        mgr.slack.create_slack_integration(SLACK)

        assert mgr.slack.send_slack_notification("slack-1", {"text": "hi"}) == {"posted": True}


# --- Templates -------------------------------------------------------------------------------------------------------

TEMPLATE = {
    "name": "Team Chat",
    "integration_type": "slack",
    "default_config": {"username": "Bot", "events": ["push"]},
    "required_fields": ["webhook_url", "channel"],
}


def test_a_template_is_used_by_its_id(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.templates.create_template(TEMPLATE)

    made = mgr.slack.create_slack_integration({**SLACK, "template": "template-1", "username": "Other"})

    assert (made["config"]["username"], made["config"]["events"]) == ("Other", ["push"])


def test_a_built_in_template_is_used_by_its_name(mgr: IntegrationManagementManager) -> None:
    made = mgr.slack.create_slack_integration({**SLACK, "template": "slack-alerts"})

    assert made["config"]["notify_only_broken_pipelines"] is True


def test_what_a_template_requires_must_be_there(mgr: IntegrationManagementManager) -> None:
    mgr.templates.create_template(TEMPLATE)

    with pytest.raises(InputError, match="needs `channel` \\(its template wants it\\)"):
        mgr.slack.create_slack_integration({"webhook_url": SLACK["webhook_url"], "template": "Team Chat"})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"default_config": {"webhook_url": "https://hooks.slack.com/services/T/B/C"}}, "a secret written out"),
        ({"default_config": {"chanel": "#x"}}, "Slack has no `chanel`"),
        ({"required_fields": ["chanel"]}, "Slack has no `chanel`"),
        ({"name": ""}, "a template without a name"),
    ],
)
def test_a_template_is_checked_when_it_is_created(
    mgr: IntegrationManagementManager, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        mgr.templates.create_template({**TEMPLATE, **changed})

    assert mgr.templates.list_templates(builtin=False) == []


def test_templates_are_changed_by_their_name_and_deleted(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.templates.create_template(TEMPLATE)
    changed = mgr.templates.create_template({**TEMPLATE, "description": "new"})

    assert (changed["template_id"], changed["description"]) == ("template-1", "new")
    mgr.templates.delete_template("template-1")
    assert manager(story).templates.list_templates(builtin=False) == []
    with pytest.raises(UsageError, match="no template `template-1`"):
        mgr.templates.get_template("template-1")
    with pytest.raises(UsageError, match="built-in"):
        mgr.templates.delete_template("slack-team")


def test_templates_stand_beside_the_state_and_are_refused_when_damaged(
    story: Story, mgr: IntegrationManagementManager
) -> None:
    mgr.templates.create_template(TEMPLATE)
    (path,) = story.folder.rglob("*.templates")

    assert json.loads(path.read_bytes())["templates"]["template-1"]["name"] == "Team Chat"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(StateError, match="damaged"):
        mgr.templates.list_templates()


# --- Processes that end in between -----------------------------------------------------------------------------------


def test_a_secret_of_a_variable_stays_when_another_process_changes_something_else(
    story: Story, mgr: IntegrationManagementManager
) -> None:
    dsn = "https://x@sentry.io/1"
    mgr.monitoring.create_sentry_integration({"dsn": dsn, "auth_token": "t" * 16, "release": "v1"})

    manager(story).monitoring.update("sentry-1", {"release": "v2"})

    values = {one["key"]: one["value"] for one in story.ask("GET", "/projects/myorg%2Fmyproject/variables")}
    assert values == {"SENTRY_DSN": dsn, "SENTRY_AUTH_TOKEN": "t" * 16, "SENTRY_RELEASE": "v2"}


class Dead(BaseException):
    """The process ends here."""


class Deadly(SandboxAdapter):
    """Ends the process once GitLab has made a webhook, before anybody hears of it."""

    def send(self, request: Any, *args: Any, **more: Any) -> Any:
        answer = super().send(request, *args, **more)
        if request.method == "POST" and request.url.endswith("/hooks"):
            raise Dead
        return answer


def test_what_a_dying_process_has_created_is_found_again_and_keeps_its_id(story: Story) -> None:
    alive, story.adapter = story.adapter, Deadly(story.sandbox, url=URL)
    with pytest.raises(Dead):
        manager(story).webhooks.create_webhook(HOOK)
    story.adapter = alive

    mgr = manager(story)
    second = mgr.webhooks.create_webhook({**HOOK, "name": "Another"})
    first = mgr.webhooks.create_webhook(HOOK)

    assert [first["webhook_id"], second["webhook_id"]] == ["webhook-1", "webhook-2"]
    assert len(hooks(story)) == 2


def test_an_inheriting_project_states_nothing_itself(story: Story, mgr: IntegrationManagementManager) -> None:
    manager(story, project_id=None, group_id="myorg").slack.create_slack_integration(SLACK)

    made = mgr.slack.create_slack_integration({"inherit": True})

    assert made["config"] == {"inherit": True}
    assert live(story, "slack")["inherited"] is True
