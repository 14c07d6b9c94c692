"""Health: what is declared is asked whether it works, once per credential, and people hear of changes once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from reconciler.core.errors import InputError, UsageError
from reconciler.core.health import HealthReport, HealthResult
from reconciler.core.resource import Health
from reconciler.engine.health import HealthOptions, check_health, health_history, unhealthy
from tests.scenarios.harness import Story

HOOK = "https://hooks.slack.com/services/T000/B000/hushhushhushhush"
ALERTS = "https://hooks.slack.com/services/T000/B111/hushhushhushhush"
CHAT = "myorg/shop:integrations.chat"
BUILDS = "myorg/shop:integrations.builds"
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
    ---
    project: myorg/web
    integrations:
      chat:
        type: slack
        webhook_url: ${env:SLACK}
        channel: "#web"
    ---
    project: myorg/api
    integrations:
      alerts:
        type: slack
        webhook_url: ${env:ALERTS}
"""
SETTINGS = "health: {slow_ms: 1500, alerts: {through: 'myorg/api:integrations.alerts'}}\n"


@pytest.fixture
def shop(story: Story) -> Story:
    story.environ |= {"SLACK": HOOK, "JENKINS": "jenkins-hush-token", "ALERTS": ALERTS}
    story.write("shop.yaml", MANIFEST)
    (story.folder / "reconciler.yaml").write_text(SETTINGS, encoding="utf-8")
    story.apply()
    return story


def check(story: Story, *targets: str, **options: Any) -> HealthReport:
    with story.workspace() as ws:
        story.clock.advance(60)
        return check_health(ws, HealthOptions(targets=targets, **options))


def result(report: HealthReport, address: str) -> HealthResult:
    return next(one for one in report.results if one.address == address)


def messages(story: Story) -> list[str]:
    return [one["text"] for one in story.sandbox.world.services.get("slack", {}).get("messages", [])]


def dead(story: Story, *hooks: str) -> None:
    """These of Slack's webhooks are removed, all others are there."""
    names = {f"T000/{hook}/hushhushhushhush": "no_service" for hook in hooks}
    story.sandbox.world.services.setdefault("slack", {})["hooks"] = names


def fault(story: Story, **fault: Any) -> None:
    import requests

    with requests.Session() as session:
        session.mount("http://", story.adapter)
        answer = session.post("http://gitlab.example.test/_sandbox/faults", json=fault)
    assert answer.ok, answer.text


def test_everything_declared_is_asked_and_says_what_it_found(shop: Story) -> None:
    report = check(shop)

    assert result(report, CHAT).status is Health.HEALTHY
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", result(report, CHAT).last_check)
    assert result(report, CHAT).response_time_ms is not None
    assert {r.address for r in report.results} >= {CHAT, BUILDS, "myorg/web:integrations.chat"}
    assert messages(shop) == []


def test_one_credential_is_asked_once_and_its_answer_is_shared(shop: Story) -> None:
    shop.asked()
    report = check(shop)

    assert result(report, "myorg/web:integrations.chat").shared_with == CHAT
    assert len([one for one in shop.asked() if "/services/T000/B000/" in one]) == 1


def test_a_change_is_told_once_and_a_first_result_never(shop: Story) -> None:
    dead(shop, "B000")
    assert check(shop).transitions == ()
    assert messages(shop) == []

    dead(shop)
    report = check(shop)
    assert {(t.address, t.before, t.after) for t in report.transitions} == {
        (CHAT, Health.UNHEALTHY, Health.HEALTHY),
        ("myorg/web:integrations.chat", Health.UNHEALTHY, Health.HEALTHY),
    }
    assert report.told is True
    assert len(messages(shop)) == 1
    assert CHAT in messages(shop)[0]
    check(shop)
    assert len(messages(shop)) == 1


def test_a_change_that_could_not_be_told_is_told_by_the_next_run(shop: Story) -> None:
    check(shop)
    dead(shop, "B000", "B111")
    report = check(shop)
    assert report.told is False
    assert [p.summary for p in report.problems] == ["changes of health could not be told"]

    dead(shop, "B000")
    assert check(shop).told is True
    assert len(messages(shop)) == 1


def test_a_run_that_shall_tell_nobody_leaves_the_change_to_the_next(shop: Story) -> None:
    check(shop)
    dead(shop, "B000")
    assert check(shop, alert=False).told is None
    assert messages(shop) == []

    assert check(shop).told is True
    assert len(messages(shop)) == 1


def test_without_alerts_a_change_is_shown_once_whatever_it_is_to(shop: Story) -> None:
    (shop.folder / "reconciler.yaml").write_text("", encoding="utf-8")
    check(shop)
    shop.sandbox.world.services.setdefault("slack", {})["throttled"] = True

    assert {t.after for t in check(shop).transitions} == {Health.UNKNOWN}
    assert check(shop).transitions == ()


