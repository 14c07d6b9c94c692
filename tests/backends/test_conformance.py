"""Every backend against what all of them promise (`tests/conformance/backend.py`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.backends.file import FileBackend
from reconciler.backends.gitlab import GitLabBackend
from reconciler.backends.memory import MemoryBackend, Shelf
from tests.conformance.backend import CHECKS, Open


@pytest.fixture(params=["memory", "file", "gitlab", "objectstore"])
def open_backend(request: pytest.FixtureRequest, tmp_path: Path, gitlab: Any, clock: Any) -> Open:
    """A way to open one of the backends again and again at the same, at first empty place."""
    match request.param:
        case "memory":
            shelf = Shelf()
            return lambda: MemoryBackend(shelf)
        case "file":
            return lambda: FileBackend(tmp_path / ".reconciler" / "state.json")
        case "gitlab":
            return lambda: GitLabBackend("myorg/shop/production", http=gitlab.http, clock=clock)
        case _:
            pytest.importorskip("obstore", reason="the extra `objectstore` is not installed")
            from reconciler.backends.objects import Objects
            from reconciler.backends.objectstore import ObjectStoreBackend

            objects = Objects.opened("memory://")
            return lambda: ObjectStoreBackend("memory://x/state.json", objects, "x/state.json", clock=clock)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_backend_keeps_its_promises(check: Callable[[Open], None], open_backend: Open) -> None:
    check(open_backend)
