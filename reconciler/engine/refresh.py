"""Reads the live side: lists in parallel, details only where a list cannot tell, and matches objects to addresses.

Requests are counted by contract: one list per primitive and scope, one detail per integration whose
`updated_at` moved or cannot prove anything, one per hook that declares headers or URL variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.core.address import Scope, ScopeType, key_of
from reconciler.core.errors import RemoteError
from reconciler.core.events import Refreshed, RefreshStarted
from reconciler.core.identity import Ambiguous, find
from reconciler.core.live import ABSENT, Item, Listing, Live, Presence
from reconciler.core.pair import Case
from reconciler.core.ports import Listener, Provider
from reconciler.core.resource import NOTHING, Primitive, Shape
from reconciler.core.state import Record, State
from reconciler.engine.aside import readers

Place = tuple[Primitive, str]
"""A primitive at a scope (its key): what one list shows."""

LISTED: Mapping[ScopeType, tuple[Primitive, ...]] = {
    ScopeType.PROJECT: (Primitive.INTEGRATION, Primitive.HOOK),
    ScopeType.GROUP: (Primitive.INTEGRATION, Primitive.HOOK),
    ScopeType.INSTANCE: (Primitive.HOOK, Primitive.APPLICATION),
}
"""What stands at each sort of scope by itself, not as a part of something."""

_LISTED_WITHOUT = ("custom_headers", "url_variables")
"""Fields of hooks that a project's list does not show."""


class Reader:
    """Everything that was read in one run: each list at most once."""

    def __init__(
        self, provider: Provider, shapes: Mapping[str, Shape], listener: Listener, *, parallelism: int
    ) -> None:
        self._provider, self._shapes, self._listener = provider, shapes, listener
        self._parallelism = parallelism
        self._listings: dict[Place, Listing] = {}

    def prefetch(self, wanted: Iterable[tuple[Primitive, Scope]]) -> None:
        """Read some lists side by side, those already read left out."""
        missing = {(p, s.key): (p, s) for p, s in wanted if (p, s.key) not in self._listings}
        if not missing:
            return
        self._listener.on_event(RefreshStarted(len(missing)))
        with readers(self._parallelism) as pool:
            for place, listing in zip(missing, pool.map(lambda w: self._list(*w), missing.values()), strict=True):
                self._listings[place] = listing

    def listing(self, primitive: Primitive, scope: Scope) -> Listing:
        """One list, read now if it was not read yet."""
        self.prefetch([(primitive, scope)])
        return self._listings[primitive, scope.key]

    def listed(self, primitive: Primitive, scope: Scope) -> tuple[Item, ...]:
        """The items of a list that has been read; none for one that has not."""
        return self._listings.get((primitive, scope.key), Listing()).items

    def forget(self, primitive: Primitive, scope: Scope) -> None:
        """Drop what was read of a place, so that the next look is a fresh one."""
        self._listings.pop((primitive, scope.key), None)

    def read(self, item: Item, scope: Scope) -> Item | None:
        """One object in full."""
        return self._provider.read(item, scope) if item.partial else item

    def lives(self, cases: Iterable[Case], state: State) -> dict[str, Live]:
        """The live side of some cases, by `key_of` their address."""
        cases = list(cases)
        self.prefetch((_primitive(case), case.scope) for case in cases)
        taken = _ids_by_place(state)
        found = {key_of(case.address): self._locate(case, taken) for case in cases}
        partial = [case for case in cases if self._needs_detail(case, found[key_of(case.address)])]
        if partial:
            with readers(self._parallelism) as pool:
                for case, live in zip(partial, pool.map(lambda c: self._complete(c, found), partial), strict=True):
                    found[key_of(case.address)] = live
        return found

    def _list(self, primitive: Primitive, scope: Scope) -> Listing:
        listing = self._provider.list(primitive, scope)
        self._listener.on_event(Refreshed(scope.path, primitive))
        return listing

    def _locate(self, case: Case, taken: Mapping[Place, frozenset[int | str]]) -> Live:
        primitive, record = _primitive(case), case.record
        listing = self._listings[primitive, case.scope.key]
        if listing.unknown:
            return Live(Presence.UNKNOWN, reason=listing.unknown)
        if record and (strange := _another_scope(record, listing.items)):
            return Live(Presence.UNKNOWN, reason=strange)
        identity = case.resource.identity if case.resource else record.identity if record else NOTHING
        others = taken.get((primitive, case.scope.key), frozenset()) - ({record.id} if record else set())
        item = find(primitive, listing.items, identity=identity, id=record.id if record else None, taken=others)
        if item is None and record and case.resource:
            item = find(primitive, listing.items, identity=identity, taken=others)
        if isinstance(item, Ambiguous):
            ids = " and ".join(str(id_) for id_ in item.ids)
            return Live(Presence.UNKNOWN, reason=f"{ids} there have the same {item.what}; remove all but one")
        return self._judged(item, record) if item else ABSENT

    def _judged(self, item: Item, record: Record | None) -> Live:
        shape = self._shapes.get(item.shape)
        if not (record and shape and shape.updated_at_proves and record.updated_at and item.updated_at):
            return Live(Presence.PRESENT, item)
        same = item.updated_at == record.updated_at
        return Live(Presence.PRESENT, item, untouched=same, touched=not same)

    def _needs_detail(self, case: Case, live: Live) -> bool:
        if live.item is None or not live.item.partial or live.untouched:
            return False
        if case.resource is None:
            return False
        if live.item.primitive is not Primitive.HOOK:
            return True
        owned = set(case.resource.fields) | (case.record.owned if case.record else set())
        return any(name.partition(".")[0] in _LISTED_WITHOUT for name in owned)

    def _complete(self, case: Case, found: Mapping[str, Live]) -> Live:
        live = found[key_of(case.address)]
        assert live.item is not None
        try:
            whole = self._provider.read(live.item, case.scope)
        except RemoteError as error:
            return Live(Presence.UNKNOWN, reason=error.message)
        return replace(live, item=whole) if whole else ABSENT


def from_records(cases: Iterable[Case]) -> dict[str, Live]:
    """The live side as the records tell it, for a plan that asks nothing (`--no-refresh`)."""
    return {key_of(case.address): _remembered(case.record) for case in cases}


def _remembered(record: Record | None) -> Live:
    if record is None:
        return ABSENT
    item = Item(
        record.primitive,
        record.shape,
        record.id if record.id is not None else "",
        record.fields,
        record.identity,
        record.updated_at,
        inherited=bool(record.fields.get("inherit")),
    )
    return Live(Presence.PRESENT, item, untouched=True)


def _primitive(case: Case) -> Primitive:
    if case.resource:
        return case.resource.primitive
    assert case.record is not None
    return case.record.primitive


def _ids_by_place(state: State) -> dict[Place, frozenset[int | str]]:
    found: dict[Place, set[int | str]] = {}
    for record in state.records.values():
        if record.id is not None:
            found.setdefault((record.primitive, record.scope.key), set()).add(record.id)
    return {place: frozenset(ids) for place, ids in found.items()}


def _another_scope(record: Record, items: Iterable[Item]) -> str:
    """Another project under the recorded path shows itself by its id."""
    strangers = {item.scope_id for item in items if item.scope_id is not None} - {record.scope_id}
    if record.scope_id is None or not strangers:
        return ""
    return (
        f"`{record.scope}` is another project now (id {strangers.pop()}, recorded was {record.scope_id}); "
        "forget the old records with `state forget` if that is right"
    )
