"""Actions: what people ask of a declared entry reaches its service, once, and its answer holds no secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType, key_of
from reconciler.core.errors import ReconcilerError, RemoteError, SecretUnavailable, UsageError
from reconciler.core.events import Progress
from reconciler.core.journal import facts_line
from reconciler.core.resource import Origin
from reconciler.core.value import Secret
from reconciler.engine import acting
from reconciler.engine.books import begin, finish, open_books
from reconciler.engine.subjects import open_subjects
from reconciler.sandbox.faults import check_faults
from tests.scenarios.harness import Story

HOOK = "https://hooks.slack.com/services/T000/B000/hushhushhushhush"
MANIFEST = """
    project: myorg/shop
    integrations:
      chat:
        type: slack
        webhook_url: ${env:SLACK}
      builds:
        type: jenkins
        jenkins_url: https://jenkins.acme.example
        username: gitlab
        api_token: ${env:JENKINS}
        project_name: app
      tracker:
        type: jira
        url: https://acme.atlassian.net
        username: bot@acme.example
        api_token: ${env:JIRA}
        project_key: PROJ
      errors:
        type: sentry
        dsn: ${env:DSN}
        organization: acme
        project: shop
        auth_token: ${env:SENTRY}
    webhooks:
      deploy:
        url: https://in.acme.example/deploy
        events: [push]
        secret_token: ${env:HOOK}
