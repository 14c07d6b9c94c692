"""OAuth applications beyond declaring them: a new secret, revoked, allowed again.

Each is a plan of one step, carried out like any other: intents are durable, what is interrupted is settled by the next
run. Until a new secret is delivered the record says `undelivered`, so that the next apply renews and delivers again.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.address import key_of
from reconciler.core.errors import ReconcilerError, UnsafePlan, UsageError
from reconciler.core.plan import Plan, Reason, Step, StepAction
from reconciler.core.report import Report
from reconciler.core.resource import NOTHING, Primitive
from reconciler.core.source import closest
from reconciler.core.state import Record
from reconciler.core.value import Plain
from reconciler.engine.apply import Deliver
from reconciler.engine.applying import ApplyOptions, apply_plan
from reconciler.engine.books import Books, finish, open_books, settled_books
from reconciler.engine.subjects import open_subjects
from reconciler.engine.workspace import Workspace


def oauth_rotate(ws: Workspace, address: str, deliver: Deliver | None = None) -> Report:
    """Give an application a new secret and deliver it where its `credentials` say; the old one is void at once.

    `deliver` takes the credentials in place of that. Raises `ReconcilerError` where there is nowhere to deliver to.
    """
    with ws.lock("oauth rotate"):
        books = settled_books(ws)
        record = _application(books, address)
        if record.condition == "revoked":
            raise ReconcilerError(f"{record.address} is revoked", hint="`oauth restore` and `apply` make it again")
        place = _place(ws, record)
        if not place and deliver is None:
            raise ReconcilerError(
                f"{record.address} does not say where its credentials go, and a new secret is shown only once",
                hint="state `credentials` in the entry and apply",
            )
        _write(ws, books, replace(record, condition="undelivered"))
        step = replace(
            _step(record, StepAction.UPDATE, Reason.ROTATED),
            deliver=place,
            send=("client_secret",),
        )
        return apply_plan(ws, _plan(ws, step), ApplyOptions(deliver=deliver))


def oauth_revoke(ws: Workspace, address: str) -> Report:
    """Delete an application, with every token that was given through it; the record stays, so that no apply makes it
    again until its entry goes or `oauth_restore` is asked for.
    """
    with ws.lock("oauth revoke"):
        books = settled_books(ws)
        record = _application(books, address)
        if record.condition == "revoked":
            return Report(serial=books.state.serial)
        if record.lifecycle.prevent_destroy:
            raise UnsafePlan(
                f"{record.address} is protected: its `lifecycle` says `prevent_destroy`",
                hint="set `prevent_destroy: false` and apply before revoking it",
            )
        step = _step(record, StepAction.DELETE, Reason.REVOKED)
        return apply_plan(ws, _plan(ws, step), ApplyOptions(allow_deletes=1))


def oauth_restore(ws: Workspace, address: str) -> None:
    """Let a revoked application be made again by the next apply, with a new client id and secret."""
    with ws.lock("oauth restore"):
        books = settled_books(ws)
        record = _application(books, address)
        if record.condition != "revoked":
            raise ReconcilerError(f"{record.address} is not revoked")
        _write(ws, books, replace(record, id=None, condition=""))


# ---------------------------------------------------------------------------------------------------------------------


def _application(books: Books, address: str) -> Record:
    record = books.state.find(address)
    if record is None:
        known = [r.address for r in books.state.records.values() if r.primitive is Primitive.APPLICATION]
        raise UsageError(f"no application is recorded as `{address}`", hint=closest(address, known))
    if record.primitive is not Primitive.APPLICATION:
        raise UsageError(f"`{record.address}` is no OAuth application")
    return record


def _place(ws: Workspace, record: Record) -> dict[str, Plain]:
    """Where the credentials go: what is declared, else what was when it was applied."""
    entry = open_subjects(ws).entries.get(key_of(record.address))
    return dict(entry.deliver if entry else record.deliver)


def _step(record: Record, action: StepAction, reason: Reason) -> Step:
    return Step(
        record.address,
        action,
        (reason,),
        record.primitive,
        record.kind,
        record.shape,
        record.scope,
        scope_id=record.scope_id,
        id=record.id,
        identity=record.identity,
        fields=record.fields,
        local={name: value for name, value in record.local.items() if not name.startswith("_")} or NOTHING,
        alias=record.alias,
        lifecycle=record.lifecycle,
        origin=record.origin,
        source=record.source,
    )


def _plan(ws: Workspace, step: Step) -> Plan:
    """A plan of one step, made from the state as it is stored now."""
    state = open_books(ws).state
    return Plan(
        (step,),
        lineage=state.lineage,
        serial=state.serial,
        gitlab_url=ws.gitlab_url,
        environment=ws.environment,
        roots=state.roots,
        partial=True,
        records=len(state.records),
    )


def _write(ws: Workspace, books: Books, record: Record) -> None:
    finish(ws, books, books.state.with_record(record), books.open)
