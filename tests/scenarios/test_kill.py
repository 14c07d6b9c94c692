"""kill -9 at a request of an apply of 50 mixed steps: after the next run nothing is lost and nothing is twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from reconciler.core.report import ExitCode
from tests.scenarios.killing import Ground

PROJECTS = ("shop", "web", "api", "portal", "myproject")
STEPS = 50
WRITES = ("POST", "PUT", "DELETE")


def manifest(project: str, *, after: bool) -> str:
    """A project's entries before and after: creates, updates, deletes, a replacement, a move, an adoption, a swap."""
    base = f"https://{project}.example"
    hooks: dict[str, Any] = {
        "updated-a": {"url": f"{base}/a{'-new' if after else ''}", "secret_token": "${env:TOKEN}"},
        "updated-b": {"url": f"{base}/b", "events": ["push" if after else "pipeline"]},
        "replaced": {
            "url": f"https://{project}.example/{'y' if after else 'x'}/{{key}}",
            "url_variables": {"key": "${env:TOKEN}"},
        },
        "new-name" if after else "old-name": {"url": f"https://{project}.example/moved"},
    }
    if after:
        hooks |= {f"created-{n}": {"url": f"https://{project}.example/c{n}"} for n in range(2)}
        hooks |= {"adopted": {"url": f"https://{project}.example/found", "secret_token": "${env:TOKEN}"}}
    else:
        hooks |= {"deleted": {"url": f"https://{project}.example/d"}}
    integrations: dict[str, Any] = (
        {"tracker": {"type": "jira", "url": "https://x.atlassian.net", "username": "b", "api_token": "${env:TOKEN}"}}
        if after
        else {"tracker": {"type": "bugzilla", **{f: f"https://b.example/{f}/:id" for f in BUGZILLA}}}
    )
    integrations["chat"] = {"type": "slack", "webhook_url": "${env:SLACK}", "channel": "#new" if after else "#old"}
    return json.dumps({"project": f"myorg/{project}", "webhooks": hooks, "integrations": integrations})


BUGZILLA = ("project_url", "issues_url", "new_issue_url")


@pytest.fixture(params=["file", "gitlab"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    folder = tmp_path / "here"
    (folder / "manifests").mkdir(parents=True)
    state = "gitlab:myorg/portal/production" if request.param == "gitlab" else None
    environ = {"TOKEN": "hush-hush", "SLACK": "https://hooks.slack.com/services/T/B/hush"}
    with Ground(folder, state, environ).served() as made:
        for project in PROJECTS:
            (folder / "manifests" / f"{project}.yaml").write_text(manifest(project, after=False))
        made.apply()
        for project in PROJECTS:
            (folder / "manifests" / f"{project}.yaml").write_text(manifest(project, after=True))
            _by_hand(made, project)
        made.remember()
        yield made


def _by_hand(ground: Ground, project: str) -> None:
    body = {"url": f"https://{project}.example/found", "name": "adopted"}
    ask(ground, "POST", f"/projects/myorg%2F{project}/hooks", body)


GROUP = {"type": "slack", "webhook_url": "${env:SLACK}", "channel": "#all"}


@pytest.fixture
def inherited(tmp_path: Path) -> Iterator[Ground]:
    """A group's integration that five projects inherit and that is no longer declared."""
    folder = tmp_path / "here"
    (folder / "manifests").mkdir(parents=True)
    file = folder / "manifests" / "group.yaml"
    hook = {"project": "myorg/shop", "webhooks": {"kept": {"url": "https://kept.example"}}}
    with Ground(folder, None, {"SLACK": "https://hooks.slack.com/services/T/B/hush"}).served() as made:
        group = {"group": "myorg", "integrations": {"chat": GROUP}}
        file.write_text(f"{json.dumps(hook)}\n---\n{json.dumps(group)}")
        made.apply()
        later(made)
        file.write_text(json.dumps(hook))
        made.remember()
        yield made


def later(ground: Ground) -> None:
    """Let what is due in the background be done."""
    requests.post(f"{ground.server.url}/_sandbox/clock", json={"advance": 60}, timeout=10).raise_for_status()


def ask(ground: Ground, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = requests.request(
        method,
        f"{ground.server.url}/api/v4{path}",
        json=body,
        headers={"PRIVATE-TOKEN": "sandbox-token"},
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()


def picture(ground: Ground) -> dict[str, Any]:
    """What GitLab has, without ids and times: every hook and every active integration of every project."""
    found: Counter[tuple[str, ...]] = Counter()
    for project in PROJECTS:
        for hook in ask(ground, "GET", f"/projects/myorg%2F{project}/hooks?per_page=100"):
            found[project, hook["name"], hook["url"], str(hook["push_events"])] += 1
        for one in ask(ground, "GET", f"/projects/myorg%2F{project}/integrations"):
            found[project, one["slug"]] += 1
    return dict(found)


def check(ground: Ground, wanted: dict[str, Any]) -> None:
    report = ground.apply()
    assert report.exit_code is ExitCode.DONE, report
    assert picture(ground) == wanted
    assert ground.plan().is_empty


def fatal_requests(ground: Ground, *, every: bool) -> Iterator[tuple[int, bool]]:
    """Requests at which to kill: every write and every tenth read, or every request before and after its effect."""
    for number, method in enumerate(ground.sandbox.seen, 1):
        if every:
            yield from ((number, True), (number, False))
        elif method in WRITES:
            yield number, number % 2 == 0
        elif number % 10 == 0:
            yield number, False


def run(ground: Ground, *, every: bool) -> None:
    planned = ground.plan()
    assert len(planned.steps) >= STEPS
    assert not planned.blocked
    ground.sandbox.arm(0, 0, before=False)
    assert ground.apply_in_a_process() == 0
    places = list(fatal_requests(ground, every=every))
    wanted = picture(ground)
    assert ground.plan().is_empty
    for fatal, before in places:
        ground.rewind()
        ended = ground.apply_in_a_process(fatal, before=before)
        lived = len(ground.sandbox.seen) < fatal  # on a busy machine, intents share their writes more often
        assert ended == (0 if lived else -9)
        check(ground, wanted)


def test_a_kill_loses_nothing_and_doubles_nothing(ground: Ground) -> None:
    run(ground, every=False)


def test_a_kill_leaves_no_inheritor_of_a_deleted_integration_active(inherited: Ground) -> None:
    assert [step.action for step in inherited.plan().steps] == ["delete"] * (len(PROJECTS) + 1)
    inherited.sandbox.arm(0, 0, before=False)
    assert inherited.apply_in_a_process() == 0
    places = [n for n, method in enumerate(inherited.sandbox.seen, 1) if method in WRITES]
    for fatal in places:
        inherited.rewind()
        inherited.apply_in_a_process(fatal)
        assert inherited.apply().exit_code is ExitCode.DONE
        later(inherited)
        assert [key for key in picture(inherited) if "slack" in key] == []
        assert inherited.plan().is_empty


@pytest.mark.exhaustive
def test_a_kill_at_any_request_loses_nothing_and_doubles_nothing(ground: Ground) -> None:
    run(ground, every=True)
