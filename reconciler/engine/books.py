"""Opens and closes the books: the state as stored, with the journal of an interrupted run folded in and settled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.core.address import key_of
from reconciler.core.digest import Digester
from reconciler.core.errors import StateError
from reconciler.core.events import Settled
from reconciler.core.journal import Done, Intent, fold, intent_line, replay, run_line
from reconciler.core.live import Item
from reconciler.core.plan import Step, StepAction
from reconciler.core.settle import candidate, settle
from reconciler.core.state import Record, State
from reconciler.core.stateformat import state_from_bytes, state_to_bytes
from reconciler.engine.refresh import Reader
from reconciler.engine.workspace import Workspace


@dataclass(slots=True)
class Books:
    """A state in use. `stored` is what the backend holds, `state` what is true after folding and settling.

    `open` are intents whose fate is not known yet; they stay in the journal.
    """

    stored: State | None
    state: State
    open: tuple[Intent, ...] = ()
    settled: tuple[tuple[str, str], ...] = ()


def open_books(ws: Workspace) -> Books:
    """Read state and journal; raises `StateError` for one that cannot be trusted or belongs to another GitLab."""
    body = ws.backend.read()
    if body is None:
        return Books(None, State(lineage=ws.new_id(), salt=ws.new_id().replace("-", ""), gitlab_url=ws.gitlab_url))
    stored = state_from_bytes(body, ws.backend.url)
    if stored.gitlab_url and stored.gitlab_url != ws.gitlab_url:
        raise StateError(
            f"the state in {ws.backend.url} belongs to {stored.gitlab_url}, this run is about {ws.gitlab_url}",
            hint="use another state (`--state`), or the GitLab it belongs to",
        )
    try:
        state, intents = replay(ws.backend.journal.read(), stored)
    except ValueError as error:
        hint = "look at it before anything else; without it, interrupted steps are found by name only"
        raise StateError(f"the journal beside {ws.backend.url} is damaged: {error}", hint=hint) from error
    return Books(stored, state, intents)


def read_state(ws: Workspace) -> State:
    """The state as it is true now: stored, with what an interrupted run noted."""
    return open_books(ws).state


def settled_books(ws: Workspace) -> Books:
    """The books with what an interrupted run left open settled and written. To be called under the lock."""
    books = open_books(ws)
    if not books.open:
        return books
    return begin(ws, settle_open(ws, books, Reader(ws.provider, ws.shapes, ws.listener, parallelism=ws.parallelism)))


def digester(ws: Workspace, state: State, *, writing: bool) -> Digester:
    """The digester of a state; raises `StateError` where the state key is missing for a write, or is another one."""
    made = Digester(state.salt, ws.state_key)
    if ws.state_key and state.key_check and made.check != state.key_check:
        raise StateError(
            "RECONCILER_STATE_KEY is not the key that this state was written with",
            hint="set the right key; a lost one can be left out after `state forget` of what holds secrets",
        )
    keyed = any(digest.startswith("k1:") for record in state.records.values() for digest in record.digests.values())
    if writing and keyed and not ws.state_key:
        raise StateError("this state was written with RECONCILER_STATE_KEY, which is not set", hint="set it")
    return made


def settle_open(ws: Workspace, books: Books, reader: Reader) -> Books:
    """Settle every open intent that GitLab lets us see, by looking. Nothing is written yet."""
    if not books.open:
        return books
    ws.catalogue({intent.step.kind for intent in books.open})
    reader.prefetch((intent.step.primitive, intent.step.scope) for intent in books.open)
    records = dict(books.state.records)
    still_open, settled = [], list(books.settled)
    for intent in books.open:
        step = intent.step
        listing = reader.listing(step.primitive, step.scope)
        if listing.unknown:
            still_open.append(intent)
            continue
        item = candidate(step, listing.items)
        found = settle(step, reader.read(item, step.scope) if item else None, ws.shapes[step.shape])
        outcome = "not carried out"
        if found.arrived:
            outcome = "carried out"
            record = intent.record
            if record and found.item:
                record = replace(
                    record,
                    id=found.item.id,
                    scope_id=found.item.scope_id or record.scope_id,
                    updated_at=found.item.updated_at,
                )
            gone = (step.previous or step.address,) if record is None or step.previous else ()
            fold(records, Done(intent.number, record, gone))
        elif step.action is StepAction.DELETE and step.inherited and found.item and not found.item.inherited:
            fold(records, Done(intent.number, records.get(key_of(step.address)) or _made_own(step, found.item)))
        settled.append((step.address, outcome))
        ws.listener.on_event(Settled(step.address, step.action, outcome))
    return replace(books, state=replace(books.state, records=records), open=tuple(still_open), settled=tuple(settled))


def _made_own(step: Step, item: Item) -> Record:
    """The record of an inheritor that was made its own in order to be deleted, and was not: it is ours to delete."""
    return Record(
        step.address,
        step.primitive,
        step.kind,
        step.shape,
        step.scope,
        id=item.id,
        scope_id=item.scope_id or step.scope_id,
        origin=step.origin,
        source=step.file,
        identity=step.identity,
    )


def begin(ws: Workspace, books: Books) -> Books:
    """Make the start of a run durable: a state to begin from, and a journal that refers to it."""
    changed = books.stored is None or books.stored.records != books.state.records
    if changed:
        books = store(ws, books, books.state)
    open_again = [replace(intent, number=-n) for n, intent in enumerate(books.open, 1)]
    ws.backend.journal.restart([run_line(books.state), *map(intent_line, open_again)])
    return replace(books, open=tuple(open_again))


def store(ws: Workspace, books: Books, state: State) -> Books:
    """Write the successor of the stored state."""
    serial = (books.stored.serial if books.stored else 0) + 1
    check = Digester(state.salt, ws.state_key).check if ws.state_key and not state.key_check else state.key_check
    state = replace(state, serial=serial, gitlab_url=ws.gitlab_url, key_check=check)
    ws.backend.write(state_to_bytes(state), serial=serial)
    return replace(books, stored=state, state=state)


def finish(ws: Workspace, books: Books, state: State, open: Iterable[Intent]) -> Books:
    """Write the state of an ended run and take its journal away; intents that are still open stay in it."""
    left = tuple(open)
    if books.stored is None or _content(state) != _content(books.stored):
        books = store(ws, books, state)
    ws.backend.journal.restart([run_line(books.state), *map(intent_line, left)] if left else ())
    return replace(books, open=left)


def left_open(ws: Workspace, state: State) -> tuple[Intent, ...]:
    """The intents that the running journal leaves open."""
    return replay(ws.backend.journal.read(), state)[1]


def _content(state: State) -> tuple[object, ...]:
    return (dict(state.records), state.roots, state.gitlab_url, state.key_check)
