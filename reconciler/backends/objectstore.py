"""A state in an object store (S3, Google, Azure) by conditional writes: put if absent, put if unchanged.

A store that takes a conditional write which must fail is refused when it is first locked. Locks are objects
that their holder renews; one that was not renewed for `EXPIRY` seconds is taken over. Needs the extra `objectstore`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from reconciler.backends.objects import Found, Objects
from reconciler.core.errors import StateError, StateLocked, UsageError
from reconciler.core.ports import Clock, LockInfo, Version

KEPT = 20
BEAT, EXPIRY, POLL = 20.0, 120.0, 1.0
"""Seconds between two renewals of a lock, until a lock that is not renewed may be taken, between two tries for one."""


class ObjectStoreBackend:
    """Implements `ports.Backend` over one store, under one key."""

    def __init__(self, url: str, objects: Objects, key: str, *, clock: Clock, beat: float = BEAT) -> None:
        self._url, self._objects, self._key, self._clock, self._beat = url, objects, key, clock, beat
        self._seen: Found | None = None
        self._probed = False
        self._lost = False
        self._journal = ObjectJournal(objects, f"{key}.journal", self._check_lock)

    @classmethod
    def opened(cls, url: str, *, clock: Clock) -> ObjectStoreBackend:
        """The backend of an `s3://`, `gs://` or `az://` URL: bucket, then key."""
        scheme, _, rest = url.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme == "memory":
            bucket, key = "", rest.strip("/") or "state.json"
        if not key.strip("/"):
            raise UsageError(f"`{url}` names no object", hint="for example `s3://bucket/reconciler/state.json`")
        return cls(url, Objects.opened(f"{scheme}://{bucket}"), key.strip("/"), clock=clock)

    @property
    def url(self) -> str:
        """Where the state is."""
        return self._url

    @property
    def journal(self) -> ObjectJournal:
        """The journal: one object an append."""
        return self._journal

    def read(self) -> bytes | None:
        """The newest state, None when there is none yet."""
        self._seen = self._objects.get(self._key)
        return self._seen.body if self._seen else None

    def write(self, body: bytes, *, serial: int) -> None:
        """Replace what was read last, if nobody else has."""
        self._check_lock()
        seen = self._seen
        if seen is not None and seen.body == body:
            return
        self._objects.put(f"{self._key}.history/{serial:08}.json", body)
        self._seen = self._objects.swap(self._key, body, seen)
        if self._seen is None:
            present = self._objects.get(self._key)
            if present is None or present.body != body:
                raise StateError(f"{self._url}: somebody else has written the state meanwhile", hint="plan again")
            self._seen = present
        self._prune()

    @contextmanager
    def lock(self, info: LockInfo, timeout: float) -> Iterator[None]:
        """Hold the state for writing, renewing the lock until the end."""
        self._probe()
        until = self._clock.now() + timeout
        while (held := self._try(info)) is None:
            if self._clock.now() >= until:
                raise self._locked()
            self._clock.sleep(min(POLL, max(0.05, until - self._clock.now())))
        ended = threading.Event()
        self._lost = False
        renewing = threading.Thread(target=self._renew, args=(info, held, ended), daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()
            self._release(info.id)

    def unlock(self, lock_id: str) -> None:
        """Break a lock by its id."""
        if not self._release(lock_id):
            raise StateError(f"{self._url}: no lock `{lock_id}` is held")

    def versions(self) -> list[Version]:
        """Kept versions, newest first."""
        found = [
            Version(int(name.rpartition("/")[2].removesuffix(".json")), at, size)
            for name, at, size in self._objects.names(f"{self._key}.history/")
        ]
        return sorted(found, key=lambda version: version.serial, reverse=True)

    def version(self, serial: int) -> bytes:
        """One kept version."""
        found = self._objects.get(f"{self._key}.history/{serial:08}.json")
        if found is None:
            raise StateError(f"{self._url}: version {serial} of the state is not kept")
        return found.body

    def beside(self, name: str) -> ObjectDocument:
        """A document next to the state."""
        return ObjectDocument(self._objects, f"{self._key}.{name}")

    # -----------------------------------------------------------------------------------------------------------------

    def _check_lock(self) -> None:
        if self._lost:
            raise StateError(f"{self._url}: the lock was lost to somebody else", hint="plan again")

    @property
    def _lock_key(self) -> str:
        return f"{self._key}.lock"

    def _prune(self) -> None:
        for version in self.versions()[KEPT:]:
            self._objects.delete(f"{self._key}.history/{version.serial:08}.json")

    def _probe(self) -> None:
        """See that the store refuses what it must refuse."""
        if self._probed:
            return
        key = f"{self._key}.probe"
        first = self._objects.get(key) or self._objects.swap(key, b"1", None) or self._objects.get(key)
        wrong = None if first is None else Found(first.body, f"{first.e_tag}0" if first.e_tag else '"0"', None)
        if first is None or self._objects.swap(key, b"2", None) or self._objects.swap(key, b"3", wrong):
            hint = "use a store with conditional writes, or `gitlab:` or `file:`"
            raise StateError(f"{self._url}: this store does not honour conditional writes", hint=hint)
        self._objects.delete(key)
        self._probed = True

    def _body(self, info: LockInfo) -> bytes:
        return json.dumps({**asdict(info), "until": self._clock.now() + EXPIRY}).encode()

    def _try(self, info: LockInfo) -> Found | None:
        present = self._objects.get(self._lock_key)
        holder = _parsed(present)
        if present is not None and holder.get("id") != info.id and self._clock.now() < float(holder.get("until", 0)):
            return None
        return self._objects.swap(self._lock_key, self._body(info), present)

    def _renew(self, info: LockInfo, held: Found, ended: threading.Event) -> None:
        until = self._clock.now() + EXPIRY
        while not ended.wait(self._beat):
            body, now = self._body(info), self._clock.now()
            try:
                renewed = self._objects.swap(self._lock_key, body, held) or self._ours(info)
            except StateError:
                # While nobody answers, nobody takes the lock, until it has expired.
                if now < until:
                    continue
                renewed = None
            if renewed is None:
                self._lost = True
                return
            held, until = renewed, now + EXPIRY

    def _ours(self, info: LockInfo) -> Found | None:
        """The lock as it is, if it is ours after all: the answer to an earlier renewal may have been lost."""
        present = self._objects.get(self._lock_key)
        return present if _parsed(present).get("id") == info.id else None

    def _release(self, lock_id: str) -> bool:
        present = self._objects.get(self._lock_key)
        if present is None or _parsed(present).get("id") != lock_id:
            return False
        self._objects.delete(self._lock_key)
        return True

    def _locked(self) -> StateLocked:
        holder = _parsed(self._objects.get(self._lock_key))
        lock_id = str(holder.get("id", ""))
        message = (
            f"{self._url}: the state is locked by {holder.get('who', 'somebody')} since {holder.get('since', '?')}"
        )
        return StateLocked(message, lock_id=lock_id, hint=f"wait for it, or break it with `state unlock {lock_id}`")


class ObjectJournal:
    """Implements `ports.Journal`: an object holds the lines of one append, its name their order.

    An object that is no list but `{"lines": [...]}` begins the journal anew. `check` raises where the lock is no longer
    ours: no intent is written then, and so nothing is done that another run does as well.
    """

    def __init__(self, objects: Objects, prefix: str, check: Callable[[], None]) -> None:
        self._objects, self._prefix, self._check = objects, prefix, check
        self._guard = threading.Lock()
        self._next: int | None = None

    def append(self, lines: Sequence[str]) -> None:
        """Add lines; on return the store has them."""
        if not lines:
            return
        with self._guard:
            self._add(list(lines), None if self._next else self._names())

    def read(self) -> list[str]:
        """Every line."""
        found: list[str] = []
        for name in self._names():
            one = self._objects.get(name)
            entry = json.loads(one.body) if one else []
            found = entry["lines"] if isinstance(entry, dict) else found + entry
        return found

    def restart(self, lines: Sequence[str] = ()) -> None:
        """Forget all lines and begin with these: an object that says so first, then everything before it goes."""
        with self._guard:
            before = self._names()
            if not before and not lines:
                return
            newest = self._add({"lines": list(lines)}, before)
            for name in (*before, *(() if lines else (newest,))):
                self._objects.delete(name)

    def _add(self, entry: object, names: Sequence[str] | None) -> str:
        """Store an object behind the known ones (None: behind the one that we stored last); its name."""
        self._check()
        if names is not None:
            self._next = int(names[-1].rpartition("/")[2]) + 1 if names else 1
        body = json.dumps(entry).encode()
        key = f"{self._prefix}/{self._next:08}"
        if self._objects.swap(key, body, None) is None:
            present = self._objects.get(key)
            if present is None or present.body != body:
                raise StateError("the journal was written by somebody else meanwhile", hint="plan again")
        self._next = (self._next or 0) + 1
        return key

    def _names(self) -> list[str]:
        return sorted(name for name, _, _ in self._objects.names(f"{self._prefix}/"))


class ObjectDocument:
    """Implements `ports.Document` as an object."""

    def __init__(self, objects: Objects, key: str) -> None:
        self._objects, self._key = objects, key

    def read(self) -> bytes | None:
        """The document, None when there is none."""
        found = self._objects.get(self._key)
        return found.body if found else None

    def write(self, body: bytes) -> None:
        """Replace the document."""
        self._objects.put(self._key, body)


# ---------------------------------------------------------------------------------------------------------------------


def _parsed(found: Found | None) -> Mapping[str, Any]:
    try:
        holder = json.loads(found.body) if found else {}
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}
