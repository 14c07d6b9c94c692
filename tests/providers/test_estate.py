"""What GitLab says of itself and of scopes, against the sandbox and with pages fed by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import RemoteError
from reconciler.core.flow import Request, Response
from reconciler.core.ports import ScopeFacts
from reconciler.providers.gitlab import GitLabEstate
from reconciler.providers.gitlab.pages import MOST_PAGES, next_page, pages

SHOP = Scope(ScopeType.PROJECT, "myorg/shop")


class Fed:
    """An HTTP port that answers from a list of pages."""

    def __init__(self, *answers: Response) -> None:
        self.answers, self.asked = list(answers), list[Request]()

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answers.pop(0)

    def run(self, flow: Any) -> Any:
        raise NotImplementedError


def page(ids: list[int], **headers: str) -> Response:
    rows = [{"id": id, "path_with_namespace": f"myorg/p{id}", "topics": ["x"]} for id in ids]
    return Response(200, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(rows).encode())


def all_of(*answers: Response) -> tuple[Any, list[Request]]:
    calls, asked, waiting = pages("/api/v4/x", {"a": 1}, frozenset({404})), [], list(answers)
    try:
        request = next(calls)
        while True:
            asked.append(request)
            request = calls.send(waiting.pop(0))
    except StopIteration as end:
        return end.value, asked


def test_the_version_is_asked_once(lab: Any) -> None:
    lab.sent()
    assert [lab.estate.version() for _ in range(3)] == [(18, 9)] * 3
    assert lab.sent() == [("GET", "/api/v4/version")]


@pytest.mark.parametrize("body", [b"<html>", b'{"version":"soon"}', b"[]"])
def test_what_is_no_gitlab_says_so(body: bytes) -> None:
    with pytest.raises(RemoteError, match="no GitLab"):
        GitLabEstate(Fed(Response(200, {}, body))).version()


def test_a_projects_facts_are_asked_once(lab: Any) -> None:
    lab.sent()
    facts = lab.estate.scope(SHOP)

    assert isinstance(facts, ScopeFacts)
    assert facts.path == "myorg/shop"
    assert lab.estate.scope(Scope(ScopeType.PROJECT, "MyOrg/Shop")) == facts
    assert len(lab.sent()) == 1


def test_a_groups_facts_are_asked_without_its_projects(lab: Any) -> None:
    facts = lab.estate.scope(Scope(ScopeType.GROUP, "myorg"))

    assert (facts.path, facts.archived) == ("myorg", False)


def test_the_instance_needs_no_asking(lab: Any) -> None:
    assert lab.estate.scope(Scope.instance()) == ScopeFacts(0, "@instance")


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (Response(404, {}, b'{"message":"404 Project Not Found"}'), "not there, or hidden"),
        (Response(403, {}, b'{"message":"403 Forbidden"}'), "must be Maintainer"),
        (Response(401, {}, b'{"message":"401 Unauthorized"}'), "does not accept the token"),
        (
            Response(301, {"location": "http://g/api/v4/projects/7"}),
            "renamed or moved (its id is 7): declare it by its new path, or `state forget` it",
        ),
        (Response(301), "renamed or moved: declare it by its new path, or `state forget` it"),
        (Response(200, {}, b"[]"), "200"),
    ],
)
def test_a_scope_that_cannot_be_known_is_a_sentence(response: Response, words: str) -> None:
    facts = GitLabEstate(Fed(response)).scope(SHOP)

    assert isinstance(facts, str)
    assert "myorg/shop" in facts
    assert words in facts


def test_every_project_of_a_group_is_listed_with_subgroups_archive_and_topics(lab: Any) -> None:
    group = lab.api("GET", "/groups/myorg").data()["id"]
    sub = lab.api("POST", "/groups", {"name": "team", "path": "team", "parent_id": group}).data()["id"]
    project = {"name": "deep", "path": "deep", "namespace_id": sub, "topics": ["payments"]}
    deep = lab.api("POST", "/projects", project).data()["id"]
    lab.api("POST", "/projects/myorg%2Fweb/archive")

    projects = {facts.path: facts for facts in lab.estate.projects("myorg")}

    assert {"myorg/shop", "myorg/web", "myorg/team/deep"} <= set(projects)
    assert projects["myorg/team/deep"] == ScopeFacts(deep, "myorg/team/deep", False, ("payments",))
    assert projects["myorg/web"].archived
    assert not projects["myorg/shop"].archived
    assert {facts.path for facts in lab.estate.projects("")} >= set(projects)


def test_the_groups_below_a_group_are_listed_at_any_depth(lab: Any) -> None:
    group = lab.api("GET", "/groups/myorg").data()["id"]
    team = lab.api("POST", "/groups", {"name": "team", "path": "team", "parent_id": group}).data()["id"]
    lab.api("POST", "/groups", {"name": "inner", "path": "inner", "parent_id": team})

    assert [facts.path for facts in lab.estate.groups("myorg")] == ["myorg/team", "myorg/team/inner"]
    with pytest.raises(RemoteError, match="404"):
        lab.estate.groups("nowhere")


def test_a_group_that_cannot_be_read_is_an_error(lab: Any) -> None:
    with pytest.raises(RemoteError, match="404"):
        lab.estate.projects("nowhere")


def test_projects_come_by_keyset_where_the_whole_instance_is_asked() -> None:
    link = '<https://g/api/v4/projects?id_after=2&per_page=100>; rel="next"'
    http = Fed(page([1, 2], link=link), page([3]), page([9]))

    projects = GitLabEstate(http).projects("")

    assert [facts.id for facts in projects] == [1, 2, 3, 9]
    assert [facts.archived for facts in projects] == [False, False, False, True]
    assert http.asked[1].query["id_after"] == "2"
    assert http.asked[0].url == "/api/v4/projects"


def test_pages_are_followed_by_header_though_one_is_short_or_empty() -> None:
    found, asked = all_of(page([1], x_next_page="2"), page([], x_next_page="3"), page([2], x_next_page=""))

    assert [raw["id"] for raw in found] == [1, 2]
    assert [request.query.get("page") for request in asked] == [None, "2", "3"]


def test_objects_that_come_twice_count_once() -> None:
    found, _ = all_of(page([1, 2], x_next_page="2"), page([2, 3], x_next_page=""))

    assert [raw["id"] for raw in found] == [1, 2, 3]


def test_a_list_that_leads_back_to_a_page_that_was_read_is_refused() -> None:
    with pytest.raises(RemoteError, match="do not end"):
        all_of(page([1], x_next_page="2"), page([2], x_next_page="2"))


def test_a_list_without_an_end_is_refused() -> None:
    endless = (page([n], x_next_page=str(n + 1)) for n in range(1, MOST_PAGES + 1))
    with pytest.raises(RemoteError, match="do not end"):
        all_of(*endless)


def test_a_refused_page_is_given_as_it_is() -> None:
    answer, _ = all_of(page([1], x_next_page="2"), Response(404))

    assert answer == Response(404)


@pytest.mark.parametrize(
    ("headers", "following"),
    [
        ({"x-next-page": "2"}, {"page": "2"}),
        ({"x-next-page": "", "link": '<https://g/x?page=9>; rel="next"'}, {}),
        ({"link": '<https://g/x?page=1>; rel="first", <https://g/x?a=b&page=3>; rel="next"'}, {"page": "3"}),
        ({"link": '<https://g/x?cursor=abc>; rel="next"'}, {"cursor": "abc"}),
        ({}, {}),
    ],
)
def test_the_next_page_is_found_in_either_header(headers: dict[str, str], following: dict[str, str]) -> None:
    assert dict(next_page(Response(200, headers))) == following
