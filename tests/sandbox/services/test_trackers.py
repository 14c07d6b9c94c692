"""The Asana and Redmine stand-ins."""

from __future__ import annotations

from typing import Any

import pytest

ASANA = "https://app.asana.com/api/1.0"
REDMINE = "https://redmine.acme.test/redmine"
KEY = {"x-redmine-api-key": "k1"}


@pytest.mark.parametrize(
    ("path", "bearer", "switches", "body", "status"),
    [
        ("/users/me", "pat", {}, None, 200),
        ("/users/me", None, {}, None, 401),
        ("/users/me", "pat", {"bad_credentials": ["pat"]}, None, 401),
        ("/users/me", "pat", {"throttled": True}, None, 429),
        ("/tasks", "pat", {}, {"data": {"name": "t", "workspace": "1"}}, 201),
        ("/tasks", "pat", {}, {"data": {"name": "t"}}, 400),
        ("/tasks", "pat", {}, {"name": "t", "workspace": "1"}, 400),
        ("/tasks", "pat", {}, {"data": {"workspace": "1", "external": {"gid": "x"}}}, 403),
        ("/tasks", "pat", {}, {"data": {"workspace": "1", "colour": "red"}}, 400),
        ("/tasks", "pat", {"gone": ["77"]}, {"data": {"projects": ["77"]}}, 404),
        ("/tasks/1", "pat", {}, None, 404),
        ("/workspaces/1/tasks/search?text=x", "pat", {}, None, 402),
        ("/workspaces/1/tasks/search?text=x", "pat", {"paid": True}, None, 200),
        ("/projects/77/tasks", "pat", {}, None, 200),
        ("/projects/abc/tasks", "pat", {}, None, 404),
    ],
)
def test_asana_answers_in_its_envelope(
    ask: Any, read: Any, path: str, bearer: str | None, switches: Any, body: object, status: int
) -> None:
    response = ask(ASANA + path, switches, body=body, bearer=bearer)

    assert response.status == status
    assert set(read(response)) & {"data", "errors"}
    assert "Retry-After" in response.headers or status != 429


def test_an_asana_task_is_made_commented_completed_and_listed_by_project(ask: Any, read: Any, state: Any) -> None:
    task = read(ask(f"{ASANA}/tasks", state, body={"data": {"name": "Fix", "projects": ["77"]}}, bearer="pat"))["data"]
    url = f"{ASANA}/tasks/{task['gid']}"

    story = ask(f"{url}/stories", state, body={"data": {"text": "seen"}}, bearer="pat")
    done = ask(url, state, method="PUT", body={"data": {"completed": True}}, bearer="pat")
    compact = read(ask(f"{ASANA}/projects/77/tasks", state, bearer="pat"))
    wide = read(ask(f"{ASANA}/projects/77/tasks?opt_fields=completed", state, bearer="pat"))

    assert (story.status, done.status) == (201, 200)
    assert isinstance(task["gid"], str)
    assert compact["data"] == [{"gid": task["gid"], "resource_type": "task", "name": "Fix"}]
    assert wide["data"] == [{"gid": task["gid"], "resource_type": "task", "completed": True}]
    assert [s["text"] for s in state["stories"][task["gid"]]] == ["seen"]


def test_asana_pages_with_an_offset(ask: Any, read: Any, state: Any) -> None:
    for name in "abc":
        ask(f"{ASANA}/tasks", state, body={"data": {"name": name, "projects": ["77"]}}, bearer="pat")

    first = read(ask(f"{ASANA}/projects/77/tasks?limit=2", state, bearer="pat"))
    offset = first["next_page"]["offset"]
    second = read(ask(f"{ASANA}/projects/77/tasks?limit=2&offset={offset}", state, bearer="pat"))

    assert [t["name"] for t in first["data"] + second["data"]] == ["a", "b", "c"]
    assert second["next_page"] is None


def test_redmine_shows_the_caller_with_the_api_key_which_a_client_must_hide(ask: Any, read: Any) -> None:
    user = read(ask(f"{REDMINE}/users/current.json", headers=KEY))["user"]

    assert user["login"] == "gitlab-bot"
    assert user["api_key"] == "k1"


