"""The description's own examples, as they stand: the usage example in its order, then each further snippet."""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reconciler.integration_management import IntegrationManagementManager, IntegrationType
from tests.scenarios.harness import Story
from tests.scenarios.programs import APP, HOOK, JENKINS, JIRA, SLACK, hooks, live, manager, seen

ROOT = Path(__file__).resolve().parents[2]
USAGE = ROOT / "examples" / "python" / "usage.py"
DESCRIPTION = ROOT.parent / "shared" / "seed" / "integration-management.md"
IMPORT = "from reconciler.integration_management import"


@pytest.fixture
def mgr(story: Story) -> IntegrationManagementManager:
    return manager(story)


def carried_out(story: Story) -> dict[str, Any]:
    """The usage example, statement by statement; what its names stand for at the end."""
    names: dict[str, Any] = {}
    for statement in ast.parse(USAGE.read_text(encoding="utf-8")).body:
        exec(compile(ast.Module([statement], []), str(USAGE), "exec"), names)  # the example's own lines
        if isinstance(statement, ast.ImportFrom):
            opened = functools.partial(IntegrationManagementManager, open_with=story.workspace)
            names["IntegrationManagementManager"] = opened
    return names


def test_the_usage_example_does_in_its_order_what_it_says(story: Story) -> None:
    made = carried_out(story)

    ids = [made[name]["integration_id"] for name in ("slack", "jira", "jenkins", "datadog", "sentry")]
    assert ids == ["slack-1", "jira-1", "jenkins-1", "datadog-1", "sentry-1"]
    assert made["webhook"]["webhook_id"] == "webhook-1"
    assert made["oauth_app"]["app_id"] == "app-1"
    assert made["template"]["template_id"] == "template-1"
    assert set(made["oauth_app"]) >= {"client_id", "client_secret"}
    assert made["health"]["status"] == "healthy"
    assert made["unhealthy"] == []
    assert live(story, "slack")["properties"]["channel"] == "#deployments"
    assert [hook["url"] for hook in hooks(story)] == ["https://api.myapp.com/deploy"]
    assert [message["text"] for message in seen(story, "slack")["messages"]] == ["Deployment successful! 🚀"]
    assert [issue["fields"]["summary"] for issue in issues(story)] == ["Implement feature"]
    (build,) = seen(story, "jenkins")["builds"]["myapp-build"]
    assert build["parameters"] == {"BRANCH": "main", "COMMIT_SHA": "abc123"}


def test_the_usage_example_may_be_run_again_and_changes_nothing_then(story: Story) -> None:
    first = carried_out(story)
    story.asked()

    again = carried_out(story)

    assert again["slack"] == first["slack"]
    assert (again["oauth_app"]["client_id"], again["oauth_app"]["client_secret"]) == (
        first["oauth_app"]["client_id"],
        None,
    )
    settings = re.compile(r"/(integrations|variables|applications|hooks)(/\w+)?$")
    assert [one for one in story.asked(writes=True) if settings.search(one)] == []


def test_the_usage_example_runs_by_itself_with_nothing_but_the_sandbox_switched_on(tmp_path: Path) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environ = {**kept, "PYTHONPATH": str(ROOT), "RECONCILER_SANDBOX": "1", "PYTHONWARNINGS": "error"}

    run = subprocess.run([sys.executable, str(USAGE)], cwd=tmp_path, env=environ, capture_output=True, text=True)

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".reconciler"]


def test_the_usage_example_is_the_descriptions_with_only_the_import_changed() -> None:
    if not DESCRIPTION.exists():
        pytest.skip("the description (../shared/seed/integration-management.md) is not here")
    text = DESCRIPTION.read_text(encoding="utf-8")
    theirs = re.findall(r"```python\n(.*?)```", text, re.S)[0]
    theirs = theirs.replace("from integration_management import", IMPORT)
    ours = USAGE.read_text(encoding="utf-8")

    assert form(theirs) == form(ours.partition('"""\n\n')[2])


def form(code: str) -> str:
    """Code without layout, comments, and the rocket that the description's encoding has broken."""
    return re.sub(r"(Deployment successful! )[^']*", r"\1", ast.dump(ast.parse(code)))


