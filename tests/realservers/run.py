"""Real servers, asked through the real command: `python -m tests.realservers.run` from the repository's root.

Installs Prometheus, its Pushgateway and what Redmine needs (Debian, as root), starts them on loopback ports beside a
served sandbox as GitLab, probes them, acts on them, prints what was seen, and stops everything. `--prepare` only
installs and prepares, for the tests beside this file; `--no-install` takes what is there; `--forget` removes the
prepared Redmine, which is all that stays (packages apart). Ends within 20 minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.realservers import redmine as real
from tests.realservers import servers

WHOLE_SECONDS = 1200
ENTRIES = """\
project: myorg/shop
integrations:
  metrics:
    type: prometheus
    pushgateway_url: {gateway}
    prometheus_url: {prometheus}
    job: shop
    grouping: {{team: platform}}
  tracker:
    type: redmine
    url: {redmine}
    project_url: {redmine}/projects/shop
    issues_url: {redmine}/issues/:id
    new_issue_url: {redmine}/projects/shop/issues/new
    project_identifier: shop
    tracker: Bug
    api_key: ${{env:REDMINE_API_KEY}}
"""
METRICS, TRACKER = "myorg/shop:integrations.metrics", "myorg/shop:integrations.tracker"


def main(arguments: list[str]) -> int:
    """Do it; 0 where everything was as it should be."""
    for sign in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(sign, _stop)
    signal.alarm(WHOLE_SECONDS)
    if "--forget" in arguments:
        real.forget()
        return 0
    if "--no-install" not in arguments:
        install()
    real.prepare()
    if "--prepare" in arguments:
        return 0
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="realservers-")))
        return _story(folder, held)


def install() -> None:
    """What is lacking, from Debian. The run level keeps its scripts from starting services."""
    wanted = [] if not servers.lacking(*servers.DEBIAN) else list(servers.DEBIAN.values())
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    if wanted or real.missing():
        _apt("update", environ=environ)
        wanted += real.packages()
        _apt("install", "-y", "--no-install-recommends", *wanted, environ=environ)


# ---------------------------------------------------------------------------------------------------------------------


def _apt(*arguments: str, environ: Mapping[str, str]) -> None:
    command = ["apt-get", "-q", *arguments]
    subprocess.run(command, env=dict(environ), check=True, timeout=600, stdout=subprocess.DEVNULL)


def _stop(sign: int, _frame: object) -> None:
    """Leave by way of everything that is to be stopped."""
    sys.exit(f"stopped by {signal.Signals(sign).name}")


def _story(folder: Path, held: ExitStack) -> int:
    gitlab = held.enter_context(servers.sandbox(folder / "sandbox"))
    stopping = held.enter_context(ExitStack())
    gateway = stopping.enter_context(servers.pushgateway(folder / "pushgateway"))
    prometheus = held.enter_context(servers.prometheus(folder / "prometheus", gateway))
    redmine = held.enter_context(real.redmine(folder / "redmine"))
    environ = {"GITLAB_URL": gitlab, "GITLAB_TOKEN": "sandbox-token", "REDMINE_API_KEY": redmine.keys["admin"]}
    estate = _Estate(folder / "estate", environ)
    estate.declare(ENTRIES.format(gateway=gateway, prometheus=prometheus, redmine=redmine.url))
    print(f"GitLab (sandbox) {gitlab}, Pushgateway {gateway}, Prometheus {prometheus}")
    print(f"Redmine {redmine.version} {redmine.url}")
    estate.run("apply", "--auto-approve", shown=1)
    estate.run("health", "check")

    estate.run("run", METRICS, "push-metrics", "-p", "metrics.shop_deployments=7", "-p", "labels.stage=eu")
    seen = servers.eventually(lambda: _query(prometheus, "shop_deployments"))
    print(f"Prometheus says {json.dumps(seen)}")
    estate.expect("the figure arrived", [row["value"][1] for row in seen] == ["7"])

    wanted = ("-p", "subject=Build broken", "-p", "marker=gl-7", "-p", "priority=High", "-p", "status=In Progress")
    made = estate.json("run", TRACKER, "create-issue", *wanted)
    again = estate.json("run", TRACKER, "create-issue", *wanted)
    estate.expect("the second issue was the first", made["issue"] == again["issue"] and not again["created"])
    number = str(made["issue"])
    estate.run("run", TRACKER, "update-issue", "-p", f"issue={number}", "-p", "status=Closed", "-p", "notes=Fixed.")
    estate.run("run", TRACKER, "comment", "-p", f"issue={number}", "-p", "text=Deployed.")
    estate.run("run", TRACKER, "comment", "-p", f"issue={number}", "-p", "text=Deployed.")
    key = {"X-Redmine-API-Key": redmine.keys["admin"]}
    issue = servers.ask(f"{redmine.url}/issues/{number}.json?include=journals", headers=key).data["issue"]
    notes = [journal["notes"] for journal in issue["journals"] if journal["notes"]]
    shown = {name: issue[name]["name"] for name in ("tracker", "status", "priority")}
    print(f"Redmine says {json.dumps({'subject': issue['subject'], **shown, 'notes': notes})}")
    estate.expect(
        "the issue is closed, with each note once", (shown["status"], notes) == ("Closed", ["Fixed.", "Deployed."])
    )

    stopping.close()
    estate.environ["REDMINE_API_KEY"] = "0" * 40
    estate.run("health", "check", "--detailed-exitcode", code=2)
    redmine.set_rest_api(False)
    estate.run("health", "check", "-t", TRACKER, "--detailed-exitcode", code=2)
    print("everything was as it should be" if not estate.wrong else f"WRONG: {'; '.join(estate.wrong)}")
    return 1 if estate.wrong else 0


class _Estate:
    """A folder with manifests, and the command run in it."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder, self.wrong = folder, list[str]()
        (folder / "manifests").mkdir(parents=True)
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("CI", "GITLAB", "RECONCILER"))
        }
        told = {"PYTHONPATH": str(servers.ROOT), "NO_COLOR": "1", "RECONCILER_STATE_KEY": "a key for this run"}
        self.environ = {**kept, **told, **environ}

    def declare(self, text: str) -> None:
        """Write the manifest."""
        (self.folder / "manifests" / "shop.yaml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0, shown: int = 40) -> str:
        """Run a command, show its last lines, and note where it ends otherwise than with `code`."""
        print(f"$ reconciler {' '.join(arguments)}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=self.folder,
            env=self.environ,
            text=True,
            timeout=120,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        lines = [f"  {line}\n" for line in done.stdout.splitlines() if line.strip()]
        print("".join(lines[-shown:]), end="", flush=True)
        self.expect(f"`{' '.join(arguments[:3])}` ends with {code}", done.returncode == code)
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """The result of an action."""
        document = json.loads(self.run(*arguments, "-o", "json") or "{}")
        return document.get("result", document)

    def expect(self, what: str, holds: bool) -> None:
        """Note what is not as it should be."""
        if not holds:
            self.wrong.append(f"not so: {what}")


def _query(prometheus: str, query: str) -> Any:
    return servers.ask(f"{prometheus}/api/v1/query?query={quote(query)}").data["data"]["result"]


if __name__ == "__main__":
    if shutil.which("timeout") is None:
        sys.exit("`timeout` is needed, which bounds every server's life")
    sys.exit(main(sys.argv[1:]))
