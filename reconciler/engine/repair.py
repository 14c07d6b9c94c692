"""Repairs the state by hand: records moved and forgotten, locks broken, versions brought back. GitLab is never written.

Whatever changes a record settles open intents first, so that nothing is lost which an interrupted run has done.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.address import Scope, given_address
from reconciler.core.errors import StateError
from reconciler.core.ports import Version
from reconciler.core.source import closest
from reconciler.core.state import Record, State
from reconciler.core.stateformat import state_from_bytes
from reconciler.engine.books import finish, open_books, settled_books
from reconciler.engine.workspace import Workspace


def move(ws: Workspace, source: str, target: str) -> None:
    """Give a record another address; raises `StateError` where there is none, or one in the way."""
    given_address(source)
    wanted = given_address(target)
    with ws.lock("state mv"):
        state = settled_books(ws).state
        record = _recorded(state, source)
        if state.find(target):
            raise StateError(f"`{target}` is recorded already", hint="forget it first, or choose another address")
        scope = record.scope if wanted.scope.lower() == record.scope.key else Scope(record.scope.type, wanted.scope)
        moved = state.without(source).with_record(replace(record, address=target, scope=scope))
        _write(ws, moved)


def forget(ws: Workspace, address: str) -> None:
    """Drop a record without touching what it stands for."""
    with ws.lock("state forget"):
        state = settled_books(ws).state
        _recorded(state, address)
        _write(ws, state.without(address))


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


def _recorded(state: State, address: str) -> Record:
    record = state.find(address)
    if record is None:
        known = [one.address for one in state.records.values()]
        raise StateError(f"nothing is recorded as `{address}`", hint=closest(address, known))
    return record


def _write(ws: Workspace, state: State) -> None:
    books = open_books(ws)
    finish(ws, books, state, books.open)