def issues(story: Story) -> list[dict[str, Any]]:
    found = seen(story, "jira")["issues"]
    return list(found.values()) if isinstance(found, dict) else list(found)


# --- Slack Configuration ---------------------------------------------------------------------------------------------


def test_slack_tells_a_channel_of_chosen_events_under_the_bots_name(
    story: Story, mgr: IntegrationManagementManager
) -> None:
    slack = mgr.slack.create_slack_integration(
        {
            "name": "Deployment Notifications",
            "webhook_url": "https://hooks.slack.com/services/T00/B00/XXX",
            "channel": "#deployments",
            "username": "Deploy Bot",
            "events": [
                "push",  # Code pushed
                "merge_request",  # MR created/updated
                "pipeline",  # Pipeline status
                "issue",  # Issue created/updated
                "deployment",  # Deployment events
            ],
            "notify_only_broken_pipelines": True,  # Only notify failures
        }
    )

    there = live(story, "slack")
    flags = {name for name, value in there.items() if name.endswith("_events") and value}
    assert flags - {"commit_events", "job_events"} == {  # GitLab shows these two, and has no use for them here
        "push_events",
        "merge_requests_events",
        "pipeline_events",
        "issues_events",
        "deployment_events",
    }
    assert there["properties"]["username"] == "Deploy Bot"
    assert there["properties"]["notify_only_broken_pipelines"] is True
    assert slack["config"]["events"] == ["deployment", "issue", "merge_request", "pipeline", "push"]
    assert (slack["name"], slack["type"], slack["integration_id"]) == ("Deployment Notifications", "slack", "slack-1")


def test_slack_messages_can_be_rich(story: Story, mgr: IntegrationManagementManager) -> None:
    slack = mgr.slack.create_slack_integration(SLACK)
    attachment = {"color": "good", "title": "v1.2.3", "text": "Deployed", "fields": [{"title": "env", "value": "prod"}]}

    sent = mgr.slack.send_slack_notification(slack["integration_id"], {"text": "Done", "attachments": [attachment]})

    assert sent == {"posted": True}
    (message,) = seen(story, "slack")["messages"]
    assert (message["text"], message["attachments"]) == ("Done", [attachment])


# --- Jira Configuration ----------------------------------------------------------------------------------------------


def test_jira_links_commits_and_merge_requests(story: Story, mgr: IntegrationManagementManager) -> None:
    jira = mgr.jira.create_jira_integration(
        {
            "name": "Jira Integration",
            "url": "https://yourcompany.atlassian.net",
            "username": "gitlab-integration@company.com",
            "api_token": "your-atlassian-api-token",
            "project_key": "PROJ",
            "issue_type": "Task",  # Bug, Story, Task, Epic
            "transition_id": "21",  # Optional transition for commits
            "enable_commit_sync": True,
            "enable_merge_request_sync": True,
        }
    )

    there = live(story, "jira")
    assert (there["commit_events"], there["merge_requests_events"]) == (True, True)
    assert there["properties"]["jira_issue_transition_id"] == "21"
    assert jira["config"]["project_key"] == "PROJ"
    assert "api_token" not in jira["config"]


def test_jira_gets_an_issue_once_and_its_changes_after_that(story: Story, mgr: IntegrationManagementManager) -> None:
    jira = mgr.jira.create_jira_integration({**JIRA, "project_key": "PROJ", "issue_type": "Task"})
    issue = {"iid": 123, "title": "Implement feature", "description": "Feature description"}

    first = mgr.jira.sync_issue(jira["integration_id"], issue)
    again = mgr.jira.sync_issue(jira["integration_id"], issue)
    changed = mgr.jira.sync_issue(jira["integration_id"], {**issue, "title": "Implement it well"})

    assert [(one["created"], one["updated"]) for one in (first, again, changed)] == [(1, 0), (0, 0), (0, 1)]
    assert first["key"] == again["key"] == changed["key"] == "PROJ-1"
    assert [one["fields"]["summary"] for one in issues(story)] == ["Implement it well"]


