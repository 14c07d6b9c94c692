"""Applies a plan: checks that it may be, that it is still true, carries it out and closes the books."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from reconciler.core.address import key_of
from reconciler.core.digest import UNVERIFIED, Digester
from reconciler.core.errors import SecretUnavailable
from reconciler.core.journal import Done, fold
from reconciler.core.normal import is_secret_map
from reconciler.core.plan import Plan, Reason, Step, StepAction
from reconciler.core.policy import refuse_unsafe
from reconciler.core.report import Report
from reconciler.core.resolve import Resolver
from reconciler.core.resource import Primitive
from reconciler.core.state import Record
from reconciler.core.steps import recorded_of
from reconciler.core.value import Plain, Secret, Value
from reconciler.engine.apply import Deliver, Executor, NeverStop, Prepared, Stop
from reconciler.engine.books import Books, begin, digester, finish, left_open, open_books, settle_open
from reconciler.engine.declared import resolver_of
from reconciler.engine.deliver import Delivery
from reconciler.engine.refresh import Reader
from reconciler.engine.stale import Ground, refuse_stale
from reconciler.engine.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How a plan is applied. `saved`: it comes from a file, so what it touches is read again first.

    `deliver` takes generated credentials in place of the workspace's own delivery.
    """

    saved: bool = False
    allow_deletes: int | None = None
    stop: Stop = field(default_factory=NeverStop)
    deliver: Deliver | None = None


def apply_plan(ws: Workspace, plan: Plan, options: ApplyOptions) -> Report:
    """Carry out a plan under the state's lock; raises `UnsafePlan`, `StateError` before anything is written."""
    refuse_unsafe(plan, ws.settings.policy, options.allow_deletes)
    begun, sent = ws.clock.now(), ws.requests_sent()
    with ws.lock("apply"):
        books = open_books(ws)
        reader = Reader(ws.provider, ws.shapes, ws.listener, parallelism=ws.parallelism)
        books = settle_open(ws, books, reader)
        ws.catalogue({step.kind for step in (*plan.steps, *plan.bookkeeping)})
        digests = digester(ws, books.state, writing=True)
        preparer = Preparer(ws, digests, dict(books.state.records), taken=options.deliver is not None)
        refuse_stale(Ground(ws, books, reader, digests, preparer.find), plan, look=options.saved)
        return _carry_out(ws, plan, options, books, preparer, begun, sent)


def _carry_out(
    ws: Workspace,
    plan: Plan,
    options: ApplyOptions,
    books: Books,
    preparer: Preparer,
    begun: float,
    sent: int,
) -> Report:
    records = preparer.records
    for step in plan.bookkeeping:
        fold(records, Done(0, preparer.record(step)))
    executor = Executor(
        ws.provider,
        ws.estate,
        ws.shapes,
        ws.backend.journal,
        ws.listener,
        ws.clock,
        options.stop,
        options.deliver or Delivery(ws.provider, ws.root),
        preparer.prepare,
        records,
        ws.parallelism,
    )
    if plan.steps:
        books = begin(ws, books)
        executor.run(plan.steps)
    roots = books.state.roots if plan.partial else plan.roots
    state = replace(books.state, records=records, roots=roots)
    open_after = left_open(ws, books.state) if plan.steps else books.open
    books = finish(ws, books, state, open_after)
    return Report(
        tuple(executor.outcomes),
        plan.blocked,
        books.settled,
        books.state.serial,
        ws.clock.now() - begun,
        ws.requests_sent() - sent,
        options.stop.exit_code if options.stop.is_set() else None,
        executor.outputs,
    )


@dataclass(slots=True)
class Preparer:
    """Gives each step its secrets, and says what shall be recorded of it, in view of the `records` as they are now.

    `taken`: somebody waits for generated credentials, wherever the entry says that they go.
    """

    ws: Workspace
    digests: Digester
    records: dict[str, Record]
    taken: bool = False
    _resolver: Resolver | None = None

    def prepare(self, step: Step) -> Prepared:
        """A step ready to be sent; raises `SecretUnavailable` where a secret that it writes is not set."""
        if step.action in (StepAction.DELETE, StepAction.FORGET):
            return Prepared(step, step.fields, self._kept(step))
        values: dict[str, Value] = {**step.defaults, **step.fields}
        for change in step.changes:
            if change.reset:
                values[change.field] = change.desired
        shape = self.ws.shapes[step.shape]
        for spec in shape.fields:
            if is_secret_map(spec) and spec.name in values:
                values[spec.name] = {}
        for name, use in step.secrets.items():
            if use.write:
                secret = self._secret(step, name, use.reference)
                owner, _, key = name.partition(".")
                if key:
                    values.setdefault(owner, {})[key] = secret
                else:
                    values[owner] = secret
        return Prepared(step, values, self.record(step))

    def _kept(self, step: Step) -> Record | None:
        """What stays recorded of something that is taken away: only what was revoked, so that it stays away."""
        before = recorded_of(step, self.records)
        return replace(before, condition="revoked") if before and Reason.REVOKED in step.reasons else None

    def record(self, step: Step) -> Record:
        """What shall be recorded once a step is done."""
        before = recorded_of(step, self.records)
        local: dict[str, Plain] = dict(step.local)
        if before:
            local |= {name: value for name, value in before.local.items() if name.startswith("_")}
        generates = step.primitive is Primitive.APPLICATION and (step.action in _MAKING or "client_secret" in step.send)
        owes = generates and (self.taken or bool(step.deliver))
        return Record(
            step.address,
            step.primitive,
            step.kind,
            step.shape,
            step.scope,
            id=step.id,
            scope_id=step.scope_id,
            origin=step.origin,
            source=step.file,
            identity=step.identity,
            fields=step.fields,
            digests=self._digests(step, before),
            local=local,
            deliver=step.deliver,
            updated_at=step.updated_at,
            lifecycle=step.lifecycle,
            alias=step.alias or (before.alias if before else ""),
            condition="undelivered" if owes else before.condition if before and not _MAKING & {step.action} else "",
        )

    def _digests(self, step: Step, before: Record | None) -> dict[str, str]:
        found = {}
        for name, use in step.secrets.items():
            known = before.digests.get(name, UNVERIFIED) if before else UNVERIFIED
            if use.write or known == UNVERIFIED:
                secret = self.find(step, name, use.reference)
                known = self.digests.of(secret.reveal()) if secret.known else known
            found[name] = known
        return found

    def _secret(self, step: Step, name: str, reference: str) -> Secret:
        secret = self.find(step, name, reference)
        if not secret.known:
            raise SecretUnavailable(
                f"`{name}` of {step.address} is not set: {reference or 'its value is not kept'}",
                hint="set what the reference names and run again",
            )
        return secret

    def find(self, step: Step, name: str, reference: str) -> Secret:
        """The secret of a step's field, from this process's memory or by its reference."""
        known = self.ws.known.get((key_of(step.address), name))
        if known is not None and known.known:
            return known
        if not reference:
            return Secret(None)
        if self._resolver is None:
            self._resolver = resolver_of(self.ws, self.ws.catalogue({step.kind}), require_secrets=False)
        return self._resolver.secret(reference, scope=step.scope, address=step.address)


_MAKING = frozenset({StepAction.CREATE, StepAction.REPLACE})
