"""What tests of hooks deliver: made from what the project has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.asking import HOOKS, Asking

SHOP = "/projects/acme%2Fshop"
SHA = "9f1c2d3e4b5a69788796a5b4c3d2e1f001122334"


def delivered(lab: Asking, trigger: str) -> dict[str, Any]:
    lab.json("POST", f"{HOOKS}/1/test/{trigger}")
    value: dict[str, Any] = json.loads(lab.deliveries[-1].body)
    return value


@pytest.fixture
def lab() -> Asking:
    lab = Asking()
    lab.json("POST", HOOKS, {"url": "http://127.0.0.1:9000/in"})
    return lab


def test_the_newest_comment_comes_with_its_issue(lab: Asking) -> None:
    lab.json("POST", f"{SHOP}/issues", {"title": "Open", "labels": "bug"})
    lab.json("POST", f"{SHOP}/issues/1/notes", {"body": "A comment"})

    data = delivered(lab, "note_events")

    assert (data["event_type"], data["object_attributes"]["note"]) == ("note", "A comment")
    assert data["object_attributes"]["url"].endswith("/-/issues/1#note_2")
    assert (data["issue"]["title"], data["issue"]["labels"][0]["title"]) == ("Open", "bug")
    assert delivered(lab, "emoji_events")["note"]["note"] == "A comment"


def test_the_newest_pipeline_is_told_with_its_state(lab: Asking) -> None:
    lab.json("POST", f"{SHOP}/statuses/{SHA}", {"state": "failed", "name": "drift"})

    data = delivered(lab, "pipeline_events")

    assert (data["object_attributes"]["status"], data["object_attributes"]["sha"]) == ("failed", SHA)
    assert "homepage" not in data["project"]


def test_a_merge_request_and_its_comments_are_told(lab: Asking) -> None:
    lab.json("POST", f"{SHOP}/repository/branches", {"branch": "work", "ref": "main"})
    wanted = {"title": "Draft: more", "source_branch": "work", "target_branch": "main"}
    lab.json("POST", f"{SHOP}/merge_requests", wanted)
    lab.json("POST", f"{SHOP}/merge_requests/1/notes", {"body": "Well done"})

    data = delivered(lab, "merge_requests_events")

    assert (data["object_kind"], data["object_attributes"]["draft"]) == ("merge_request", True)
    assert (data["object_attributes"]["action"], data["object_attributes"]["source_branch"]) == ("open", "work")
    assert delivered(lab, "note_events")["merge_request"]["iid"] == 1


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        ("issues_events", "Ensure the project has issues."),
        ("note_events", "Ensure the project has notes."),
        ("merge_requests_events", "Ensure the project has merge requests."),
        ("pipeline_events", "Ensure the project has CI pipelines."),
        ("job_events", "Ensure the project has CI jobs."),
        ("confidential_note_events", "Testing not available for this hook"),
    ],
)
def test_without_a_sample_nothing_is_sent(lab: Asking, trigger: str, text: str) -> None:
    assert lab.refusal("POST", f"{HOOKS}/1/test/{trigger}") == (422, {"message": text})
    assert lab.deliveries == []
