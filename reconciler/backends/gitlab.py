"""A state in GitLab: its managed Terraform states, which need no further infrastructure in CI.

GitLab refuses a serial that it has, but takes a lower one and hides it, so its serial is no compare-and-set: a writer
holds the lock, sends the last serial + 1 and reads back what it wrote. A write without the right lock is a 500. Of a
lock GitLab keeps the id, the user's name and the time, and no more, so the id says who holds it. Source:
https://docs.gitlab.com/user/infrastructure/iac/terraform_state/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from reconciler.backends.gitlab_journal import GitLabJournal
from reconciler.backends.gitlab_store import GitLabStore
from reconciler.backends.jobs import has_ended
from reconciler.core.errors import ReconcilerError, StateError, StateLocked, UnclearWrite, UsageError
from reconciler.core.flow import Response
from reconciler.core.ports import Clock, Http, LockInfo, Version

KEPT = 20
"""Versions that are looked for; GitLab keeps all of them."""
TRIES = 3
"""How often a state is sent whose fate was unclear and which a look did not find."""
LONGEST_ID = 250
"""Characters of a lock's id that GitLab takes, with some to spare."""
POLL = 2.0
"""Seconds between two tries for a held lock."""


class GitLabBackend:
    """Implements `ports.Backend` for `PROJECT/PATH/NAME`: the last part names the state."""

    def __init__(self, place: str, *, http: Http, clock: Clock) -> None:
        project, _, name = place.strip("/").rpartition("/")
        if not project or not name:
            hint = "for example `gitlab:myorg/infrastructure/production`"
            raise UsageError(f"`gitlab:{place}` names no project and state", hint=hint)
        self._place, self._http, self._clock = f"{project}/{name}", http, clock
        self._project, self._name = project, name
        self._store = GitLabStore(http, project, name)
        self._journal = GitLabJournal(GitLabStore(http, project, f"{name}.journal"))
        self._seen: bytes | None = None
        self._lock_id: str | None = None

    @property
    def url(self) -> str:
        """Where the state is, as `gitlab:` URL."""
        return f"gitlab:{self._place}"

    @property
    def journal(self) -> GitLabJournal:
        """The journal: a second state beside the first."""
        return self._journal

    def read(self) -> bytes | None:
        """The newest state, None when there is none yet."""
        self._seen = self._store.newest()
        return self._seen

    def write(self, body: bytes, *, serial: int) -> None:
        """Store the next serial, and see that it is what GitLab shows now."""
        last = _serial(self._seen)
        if body != self._seen and last is not None and serial <= last:
            raise StateError(f"{self.url}: serial {serial} is no successor of {last}", hint="plan again")
        refused = ""
        for _ in range(TRIES):
            try:
                response = self._store.put(body, self._lock_id)
                refused = "" if response.ok else self._refusal(response)
                newest = self._store.newest()
                break
            except UnclearWrite as unclear:
                refused = unclear.message
                newest = self._store.newest()
                if newest != self._seen:
                    break
        if newest != body:
            why = f"the state was not stored: {refused}" if refused else "somebody else has written the state meanwhile"
            raise StateError(f"{self.url}: {why}", hint="plan again")
        self._seen = body

    @contextmanager
    def lock(self, info: LockInfo, timeout: float) -> Iterator[None]:
        """Hold the state for writing. A lock whose CI job has ended is taken over."""
        ours = _Holder.of(info).key
        try:
            self._acquire(info, timeout)
        except ReconcilerError:
            raise
        except BaseException:
            # Interrupted between GitLab's taking the lock and our knowing it.
            with suppress(ReconcilerError):
                self._store.unlock(ours)
            raise
        self._lock_id = ours
        try:
            yield
        finally:
            key, self._lock_id = self._lock_id, None
            self._store.unlock(key)

    def unlock(self, lock_id: str) -> None:
        """Break a lock by its id."""
        # Only an attempt to lock tells who holds it.
        asking = LockInfo(f"asking-{lock_id}", "somebody who unlocks", "unlock", "")
        holder = self._try(asking)
        if holder is None:
            self._store.unlock(_Holder.of(asking).key)
        if holder is None or lock_id not in (holder.id, holder.key) or not self._store.unlock(holder.key):
            raise StateError(f"{self.url}: no lock `{lock_id}` is held")

    def versions(self) -> list[Version]:
        """The newest versions; GitLab has no list of them, so they are asked for one by one."""
        newest = self._store.newest()
        last = _serial(newest)
        if newest is None or last is None:
            return []
        found = [Version(last, "", len(newest))]
        for serial in range(last - 1, max(0, last - KEPT), -1):
            body = self._store.version(serial)
            if body is not None:
                found.append(Version(serial, "", len(body)))
        return found

    def version(self, serial: int) -> bytes:
        """One version."""
        body = self._store.version(serial)
        if body is None:
            raise StateError(f"{self.url}: version {serial} of the state is not kept")
        return body

    def beside(self, name: str) -> GitLabDocument:
        """A document as a further state."""
        return GitLabDocument(GitLabStore(self._http, self._project, f"{self._name}.{name}"))

    # -----------------------------------------------------------------------------------------------------------------

    def _acquire(self, info: LockInfo, timeout: float) -> None:
        until = self._clock.now() + timeout
        while (holder := self._try(info)) is not None:
            if self._is_over(holder):
                self._store.unlock(holder.key)
                continue
            if self._clock.now() >= until:
                raise self._locked(holder)
            self._clock.sleep(min(POLL, max(0.05, until - self._clock.now())))

    def _try(self, info: LockInfo) -> _Holder | None:
        """Try to take the lock: None when we have it, else who holds it."""
        ours = _Holder.of(info)
        wanted = {
            "ID": ours.key,
            "Operation": info.operation,
            "Info": info.who,
            "Who": info.who,
            "Version": "1",
            "Created": info.since,
            "Path": self._place,
        }
        try:
            answer = self._store.lock(wanted)
        except UnclearWrite:
            # Asking again is the look: a lock that arrived answers with its own id.
            answer = self._store.lock(wanted)
        if answer is None or answer.get("ID") == ours.key:
            return None
        return _Holder.parse(answer)

    def _is_over(self, holder: _Holder) -> bool:
        return has_ended(holder.who, self._http)

    def _locked(self, holder: _Holder) -> StateLocked:
        message = f"{self.url}: the state is locked by {holder.who} since {holder.since}"
        hint = f"wait for it, or break it with `state unlock {holder.id}`"
        return StateLocked(message, lock_id=holder.id, hint=hint)

    def _refusal(self, response: Response) -> str:
        if response.status == 500:
            return "GitLab answers 500 where the lock is not ours"
        if response.status == 413:
            return "the state is larger than this GitLab allows"
        return f"GitLab answered {response.status}"


