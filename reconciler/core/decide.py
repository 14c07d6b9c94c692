"""Deciding: from what is declared, recorded and live to a plan. The presence table stands here as data.

| desired | recorded | live | action |
|---|---|---|---|
| yes | no | no | create |
| yes | no | yes | adopt, then update what differs |
| yes | yes | no | create again |
| yes | yes | yes | nothing, update or replace |
| no | yes | yes | delete |
| no | yes | no | forget |

Unknown is no side of the table: an object that cannot be seen blocks its address and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.address import Address, key_of
from reconciler.core.compare import compare
from reconciler.core.errors import Problem, Severity
from reconciler.core.graph import waves
from reconciler.core.live import Live, Presence
from reconciler.core.pair import Case
from reconciler.core.plan import Blocked, Change, Mover, Plan, Reason, Step, StepAction
from reconciler.core.resource import OnDrift, Origin, Primitive, Resource
from reconciler.core.rules import needs_replacement, refusal, sent_with
from reconciler.core.state import Record, State
from reconciler.core.steps import (
    Sending,
    World,
    cost,
    creation,
    plain_local,
    reasons_of,
    removal,
    replacement,
    step_of,
    uses,
)

Present = tuple[bool, bool, bool]
"""Whether an object is desired, recorded, live."""

PRESENCE: Mapping[Present, tuple[StepAction | None, Reason | None]] = {
    (True, False, False): (StepAction.CREATE, Reason.NEW),
    (True, False, True): (StepAction.ADOPT, Reason.NOT_OURS_YET),
    (True, True, False): (StepAction.CREATE, Reason.REMOVED_OUTSIDE),
    (True, True, True): (StepAction.UPDATE, None),
    (False, True, True): (StepAction.DELETE, Reason.UNDECLARED),
    (False, True, False): (StepAction.FORGET, Reason.GONE),
    (False, False, True): (None, None),
}


@dataclass(slots=True)
class Draft:
    """A plan in the making."""

    steps: list[Step] = field(default_factory=list)
    bookkeeping: list[Step] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    drift: dict[str, tuple[Change, ...]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    uncompared: list[tuple[str, str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def decide(cases: Iterable[Case], lives: Mapping[str, Live], world: World, state: State) -> Plan:
    """The plan for some cases; `lives` is keyed by `key_of` the case's address.

    The caller adds what only it knows (environment, matched targets, digest of the manifests).
    """
    draft = Draft()
    for case in cases:
        _decide_case(draft, case, lives[key_of(case.address)], world)
    steps = _after_what_it_was(_one_tracker(draft, world))
    kept = [s for s in steps if not world.keep or s.action not in (StepAction.DELETE, StepAction.FORGET)]
    if len(kept) < len(steps):
        left = f"{len(steps) - len(kept)} recorded, undeclared resources are left alone: {world.keep}"
        hint = "name every recorded folder or file to delete what is no longer declared"
        draft.problems.append(Problem("nothing is deleted", left, hint, severity=Severity.WARNING))
        steps = kept
    return Plan(
        steps=_ordered(steps),
        bookkeeping=tuple(draft.bookkeeping),
        unchanged=tuple(draft.unchanged),
        blocked=tuple(draft.blocked),
        drift=draft.drift,
        gone=tuple(draft.gone),
        touched=tuple(draft.touched),
        unverified=tuple(draft.unverified),
        uncompared=tuple(draft.uncompared),
        problems=tuple(draft.problems),
        notes=tuple(draft.notes),
        lineage=state.lineage,
        serial=state.serial,
        gitlab_url=state.gitlab_url,
        destroy=world.destroy,
        records=len(state.records),
        forecast=sum(cost(step) for step in steps),
    )


def _decide_case(draft: Draft, case: Case, live: Live, world: World) -> None:
    if live.presence is Presence.UNKNOWN:
        draft.blocked.append(Blocked(case.address, live.reason))
        return
    present = live.presence is Presence.PRESENT
    if case.record and not present and case.record.condition != "revoked":
        draft.gone.append(case.address)
    action, reason = PRESENCE[case.resource is not None, case.record is not None, present]
    if case.resource is None:
        assert case.record is not None
        assert action is not None
        assert reason is not None
        _decide_removal(draft, case, case.record, live, world, action, reason)
        return
    if why := refusal(case.resource, world.shapes[case.resource.shape], world.version, present=present):
        draft.blocked.append(Blocked(case.address, why))
        return
    if case.record and case.record.origin is Origin.PYTHON and case.resource.origin is Origin.MANIFEST:
        draft.notes.append(f"{case.record.address} was declared through the Python API; the manifest takes it over")
    if case.record and case.record.condition == "revoked":
        draft.unchanged.append(case.address)
        draft.notes.append(f"{case.address} is revoked; `oauth restore` brings it back")
        return
    if action is StepAction.CREATE:
        assert reason is not None
        draft.steps.append(creation(case, case.resource, world, reason))
    else:
        _decide_present(draft, case, case.resource, live, world)


def _decide_removal(
    draft: Draft, case: Case, record: Record, live: Live, world: World, action: StepAction, reason: Reason
) -> None:
    if record.origin is Origin.PYTHON and not world.destroy:
        draft.notes.append(f"{record.address} was declared through the Python API and is left alone")
        return
    if action is StepAction.DELETE and record.lifecycle.prevent_destroy:
        why = "its `lifecycle` says `prevent_destroy`"
        hint = "set `prevent_destroy: false` and apply once before taking the entry away"
        draft.problems.append(Problem("a protected resource would be deleted", why, hint, address=record.address))
        return
    if action is StepAction.DELETE:
        unmatched = record.scope.key in world.unmatched
        reason = Reason.DESTROYED if world.destroy else Reason.UNMATCHED if unmatched else reason
    draft.steps.append(removal(case, record, live, action, reason))


def _decide_present(draft: Draft, case: Case, resource: Resource, live: Live, world: World) -> None:
    shape, record = world.shapes[resource.shape], case.record
    if record and _is_another(record, live):
        record = None
    found = compare(resource, record, live, shape, world.digester)
    draft.uncompared += [(case.address, name, reference) for name, reference in found.uncompared]
    if found.unverified:
        draft.unverified.append(case.address)
    if live.touched:
        draft.touched.append(case.address)
    wanted = _respected(resource, found.changes)
    moved = tuple(c for c in found.changes if c.mover is not Mover.AUTHOR and not _ignored(resource, c))
    if record and moved:
        draft.drift[case.address] = moved
    reassert = world.reassert and bool(found.secrets)
    undelivered = record is not None and record.condition == "undelivered"
    if wanted and (reason := needs_replacement(shape, resource, found, wanted)):
        if resource.primitive is Primitive.APPLICATION and not resource.lifecycle.allow_replace:
            why = f"{reason}, and a replacement makes a new client id and secret; `allow_replace` permits it"
            if case.moved and record and "name" in found.changed:
                why += f", and `name: {record.fields.get('name')}` keeps the application"
            draft.blocked.append(Blocked(case.address, why))
            return
        draft.steps.append(replacement(case, resource, live, found, wanted, world, reason))
        return
    send = sent_with(shape, found, wanted, reassert=reassert, undelivered=undelivered)
    reasons = reasons_of(wanted, reassert=reassert and not wanted, undelivered=undelivered)
    if record is None:
        action, reasons = StepAction.ADOPT, (Reason.NOT_OURS_YET, *reasons)
    elif case.moved:
        action, reasons = StepAction.UPDATE if send else StepAction.MOVE, (Reason.RENAMED, *reasons)
    elif send:
        action = StepAction.UPDATE
    else:
        draft.unchanged.append(case.address)
        if not (found.stale or found.verified or live.touched or _books_differ(resource, record)):
            return
        action, reasons = StepAction.RECORD, (Reason.RECORDED,)
    sending = Sending(send, uses(found, shape, send), tuple(wanted))
    step = step_of(case, resource, action, reasons, live, found, sending)
    (draft.bookkeeping if action is StepAction.RECORD else draft.steps).append(step)


def _is_another(record: Record, live: Live) -> bool:
    """Whether the live object is not the recorded one but its namesake: then nothing is known of its secrets."""
    return live.item is not None and record.id is not None and live.item.id != record.id


def _respected(resource: Resource, changes: Iterable[Change]) -> list[Change]:
    """The changes that are to be made: what only somebody else moved may be ignored or only reported."""
    report_only = resource.lifecycle.on_drift is OnDrift.REPORT
    return [
        change
        for change in changes
        if change.mover is not Mover.OUTSIDE or not (report_only or _ignored(resource, change))
    ]


def _ignored(resource: Resource, change: Change) -> bool:
    return change.field in resource.lifecycle.ignore


def _books_differ(resource: Resource, record: Record) -> bool:
    known = {name: value for name, value in record.local.items() if not name.startswith("_")}
    return (known, dict(record.deliver), record.lifecycle) != (
        plain_local(resource),
        dict(resource.deliver),
        resource.lifecycle,
    )


def _one_tracker(draft: Draft, world: World) -> list[Step]:
    """GitLab has one active issue tracker a project: the old one goes first, and a foreign one blocks."""
    steps: list[Step] = []
    leaving = {
        (s.scope.key, s.shape): s.address
        for s in draft.steps
        if s.action is StepAction.DELETE and world.shapes[s.shape].tracker
    }
    for step in draft.steps:
        if step.action is not StepAction.CREATE or not world.shapes[step.shape].tracker:
            steps.append(step)
            continue
        others = [
            item.shape
            for item in world.listed(step.primitive, step.scope)
            if item.shape != step.shape and item.shape in world.shapes and world.shapes[item.shape].tracker
        ]
        foreign = [name for name in others if (step.scope.key, name) not in leaving]
        if foreign:
            why = f"another issue tracker ({', '.join(foreign)}) is active there, and GitLab allows one at a time"
            draft.blocked.append(Blocked(step.address, why))
            continue
        first = tuple(leaving[step.scope.key, name] for name in others)
        steps.append(replace(step, needs=(*step.needs, *first)))
    return steps


def _after_what_it_was(steps: Iterable[Step]) -> list[Step]:
    """An entry whose kind changed: what it was goes first."""
    steps = list(steps)
    leaving = {
        key_of(step.previous): step.address for step in steps if step.action is StepAction.DELETE and step.previous
    }
    return [
        replace(step, needs=(*step.needs, leaving[key]))
        if step.writes and (key := key_of(step.address)) in leaving
        else step
        for step in steps
    ]


def _ordered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """By address, with what a step needs before it."""
    by_key = {key_of(step.address): step for step in sorted(steps, key=lambda s: key_of(s.address))}
    order = waves({key: [key_of(n) for n in step.needs] for key, step in by_key.items()})
    return tuple(by_key[key] for wave in order for key in wave)


def entry_of(address: str) -> str:
    """The key of the entry that an address belongs to."""
    return key_of(Address.parse(address).entry)
