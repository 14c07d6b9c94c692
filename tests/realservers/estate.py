"""An estate whose GitLab is the sandbox in the process and whose services are real: the engine over the network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.core.errors import ExitCode
from reconciler.core.events import Event
from reconciler.core.health import HealthResult
from reconciler.engine import planning
from reconciler.engine.acting import act
from reconciler.engine.applying import ApplyOptions, apply_plan
from reconciler.engine.health import HealthOptions, check_health
from reconciler.engine.planning import PlanOptions
from reconciler.engine.workspace import Workspace
from reconciler.sandbox import message, services
from reconciler.sandbox.fronts import ManualClock, Sandbox, SandboxAdapter
from reconciler.sandbox.seed import default_world
from reconciler.wiring import Options, open_workspace
from tests.realservers import servers

GITLAB = "http://gitlab.example.test"
ADDRESS = "myorg/shop:integrations.it"
NOW = 1_790_000_000.0


class _Silent:
    def on_event(self, event: Event) -> None:
        """Nobody listens."""


@dataclass
class Estate:
    """One entry, called `it`, of project `myorg/shop`; its secrets are in `environ`."""

    folder: Path
    kind: str
    environ: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        clock = ManualClock(NOW)
        self._gitlab = SandboxAdapter(Sandbox(default_world(NOW), clock), url=GITLAB)

    def declare(self, **values: object) -> None:
        """Write the entry and apply it; values are JSON's."""
        entry = {"type": self.kind, **values}
        folder = self.folder / "manifests"
        folder.mkdir(exist_ok=True)
        text = json.dumps({"project": "myorg/shop", "integrations": {"it": entry}})
        (folder / "shop.yaml").write_text(text, encoding="utf-8")
        with self._workspace() as workspace, workspace.lock("test"):
            report = apply_plan(workspace, planning.plan(workspace, PlanOptions()), ApplyOptions())
        assert report.exit_code is ExitCode.DONE

    def health(self) -> HealthResult:
        """What the probe finds."""
        with self._workspace() as workspace:
            (found,) = check_health(workspace, HealthOptions(targets=(ADDRESS,), record=False)).results
            return found

    def act(self, action: str, **parameters: object) -> Mapping[str, Any]:
        """Ask something of the entry."""
        with self._workspace() as workspace:
            return act(workspace, ADDRESS, action, parameters)

    @contextmanager
    def _workspace(self) -> Iterator[Workspace]:
        environ = {
            "GITLAB_URL": GITLAB,
            "GITLAB_TOKEN": "sandbox-token",
            "RECONCILER_STATE_KEY": "a key",
            **self.environ,
        }
        options = Options(cwd=str(self.folder))
        with open_workspace(options, _Silent(), environ=environ, adapters={GITLAB: self._gitlab}) as workspace:
            yield workspace


@dataclass
class StandIn:
    """The sandbox's picture of a service, asked the same as the real one."""

    service: str
    state: dict[str, Any] = field(default_factory=dict)

    def ask(
        self, path: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> servers.Answer:
        """Ask it as `servers.ask` asks a server."""
        place, _, query = path.partition("?")
        lower = {"host": "service.test", **{name.lower(): text for name, text in (headers or {}).items()}}
        request = message.Request(method, place, query, lower, body or b"", "http://service.test")
        answer = services.handle(self.service, request, self.state, NOW)
        return servers.Answer(answer.status, answer.body)
