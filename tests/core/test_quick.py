"""Dataclasses with a quick constructor are as frozen, equal and hashable as every other."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from reconciler.core.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 2
    label: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Slow:
    x: int
    y: int = 2
    label: str = field(default="", compare=False)


def test_it_is_made_with_its_defaults_and_by_name() -> None:
    made = Point(1, label="a")

    assert (type(made), made.x, made.y, made.label) == (Point, 1, 2, "a")
    assert repr(made) == "Point(x=1, y=2, label='a')"
    assert [f.name for f in fields(made)] == [f.name for f in fields(Slow(1))]


def test_it_cannot_be_changed_nor_gain_fields() -> None:
    made = Point(1)

    with pytest.raises(FrozenInstanceError):
        made.x = 3  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del made.x
    with pytest.raises((FrozenInstanceError, TypeError)):
        made.z = 3  # type: ignore[attr-defined]
    assert made == Point(1)


def test_it_is_equal_hashed_and_replaced_as_others_are() -> None:
    assert Point(1, 2, "a") == Point(1, 2, "b") != Point(1, 3)
    assert hash(Point(1)) == hash(Slow(1))
    assert replace(Point(1), y=5) == Point(1, 5)


@pytest.mark.parametrize("given", [(), (1, 2, "", 4)])
def test_it_takes_no_more_and_no_fewer_values_than_it_has_fields(given: tuple[object, ...]) -> None:
    with pytest.raises(TypeError, match="__init__"):
        Point(*given)  # type: ignore[arg-type]


def test_a_class_with_a_factory_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class WithFactory:
        items: list[int] = field(default_factory=list)

    with pytest.raises(AssertionError, match="WithFactory"):
        quick(WithFactory)
