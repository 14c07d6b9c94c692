"""The state as JSON: written down, read back, migrated from older formats, refused from newer ones.

pydantic checks what comes from disk or wire; inside, records are the slotted dataclasses of `state`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reconciler.core.address import Scope, ScopeType, key_of
from reconciler.core.errors import StateError
from reconciler.core.resource import Lifecycle, OnDrift, Origin, Primitive
from reconciler.core.state import FORMAT_VERSION, Record, State
from reconciler.core.value import plain

MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From each older format to the next."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _LifecycleForm(_Strict):
    prevent_destroy: bool = False
    allow_replace: bool = False
    on_drift: str = OnDrift.FIX.value
    ignore: list[str] = []


class _RecordForm(_Strict):
    primitive: str
    kind: str
    shape: str = ""
    scope_type: str
    scope: str
    scope_id: int | None = None
    id: int | str | None = None
    origin: str = Origin.MANIFEST.value
    source: str = ""
    # Factories, because pydantic copies an empty dictionary with all the care that a full one needs.
    identity: dict[str, str] = Field(default_factory=dict)
    fields: dict[str, Any] = Field(default_factory=dict)
    digests: dict[str, str] = Field(default_factory=dict)
    local: dict[str, Any] = Field(default_factory=dict)
    deliver: dict[str, Any] = Field(default_factory=dict)
    updated_at: str | None = None
    lifecycle: _LifecycleForm | None = None
    alias: str = ""
    condition: str = ""


class _StateForm(_Strict):
    format_version: int
    lineage: str
    serial: int
    gitlab_url: str = ""
    roots: list[str] = []
    salt: str
    key_check: str = ""
    resources: dict[str, _RecordForm] = {}


def state_to_bytes(state: State) -> bytes:
    """The state as it is stored: sorted, indented JSON."""
    document = {
        "format_version": FORMAT_VERSION,
        "lineage": state.lineage,
        "serial": state.serial,
        "gitlab_url": state.gitlab_url,
        "roots": list(state.roots),
        "salt": state.salt,
        "key_check": state.key_check,
        "resources": {record.address: record_to_dict(record) for record in state.records.values()},
    }
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def state_from_bytes(body: bytes, where: str) -> State:
    """The state that some bytes hold; raises `StateError` saying what is wrong with `where`."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        hint = "restore a kept version with `reconciler state restore`"
        raise StateError(f"{where} is not valid JSON: {error}", hint=hint) from error
    if not isinstance(document, dict) or type(document.get("format_version")) is not int:
        raise StateError(f"{where} is not a state of reconciler: it has no `format_version`")
    version = document["format_version"]
    if version > FORMAT_VERSION:
        raise StateError(
            f"{where} was written by a newer reconciler (format {version}, this one knows {FORMAT_VERSION})",
            hint="upgrade reconciler",
        )
    while version < FORMAT_VERSION:
        if version not in MIGRATIONS:
            raise StateError(f"{where} has the unknown format {version}")
        document = MIGRATIONS[version](document)
        version += 1
    try:
        form = _StateForm.model_validate(document)
        records = {key_of(a): record_from_form(a, r) for a, r in form.resources.items()}
    except (ValidationError, ValueError, TypeError) as error:
        raise StateError(f"{where} is damaged: {_first(error)}") from error
    return State(form.lineage, form.salt, form.serial, form.gitlab_url, tuple(form.roots), records, form.key_check)


def record_to_dict(record: Record) -> dict[str, Any]:
    """A record as JSON data, without its address; what is empty is left out."""
    life = record.lifecycle
    document: dict[str, Any] = {
        "primitive": record.primitive.value,
        "kind": record.kind,
        "shape": record.shape,
        "scope_type": record.scope.type.value,
        "scope": record.scope.path,
        "origin": record.origin.value,
    }
    for name, empty in _EMPTY.items():
        value = getattr(record, name)
        if value != empty:
            document[name] = to_json(value)
    if life != _USUAL:
        document["lifecycle"] = {
            "prevent_destroy": life.prevent_destroy,
            "allow_replace": life.allow_replace,
            "on_drift": life.on_drift.value,
            "ignore": list(life.ignore),
        }
    return document


def record_from_dict(address: str, data: Mapping[str, Any]) -> Record:
    """A record from JSON data; raises ValueError (pydantic's among them) when it is none."""
    return record_from_form(address, _RecordForm.model_validate(data))


def record_from_form(address: str, form: _RecordForm) -> Record:
    life = form.lifecycle
    return Record(
        address,
        Primitive(form.primitive),
        form.kind,
        form.shape,
        Scope(ScopeType(form.scope_type), form.scope),
        form.id,
        form.scope_id,
        Origin(form.origin),
        form.source,
        form.identity,
        _mapping(form.fields),
        form.digests,
        _mapping(form.local),
        _mapping(form.deliver),
        form.updated_at,
        Lifecycle(life.prevent_destroy, life.allow_replace, OnDrift(life.on_drift), tuple(life.ignore))
        if life
        else _USUAL,
        form.alias,
        form.condition,
    )


def to_json(value: Any) -> Any:
    """Plain data with tuples and mappings as JSON has them."""
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value


_USUAL = Lifecycle()
_EMPTY: Mapping[str, Any] = {
    "scope_id": None,
    "id": None,
    "source": "",
    "identity": {},
    "fields": {},
    "digests": {},
    "local": {},
    "deliver": {},
    "updated_at": None,
    "alias": "",
    "condition": "",
}
"""What is not written down of a record, because it is read so anyway."""


def _mapping(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: plain(value) for key, value in data.items()}


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        detail = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}"
    return str(error)
