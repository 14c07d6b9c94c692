"""What people can ask for, one function a wish. The command line and the Python API are readers of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.core.address import Address, Scope, key_of
from reconciler.core.compile import compile_entries, to_do_by_hand
from reconciler.core.errors import StateError, UsageError
from reconciler.core.explain import explain as explain_entry
from reconciler.core.plan import Plan
from reconciler.core.ports import Version
from reconciler.core.report import Report, Validation
from reconciler.core.source import closest
from reconciler.core.state import State
from reconciler.core.stateformat import state_from_bytes, to_json
from reconciler.core.targets import expand_recorded
from reconciler.engine.acting import act, actions_of
from reconciler.engine.applications import oauth_restore, oauth_revoke, oauth_rotate
from reconciler.engine.applying import ApplyOptions, apply_plan
from reconciler.engine.books import begin, finish, open_books, settle_open
from reconciler.engine.declared import read_manifests
from reconciler.engine.health import HealthOptions, check_health, health_history, unhealthy
from reconciler.engine.planning import Planned, PlanOptions, make_plan
from reconciler.engine.refresh import LISTED, Reader
from reconciler.engine.workspace import Workspace

__all__ = [
    "ApplyOptions",
    "DriftOptions",
    "HealthOptions",
    "PlanOptions",
    "act",
    "actions_of",
    "apply",
    "check_health",
    "drift",
    "health_history",
    "oauth_restore",
    "oauth_revoke",
    "oauth_rotate",
    "plan",
    "unhealthy",
    "validate",
]


@dataclass(frozen=True, slots=True)
class DriftOptions:
    """What drift is asked for; `unmanaged` lists live objects that are not ours, too."""

    paths: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    unmanaged: bool = False


def validate(ws: Workspace, paths: Sequence[str] = ()) -> Validation:
    """Check manifests offline; nothing is resolved and nothing asked. Problems come in the answer."""
    read = read_manifests(ws, paths)
    entries = read.declarations.entries
    catalogue = ws.catalogue({entry.kind for entry in entries})
    compiled = compile_entries((entry for entry in entries if entry.scope), catalogue)
    kinds = Counter(entry.kind for entry in entries)
    return Validation(
        (*read.problems, *compiled.problems),
        read.declarations.files,
        len(entries),
        dict(kinds),
        to_do_by_hand(compiled.manual),
    )


def plan(ws: Workspace, options: PlanOptions) -> Plan:
    """What applying would do."""
    return make_plan(ws, options).plan


def apply(ws: Workspace, plan: Plan, options: ApplyOptions) -> Report:
    """Carry out a plan."""
    return apply_plan(ws, plan, options)


def drift(ws: Workspace, options: DriftOptions) -> Plan:
    """What somebody else changed: a plan whose `drift`, `gone`, `touched` and `unmanaged` are the answer."""
    planned = make_plan(ws, PlanOptions(options.paths, options.targets, options.exclude))
    return replace(planned.plan, unmanaged=_unmanaged(planned)) if options.unmanaged else planned.plan


def _unmanaged(planned: Planned) -> tuple[tuple[str, str, str], ...]:
    """Live objects at the scopes of the plan that no address stands for."""
    scopes = {(c.scope.type, c.scope.key): c.scope for c in planned.cases}.values()
    wanted = [(p, s) for s in scopes for p in LISTED[s.type]]
    planned.reader.prefetch(wanted)
    ours = {
        (item.primitive, c.scope.key, str(item.id))
        for c in planned.cases
        if (item := planned.lives[key_of(c.address)].item)
    }
    found = []
    for primitive, scope in wanted:
        for item in planned.reader.listed(primitive, scope):
            if (primitive, scope.key, str(item.id)) not in ours:
                name = item.identity.get("name") or item.identity.get("url") or item.shape
                found.append((scope.path, item.shape, name))
    return tuple(sorted(found))


def explain(ws: Workspace, address: str) -> Mapping[str, Any]:
    """Where an entry's effective values come from, and what is recorded of it."""
    read = read_manifests(ws, lines=True)
    state = open_books(ws).state
    catalogue = ws.catalogue({entry.kind for entry in read.declarations.entries})
    parsed = _parsed(address)
    expansion = expand_recorded(read.declarations, state, catalogue, about=parsed.scope)
    wanted = key_of(parsed.entry)
    entry = next((e for e in expansion.entries if key_of(e.address) == wanted), None)
    record = state.find(address)
    if entry is None and record is None:
        known = [e.address for e in expansion.entries] + _addresses(state)
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


