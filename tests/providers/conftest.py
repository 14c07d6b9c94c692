"""A GitLab in the process: sandbox, client, provider and estate on one clock that only tests move."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.events import Event, RequestSent, Waiting
from reconciler.core.flow import Request, Response
from reconciler.core.plan import Change, Step, StepAction
from reconciler.core.resource import Catalogue
from reconciler.core.value import Secret
from reconciler.integrations.catalogue import load
from reconciler.integrations.index import INDEX
from reconciler.providers.gitlab import GitLabEstate, GitLabProvider
from reconciler.providers.http import HttpClient
from reconciler.sandbox.fronts import ManualClock, Sandbox, SandboxAdapter
from reconciler.sandbox.seed import default_world

CATALOGUE = load(name for name, row in INDEX.items() if find_spec(f"reconciler.integrations.{row.module}"))
START = 1_800_000_000.0
SHOP = Scope(ScopeType.PROJECT, "myorg/shop")
MYORG = Scope(ScopeType.GROUP, "myorg")


@dataclass
class VirtualClock:
    """Our side of the sandbox's clock: sleeping moves it."""

    clock: ManualClock
    slept: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        return self.clock.now()

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.slept += seconds
            self.clock.advance(seconds)


@dataclass
class Listened:
    """A listener that remembers."""

    events: list[Event] = field(default_factory=list)

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    @property
    def requests(self) -> list[RequestSent]:
        return [event for event in self.events if isinstance(event, RequestSent)]

    @property
    def waits(self) -> list[Waiting]:
        return [event for event in self.events if isinstance(event, Waiting)]


@dataclass
class Lab:
    """Everything that a test of the provider needs."""

    sandbox: Sandbox
    adapter: SandboxAdapter
    clock: VirtualClock
    seen: Listened
    http: HttpClient
    provider: GitLabProvider
    estate: GitLabEstate
    catalogue: Catalogue

    def later(self, seconds: float = 1.0) -> None:
        """Let background work be done."""
        self.clock.clock.advance(seconds)

    def api(self, method: str, path: str, json: Any = None, **query: Any) -> Response:
        """A call of somebody else, who takes any answer."""
        anything = frozenset(range(200, 600))
        url = path if path.startswith("/_sandbox") else f"/api/v4{path}"
        return self.http.send(Request(method, url, json=json, query=query, accept=anything, writes=method != "GET"))

    def fault(self, method: str, path: str, do: str, value: Any = None, nth: Any = None) -> None:
        """Order a fault of the sandbox."""
        match = {"method": method, "path": path} | ({"nth": nth} if nth is not None else {})
        answer = self.api("POST", "/_sandbox/faults", {"match": match, "do": do, "value": value})
        assert answer.ok, answer.text

    def sent(self) -> list[tuple[str, str]]:
        """The calls that reached the sandbox since the last look, as (method, path)."""
        listed = self.api("GET", "/_sandbox/requests").data()
        self.api("DELETE", "/_sandbox/requests")
        return [(one["method"], one["path"]) for one in listed if not one["path"].startswith("/_sandbox")]


@pytest.fixture
def lab() -> Lab:
    clock = ManualClock(START)
    sandbox = Sandbox(default_world(START), clock)
    adapter = SandboxAdapter(sandbox)
    ours, seen = VirtualClock(clock), Listened()
    http = HttpClient(
        adapter.url,
        Secret("sandbox-token", "${env:GITLAB_TOKEN}"),
        clock=ours,
        listener=seen,
        adapters={"http://": adapter, "https://": adapter},
        jitter=lambda: 0.5,
    )
    estate = GitLabEstate(http)
    provider = GitLabProvider(http, CATALOGUE.shapes)
    return Lab(sandbox, adapter, ours, seen, http, provider, estate, CATALOGUE)


@pytest.fixture
def step_of() -> Any:
    return step


def step(
    shape: str,
    action: StepAction,
    values: Mapping[str, Any],
    *,
    send: Sequence[str] | None = None,
    scope: Scope = SHOP,
    id: int | str | None = None,
    identity: Mapping[str, str] | None = None,
    changed: Sequence[str] = (),
    given_up: Mapping[str, Any] | None = None,
    inherited: bool = False,
) -> Step:
    """A step as the planner would make it."""
    table = CATALOGUE.shapes[shape]
    gone = given_up or {}
    return Step(
        f"{scope}:integrations.x",
        action,
        (),
        table.primitive,
        shape,
        shape,
        scope,
        id=id,
        identity=identity if identity is not None else {"slug": shape},
        send=tuple(send if send is not None else values),
        changes=tuple(Change(name) for name in changed)
        + tuple(Change(name, desired=value, reset=True) for name, value in gone.items()),
        inherited=inherited,
    )
