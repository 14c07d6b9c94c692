"""Keeps a world in a file: a snapshot, replaced atomically, and beside it a journal of what happened since.

A write costs one appended line, however large the world is: `handle` is deterministic, so the journal holds
requests and moments, not results, and reading carries them out again. Several processes may share a file: each
does its writing under the lock, after it has carried out what the others added. A line cut off by a crash is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .world import Row, World


class Store:
    """One world's place on disk: `path`, `path` + `.journal` and `path` + `.lock`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path.with_name(path.name + ".journal")
        self._file: int | None = None
        self._read = 0
        self._depth = 0
        self._generation = 0
        self._lock = path.with_name(path.name + ".lock")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing; may be nested."""
        import fcntl

        if self._depth:
            yield
            return
        if not self._lock.exists():
            self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._depth = 1
            try:
                yield
            finally:
                self._depth = 0

    def load(self) -> World | None:
        """The snapshot's world, None where there is no file; `news` then has what happened after it.

        To be called under the lock. Raises `ValueError` for a file that is no world.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            value = json.loads(text)
            world = World.from_json(value)
            generation = int(value["generation"])
        except (KeyError, TypeError, ValueError, AttributeError) as mistake:
            raise ValueError(f"{self.path}: no sandbox world ({mistake}); move it away to start anew") from None
        self._open_journal(generation)
        return world

    def release(self) -> None:
        """Keep no file open. The next use reads everything anew."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def is_replaced(self) -> bool:
        """Whether another process has written a new snapshot."""
        if self._file is None:
            return True
        try:
            return os.stat(self.journal).st_ino != os.fstat(self._file).st_ino
        except FileNotFoundError:
            return True

    def news(self) -> Iterator[Row]:
        """What was added to the journal since it was last read or written here."""
        if self._file is None:
            return
        while True:
            size = os.fstat(self._file).st_size
            if size <= self._read:
                return
            added = os.pread(self._file, size - self._read, self._read)
            whole = added.rfind(b"\n") + 1
            if not whole:
                return
            self._read += whole
            for line in added[:whole].splitlines():
                yield json.loads(line)

    def note(self, event: Row) -> None:
        """Add one event to the journal. To be called under the lock, after `news`."""
        assert self._file is not None
        line = (json.dumps(event, separators=(",", ":")) + "\n").encode()
        size = os.fstat(self._file).st_size
        if size > self._read:
            os.ftruncate(self._file, self._read)
        os.write(self._file, line)
        self._read += len(line)

    def save(self, world: World) -> None:
        """Replace the snapshot and begin an empty journal. To be called under the lock, after `news`.

        The snapshot goes first: a journal of another generation than the snapshot's is one that it contains.
        """
        generation = self._generation + 1
        value = {"generation": generation, **world.to_json()}
        self._replace(self.path, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        self._open_journal(generation)

    def _open_journal(self, generation: int) -> None:
        self.release()
        self._generation = generation
        self._file = os.open(self.journal, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        head = (json.dumps({"generation": generation}) + "\n").encode()
        self._read = len(head)
        if os.pread(self._file, len(head), 0) != head:
            self._replace(self.journal, head.decode())
            self._open_journal(generation)

    @staticmethod
    def _replace(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        beside.write_text(text, encoding="utf-8")
        beside.chmod(0o600)
        os.replace(beside, path)
