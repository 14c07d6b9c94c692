"""Syncing to Jira: repeatable, resumable at any request, never a second issue or link, never over somebody's words."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import ReconcilerError, RemoteError
from reconciler.core.flow import Failure, Request
from tests.integrations.flows.jira_estate import CLOUD, SERVER, Estate, Killed, kill_at

SITES = pytest.mark.parametrize("url", [CLOUD, SERVER])


def estate_of(url: str = CLOUD, **values: Any) -> Estate:
    return Estate(url=url, values=values)


def with_issues(url: str = CLOUD, **values: Any) -> Estate:
    estate = estate_of(url, **values)
    estate.issue("Implement feature", description="First line\n\nSecond *paragraph*\n```python\nx = 1\n```")
    estate.issue("Fix crash", labels="bug,needs triage")
    return estate


def links(estate: Estate) -> list[str]:
    return [link["globalId"] for issue in estate.made.values() for link in issue["links"]]


@SITES
def test_issues_are_made_with_their_words_labels_and_links(url: str) -> None:
    estate = with_issues(url, issue_type_mapping={"Bug": "Bug"}, issue_type="Story")

    result = estate.run("sync-issues")

    assert (result["created"], result["updated"], result["unchanged"]) == (2, 0, 0)
    first, second = estate.made.values()
    assert estate.titles() == ["Implement feature", "Fix crash"]
    assert [first["fields"]["issuetype"]["name"], second["fields"]["issuetype"]["name"]] == ["Story", "Bug"]
    assert {"bug", "needs_triage"} < set(second["fields"]["labels"])
    assert [link["object"]["url"].rpartition("/")[2] for issue in (first, second) for link in issue["links"]] == [
        "1",
        "2",
    ]
    assert isinstance(first["fields"]["description"], dict if url == CLOUD else str)


@SITES
def test_a_second_sync_changes_nothing_and_asks_jira_for_nothing_about_issues(url: str) -> None:
    estate = with_issues(url)
    estate.run("sync-issues")
    before = estate.copied().jira

    result = estate.run("sync-issues")

    assert (result["created"], result["updated"], result["unchanged"]) == (0, 0, 2)
    assert estate.jira == before
    assert [request.method for request in estate.sent if "/issue" in str(request.url)] == ["GET"]


@SITES
def test_only_what_changed_is_written(url: str) -> None:
    estate = with_issues(url)
    estate.run("sync-issues")
    estate.change(1, title="Implement the feature", labels="later")

    result = estate.run("sync-issues")

    assert (result["created"], result["updated"]) == (0, 1)
    assert estate.titles() == ["Implement the feature", "Fix crash"]
    (change,) = [request for request in estate.sent if request.method == "PUT"]
    assert set(change.json["fields"]) == {"summary"}
    assert {"add": "later"} in change.json["update"]["labels"]


@SITES
def test_words_that_both_sides_changed_are_reported_until_they_agree(url: str) -> None:
    estate = with_issues(url)
    estate.run("sync-issues")
    key = next(iter(estate.made))
    estate.jira["issues"][key]["fields"]["summary"] = "Said in Jira"
    estate.change(1, title="Said in GitLab", description="New description")

    first = estate.run("sync-issues")
    second = estate.run("sync-issues")

    clash = {"issue": "acme/shop#1", "key": key, "fields": ("summary",)}
    assert (first["conflicts"], second["conflicts"]) == ((clash,), (clash,))
    assert estate.titles()[0] == "Said in Jira"
    assert "New description" in str(estate.made[key]["fields"]["description"])

    estate.change(1, title="Said in Jira")
    agreed, later = estate.run("sync-issues"), estate.run("sync-issues")
    assert (agreed["conflicts"], later["conflicts"], later["updated"]) == ((), (), 0)


def test_a_conflict_is_overwritten_when_that_is_asked_for() -> None:
    estate = with_issues()
    estate.run("sync-issues")
    key = next(iter(estate.made))
    estate.jira["issues"][key]["fields"]["summary"] = "Said in Jira"
    estate.change(1, title="Said in GitLab")

    estate.run("sync-issues", {"on_conflict": "overwrite"})

    assert estate.titles()[0] == "Said in GitLab"


def test_words_changed_in_jira_alone_stay() -> None:
    estate = with_issues()
    estate.run("sync-issues")
    key = next(iter(estate.made))
    estate.jira["issues"][key]["fields"]["summary"] = "Said in Jira"
    estate.jira["issues"][key]["fields"]["labels"].append("theirs")
    estate.change(1, labels="later")

    result = estate.run("sync-issues")

    assert result["conflicts"] == ()
    assert estate.titles()[0] == "Said in Jira"
    assert {"theirs", "later"} < set(estate.made[key]["fields"]["labels"])


@SITES
def test_closing_and_reopening_follow(url: str) -> None:
    estate = with_issues(url)
    estate.run("sync-issues")
    key = next(iter(estate.made))

    estate.change(1, state_event="close")
    estate.run("sync-issues")
    closed = estate.made[key]["fields"]["status"]["name"]
    estate.change(1, state_event="reopen")
    result = estate.run("sync-issues")

    assert (result["updated"], result["issues"]) == (1, {"acme/shop#1": key})
    assert (closed, estate.made[key]["fields"]["status"]["name"]) == ("Done", "To Do")


def test_a_workflow_without_a_way_is_told() -> None:
    estate = with_issues()
    estate.jira["transitions"] = [
        {"id": "7", "name": "Wait", "to": {"name": "Waiting", "statusCategory": {"key": "new"}}}
    ]
    estate.run("sync-issues")
    estate.change(1, state_event="close")

    result = estate.run("sync-issues")

    assert "no way to close" in result["problems"][0]["problem"]


def test_closed_and_confidential_issues_are_brought_only_when_asked_for() -> None:
    estate = estate_of()
    estate.issue("Open")
    estate.change(estate.issue("Closed"), state_event="close")
    estate.issue("Secret", confidential=True)

    first = estate.run("sync-issues")
    titles = estate.titles()
    estate.facts.clear()
    estate.jira["index_delay"] = 0
    estate.run("sync-issues", {"closed": True, "confidential": True})

    assert (first["created"], first["skipped"], titles) == (1, 2, ["Open"])
    assert sorted(estate.titles()) == ["Closed", "Open", "Secret"]


def test_an_issue_deleted_in_jira_stays_deleted() -> None:
    estate = with_issues()
    estate.run("sync-issues")
    key = next(iter(estate.made))
    del estate.jira["issues"][key]
    estate.change(1, title="Changed")

    result = estate.run("sync-issues")

    assert result["deleted_in_jira"] == ({"issue": "acme/shop#1", "key": key},)
    assert result["created"] == 0
    assert len(estate.made) == 1


def test_lost_facts_are_found_again_by_the_labels() -> None:
    estate = with_issues()
    estate.jira["index_delay"] = 0
    estate.run("sync-issues")
    estate.facts.clear()

    result = estate.run("sync-issues")

    assert (result["created"], result["unchanged"]) == (0, 2)
    assert len(estate.made) == len(links(estate)) == 2


def test_what_jira_refuses_is_told_and_tried_again() -> None:
    estate = with_issues(issue_type_mapping={"bug": "Bug"})
    estate.jira["projects"] = {"SHOP": {"required": ["customfield_10010"]}}
    with pytest.raises(ReconcilerError, match="customfield_10010"):
        estate.run("sync-issues")
    assert estate.made == {}

    result = estate.run("sync-issues", {"fields": {"customfield_10010": "x"}})

    assert result["created"] == 2


def test_a_type_that_the_project_lacks_is_an_error_that_lists_its_types() -> None:
    estate = with_issues(issue_type="Wish")

    with pytest.raises(ReconcilerError, match="Wish") as raised:
        estate.run("sync-issues")

    assert "`Story`" in raised.value.hint


@SITES
@pytest.mark.parametrize("after", [False, True])
def test_a_sync_killed_at_any_request_goes_on_without_a_second_issue_or_link(url: str, after: bool) -> None:
    """Jira's index lags by an hour here: only the facts and reading by number can tell."""
    base = with_issues(url)
    base.jira["index_delay"] = 3600
    base.change(base.issue("Third"), state_event="close")
    base.run("sync-issue", {"iid": 1})
    base.change(1, title="Implement the feature", labels="x")
    whole = base.copied()
    whole.run("sync-issues", {"closed": True})
    total = len(whole.sent)
    assert total > 10

    for number in range(1, total + 1):
        estate = base.copied()
        with pytest.raises(Killed):
            estate.run("sync-issues", {"closed": True}, **kill_at(number, after=after))
        estate.run("sync-issues", {"closed": True})

        assert estate.titles() == whole.titles(), number
        assert sorted(links(estate)) == sorted(links(whole)), number
        assert [i["fields"]["status"]["name"] for i in estate.made.values()] == ["To Do", "To Do", "Done"], number
        again = estate.run("sync-issues", {"closed": True})
        assert (again["created"], again["updated"]) == (0, 0)


