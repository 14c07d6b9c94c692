"""A journal in GitLab: a state of its own in which every serial holds the lines of one append.

`base` is the first serial of the run's journal, so that reading asks for the serials from there to the newest.
Beginning anew stores one that is its own base behind the last, and drops the rest.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.backends.gitlab_store import GitLabStore
from reconciler.core.errors import StateError, UnclearWrite


@dataclass(frozen=True, slots=True)
class _Entry:
    serial: int
    base: int
    lines: tuple[str, ...]

    def to_bytes(self) -> bytes:
        return json.dumps({"serial": self.serial, "base": self.base, "lines": list(self.lines)}).encode()


class GitLabJournal:
    """Implements `ports.Journal` over a GitLab-managed state. Appends of several threads go one after the other."""

    def __init__(self, store: GitLabStore) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._last: _Entry | None = None
        self._known: dict[int, _Entry] = {}

    def append(self, lines: Sequence[str]) -> None:
        """Add lines; on return GitLab has them."""
        if not lines:
            return
        with self._guard:
            last = self._last or self._newest()
            entry = _Entry(last.serial + 1, last.base, tuple(lines))
            self._put(entry)
            self._last = self._known[entry.serial] = entry

    def read(self) -> list[str]:
        """Every line since the last clearing. Entries never change, so those that are known are not asked for again."""
        with self._guard:
            last = self._last = self._newest()
            found: list[str] = []
            for serial in range(last.base, last.serial):
                entry = self._known.get(serial) or _entry(self._store.version(serial))
                if entry is None:
                    raise StateError(f"entry {serial} of the journal is missing", hint="plan again, and compare")
                self._known[serial] = entry
                found += entry.lines
            return [*found, *last.lines]

    def restart(self, lines: Sequence[str] = ()) -> None:
        """Forget all lines and begin with these: one entry that is its own base."""
        with self._guard:
            last = self._last or self._newest()
            if not lines and (last.serial == 0 or (last.base == last.serial and not last.lines)):
                return
            entry = _Entry(last.serial + 1, last.serial + 1, tuple(lines))
            self._put(entry)
            self._last = entry
            self._known = {entry.serial: entry}
            for serial in range(last.base, last.serial + 1):
                self._store.drop(serial)

    # -----------------------------------------------------------------------------------------------------------------

    def _newest(self) -> _Entry:
        return _entry(self._store.newest()) or _Entry(0, 1, ())

    def _put(self, entry: _Entry) -> None:
        """Store one entry; whether an unclear write arrived, the server says."""
        body = entry.to_bytes()
        try:
            if self._store.put(body, None).ok:
                return
        except UnclearWrite:
            pass
        if self._store.version(entry.serial) == body:
            return
        if not self._store.put(body, None).ok:
            raise StateError("the journal was written by somebody else meanwhile", hint="plan again")


def _entry(body: bytes | None) -> _Entry | None:
    if body is None:
        return None
    try:
        found: Mapping[str, Any] = json.loads(body)
        return _Entry(int(found["serial"]), int(found["base"]), tuple(str(line) for line in found["lines"]))
    except (ValueError, KeyError, TypeError) as error:
        raise StateError("the journal in GitLab is none of ours") from error
