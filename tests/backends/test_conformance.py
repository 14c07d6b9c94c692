"""Every backend against what all of them promise (`tests/conformance/backend.py`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.backends.file import FileBackend
from reconciler.backends.gitlab import GitLabBackend
from reconciler.backends.memory import MemoryBackend, Shelf
from reconciler.core.ports import Backend
from reconciler.core.value import Secret
from reconciler.providers.http import HttpClient
from reconciler.sandbox.fronts import ManualClock, Sandbox, SandboxAdapter
from reconciler.sandbox.seed import default_world
from tests.conformance.backend import CHECKS, Open

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


def memory(tmp_path: Path) -> Open:
    shelf = Shelf()
    return lambda: MemoryBackend(shelf)


def file(tmp_path: Path) -> Open:
    return lambda: FileBackend(tmp_path / ".reconciler" / "state.json")


def gitlab(tmp_path: Path) -> Open:
    clock = Ticking()
    adapter = SandboxAdapter(Sandbox(default_world(START), clock.manual))
    token = Secret("sandbox-token")
    http = HttpClient(adapter.url, token, clock=clock, listener=Deaf(), adapters={"http://": adapter})
    return lambda: GitLabBackend("myorg/shop/production", http=http, clock=clock)


def objectstore(tmp_path: Path) -> Open:
    pytest.importorskip("obstore", reason="the extra `objectstore` is not installed")
    from reconciler.backends.objects import Objects
    from reconciler.backends.objectstore import ObjectStoreBackend

    objects, clock = Objects.opened("memory://"), Ticking()
    return lambda: ObjectStoreBackend("memory://x/state.json", objects, "x/state.json", clock=clock)


PLACES: tuple[Callable[[Path], Open], ...] = (memory, file, gitlab, objectstore)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_backend_keeps_its_promises(
    place: Callable[[Path], Open], check: Callable[[Callable[[], Backend]], None], tmp_path: Path
) -> None:
    check(place(tmp_path))