@pytest.mark.parametrize("type_", ["Bug", "Story", "Task", "Epic"])
def test_jira_issues_can_be_of_any_type(story: Story, mgr: IntegrationManagementManager, type_: str) -> None:
    jira = mgr.jira.create_jira_integration({**JIRA, "project_key": "PROJ", "issue_type": type_})

    mgr.jira.sync_issue(jira["integration_id"], {"iid": 1, "title": "Do it"})

    assert [one["fields"]["issuetype"]["name"] for one in issues(story)] == [type_]


def test_gitlab_projects_are_mapped_to_jira_projects(story: Story, mgr: IntegrationManagementManager) -> None:
    mapping = {"myorg/myproject": "DEV", "myorg/other": "OPS"}
    jira = mgr.jira.create_jira_integration({**JIRA, "project_key": "PROJ", "project_mapping": mapping})

    synced = mgr.jira.sync_issue(jira["integration_id"], {"iid": 1, "title": "Do it"})

    assert synced["key"] == "DEV-1"


# --- Webhook Configuration -------------------------------------------------------------------------------------------


def test_a_webhook_posts_chosen_events_to_any_address(story: Story, mgr: IntegrationManagementManager) -> None:
    webhook = mgr.webhooks.create_webhook(
        {
            "name": "Custom Integration",
            "url": "https://api.example.com/webhooks/gitlab",
            "events": ["push", "merge_request", "pipeline"],
            "secret_token": "webhook-secret-key",
            "enable_ssl_verification": True,
        }
    )

    (hook,) = hooks(story)
    assert (hook["name"], hook["url"]) == ("Custom Integration", "https://api.example.com/webhooks/gitlab")
    assert {name for name, on in hook.items() if name.endswith("_events") and on is True} == {
        "push_events",
        "merge_requests_events",
        "pipeline_events",
    }
    assert hook["enable_ssl_verification"] is True
    assert webhook["webhook_id"] == "webhook-1"
    assert webhook["events"] == ["merge_request", "pipeline", "push"]
    assert "webhook-secret-key" not in str(webhook)


@pytest.mark.parametrize(
    "event", ["push", "merge_request", "pipeline", "issue", "deployment", "tag_push", "wiki_page", "release"]
)
def test_a_webhook_can_have_each_event_of_the_description(mgr: IntegrationManagementManager, event: str) -> None:
    webhook = mgr.webhooks.create_webhook({**HOOK, "events": [event]})

    assert webhook["events"] == [event]


def test_a_webhook_is_tested_by_gitlab_and_counted(story: Story, mgr: IntegrationManagementManager) -> None:
    webhook = mgr.webhooks.create_webhook({**HOOK, "secret_token": "webhook-secret-key"})
    id = webhook["webhook_id"]

    tested = mgr.webhooks.test_webhook(id)

    statistics = mgr.webhooks.get_webhook_statistics(id)
    (event,) = mgr.webhooks.list_webhook_events(id)
    assert (tested["success"], tested["event"]) == (True, "push")
    assert (statistics["trigger_count"], statistics["success_rate"]) == (1, 1.0)
    assert statistics["last_triggered"] == event["at"]
    assert mgr.webhooks.resend_webhook_event(id, event["id"])["success"] is True
    assert mgr.webhooks.get_webhook_statistics(id)["trigger_count"] == 2


def test_a_webhook_is_triggered_by_us_with_its_token(story: Story, mgr: IntegrationManagementManager) -> None:
    webhook = mgr.webhooks.create_webhook({**HOOK, "secret_token": "webhook-secret-key"})
    story.asked()

    sent = mgr.webhooks.trigger_webhook(webhook["webhook_id"], {"event_type": "pipeline", "status": "success"})

    assert (sent["success"], sent["event"], sent["status"]) == (True, "pipeline", 200)
    assert story.asked(writes=True) == ["POST /webhooks/gitlab"]


