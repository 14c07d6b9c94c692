"""Every kind accepts what GitLab accepts, names things as the description does, and says what is wrong offline."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.errors import Severity
from reconciler.core.resource import FieldType
from reconciler.core.value import Reference, Text
from reconciler.integrations.catalogue import names
from tests.integrations.declaring import CATALOGUE, declared, entry, from_gitlab
from tests.integrations.recorded import recorded

NATIVE = [name for name in names() if CATALOGUE.kinds[name].shape]


@pytest.mark.parametrize("name", NATIVE)
def test_the_smallest_body_that_gitlab_accepts_is_accepted(name: str) -> None:
    shape = CATALOGUE.kinds[name].shape
    assert shape is not None
    values = from_gitlab(shape, recorded()[shape.name]["smallest_accepted_body"])
    scope = "group: myorg" if name == "zentao" else "project: myorg/shop"

    problems = entry(name, values, scope)

    assert [str(p) for p in problems if p.severity is Severity.ERROR] == []
    assert bool(problems) == bool(shape.unavailable)


@pytest.mark.parametrize("name", NATIVE)
def test_every_gitlab_name_of_a_shape_is_a_recorded_one(name: str) -> None:
    shape = CATALOGUE.kinds[name].shape
    assert shape is not None
    row = recorded()[shape.name]
    known = {f["name"] for f in row["fields"]} | set(row["events"])

    assert {f.at_gitlab for f in shape.fields if f.type is not FieldType.EVENTS} <= known


DESCRIPTION: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "slack",
        {
            "webhook_url": "${env:SLACK_WEBHOOK_URL}",
            "channel": "#deployments",
            "username": "Deploy Bot",
            "events": ["push", "merge_request", "pipeline", "issue", "deployment"],
            "notify_only_broken_pipelines": True,
        },
    ),
    (
        "jira",
        {
            "url": "https://yourcompany.atlassian.net",
            "username": "gitlab-integration@company.com",
            "api_token": "${env:JIRA_API_TOKEN}",
            "project_key": "PROJ",
            "issue_type": "Task",
            "transition_id": "21",
            "enable_commit_sync": True,
            "enable_merge_request_sync": True,
        },
    ),
    (
        "jenkins",
        {
            "jenkins_url": "https://jenkins.company.com",
            "username": "gitlab",
            "api_token": "${env:JENKINS_API_TOKEN}",
            "project_name": "myapp-build",
            "trigger_on_push": True,
            "trigger_on_merge_request": False,
        },
    ),
    (
        "datadog",
        {
            "api_key": "${env:DATADOG_API_KEY}",
            "env": "production",
            "service": "myapp",
            "enable_logs": True,
            "enable_metrics": True,
        },
    ),
    ("sentry", {"dsn": "${env:SENTRY_DSN}", "environment": "production", "release": "v1.2.3"}),
)


@pytest.mark.parametrize(("kind", "values"), DESCRIPTION, ids=[kind for kind, _ in DESCRIPTION])
def test_the_descriptions_own_configurations_are_accepted(kind: str, values: dict[str, Any]) -> None:
    assert [str(p) for p in entry(kind, values)] == []


def test_the_descriptions_webhooks_and_applications_are_accepted() -> None:
    manifest = """
project: myorg/shop
webhooks:
  deploy:
    name: Custom Integration
    url: https://api.example.com/webhooks/gitlab
    events: [push, merge_request, pipeline, issue, deployment, tag_push, wiki_page, release]
    secret_token: ${env:HOOK}
    enable_ssl_verification: true
---
instance: true
oauth_applications:
  mobile:
    name: Mobile Application
    redirect_uri: myapp://oauth/callback
    scopes: [api, read_api, read_user, read_repository, write_repository, read_registry, write_registry, sudo]
    confidential: true