@pytest.mark.parametrize(
    ("path", "headers", "switches", "status"),
    [
        ("/users/current.json", {}, {}, 401),
        ("/users/current.json", KEY, {"bad_credentials": ["k1"]}, 401),
        ("/users/current.json", KEY, {"rest_off": True}, 403),
        ("/users/current.json", {**KEY, "x-redmine-switch-user": "eve"}, {"unknown_users": ["eve"]}, 412),
        ("/my/account.json", KEY, {}, 200),
        ("/issues.json", KEY, {"bad_credentials": ["k1"]}, 200),
        ("/issues.json", {}, {}, 200),
        ("/issues.json", KEY, {"bad_credentials": ["k1"], "public": False}, 401),
        ("/issues.json", {}, {"rest_off": True}, 200),
        ("/issues.json", {}, {"rest_off": True, "public": False}, 403),
        ("/issues.json?project_id=shop", KEY, {"gone": ["shop"]}, 404),
        ("/projects/shop.json", KEY, {}, 200),
        ("/projects/shop.json", KEY, {"gone": ["shop"]}, 404),
        ("/projects/shop", {}, {}, 200),
        ("/trackers.json", KEY, {}, 200),
        ("/issue_statuses.json", KEY, {}, 200),
        ("/issues/1.json", KEY, {}, 404),
    ],
)
def test_redmine_answers_by_key_and_switches_with_empty_refusals(
    ask: Any, path: str, headers: Any, switches: Any, status: int
) -> None:
    response = ask(REDMINE + path, switches, headers=headers)

    assert response.status == status
    assert status == 200 or response.body == b""


def test_redmine_answers_the_head_request_that_gitlab_sends(ask: Any) -> None:
    response = ask(f"{REDMINE}/projects/shop", method="HEAD")

    assert (response.status, response.body) == (200, b"")


def test_a_redmine_issue_is_made_noted_closed_and_found_by_custom_field(ask: Any, read: Any, state: Any) -> None:
    field = {"id": 3, "value": "gitlab-7"}
    issue = {"project_id": "shop", "subject": "Broken", "custom_fields": [field]}
    made = ask(f"{REDMINE}/issues.json", state, body={"issue": issue}, headers=KEY)
    change = {"issue": {"notes": "done", "status_id": 5}}
    changed = ask(f"{REDMINE}/issues/1.json", state, method="PUT", body=change, headers=KEY)

    def total(query: str) -> int:
        return int(read(ask(f"{REDMINE}/issues.json?{query}", state, headers=KEY))["total_count"])

    assert (made.status, changed.status) == (201, 204)
    assert made.headers["Location"] == f"{REDMINE}/issues/1"
    assert state["issues"]["1"]["journals"][0]["notes"] == "done"
    assert [total(q) for q in ("", "status_id=*", "status_id=*&cf_3=gitlab-7", "status_id=*&cf_3=other")] == [
        0,
        1,
        1,
        0,
    ]
    assert total("project_id=other&status_id=*") == 0


@pytest.mark.parametrize(
    ("issue", "sentences"),
    [
        ({"project_id": "shop"}, ["Subject cannot be blank"]),
        ({"subject": "x"}, ["Project cannot be blank", "Tracker cannot be blank", "Status cannot be blank"]),
        ({"project_id": "shop", "subject": "x", "priority_id": 99}, ["Priority cannot be blank"]),
        ({"project_id": "shop", "subject": "x" * 256}, ["Subject is too long (maximum is 255 characters)"]),
    ],
)
def test_a_redmine_issue_that_cannot_be_made_is_refused_in_sentences(
    ask: Any, read: Any, state: Any, issue: dict[str, object], sentences: list[str]
) -> None:
    response = ask(f"{REDMINE}/issues.json", state, body={"issue": issue}, headers=KEY)

    assert (response.status, read(response)) == (422, {"errors": sentences})
    assert not state.get("issues")


def test_redmine_leaves_out_in_silence_what_may_not_be_set(ask: Any, read: Any, state: Any) -> None:
    wanted = {"project_id": "shop", "subject": "x", "status_id": 5, "tracker_id": 99}
    made = read(ask(f"{REDMINE}/issues.json", state, body={"issue": wanted}, headers=KEY))["issue"]
    change = {"issue": {"subject": "y", "status_id": 2}}
    switches = {**state, "fixed": ["subject"]}
    changed = ask(f"{REDMINE}/issues/1.json", switches, method="PUT", body=change, headers=KEY)
    issue = read(ask(f"{REDMINE}/issues/1.json", state, headers=KEY))["issue"]

    assert (made["status"]["name"], made["tracker"]["name"]) == ("New", "Bug")
    assert changed.status == 204
    assert (issue["subject"], issue["status"]["name"]) == ("x", "In Progress")


def test_redmine_ignores_a_filter_that_it_does_not_know(ask: Any, read: Any, state: Any) -> None:
    issue = {"project_id": "shop", "subject": "x"}
    ask(f"{REDMINE}/issues.json", state, body={"issue": issue}, headers=KEY)

    def total(switches: Any) -> int:
        return int(read(ask(f"{REDMINE}/issues.json?cf_9=gl-7", switches, headers=KEY))["total_count"])

    assert [total(state), total({**state, "unfiltered": [9]})] == [0, 1]


def test_nobody_in_particular_makes_no_redmine_issue(ask: Any, state: Any) -> None:
    response = ask(f"{REDMINE}/issues.json", state, body={"issue": {"project_id": "shop", "subject": "x"}})

    assert response.status == 401
