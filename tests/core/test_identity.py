"""Which live object is meant, when several look for one at once."""

from __future__ import annotations

import pytest

from reconciler.core.identity import Ambiguous, Wanted, assign
from reconciler.core.live import Item
from reconciler.core.resource import Primitive

X, Y = "https://x.example/in", "https://y.example/in"


def hook(number: int, name: str | None, url: str = X) -> Item:
    return Item(Primitive.HOOK, "hook", number, {}, {"url": url} if name is None else {"name": name, "url": url})


def want(name: str, url: str = X, id: int | None = None, *, again: bool = True) -> Wanted:
    return Wanted({"name": name, "url": url}, id, again)


@pytest.mark.parametrize(
    ("items", "wanted", "taken", "meant"),
    [
        ((hook(1, "a"),), [want("a"), want("b")], (), {"a": 1}),
        ((hook(1, "b"),), [want("a"), want("b")], (), {"b": 1}),
        ((hook(1, "other"),), [want("a"), want("b")], (), {"a": 1}),
        ((hook(1, None), hook(2, "b")), [want("a"), want("b")], (), {"a": 1, "b": 2}),
        ((hook(1, "a", Y), hook(2, "z", X)), [want("a", X), want("b", X)], (), {"a": 1, "b": 2}),
        ((hook(7, "moved", Y), hook(8, "a")), [want("a", id=7), want("b")], (7,), {"a": 7, "b": 8}),
        ((hook(8, "a"),), [want("a", id=7), want("b")], (7,), {"a": 8}),
        ((hook(8, "a"),), [want("a", id=7, again=False)], (7,), {}),
        ((hook(8, "a"),), [want("a", id=7), want("b", id=8)], (7, 8), {"b": 8}),
        ((hook(1, "a"), hook(2, "a")), [want("a"), want("b", Y)], (), {"a": (1, 2)}),
        ((hook(1, "p"), hook(2, "q")), [want("a")], (), {"a": (1, 2)}),
    ],
)
def test_each_hook_is_meant_once_and_by_the_one_that_knows_it_best(
    items: tuple[Item, ...], wanted: list[Wanted], taken: tuple[int, ...], meant: dict[str, object]
) -> None:
    found = assign(Primitive.HOOK, items, {one.identity["name"]: one for one in wanted}, frozenset(taken))

    assert {key: one.ids if isinstance(one, Ambiguous) else one.id for key, one in found.items()} == meant


def test_two_entries_may_mean_the_same_variable() -> None:
    """What an entry was and what it is share the name of an object without an id of its own."""
    variable = Item(Primitive.VARIABLE, "variable", "TOKEN", {}, {"key": "TOKEN", "environment_scope": "*"})
    wanted = Wanted({"key": "TOKEN", "environment_scope": "*"})

    assert assign(Primitive.VARIABLE, [variable], {"was": wanted, "is": wanted}) == {"was": variable, "is": variable}
