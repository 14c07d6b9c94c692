"""A whole estate in a test: manifests in a folder, a sandbox in the process, verbs over both."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.core.events import Event
from reconciler.core.plan import Plan
from reconciler.core.report import Report
from reconciler.core.state import State
from reconciler.engine import drifting, planning
from reconciler.engine.applying import ApplyOptions, apply_plan
from reconciler.engine.books import read_state
from reconciler.engine.drifting import DriftOptions
from reconciler.engine.planning import PlanOptions
from reconciler.engine.workspace import Workspace
from reconciler.sandbox.fronts import ManualClock, Sandbox, SandboxAdapter
from reconciler.sandbox.seed import default_world
from reconciler.wiring import Options, open_workspace

URL = "http://gitlab.example.test"
START = 1_790_000_000.0
READS = ("GET", "HEAD")


@dataclass
class Ticking:
    """A clock for the engine that shares its time with the sandbox's; waiting takes none."""

    front: ManualClock

    def now(self) -> float:
        return self.front.now()

    def sleep(self, seconds: float) -> None:
        self.front.advance(seconds)


@dataclass
class Listening:
    """Remembers every event."""

    events: list[Event] = field(default_factory=list)

    def on_event(self, event: Event) -> None:
        self.events.append(event)


@dataclass
class Story:
    """One estate and what is done with it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    listening: Listening = field(default_factory=Listening)
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(default_world(self.clock.now()), self.clock)
        self.adapter = SandboxAdapter(self.sandbox, url=URL)
        self.environ = {
            "GITLAB_URL": URL,
            "GITLAB_TOKEN": "sandbox-token",
            "RECONCILER_STATE_KEY": "a state key for tests",
            **self.environ,
        }

    def write(self, name: str, text: str) -> None:
        """Put a manifest into the folder."""
        path = self.folder / "manifests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        with open_workspace(
            Options(cwd=str(self.folder), **self.options),
            self.listening,
            environ=self.environ,
            clock=Ticking(self.clock),
            adapters={"http://": self.adapter, "https://": self.adapter},
        ) as workspace:
            yield workspace

    def plan(self, **options: Any) -> Plan:
        with self.workspace() as workspace:
            return planning.plan(workspace, PlanOptions(**options))

    def apply(self, plan: Plan | None = None, **options: Any) -> Report:
        asked = {n: options.pop(n) for n in list(options) if n in PlanOptions.__dataclass_fields__}
        with self.workspace() as workspace, workspace.lock("test"):
            made = plan or planning.plan(workspace, PlanOptions(**asked))
            return apply_plan(workspace, made, ApplyOptions(saved=plan is not None, **options))

    def drift(self, **options: Any) -> Plan:
        with self.workspace() as workspace:
            return drifting.drift(workspace, DriftOptions(**options))

    def state(self) -> State:
        with self.workspace() as workspace:
            return read_state(workspace)

    def ask(self, method: str, path: str, json: Any = None, token: str = "sandbox-token") -> Any:
        """Ask the pretend GitLab as somebody else would, at `/api/v4`."""
        import requests

        self.clock.advance(1)
        with requests.Session() as session:
            session.mount("http://", self.adapter)
            answer = session.request(method, f"{URL}/api/v4{path}", json=json, headers={"PRIVATE-TOKEN": token})
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        self.forget_last()
        return answer.json() if answer.content else None

    def forget_last(self) -> None:
        """Leave a request of the test itself out of the list of what the tool asked."""
        self.requests().pop()

    def requests(self) -> Any:
        """What was asked of the sandbox, oldest first."""
        return self.sandbox.world.requests

    def asked(self, *, writes: bool | None = None) -> list[str]:
        """The requests since the last call, as `METHOD path`, and forget them."""
        found = [f"{r['method']} {r['path']}" for r in self.requests()]
        self.requests().clear()
        if writes is None:
            return found
        return [one for one in found if (one.split()[0] not in READS) is writes]
