"""What programs have declared, as the state records it: found by id or address, and shown as plain dictionaries.

Pure. Secrets are not in the state, so nothing shown here can hold one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.address import Address, Scope, key_of
from reconciler.core.errors import UsageError
from reconciler.core.resource import Origin
from reconciler.core.source import closest, said
from reconciler.core.state import Record, State
from reconciler.core.stateformat import to_json
from reconciler.core.supply import stated_secrets
from reconciler.core.value import Plain
from reconciler.integration_management.configs import OURS

ID_OF: Mapping[str, str] = {"integrations": "integration_id", "webhooks": "webhook_id", "oauth_applications": "app_id"}
"""What the id is called in the dictionary of a section's things."""

_PREFIX = {"oauth_application": "app"}
_FLAT = frozenset({"webhooks", "oauth_applications"})
"""Sections whose things show their settings beside their name, not under `config`."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry of the record: the records of its main object (part `""`) and of its parts."""

    address: str
    records: Mapping[str, Record]

    @property
    def home(self) -> Record:
        """The main object's record, else the first part's."""
        return self.records.get("") or self.records[min(self.records)]

    @property
    def id(self) -> str:
        """The id that the program knows it by; its address where a manifest declares it."""
        return self.home.alias or self.address

    @property
    def kind(self) -> str:
        """The name of its kind."""
        return self.home.kind

    @property
    def section(self) -> str:
        """The section that it stands in."""
        return Address.parse(self.address).section

    @property
    def config(self) -> dict[str, Plain]:
        """Its fields that are no secrets."""
        fields = dict(self.records[""].fields) if "" in self.records else {}
        for record in self.records.values():
            fields |= {name: value for name, value in record.local.items() if not name.startswith("_")}
        for name in OURS - {"name"}:
            fields.pop(name, None)
        if self.section == "integrations":
            fields.pop("name", None)
            if not fields.pop("inherit", False):
                return fields
            return {**fields, "inherit": True}
        return fields

    @property
    def title(self) -> str:
        """Its name for people."""
        return self._said("name") or Address.parse(self.address).name

    @property
    def created_at(self) -> str:
        """When it was made, in UTC."""
        return self._said("created_at")

    def _said(self, name: str) -> str:
        values = [record.local.get(name) for record in self.records.values()]
        values += [self.home.fields.get(name)] if "" in self.records else []
        return next((value for value in values if isinstance(value, str)), "")


def everything(state: State) -> list[Found]:
    """Every entry of the record, by address."""
    entries: dict[str, dict[str, Record]] = {}
    for key in sorted(state.records):
        address = Address.parse(state.records[key].address)
        entries.setdefault(key_of(address.entry), {})[address.part] = state.records[key]
    return [Found(Address.parse(next(iter(r.values())).address).entry, r) for r in entries.values()]


def ours(state: State, scope: Scope | None = None) -> list[Found]:
    """What programs declared, at a scope or everywhere, in the order of their ids."""
    found = [one for one in everything(state) if one.home.origin is Origin.PYTHON]
    return sorted((one for one in found if scope is None or one.home.scope.key == scope.key), key=_by_id)


def find(state: State, id: str) -> Found:
    """The entry of an id or an address; raises `UsageError` where nothing is known by it."""
    if not isinstance(id, str):
        raise UsageError(f"an id is text (`slack-1`), not {said(id)}")
    all_of_it = everything(state)
    for one in all_of_it:
        if id == one.home.alias or key_of(id) == key_of(one.address):
            return one
    hint = closest(id, [one.id for one in all_of_it]) or "`list_…` shows what there is"
    raise UsageError(f"nothing is known as `{id}`", hint=hint)


def next_id(state: State, kind: str) -> str:
    """The id of something new: its kind and the next number."""
    prefix = _PREFIX.get(kind, kind)
    return f"{prefix}-{1 + highest(prefix, (record.alias for record in state.records.values()))}"


def highest(prefix: str, ids: Iterable[str]) -> int:
    """The highest number among ids of a prefix, 0 where there is none."""
    numbers = (re.fullmatch(rf"{re.escape(prefix)}-(\d+)", id) for id in ids)
    return max((int(number.group(1)) for number in numbers if number), default=0)


def shown(one: Found) -> dict[str, Any]:
    """An entry as programs get it."""
    config: dict[str, Any] = to_json(one.config)
    head = {ID_OF[one.section]: one.id, "name": one.title, "type": one.kind, "project_id": one.home.scope.path}
    tail = {"address": one.address, "created_at": one.created_at or None, "updated_at": one.home.updated_at}
    if one.section in _FLAT:
        return {**config, **head, **tail}
    return {**head, "config": config, **tail}


def secrets_of(one: Found) -> Mapping[str, str]:
    """The secrets that an entry states (`custom_headers.X-Team` for one in a map), with their references."""
    return next(filter(None, (stated_secrets(record.local) for record in one.records.values())), {})


# ---------------------------------------------------------------------------------------------------------------------


def _by_id(one: Found) -> tuple[str, int]:
    prefix, _, number = one.id.rpartition("-")
    return (prefix, int(number)) if number.isdigit() else (one.id, 0)
