"""Builds the steps of a plan: what a decision means in fields, secrets and requests. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from reconciler.core.address import Scope, key_of
from reconciler.core.compare import Comparison, stated
from reconciler.core.digest import Digester
from reconciler.core.fingerprint import NOTHING_THERE, fingerprint
from reconciler.core.live import ABSENT, Item, Live
from reconciler.core.normal import carries_secret
from reconciler.core.pair import Case
from reconciler.core.plan import Change, Mover, Reason, SecretUse, Step, StepAction
from reconciler.core.resource import INHERIT, NOTHING, Primitive, Resource, Shape
from reconciler.core.rules import defaults_of
from reconciler.core.state import Record
from reconciler.core.value import Plain


@dataclass(frozen=True, slots=True)
class World:
    """What deciding may know: tables, digests, GitLab's version, and everything that was listed.

    `listed` gives every live item of a primitive at a scope. `version` is None where nobody asked. `unmatched` holds
    the keys of scopes that no target matches any longer.
    """

    shapes: Mapping[str, Shape]
    digester: Digester
    listed: Callable[[Primitive, Scope], tuple[Item, ...]]
    version: tuple[int, int] | None = None
    unmatched: frozenset[str] = frozenset()
    reassert: bool = False
    destroy: bool = False
    keep: str = ""
    """Why nothing may be deleted in this run (less than the recorded manifests was read); empty when it may."""
    _whole: dict[tuple[object, ...], tuple[tuple[str, ...], Mapping[str, Plain]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def whole(self, resource: Resource) -> tuple[tuple[str, ...], Mapping[str, Plain]]:
        """The names of everything that a whole resource is sent with, and the defaults among it; a fleet's resources
        that state the same fields share theirs."""
        inherits = bool(resource.fields.get(INHERIT.name))
        key = (resource.shape, resource.scope.type, inherits, frozenset(resource.fields))
        found = self._whole.get(key)
        if found is None:
            defaults = defaults_of(self.shapes[resource.shape], resource)
            found = self._whole[key] = (tuple(sorted({*resource.fields, *defaults})), defaults)
        return found


def recorded_of(step: Step, records: Mapping[str, Record]) -> Record | None:
    """The record that a step is about, among records by `key_of`; one of another shape is another object's."""
    record = records.get(key_of(step.previous or step.address))
    return record if record and record.shape == step.shape else None


def removal(case: Case, record: Record, live: Live, action: StepAction, reason: Reason) -> Step:
    """The step that deletes or forgets what is recorded, under the address of its case, where it is today."""
    item, address = live.item, case.address
    return Step(
        address,
        action,
        (reason,),
        record.primitive,
        record.kind,
        record.shape,
        case.scope,
        scope_id=record.scope_id,
        id=item.id if item else record.id,
        identity=record.identity,
        fields=record.fields,
        fingerprint=fingerprint(record, live),
        inherited=bool(item and item.inherited),
        updated_at=item.updated_at if item else None,
        notes=(f"the {case.scope.type} is `{case.scope.path}` now",) if case.scope.key != record.scope.key else (),
        previous=record.address if record.address != address else "",
        lifecycle=record.lifecycle,
        origin=record.origin,
        source=record.source,
    )


def creation(case: Case, resource: Resource, world: World, reason: Reason) -> Step:
    """The step that makes an object with everything that is stated, the rest at GitLab's defaults."""
    found = stated(resource, world.shapes[resource.shape])
    sending = _everything(resource, found.secrets, world)
    return step_of(case, resource, StepAction.CREATE, (reason,), ABSENT, found, sending)


def replacement(
    case: Case, resource: Resource, live: Live, found: Comparison, wanted: Iterable[Change], world: World, why: str
) -> Step:
    """The step that deletes an object and makes it again, because GitLab cannot change it in place."""
    wanted = tuple(wanted)
    reasons = (Reason.FIXED, *reasons_of(wanted, reassert=False, undelivered=False))
    secrets = {name: replace(use, write=True) for name, use in found.secrets.items()}
    sending = _everything(resource, secrets, world)._replace(changes=wanted, notes=(why,))
    return step_of(case, resource, StepAction.REPLACE, reasons, live, found, sending)