def test_a_webhook_need_not_verify_certificates(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.webhooks.create_webhook({**HOOK, "enable_ssl_verification": False})

    assert hooks(story)[0]["enable_ssl_verification"] is False


# --- OAuth Flow ------------------------------------------------------------------------------------------------------


def test_an_application_is_created_and_revoked_if_compromised(story: Story, mgr: IntegrationManagementManager) -> None:
    app = mgr.oauth.create_oauth_application(
        {
            "name": "Mobile Application",
            "redirect_uri": "myapp://oauth/callback",
            "scopes": ["api", "read_user"],
            "confidential": True,
        }
    )
    there = story.ask("GET", "/applications")

    mgr.oauth.revoke_oauth_application(app["app_id"])

    assert [(one["application_name"], one["callback_url"]) for one in there] == [
        ("Mobile Application", "myapp://oauth/callback")
    ]
    assert app["client_id"] == there[0]["application_id"]
    assert story.ask("GET", "/applications") == []
    assert mgr.oauth.get_oauth_application(app["app_id"])["revoked"] is True


@pytest.mark.parametrize("scope", ["api", "read_api", "read_user", "read_repository", "write_repository", "sudo"])
def test_an_application_can_have_each_scope_that_every_gitlab_offers(
    mgr: IntegrationManagementManager, scope: str
) -> None:
    assert mgr.oauth.create_oauth_application({**APP, "scopes": [scope]})["scopes"] == [scope]


@pytest.mark.parametrize("scope", ["read_registry", "write_registry"])
def test_scopes_of_the_registry_are_known_and_left_to_the_instance(
    mgr: IntegrationManagementManager, scope: str
) -> None:
    from reconciler.integrations.oauth_application import SCOPES

    assert scope in SCOPES


@pytest.mark.parametrize("confidential", [True, False])
def test_applications_are_confidential_or_public(
    story: Story, mgr: IntegrationManagementManager, confidential: bool
) -> None:
    mgr.oauth.create_oauth_application({**APP, "confidential": confidential})

    assert [one["confidential"] for one in story.ask("GET", "/applications")] == [confidential]


# --- Health Monitoring -----------------------------------------------------------------------------------------------


def test_health_is_a_status_a_time_and_a_moment_and_is_kept(mgr: IntegrationManagementManager) -> None:
    mgr.slack.create_slack_integration(SLACK)

    health = mgr.health.check_integration_health(integration_id="slack-1", integration_type="slack")

    assert health["status"] == "healthy"
    assert isinstance(health["response_time_ms"], int)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", health["last_check"])
    history = mgr.health.get_health_history("slack-1")
    assert [(one["status"], one["last_check"]) for one in history] == [("healthy", health["last_check"])]


def test_what_does_not_work_is_listed_by_its_id(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.slack.create_slack_integration(SLACK)
    mgr.jenkins.create_jenkins_integration(JENKINS)
    mgr.webhooks.create_webhook(HOOK)
    story.ask("DELETE", "/projects/myorg%2Fmyproject/integrations/jenkins")
    story.ask("DELETE", f"/projects/myorg%2Fmyproject/hooks/{hooks(story)[0]['id']}")

    unhealthy = mgr.health.get_unhealthy_integrations()

    assert unhealthy == ["jenkins-1", "webhook-1"]


# --- Integration Templates -------------------------------------------------------------------------------------------


def test_a_template_is_created_listed_by_type_and_used(story: Story, mgr: IntegrationManagementManager) -> None:
    mgr.templates.create_template(
        {
            "name": "Production Slack Notifications",
            "integration_type": IntegrationType.SLACK.value,
            "description": "Standard setup for production deployments",
            "default_config": {
                "username": "Production Bot",
                "events": ["pipeline", "deployment"],
                "notify_only_broken_pipelines": True,
            },
            "required_fields": ["webhook_url", "channel"],
        }
    )

    # List all templates
    all_templates = mgr.templates.list_templates()

    # Filter by type
    slack_templates = mgr.templates.list_templates(integration_type=IntegrationType.SLACK)

    # Use template
    template = mgr.templates.get_template("template-1")
    config = template["default_config"]
    config["webhook_url"] = "https://hooks.slack.com/services/T00/B00/XXX"
    config["channel"] = "#prod-deployments"

    slack = mgr.slack.create_slack_integration(config)

    assert all_templates[0]["name"] == "Production Slack Notifications"
    assert {one["integration_type"] for one in all_templates} > {"slack", "jira", "webhook"}
    assert {one["integration_type"] for one in slack_templates} == {"slack"}
    assert slack["config"]["username"] == "Production Bot"
    assert live(story, "slack")["properties"]["channel"] == "#prod-deployments"
    assert mgr.templates.get_template("template-1")["default_config"].keys() == {
        "username",
        "events",
        "notify_only_broken_pipelines",
    }


# --- Common Use Cases, Environment Variables, Python Configuration ---------------------------------------------------


def test_slack_takes_its_address_from_the_environment(story: Story) -> None:
    story.environ["SLACK_WEBHOOK_URL"] = "https://hooks.slack.com/services/T00/B00/ENV"
    mgr = manager(story)

    slack = mgr.slack.create_slack_integration(
        {"channel": "#ci-alerts", "events": ["pipeline"], "notify_only_broken_pipelines": True}
    )

    mgr.slack.send_slack_notification(slack["integration_id"], {"text": "broken"})
    assert [message["hook"] for message in seen(story, "slack")["messages"]] == ["T00/B00"]
    assert live(story, "slack")["pipeline_events"] is True


def test_jira_takes_its_server_and_credentials_from_the_environment(story: Story) -> None:
    story.environ |= {"JIRA_URL": JIRA["url"], "JIRA_USERNAME": JIRA["username"], "JIRA_API_TOKEN": "your-token"}
    mgr = manager(story)

    jira = mgr.jira.create_jira_integration(
        {"project_key": "DEV", "enable_commit_sync": True, "enable_merge_request_sync": True}
    )

    assert jira["config"]["url"] == "https://company.atlassian.net"
    assert live(story, "jira")["properties"]["username"] == "bot@company.com"


def test_the_short_examples_change_what_the_usage_example_has_made(story: Story) -> None:
    carried_out(story)
    story.environ |= {"JIRA_URL": JIRA["url"], "JIRA_API_TOKEN": "your-jira-token"}  # as the description sets them
    mgr = manager(story)  # in another process

    jira = mgr.jira.create_jira_integration(
        {"project_key": "DEV", "enable_commit_sync": True, "enable_merge_request_sync": True}
    )
    jenkins = mgr.jenkins.create_jenkins_integration(
        {"project_name": "app-build", "trigger_on_push": True, "trigger_on_merge_request": False}
    )

    assert (jira["integration_id"], jira["config"]["username"]) == ("jira-1", "gitlab-bot@company.com")
    assert (jenkins["integration_id"], jenkins["config"]["jenkins_url"]) == ("jenkins-1", JENKINS["jenkins_url"])
    assert live(story, "jenkins")["properties"]["project_name"] == "app-build"


def test_jenkins_is_triggered_by_every_push_and_not_by_merge_requests(story: Story) -> None:
    names = {"JENKINS_URL": "jenkins_url", "JENKINS_USERNAME": "username", "JENKINS_API_TOKEN": "api_token"}
    story.environ |= {variable: JENKINS[name] for variable, name in names.items()}
    mgr = manager(story)

    mgr.jenkins.create_jenkins_integration(
        {"project_name": "app-build", "trigger_on_push": True, "trigger_on_merge_request": False}
    )

    there = live(story, "jenkins")
    assert (there["push_events"], there["merge_requests_events"]) == (True, False)


def test_errors_go_to_sentry_and_metrics_to_datadog(story: Story, mgr: IntegrationManagementManager) -> None:
    sentry = mgr.monitoring.create_sentry_integration({"dsn": "https://xxx@sentry.io/yyy", "environment": "production"})

    datadog = mgr.monitoring.create_datadog_integration(
        {"api_key": "datadog-key", "env": "production", "service": "web-api"}
    )

    variables = story.ask("GET", "/projects/myorg%2Fmyproject/variables")
    assert {one["key"] for one in variables} == {"SENTRY_DSN", "SENTRY_ENVIRONMENT"}
    assert live(story, "datadog")["properties"]["datadog_service"] == "web-api"
    assert sentry["config"] == {"environment": "production"}
    assert mgr.monitoring.push_metrics(datadog["integration_id"], {"deploys": 1})["sent"] == 1


def test_a_manager_is_made_for_a_project_and_a_gitlab(story: Story) -> None:
    mgr = IntegrationManagementManager(
        project_id="myorg/myproject", gitlab_url="https://gitlab.com", open_with=story.workspace
    )

    assert mgr.slack.list_slack_integrations() == []