"""
CHAT, BUILDS, TRACKER, ERRORS = (f"myorg/shop:integrations.{name}" for name in ("chat", "builds", "tracker", "errors"))
DEPLOY = "myorg/shop:webhooks.deploy"


@pytest.fixture
def shop(story: Story) -> Story:
    secrets = {"SLACK": HOOK, "JENKINS": "jenkins-hush", "JIRA": "jira-hush", "HOOK": "hook-hush", "SENTRY": "sen-hush"}
    story.environ |= secrets | {"DSN": "https://hushhush@sentry.io/1"}
    story.write("shop.yaml", MANIFEST)
    return story


def act(story: Story, address: str, action: str, **parameters: object) -> Mapping[str, Any]:
    with story.workspace() as ws:
        return acting.act(ws, address, action, parameters)


def service(story: Story, name: str) -> dict[str, Any]:
    found: dict[str, Any] = story.sandbox.world.services.setdefault(name, {})
    return found


def make_issues(story: Story, *titles: str) -> None:
    for title in titles:
        story.ask("POST", "/projects/myorg%2Fshop/issues", {"title": title})


def test_a_message_is_posted_once_before_and_after_an_apply(shop: Story) -> None:
    assert act(shop, CHAT, "notify", text="Deployed") == {"posted": True}
    shop.apply()
    assert act(shop, CHAT, "notify", text="Again") == {"posted": True}
    assert len(service(shop, "slack")["messages"]) == 2


def test_a_build_is_followed_to_its_end_and_gitlab_is_told(shop: Story) -> None:
    commit = shop.ask("GET", "/projects/myorg%2Fshop/repository/commits")[0]["id"]
    result = act(shop, BUILDS, "build", branch="main", commit_sha=commit)

    assert (result["status"], result["finished"]) == ("success", True)
    assert any(isinstance(event, Progress) and "app" in event.text for event in shop.listening.events)
    statuses = shop.ask("GET", f"/projects/myorg%2Fshop/repository/commits/{commit}/statuses")
    assert [(one["name"], one["status"]) for one in statuses] == [("jenkins/app", "success")]


def test_a_webhook_is_tested_by_gitlab_and_counted(shop: Story) -> None:
    shop.apply()
    assert act(shop, DEPLOY, "test")["success"] is True
    assert act(shop, DEPLOY, "stats")["trigger_count"] == 1
    assert [row["headers"].get("x-gitlab-token") for row in shop.sandbox.world.receiver] == ["hook-hush"]


def test_a_webhook_is_triggered_by_us_with_gitlabs_headers(shop: Story) -> None:
    result = act(shop, DEPLOY, "trigger", payload={"event_type": "pipeline", "status": "success"})

    assert result["success"] is True
    received = shop.sandbox.world.receiver[-1]
    assert received["headers"]["x-gitlab-event"] == "Pipeline Hook"
    assert received["headers"]["x-gitlab-token"] == "hook-hush"


def test_a_webhook_that_is_not_applied_cannot_be_tested(shop: Story) -> None:
    with pytest.raises(ReconcilerError, match="not recorded"):
        act(shop, DEPLOY, "test")


def test_an_action_that_is_not_there_is_named_with_a_near_one(shop: Story) -> None:
    with pytest.raises(UsageError, match="no action `notifi`") as raised:
        act(shop, CHAT, "notifi")
    assert raised.value.hint == "did you mean `notify`?"
    with pytest.raises(UsageError, match="no parameter `txt`"):
        act(shop, CHAT, "notify", txt="x")
    with pytest.raises(UsageError, match="nothing is declared or recorded") as raised:
        act(shop, CHAT + "s", "notify")
    assert raised.value.hint == f"did you mean `{CHAT}`?"


def test_a_secret_that_is_not_set_is_named_by_its_reference(shop: Story) -> None:
    del shop.environ["SLACK"]
    with pytest.raises(SecretUnavailable, match=r"\$\{env:SLACK\}"):
        act(shop, CHAT, "notify", text="x")


# ---------------------------------------------------------------------------------------------------------------------


def test_what_a_sync_has_done_is_kept_and_a_second_one_makes_nothing(shop: Story) -> None:
    shop.apply()
    make_issues(shop, "One", "Two")
    assert act(shop, TRACKER, "sync-issues")["created"] == 2

    record = shop.state().find(TRACKER)
    assert record
    assert record.local["_sync"]
    assert act(shop, TRACKER, "sync-issues")["created"] == 0
    assert shop.plan().is_empty


@pytest.mark.parametrize("nth", range(1, 12))
def test_a_sync_that_breaks_anywhere_keeps_what_it_did(shop: Story, nth: int) -> None:
    shop.apply()
    make_issues(shop, "One", "Two", "Three")
    shop.clock.advance(300)
    fault = {"match": {"host": "acme.atlassian.net", "nth": nth}, "do": "drop_after"}
    shop.sandbox.world.faults = check_faults(fault)
    try:
        act(shop, TRACKER, "sync-issues")
    except RemoteError:
        assert shop.state().find(TRACKER)
    shop.sandbox.world.faults = []
    shop.clock.advance(300)

    act(shop, TRACKER, "sync-issues")
    titles = sorted(issue["fields"]["summary"] for issue in service(shop, "jira")["issues"].values())
    assert titles == ["One", "Three", "Two"]
    assert shop.plan().is_empty


def test_facts_of_a_killed_action_are_in_the_journal_and_no_apply_loses_them(shop: Story) -> None:
    shop.apply()
    with shop.workspace() as ws:
        begin(ws, open_books(ws))
        ws.backend.journal.append([facts_line(TRACKER, {"issues/2": {"until": "x"}, "gone": 1})])
        ws.backend.journal.append([facts_line(TRACKER, {"gone": None})])
    shop.environ["SLACK"] = HOOK + "2"
    shop.apply()

    record = shop.state().find(TRACKER)
    assert record
    assert record.local["_sync"] == {"issues/2": {"until": "x"}}


def test_without_a_record_nothing_that_must_be_kept_is_begun_blindly(shop: Story) -> None:
    make_issues(shop, "One")
    with pytest.raises(ReconcilerError, match="nothing is recorded of the entry"):
        act(shop, TRACKER, "sync-issues")
    assert not service(shop, "jira").get("issues")


# ---------------------------------------------------------------------------------------------------------------------


def recorded_by_a_program(story: Story) -> None:
    """Everything that is recorded counts as a program's, and no manifest declares it."""
    with story.workspace() as ws, ws.lock("test"):
        books = open_books(ws)
        records = {key: replace(record, origin=Origin.PYTHON) for key, record in books.state.records.items()}
        finish(ws, books, replace(books.state, records=records, roots=()), ())
    (story.folder / "manifests" / "shop.yaml").unlink()