class GitLabDocument:
    """Implements `ports.Document` as a state of its own."""

    def __init__(self, store: GitLabStore) -> None:
        self._store = store

    def read(self) -> bytes | None:
        """The document, None when there is none."""
        body = self._store.newest()
        found = _parsed(body)
        return None if found is None else str(found.get("text", "")).encode()

    def write(self, body: bytes) -> None:
        """Replace the document; a lost update is allowed."""
        serial = (_serial(self._store.newest()) or 0) + 1
        wrapped = json.dumps({"serial": serial, "text": body.decode()}).encode()
        self._store.put(wrapped, None)
        if serial > 1:
            self._store.drop(serial - 1)


# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Holder:
    """Who holds a lock; `key` is the id that GitLab has."""

    key: str
    id: str
    who: str
    since: str

    @classmethod
    def of(cls, info: LockInfo) -> _Holder:
        return cls(f"{info.id} {info.who}"[:LONGEST_ID], info.id, info.who, info.since)

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> _Holder:
        key = str(answer.get("ID", ""))
        id, _, who = key.partition(" ")
        return cls(key, id, who or str(answer.get("Who") or "somebody"), str(answer.get("Created") or "?"))


def _parsed(body: bytes | None) -> Mapping[str, Any] | None:
    try:
        found = json.loads(body) if body is not None else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _serial(body: bytes | None) -> int | None:
    found = (_parsed(body) or {}).get("serial")
    return found if isinstance(found, int) else None
