"""Which live object is meant: by recorded id, else by natural name.

- integration: (scope, slug); hook: (scope, recorded id), else `name`, else `url`
- application: recorded id, else (name, redirect_uri); variable: (scope, key, environment_scope)
- mirror: recorded id, else masked url; error tracking: one a project
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.live import Item
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


def find(
    primitive: Primitive,
    items: Iterable[Item],
    *,
    identity: Mapping[str, str],
    id: int | str | None = None,
    taken: frozenset[int | str] = frozenset(),
) -> Item | Ambiguous | None:
    """The live object of a recorded id or a natural name; None when there is none.

    A recorded id decides alone for objects that have lasting ids. `taken` are ids that belong to other records, or
    that existed before a create whose answer was lost: those are never meant by name.
    """
    candidates = list(items)
    if id is not None and primitive in _BY_ID:
        return next((item for item in candidates if item.id == id), None)
    if primitive in _BY_ID:
        candidates = [item for item in candidates if item.id not in taken]
    for names in _ALTERNATIVES[primitive]:
        wanted = tuple(identity.get(name) for name in names)
        if names and None in wanted:
            continue
        found = [item for item in candidates if tuple(item.identity.get(name) for name in names) == wanted]
        if len(found) > 1:
            return Ambiguous(tuple(item.id for item in found), " and ".join(f"{n} `{identity[n]}`" for n in names))
        if found:
            return found[0]
    return None


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
