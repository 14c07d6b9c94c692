"""Settling: whether a write whose fate is unclear arrived, told by looking at what GitLab has now.

Used for a lost answer within a run and for intents that a killed run left open. A look never guesses: where the object
cannot tell (a secret that leaves no trace), the answer is "not known to have arrived", and sending the same update
again is harmless, because an update is the same however often it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.identity import Ambiguous, find
from reconciler.core.live import Item
from reconciler.core.normal import is_secret_map, normal
from reconciler.core.plan import Step, StepAction
from reconciler.core.resource import INHERIT, Field, Shape


@dataclass(frozen=True, slots=True)
class Settlement:
    """Whether a write arrived, and the object as it is now (None when it is not there)."""

    arrived: bool
    item: Item | None = None


def candidate(step: Step, items: Iterable[Item]) -> Item | None:
    """The object that a step made or changed, if it is among some listed ones.

    For a create or a replacement only objects are meant that did not exist before, and none of another name: what was
    made at the same time for another entry may have the same address.
    """
    fresh = step.action in (StepAction.CREATE, StepAction.REPLACE)
    if fresh:
        name = step.identity.get("name")
        items = [item for item in items if item.identity.get("name", name) == name]
    found = find(
        step.primitive,
        items,
        identity=step.identity,
        id=None if fresh else step.id,
        taken=frozenset(step.ids_before) if fresh else frozenset(),
    )
    if isinstance(found, Ambiguous):
        newest = max(found.ids, key=lambda id: (len(str(id)), str(id)))
        return next((item for item in items if item.id == newest), None)
    return found


def settle(step: Step, item: Item | None, shape: Shape) -> Settlement:
    """What became of a step's write, given the object as a full read shows it (None: it is not there)."""
    match step.action:
        case StepAction.DELETE:
            return Settlement(item is None, item)
        case StepAction.CREATE | StepAction.REPLACE:
            return Settlement(item is not None, item)
        case StepAction.UPDATE | StepAction.ADOPT:
            if item is None:
                return Settlement(False)
            return Settlement(_moved(step, item) or _agrees(step, item, shape), item)
        case _:
            return Settlement(True, item)


def _moved(step: Step, item: Item) -> bool:
    proven = bool(item.updated_at and step.updated_at and item.updated_at != step.updated_at)
    return proven and all(_equal(step, item, name) for name in step.fields)


def _agrees(step: Step, item: Item, shape: Shape) -> bool:
    """Every field that was sent and can be seen is live, and no secret was sent that leaves no trace.

    Of a map with secret values the keys can be seen: those that were to go are taken away last, one by one.
    """
    traceless = any(use.write for use in step.secrets.values())
    sent = {**step.fields, **{change.field: change.desired for change in step.changes if change.reset}}
    visible = [spec for name in step.send if (spec := shape.field(name)) and _is_visible(spec)]
    return not traceless and bool(visible) and all(_is_live(spec, item, sent.get(spec.name)) for spec in visible)


def _is_visible(spec: Field) -> bool:
    return is_secret_map(spec) or (spec.readable and not spec.secret)


def _is_live(spec: Field, item: Item, sent: object) -> bool:
    if is_secret_map(spec) and spec.name not in item.fields:
        return False
    live = item.inherited if spec is INHERIT else item.fields.get(spec.name)
    return normal(spec, live) == normal(spec, sent)


def _equal(step: Step, item: Item, name: str) -> bool:
    return name not in item.fields or item.fields[name] == step.fields[name]