@SITES
@pytest.mark.parametrize("arrived", [False, True])
def test_a_sync_that_loses_any_answer_goes_on_without_a_second_issue_or_link(url: str, arrived: bool) -> None:
    base = with_issues(url)
    base.change(base.issue("Third"), state_event="close")
    whole = base.copied()
    whole.run("sync-issues", {"closed": True})

    for number in range(1, len(whole.sent) + 1):
        estate, left = base.copied(), [number]

        def lost(_request: Request, left: list[int] = left) -> Failure | None:
            left[0] -= 1
            return Failure("the connection broke before the whole answer came") if left[0] == 0 else None

        with contextlib.suppress(RemoteError):
            estate.run("sync-issues", {"closed": True}, **{"lost" if arrived else "never_sent": lost})
        estate.run("sync-issues", {"closed": True})

        assert estate.titles() == whole.titles(), number
        assert sorted(links(estate)) == sorted(links(whole)), number


@pytest.mark.parametrize("answer", [Failure("the connection broke before the whole answer came"), None])
def test_a_create_whose_answer_is_lost_is_settled_at_once(answer: Failure | None) -> None:
    estate = with_issues()
    lost = [True]

    def fault(request: Request) -> Failure | None:
        if request.method == "POST" and str(request.url).endswith("/issue") and lost:
            lost.clear()
            return answer or Failure("no answer within the time allowed")
        return None

    result = estate.run("sync-issues", lost=fault)

    assert result["created"] == 2
    assert estate.titles() == ["Implement feature", "Fix crash"]


