"""The Jira stand-in: two deployments, answers to nobody in particular, issues, links, and a search that lags."""

from __future__ import annotations

from typing import Any

import pytest

CLOUD = "https://acme.atlassian.net/rest/api/3"
CLOUD_2 = "https://acme.atlassian.net/rest/api/2"
SERVER = "https://jira.acme.test/jira/rest/api/2"
USER = "bot@acme.example:ATATT1"
ADF = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": "why"}]}]}
FIELDS: dict[str, Any] = {"project": {"key": "PROJ"}, "issuetype": {"name": "Task"}, "summary": "Broken"}
BAD = {"bad_credentials": [USER]}


@pytest.fixture
def made(ask: Any, state: Any) -> dict[str, Any]:
    response = ask(
        f"{CLOUD}/issue", state, body={"fields": {**FIELDS, "labels": ["sync-1"], "description": ADF}}, user=USER
    )
    assert response.status == 201
    return dict(state)


@pytest.mark.parametrize(
    ("url", "auth", "switches", "status"),
    [
        (f"{CLOUD}/myself", {"user": USER}, {}, 200),
        (f"{CLOUD}/myself", {}, {}, 401),
        (f"{CLOUD}/myself", {"user": USER}, BAD, 401),
        (f"{CLOUD}/myself", {"bearer": "ATATT1"}, {}, 401),
        ("https://api.atlassian.com/ex/jira/cloud-1/rest/api/3/myself", {"bearer": "ATATT1"}, {}, 200),
        (f"{SERVER}/myself", {"bearer": "PAT"}, {}, 200),
        (f"{SERVER}/myself", {"user": "bot:pw"}, {}, 200),
        (f"{SERVER}/myself", {"bearer": "PAT"}, {"bad_credentials": ["PAT"]}, 401),
        (f"{SERVER}/myself", {"user": "bot:pw"}, {"captcha": True}, 403),
        (f"{SERVER}/myself", {"user": "bot:pw"}, {"sso": True}, 302),
        ("https://jira.acme.test/rest/api/3/myself", {"bearer": "PAT"}, {}, 404),
        ("https://jira.acme.test/rest/api/3/myself", {"user": USER}, {"deployment": "cloud"}, 200),
        (f"{CLOUD}/serverInfo", {}, {}, 200),
        (f"{CLOUD}/serverInfo", {"user": USER}, BAD, 200),
        (f"{CLOUD}/project/PROJ", {"user": USER}, {}, 200),
        (f"{CLOUD}/project/PROJ", {"user": USER}, BAD, 404),
        (f"{CLOUD}/project/PROJ", {}, {}, 404),
        (f"{CLOUD}/project/PROJ", {"user": USER}, {"gone": ["PROJ"]}, 404),
        (f"{CLOUD}/project/PROJ", {"user": USER}, {"strict": True}, 404),
        (f"{CLOUD}/project/OPS", {"user": USER}, {"strict": True, "projects": {"OPS": {}}}, 200),
        (f"{CLOUD}/search?jql=project=PROJ", {"user": USER}, {}, 410),
        (f"{CLOUD_2}/search?jql=project=PROJ", {"user": USER}, {}, 410),
        (f"{CLOUD}/search/jql?jql=project=PROJ", {"user": USER}, BAD, 200),
        (f"{CLOUD}/search/jql?jql=", {"user": USER}, {}, 400),
        (f"{CLOUD}/search/jql?jql=project=order", {"user": USER}, {}, 400),
        (f"{CLOUD}/search/jql?jql=nosuch=1", {"user": USER}, {}, 400),
        (f"{SERVER}/search/jql?jql=project=PROJ", {"bearer": "PAT"}, {}, 404),
        (f"{SERVER}/search?jql=project=PROJ", {"bearer": "PAT"}, {}, 200),
        (f"{CLOUD}/mypermissions", {"user": USER}, {}, 400),
        (f"{CLOUD}/issue/PROJ-1", {"user": USER}, {}, 404),
        (f"{CLOUD}/myself", {"user": USER}, {"unavailable": True}, 503),
    ],
)
def test_jira_answers_by_deployment_and_caller(ask: Any, url: str, auth: Any, switches: Any, status: int) -> None:
    assert ask(url, {**switches}, **auth).status == status


