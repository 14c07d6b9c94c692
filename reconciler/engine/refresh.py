"""Reads the live side: lists in parallel, details only where a list cannot tell, and matches objects to addresses.

Requests are counted by contract: one list per primitive and scope, one detail per integration whose
`updated_at` moved or cannot prove anything, one per hook that declares headers or URL variables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from reconciler.core.address import Scope, ScopeType, key_of
from reconciler.core.errors import RemoteError
from reconciler.core.events import Refreshed, RefreshStarted
from reconciler.core.identity import Ambiguous, Wanted, assign
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
        return self._items(primitive, scope.key)

    def _items(self, primitive: Primitive, scope: str) -> tuple[Item, ...]:
        return self._listings.get((primitive, scope), Listing()).items

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
        here: dict[Place, list[Case]] = defaultdict(list)
        for case in cases:
            here[_primitive(case), case.scope.key].append(case)
        found: dict[str, Live] = {}
        for place, members in here.items():
            found |= self._located(place, members, taken.get(place, frozenset()))
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

    def _located(self, place: Place, cases: Iterable[Case], taken: frozenset[int | str]) -> dict[str, Live]:
        """The live side, as the list of one place shows it."""
        listing = self._listings[place]
        if listing.unknown:
            return {key_of(case.address): Live(Presence.UNKNOWN, reason=listing.unknown) for case in cases}
        lives: dict[str, Live] = {}
        seen: dict[str, Case] = {}
        ids = {item.scope_id for primitive in Primitive for item in self._items(primitive, place[1])} - {None}
        for case in cases:
            key = key_of(case.address)
            if case.record and (strange := _another_scope(case.record, ids)):
                lives[key] = Live(Presence.UNKNOWN, reason=strange)
            else:
                seen[key] = case
        meant = assign(place[0], listing.items, {key: _wanted(case) for key, case in seen.items()}, taken)
        return lives | {key: self._judged(meant.get(key), case.record) for key, case in seen.items()}

    def _judged(self, item: Item | Ambiguous | None, record: Record | None) -> Live:
        if item is None:
            return ABSENT
        if isinstance(item, Ambiguous):
            ids = " and ".join(str(id_) for id_ in item.ids)
            return Live(Presence.UNKNOWN, reason=f"{ids} there have the same {item.what}; remove all but one")
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


def _wanted(case: Case) -> Wanted:
    """What a case means: what is declared may have been made anew, what is only recorded is the recorded one."""
    identity = case.resource.identity if case.resource else case.record.identity if case.record else NOTHING
    return Wanted(identity, case.record.id if case.record else None, again=case.resource is not None)


def _ids_by_place(state: State) -> dict[Place, frozenset[int | str]]:
    found: dict[Place, set[int | str]] = {}
    for record in state.records.values():
        if record.id is not None:
            found.setdefault((record.primitive, record.scope.key), set()).add(record.id)
    return {place: frozenset(ids) for place, ids in found.items()}


def _another_scope(record: Record, ids: AbstractSet[int | None]) -> str:
    """Another project under the recorded path shows itself by its id, where anything in it tells that."""
    strangers = ids - {record.scope_id}
    if record.scope_id is None or not strangers:
        return ""
    return (
        f"`{record.scope}` is another project now (id {min(map(str, strangers))}, recorded was {record.scope_id}); "
        "forget the old records with `state forget` if that is right"
    )
