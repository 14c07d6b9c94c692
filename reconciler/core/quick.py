"""Makes frozen dataclasses cheap to make, for those of which a fleet has ten thousand.

A frozen dataclass sets each field through `object.__setattr__`, which costs ten times what an assignment does. Here an
instance is made as one of a class of the same layout that is not frozen, and becomes one of its own class when it is
complete: frozen, equal, hashable and replaceable as every other.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quick(cls: type[T]) -> type[T]:
    """Give a frozen, slotted dataclass a quick constructor; stands above `@dataclass(frozen=True, slots=True)`.

    Fields have a plain default or none: factories and `__post_init__` are not for what is made this often.
    """
    declared = fields(cls)  # type: ignore[arg-type]
    assert all(f.init and f.default_factory is MISSING for f in declared), f"{cls.__name__} is not for `quick`"
    known: dict[str, Any] = {f"default_{f.name}": f.default for f in declared}
    known |= {"frozen": cls, "thaw": object.__setattr__, "thawed": _thawed(cls)}
    lines = [
        f"def __init__(self, {', '.join(_parameter(f) for f in declared)}):",
        "    thaw(self, '__class__', thawed)",
        *(f"    self.{f.name} = {f.name}" for f in declared),
        "    self.__class__ = frozen",
    ]
    exec("\n".join(lines), known)
    setattr(cls, "__init__", known["__init__"])  # noqa: B010 (mypy takes an assignment for a wrong override)
    return cls


def _parameter(field: Field[Any]) -> str:
    return field.name if field.default is MISSING else f"{field.name}=default_{field.name}"


def _thawed(cls: type) -> type:
    """A class of the same layout, to whose instances fields may be assigned."""
    usual = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(cls.__name__, (cls,), {"__slots__": (), **usual})
