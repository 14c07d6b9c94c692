"""Actions that people ask for: found by address and name, given typed parameters, run through the one HTTP port.

What an action remembers is durable before it goes on: it goes to the state's journal under the state's lock, which is
held from the first such fact to the action's end.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from reconciler.core.errors import ReconcilerError, SecretUnavailable, UsageError
from reconciler.core.journal import facts_line
from reconciler.core.journal import remember as fold_facts
from reconciler.core.parameters import typed
from reconciler.core.resource import Action
from reconciler.core.source import closest
from reconciler.core.state import Record
from reconciler.core.value import Plain
from reconciler.engine.books import Books, begin, finish, open_books
from reconciler.engine.subjects import Known, open_subjects
from reconciler.engine.workspace import Workspace


def actions_of(ws: Workspace, address: str) -> Mapping[str, Action]:
    """What may be asked of an entry, by name."""
    return open_subjects(ws).of(address).kind.actions


def act(ws: Workspace, address: str, action: str, parameters: Mapping[str, object]) -> Mapping[str, Plain]:
    """Do what is asked and give its result, which holds no secret.

    Raises `UsageError` for an action or parameters that do not fit, `SecretUnavailable` for a secret that is needed and
    not at hand, and what the action's conversation raises (`RemoteError`, `UnclearWrite`).
    """
    return act_on(ws, open_subjects(ws).of(address), action, parameters)


def act_on(ws: Workspace, known: Known, action: str, parameters: Mapping[str, object]) -> Mapping[str, Plain]:
    """As `act`, for an entry that has been found already."""
    address, actions = known.subject.address, known.kind.actions
    found = actions.get(action)
    if found is None:
        names = ", ".join(f"`{name}`" for name in sorted(actions))
        hint = closest(action, actions) or (f"there are {names}" if names else "there are no actions of this kind")
        raise UsageError(f"`{known.kind.name}` has no action `{action[:80]}`", hint=hint)
    given = typed(found, parameters)
    if known.obstacle:
        raise ReconcilerError(f"{address}: {known.obstacle}")
    ws.route((known.subject,))
    with Memory(ws, known.home) as memory:
        try:
            return ws.http.run(found.run(known.subject, given), memory.keep)
        except SecretUnavailable as error:
            raise SecretUnavailable(f"{address}: {error.message}", hint=error.hint) from error


@dataclass(slots=True)
class Memory:
    """Keeps the facts of one action with a record. Opens the books at the first fact, closes them at the end."""

    ws: Workspace
    home: Record | None
    _books: Books | None = None
    _records: dict[str, Record] = field(default_factory=dict)
    _held: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        with self._held:
            if self._books is not None:
                finish(self.ws, self._books, replace(self._books.state, records=self._records), self._books.open)

    def keep(self, facts: Mapping[str, Plain]) -> None:
        """Make facts durable; raises `ReconcilerError` where there is no record to keep them with."""
        if self.home is None:
            raise ReconcilerError(
                "what this has done cannot be kept, because nothing is recorded of the entry",
                hint="`apply` the entry first",
            )
        if self._books is None:
            self._held.enter_context(self.ws.lock("run"))
            self._books = begin(self.ws, open_books(self.ws))
            self._records = dict(self._books.state.records)
        self.ws.backend.journal.append([facts_line(self.home.address, facts)])
        fold_facts(self._records, self.home.address, facts)