def show_state(ws: Workspace) -> State:
    """The state as it is true now: stored, with what an interrupted run noted."""
    return open_books(ws).state


def state_mv(ws: Workspace, source: str, target: str) -> None:
    """Give a record another address; raises `StateError` where there is none, or one in the way."""
    _parsed(source)
    wanted = _parsed(target)
    with ws.lock("state mv"):
        state = _writable(ws)
        record = state.find(source)
        if record is None:
            raise StateError(f"nothing is recorded as `{source}`", hint=closest(source, _addresses(state)))
        if state.find(target):
            raise StateError(f"`{target}` is recorded already", hint="forget it first, or choose another address")
        scope = record.scope if wanted.scope.lower() == record.scope.key else Scope(record.scope.type, wanted.scope)
        moved = state.without(source).with_record(replace(record, address=target, scope=scope))
        _write(ws, moved)


def state_forget(ws: Workspace, address: str) -> None:
    """Drop a record without touching what it stands for."""
    with ws.lock("state forget"):
        state = _writable(ws)
        if state.find(address) is None:
            raise StateError(f"nothing is recorded as `{address}`", hint=closest(address, _addresses(state)))
        _write(ws, state.without(address))


def state_unlock(ws: Workspace, lock_id: str) -> None:
    """Break a lock that its holder left behind."""
    ws.backend.unlock(lock_id)


def state_history(ws: Workspace) -> list[Version]:
    """Kept versions of the state, newest first."""
    return ws.backend.versions()


def state_restore(ws: Workspace, serial: int) -> None:
    """Make a kept version the newest; what GitLab has is not touched, the next plan shows the difference."""
    with ws.lock("state restore"):
        _write(ws, state_from_bytes(ws.backend.version(serial), f"version {serial} of {ws.backend.url}"))


def state_pull(ws: Workspace) -> bytes:
    """The stored state as it is; raises `StateError` when there is none."""
    body = ws.backend.read()
    if body is None:
        raise StateError(f"there is no state in {ws.backend.url}", hint="`apply` makes one")
    return body


def state_push(ws: Workspace, body: bytes) -> None:
    """Replace the state by another of the same lineage; raises `StateError` for any other."""
    given = state_from_bytes(body, "the state given")
    with ws.lock("state push"):
        stored = open_books(ws).stored
        if stored and given.lineage != stored.lineage:
            raise StateError("the state given is of another lineage", hint="use an empty place for it (`--state`)")
        if stored and given.serial < stored.serial:
            raise StateError(
                f"the state given is older (serial {given.serial}) than the stored one ({stored.serial})",
                hint="`state restore` brings back a kept version",
            )
        _write(ws, given)


def _writable(ws: Workspace) -> State:
    """The state with open intents settled, so that changing a record loses nothing."""
    books = open_books(ws)
    if books.open:
        reader = Reader(ws.provider, ws.shapes, ws.listener, parallelism=ws.parallelism)
        books = begin(ws, settle_open(ws, books, reader))
    return books.state


def _write(ws: Workspace, state: State) -> None:
    books = open_books(ws)
    finish(ws, books, state, books.open)


def _addresses(state: State) -> list[str]:
    return [record.address for record in state.records.values()]


def _parsed(address: str) -> Address:
    try:
        return Address.parse(address)
    except ValueError as error:
        raise UsageError(str(error)) from error
