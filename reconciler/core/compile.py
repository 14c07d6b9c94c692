"""From entries to resources: main objects and parts, with addresses, identities and order. Pure.

Values stay unresolved; `resolve` fills them in.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.core.address import Scope, ScopeType, address_of, key_of
from reconciler.core.entry import Entry
from reconciler.core.errors import Problem
from reconciler.core.resource import NOTHING, Catalogue, Kind, Part, Primitive, Resource, Shape
from reconciler.core.spec import shape_of
from reconciler.core.value import Secret, Value


@dataclass(frozen=True, slots=True)
class Compiled:
    """What entries become, what is wrong with it, and by manual step that no API offers the entries that need it."""

    resources: tuple[Resource, ...] = ()
    problems: tuple[Problem, ...] = ()
    manual: Mapping[str, tuple[str, ...]] = NOTHING


def compile_entries(entries: Iterable[Entry], catalogue: Catalogue) -> Compiled:
    """The resources of entries that all have a scope."""
    resources: list[Resource] = []
    manual: dict[str, list[str]] = {}
    for entry in entries:
        kind = catalogue.kinds[entry.kind]
        for note in kind.manual:
            manual.setdefault(note, []).append(entry.address)
        resources += _resources(entry, kind, catalogue)
    resources = _after_groups(resources)
    by_hand = {note: tuple(addresses) for note, addresses in manual.items()}
    return Compiled(tuple(resources), tuple(_same(resources)), by_hand)


def to_do_by_hand(manual: Mapping[str, tuple[str, ...]], only: Container[str] | None = None) -> tuple[str, ...]:
    """The manual steps in words; `only` the keys of entries that are told (None: all)."""
    found = []
    for note, addresses in manual.items():
        told = [address for address in addresses if only is None or key_of(address) in only]
        more = f" and {len(told) - 1} more" if len(told) > 1 else ""
        found += [f"{told[0]}{more}: {note}"] if told else []
    return tuple(found)


def identity_of(primitive: Primitive, shape: str, fields: Mapping[str, Value]) -> dict[str, str]:
    """An object's natural name (see `core.identity`) from its fields; what is not known yet is left out."""
    if primitive is Primitive.INTEGRATION:
        return {"slug": shape}
    found: dict[str, str] = {}
    for name, assumed in _NAMED_BY[primitive].items():
        value = fields.get(name, assumed)
        if isinstance(value, Secret) and value.known and name == "url":
            value = masked(value.reveal())
        if isinstance(value, str):
            found[name] = value.strip()
    return found


def identity_filled(resource: Resource, fields: Mapping[str, Value]) -> Mapping[str, str]:
    """A resource's natural name once its references are filled in; one that was known in full stays."""
    if resource.identity.keys() >= _NAMED_BY.get(resource.primitive, NOTHING).keys():
        return resource.identity
    return {**resource.identity, **identity_of(resource.primitive, resource.shape, fields)}


def masked(url: str) -> str:
    """A URL with its credentials starred, as GitLab shows mirrors."""
    scheme, separator, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    if not at or "/" in credentials:
        return url
    stars = ":".join("*****" for _ in credentials.split(":", 1))
    return f"{scheme}{separator}{stars}@{host}"


# ---------------------------------------------------------------------------------------------------------------------

_NAMED_BY: Mapping[Primitive, Mapping[str, str | None]] = {
    Primitive.HOOK: {"name": None, "url": None},
    Primitive.APPLICATION: {"name": None, "redirect_uri": None},
    Primitive.VARIABLE: {"key": None, "environment_scope": "*"},
    Primitive.MIRROR: {"url": None},
    Primitive.ERROR_TRACKING: {},
}
"""The fields that name an object, each with what GitLab assumes where it is not stated."""

_CALLED = frozenset({Primitive.HOOK, Primitive.APPLICATION})
"""Objects with a name of their own, which is the manifest's key where none is stated."""