def test_a_create_that_never_arrived_is_made_by_the_next_run() -> None:
    estate = with_issues()

    def fault(request: Request) -> Failure | None:
        made = request.method == "POST" and str(request.url).endswith("/issue")
        return Failure("the connection broke before the whole answer came") if made else None

    with pytest.raises(RemoteError, match="may or may not"):
        estate.run("sync-issues", never_sent=fault)
    estate.run("sync-issues")

    assert estate.titles() == ["Implement feature", "Fix crash"]


def test_many_issues_come_page_by_page() -> None:
    estate = estate_of()
    for number in range(130):
        estate.issue(f"Issue {number}")

    result = estate.run("sync-issues")

    assert (result["created"], len(set(estate.titles()))) == (130, 130)
    searches = [request for request in estate.sent if str(request.url).endswith("/search/jql")]
    assert len(searches) == 3, "one a page, and one for the highest number"


def test_a_group_syncs_its_projects_to_theirs() -> None:
    estate = estate_of(project_mapping={"acme/shop": "SHOP", "acme/web": "WEB"}, project_key="")
    estate.issue("In the shop")
    estate.lab.post("/projects/acme%2Fweb/issues", {"title": "On the web"})
    estate.scope = Scope(ScopeType.GROUP, "acme")

    result = estate.run("sync-issues")

    assert sorted(estate.made) == ["SHOP-1", "WEB-1"]
    assert result["unmapped"] == ("acme/sub/api",)


