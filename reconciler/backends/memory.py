"""A state in memory, for tests and trials: what the other backends promise, without a place.

A `Shelf` is the place; several backends on one shelf are several programs on one state.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from reconciler.core.errors import StateError, StateLocked
from reconciler.core.ports import LockInfo, Version

KEPT = 20


@dataclass
class Shelf:
    """What several memory backends share."""

    body: bytes | None = None
    history: dict[int, bytes] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    documents: dict[str, bytes] = field(default_factory=dict)
    holder: LockInfo | None = None
    guard: threading.Condition = field(default_factory=threading.Condition)


class MemoryBackend:
    """Implements `ports.Backend` on a shelf."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf or Shelf()
        self._seen: bytes | None = None

    @property
    def url(self) -> str:
        """Where the state is: nowhere else."""
        return "memory:"

    @property
    def journal(self) -> MemoryJournal:
        """The journal on the same shelf."""
        return MemoryJournal(self._shelf)

    def read(self) -> bytes | None:
        """The state, None when there is none yet."""
        self._seen = self._shelf.body
        return self._seen

    def write(self, body: bytes, *, serial: int) -> None:
        """Replace what was read last, if nobody else has."""
        with self._shelf.guard:
            if self._shelf.body != body:
                if self._shelf.body != self._seen:
                    raise StateError("the state was written by somebody else meanwhile", hint="plan again")
                self._shelf.body = body
                self._shelf.history[serial] = body
                for old in sorted(self._shelf.history)[:-KEPT]:
                    del self._shelf.history[old]
            self._seen = body

    @contextmanager
    def lock(self, info: LockInfo, timeout: float) -> Iterator[None]:
        """Hold the shelf for writing."""
        shelf = self._shelf
        with shelf.guard:
            if not shelf.guard.wait_for(lambda: shelf.holder is None, timeout):
                assert shelf.holder is not None
                holder = shelf.holder
                message = f"the state is locked by {holder.who} ({holder.operation}, since {holder.since})"
                raise StateLocked(message, lock_id=holder.id, hint=f"`state unlock {holder.id}` breaks it")
            shelf.holder = info
        try:
            yield
        finally:
            with shelf.guard:
                if shelf.holder == info:
                    shelf.holder = None
                    shelf.guard.notify_all()

    def unlock(self, lock_id: str) -> None:
        """Break a lock by its id."""
        with self._shelf.guard:
            if self._shelf.holder is None or self._shelf.holder.id != lock_id:
                raise StateError(f"no lock `{lock_id}` is held")
            self._shelf.holder = None
            self._shelf.guard.notify_all()

    def versions(self) -> list[Version]:
        """Kept versions, newest first."""
        return [Version(serial, "", len(body)) for serial, body in sorted(self._shelf.history.items(), reverse=True)]

    def version(self, serial: int) -> bytes:
        """One kept version."""
        if serial not in self._shelf.history:
            raise StateError(f"version {serial} of the state is not kept")
        return self._shelf.history[serial]

    def beside(self, name: str) -> MemoryDocument:
        """A document on the same shelf."""
        return MemoryDocument(self._shelf, name)


class MemoryJournal:
    """Implements `ports.Journal` on a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def append(self, lines: Sequence[str]) -> None:
        """Add lines."""
        with self._shelf.guard:
            self._shelf.lines.extend(lines)

    def read(self) -> list[str]:
        """Every line."""
        with self._shelf.guard:
            return list(self._shelf.lines)

    def restart(self, lines: Sequence[str] = ()) -> None:
        """Forget all lines but these."""
        with self._shelf.guard:
            self._shelf.lines[:] = lines


class MemoryDocument:
    """Implements `ports.Document` on a shelf."""

    def __init__(self, shelf: Shelf, name: str) -> None:
        self._shelf, self._name = shelf, name

    def read(self) -> bytes | None:
        """The document, None when there is none."""
        return self._shelf.documents.get(self._name)

    def write(self, body: bytes) -> None:
        """Replace the document."""
        self._shelf.documents[self._name] = body
