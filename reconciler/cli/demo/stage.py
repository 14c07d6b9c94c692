"""The stage of the guided run: a folder, a pretend GitLab in a process of its own, and commands run in the folder.

Law: everything is written below the folder, and every process started here has ended when the stage is left.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import quote

from reconciler.core.errors import ReconcilerError

TOKEN = "sandbox-token"
SECRETS = {
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0001/B0001/demo-only-not-a-secret",
    "JIRA_API_TOKEN": "demo-only-not-a-secret-either",
    "DEPLOY_HOOK_TOKEN": "demo-only-nor-is-this",
}
_START = 15.0
"""Seconds that the pretend GitLab may take to start."""


class Stage:
    """A folder with a pretend GitLab beside it. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> Stage:
        (self.folder / "manifests").mkdir(parents=True, exist_ok=True)
        arguments = ["sandbox", "--port", "0", "--world", "world.json"]
        log = (self.folder / "sandbox.log").open("w", encoding="utf-8")
        with log:
            self._server = self._start(arguments, stdout=subprocess.PIPE, stderr=log)
        self.url = self._listening()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(5)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            if self._server.stdout:
                self._server.stdout.close()

    def add(self, name: str) -> str:
        """Put one of the demo's manifests into the folder; its text."""
        text = (Path(__file__).parent / name).read_text(encoding="utf-8")
        (self.folder / "manifests" / name).write_text(text, encoding="utf-8")
        return text

    def run(self, *arguments: str) -> int:
        """Run a command to its end, in this process; its exit code."""
        from reconciler.cli.main import run

        before = dict(os.environ)
        with contextlib.chdir(self.folder):
            try:
                _replace_environment(self._environment())
                return run(arguments)
            finally:
                _replace_environment(before)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a process of its own, without waiting; what it prints is not shown."""
        return self._start(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the pretend GitLab, as somebody with a browser or curl would send it."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"PRIVATE-TOKEN": TOKEN, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", data=data, headers=headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as response:
                text = response.read()
        except OSError as error:
            raise ReconcilerError(f"the pretend GitLab refused {method} {path}: {error}") from error
        return json.loads(text) if text else None

    def hooks(self, project: str) -> list[dict[str, Any]]:
        """A project's webhooks."""
        found: list[dict[str, Any]] = self.call("GET", f"/api/v4/projects/{quote(project, safe='')}/hooks?per_page=100")
        return found

    def writes(self) -> int:
        """How many writes the pretend GitLab has carried out."""
        return sum(entry["method"] != "GET" for entry in self.call("GET", "/_sandbox/requests"))

    def _listening(self) -> str:
        assert self._server is not None
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        if not line.startswith("listening on "):
            raise ReconcilerError(
                "the pretend GitLab did not start",
                hint=f"see {self.folder / 'sandbox.log'}; or try it: `reconciler sandbox`",
            )
        return line.removeprefix("listening on ").strip()

    def _start(
        self, arguments: Sequence[str], *, stdout: IO[str] | int | None = None, stderr: IO[str] | int | None = None
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
        )

    def _environment(self) -> Mapping[str, str]:
        """Ours, without what would lead the commands to another GitLab."""
        foreign = ("GITLAB_", "CI", "RECONCILER_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        package = Path(__file__).resolve().parents[3]
        path = os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH", "")]))
        return {**kept, **SECRETS, "RECONCILER_SANDBOX_URL": self.url, "PYTHONPATH": path}


def wait_until(holds: Any, seconds: float, *, pause: float = 0.02) -> bool:
    """Ask again and again until something holds; False when it does not in time."""
    end_at = time.monotonic() + seconds
    while time.monotonic() < end_at:
        if holds():
            return True
        time.sleep(pause)
    return False


def end(process: subprocess.Popen[str]) -> None:
    """Make sure that a process has ended."""
    if process.poll() is None:
        process.kill()
        process.wait()


def _replace_environment(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
