"""Answers that are lost, at every sort of write: nothing is lost, nothing is twice, no POST goes out again unlooked."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from reconciler.core.errors import StateError
from reconciler.core.plan import Step
from reconciler.core.report import ExitCode, StepStatus
from reconciler.core.value import Secret
from reconciler.engine.applying import ApplyOptions, apply_plan
from reconciler.engine.planning import PlanOptions, plan
from reconciler.sandbox.faults import check_faults
from tests.scenarios.harness import Story
from tests.scenarios.programs import APP, manager

BEFORE = """
    project: myorg/shop
    webhooks:
      changed: {url: "https://a.example/x", events: [push], secret_token: "${env:TOKEN}"}
      bare: {url: "https://b.example/x", events: [push], custom_headers: {X-A: "${env:TOKEN}", X-B: "${env:TOKEN}"}}
      gone: {url: "https://c.example/x"}
      swapped: {url: "https://d.example/x/{key}", url_variables: {key: "${env:TOKEN}"}}
    integrations:
      chat: {type: slack, webhook_url: "${env:SLACK}", channel: "#old"}
      tracker:
        type: bugzilla
        project_url: https://bugs.example
        issues_url: https://bugs.example/:id
        new_issue_url: https://bugs.example/new
      mirror: {type: aws-codecommit, region: eu-west-1, repository: a, git_username: u, git_password: "${env:TOKEN}"}
      quality: {type: sonarqube, url: "https://a.example", token: "${env:TOKEN}", project_key: k}
    ---
    group: myorg
    integrations:
      chat: {type: mattermost, webhook_url: "${env:SLACK}", username: old}
    ---
    instance: true
    oauth_applications:
      leaving: {redirect_uri: "https://l.example/cb", scopes: [api]}
"""
AFTER = """
    project: myorg/shop
    webhooks:
      changed: {url: "https://a.example/y", events: [push], secret_token: "${env:TOKEN}"}
      bare: {url: "https://b.example/x", events: [pipeline], custom_headers: {}}
      made: {url: "https://e.example/x", custom_headers: {X-A: "${env:TOKEN}"}}
      swapped: {url: "https://d.example/y/{key}", url_variables: {key: "${env:TOKEN}"}}
    integrations:
      chat: {type: slack, webhook_url: "${env:SLACK}", channel: "#new"}
      tracker: {type: jira, url: "https://x.atlassian.net", username: b, api_token: "${env:TOKEN}"}
      mirror: {type: aws-codecommit, region: eu-west-1, repository: b, git_username: u, git_password: "${env:TOKEN}"}
      quality: {type: sonarqube, url: "https://b.example", token: "${env:TOKEN}", project_key: k}
      errors: {type: sentry, dsn: "${env:DSN}", error_tracking: true, integrated: true}
    ---
    group: myorg
    integrations:
      chat: {type: mattermost, webhook_url: "${env:SLACK}", username: new}
    ---
    instance: true
    oauth_applications:
      portal:
        redirect_uri: https://portal.example/cb
        scopes: [api]
        credentials: {variables: {project: myorg/portal, client_id: ID, client_secret: SECRET}}
