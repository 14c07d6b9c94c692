"""A sandbox that kills its client with SIGKILL at a chosen request, and an apply in a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.core.errors import StateLocked
from reconciler.core.report import Report
from reconciler.engine import planning, repair
from reconciler.engine.applying import ApplyOptions, apply_plan
from reconciler.engine.planning import PlanOptions
from reconciler.sandbox.fronts import Sandbox, SandboxServer
from reconciler.sandbox.instance import Outcome
from reconciler.sandbox.seed import default_world
from reconciler.wiring import Options, open_workspace

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.scenarios.killing"])


class KillingSandbox(Sandbox):
    """Counts requests; at number `fatal` the victim dies, before the request has an effect or after it."""

    victim = 0
    fatal = 0
    before = False
    seen: list[str]

    def arm(self, victim: int, fatal: int, *, before: bool) -> None:
        """Get ready to kill a process at its request number `fatal` (0: never)."""
        self.victim, self.fatal, self.before, self.seen = victim, fatal, before, []

    def exchange(self, request: Any, send: Any, **place: Any) -> Outcome:
        with self.lock:
            self.seen.append(request.method)
            now = bool(self.victim) and len(self.seen) == self.fatal
        if now and self.before:
            os.kill(self.victim, signal.SIGKILL)
            return Outcome(None)
        outcome = super().exchange(request, send, **place)
        if now:
            os.kill(self.victim, signal.SIGKILL)
        return outcome


@dataclass
class Ground:
    """A folder with manifests, a served world, and copies of both to go back to."""

    folder: Path
    state: str | None = None
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sandbox = KillingSandbox(default_world(1_790_000_000.0))
        self.sandbox.arm(0, 0, before=False)
        self.server = SandboxServer(self.sandbox, 0)
        self.environ |= {
            "GITLAB_URL": self.server.url,
            "GITLAB_TOKEN": "sandbox-token",
            "RECONCILER_STATE_KEY": "a state key for tests",
        }

    @contextmanager
    def served(self) -> Iterator[Ground]:
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()

    def remember(self) -> None:
        """Take copies to which `rewind` goes back."""
        self._world = json.dumps(self.sandbox.world.to_json())
        shutil.rmtree(self.folder.parent / "copy", ignore_errors=True)
        shutil.copytree(self.folder, self.folder.parent / "copy")

    def rewind(self) -> None:
        self.sandbox.world = type(self.sandbox.world).from_json(json.loads(self._world))
        shutil.rmtree(self.folder)
        shutil.copytree(self.folder.parent / "copy", self.folder)

    def apply_in_a_process(self, fatal: int = 0, *, before: bool = False) -> int:
        """Apply in a process that dies at a request; the process's exit code."""
        ready = PROCESSES.Event()
        process = PROCESSES.Process(
            target=_apply, args=(str(self.folder), self.state, self.environ, ready), daemon=True
        )
        process.start()
        assert process.pid
        self.sandbox.arm(process.pid, fatal, before=before)
        ready.set()
        process.join(60)
        code = process.exitcode
        assert code is not None, "the apply hangs"
        self.sandbox.victim = 0
        return code

    def apply(self) -> Report:
        """Apply here; a lock that a killed run left at GitLab is broken first, as a person would."""
        try:
            return apply_here(str(self.folder), self.state, self.environ)
        except StateLocked as locked:
            with workspace(str(self.folder), self.state, self.environ) as ws:
                repair.unlock(ws, locked.lock_id)
            return apply_here(str(self.folder), self.state, self.environ)

    def plan(self) -> Any:
        with workspace(str(self.folder), self.state, self.environ) as ws:
            return planning.plan(ws, PlanOptions())


class Silent:
    """Hears nothing."""

    def on_event(self, event: object) -> None:
        """Nothing."""


def workspace(folder: str, state: str | None, environ: dict[str, str]) -> Any:
    return open_workspace(Options(cwd=folder, state=state, parallelism=4, lock_timeout=0), Silent(), environ=environ)


def apply_here(folder: str, state: str | None, environ: dict[str, str]) -> Report:
    with workspace(folder, state, environ) as ws, ws.lock("test"):
        return apply_plan(ws, planning.plan(ws, PlanOptions()), ApplyOptions(allow_deletes=100))


def _apply(folder: str, state: str | None, environ: dict[str, str], ready: Any) -> None:
    ready.wait()
    apply_here(folder, state, environ)
