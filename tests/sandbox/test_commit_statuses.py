"""Statuses on commits, and the pipelines, branches and commits around them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.lab import SEED, SHOP, Lab

SHA = SEED["commit"]["sha"]
STATUSES, LISTED = f"{SHOP}/statuses/{SHA}", f"{SHOP}/repository/commits/{SHA}/statuses"


def state(lab: Lab, value: str, **more: Any) -> Any:
    return lab.post(STATUSES, {"state": value, "name": "drift", "ref": "main", **more})


def test_a_status_moves_on_until_it_is_final() -> None:
    lab = Lab()
    pending, running = state(lab, "pending"), state(lab, "running")
    done = state(lab, "success", target_url="https://ci.example.test/1", description="No drift")
    assert {a.json["id"] for a in (pending, running, done)} == {pending.json["id"]}
    assert (running.json["started_at"] is None, done.json["finished_at"] is None) == (False, False)
    again = state(lab, "success")
    assert again.json["id"] != done.json["id"]
    assert (again.json["started_at"], again.json["target_url"]) == (None, None)
    assert [row["id"] for row in lab.get(LISTED).json] == [again.json["id"]]
    assert len(lab.get(f"{LISTED}?all=true").json) == 2


@pytest.mark.parametrize(
    ("first", "second", "step"),
    [("running", "running", "run"), ("running", "pending", "enqueue"), ("pending", "pending", "enqueue")],
)
def test_steps_that_do_not_exist(first: str, second: str, step: str) -> None:
    lab = Lab()
    state(lab, first)
    answer = state(lab, second)
    reason = f'Status cannot transition via "{step}"'
    assert (answer.status, answer.text) == (
        400,
        f"Cannot transition status via :{step} from :{first} (Reason(s): {reason})",
    )


@pytest.mark.parametrize(
    ("sha", "body", "status", "text"),
    [
        (SHA, {}, 400, "state is missing, state does not have a valid value"),
        (SHA, {"state": "nonsense"}, 400, "state does not have a valid value"),
        ("0" * 40, {"state": "success"}, 404, "404 Commit Not Found"),
        (SHA, {"state": "success", "pipeline_id": 9}, 404, "404 Pipeline for pipeline_id, sha and ref Not Found"),
    ],
)
def test_what_is_refused(sha: str, body: dict[str, Any], status: int, text: str) -> None:
    answer = Lab().post(f"{SHOP}/statuses/{sha}", body)
    assert (answer.status, answer.text) == (status, text)


def test_a_target_must_be_of_the_web() -> None:
    answer = state(Lab(), "success", target_url="javascript:x")
    assert answer.json == {"message": {"target_url": ["is blocked: Only allowed schemes are http, https"]}}


def test_without_name_and_ref_there_are_defaults() -> None:
    shown = Lab().post(STATUSES, {"state": "success"}).json
    assert (shown["name"], shown["ref"], shown["author"]["username"]) == ("default", "main", "mia")


def test_statuses_share_a_pipeline_that_shows_the_worst() -> None:
    lab = Lab()
    first, second = state(lab, "success"), state(lab, "failed", name="other")
    assert first.json["pipeline_id"] == second.json["pipeline_id"]
    shown = lab.get(f"{SHOP}/pipelines").json
    assert [(row["status"], row["source"], row["sha"]) for row in shown] == [("failed", "external", SHA)]
    assert lab.get(f"{SHOP}/pipelines/{shown[0]['id']}").json == shown[0]


@pytest.mark.parametrize(("who", "status"), [("dev", 201), ("ryan", 403), ("outsider", 404), (None, 401)])
def test_developers_may(who: str | None, status: int) -> None:
    assert Lab().post(STATUSES, {"state": "success"}, who=who).status == status


def test_commits_and_branches_can_be_made() -> None:
    lab = Lab()
    made = lab.post(
        f"{SHOP}/repository/commits", {"branch": "feature", "start_branch": "main", "commit_message": "More"}
    )
    assert (made.status, made.json["parent_ids"]) == (201, [SHA])
    assert {row["name"] for row in lab.get(f"{SHOP}/repository/branches").json} == {"feature", "main"}
    assert [row["id"] for row in lab.get(f"{SHOP}/repository/commits?ref_name=feature").json] == [made.json["id"], SHA]
    assert [row["id"] for row in lab.get(f"{SHOP}/repository/commits").json] == [SHA]
    on_main = lab.post(f"{SHOP}/repository/commits", {"branch": "main", "commit_message": "Main"}).json
    assert lab.get(f"{SHOP}/repository/branches/main").json["commit"]["id"] == on_main["id"]
    assert lab.post(f"{SHOP}/repository/branches", {"branch": "old", "ref": SHA}).status == 201
    assert lab.delete(f"{SHOP}/repository/branches/old").status == 204
    assert lab.post(f"{SHOP}/statuses/{on_main['id']}", {"state": "running"}).json["ref"] == "main"
    assert lab.post(f"{SHOP}/pipeline", {"ref": "feature"}).json["sha"] == made.json["id"]