class Sending(NamedTuple):
    """What a step sends, and what of it is worth saying."""

    send: tuple[str, ...] = ()
    secrets: Mapping[str, SecretUse] = NOTHING
    changes: tuple[Change, ...] = ()
    defaults: Mapping[str, Plain] = NOTHING
    ids_before: tuple[int | str, ...] = ()
    notes: tuple[str, ...] = ()


def _everything(resource: Resource, secrets: Mapping[str, SecretUse], world: World) -> Sending:
    """All fields and secrets; what existed before is noted, so that a lost answer is found."""
    send, defaults = world.whole(resource)
    before = tuple([item.id for item in world.listed(resource.primitive, resource.scope)])
    return Sending(send, secrets, (), defaults, before)


def step_of(
    case: Case,
    resource: Resource,
    action: StepAction,
    reasons: tuple[Reason, ...],
    live: Live,
    found: Comparison,
    sending: Sending,
) -> Step:
    """A step for a case."""
    record, item = case.record, live.item
    return Step(
        resource.address,
        action,
        reasons,
        resource.primitive,
        resource.kind,
        resource.shape,
        resource.scope,
        scope_id=record.scope_id if record else None,
        id=item.id if item else None,
        identity=resource.identity,
        fields=found.fields,
        secrets=sending.secrets,
        send=sending.send,
        defaults=sending.defaults,
        changes=sending.changes,
        local=plain_local(resource),
        deliver=resource.deliver,
        fingerprint=fingerprint(record, live) if record or item else NOTHING_THERE,
        ids_before=sending.ids_before,
        needs=resource.needs,
        notes=sending.notes,
        inherited=bool(item and item.inherited),
        updated_at=item.updated_at if item else None,
        previous=record.address if record and case.moved else "",
        alias=resource.alias,
        lifecycle=resource.lifecycle,
        origin=resource.origin,
        source=_source(resource),
    )


def _source(resource: Resource) -> str:
    place = resource.place
    return (f"{place.file}:{place.line}" if place.line else place.file) if place else ""


def uses(found: Comparison, shape: Shape, send: tuple[str, ...]) -> dict[str, SecretUse]:
    """What a step that sends some fields does with each secret."""
    return {
        name: replace(use, write=use.write or (name.partition(".")[0] in send)) for name, use in found.secrets.items()
    }


def plain_local(resource: Resource) -> dict[str, Plain]:
    """The fields that are ours only and hold no secret: what the record keeps for actions."""
    return {name: value for name, value in resource.local.items() if not carries_secret(value)}


def cost(step: Step) -> int:
    """How many requests a step is expected to take."""
    match step.action:
        case StepAction.CREATE:
            return 1
        case StepAction.DELETE:
            return 3 if step.inherited else 1
        case StepAction.REPLACE:
            return 2
        case StepAction.UPDATE | StepAction.ADOPT:
            split = step.primitive is Primitive.HOOK and {"url", "custom_headers"} <= set(step.send)
            return (2 if split else 1) if step.send else 0
        case _:
            return 0


def reasons_of(changes: Iterable[Change], *, reassert: bool, undelivered: bool) -> tuple[Reason, ...]:
    """Why an object is written, from its changes."""
    found: dict[Reason, None] = {}
    for change in changes:
        if change.reset:
            found[Reason.GIVEN_UP] = None
        elif change.secret:
            found[Reason.ROTATED] = None
        elif change.mover is Mover.OUTSIDE:
            found[Reason.DRIFTED] = None
        else:
            found[Reason.DECLARED] = None
            if change.mover is Mover.BOTH:
                found[Reason.DRIFTED] = None
    if reassert:
        found[Reason.REASSERTED] = None
    if undelivered:
        found[Reason.UNDELIVERED] = None
    return tuple(found)
