"""A workspace: the ports and settings that verbs work with, put together by `wiring`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.flow import Flow
from reconciler.core.ports import (
    Backend,
    Clock,
    Estate,
    History,
    Http,
    Listener,
    LockInfo,
    Provider,
    Secrets,
)
from reconciler.core.resource import Catalogue, Shape, Subject, Verdict
from reconciler.core.value import Secret

if TYPE_CHECKING:
    from reconciler.core.entry import Template
    from reconciler.core.settings import Settings
    from reconciler.core.source import Source
    from reconciler.engine.cache import Cache


@dataclass(slots=True)
class Workspace:
    """Everything that a verb may use.

    - `root`: the folder that relative paths count from.
    - `catalogue`: the catalogue of some kinds (None: of all), so that a run loads only what it declares or records.
    - `shapes`: a live view of every shape loaded so far, shared with the provider.
    - `read_sources`: reads manifests below some paths (none: the settings' own); with them the roots that were read.
    - `stores`: who resolves references, by store.
    - `cache`: what unchanged manifests declare, None where it is not wanted.
    - `known`: secrets at hand in this process, by (address key, name); they never leave memory.
    - `history`: the results of health checks on this machine.
    - `own_token`: the probe of the token that we use (None: we use none).
    - `route`: told of the entries that are about to be asked (a sandbox learns whose hosts theirs are).
    """

    root: Path
    settings: Settings
    environment: str
    gitlab_url: str
    tool_version: str
    who: str
    backend: Backend
    http: Http
    provider: Provider
    estate: Estate
    catalogue: Callable[[Iterable[str] | None], Catalogue]
    shapes: dict[str, Shape]
    templates: Mapping[str, Template]
    read_sources: Callable[[Sequence[str]], tuple[Sequence[Source], tuple[str, ...]]]
    stores: Mapping[str, Secrets]
    history: History
    clock: Clock
    listener: Listener
    state_key: str | None
    parallelism: int
    lock_timeout: float
    new_id: Callable[[], str]
    timestamp: Callable[[], str]
    requests_sent: Callable[[], int] = lambda: 0
    cache: Cache | None = None
    own_token: Callable[[Subject], Flow[Verdict]] | None = None
    route: Callable[[Iterable[Subject]], None] = lambda subjects: None
    known: dict[tuple[str, str], Secret] = field(default_factory=dict)
    closing: ExitStack = field(default_factory=ExitStack)
    _locked: bool = False

    @contextmanager
    def lock(self, operation: str) -> Iterator[None]:
        """Hold the state's lock; within, asking again costs nothing. Raises `StateLocked`."""
        if self._locked:
            yield
            return
        info = LockInfo(self.new_id(), self.who, operation, self.timestamp())
        with self.backend.lock(info, self.lock_timeout):
            self._locked = True
            try:
                yield
            finally:
                self._locked = False

    def close(self) -> None:
        """Close connections and files."""
        self.closing.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