def test_alerts_that_go_nowhere_are_said_before_they_are_needed(shop: Story) -> None:
    (shop.folder / "reconciler.yaml").write_text(SETTINGS.replace("alerts'", "alert'"), encoding="utf-8")
    report = check(shop)

    assert [(p.summary, p.hint) for p in report.problems] == [
        ("alerts go nowhere", "did you mean `myorg/api:integrations.alerts`?")
    ]


def test_history_is_kept_with_percentiles_and_the_last_change(shop: Story) -> None:
    check(shop)
    dead(shop, "B000")
    check(shop)
    check(shop)
    with shop.workspace() as ws:
        history = health_history(ws, CHAT, 2)
        broken = unhealthy(ws)

    assert [one.status for one in history.results] == [Health.UNHEALTHY, Health.UNHEALTHY]
    assert history.figures.checks == 3
    assert history.figures.uptime == pytest.approx(1 / 3)
    assert history.figures.before is Health.HEALTHY
    assert history.figures.since == history.results[1].last_check
    assert {one.address for one in broken} == {CHAT, "myorg/web:integrations.chat"}


def test_the_history_of_what_is_nothing_is_refused_with_what_is_near(shop: Story) -> None:
    with shop.workspace() as ws:
        assert health_history(ws, "@token", 5).results == ()
        assert health_history(ws, CHAT, 5).results == ()
        with pytest.raises(UsageError, match="nothing is declared or recorded as") as raised:
            health_history(ws, "myorg/shop:integrations.chta", 5)

    assert raised.value.hint == f"did you mean `{CHAT}`?"


def test_history_of_another_machine_comes_from_beside_the_state(shop: Story) -> None:
    check(shop)
    (shop.folder / ".reconciler" / "health.db").unlink()
    with shop.workspace() as ws:
        assert [one.status for one in health_history(ws, CHAT, 5).results] == [Health.HEALTHY]


def test_where_nothing_can_be_kept_beside_the_state_this_machine_remembers(shop: Story) -> None:
    (shop.folder / ".reconciler" / "state.json.health").mkdir()
    dead(shop, "B000")
    report = check(shop)
    assert [problem.summary for problem in report.problems] == ["health could not be kept beside the state"]

    with shop.workspace() as ws:
        assert {one.address for one in unhealthy(ws)} == {CHAT, "myorg/web:integrations.chat"}
        assert health_history(ws, CHAT).figures.checks == 1


def test_a_history_that_is_broken_stops_no_check(shop: Story) -> None:
    (shop.folder / ".reconciler" / "health.db").write_text("no database at all " * 100, encoding="utf-8")

    assert [p.summary for p in check(shop).problems] == ["health could not be kept on this machine"]


def test_what_is_declared_no_longer_is_forgotten(shop: Story) -> None:
    dead(shop, "B000")
    check(shop)
    shop.write("shop.yaml", MANIFEST.partition("    ---")[0])
    shop.apply()
    with shop.workspace() as ws:
        assert {one.address for one in unhealthy(ws)} == {CHAT}


def test_slow_is_degraded(shop: Story) -> None:
    fault(shop, match={"method": "POST", "path": "/services/T000/B000/*"}, do="latency", value="1600ms")
    report = check(shop, CHAT)

    assert result(report, CHAT).status is Health.DEGRADED
    assert result(report, CHAT).response_time_ms == 1600


def test_an_integration_that_gitlab_has_lost_does_not_work_though_its_service_does(shop: Story) -> None:
    shop.ask("DELETE", "/projects/myorg%2Fshop/integrations/slack")

    found = result(check(shop), CHAT)
    assert found.status is Health.UNHEALTHY
    assert found.sentence == "GitLab has it no longer; `apply` creates it; Slack knows the webhook"


def test_what_is_not_set_here_is_unknown_and_says_so(shop: Story) -> None:
    del shop.environ["JENKINS"]

    found = result(check(shop, BUILDS), BUILDS)
    assert found.status is Health.UNKNOWN
    assert found.sentence == "${env:JENKINS} is not set here"


def test_a_target_that_is_nothing_is_refused_with_a_near_one(shop: Story) -> None:
    with pytest.raises(UsageError) as raised:
        check(shop, "myorg/shop:integrations.chap")
    assert raised.value.hint == f"did you mean `{CHAT}`?"


def test_wrong_manifests_stop_a_check(shop: Story) -> None:
    shop.write("wrong.yaml", "project: myorg/portal\nwebhooks: {x: {url: 5}}\n")
    with pytest.raises(InputError):
        check(shop)


def test_no_secret_is_kept_anywhere(shop: Story) -> None:
    dead(shop, "B000")
    check(shop)
    check(shop)
    dead(shop)
    check(shop)

    for path in shop.folder.rglob("*"):
        if path.is_file():
            assert b"hush" not in path.read_bytes(), path
    assert "hush" not in repr(shop.listening.events)
