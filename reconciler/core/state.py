"""What we last applied: records by address, under a lineage and a serial.

Pure values and their changes; the file format is `stateformat`, storage is a backend.
Keys of `State.records` are addresses in the form of `key_of` (scopes without case).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.core.address import Scope, key_of
from reconciler.core.quick import quick
from reconciler.core.resource import NOTHING, Lifecycle, Origin, Primitive
from reconciler.core.value import Plain

FORMAT_VERSION = 1
"""Of the state file. Raised with every change of meaning; older ones are migrated, newer ones refused."""


@quick
@dataclass(frozen=True, slots=True)
class Record:
    """What we last applied for one address.

    `fields` are the owned fields without secrets, by manifest name; `digests` the secret ones, keyed digests.
    `local` holds fields that are ours only, and facts that actions keep (keys of synced issues). `condition` is
    empty, `revoked` (not to be created again) or `undelivered` (generated credentials not yet delivered).
    """

    address: str
    primitive: Primitive
    kind: str
    shape: str
    scope: Scope
    id: int | str | None
    scope_id: int | None = None
    origin: Origin = Origin.MANIFEST
    source: str = ""
    identity: Mapping[str, str] = NOTHING
    fields: Mapping[str, Plain] = NOTHING
    digests: Mapping[str, str] = NOTHING
    local: Mapping[str, Plain] = NOTHING
    deliver: Mapping[str, Plain] = NOTHING
    updated_at: str | None = None
    lifecycle: Lifecycle = Lifecycle()
    alias: str = ""
    condition: str = ""

    @property
    def owned(self) -> frozenset[str]:
        """The names of the fields that were stated at the last apply."""
        return frozenset(self.fields) | frozenset(self.digests)


@dataclass(frozen=True, slots=True)
class State:
    """The record of an environment. `lineage` names its history, `serial` counts its writes."""

    lineage: str
    salt: str
    serial: int = 0
    gitlab_url: str = ""
    roots: tuple[str, ...] = ()
    records: Mapping[str, Record] = NOTHING
    key_check: str = ""
    """By which a later run tells whether it was given the same `RECONCILER_STATE_KEY`."""

    def find(self, address: str) -> Record | None:
        """The record of an address, compared as addresses are."""
        return self.records.get(key_of(address))

    def with_record(self, record: Record) -> State:
        """This state with one record added or replaced."""
        return replace(self, records={**self.records, key_of(record.address): record})

    def without(self, address: str) -> State:
        """This state without one record."""
        key = key_of(address)
        return replace(self, records={k: v for k, v in self.records.items() if k != key})

    def scopes(self) -> tuple[Scope, ...]:
        """Every scope that has a record, each once."""
        return tuple({(r.scope.type, r.scope.key): r.scope for r in self.records.values()}.values())
