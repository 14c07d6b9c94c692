"""Tells whether the ground of a plan has moved: its state, the objects that it touches, or a secret that it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.core.address import key_of
from reconciler.core.digest import Digester
from reconciler.core.errors import ReconcilerError, UnsafePlan
from reconciler.core.fingerprint import fingerprint, parts
from reconciler.core.live import ABSENT, Live, Presence
from reconciler.core.normal import normal
from reconciler.core.pair import Case
from reconciler.core.plan import Plan, Step, StepAction
from reconciler.core.resource import Resource, Shape
from reconciler.core.steps import recorded_of
from reconciler.core.value import Plain, Secret
from reconciler.engine.books import Books
from reconciler.engine.refresh import Reader
from reconciler.engine.workspace import Workspace

_HINT = "make a new plan"
_WIDEST = 60


@dataclass(frozen=True, slots=True)
class Ground:
    """What a plan is held against. `find` gives a step's secret by name and reference."""

    ws: Workspace
    books: Books
    reader: Reader
    digests: Digester
    find: Callable[[Step, str, str], Secret]


def refuse_stale(ground: Ground, plan: Plan, *, look: bool) -> None:
    """Raise `UnsafePlan` where the ground has moved, with what moved. `look`: what is touched is read again."""
    ws, books = ground.ws, ground.books
    if plan.gitlab_url != ws.gitlab_url:
        raise UnsafePlan(f"the plan was made for {plan.gitlab_url}, this run is about {ws.gitlab_url}", hint=_HINT)
    if plan.environment != ws.environment:
        named = plan.environment or "no environment"
        raise UnsafePlan(f"the plan was made for {named}", hint="give the same `--env`, or make a new plan")
    if books.stored and plan.lineage and books.stored.lineage != plan.lineage:
        raise UnsafePlan("the plan was made from another state", hint=_HINT)
    if bool(books.stored) != bool(plan.lineage) or (books.stored and books.stored.serial < plan.serial):
        raise UnsafePlan("the state is not the one that the plan was made from", hint=_HINT)
    steps = [step for step in plan.steps if step.fingerprint or look]
    moved = list(_moved_records(steps, books))
    if look and not moved:
        moved = list(_moved_objects(steps, ground))
    if moved:
        raise UnsafePlan(f"the plan is stale, this has changed since: {'; '.join(moved)}", hint=_HINT)
    if look:
        for step in steps:
            _refuse_rotated(step, ground)


# ---------------------------------------------------------------------------------------------------------------------


def _moved_records(steps: Iterable[Step], books: Books) -> Iterable[str]:
    for step in steps:
        record = recorded_of(step, books.state.records)
        if parts(fingerprint(record, ABSENT))[0] != parts(step.fingerprint)[0]:
            yield f"{step.address} (its record)"


def _moved_objects(steps: Iterable[Step], ground: Ground) -> Iterable[str]:
    cases = [_case(step, ground.books) for step in steps]
    lives = ground.reader.lives(cases, ground.books.state)
    for step, case in zip(steps, cases, strict=True):
        live = lives[key_of(case.address)]
        moved = parts(fingerprint(case.record, live))[1] != parts(step.fingerprint)[1]
        if moved or (live.item and step.id is not None and live.item.id != step.id):
            yield f"{step.address} ({_what(step, live, ground.ws.shapes[step.shape])})"


def _case(step: Step, books: Books) -> Case:
    """The case of a step, as far as reading its live side needs it."""
    wanted = Resource(step.address, step.primitive, step.kind, step.shape, step.scope, step.fields, step.identity)
    gone = step.action in (StepAction.DELETE, StepAction.FORGET)
    return Case(step.address, None if gone else wanted, recorded_of(step, books.state.records), step.scope)


def _what(step: Step, live: Live, shape: Shape) -> str:
    """How a live object differs from what the plan saw, as far as the plan tells what that was."""
    if live.presence is Presence.UNKNOWN:
        return live.reason
    if live.item is None:
        return "it is gone"
    if step.id is None or live.item.id != step.id:
        return f"there is one with id {live.item.id} now"
    seen = {**step.fields, **{change.field: change.live for change in step.changes if not change.secret}}
    found = []
    for name, before in seen.items():
        spec = shape.field(name)
        if spec is not None and name in live.fields and normal(spec, live.fields[name]) != normal(spec, before):
            found.append(f"`{name}` was {_said(before)}, is {_said(live.fields[name])}")
    return ", ".join(found) or "it was written to"


def _said(value: Plain) -> str:
    if isinstance(value, tuple | list):
        text = f"[{', '.join(map(str, value))}]"
    else:
        text = "not set" if value is None else str(value).lower() if isinstance(value, bool) else f"`{value}`"
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}…"


def _refuse_rotated(step: Step, ground: Ground) -> None:
    """A secret that the plan keeps must still be the recorded one."""
    record = recorded_of(step, ground.books.state.records)
    for name, use in step.secrets.items():
        digest = record.digests.get(name) if record else None
        if use.write or not digest:
            continue
        try:
            secret = ground.find(step, name, use.reference)
        except ReconcilerError:
            continue
        if secret.known and ground.digests.compare(digest, secret.reveal()) is False:
            what = f"`{name}` of {step.address} has another value than when the plan was made"
            raise UnsafePlan(f"the plan is stale: {what}", hint=_HINT)