def test_what_only_a_program_declared_is_found_in_its_record(shop: Story) -> None:
    shop.apply()
    recorded_by_a_program(shop)
    with shop.workspace() as ws:
        subjects = open_subjects(ws)
        assert set(subjects) == {CHAT, BUILDS, TRACKER, ERRORS, DEPLOY}
        values = subjects.of(BUILDS).subject.values
        assert (values["jenkins_url"], values["project_name"]) == ("https://jenkins.acme.example", "app")
        assert subjects.of(TRACKER).subject.values["project_key"] == "PROJ"
        assert subjects.of(ERRORS).subject.values["organization"] == "acme"
        assert subjects.of(DEPLOY).subject.recorded["id"] == 1


def test_a_programs_secret_comes_from_its_memory_and_is_named_where_it_is_not_there(shop: Story) -> None:
    shop.apply()
    recorded_by_a_program(shop)
    with shop.workspace() as ws:
        with pytest.raises(
            SecretUnavailable, match=r"SLACK_WEBHOOK_URL \(or `secrets=\{'slack': \{'webhook_url': …\}\}`\)"
        ):
            acting.act(ws, CHAT, "notify", {"text": "x"})
        ws.known[key_of(CHAT), "webhook_url"] = Secret(HOOK, "given")
        assert acting.act(ws, CHAT, "notify", {"text": "x"}) == {"posted": True}


def test_an_inheriting_project_speaks_with_its_groups_settings(story: Story) -> None:
    story.environ["SLACK"] = HOOK
    story.write("group.yaml", 'group: myorg\nintegrations: {all: {type: slack, webhook_url: "${env:SLACK}"}}\n')
    story.write("shop.yaml", "project: myorg/shop\nintegrations: {chat: {type: slack, inherit: true}}\n")
    story.write("other.yaml", "project: myorg/web\nintegrations: {bot: {type: discord, inherit: true}}\n")

    assert act(story, CHAT, "notify", text="x") == {"posted": True}
    with pytest.raises(ReconcilerError, match="its group's settings, which are not declared"):
        act(story, "myorg/web:integrations.bot", "notify", text="x")


def test_entries_that_are_right_can_be_asked_while_others_are_wrong(shop: Story) -> None:
    shop.write("wrong.yaml", "project: myorg/web\nwebhooks: {x: {url: 5}}\n")

    assert act(shop, CHAT, "notify", text="x") == {"posted": True}


def test_no_action_leaves_a_secret_anywhere(shop: Story) -> None:
    shop.apply()
    make_issues(shop, "One")
    results = [
        act(shop, CHAT, "notify", text="x"),
        act(shop, BUILDS, "build"),
        act(shop, TRACKER, "sync-issues"),
        act(shop, ERRORS, "release", version="1.2"),
        act(shop, DEPLOY, "test"),
        act(shop, DEPLOY, "events"),
        act(shop, DEPLOY, "trigger", payload={"a": 1}),
    ]

    assert "hush" not in repr(results)
    assert "hush" not in repr(shop.listening.events)
    assert [p for p in shop.folder.rglob("*") if p.is_file() and b"hush" in p.read_bytes()] == []


def test_a_group_is_a_scope_like_any(story: Story) -> None:
    story.environ["SLACK"] = HOOK
    story.write("group.yaml", 'group: myorg\nintegrations: {all: {type: slack, webhook_url: "${env:SLACK}"}}\n')
    with story.workspace() as ws:
        assert open_subjects(ws).of("MyOrg:integrations.all").subject.scope == Scope(ScopeType.GROUP, "myorg")
