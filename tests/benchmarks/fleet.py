"""A fleet: every project of a group gets two integrations and a hook from one template and one glob.

Applied, planned again, applied again against a sandbox that takes its time for every answer; requests are counted by
what the sandbox saw.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import Figure, Run, estate, reconciler, requests_of, sandbox, settled, writes

TITLE = "fleet"
MANIFEST = """\
targets:
  projects: ["fleet/**"]
integrations:
  chat:
    type: slack
    template: team-chat
    webhook_url: ${env:SLACK_WEBHOOK_URL}
  builds:
    type: teamcity
    teamcity_url: https://teamcity.example
    build_type: Fleet_Build
    username: bot
    password: ${env:TEAMCITY_PASSWORD}
webhooks:
  deploy:
    url: https://deploy.example/${project.path}
    events: [pipeline]
    secret_token: ${env:HOOK_TOKEN}
templates:
  team-chat:
    type: slack
    default_config: {channel: "#builds", events: [pipeline, merge_request]}
"""
SECRETS = {
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T/B/hush",
    "TEAMCITY_PASSWORD": "hush",
    "HOOK_TOKEN": "hush",
}
PER_PROJECT = re.compile(r"/projects/([^/?]+)")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table of budgets: how many projects, how slow a server, and how long nothing may take."""

    projects: int
    latency: str
    seconds: float | None = None
    megabytes: float | None = None


ROWS = (Row(200, "50ms", 3), Row(1000, "20ms"))
LARGE = Row(3000, "20ms", 30, 150)


def figures(arguments: Sequence[str] = ()) -> list[Figure]:
    """Every row; `--large` adds 3,000 projects."""
    rows = (*ROWS, LARGE) if "--large" in arguments else ROWS
    return [figure for row in rows for figure in _figures(row)]


def _figures(row: Row) -> list[Figure]:
    with tempfile.TemporaryDirectory() as place, sandbox(estate("fleet", row.projects), latency=row.latency) as url:
        folder = Path(place)
        (folder / "manifests").mkdir()
        (folder / "manifests" / "fleet.yaml").write_text(MANIFEST, encoding="utf-8")
        environ = {**settled(url), **SECRETS}
        first, sent_first = _run(["apply", "--auto-approve"], folder, environ, url)
        again, sent_again = _run(["plan", "--detailed-exitcode"], folder, environ, url)
        second, sent_second = _run(["apply", "--auto-approve"], folder, environ, url)
    name = f"{row.projects} × (2 + 1), {row.latency}: "
    each = Counter(Counter(found.group(1) for one in sent_again if (found := PER_PROJECT.search(one))).values())
    return [
        Figure(f"{name}first apply", first.seconds, "s", note=_told(first, sent_first)),
        Figure(f"{name}nothing changed", again.seconds, "s", row.seconds, _told(again, sent_again)),
        Figure(f"{name}nothing changed, memory", again.megabytes, "MB", row.megabytes),
        Figure(f"{name}requests a project, unchanged", max(each), "", 2, f"projects by requests: {dict(each)}"),
        Figure(f"{name}second apply", second.seconds, "s", note=_told(second, sent_second)),
        Figure(f"{name}second apply, writes", writes(sent_second), "requests", 0),
    ]


def _run(arguments: list[str], folder: Path, environ: dict[str, str], url: str) -> tuple[Run, list[str]]:
    requests_of(url)
    done = reconciler(arguments, folder=folder, environ=environ)
    return done, requests_of(url)


def _told(done: Run, sent: Sequence[str]) -> str:
    reads = len(sent) - writes(sent)
    return f"computing {done.computing:.2f} s, {reads} reads, {writes(sent)} writes"
