"""Carries out a plan: intent, call, outcome, step by step, side by side where nothing stands in between.

Decides nothing about data. Every intent is durable before its first request and every outcome before the next intents
(one fsync for all that are ready together), so that a kill at any moment leaves nothing that a look cannot settle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Protocol

from reconciler.core.address import key_of
from reconciler.core.errors import ExitCode, ReconcilerError, RemoteError, StateError, UnclearWrite
from reconciler.core.events import ApplyStarted, StepDone, StepFailed, StepSkipped, StepStarted
from reconciler.core.journal import Done, Intent, done_line, fold, intent_line
from reconciler.core.live import Item, Written
from reconciler.core.plan import Step, StepAction
from reconciler.core.ports import Clock, Estate, Journal, Listener, Provider, ScopeFacts
from reconciler.core.report import Outcome, StepStatus
from reconciler.core.resource import NOTHING, Shape
from reconciler.core.settle import candidate, settle
from reconciler.core.state import Record
from reconciler.core.value import Plain, Secret, Value

_LOOKS = 3
"""How often a write whose fate stays unclear is tried again, each time after a look."""

_SILENT = frozenset({StepAction.FORGET, StepAction.MOVE, StepAction.RECORD})
"""Actions that change the record only."""


class Stop(Protocol):
    """Tells whether somebody asked the run to stop, and what the process then ends with."""

    @property
    def exit_code(self) -> ExitCode: ...

    def is_set(self) -> bool: ...


class NeverStop:
    """Nobody asks."""

    exit_code = ExitCode.INTERRUPTED

    def is_set(self) -> bool:
        """Never."""
        return False


class Deliver(Protocol):
    """Puts generated credentials where an entry says; raises `ReconcilerError` when it cannot."""

    def __call__(self, step: Step, generated: Mapping[str, Secret]) -> None: ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """A step with its secrets at hand and the record that it will leave (None for a removal)."""

    step: Step
    fields: Mapping[str, Value]
    record: Record | None


@dataclass(slots=True)
class Executor:
    """Runs steps against the ports. `prepare` resolves a step's secrets and makes its record-to-be.

    `records` (keyed by `key_of`) is brought up to date as steps are done; `outcomes` says what became of each.
    """

    provider: Provider
    estate: Estate
    shapes: Mapping[str, Shape]
    journal: Journal
    listener: Listener
    clock: Clock
    stop: Stop
    deliver: Deliver
    prepare: Callable[[Step], Prepared]
    records: dict[str, Record]
    parallelism: int
    outcomes: list[Outcome] = field(default_factory=list)
    outputs: dict[str, Plain] = field(default_factory=dict)
    _number: int = 0

    def run(self, steps: tuple[Step, ...]) -> None:
        """Carry out steps, each after what it needs."""
        self.listener.on_event(ApplyStarted(len(steps)))
        waiting = {key_of(step.address): step for step in steps}
        undone = dict.fromkeys(waiting, "")
        flying: dict[Future[Done], tuple[Intent, float]] = {}
        lines: list[str] = []
        with ThreadPoolExecutor(self.parallelism) as pool:
            while waiting or flying:
                if self.stop.is_set():
                    self._skip_all(waiting, undone, "the run was interrupted")
                ready = self._take_ready(waiting, undone, room=2 * self.parallelism - len(flying))
                lines += [intent_line(intent) for intent, _ in ready]
                if lines:
                    self.journal.append(lines)
                    lines = []
                for intent, prepared in ready:
                    self.listener.on_event(StepStarted(intent.step.address, intent.step.action))
                    flying[pool.submit(self._carry_out, intent, prepared)] = (intent, self.clock.now())
                if flying:
                    lines += self._collect(flying, undone)
        if lines:
            self.journal.append(lines)

    def _take_ready(
        self, waiting: dict[str, Step], undone: dict[str, str], *, room: int
    ) -> list[tuple[Intent, Prepared]]:
        """Steps whose needs are met, taken out of `waiting`; one that needs a failed step is skipped.

        `undone` maps every step that is not done to why it never will be ("" while it still may).
        """
        found: list[tuple[Intent, Prepared]] = []
        for key, step in list(waiting.items()):
            open_needs = [n for n in map(key_of, step.needs) if n in undone]
            if hopeless := next((n for n in open_needs if undone[n]), None):
                self._skip(waiting.pop(key), undone, f"it needs {hopeless}, which was not done")
            elif not open_needs and len(found) < room:
                waiting.pop(key)
                try:
                    prepared = self.prepare(step)
                except ReconcilerError as error:
                    self._fail(step, undone, error, 0.0)
                    continue
                self._number += 1
                found.append((Intent(self._number, step, prepared.record), prepared))
        return found

    def _collect(self, flying: dict[Future[Done], tuple[Intent, float]], undone: dict[str, str]) -> list[str]:
        """Wait for at least one step in flight; fold in what is done and give the journal's lines for it."""
        finished, _ = wait(flying, return_when=FIRST_COMPLETED)
        lines = []
        for future in finished:
            intent, since = flying.pop(future)
            step, seconds = intent.step, self.clock.now() - since
            error = future.exception()
            if error is None:
                done = future.result()
                fold(self.records, done)
                lines.append(done_line(done))
                undone.pop(key_of(step.address))
                self.outcomes.append(Outcome(step.address, step.action, StepStatus.DONE, seconds=seconds))
                self.listener.on_event(StepDone(step.address, step.action, seconds))
            elif isinstance(error, ReconcilerError) and not isinstance(error, StateError):
                if not isinstance(error, UnclearWrite):
                    lines.append(done_line(Done(intent.number, None)))
                self._fail(step, undone, error, seconds)
            else:  # a StateError: the outcome could not be made durable, so its intent stays open
                raise error
        return lines

    def _carry_out(self, intent: Intent, prepared: Prepared) -> Done:
        """One step, in a thread of its own; an unclear write is settled by looking before it is tried again."""
        step, record = prepared.step, prepared.record
        gone = (step.previous,) if step.previous else ()
        if step.action in _SILENT:
            return Done(intent.number, record, gone or (() if record else (step.address,)))
        written = self._write(step, prepared)
        if record is None:
            return Done(intent.number, None, gone or (step.address,))
        record = replace(
            record,
            id=written.id if written.id is not None else record.id,
            scope_id=written.scope_id or record.scope_id or self._scope_id(step),
            updated_at=written.updated_at or record.updated_at,
        )
        if written.generated or record.condition == "undelivered":
            self._hand_over(intent, step, record, written)
            record = replace(record, condition="")
        return Done(intent.number, record, gone)

    def _write(self, step: Step, prepared: Prepared) -> Written:
        if not step.writes:
            return Written(step.id, step.updated_at)
        for attempt in range(_LOOKS):
            try:
                return self.provider.write(step, prepared.fields)
            except UnclearWrite as error:
                arrived, item = self._look(step, error)
                if arrived:
                    return Written(item.id, item.updated_at, item.fields) if item else Written(None)
                if attempt + 1 == _LOOKS:
                    raise
        raise AssertionError("unreachable")

    def _look(self, step: Step, cause: UnclearWrite) -> tuple[bool, Item | None]:
        """Whether an unclear write arrived; raises the cause when GitLab cannot be seen."""
        listing = self.provider.list(step.primitive, step.scope)
        if listing.unknown:
            raise cause
        item = candidate(step, listing.items)
        if item and item.partial:
            try:
                item = self.provider.read(item, step.scope)
            except RemoteError as error:
                raise cause from error
        found = settle(step, item, self.shapes[step.shape])
        return found.arrived, found.item

    def _hand_over(self, intent: Intent, step: Step, record: Record, written: Written) -> None:
        """Deliver generated credentials, new ones where the answer with them was lost; until that is done the record
        says that they are owed."""
        owed = replace(record, condition="undelivered")
        try:
            # A thread of its own writes here: journals take lines from several at once.
            self.journal.append([done_line(Done(intent.number, owed)), intent_line(replace(intent, record=owed))])
        except ReconcilerError as error:
            raise StateError(error.message, hint=error.hint) from error
        fold(self.records, Done(intent.number, owed))
        if not written.generated:
            renewal = replace(step, action=StepAction.UPDATE, id=record.id, send=("client_secret",), secrets=NOTHING)
            written = self._write(renewal, Prepared(renewal, step.fields, owed))
        self.deliver(step, written.generated)
        client = written.fields.get("client_id")
        if client is not None:
            self.outputs[step.address] = client

    def _scope_id(self, step: Step) -> int | None:
        facts = self.estate.scope(step.scope)
        return facts.id if isinstance(facts, ScopeFacts) else None

    def _skip_all(self, waiting: dict[str, Step], undone: dict[str, str], because: str) -> None:
        for step in list(waiting.values()):
            self._skip(step, undone, because)
        waiting.clear()

    def _skip(self, step: Step, undone: dict[str, str], because: str) -> None:
        undone[key_of(step.address)] = because
        self.outcomes.append(Outcome(step.address, step.action, StepStatus.SKIPPED, because))
        self.listener.on_event(StepSkipped(step.address, step.action, because))

    def _fail(self, step: Step, undone: dict[str, str], error: ReconcilerError, seconds: float) -> None:
        undone[key_of(step.address)] = error.message
        self.outcomes.append(Outcome(step.address, step.action, StepStatus.FAILED, error.message, error.hint, seconds))
        self.listener.on_event(StepFailed(step.address, step.action, error.message, error.hint))
