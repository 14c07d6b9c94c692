"""Asana and Redmine: probes tell what is wrong; tasks and issues are made, changed, and not made twice."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.errors import ReconcilerError, RemoteError, UnclearWrite, UsageError
from reconciler.core.flow import Failure, Request, Response
from reconciler.core.resource import Health, Subject
from reconciler.core.value import Secret
from reconciler.integrations.catalogue import load
from tests.integrations.flows.running import Stage, fed, json_answer, subject

KINDS = load(("asana", "redmine")).kinds
TOKEN = "hushhushhush"
SUBJECTS: dict[str, Subject] = {
    "asana": subject("asana", api_key=Secret(TOKEN, "${env:TOKEN}"), project_gid="77", workspace_gid="1"),
    "redmine": subject(
        "redmine",
        url="https://redmine.acme.test/",
        api_key=Secret(TOKEN, "${env:TOKEN}"),
        project_identifier="shop",
        project_url="https://redmine.acme.test/projects/shop",
    ),
}
H, D, U, N = Health.HEALTHY, Health.DEGRADED, Health.UNHEALTHY, Health.UNKNOWN


def stage_of(name: str, **state: Any) -> Stage:
    return Stage(hosts={"redmine.acme.test": "redmine"}, states={name: dict(state)})


def run(name: str, stage: Stage, action: str, /, **parameters: Any) -> Any:
    return stage.run(KINDS[name].actions[action].run(SUBJECTS[name], parameters))


PROBES: tuple[tuple[str, dict[str, Any], Health, str], ...] = (
    ("asana", {}, H, ""),
    ("asana", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("asana", {"gone": ["77"]}, D, "gone"),
    ("asana", {"throttled": True}, N, "throttled"),
    ("asana", {"unavailable": True}, N, "failing"),
    ("redmine", {}, H, ""),
    ("redmine", {"bad_credentials": [TOKEN], "public": True}, U, "credential"),
    ("redmine", {"rest_off": True}, U, "settings"),
    ("redmine", {"gone": ["shop"]}, D, "gone"),
    ("redmine", {"throttled": True}, N, "throttled"),
    ("redmine", {"unavailable": True}, N, "failing"),
)


@pytest.mark.parametrize(("name", "state", "status", "cause"), PROBES)
def test_a_probe_tells_what_is_wrong_and_changes_nothing(
    name: str, state: dict[str, Any], status: Health, cause: str
) -> None:
    stage = stage_of(name, **state)
    probe = KINDS[name].probe
    assert probe is not None

    verdict = stage.run(probe(SUBJECTS[name]))

    assert (verdict.status, verdict.facts.get("cause", "")) == (status, cause)
    assert {request.method for request in stage.sent} == {"GET"}


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize(
    ("answer", "status", "cause"),
    [
        (Failure("the connection was refused", sent=False), U, "unreachable"),
        (Response(200, {"content-type": "text/html"}, b"<html>Sign in</html>"), U, "misleading"),
        (Response(302), U, "misleading"),
        (json_answer(200, {"data": {}, "user": {}}), N, "misleading"),
    ],
)
def test_a_probe_is_not_misled(name: str, answer: Response | Failure, status: Health, cause: str) -> None:
    probe = KINDS[name].probe
    assert probe is not None

    verdict, _ = fed(probe(SUBJECTS[name]), [answer])

    assert (verdict.status, verdict.facts["cause"]) == (status, cause)


@pytest.mark.parametrize(
    ("answer", "status"),
    [(Response(200, {}, b"<html>"), H), (Response(302), N), (Response(404), U), (Response(503), N), (Failure("x"), U)],
)
def test_a_redmine_without_a_key_is_judged_by_its_page(answer: Response | Failure, status: Health) -> None:
    entry = subject("redmine", project_url="https://redmine.acme.test/projects/shop")
    probe = KINDS["redmine"].probe
    assert probe is not None

    verdict, steps = fed(probe(entry), [answer])

    assert verdict.status is status
    assert isinstance(steps[0], Request)
    assert steps[0].headers == {}


def test_a_task_is_made_changed_and_commented_on() -> None:
    stage = stage_of("asana")

    made = run("asana", stage, "create-task", name="Ship it", notes="soon", due_on="2026-03-02")
    run("asana", stage, "update-task", task=made["task"], completed=True, name="Shipped")
    first = run("asana", stage, "comment", task=made["task"], text="well done")
    second = run("asana", stage, "comment", task=made["task"], text="well done")

    task = stage.states["asana"]["tasks"][made["task"]]
    assert (task["name"], task["notes"], task["completed"], task["due_on"]) == ("Shipped", "soon", True, "2026-03-02")
    assert (first["created"], second["created"]) == (True, False)
    assert len(stage.states["asana"]["stories"][made["task"]]) == 1


def test_a_status_that_no_issue_begins_in_is_set_a_moment_later() -> None:
    stage = stage_of("redmine")

    made = run("redmine", stage, "create-issue", subject="Broken", status="Closed")

    assert stage.states["redmine"]["issues"][made["issue"]]["status"]["name"] == "Closed"
    assert [request.method for request in stage.sent if request.writes] == ["POST", "PUT"]


@pytest.mark.parametrize(
    ("action", "parameters", "field"),
    [
        ("update-issue", {"subject": "y"}, "subject"),
        ("update-issue", {"description": "y"}, "description"),
        ("update-issue", {"status": "Closed", "subject": "y"}, "status_id"),
        ("update-issue", {"notes": "y"}, "notes"),
        ("comment", {"text": "y"}, "notes"),
    ],
)
def test_a_change_that_redmine_left_out_in_silence_is_told(action: str, parameters: dict[str, str], field: str) -> None:
    stage = stage_of("redmine")
    made = run("redmine", stage, "create-issue", subject="x")
    stage.states["redmine"]["fixed"] = [field]

    with pytest.raises(RemoteError, match=f"left `{field.removesuffix('_id')}` as it was"):
        run("redmine", stage, action, issue=made["issue"], **parameters)


def test_a_marker_s_field_that_redmine_does_not_search_by_makes_no_second_issue() -> None:
    stage = stage_of("redmine", unfiltered=[3])
    wanted = {"subject": "Broken", "marker": "gl-7", "marker_field": "3"}
    run("redmine", stage, "create-issue", subject="Other")

    with pytest.raises(ReconcilerError, match="does not search by the custom field 3"):
        run("redmine", stage, "create-issue", **wanted)

    assert len(stage.states["redmine"]["issues"]) == 1


def test_an_issue_is_made_changed_and_commented_on() -> None:
    stage = stage_of("redmine")

    made = run("redmine", stage, "create-issue", subject="Broken", description="d", tracker="bug", priority="High")
    run("redmine", stage, "update-issue", issue=made["issue"], status="In Progress", notes="on it")
    first = run("redmine", stage, "comment", issue=made["issue"], text="done")
    second = run("redmine", stage, "comment", issue=f"#{made['issue']}", text="done")

    issue = stage.states["redmine"]["issues"][made["issue"]]
    assert (issue["tracker"]["name"], issue["status"]["name"], issue["priority"]["name"]) == (
        "Bug",
        "In Progress",
        "High",
    )
    assert [journal["notes"] for journal in issue["journals"]] == ["on it", "done"]
    assert (first["created"], second["created"]) == (True, False)


MARKED: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("asana", "create-task", {"name": "Ship it", "marker": "gl-7"}, "tasks"),
    ("redmine", "create-issue", {"subject": "Broken", "marker": "gl-7"}, "issues"),
    ("redmine", "create-issue", {"subject": "Broken", "marker": "gl-7", "marker_field": "3"}, "issues"),
)


@pytest.mark.parametrize(("name", "action", "parameters", "effects"), MARKED)
def test_what_carries_a_marker_is_made_once_though_an_answer_was_lost(
    name: str, action: str, parameters: dict[str, Any], effects: str
) -> None:
    stage = stage_of(name)
    stage.lost = lambda request: Failure("the connection broke") if request.writes else None

    with pytest.raises(UnclearWrite):
        run(name, stage, action, **parameters)
    stage.lost = lambda _request: None
    again = run(name, stage, action, **parameters)

    assert again["created"] is False
    assert len(stage.states[name][effects]) == 1


WRONG: tuple[tuple[str, str, dict[str, Any], dict[str, Any], type[Exception], str], ...] = (
    ("asana", "update-task", {"task": "1"}, {}, ReconcilerError, "nothing to change"),
    ("asana", "update-task", {"task": "1", "name": "x"}, {}, RemoteError, "no such task"),
    ("asana", "create-task", {"name": "x"}, {"bad_credentials": [TOKEN]}, RemoteError, "does not accept"),
    ("redmine", "update-issue", {"issue": "1"}, {}, ReconcilerError, "nothing to change"),
    ("redmine", "create-issue", {"subject": "x", "tracker": "Wish"}, {}, ReconcilerError, "no `Wish`"),
    ("redmine", "create-issue", {"subject": "x"}, {"rest_off": True}, RemoteError, "switched off"),
    ("redmine", "create-issue", {"subject": "x", "marker": "a", "marker_field": "b"}, {}, UsageError, "is the number"),
    ("redmine", "create-issue", {"subject": "x", "status": "Closed"}, {"fixed": ["status_id"]}, RemoteError, "issue 1"),
)


@pytest.mark.parametrize(("name", "action", "parameters", "state", "error", "match"), WRONG)
def test_what_cannot_be_done_is_said(
    name: str, action: str, parameters: dict[str, Any], state: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        run(name, stage_of(name, **state), action, **parameters)
