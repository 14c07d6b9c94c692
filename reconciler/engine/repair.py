"""Repairs the state by hand: records moved and forgotten, locks broken, versions brought back. GitLab is never written.

Whatever changes a record settles open intents first, so that nothing is lost which an interrupted run has done.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.address import Address, Scope, given_address, key_of
from reconciler.core.errors import StateError
from reconciler.core.ports import Version
from reconciler.core.source import closest
from reconciler.core.state import Record, State
from reconciler.core.stateformat import state_from_bytes
from reconciler.engine.books import finish, open_books, settled_books
from reconciler.engine.workspace import Workspace


def move(ws: Workspace, source: str, target: str) -> None:
    """Give a record another address, an entry's parts along with it; raises `StateError` where there is none, or one
    in the way."""
    given, wanted = given_address(source), given_address(target)
    if (given.section, bool(given.part)) != (wanted.section, bool(wanted.part)):
        hint = "an entry stays in its section, and a part stays a part"
        raise StateError(f"`{source}` cannot become `{target}`", hint=hint)
    with ws.lock("state mv"):
        state = settled_books(ws).state
        for record in _recorded(state, source):
            address = str(replace(wanted, part=wanted.part or Address.parse(record.address).part))
            if state.find(address):
                raise StateError(f"`{address}` is recorded already", hint="forget it first, or choose another address")
            scope = record.scope if wanted.scope.lower() == record.scope.key else Scope(record.scope.type, wanted.scope)
            state = state.without(record.address).with_record(replace(record, address=address, scope=scope))
        _write(ws, state)


def forget(ws: Workspace, address: str) -> None:
    """Drop a record, an entry's parts along with it, without touching what it stands for."""
    given_address(address)
    with ws.lock("state forget"):
        state = settled_books(ws).state
        for record in _recorded(state, address):
            state = state.without(record.address)
        _write(ws, state)


def unlock(ws: Workspace, lock_id: str) -> None:
    """Break a lock that its holder left behind."""
    ws.backend.unlock(lock_id)


def history(ws: Workspace) -> list[Version]:
    """Kept versions of the state, newest first."""
    return ws.backend.versions()


def restore(ws: Workspace, serial: int) -> None:
    """Make a kept version the newest; what GitLab has is not touched, the next plan shows the difference."""
    with ws.lock("state restore"):
        _write(ws, state_from_bytes(ws.backend.version(serial), f"version {serial} of {ws.backend.url}"))


def pull(ws: Workspace) -> bytes:
    """The stored state as it is; raises `StateError` when there is none."""
    body = ws.backend.read()
    if body is None:
        raise StateError(f"there is no state in {ws.backend.url}", hint="`apply` makes one")
    return body


def push(ws: Workspace, body: bytes) -> None:
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


# ---------------------------------------------------------------------------------------------------------------------


def _recorded(state: State, address: str) -> list[Record]:
    """The records of an address; that of an entry means its parts as well."""
    key = key_of(address)
    found = [record for own, record in state.records.items() if own == key or own.startswith(f"{key}/")]
    if not found:
        known = [one.address for one in state.records.values()]
        raise StateError(f"nothing is recorded as `{address}`", hint=closest(address, known))
    return found


def _write(ws: Workspace, state: State) -> None:
    books = open_books(ws)
    finish(ws, books, state, books.open)
