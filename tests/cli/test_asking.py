"""Health, actions, webhooks and applications from the command line, mostly on the pretend GitLab."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from reconciler.cli.asking import stated
from reconciler.cli.main import run
from reconciler.core.errors import ReconcilerError, UsageError
from reconciler.core.health import HealthReport, HealthResult
from reconciler.core.resource import Health

from .conftest import Command, Stand

Sandboxed = Callable[..., tuple[int, str, str]]
CHAT, DEPLOY = "myorg/shop:integrations.chat", "myorg/shop:webhooks.deploy"
PORTAL = "@instance:oauth_applications.portal"
MANIFEST = """
project: myorg/shop
integrations:
  chat: {type: slack, webhook_url: "${env:SLACK}"}
  builds:
    type: jenkins
    jenkins_url: https://jenkins.acme.example
    username: gitlab
    api_token: ${env:JENKINS}
    project_name: app
  gateway: {type: prometheus, pushgateway_url: "https://push.acme.example"}
webhooks:
  deploy: {url: "https://in.acme.example/deploy", events: [push], secret_token: "${env:HOOK}"}
---
instance: true
oauth_applications:
  portal:
    redirect_uri: https://portal.acme.example/callback
    scopes: [api]
    credentials: {variables: {project: myorg/portal, client_id: CLIENT_ID, client_secret: CLIENT_SECRET}}
