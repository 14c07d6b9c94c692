"""Commands on the real engine and the pretend GitLab, in one process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.main import run

Sandboxed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sandboxed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sandboxed:
    """Run a command in a folder with the quickstart's manifest."""
    import reconciler.cli.demo as demo

    text = (Path(str(demo.__file__)).parent / "quickstart.yaml").read_text(encoding="utf-8")
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "shop.yaml").write_text(text, encoding="utf-8")
    for name in ("SLACK_WEBHOOK_URL", "JIRA_API_TOKEN", "DEPLOY_HOOK_TOKEN"):
        monkeypatch.setenv(name, f"https://hooks.slack.com/services/canary-{name}")
    monkeypatch.setenv("RECONCILER_SANDBOX", "1")
    monkeypatch.setenv("RECONCILER_STATE_KEY", "a long random text for tests")

    def ran(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return ran


def data(answer: tuple[int, str, str]) -> Any:
    assert answer[0] == 0, answer[2]
    return json.loads(answer[1])


def test_a_folder_is_validated_planned_applied_and_is_then_in_order(sandboxed: Sandboxed) -> None:
    assert data(sandboxed("validate", "-o", "json"))["ok"]
    assert sandboxed("plan", "--detailed-exitcode", "--out", "plan.json")[0] == 2
    assert sandboxed("apply", "plan.json")[0] == 0
    assert sandboxed("plan", "--detailed-exitcode")[0] == 0
    assert sandboxed("drift", "--detailed-exitcode")[0] == 0
    assert len(data(sandboxed("state", "list", "-o", "json"))["resources"]) >= 4
    assert sandboxed("destroy", "--auto-approve")[0] == 0
    assert data(sandboxed("state", "list", "-o", "json"))["resources"] == []


def test_no_answer_and_no_report_holds_a_secret(sandboxed: Sandboxed, tmp_path: Path) -> None:
    reports = [f"--report={kind}=r/{kind}" for kind in ("json", "html", "markdown", "junit", "codequality")]
    said = [
        sandboxed("plan", "-v", "--out", "plan.json", *reports),
        sandboxed("apply", "-v", "--auto-approve", "--report=html=r/apply"),
        sandboxed("show", "-o", "json"),
        sandboxed("explain", "myorg/shop:integrations.chat"),
        sandboxed("drift", "-v"),
    ]
    files = [p for p in tmp_path.rglob("*") if p.is_file() and ".reconciler/sandbox/world" not in p.as_posix()]

    assert all(code == 0 for code, _, _ in said)
    assert not any("canary" in out + err for _, out, err in said)
    assert [p for p in files if b"canary" in p.read_bytes()] == []


def test_explain_shows_where_each_value_comes_from_and_what_is_recorded(sandboxed: Sandboxed) -> None:
    sandboxed("apply", "--auto-approve")

    code, out, _ = sandboxed("explain", "myorg/shop:integrations.chat")

    rows = [" ".join(row.split()) for row in out.splitlines()]
    assert code == 0
    assert rows[0] == "myorg/shop:integrations.chat"
    assert any(row.startswith("slack, declared at manifests/shop.yaml:") for row in rows)
    assert any(row.startswith("username GitLab Bot template `team-chat`") for row in rows)
    assert any(row.startswith("events [push, merge_request, pipeline] manifests/") for row in rows)
    assert "webhook_url (secret)" in rows


def test_what_may_only_be_consented_to_offers_no_other_way(sandboxed: Sandboxed) -> None:
    assert "plan.json" in sandboxed("apply")[2]
    assert "plan.json" not in sandboxed("destroy")[2]


def test_the_doctor_finds_a_healthy_sandbox(sandboxed: Sandboxed) -> None:
    checks = {check["name"]: check["mark"] for check in data(sandboxed("doctor", "-o", "json"))["checks"]}

    names = ("gitlab", "token", "expiry", "user", "state", "state key", "manifests", "references", "rights")
    assert checks == dict.fromkeys(names, "good")


def test_the_doctor_names_references_and_scopes_that_stand_in_the_way(
    sandboxed: Sandboxed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JIRA_API_TOKEN")
    text = "project: myorg/nowhere\nwebhooks: {x: {url: 'https://${env:NO_HOST}/', events: [push]}}\n"
    (tmp_path / "manifests" / "more.yaml").write_text(text, encoding="utf-8")
    code, out, _ = sandboxed("doctor", "-o", "json")
    found = {(c["name"], c["mark"]): c["message"] for c in json.loads(out)["checks"]}

    assert code == 1
    assert "${env:JIRA_API_TOKEN}" in found["references", "warning"]
    assert "${env:NO_HOST}" in found["references", "bad"]
    assert "myorg/nowhere" in found["rights", "bad"]


def test_kinds_and_templates_and_schemas_are_listed(sandboxed: Sandboxed) -> None:
    kinds = {kind["kind"] for kind in data(sandboxed("kinds", "list", "-o", "json"))["kinds"]}
    templates = data(sandboxed("templates", "list", "--type", "slack", "-o", "json"))["templates"]

    assert {"slack", "jira", "jenkins", "webhook", "oauth_application"} <= kinds
    assert "team-chat" in {template["name"] for template in templates}
    assert {template["type"] for template in templates} == {"slack"}
    for name in ("manifest", "settings", "plan", "state"):
        assert data(sandboxed("schema", name))["$schema"].startswith("http://json-schema.org/draft-07")


def test_every_kind_is_shown_with_an_example(sandboxed: Sandboxed) -> None:
    for kind in data(sandboxed("kinds", "list", "-o", "json"))["kinds"]:
        code, out, _ = sandboxed("kinds", "show", kind["kind"])

        assert code == 0
        assert "Example\n" in out


def test_what_init_writes_is_valid_and_can_be_planned(
    sandboxed: Sandboxed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sandboxed("init", "fresh", "--project", "myorg/web", "--ci")[0] == 0
    monkeypatch.chdir(tmp_path / "fresh")

    assert sandboxed("validate")[0] == 0
    assert sandboxed("plan", "--detailed-exitcode")[0] == 2


def test_a_mistyped_kind_says_which_is_meant(sandboxed: Sandboxed) -> None:
    code, _, err = sandboxed("kinds", "show", "slak")

    assert code == 1
    assert "did you mean `slack`" in err


@pytest.mark.parametrize("body", ["[]", None])
def test_a_sandbox_that_cannot_be_opened_is_said(sandboxed: Sandboxed, tmp_path: Path, body: str | None) -> None:
    folder = tmp_path / ".reconciler" / "sandbox"
    folder.parent.mkdir()
    if body is None:
        folder.write_text("no folder", encoding="utf-8")
    else:
        folder.mkdir()
        (folder / "world.json").write_text(body, encoding="utf-8")
    code, _out, err = sandboxed("plan")

    assert code == 1
    assert "the sandbox cannot be opened" in err
