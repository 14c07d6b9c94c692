"""Everything that may be declared, by name: the one way to kinds and shapes.

`load` imports only the modules of the kinds that are asked for, so that small inputs stay quick.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType

from reconciler.core.resource import Catalogue, Kind, Shape
from reconciler.integrations import objects, webhook
from reconciler.integrations.index import INDEX, SECTION_KINDS, Row


def names() -> tuple[str, ...]:
    """Every name that `type` may have, in alphabetical order; imports no kind."""
    return tuple(name for name in INDEX if name not in SECTION_KINDS)


def rows() -> Mapping[str, Row]:
    """One line about every kind that `type` may name; imports no kind."""
    return MappingProxyType({name: INDEX[name] for name in names()})


def load(wanted: Iterable[str] | None = None) -> Catalogue:
    """The catalogue of some kinds, or of all. Names that are none are left out.

    The kinds of the other sections and the shapes of parts are always there.
    """
    every = INDEX if wanted is None else {name for name in wanted if name in INDEX}
    kinds = {name: _kind(name) for name in sorted({*every, *SECTION_KINDS})}
    shapes = {kind.shape.name: kind.shape for kind in kinds.values() if kind.shape}
    return Catalogue(kinds=MappingProxyType(kinds), shapes=MappingProxyType({**shapes, **_further_shapes()}))


def _kind(name: str) -> Kind:
    module = import_module(f"reconciler.integrations.{INDEX[name].module}")
    kind: Kind = module.KINDS[name] if hasattr(module, "KINDS") else module.KIND
    return kind


def _further_shapes() -> Mapping[str, Shape]:
    return {**objects.SHAPES, **webhook.SHAPES}
