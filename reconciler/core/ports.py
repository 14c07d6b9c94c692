"""The ports: what the engine needs from the outside, as narrow protocols.

Fakes for all of them live in `tests/fakes.py`; those with several implementations have a conformance suite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from reconciler.core.value import Plain, Reference, Value

if TYPE_CHECKING:
    from reconciler.core.address import Scope
    from reconciler.core.events import Event
    from reconciler.core.flow import Flow, Request, Response
    from reconciler.core.health import HealthResult
    from reconciler.core.live import Item, Listing, Written
    from reconciler.core.plan import Step

T = TypeVar("T")


class Listener(Protocol):
    """Somebody who wants to know what happens. May be called from several threads; must not raise."""

    def on_event(self, event: Event) -> None: ...


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None: ...


class Http(Protocol):
    """The one way to the network.

    `send` obeys rate limits and retries what may be retried; it raises `RemoteError` for answers that are neither
    success nor in `Request.accept`, and `UnclearWrite` when a request with `writes` may or may not have been carried
    out. `run` converses: a flow sees every answer, refusals included, and failures as `Failure`; `remember` must have
    made a flow's facts durable when it returns.
    """

    def send(self, request: Request) -> Response: ...

    def run(self, flow: Flow[T], remember: Callable[[Mapping[str, Plain]], None] | None = None) -> T: ...


class Provider(Protocol):
    """Reads and writes GitLab objects. Thread-safe. Never repeats an unclear write."""

    def list(self, primitive: str, scope: Scope) -> Listing:
        """Every object of a primitive at a scope; `Listing.unknown` says why it cannot be known."""
        ...

    def read(self, item: Item, scope: Scope) -> Item | None:
        """The whole of one listed object; None when it is gone meanwhile."""
        ...

    def write(self, step: Step, fields: Mapping[str, Value]) -> Written:
        """Carry out one step with its fields resolved; raises `RemoteError`, `UnclearWrite`."""
        ...


@dataclass(frozen=True, slots=True)
class ScopeFacts:
    """What GitLab says of a project or a group."""

    id: int
    path: str
    archived: bool = False
    topics: tuple[str, ...] = ()


class Estate(Protocol):
    """What GitLab says of itself, of scopes and of who is asking."""

    def version(self) -> tuple[int, int]:
        """GitLab's version as (major, minor), asked once a run."""
        ...

    def scope(self, scope: Scope) -> ScopeFacts | str:
        """Facts of a scope, or in words why it cannot be known (no rights, moved, not there)."""
        ...

    def whereabouts(self, scope: Scope, scope_id: int | None) -> Scope | None:
        """Where a recorded scope is today, as far as its id tells; None where it is gone while its parent is there."""
        ...

    def projects(self, group: str) -> Sequence[ScopeFacts]:
        """Every project of a group and its subgroups (of the whole instance for ""); raises `RemoteError`."""
        ...

    def groups(self, group: str) -> Sequence[ScopeFacts]:
        """Every group below a group; raises `RemoteError`."""
        ...


class Secrets(Protocol):
    """Resolves references of some stores (`env`, `vault`, …)."""

    def get(self, reference: Reference) -> str | None:
        """The text referred to, None when it is not set; raises `ReconcilerError` when the store cannot be asked."""
        ...


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds a state: a lock's id, person and host or job URL, what for, since when (ISO 8601)."""

    id: str
    who: str
    operation: str
    since: str


@dataclass(frozen=True, slots=True)
class Version:
    """One kept version of a state."""

    serial: int
    at: str
    size: int


class Journal(Protocol):
    """Intents and outcomes of a running apply: text lines, append-only, durable. Thread-safe."""

    def append(self, lines: Sequence[str]) -> None:
        """Add lines; on return they survive a crash of this machine (or the server has them)."""
        ...

    def read(self) -> list[str]:
        """Every line; a torn last line is left out."""
        ...

    def restart(self, lines: Sequence[str] = ()) -> None:
        """Forget all lines and begin with these; a crash leaves the old ones or the new ones, never neither."""
        ...


class Backend(Protocol):
    """Where a state is kept. Conformance suite: `tests/conformance/backend.py`."""

    @property
    def url(self) -> str: ...

    @property
    def journal(self) -> Journal: ...

    def read(self) -> bytes | None:
        """The newest state, None when there is none yet."""
        ...

    def write(self, body: bytes, *, serial: int) -> None:
        """Store the successor of what was read last. Raises `StateError` when somebody else has written meanwhile;
        the same serial with the same bytes is success (an answer was lost).
        """
        ...

    def lock(self, info: LockInfo, timeout: float) -> AbstractContextManager[None]:
        """Hold the state for writing; raises `StateLocked` after `timeout` seconds, naming the holder."""
        ...

    def unlock(self, lock_id: str) -> None:
        """Break a lock by its id; raises `StateError` when it is not the holder's."""
        ...

    def versions(self) -> list[Version]:
        """Kept versions, newest first."""
        ...

    def version(self, serial: int) -> bytes:
        """One kept version; raises `StateError` when it is not kept."""
        ...

    def beside(self, name: str) -> Document:
        """A small document kept beside the state (`health`), with no lock of its own."""
        ...


class Document(Protocol):
    """A small document beside a state; a lost update is allowed."""

    def read(self) -> bytes | None: ...

    def write(self, body: bytes) -> None: ...


class History(Protocol):
    """The results of health checks on this machine, many of them. Safe under several processes.

    Raises `ReconcilerError` when its file cannot be used.
    """

    def add(self, results: Sequence[HealthResult]) -> None: ...

    def of(self, address: str, limit: int) -> Sequence[HealthResult]:
        """The newest results of an address, newest first."""
        ...

    def last(self) -> Sequence[HealthResult]:
        """The newest result of every address."""
        ...
