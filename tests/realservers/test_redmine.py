"""A real Redmine is probed and acted on, and answers as its stand-in does.

Runs where `python -m tests.realservers.run --prepare` has been run once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.errors import ReconcilerError, RemoteError
from reconciler.core.resource import Health
from tests.realservers import redmine as real
from tests.realservers import servers
from tests.realservers.estate import Estate, StandIn


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[real.Redmine]:
    if reason := real.missing():
        pytest.skip(reason)
    with real.redmine(tmp_path_factory.mktemp("redmine")) as running:
        yield running


def declared(server: real.Redmine, folder: Path, key: str, project: str = "shop") -> Estate:
    """An entry with a user's key; an unknown user's key is a wrong one."""
    made = Estate(folder, "redmine", {"REDMINE_API_KEY": server.keys.get(key, "0" * 40)})
    made.declare(
        url=server.url,
        project_url=f"{server.url}/projects/{project}",
        issues_url=f"{server.url}/issues/:id",
        new_issue_url=f"{server.url}/projects/{project}/issues/new",
        project_identifier=project,
        api_key="${env:REDMINE_API_KEY}",
    )
    return made


def asked(server: real.Redmine, path: str) -> Any:
    return servers.ask(server.url + path, headers={"X-Redmine-API-Key": server.keys["admin"]}).data


@pytest.mark.parametrize(
    ("key", "project", "status", "cause"),
    [
        ("admin", "shop", Health.HEALTHY, None),
        ("guest", "shop", Health.HEALTHY, None),
        ("nobody", "shop", Health.UNHEALTHY, "credential"),
        ("locked", "shop", Health.UNHEALTHY, "credential"),
        ("guest", "vault", Health.DEGRADED, "gone"),
        ("admin", "nowhere", Health.DEGRADED, "gone"),
    ],
)
def test_the_probe_tells_what_is_wrong(
    server: real.Redmine, tmp_path: Path, key: str, project: str, status: Health, cause: str | None
) -> None:
    found = declared(server, tmp_path, key, project).health()

    assert (found.status, found.facts.get("cause")) == (status, cause)
    assert server.keys.get(key, "0" * 40) not in repr(found)


def test_the_probe_tells_that_the_rest_api_is_off(server: real.Redmine, tmp_path: Path) -> None:
    server.set_rest_api(False)
    found = declared(server, tmp_path, "admin").health()
    server.set_rest_api(True)

    assert (found.status, found.facts["cause"]) == (Health.UNHEALTHY, "settings")
    assert declared(server, tmp_path, "admin").health().status is Health.HEALTHY


def test_an_issue_is_made_once_changed_and_commented_on_once(server: real.Redmine, tmp_path: Path) -> None:
    estate = declared(server, tmp_path, "admin")
    wanted = {"subject": "Broken", "description": "a\nb", "tracker": "Support", "priority": "High", "marker": "gl-7"}
    made = estate.act("create-issue", **wanted, status="In Progress")
    again = estate.act("create-issue", **wanted)
    estate.act("update-issue", issue=made["issue"], status="Closed", notes="Fixed.", assigned_to_id="me")
    comments = [estate.act("comment", issue=made["issue"], text="Deployed.")["created"] for _ in range(2)]

    issue = asked(server, f"/issues/{made['issue']}.json?include=journals")["issue"]
    assert (made["created"], again) == (True, {"issue": made["issue"], "created": False})
    assert comments == [True, False]
    assert [issue[name]["name"] for name in ("tracker", "priority", "status")] == ["Support", "High", "Closed"]
    assert [one["notes"] for one in issue["journals"] if one["notes"]] == ["Fixed.", "Deployed."]


def test_a_marker_in_a_custom_field_is_found_again_or_refused(server: real.Redmine, tmp_path: Path) -> None:
    estate = declared(server, tmp_path, "admin")
    marked = {"subject": "Marked", "marker": "gl-8", "marker_field": str(server.marker_field)}
    made, again = estate.act("create-issue", **marked), estate.act("create-issue", **marked)

    assert again == {"issue": made["issue"], "created": False}
    for field in (server.plain_field, 99):
        with pytest.raises(ReconcilerError, match="does not search by the custom field"):
            estate.act("create-issue", subject="x", marker="gl-9", marker_field=str(field))


def test_what_a_user_may_not_change_is_told_though_redmine_says_nothing(server: real.Redmine, tmp_path: Path) -> None:
    made = declared(server, tmp_path, "admin").act("create-issue", subject="Mine")

    with pytest.raises(RemoteError, match="left `subject` as it was"):
        declared(server, tmp_path, "guest").act("update-issue", issue=made["issue"], subject="Theirs")


ISSUE = {"project_id": "shop", "subject": "x"}
ASKED: tuple[tuple[str, str, str, dict[str, Any] | None], ...] = (
    ("admin", "GET", "/users/current.json", None),
    ("nobody", "GET", "/users/current.json", None),
    ("admin", "GET", "/my/account.json", None),
    ("nobody", "GET", "/issues.json", None),
    ("nobody", "GET", "/projects/shop.json", None),
    ("admin", "GET", "/projects/nowhere.json", None),
    ("admin", "GET", "/issue_statuses.json", None),
    ("admin", "GET", "/trackers.json", None),
    ("admin", "GET", "/enumerations/issue_priorities.json", None),
    ("admin", "GET", "/issues/77777.json", None),
    ("admin", "GET", "/issues.json?project_id=nowhere", None),
    ("admin", "GET", "/issues.json?project_id=shop&status_id=*&subject=~[gl-none]", None),
    ("admin", "POST", "/issues.json", {"project_id": "shop"}),
    ("admin", "POST", "/issues.json", {"subject": "x"}),
    ("admin", "POST", "/issues.json", {**ISSUE, "project_id": "nowhere"}),
    ("admin", "POST", "/issues.json", {**ISSUE, "priority_id": 99}),
    ("admin", "POST", "/issues.json", {**ISSUE, "subject": "x" * 256}),
    ("admin", "POST", "/issues.json", {**ISSUE, "tracker_id": 99, "status_id": 99}),
    ("admin", "POST", "/issues.json", {**ISSUE, "tracker_id": 2, "status_id": 5}),
    ("nobody", "POST", "/issues.json", ISSUE),
    ("admin", "PUT", "/issues/77777.json", {"notes": "x"}),
)
LISTS = ("trackers", "issue_statuses", "issue_priorities")
SHOWN = ("tracker", "status", "priority", "project", "subject", "errors")


def test_the_stand_in_answers_as_it_does(server: real.Redmine) -> None:
    projects = {"shop": {"id": 1, "name": "Shop"}}
    double = StandIn("redmine", {"bad_credentials": ["0" * 40], "strict": True, "projects": projects})
    differing = {}
    for key, method, path, issue in ASKED:
        headers = {"X-Redmine-API-Key": server.keys.get(key, "0" * 40), "Content-Type": "application/json"}
        body = None if issue is None else json.dumps({"issue": issue}).encode()
        told = servers.ask(server.url + path, method=method, body=body, headers=headers)
        pretended = double.ask(path, method=method, body=body, headers=headers)
        if outline(told) != outline(pretended):
            differing[method, path, str(issue)[:80]] = outline(told), outline(pretended)

    assert differing == {}


def outline(answer: servers.Answer) -> Any:
    """The status, and what matters of the body."""
    data = answer.data or {}
    body = data.get("issue", data)
    named = {name: [row["name"] for row in data[name]] for name in LISTS if name in data}
    return answer.status, {name: outlined(body[name]) for name in SHOWN if name in body}, named, sorted(data)


def outlined(value: Any) -> Any:
    """Of an object, what every one of its sort has; the rest as it is."""
    return {name: value[name] for name in ("id", "name")} if isinstance(value, dict) else value
