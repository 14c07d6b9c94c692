"""Keeps a world in a file: a snapshot, replaced atomically, and beside it a journal of what happened since.

A write costs one appended line, however large the world is: `handle` is deterministic, so the journal holds
requests and moments, not results, and loading carries them out again. A line cut off by a crash is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from .world import Row, World


class Store:
    """One world's place on disk: `path`, and `path` + `.journal`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path.with_name(path.name + ".journal")
        self._file: int | None = None
        self._generation = 0

    def load(self) -> tuple[World, list[Row]] | None:
        """The snapshot's world and what happened after it; None where there is no file.

        Raises `ValueError` for a file that is no world.
        """
        try:
            value = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as mistake:
            raise ValueError(f"{self.path}: not a sandbox world: {mistake}; move it away to start anew") from None
        if not isinstance(value, dict):
            raise ValueError(f"{self.path}: not a sandbox world; move it away to start anew")
        try:
            world = World.from_json(value)
        except (KeyError, TypeError, ValueError) as mistake:
            raise ValueError(f"{self.path}: {mistake}; move it away to start anew") from None
        self._generation = int(value.get("generation", 0))
        events = list(self._events())
        mine = bool(events) and events[0].get("generation") == self._generation
        return world, events[1:] if mine else []

    def note(self, event: Row) -> None:
        """Add one event to the journal."""
        if self._file is None:
            self._file = os.open(self.journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(self._file, (json.dumps(event, separators=(",", ":")) + "\n").encode())

    def save(self, world: World) -> None:
        """Replace the snapshot and begin an empty journal."""
        self._generation += 1
        value = {"generation": self._generation, **world.to_json()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._replace(self.path, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._replace(self.journal, json.dumps({"generation": self._generation}) + "\n")

    def _events(self) -> Iterator[Row]:
        try:
            lines = self.journal.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        for line in lines[:-1]:
            yield json.loads(line)

    @staticmethod
    def _replace(path: Path, text: str) -> None:
        beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        beside.write_text(text, encoding="utf-8")
        beside.chmod(0o600)
        os.replace(beside, path)
