"""Issues, merge requests and notes, as a sync reads and writes them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.sandbox.lab import SHOP, WEB, Lab

ISSUES, MERGES = f"{SHOP}/issues", f"{SHOP}/merge_requests"


def issue(lab: Lab, title: str, **more: Any) -> Any:
    lab.wait(1)
    answer = lab.post(ISSUES, {"title": title, **more})
    assert answer.status == 201, answer.body
    return answer.json


def titles(answer: Any) -> list[str]:
    return [row["title"] for row in answer.json]


def test_issues_are_numbered_in_their_project() -> None:
    lab = Lab()
    first, second = issue(lab, "One", labels="bug,shop"), issue(lab, "Two")
    assert (first["iid"], second["iid"], first["labels"]) == (1, 2, ["bug", "shop"])
    assert first["references"] == {"short": "#1", "relative": "#1", "full": "acme/shop#1"}
    assert lab.post(f"{WEB}/issues", {"title": "Other"}).json["iid"] == 1
    assert lab.get(f"{ISSUES}/1").json == first
    assert lab.get(f"{ISSUES}/9").text == "404 Not found"
    assert lab.post(ISSUES, {}).text == "title is missing"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Three", "Two", "One"]),
        ("order_by=updated_at&sort=asc", ["Two", "Three", "One"]),
        ("state=closed", ["One"]),
        ("state=opened&labels=bug", ["Two"]),
        ("iids[]=1&iids[]=3", ["Three", "One"]),
        ("search=thr", ["Three"]),
        ("per_page=2", ["Three", "Two"]),
        ("per_page=2&page=2", ["One"]),
        ("author_id=99", []),
    ],
)
def test_lists_are_filtered_ordered_and_paged(query: str, found: list[str]) -> None:
    lab = Lab()
    for title, label in (("One", ""), ("Two", "bug"), ("Three", "")):
        issue(lab, title, labels=label)
    lab.put(f"{ISSUES}/1", {"state_event": "close"})
    assert titles(lab.get(f"{ISSUES}?{query}")) == found


def test_what_changed_since_a_moment_includes_the_moment() -> None:
    lab = Lab()
    issue(lab, "Old")
    moment = issue(lab, "New")["updated_at"]
    assert titles(lab.get(f"{ISSUES}?updated_after={quote(moment)}")) == ["New"]
    assert titles(lab.get(f"{ISSUES}?updated_before={quote(moment)}&sort=asc")) == ["Old", "New"]


@pytest.mark.parametrize("order", ["order_by=updated_at&sort=asc", "order_by=created_at&sort=desc"])
def test_a_keyset_leads_through_all_pages(order: str) -> None:
    lab = Lab()
    made = [issue(lab, f"I{n}")["title"] for n in range(5)]
    path, seen = f"{ISSUES}?pagination=keyset&per_page=2&{order}", []
    while path:
        answer = lab.get(path)
        seen += titles(answer)
        found = re.search(r"<http://gitlab.example.test/api/v4([^>]+)>", answer.headers.get("Link", ""))
        path = found[1] if found else ""
    assert seen == (made if "asc" in order else made[::-1])


def test_a_change_moves_updated_at_and_closing_says_who() -> None:
    lab = Lab()
    made = issue(lab, "One")
    lab.wait(5)
    closed = lab.put(f"{ISSUES}/1", {"state_event": "close", "add_labels": "done"}).json
    assert (closed["state"], closed["closed_by"]["username"], closed["labels"]) == ("closed", "mia", ["done"])
    assert closed["updated_at"] > made["updated_at"]
    assert lab.put(f"{ISSUES}/1", {"state_event": "reopen"}).json["closed_at"] is None
    assert lab.put(f"{ISSUES}/1", {}).status == 400


def test_confidential_issues_are_hidden_from_guests() -> None:
    lab = Lab()
    issue(lab, "Secret", confidential=True)
    lab.ask("POST", f"{SHOP}/members", {"username": "outsider", "access_level": 10}, who="olivia")
    assert titles(lab.get(ISSUES, who="ryan")) == ["Secret"]
    assert titles(lab.get(ISSUES, who="outsider")) == []


def test_notes_and_those_of_gitlab_itself() -> None:
    lab = Lab()
    issue(lab, "One")
    made = lab.post(f"{ISSUES}/1/notes", {"body": "A first comment"})
    assert (made.status, made.json["noteable_type"], made.json["system"]) == (201, "Issue", False)
    listed = lab.get(f"{ISSUES}/1/notes?sort=asc").json
    assert [(row["body"], row["system"]) for row in listed] == [
        ("set status to **To do**", True),
        ("A first comment", False),
    ]
    assert len(lab.get(f"{ISSUES}/1/notes?activity_filter=only_comments").json) == 1
    assert lab.put(f"{ISSUES}/1/notes/{listed[0]['id']}", {"body": "x"}).status == 403
    one = f"{ISSUES}/1/notes/{made.json['id']}"
    assert lab.put(one, {"body": "changed"}).json["body"] == "changed"
    assert lab.put(one, {"body": "x"}, who="dev").status == 403
    assert lab.delete(one).status == 204
    assert lab.post(f"{ISSUES}/1/notes", {}).text == "body is missing"
    assert lab.get(f"{ISSUES}/9/notes").text == "404 Not found"
    assert lab.get(f"{ISSUES}/1").json["user_notes_count"] == 0


def test_quick_actions_alone_leave_no_note() -> None:
    lab = Lab()
    issue(lab, "One", labels="bug")
    answer = lab.post(f"{ISSUES}/1/notes", {"body": '/label ~bug ~"two words"'})
    assert (answer.status, answer.json["summary"]) == (202, ['Added ~"bug" ~"two words" labels.'])
    assert lab.get(f"{ISSUES}/1").json["labels"] == ["bug", "two words"]
    lab.post(f"{ISSUES}/1/notes", {"body": "Done.\n/close"})
    assert lab.get(f"{ISSUES}/1").json["state"] == "closed"
    assert lab.get(f"{ISSUES}/1/notes?activity_filter=only_comments").json[0]["body"] == "Done."


def test_issues_are_linked_once() -> None:
    lab = Lab()
    first, _ = issue(lab, "One"), issue(lab, "Two")
    body = {"target_project_id": first["project_id"], "target_issue_iid": 2}
    made = lab.post(f"{ISSUES}/1/links", body)
    assert (made.status, made.json["target_issue"]["title"]) == (201, "Two")
    assert lab.post(f"{ISSUES}/1/links", body).status == 409
    assert titles(lab.get(f"{ISSUES}/2/links")) == ["One"]
    assert lab.delete(f"{ISSUES}/1/links/{made.json['id']}").status == 200


def merge_request(lab: Lab) -> Any:
    lab.post(f"{SHOP}/repository/commits", {"branch": "feature", "start_branch": "main", "commit_message": "More"})
    return lab.post(MERGES, {"title": "Draft: More", "source_branch": "feature", "target_branch": "main"})


def test_a_merge_request_lives() -> None:
    lab = Lab()
    made = merge_request(lab)
    assert (made.status, made.json["draft"], made.json["reference"]) == (201, True, "!1")
    assert [row["title"] for row in lab.get(f"{MERGES}/1/commits").json] == ["More"]
    again = lab.post(MERGES, {"title": "x", "source_branch": "feature", "target_branch": "main"})
    assert (again.status, "!1" in again.text) == (409, True)
    assert lab.put(f"{MERGES}/1", {"title": "More", "labels": "a,b"}).json["labels"] == ["a", "b"]
    assert lab.post(f"{MERGES}/1/notes", {"body": "Fine"}).json["noteable_type"] == "MergeRequest"
    merged = lab.put(f"{MERGES}/1/merge", {})
    assert (merged.json["state"], merged.json["merge_user"]["username"]) == ("merged", "mia")
    assert lab.put(f"{MERGES}/1/merge", {}).status == 405
    assert titles(lab.get(f"{MERGES}?state=merged&order_by=updated_at&sort=asc")) == ["More"]
    assert lab.get(f"{MERGES}?view=simple").json[0].keys() >= {"iid", "title", "web_url"}


def test_branches_of_a_merge_request_must_exist() -> None:
    answer = Lab().post(MERGES, {"title": "x", "source_branch": "nope", "target_branch": "main"})
    assert answer.status == 400