"""
SECRETS = {
    "SLACK": "https://hooks.slack.com/services/T0/B0/canary-of-slack",
    "JENKINS": "canary-of-jenkins",
    "HOOK": "canary-of-the-hook",
}


@pytest.fixture
def sandboxed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sandboxed:
    """Run a command on the pretend GitLab, in a folder whose manifest has been applied."""
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "shop.yaml").write_text(MANIFEST, encoding="utf-8")
    for name, text in SECRETS.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("RECONCILER_SANDBOX", "1")
    monkeypatch.setenv("RECONCILER_STATE_KEY", "a long random text for tests")

    def ran(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    assert ran("apply", "--auto-approve")[0] == 0
    return ran


def data(answer: tuple[int, str, str]) -> Any:
    assert answer[0] == 0, answer[2]
    return json.loads(answer[1])


def test_health_is_checked_kept_and_shown(sandboxed: Sandboxed) -> None:
    found = data(sandboxed("health", "check", "-o", "json"))
    assert {one["address"]: one["status"] for one in found["results"]} == {
        "@token": "healthy",
        CHAT: "healthy",
        "myorg/shop:integrations.builds": "healthy",
        "myorg/shop:integrations.gateway": "healthy",
        DEPLOY: "healthy",
        PORTAL: "healthy",
    }
    assert found["counts"] == {"healthy": 6, "degraded": 0, "unhealthy": 0, "unknown": 0}
    code, out, _ = sandboxed("health", "check", "--detailed-exitcode")
    assert (code, out.splitlines()[-1]) == (0, "6 healthy.")

    history = data(sandboxed("health", "history", CHAT, "-o", "json"))
    assert history["figures"]["checks"] == len(history["results"]) == 2
    code, out, _ = sandboxed("health", "history", CHAT)
    assert code == 0
    assert "working: 100.0% of 2 checks" in out
    assert "==" in out
    assert data(sandboxed("health", "unhealthy", "-o", "json"))["results"] == []


def test_health_is_reported_in_every_form(sandboxed: Sandboxed, tmp_path: Path) -> None:
    kinds = ("codequality", "junit", "metrics", "dotenv", "json", "markdown", "html")
    assert sandboxed("health", "check", *(f"--report={kind}=r/{kind}" for kind in kinds))[0] == 0

    suite = ElementTree.parse(tmp_path / "r/junit").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("6", "0")
    metrics = (tmp_path / "r/metrics").read_text(encoding="utf-8")
    assert 'reconciler_health{is="healthy"} 6.0' in metrics
    assert f'reconciler_up{{address="{CHAT}",kind="slack"}} 1.0' in metrics
    assert json.loads((tmp_path / "r/codequality").read_text(encoding="utf-8")) == []
    assert "RECONCILER_UNHEALTHY=0\n" in (tmp_path / "r/dotenv").read_text(encoding="utf-8")


def test_counts_are_pushed_through_an_entry_that_takes_metrics(sandboxed: Sandboxed) -> None:
    assert sandboxed("health", "check", "--push", "myorg/shop:integrations.gateway")[0] == 0
    assert sandboxed("health", "check", "--push", CHAT)[0] == 64


def test_a_message_is_sent_from_words_or_from_a_file(sandboxed: Sandboxed, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Deployed v1.2.3\n", encoding="utf-8")

    assert data(sandboxed("run", CHAT, "notify", "-p", "text=Deployed", "-o", "json"))["result"] == {"posted": True}
    assert sandboxed("run", CHAT, "notify", "-p", "text=@note.txt")[0] == 0
    code, out, _ = sandboxed("run", CHAT)
    assert code == 0
    assert "-p text" in out
    code, _, err = sandboxed("run", CHAT, "notify", "-p", "txt=x")
    assert (code, "did you mean `text`?" in err) == (64, True)


def test_a_webhook_is_tested_counted_and_sent_again(sandboxed: Sandboxed) -> None:
    assert data(sandboxed("webhooks", "test", DEPLOY, "-o", "json"))["result"]["success"] is True
    assert data(sandboxed("webhooks", "stats", DEPLOY, "-o", "json"))["result"]["trigger_count"] == 1
    listed = data(sandboxed("webhooks", "events", DEPLOY, "-o", "json"))["result"]["events"]
    assert [one["status"] for one in listed] == ["200"]
    assert data(sandboxed("webhooks", "resend", DEPLOY, str(listed[0]["id"]), "-o", "json"))["result"]["success"]
    triggered = sandboxed("webhooks", "trigger", DEPLOY, "-p", "event_type=pipeline", "-p", "status=success")
    assert triggered[0] == 0, triggered
    assert sandboxed("webhooks", "trigger", DEPLOY)[0] == 64


def test_an_application_is_rotated_revoked_and_restored(sandboxed: Sandboxed) -> None:
    assert sandboxed("oauth", "rotate", PORTAL)[0] == 64
    assert data(sandboxed("oauth", "rotate", PORTAL, "--auto-approve", "-o", "json"))["outcomes"][0]["status"] == "done"
    assert sandboxed("oauth", "revoke", PORTAL, "--auto-approve")[0] == 0
    assert sandboxed("plan", "--detailed-exitcode")[0] == 0
    assert sandboxed("oauth", "restore", PORTAL)[0] == 0
    assert sandboxed("plan", "--detailed-exitcode")[0] == 2


def test_no_answer_and_no_file_holds_a_secret(sandboxed: Sandboxed, tmp_path: Path) -> None:
    reports = [f"--report={kind}=r/{kind}" for kind in ("json", "html", "markdown", "junit", "codequality", "metrics")]
    said = [
        sandboxed("health", "check", "-v", *reports),
        sandboxed("health", "history", CHAT, "-v", "-o", "json"),
        sandboxed("run", CHAT, "notify", "-p", "text=x", "-v"),
        sandboxed("run", "myorg/shop:integrations.builds", "build", "-p", "wait=queued", "-v"),
        sandboxed("webhooks", "test", DEPLOY, "-v"),
        sandboxed("webhooks", "events", DEPLOY, "-v", "-o", "json"),
        sandboxed("webhooks", "trigger", DEPLOY, "-p", "a=b", "-v"),
        sandboxed("oauth", "rotate", PORTAL, "--auto-approve", "-v"),
    ]
    world = json.loads((tmp_path / ".reconciler/sandbox/world.json").read_text(encoding="utf-8"))
    made = [application["secret"] for application in world["tables"]["applications"]["rows"]]
    files = [p for p in tmp_path.rglob("*") if p.is_file() and "sandbox/world" not in p.as_posix()]

    assert [code for code, _, _ in said] == [0] * len(said)
    assert made
    for secret in ("canary", *made):
        assert not any(secret in out + err for _, out, err in said)
        assert [p for p in files if secret.encode() in p.read_bytes()] == []


@pytest.mark.parametrize(
    ("status", "arguments", "code"),
    [
        (Health.UNHEALTHY, (), 0),
        (Health.UNHEALTHY, ("--detailed-exitcode",), 2),
        (Health.DEGRADED, ("--detailed-exitcode",), 2),
        (Health.UNKNOWN, ("--detailed-exitcode",), 0),
        (Health.HEALTHY, ("--detailed-exitcode",), 0),
    ],
)
def test_findings_exit_2_only_where_that_is_asked_for(
    stand: Stand, reconciler: Command, status: Health, arguments: tuple[str, ...], code: int
) -> None:
    found = HealthReport((HealthResult(CHAT, "slack", status, 12, "2026-11-06T10:30:00Z", "so it is"),))
    stand.answers["check_health"] = found
    ran = reconciler("health", "check", *arguments)

    assert ran.code == code
    assert "so it is" in ran.out


@pytest.mark.parametrize(
    ("result", "code"),
    [
        ({"posted": True}, 0),
        ({"status": "success"}, 0),
        ({"status": "failed"}, 1),
        ({"status": "canceled"}, 1),
        ({"success": False, "detail": "the receiver answered 500"}, 1),
    ],
)
def test_what_went_wrong_at_the_other_end_exits_1(
    stand: Stand, reconciler: Command, result: dict[str, Any], code: int
) -> None:
    stand.answers["act"] = result

    assert reconciler("run", CHAT, "anything").code == code


def test_parameters_are_words_files_items_and_lists(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"x": 1}', encoding="utf-8")
    given = stated(["a=b=c", "m.K=1", f"f=@{tmp_path}/a.json", "at=@@all", "j=1", "j=2", "e="])

    assert given == {"a": "b=c", "m.K": "1", "f": '{"x": 1}', "at": "@all", "j": ["1", "2"], "e": ""}
    with pytest.raises(UsageError):
        stated(["nothing"])
    with pytest.raises(ReconcilerError, match="cannot be read"):
        stated([f"f=@{tmp_path}/none"])
