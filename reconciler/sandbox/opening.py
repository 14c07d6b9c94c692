"""A sandbox from files: its world, its seed and its faults.

Mistakes in them are `ValueError`s that say where in the file, what is wrong and what to do.
"""

from __future__ import annotations

import json
from pathlib import Path

from .clock import Clock
from .faults import check_faults
from .instance import Sandbox
from .seed import default_world, world_from_text
from .store import Store
from .world import Row, World


def open_sandbox(
    world_path: Path | None = None,
    seed_path: Path | None = None,
    faults_path: Path | None = None,
    clock: Clock | None = None,
) -> Sandbox:
    """A sandbox from files: the world's if it is there, else the seed's, else the default world."""

    def fresh(now: float) -> World:
        if seed_path is None:
            return default_world(now)
        return world_from_text(_text_of(seed_path, "seed"), str(seed_path), now)

    sandbox = Sandbox.opened(Store(world_path) if world_path else None, clock or Clock(), fresh)
    if faults_path is not None:
        sandbox.world.faults[:] = _faults_of(faults_path)
    return sandbox


def _text_of(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is not UTF-8; save the {what} file as UTF-8") from None
    except OSError as failure:
        raise ValueError(f"{path}: {failure.strerror or failure}; name a {what} file that can be read") from failure


def _faults_of(path: Path) -> list[Row]:
    try:
        return check_faults(json.loads(_text_of(path, "faults")))
    except json.JSONDecodeError as mistake:
        raise ValueError(
            f"{path}:{mistake.lineno}:{mistake.colno}: not JSON: {mistake.msg}; correct it there"
        ) from None
    except ValueError as mistake:
        raise ValueError(str(mistake) if str(mistake).startswith(str(path)) else f"{path}: {mistake}") from None