@pytest.mark.parametrize(
    ("base", "switches", "kind"),
    [(CLOUD, {}, "Cloud"), (SERVER, {}, "Server"), (SERVER, {"deployment": "cloud"}, "Cloud")],
)
def test_jira_says_its_deployment_to_anybody(ask: Any, read: Any, base: str, switches: Any, kind: str) -> None:
    shown = read(ask(f"{base}/serverInfo", switches))

    assert shown["deploymentType"] == kind
    assert shown["baseUrl"] == base.partition("/rest/")[0]


def test_refused_credentials_are_named_in_a_header_and_lock_a_data_center_user_at_the_third_time(ask: Any) -> None:
    state: dict[str, Any] = {"bad_credentials": ["bot:old"]}

    answers = [ask(f"{SERVER}/myself", state, user=u) for u in ("bot:old", "bot:old", "bot:old", "bot:new", "eve:pw")]

    assert [answer.status for answer in answers] == [401, 401, 401, 403, 200]
    assert answers[0].headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
    assert answers[3].headers["X-Authentication-Denied-Reason"].startswith("CAPTCHA_CHALLENGE")


@pytest.mark.parametrize(
    ("url", "switches", "header", "is_html"),
    [
        (CLOUD, {"throttled": 1, "retry_after": 5}, "RateLimit-Reason", False),
        (CLOUD, {"throttled": 1, "throttle_html": True}, "X-RateLimit-Reset", True),
        (SERVER, {"throttled": 1}, "X-RateLimit-FillRate", True),
    ],
)
def test_jira_throttles_in_the_form_of_its_deployment(
    ask: Any, url: str, switches: Any, header: str, is_html: bool
) -> None:
    response = ask(f"{url}/serverInfo", switches)

    assert response.status == 429
    assert {"Retry-After", header} <= set(response.headers)
    assert (response.headers["Content-Type"] == "text/html") == is_html
    assert ask(f"{url}/serverInfo", switches).status == 200


@pytest.mark.parametrize(
    ("base", "change", "field"),
    [
        (CLOUD, {"description": "plain"}, "description"),
        (CLOUD_2, {"description": ADF}, "description"),
        (CLOUD, {"summary": ""}, "summary"),
        (CLOUD, {"summary": "a\nb"}, "summary"),
        (CLOUD, {"summary": "x" * 256}, "summary"),
        (CLOUD, {"labels": ["a b"]}, "labels"),
        (CLOUD, {"issuetype": {"name": "Incident"}}, "issuetype"),
        (CLOUD, {"project": {"key": "NOPE"}}, "project"),
        (CLOUD, {"colour": "red"}, "colour"),
    ],
)
def test_an_issue_that_cannot_be_made_is_refused_by_field(
    ask: Any, read: Any, base: str, change: dict[str, Any], field: str
) -> None:
    state: dict[str, Any] = {"gone": ["NOPE"]}

    response = ask(f"{base}/issue", state, body={"fields": {**FIELDS, **change}}, user=USER)

    assert (response.status, list(read(response)["errors"])) == (400, [field])
    assert "issues" not in state


def test_a_project_may_demand_a_custom_field_and_have_its_own_types(ask: Any, read: Any) -> None:
    state = {"projects": {"OPS": {"issue_types": ["Incident"], "required": ["customfield_1"]}}}
    fields = {"project": {"key": "OPS"}, "issuetype": {"id": "10001"}, "summary": "s"}

    refused = ask(f"{CLOUD}/issue", state, body={"fields": fields}, user=USER)
    types = read(ask(f"{CLOUD}/issue/createmeta/OPS/issuetypes", state, user=USER))["issueTypes"]
    needed = read(ask(f"{CLOUD}/issue/createmeta/OPS/issuetypes/10001", state, user=USER))["fields"]
    accepted = ask(f"{CLOUD}/issue", state, body={"fields": {**fields, "customfield_1": "x"}}, user=USER)

    assert list(read(refused)["errors"]) == ["customfield_1"]
    assert [t["name"] for t in types] == ["Incident"]
    assert "customfield_1" in [f["fieldId"] for f in needed if f["required"]]
    assert read(accepted)["key"] == "OPS-1"