def test_a_project_without_a_jira_project_is_an_error() -> None:
    with pytest.raises(ReconcilerError, match="no Jira project"):
        estate_of(project_key="").run("sync-issues")


def test_one_issue_is_brought_as_it_is_told() -> None:
    estate = estate_of()

    first = estate.run("sync-issue", {"iid": 123, "title": "Implement feature", "description": "Feature description"})
    second = estate.run("sync-issue", {"iid": 123, "title": "Implement feature", "description": "Other words"})

    assert (first["created"], second["created"], second["updated"]) == (1, 0, 1)
    assert first["key"] == second["key"] == "SHOP-1"
    assert "Other words" in str(estate.made["SHOP-1"]["fields"]["description"])


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_credential_ends_the_sync(status: int) -> None:
    estate = with_issues()
    estate.jira |= (
        {"bad_credentials": ["hushhushhush"]} if status == 401 else {"missing_permissions": ["CREATE_ISSUES"]}
    )

    with pytest.raises(RemoteError) as raised:
        estate.run("sync-issues")

    assert raised.value.status == status


# ---------------------------------------------------------------------------------------------------------------------


def merge_request(estate: Estate, title: str, branch: str, description: str = "") -> int:
    estate.lab.now += 1
    body = {"title": title, "source_branch": branch, "target_branch": "main", "description": description}
    estate.lab.post("/projects/acme%2Fshop/repository/branches", {"branch": branch, "ref": "main"})
    made = estate.lab.post("/projects/acme%2Fshop/merge_requests", body)
    assert made.status == 201, made.body
    return int(made.json["iid"])


@SITES
@pytest.mark.parametrize("after", [False, True])
def test_merge_requests_are_linked_once_and_follow_their_state(url: str, after: bool) -> None:
    base = with_issues(url)
    base.run("sync-issues")
    merge_request(base, "SHOP-1: do it", "a")
    merge_request(base, "Another", "feature/SHOP-2-x", "Closes #1 and OTHER-7, see SHOP-99")
    merge_request(base, "None", "c")
    whole = base.copied()
    result = whole.run("sync-merge-requests")
    total = len(whole.sent)

    assert (result["linked"], result["unnamed"]) == (2, 1)
    assert result["missing_in_jira"] == ({"merge_request": "acme/shop!2", "key": "SHOP-99"},)
    assert len(links(whole)) == 2 + 3
    for number in range(1, total + 1):
        estate = base.copied()
        with pytest.raises(Killed):
            estate.run("sync-merge-requests", **kill_at(number, after=after))
        estate.run("sync-merge-requests")
        assert sorted(links(estate)) == sorted(links(whole)), number

    whole.lab.now += 1
    whole.lab.put("/projects/acme%2Fshop/merge_requests/1", {"state_event": "close"})
    again = whole.run("sync-merge-requests")

    assert (again["linked"], again["unchanged"]) == (1, 1)
    statuses = {link["object"]["title"]: link["object"]["status"] for link in whole.made["SHOP-1"]["links"]}
    assert {"resolved": True} in statuses.values()
    assert len(links(whole)) == 2 + 3


def test_a_commit_is_linked_to_the_issues_stated_once() -> None:
    estate = with_issues()
    estate.run("sync-issues")
    sha = "9f1c2d3e4b5a69788796a5b4c3d2e1f001122334"

    for _ in range(2):
        result = estate.run("link-commit", {"commit": sha, "issues": ["SHOP-1"]})

    assert result["linked"] == ("SHOP-1",)
    assert len(estate.made["SHOP-1"]["links"]) == 2
    with pytest.raises(ReconcilerError, match="names no Jira issue"):
        estate.run("link-commit", {"commit": sha})
