"""Explains an entry: where each of its values comes from, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.core.address import given_address, key_of
from reconciler.core.errors import UsageError
from reconciler.core.explain import explain as explain_entry
from reconciler.core.source import closest
from reconciler.core.stateformat import to_json
from reconciler.core.targets import expand_recorded
from reconciler.engine.books import read_state
from reconciler.engine.declared import read_manifests
from reconciler.engine.workspace import Workspace


def explain(ws: Workspace, address: str) -> Mapping[str, Any]:
    """Where an entry's effective values come from, and what is recorded of it."""
    read = read_manifests(ws, lines=True)
    state = read_state(ws)
    catalogue = ws.catalogue({entry.kind for entry in read.declarations.entries})
    parsed = given_address(address)
    expansion = expand_recorded(read.declarations, state, catalogue, about=parsed.scope)
    wanted = key_of(parsed.entry)
    entry = next((e for e in expansion.entries if key_of(e.address) == wanted), None)
    record = state.find(address)
    if entry is None and record is None:
        known = [e.address for e in expansion.entries] + [record.address for record in state.records.values()]
        raise UsageError(f"nothing is declared or recorded as `{address}`", hint=closest(address, known))
    found: dict[str, Any] = {}
    if entry:
        told = explain_entry(entry, read.declarations, catalogue)
        found["kind"] = told.kind
        found["declared_at"] = str(told.place) if told.place else ""
        found["values"] = {one.field: {"value": one.value, "from": one.source} for one in told.values}
        found["notes"] = list(told.notes)
    if record:
        found["recorded"] = {"id": record.id, "fields": to_json(record.fields), "secrets": sorted(record.digests)}
    return found