def test_an_issue_keeps_what_it_was_made_with_and_speaks_both_versions(ask: Any, read: Any, made: Any) -> None:
    third = read(ask(f"{CLOUD}/issue/PROJ-1", made, user=USER))
    second = read(ask(f"{CLOUD_2}/issue/PROJ-1?fields=description,labels", made, user=USER))

    assert third["fields"]["description"] == ADF
    assert second["fields"] == {"description": "why", "labels": ["sync-1"]}
    assert third["self"] == f"{CLOUD}/issue/10001"


def test_an_issue_is_updated_by_fields_and_by_operations(ask: Any, read: Any, made: Any) -> None:
    body = {"fields": {"summary": "Fixed"}, "update": {"labels": [{"add": "two"}, {"remove": "sync-1"}]}}

    response = ask(f"{CLOUD}/issue/PROJ-1", made, method="PUT", body=body, user=USER)

    fields = made["issues"]["PROJ-1"]["fields"]
    assert response.status == 204
    assert (fields["summary"], fields["labels"]) == ("Fixed", ["two"])


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("labels = sync-1", ["PROJ-1"]),
        ('labels = "sync-1" AND project = PROJ ORDER BY created DESC', ["PROJ-1"]),
        ("project in (PROJ, OPS) and labels not in (sync-1)", ["PROJ-2"]),
        ("summary ~ broken", ["PROJ-1", "PROJ-2"]),
        ("key = PROJ-2", ["PROJ-2"]),
        ("labels is EMPTY", ["PROJ-2"]),
        ("labels is not EMPTY", ["PROJ-1"]),
        ("statusCategory = done", []),
        ("text ~ why and issuetype = Task", ["PROJ-1"]),
        ("status != Done", ["PROJ-1", "PROJ-2"]),
    ],
)
def test_a_query_finds_the_issues_that_it_describes(
    ask: Any, read: Any, made: Any, now: float, jql: str, keys: list[str]
) -> None:
    ask(f"{CLOUD}/issue", made, body={"fields": FIELDS}, user=USER)

    cloud = ask(f"{CLOUD}/search/jql", made, body={"jql": jql, "fields": ["key"]}, user=USER, now=now + 60)
    made["deployment"] = "server"
    server = ask(f"{SERVER}/search", made, body={"jql": jql}, bearer="PAT", now=now + 60)

    assert [i["key"] for i in read(cloud)["issues"]] == keys
    assert [i["key"] for i in read(server)["issues"]] == keys
    assert read(server)["total"] == len(keys)


def test_cloud_s_search_lags_unless_it_is_told_what_to_reconcile(ask: Any, read: Any, made: Any, now: float) -> None:
    made["index_delay"] = 30

    def found(after: float, **more: object) -> list[object]:
        body = {"jql": "labels = sync-1", **more}
        return list(read(ask(f"{CLOUD}/search/jql", made, body=body, user=USER, now=now + after))["issues"])

    assert found(0) == []
    assert found(29) == []
    assert found(0, reconcileIssues=[10001]) == [{"id": "10001"}]
    assert found(30) == [{"id": "10001"}]


def test_cloud_pages_by_token_and_data_center_by_number(ask: Any, read: Any, state: Any, now: float) -> None:
    for _ in range(3):
        ask(f"{CLOUD}/issue", state, body={"fields": FIELDS}, user=USER)
    first = read(ask(f"{CLOUD}/search/jql?jql=project=PROJ&maxResults=2", state, user=USER, now=now + 60))
    token = first["nextPageToken"]
    second = read(ask(f"{CLOUD}/search/jql?jql=project=PROJ&nextPageToken={token}", state, user=USER, now=now + 60))
    state["deployment"] = "server"
    page = read(ask(f"{SERVER}/search?jql=project=PROJ&startAt=2", state, bearer="PAT"))

    assert (len(first["issues"]), first["isLast"], len(second["issues"]), second["isLast"]) == (2, False, 1, True)
    assert (page["total"], len(page["issues"])) == (3, 1)


