"""Which live object is meant: by recorded id, else by natural name.

- integration: (scope, slug); hook: (scope, recorded id), else `name`, else `url`
- application: recorded id, else (name, redirect_uri); variable: (scope, key, environment_scope)
- mirror: recorded id, else masked url; error tracking: one a project
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.live import Item
from reconciler.core.quick import quick
from reconciler.core.resource import Primitive

_BY_ID = frozenset({Primitive.HOOK, Primitive.APPLICATION, Primitive.MIRROR})
"""Objects whose id survives every change of their settings, so that a recorded one decides."""

_ALTERNATIVES: Mapping[Primitive, tuple[tuple[str, ...], ...]] = {
    Primitive.INTEGRATION: (("slug",),),
    Primitive.HOOK: (("name",), ("url",)),
    Primitive.APPLICATION: (("name", "redirect_uri"),),
    Primitive.VARIABLE: (("key", "environment_scope"),),
    Primitive.MIRROR: (("url",),),
    Primitive.ERROR_TRACKING: ((),),
}


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """More than one live object could be meant; the ids of all."""

    ids: tuple[int | str, ...]
    what: str


@quick
@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: a natural name and a recorded id.

    A recorded id decides alone for objects that have lasting ids. If none has it, `again` says that an object of the
    natural name stands in for it: somebody removed the object and made it anew.
    """

    identity: Mapping[str, str]
    id: int | str | None = None
    again: bool = False


def find(
    primitive: Primitive,
    items: Iterable[Item],
    *,
    identity: Mapping[str, str],
    id: int | str | None = None,
    taken: frozenset[int | str] = frozenset(),
) -> Item | Ambiguous | None:
    """The live object of a recorded id or a natural name; None when there is none.

    `taken` are ids that belong to other records, or that existed before a create whose answer was lost: those are never
    meant by name.
    """
    return assign(primitive, items, {"": Wanted(identity, id)}, taken).get("")


def assign(
    primitive: Primitive,
    items: Iterable[Item],
    wanted: Mapping[str, Wanted],
    taken: frozenset[int | str] = frozenset(),
) -> dict[str, Item | Ambiguous]:
    """The live objects that several looked-for ones mean, by the same keys; one that means none is left out.

    Nobody gets the object of another: of objects with lasting ids each is meant by at most one, and by the one that
    knows it best (its id before its name, its name before its address).
    """
    here, lasting = list(items), primitive in _BY_ID
    found: dict[str, Item | Ambiguous] = {}
    by_name = dict(wanted)
    if lasting:
        by_id = {item.id: item for item in here}
        for key, one in wanted.items():
            if one.id is None:
                continue
            if one.id in by_id:
                found[key] = by_id[one.id]
            if one.id in by_id or not one.again:
                del by_name[key]
        here = [item for item in here if item.id not in taken]
    for names in _ALTERNATIVES[primitive]:
        claims = {key: _named(one.identity, names) for key, one in by_name.items() if key not in found}
        found |= _by_name(here, names, {key: name for key, name in claims.items() if None not in name}, lasting)
        if lasting:
            claimed = {one.id for one in found.values() if isinstance(one, Item)}
            here = [item for item in here if item.id not in claimed]
    return found


def _named(identity: Mapping[str, str], names: tuple[str, ...]) -> tuple[str | None, ...]:
    return tuple(identity.get(name) for name in names)


def _by_name(
    items: Iterable[Item], names: tuple[str, ...], claims: Mapping[str, tuple[str | None, ...]], lasting: bool
) -> dict[str, Item | Ambiguous]:
    """What each claim to a name means; the first of equal claims to one object has it."""
    bearers: dict[tuple[str | None, ...], list[Item]] = defaultdict(list)
    for item in items:
        bearers[_named(item.identity, names)].append(item)
    found: dict[str, Item | Ambiguous] = {}
    for key, name in claims.items():
        match bearers.get(name, []):
            case [item]:
                found[key] = item
                if lasting:
                    bearers[name] = []
            case [_, *_] as several:
                what = " and ".join(f"{n} `{value}`" for n, value in zip(names, name, strict=True))
                found[key] = Ambiguous(tuple(item.id for item in several), what)
    return found


def same_identity(primitive: Primitive) -> Callable[[Mapping[str, str], Mapping[str, str]], bool]:
    """A predicate: whether two natural names mean the same object of a primitive."""

    def same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
        return any(
            all(one.get(name) is not None and one.get(name) == other.get(name) for name in names)
            for names in _ALTERNATIVES[primitive]
        )

    return same


def same_but_for_its_name(primitive: Primitive) -> Callable[[Mapping[str, str], Mapping[str, str]], bool]:
    """A predicate: whether two natural names mean the same object once its name, which is that of its entry, changed.

    For applications, whose replacement makes a new client id and secret: renaming an entry must not do that unasked.
    """

    def same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
        uri = one.get("redirect_uri")
        return primitive is Primitive.APPLICATION and uri is not None and uri == other.get("redirect_uri")

    return same
