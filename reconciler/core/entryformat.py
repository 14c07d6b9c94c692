"""Declarations as plain data and back, for the cache of manifests that have not changed.

References stay unresolved and are written as they stand in manifests. The lines of single fields are left out: only
`explain` needs them, and reads the manifests itself. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.core.address import Scope, ScopeType
from reconciler.core.entry import Declarations, Entry, Targets, Template
from reconciler.core.errors import Place
from reconciler.core.refs import parse, written
from reconciler.core.resource import NOTHING, Lifecycle, OnDrift
from reconciler.core.value import Text, Value

FORMAT_VERSION = 1


def to_plain(declarations: Declarations, *, without: Mapping[str, Template] = NOTHING) -> dict[str, Any]:
    """Everything declared, as JSON can hold it. `without` are templates that are there anyway (the built-in ones)."""
    table = _Table()
    own = [template for name, template in declarations.templates.items() if name not in without]
    return {
        "format_version": FORMAT_VERSION,
        "files": list(declarations.files),
        "digest": declarations.digest,
        "templates": [_template_to_plain(template) for template in own],
        "entries": [_entry_to_plain(entry, table) for entry in declarations.entries],
        "scopes": [[scope.type, scope.path] for scope in table.scopes],
        "targets": [_targets_to_plain(targets) for targets in table.targets],
    }


def from_plain(data: Any, *, templates: Mapping[str, Template] = NOTHING) -> Declarations:
    """What `to_plain` was given; raises ValueError for anything else."""
    try:
        if data["format_version"] != FORMAT_VERSION:
            raise ValueError("another format")
        scopes = [Scope(ScopeType(type_), path) for type_, path in data["scopes"]]
        targets = [_targets(row) for row in data["targets"]]
        own = [_template(row) for row in data["templates"]]
        return Declarations(
            tuple(_entry(row, scopes, targets) for row in data["entries"]),
            {**templates, **{template.name: template for template in own}},
            tuple(data["files"]),
            data["digest"],
        )
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError("these are no declarations") from error


# ---------------------------------------------------------------------------------------------------------------------


class _Table:
    """Scopes and targets, each written once."""

    def __init__(self) -> None:
        self.scopes: dict[Scope, int] = {}
        self.targets: dict[Targets, int] = {}

    def of(self, entry: Entry) -> tuple[int | None, int | None]:
        scope = None if entry.scope is None else self.scopes.setdefault(entry.scope, len(self.scopes))
        targets = None if entry.targets is None else self.targets.setdefault(entry.targets, len(self.targets))
        return scope, targets


def _entry_to_plain(entry: Entry, table: _Table) -> list[Any]:
    lifecycle = entry.lifecycle
    return [
        entry.section,
        entry.name,
        entry.kind,
        *table.of(entry),
        _plain(entry.values),
        entry.inherit,
        entry.template,
        _plain(entry.deliver),
        None if lifecycle == _USUAL else [*_lifecycle_to_plain(lifecycle)],
        _place_to_plain(entry.place),
        sorted(entry.defaulted),
    ]


def _entry(row: list[Any], scopes: list[Scope], targets: list[Targets]) -> Entry:
    section, name, kind, scope, target, values, inherit, template, deliver, lifecycle, place, defaulted = row
    return Entry(
        section,
        name,
        kind,
        None if scope is None else scopes[scope],
        _value(values),
        None if target is None else targets[target],
        inherit,
        template,
        _value(deliver),
        _lifecycle(lifecycle) if lifecycle else _USUAL,
        _place(place),
        NOTHING,
        frozenset(defaulted) if defaulted else _NONE,
    )


_USUAL = Lifecycle()
_NONE: frozenset[str] = frozenset()


def _template_to_plain(template: Template) -> list[Any]:
    return [
        template.name,
        template.kind,
        template.description,
        _plain(template.default_config),
        list(template.required_fields),
        _place_to_plain(template.place),
    ]


def _template(row: list[Any]) -> Template:
    name, kind, description, config, required, place = row
    return Template(name, kind, description, _value(config), tuple(required), _place(place))


def _targets_to_plain(targets: Targets) -> list[Any]:
    lists = [list(targets.projects), list(targets.exclude), list(targets.topics)]
    return [*lists, targets.archived, _place_to_plain(targets.place)]


def _targets(row: list[Any]) -> Targets:
    projects, exclude, topics, archived, place = row
    return Targets(tuple(projects), tuple(exclude), tuple(topics), archived, _place(place))


def _lifecycle_to_plain(lifecycle: Lifecycle) -> tuple[Any, ...]:
    return lifecycle.prevent_destroy, lifecycle.allow_replace, lifecycle.on_drift, list(lifecycle.ignore)


def _lifecycle(row: list[Any]) -> Lifecycle:
    return Lifecycle(row[0], row[1], OnDrift(row[2]), tuple(row[3]))


def _place_to_plain(place: Place | None) -> list[Any] | None:
    return None if place is None else [place.file, place.line, place.column, place.text]


def _place(row: list[Any] | None) -> Place | None:
    return None if row is None else Place(*row)


def _plain(value: Value) -> Any:
    if isinstance(value, str | Text):
        return written(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _value(data: Any) -> Any:
    if type(data) is str:
        return parse(data) if "${" in data else data
    if type(data) is dict:
        return {key: _value(item) for key, item in data.items()}
    if type(data) is list:
        return tuple([_value(item) for item in data])
    return data
