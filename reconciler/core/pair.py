"""Pairs what is declared with what is recorded: by address, else by what the object is.

An address that is recorded and no longer declared is paired with a newly declared one of the same identity at the same
scope, so that renaming an entry is a move and never a deletion. `relocated` does the same for projects whose path
changed: their scope is the same one under another path. An entry whose kind changed is two cases: what it was, and
what it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.address import Scope, key_of
from reconciler.core.identity import same_but_for_its_name, same_identity
from reconciler.core.quick import quick
from reconciler.core.resource import Resource
from reconciler.core.state import Record, State


@quick
@dataclass(frozen=True, slots=True)
class Case:
    """One address to decide: what is declared for it and what is recorded of it (at least one of both)."""

    address: str
    resource: Resource | None
    record: Record | None
    today: Scope | None = None
    """The scope of today, where nothing is declared and it had another path when it was recorded."""

    @property
    def moved(self) -> bool:
        """Whether the record stands under another address than the declaration."""
        return bool(self.resource and self.record and key_of(self.record.address) != key_of(self.resource.address))

    @property
    def scope(self) -> Scope:
        """Where the object is: where it is declared, else where its scope is today, as far as that is known."""
        if self.resource:
            return self.resource.scope
        assert self.record is not None
        return self.today or self.record.scope


def pair(resources: Iterable[Resource], state: State, relocated: Mapping[str, Scope] | None = None) -> tuple[Case, ...]:
    """Every case, in the order of addresses. `relocated` maps the key of a recorded scope to its scope of today."""
    declared = {key_of(r.address): r for r in resources}
    same = {key for key, r in declared.items() if key in state.records and r.shape == state.records[key].shape}
    orphans = {key: record for key, record in state.records.items() if key not in same}
    newcomers = {key: r for key, r in declared.items() if key not in same}
    moves = _moves(newcomers, orphans, relocated or {})
    cases = [Case(r.address, r, state.records[key] if key in same else moves.get(key)) for key, r in declared.items()]
    moved = {key_of(record.address) for record in moves.values()}
    cases += [
        Case(
            _left_behind(record) if key in declared else record.address,
            None,
            record,
            (relocated or {}).get(record.scope.key),
        )
        for key, record in orphans.items()
        if key not in moved
    ]
    return tuple(sorted(cases, key=lambda case: key_of(case.address)))


def _left_behind(record: Record) -> str:
    """The address of what an entry was before its kind changed: the entry's own is taken by what it is now."""
    return f"{record.address}/{record.primitive}.{record.shape}"


def _moves(
    newcomers: Mapping[str, Resource], orphans: Mapping[str, Record], relocated: Mapping[str, Scope]
) -> dict[str, Record]:
    """Newly declared keys with the record that each takes over."""
    by_place: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in orphans.values():
        scope = relocated.get(record.scope.key, record.scope)
        by_place[record.primitive, record.shape, scope.key].append(record)
    found: dict[str, Record] = {}
    for same in (same_identity, same_but_for_its_name):
        for key, resource in newcomers.items():
            if key in found:
                continue
            candidates = by_place.get((resource.primitive, resource.shape, resource.scope.key), [])
            means = same(resource.primitive)
            match = next((record for record in candidates if means(record.identity, resource.identity)), None)
            if match:
                candidates.remove(match)
                found[key] = match
    return found