"""
SHOP = "/api/v4/projects/*"
WRITES = (
    ("POST", f"{SHOP}/hooks"),
    ("PUT", f"{SHOP}/hooks/*"),
    *[("DELETE", f"{SHOP}/hooks/{id}") for id in range(1, 5)],
    ("DELETE", f"{SHOP}/custom_headers/X-A"),
    ("DELETE", f"{SHOP}/custom_headers/X-B"),
    ("PUT", f"{SHOP}/integrations/slack"),
    ("DELETE", f"{SHOP}/integrations/bugzilla"),
    ("PUT", f"{SHOP}/integrations/jira"),
    ("PUT", "/api/v4/groups/*/integrations/mattermost"),
    ("POST", f"{SHOP}/remote_mirrors"),
    ("DELETE", f"{SHOP}/remote_mirrors/*"),
    ("POST", f"{SHOP}/variables"),
    ("PUT", f"{SHOP}/variables/SONAR_HOST_URL"),
    ("PUT", f"{SHOP}/error_tracking/settings"),
    ("POST", "/api/v4/applications"),
    ("DELETE", "/api/v4/applications/*"),
)


@pytest.fixture
def estate(story: Story) -> Story:
    story.environ |= {
        "TOKEN": "hush-hush",
        "SLACK": "https://hooks.slack.com/services/T/B/hush",
        "DSN": "https://0123456789abcdef@sentry.example/1",
    }
    story.write("all.yaml", BEFORE)
    story.apply()
    story.write("all.yaml", AFTER)
    story.asked()
    return story


def picture(story: Story) -> Counter[tuple[str, ...]]:
    """What GitLab has, without ids, times and generated credentials."""
    found: Counter[tuple[str, ...]] = Counter()
    shop = "/projects/myorg%2Fshop"
    for hook in story.ask("GET", f"{shop}/hooks"):
        whole = story.ask("GET", f"{shop}/hooks/{hook['id']}")
        keys = [sorted(entry["key"] for entry in whole[name]) for name in ("custom_headers", "url_variables")]
        found["hook", whole["url"], str(keys), str(whole["push_events"])] += 1
    for one in story.ask("GET", f"{shop}/integrations"):
        properties = story.ask("GET", f"{shop}/integrations/{one['slug']}")["properties"]
        found["integration", one["slug"], str(sorted(properties.items()))] += 1
    for variable in story.ask("GET", f"{shop}/variables?per_page=100"):
        found["variable", variable["key"], variable["value"]] += 1
    for mirror in story.ask("GET", f"{shop}/remote_mirrors"):
        found["mirror", mirror["url"]] += 1
    for application in story.ask("GET", "/applications"):
        found["application", application["application_name"]] += 1
    for variable in story.ask("GET", "/projects/myorg%2Fportal/variables"):
        found["credential", variable["key"]] += 1
    return found


def secret_of(story: Story, name: str = "portal") -> str:
    return next(str(row["secret"]) for row in story.sandbox.world.table("applications") if row["name"] == name)


FAULTS: tuple[tuple[str, Any], ...] = (
    ("drop_before", None),
    ("drop_after", None),
    ("status", 500),
    ("status", {"status": 502, "body": "<html>Bad Gateway</html>"}),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[0]}-{str(fault[1])[:3]}")
def test_a_lost_answer_to_any_write_loses_and_doubles_nothing(estate: Story, fault: tuple[str, Any]) -> None:
    world, state = (
        json.dumps(estate.sandbox.world.to_json()),
        (estate.folder / ".reconciler" / "state.json").read_bytes(),
    )
    estate.apply()
    wanted = picture(estate)
    for method, path in WRITES:
        estate.sandbox.world = type(estate.sandbox.world).from_json(json.loads(world))
        (estate.folder / ".reconciler" / "state.json").write_bytes(state)
        match = {"method": method, "path": path, "nth": 1}
        estate.sandbox.world.faults = check_faults({"match": match, "do": fault[0], "value": fault[1]})
        estate.asked()
        report = estate.apply()

        assert estate.sandbox.world.faults[0]["seen"] or "/hooks/" in path, (method, path)
        assert report.exit_code is ExitCode.DONE, (method, path, report)
        sent = [one.partition(" ")[0] for one in estate.asked() if one.endswith("/applications")]
        assert ("POST", "POST") not in pairwise(sent)
        assert picture(estate) == wanted, (method, path)
        delivered = {v["key"]: v["value"] for v in estate.ask("GET", "/projects/myorg%2Fportal/variables")}
        assert delivered["SECRET"] == secret_of(estate)
        assert estate.plan().is_empty, (method, path)


def test_credentials_of_a_lost_answer_are_renewed_and_delivered_in_the_same_run(estate: Story) -> None:
    match = {"method": "POST", "path": "/api/v4/applications", "nth": 1}
    estate.sandbox.world.faults = check_faults({"match": match, "do": "drop_after"})
    estate.asked()

    assert estate.apply().exit_code is ExitCode.DONE
    delivered = {v["key"]: v["value"] for v in estate.ask("GET", "/projects/myorg%2Fportal/variables")}
    assert delivered["SECRET"] == secret_of(estate)
    assert len([one for one in estate.asked() if one.endswith("/renew-secret")]) == 1


def test_a_write_stays_unclear_when_the_look_fails(estate: Story) -> None:
    faults = [
        {"match": {"method": "POST", "path": f"{SHOP}/hooks", "nth": 1}, "do": "drop_after"},
        {"match": {"method": "GET", "path": f"{SHOP}/hooks/*"}, "do": "status", "value": 500},
    ]
    with estate.workspace() as ws:
        made = plan(ws, PlanOptions(targets=("myorg/shop:webhooks.made",)))
        estate.sandbox.world.faults = check_faults(faults)
        report = apply_plan(ws, made, ApplyOptions())
    assert [outcome.status for outcome in report.outcomes] == [StepStatus.FAILED]

    estate.sandbox.world.faults = []
    assert estate.apply().settled == (("myorg/shop:webhooks.made", "carried out"),)


def test_a_program_gets_the_secret_of_an_application_whose_answer_was_lost(story: Story) -> None:
    match = {"method": "POST", "path": "/api/v4/applications", "nth": 1}
    story.sandbox.world.faults = check_faults({"match": match, "do": "drop_after"})

    made = manager(story).oauth.create_oauth_application(APP)

    assert made["client_secret"] == secret_of(story, APP["name"])


def test_credentials_whose_debt_cannot_be_written_down_are_not_forgotten(estate: Story) -> None:
    """The journal fails between the making of an application and the line that says so."""

    class Full:
        def __init__(self, journal: Any) -> None:
            self.journal, self.appended = journal, 0

        def append(self, lines: list[str]) -> None:
            if any('"undelivered"' in line and '{"done"' in line for line in lines):
                raise StateError("the disk is full")
            self.journal.append(lines)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.journal, name)

    def deliver(step: Step, generated: dict[str, Secret]) -> None:
        raise AssertionError("delivered without a line in the journal")

    with estate.workspace() as ws:
        ws.backend._journal = Full(ws.backend.journal)  # type: ignore[attr-defined]
        plan = estate.plan()
        with pytest.raises(StateError, match="disk is full"):
            apply_plan(ws, plan, ApplyOptions(deliver=deliver))
    wanted = len(list(estate.sandbox.world.table("applications")))

    assert estate.apply().exit_code is ExitCode.DONE
    assert len(list(estate.sandbox.world.table("applications"))) <= wanted
    delivered = {v["key"]: v["value"] for v in estate.ask("GET", "/projects/myorg%2Fportal/variables")}
    assert delivered["SECRET"] == secret_of(estate)
    assert estate.plan().is_empty