def test_a_remote_link_is_one_for_each_global_id_and_loses_what_is_not_sent_again(
    ask: Any, read: Any, made: Any
) -> None:
    url = f"{CLOUD}/issue/PROJ-1/remotelink"
    link = {"globalId": "g/1", "relationship": "implements", "object": {"url": "https://gitlab.test/1", "title": "!1"}}

    first = ask(url, made, body=link, user=USER)
    again = ask(url, made, body={k: v for k, v in link.items() if k != "relationship"}, user=USER)
    shown = read(ask(f"{url}?globalId=g/1", made, user=USER))
    removed = ask(f"{url}?globalId=g/1", made, method="DELETE", user=USER)

    assert (first.status, again.status, removed.status) == (201, 200, 204)
    assert read(first)["id"] == read(again)["id"]
    assert shown["relationship"] is None
    assert made["issues"]["PROJ-1"]["links"] == []
    assert ask(url, made, body={"globalId": "g"}, user=USER).status == 400


def test_a_comment_is_a_document_in_version_3_and_text_in_version_2_and_never_merged(
    ask: Any, read: Any, made: Any
) -> None:
    url = "/issue/PROJ-1/comment"

    statuses = [
        ask(f"{base}{url}", made, body={"body": body}, user=USER).status
        for base, body in ((CLOUD, ADF), (CLOUD, "text"), (CLOUD_2, "text"), (CLOUD_2, ADF), (CLOUD_2, "text"))
    ]

    assert statuses == [201, 400, 201, 400, 201]
    assert [c["body"] for c in read(ask(f"{CLOUD_2}{url}", made, user=USER))["comments"]] == ["why", "text", "text"]


def test_a_transition_is_chosen_by_id_and_seen_in_the_status(ask: Any, read: Any, made: Any) -> None:
    url = f"{CLOUD}/issue/PROJ-1/transitions"
    rows = read(ask(url, made, user=USER))["transitions"]
    done = next(row["id"] for row in rows if row["to"]["statusCategory"]["key"] == "done")

    statuses = [ask(url, made, body={"transition": {"id": i}}, user=USER).status for i in (done, "99")]

    assert statuses == [204, 400]
    assert made["issues"]["PROJ-1"]["fields"]["status"]["name"] == "Done"


def test_a_property_is_new_then_replaced(ask: Any, read: Any, made: Any) -> None:
    url = f"{CLOUD}/issue/PROJ-1/properties/gitlab"

    statuses = [ask(url, made, method="PUT", body={"iid": i}, user=USER).status for i in (1, 2)]

    assert statuses == [201, 200]
    assert read(ask(url, made, user=USER)) == {"key": "gitlab", "value": {"iid": 2}}


@pytest.mark.parametrize(
    ("permission", "method", "path", "body"),
    [
        ("CREATE_ISSUES", "POST", "/issue", {"fields": FIELDS}),
        ("ADD_COMMENTS", "POST", "/issue/PROJ-1/comment", {"body": ADF}),
        ("LINK_ISSUES", "POST", "/issue/PROJ-1/remotelink", {"object": {"url": "u", "title": "t"}}),
        ("TRANSITION_ISSUES", "POST", "/issue/PROJ-1/transitions", {"transition": {"id": "31"}}),
        ("EDIT_ISSUES", "PUT", "/issue/PROJ-1", {"fields": {"summary": "x"}}),
    ],
)
def test_a_missing_permission_is_told_beforehand_and_refused_at_the_act(
    ask: Any, read: Any, made: Any, permission: str, method: str, path: str, body: object
) -> None:
    made["missing_permissions"] = [permission]

    told = read(ask(f"{CLOUD}/mypermissions?projectKey=PROJ&permissions={permission}", made, user=USER))

    assert told["permissions"][permission]["havePermission"] is False
    assert ask(f"{CLOUD}{path}", made, method=method, body=body, user=USER).status == 403


def test_nobody_in_particular_sees_or_makes_no_issue(ask: Any, made: Any) -> None:
    statuses = [ask(f"{CLOUD}/issue/PROJ-1", made).status, ask(f"{CLOUD}/issue", made, body={"fields": FIELDS}).status]

    assert statuses == [404, 401]
    assert list(made["issues"]) == ["PROJ-1"]
