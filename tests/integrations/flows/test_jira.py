"""Jira: the probe tells apart what looks alike, and single issues are made, changed, commented on, moved and linked."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.errors import ReconcilerError, RemoteError, UnclearWrite
from reconciler.core.flow import Failure, Request, Response
from reconciler.core.resource import Health
from reconciler.integrations.flows.jira_text import document, plain_text
from tests.integrations.flows.jira_estate import CLOUD, KIND, SERVER, TOKEN, Estate, entry
from tests.integrations.flows.running import Stage, fed, json_answer

H, D, U, N = Health.HEALTHY, Health.DEGRADED, Health.UNHEALTHY, Health.UNKNOWN
SITES = pytest.mark.parametrize("url", [CLOUD, SERVER])


def probed(url: str, /, state: dict[str, Any], **values: Any) -> tuple[Any, Stage]:
    assert KIND.probe is not None
    stage = Stage(hosts={"jira.acme.test": "jira"}, states={"jira": state})
    return stage.run(KIND.probe(entry(url, **values))), stage


@SITES
@pytest.mark.parametrize(
    ("state", "status", "cause"),
    [
        ({}, H, ""),
        ({"bad_credentials": [TOKEN]}, U, "credential"),
        ({"captcha": True}, U, "credential"),
        ({"sso": True}, U, "misleading"),
        ({"gone": ["SHOP"]}, D, "gone"),
        ({"missing_permissions": ["LINK_ISSUES"]}, D, "refused"),
        ({"throttled": True}, N, "throttled"),
        ({"throttled": True, "throttle_html": True}, N, "throttled"),
        ({"unavailable": True}, N, "failing"),
    ],
)
def test_the_probe_tells_what_is_wrong_and_changes_nothing(
    url: str, state: dict[str, Any], status: Health, cause: str
) -> None:
    verdict, stage = probed(url, state)

    assert (verdict.status, verdict.facts.get("cause", "")) == (status, cause)
    assert {request.method for request in stage.sent} == {"GET"}
    assert "issues" not in stage.states["jira"]


@pytest.mark.parametrize(
    ("answer", "status", "cause"),
    [
        (Failure("no answer within the time allowed"), U, "unreachable"),
        (Response(200, {"content-type": "text/html"}, b"<!doctype html>"), U, "misleading"),
        (json_answer(200, {"deploymentType": "Cloud"}), U, "misleading"),
        (json_answer(200, {"accountId": "1", "active": False}), U, "credential"),
        (Response(200, {"x-seraph-loginreason": "AUTHENTICATED_FAILED"}, b"{}"), U, "credential"),
        (Response(404), U, "gone"),
    ],
)
def test_the_probe_is_not_misled(answer: Response | Failure, status: Health, cause: str) -> None:
    assert KIND.probe is not None

    verdict, _ = fed(KIND.probe(entry()), [answer])

    assert (verdict.status, verdict.facts["cause"]) == (status, cause)


def test_a_cloud_token_sent_as_a_bearer_token_is_nobody_s() -> None:
    verdict, _ = probed(CLOUD, {}, jira_auth_type=1)

    assert (verdict.status, verdict.facts["cause"]) == (U, "credential")


def test_a_personal_token_of_data_center_is_sent_as_a_bearer_token() -> None:
    verdict, stage = probed(SERVER, {}, jira_auth_type=1)

    assert verdict.status is H
    assert str(stage.sent[0].url).startswith(f"{SERVER}/rest/api/2/")


def test_an_address_of_the_api_goes_first() -> None:
    verdict, stage = probed(CLOUD, {}, jira_auth_type=2, api_url="https://api.atlassian.com/ex/jira/1234")

    assert verdict.status is H
    assert str(stage.sent[0].url) == "https://api.atlassian.com/ex/jira/1234/rest/api/3/myself"


@SITES
def test_an_issue_lives_through_its_actions(url: str) -> None:
    estate = Estate(url=url)

    made = estate.run("create-issue", {"summary": "Broken\nthing", "description": "It is.", "issue_type": "bug"})
    key = made["issue"]
    estate.run("update-issue", {"issue": key, "summary": "Broken", "labels": "a b,c"})
    comments = [estate.run("comment", {"issue": key, "text": "Well *done*\n\nthanks"}) for _ in range(2)]
    moves = [estate.run("transition", {"issue": key, "to": to}) for to in ("in progress", "In Progress", "done")]
    linked = [estate.run("link", {"issue": key, "url": "https://a.test", "title": title}) for title in ("A", "B")]

    issue = estate.made[key]
    assert issue["fields"]["summary"] == "Broken"
    assert issue["fields"]["issuetype"]["name"] == "Bug"
    assert {"a_b", "c"} < set(issue["fields"]["labels"])
    assert [one["created"] for one in comments] == [True, False]
    assert len(issue["comments"]) == 1
    assert [one["moved"] for one in moves] == [True, False, True]
    assert issue["fields"]["status"]["name"] == "Done"
    assert [one["created"] for one in linked] == [True, False]
    assert [link["object"]["title"] for link in issue["links"]] == ["B"]


@SITES
def test_an_issue_with_a_marker_is_made_once(url: str) -> None:
    estate = Estate(url=url, jira={"index_delay": 0})

    first = estate.run("create-issue", {"summary": "Broken", "marker": "build-7"})
    second = estate.run("create-issue", {"summary": "Broken again", "marker": "build-7"})
    estate.facts.clear()
    third = estate.run("create-issue", {"summary": "Broken once more", "marker": "build-7"})

    assert [one["created"] for one in (first, second, third)] == [True, False, False]
    assert len(estate.made) == 1


@SITES
def test_an_issue_whose_creation_was_killed_is_found_when_it_is_asked_for_again(url: str) -> None:
    estate = Estate(url=url)

    def lost(request: Request) -> Failure | None:
        if request.method == "POST" and str(request.url).endswith("/issue"):
            raise KeyboardInterrupt
        return None

    with pytest.raises(KeyboardInterrupt):
        estate.run("create-issue", {"summary": "Broken"}, lost=lost)
    again = estate.run("create-issue", {"summary": "Broken"})
    new = estate.run("create-issue", {"summary": "Broken"})

    assert (again["created"], new["created"]) == (False, True)
    assert len(estate.made) == 2


@pytest.mark.parametrize(
    ("action", "parameters", "match"),
    [
        ("update-issue", {"issue": "SHOP-1"}, "nothing to change"),
        ("update-issue", {"issue": "../x", "summary": "s"}, "no key"),
        ("update-issue", {"issue": "SHOP-9", "summary": "s"}, "no such issue"),
        ("create-issue", {"summary": "s", "issue_type": "Wish"}, "no issue type `Wish`"),
        ("create-issue", {"summary": "s", "fields": {"nonsense": 1}}, "nonsense"),
        ("create-issue", {"summary": "s", "project_key": "no-key"}, "no project"),
        ("transition", {"issue": "SHOP-1", "to": "done"}, "no issue"),
        ("transition", {"issue": "SHOP-1"}, "transition_id"),
    ],
)
def test_what_cannot_be_done_is_said(action: str, parameters: dict[str, Any], match: str) -> None:
    with pytest.raises(ReconcilerError, match=match):
        Estate().run(action, parameters)


def test_a_comment_whose_fate_is_unknown_is_not_repeated() -> None:
    estate = Estate()
    key = estate.run("create-issue", {"summary": "s"})["issue"]
    lost = Failure("the connection broke before the whole answer came")

    with pytest.raises(UnclearWrite):
        estate.run("comment", {"issue": key, "text": "once"}, lost=lambda r: lost if r.writes else None)
    estate.run("comment", {"issue": key, "text": "once"})

    assert len(estate.made[key]["comments"]) == 1


def test_a_refusal_never_shows_the_credential() -> None:
    flow = KIND.actions["update-issue"].run(entry(), {"issue": "SHOP-1", "summary": "s"})
    refusal = json_answer(400, {"errorMessages": [f"{TOKEN} is not liked"], "errors": {"summary": "is too long"}})

    with pytest.raises(RemoteError, match=r"… is not liked; summary: is too long") as raised:
        fed(flow, [refusal])

    assert TOKEN not in repr(raised.value.__dict__)


@pytest.mark.parametrize(
    "text", ["", "one", "one\ntwo\n\nthree", "a\n```python\nx = 1\n```\nb", "```\n```", "\r\nwindows\r\n\r\nlines\r\n"]
)
def test_a_document_says_what_the_text_says(text: str) -> None:
    words = plain_text(document(text))

    assert words == plain_text(text).replace("python ", "")
    assert all(node["content"] for node in document(text)["content"])


@SITES
def test_a_type_is_found_and_a_field_missed_however_many_pages_a_project_has_of_them(url: str) -> None:
    types = [*(f"Type {n}" for n in range(230)), "Last"]
    fields = [f"customfield_{n}" for n in range(230)]
    estate = Estate(url=url, jira={"index_delay": 0, "projects": {"SHOP": {"issue_types": types}}})
    assert estate.run("create-issue", {"summary": "Broken", "issue_type": "Last"})["created"]

    estate.jira["projects"]["SHOP"]["required"] = fields
    with pytest.raises(ReconcilerError, match="customfield_229"):
        estate.run("create-issue", {"summary": "Broken again", "issue_type": "Last"})
