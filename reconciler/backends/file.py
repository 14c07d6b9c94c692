"""A state in a local file: written beside and renamed, with its journal, its kept versions and its lock next to it.

The lock is one of the operating system's on `<state>.lock`: the kernel frees it when its holder dies, so a run after a
`kill -9` starts at once; `<state>.lock.json` only says who holds it. What is written here is opaque bytes.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.backends.journal import FileJournal
from reconciler.backends.place import private_folder, replace_file, sweep
from reconciler.core.errors import StateError, StateLocked
from reconciler.core.ports import LockInfo, Version

KEPT = 20
"""Versions that are kept."""
POLL = 0.05


class FileBackend:
    """Implements `ports.Backend` for one path."""

    def __init__(self, path: Path) -> None:
        self._path = Path(os.path.realpath(path))
        self._history = self._near("history")
        self._owner = self._near("lock.json")
        self._seen: bytes | None = None
        self._journal = FileJournal(self._near("journal"))

    @property
    def url(self) -> str:
        """Where the state is, as `file:` URL."""
        return f"file:{self._path}"

    @property
    def journal(self) -> FileJournal:
        """The journal beside the state."""
        return self._journal

    def read(self) -> bytes | None:
        """The state's bytes, None when there is none yet."""
        self._seen = _read(self._path)
        return self._seen

    def write(self, body: bytes, *, serial: int) -> None:
        """Replace the state, durably, and keep a version of it."""
        present = _read(self._path)
        if present != body:
            if present != self._seen:
                raise StateError(f"{self._path}: somebody else has written the state meanwhile", hint="plan again")
            private_folder(self._path.parent)
            private_folder(self._history)
            replace_file(self._path, body, keep=self._history / f"{serial:08}.json")
            self._prune()
        self._seen = body

    @contextmanager
    def lock(self, info: LockInfo, timeout: float) -> Iterator[None]:
        """Hold the state for writing."""
        from filelock import FileLock, Timeout

        private_folder(self._path.parent)
        held = FileLock(str(self._near("lock")), timeout=timeout, mode=0o600, thread_local=False)
        try:
            held.acquire(poll_interval=POLL)
        except Timeout:
            raise self._locked() from None
        except OSError as error:
            raise StateError(f"{self._path}: the state cannot be locked ({error.strerror})") from error
        try:
            for written in (self._path, self._owner):
                sweep(written)
            replace_file(self._owner, json.dumps(asdict(info)).encode())
            yield
        finally:
            holder = self._holder()
            if holder and holder.get("id") == info.id:
                self._owner.unlink(missing_ok=True)
            held.release()

    def unlock(self, lock_id: str) -> None:
        """Break the lock of a holder that hangs; of one that has died nothing but its name is left."""
        holder = self._holder()
        if holder is None or holder.get("id") != lock_id:
            raise StateError(f"{self._path}: no lock `{lock_id}` is held")
        self._owner.unlink(missing_ok=True)
        self._near("lock").unlink(missing_ok=True)

    def versions(self) -> list[Version]:
        """Kept versions, newest first."""
        return [
            Version(int(path.stem), _time_of(path), path.stat().st_size)
            for path in sorted(self._history.glob("*.json"), reverse=True)
            if path.stem.isdigit()
        ]

    def version(self, serial: int) -> bytes:
        """One kept version."""
        body = _read(self._history / f"{serial:08}.json")
        if body is None:
            raise StateError(f"version {serial} of the state is not kept", hint="`state history` lists those that are")
        return body

    def beside(self, name: str) -> FileDocument:
        """A document next to the state."""
        return FileDocument(self._near(name))

    # -----------------------------------------------------------------------------------------------------------------

    def _near(self, what: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{what}")

    def _prune(self) -> None:
        for old in self.versions()[KEPT:]:
            (self._history / f"{old.serial:08}.json").unlink(missing_ok=True)

    def _holder(self) -> dict[str, Any] | None:
        try:
            found = json.loads(self._owner.read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _locked(self) -> StateLocked:
        holder = self._holder() or {}
        who, since = holder.get("who", "another process"), holder.get("since", "")
        lock_id = str(holder.get("id", ""))
        message = f"{self._path}: the state is locked by {who}" + (f" since {since}" if since else "")
        hint = "wait for it, or give it longer with `--lock-timeout`"
        return StateLocked(message, lock_id=lock_id, hint=hint)


class FileDocument:
    """Implements `ports.Document` as a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes | None:
        """The document, None when there is none."""
        return _read(self._path)

    def write(self, body: bytes) -> None:
        """Replace the document."""
        private_folder(self._path.parent)
        replace_file(self._path, body)


# ---------------------------------------------------------------------------------------------------------------------


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"{path}: cannot be read ({error.strerror})") from error


def _time_of(path: Path) -> str:
    with contextlib.suppress(OSError):
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return ""