"""

    declarations, problems = declared(manifest)

    assert not problems
    assert [e.kind for e in declarations.entries] == ["webhook", "oauth_application"]


JIRA = {"url": "https://j.example.org", "username": "bot", "api_token": "${env:T}"}
JENKINS = {"jenkins_url": "https://j.example.org", "project_name": "build"}
DATADOG = {"api_key": "${env:K}"}
TRACKER = {"project_url": "https://t.example.org/p", "new_issue_url": "https://t.example.org/new"}
CODECOMMIT = {"region": "eu-west-1", "repository": "shop", "git_username": "shop-at-1", "git_password": "${env:P}"}
BUILD = {"project": "acme-project", "trigger": "shop", "api_key": "${env:K}", "webhook_secret": "${env:S}"}
MEND = {"url": "https://saas.mend.io", "user_key": "${env:K}"}

HARBOR = {"url": "https://h.example.org", "project_name": "shop", "username": "bot", "password": "${env:P}"}
APPLE = {
    "app_store_issuer_id": "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa",
    "app_store_key_id": "ABC1",
    "app_store_private_key_file_name": "key.p8",
    "app_store_private_key": "${env:K}",
}

RIGHT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("jira", {**JIRA, "transition_id": "21 ; 31"}),
    ("jira", {**JIRA, "transition_id": ""}),
    (
        "jira",
        {
            "url": "https://a.atlassian.net",
            "api_url": "https://j.example.org",
            "jira_auth_type": 1,
            "api_token": "${env:T}",
        },
    ),
    ("linear", {"workspace_url": "https://linear.app/acme/"}),
    ("confluence", {"confluence_url": "http://acme.atlassian.net:8080/wiki/x"}),
    ("campfire", {"token": "${env:T}", "room": "", "subdomain": "Acme"}),
    ("telegram", {"token": "${env:T}", "room": "@shop", "thread": "5"}),
    ("irker", {"recipients": "IRC://irc.example.org/#shop"}),
    ("irker", {"recipients": "shop", "default_irc_uri": "ircs://irc.example.org/"}),
    ("emails-on-push", {"recipients": " ".join(["u@example.org"] * 751)}),
    ("slack", {"webhook_url": "${env:U}", "push_channel": ",".join(["#a"] * 11)}),
    ("jenkins", {**JENKINS, "project_name": "folder/my%20job"}),
    ("datadog", {**DATADOG, "site": "ddog_gov.com:8443", "tags": "team:shop:web\n\nowner:acme"}),
)

WRONG: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("jira", {**JIRA, "url": "jira.example.org"}, "url"),
    ("jira", {**JIRA, "url": "HTTPS://jira.example.org"}, "url"),
    ("jira", {"url": JIRA["url"], "api_token": "${env:T}"}, "username"),
    ("jira", {**JIRA, "url": "https://a.atlassian.net", "jira_auth_type": 1}, "jira_auth_type"),
    ("jira", {**JIRA, "jira_issue_regex": "x" * 256}, "jira_issue_regex"),
    ("jira", {**JIRA, "transition_id": "done"}, "transition_id"),
    (
        "jira",
        {**JIRA, "vulnerabilities_enabled": True, "vulnerabilities_issuetype": "1"},
        "vulnerabilities_project_key",
    ),
    ("jira", {**JIRA, "events": ["commit"], "enable_commit_sync": True}, "enable_commit_sync"),
    ("jenkins", {**JENKINS, "username": "bot"}, "api_token"),
    ("jenkins", {**JENKINS, "api_token": "${env:T}"}, "username"),
    ("jenkins", {**JENKINS, "events": ["push"], "trigger_on_tag_push": True}, "trigger_on_tag_push"),
    ("jenkins", {**JENKINS, "jobs": ["build"]}, "jobs"),
    ("datadog", {**DATADOG, "site": "app.datadoghq.eu"}, "site"),
    ("datadog", {**DATADOG, "site": ""}, "site"),
    ("datadog", {**DATADOG, "tags": "production"}, "tags"),
    ("datadog", {**DATADOG, "enable_logs": True}, "enable_logs"),
    ("redmine", {**TRACKER, "issues_url": "https://t.example.org/i"}, "issues_url"),
    ("redmine", {**TRACKER, "issues_url": "https://t.example.org/i/:id", "url": "https://t.example.org"}, "api_key"),
    ("slack", {"webhook_url": "${env:U}", "push_channel": ",".join(f"c{n}" for n in range(11))}, "push_channel"),
    ("linear", {"workspace_url": "https://example.org/acme"}, "workspace_url"),
    ("confluence", {"confluence_url": "https://wiki.example.org"}, "confluence_url"),
    ("linear", {"workspace_url": "https://linear.app/AB"}, "workspace_url"),
    ("confluence", {"confluence_url": "https://acme.atlassian.net/wikipedia"}, "confluence_url"),
    ("campfire", {"token": "${env:T}", "room": "lobby"}, "room"),
    ("campfire", {"token": "${env:T}", "room": "0"}, "room"),
    ("campfire", {"token": "${env:T}", "subdomain": "1acme"}, "subdomain"),
    ("telegram", {"token": "${env:T}", "room": "@shop", "thread": "general"}, "thread"),
    ("telegram", {"token": "${env:T}", "room": " "}, "room"),
    ("irker", {"recipients": "shop http://irc.example.org/x"}, "recipients"),
    ("pipelines-email", {"recipients": ",".join(f"u{n}@example.org" for n in range(31))}, "recipients"),
    ("emails-on-push", {"recipients": " ".join(f"u{n}@example.org" for n in range(751))}, "recipients"),
    ("harbor", {**HARBOR, "project_name": "Shop"}, "project_name"),
    ("harbor", {**HARBOR, "project_name": " shop "}, "project_name"),
    ("apple-app-store", {**APPLE, "app_store_key_id": "ABCDEF"}, "app_store_key_id"),
    ("apple-app-store", {**APPLE, "app_store_issuer_id": APPLE["app_store_issuer_id"].upper()}, "app_store_issuer_id"),
    ("jenkins", {**JENKINS, "project_name": "my job"}, "project_name"),
    ("squash-tm", {"url": "https://s.example.org/a%20b"}, "url"),
    ("datadog", {**DATADOG, "site": "datadoghq.example"}, "site"),
    ("datadog", {**DATADOG, "tags": "my team:shop"}, "tags"),
    ("datadog", {**DATADOG, "tags": "team:shop\n owner:acme"}, "tags"),
    ("aws-codecommit", {**CODECOMMIT, "git_username": "AKIAIOSFODNN7EXAMPLE"}, "git_username"),
    ("aws-codecommit", {**CODECOMMIT, "repository": "shop.git"}, "repository"),
    ("azure-devops", {"project": "Shop", "pat": "${env:P}"}, "organization"),
    ("google-cloud-build", {**BUILD, "events": []}, "events"),
    ("newrelic", {"account_id": "1"}, "license_key"),
    ("whitesource", MEND, "email"),
    ("whitesource", {**MEND, "scanner": "unified-agent", "api_key": "${env:A}"}, "url"),
    ("sentry", {"dsn": "${env:D}", "release": "feature/x"}, "release"),
    ("sentry", {"dsn": "${env:D}", "integrated": True}, "integrated"),
    ("prometheus", {"pushgateway_url": "https://p.example.org", "grouping": {"job": "x"}}, "grouping"),
)


@pytest.mark.parametrize(("kind", "values", "field"), WRONG, ids=[f"{kind}-{field}" for kind, _, field in WRONG])
def test_what_gitlab_or_the_service_would_refuse_is_said_offline(kind: str, values: dict[str, Any], field: str) -> None:
    problems = entry(kind, values)

    assert len(problems) == 1, [str(p) for p in problems]
    assert f"`{field}`" in problems[0].detail or field in str(problems[0])
    assert problems[0].hint


@pytest.mark.parametrize(("kind", "values"), RIGHT)
def test_what_gitlab_takes_is_not_refused(kind: str, values: dict[str, Any]) -> None:
    assert [str(problem) for problem in entry(kind, values)] == []


def test_a_password_for_harbor_is_one_that_gitlab_can_mask() -> None:
    said = list(CATALOGUE.kinds["harbor"].check({**HARBOR, "password": "pa$$word-1"}))

    assert [field for field, _, _ in said] == ["password"]


def test_a_value_with_a_reference_is_not_judged() -> None:
    assert not entry("jira", {**JIRA, "url": "${var:jira}", "transition_id": "${var:done}"})


LATER = Text((Reference("var", "later", None, "${var:later}"),), "${var:later}")


@pytest.mark.parametrize("name", sorted(CATALOGUE.kinds))
def test_references_anywhere_break_neither_checks_nor_parts(name: str) -> None:
    kind = CATALOGUE.kinds[name]
    everywhere = {f.name: {"key": LATER} if f.type is FieldType.MAP else LATER for f in kind.fields}
    listed = everywhere | {f.name: (LATER,) for f in kind.fields if f.type is FieldType.STRINGS}

    for values in (everywhere, listed, {}, *({f.name: LATER} for f in kind.fields if f.type is not FieldType.MAP)):
        said = list(kind.check(values))
        parts = list(kind.parts(values))

        assert all(len(objection) == 3 for objection in said)
        assert all(part.shape in CATALOGUE.shapes for part in parts)
        assert all(set(part.fields) <= set(CATALOGUE.shapes[part.shape].by_name) for part in parts)


@pytest.mark.parametrize(
    ("kind", "values", "hint"),
    [
        ("slack", {"webhook": "x"}, "`webhook_url`"),
        ("slack", {"webhook_url": "${env:U}", "push_events": True}, "`events`"),
        ("jira", {**JIRA, "password": "x"}, "`api_token`"),
        ("datadog", {**DATADOG, "datadog_env": "x"}, "`env`"),
        ("jenkins", {**JENKINS, "password": "x"}, "`api_token`"),
    ],
)
def test_a_gitlab_name_is_answered_with_ours(kind: str, values: dict[str, Any], hint: str) -> None:
    assert any(hint in problem.hint for problem in entry(kind, values))


@pytest.mark.parametrize(
    ("kind", "values", "event"),
    [
        ("discord", {"webhook_url": "${env:U}"}, "work_item"),
        ("datadog", DATADOG, "build"),
        ("datadog", DATADOG, "archive_trace"),
    ],
)
def test_an_event_that_gitlab_cannot_store_is_refused_with_the_reason(
    kind: str, values: dict[str, Any], event: str
) -> None:
    problems = entry(kind, {**values, "events": [event]})

    reason = CATALOGUE.shapes[kind].unstorable_events[event]
    assert any(reason in problem.detail for problem in problems)


def test_objections_quote_no_value() -> None:
    kind = CATALOGUE.kinds["datadog"]

    said = " ".join(" ".join(o) for o in kind.check({"api_key": "hunter2!"}))

    assert said
    assert "hunter2" not in said
