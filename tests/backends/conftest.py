"""A clock that sleeping moves, and a GitLab in the process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.core.flow import Request
from reconciler.core.value import Secret
from reconciler.providers.http import HttpClient
from reconciler.sandbox.fronts import ManualClock, Sandbox, SandboxAdapter
from reconciler.sandbox.seed import default_world

START = 1_800_000_000.0


class Ticking:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.manual = ManualClock(START)

    def now(self) -> float:
        return self.manual.now()

    def sleep(self, seconds: float) -> None:
        self.manual.advance(seconds)


class Deaf:
    """A listener that does not care."""

    def on_event(self, event: object) -> None:
        pass


@dataclass
class GitLab:
    """A client of a sandbox, on one clock with it."""

    clock: Ticking
    http: HttpClient
    url: str

    def call(self, method: str, path: str, json: Any = None) -> Any:
        accept = frozenset(range(200, 600))
        return self.http.send(Request(method, path, json=json, accept=accept, writes=method != "GET"))

    def fault(self, method: str, path: str, do: str, value: Any = None, nth: Any = None) -> None:
        match = {"method": method, "path": path} | ({"nth": nth} if nth is not None else {})
        self.call("POST", "/_sandbox/faults", {"match": match, "do": do, "value": value})

    def sent(self) -> list[tuple[str, str]]:
        listed = self.call("GET", "/_sandbox/requests").data()
        self.call("DELETE", "/_sandbox/requests")
        return [(one["method"], one["path"]) for one in listed if not one["path"].startswith("/_sandbox")]


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def gitlab(clock: Ticking) -> GitLab:
    adapter = SandboxAdapter(Sandbox(default_world(START), clock.manual))
    token = Secret("sandbox-token")
    adapters = {"http://": adapter, "https://": adapter}
    http = HttpClient(adapter.url, token, clock=clock, listener=Deaf(), adapters=adapters)
    return GitLab(clock, http, adapter.url)