def _resources(entry: Entry, kind: Kind, catalogue: Catalogue) -> Iterable[Resource]:
    scope = entry.scope
    assert scope is not None, "entries are compiled after their targets are resolved"
    shape = shape_of(kind, scope.type, catalogue)
    main = None
    if shape:
        main = _main(entry, kind, shape, scope)
        yield main
    local = entry.values if main is None else NOTHING
    for part in () if entry.inherit else kind.parts(entry.values):
        yield _part(entry, replace(part, local={**local, **part.local}), scope, catalogue, main)
        local = NOTHING


def _main(entry: Entry, kind: Kind, shape: Shape, scope: Scope) -> Resource:
    fields, local = _split(entry.values, shape)
    if shape.primitive is Primitive.INTEGRATION:
        fields["inherit"] = entry.inherit
    elif shape.primitive in _CALLED:
        fields.setdefault("name", entry.name)
    return Resource(
        entry.address,
        shape.primitive,
        entry.kind,
        shape.name,
        scope,
        fields,
        identity_of(shape.primitive, shape.name, fields),
        local,
        entry.deliver,
        (),
        entry.lifecycle,
        entry.place,
        entry.origin,
        entry.alias,
    )


def _split(values: Mapping[str, Value], shape: Shape) -> tuple[dict[str, Value], dict[str, Value]]:
    """The fields that the main object has, and those that are ours or its parts' only."""
    fields: dict[str, Value] = {}
    local: dict[str, Value] = {}
    for name, value in values.items():
        (fields if name in shape.by_name else local)[name] = value
    return fields, local


def _part(entry: Entry, part: Part, scope: Scope, catalogue: Catalogue, main: Resource | None) -> Resource:
    shape = catalogue.shapes[part.shape]
    fields = dict(part.fields)
    identity = {**identity_of(shape.primitive, shape.name, fields), **part.identity}
    return Resource(
        address_of(scope.path, entry.section, entry.name, f"{shape.primitive}.{part.key}"),
        shape.primitive,
        entry.kind,
        shape.name,
        scope,
        fields,
        identity,
        part.local,
        {},
        (main.address,) if main else (),
        entry.lifecycle,
        entry.place,
        entry.origin,
        entry.alias,
    )


def _after_groups(resources: list[Resource]) -> list[Resource]:
    """Inheriting projects come after their group's integration, where that is declared as well."""
    groups = {
        (r.scope.key, r.shape): r.address
        for r in resources
        if r.scope.type is ScopeType.GROUP and r.primitive is Primitive.INTEGRATION
    }
    if not groups:
        return resources
    found = []
    for resource in resources:
        if resource.fields.get("inherit") is True:
            above = resource.scope.key.split("/")
            keys = (("/".join(above[:n]), resource.shape) for n in range(len(above) - 1, 0, -1))
            group = next((groups[key] for key in keys if key in groups), None)
            if group:
                resource = replace(resource, needs=(*resource.needs, group))
        found.append(resource)
    return found


def _same(resources: Iterable[Resource]) -> Iterable[Problem]:
    """Resources that would be the same object in GitLab."""
    first: dict[tuple[object, ...], Resource] = {}
    for resource in resources:
        identity = resource.identity
        if resource.primitive is Primitive.INTEGRATION or not identity:
            continue
        name = identity.get("name") if resource.primitive is Primitive.HOOK else None
        what = (("name", name),) if name else tuple(sorted(identity.items()))
        known = first.setdefault((resource.scope.key, resource.primitive, what), resource)
        if known is not resource and key_of(known.address) != key_of(resource.address):
            said = " and ".join(f"{key} `{value}`" for key, value in what)
            detail = f"`{known.address}` and `{resource.address}` both are the {resource.primitive} with {said}"
            hint = "rename one of them, or remove it"
            yield Problem("one object declared twice", detail, hint, resource.place, resource.address)
