"""Comparison of field mappings. The only file that knows deepdiff, whose types go no further.

deepdiff is imported on the first pair that really differs: equal pairs never reach it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.value import Plain, plain

if TYPE_CHECKING:
    from deepdiff.model import DiffLevel


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two mappings differ: the field, the path inside it, and both values (None where missing)."""

    field: str
    path: tuple[str | int, ...]
    before: Plain
    after: Plain


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Every place where `after` differs from `before`, in the order of fields; a missing key is like None."""
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    if not names:
        return ()
    # Imported here: deepdiff costs a quarter of a second, and most runs find nothing to compare.
    from deepdiff import DeepDiff

    tree = DeepDiff(
        {name: _loose(before.get(name)) for name in names},
        {name: _loose(after.get(name)) for name in names},
        view="tree",
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,
        ignore_numeric_type_changes=False,
    )
    found = [_difference(level) for levels in tree.values() for level in levels]
    return tuple(sorted(found, key=lambda d: (d.field, [str(p) for p in d.path])))


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    """The names of the fields that differ."""
    return frozenset(d.field for d in differences(before, after))


def _difference(level: DiffLevel) -> Difference:
    field, *path = level.path(output_format="list")
    return Difference(str(field), tuple(path), _present(level.t1), _present(level.t2))


def _present(value: Any) -> Plain:
    # deepdiff marks a missing side with an object of its own.
    return None if type(value).__name__ == "NotPresent" else plain(value)


def _loose(value: Any) -> Any:
    """Tuples as lists and mappings as dicts: deepdiff compares by type as well."""
    if isinstance(value, Mapping):
        return {key: _loose(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_loose(item) for item in value]
    return value
