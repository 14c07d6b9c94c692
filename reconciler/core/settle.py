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
from reconciler.core.normal import normal
from reconciler.core.plan import Step, StepAction
from reconciler.core.resource import INHERIT, Shape


@dataclass(frozen=True, slots=True)
class Settlement:
    """Whether a write arrived, and the object as it is now (None when it is not there)."""

    arrived: bool
    item: Item | None = None


def candidate(step: Step, items: Iterable[Item]) -> Item | None:
    """The object that a step made or changed, if it is among some listed ones.

    For a create or a replacement only objects that did not exist before are meant.
    """
    fresh = step.action in (StepAction.CREATE, StepAction.REPLACE)
    found = find(
        step.primitive,
        items,
        identity=step.identity,
        id=None if fresh else step.id,
        taken=frozenset(step.ids_before) if fresh else frozenset(),
    )
    if isinstance(found, Ambiguous):
        return next((item for item in items if item.id == max(found.ids, key=str)), None)
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
    """Every plain field that was sent is live, and no secret was sent that leaves no trace."""
    traceless = any(use.write for use in step.secrets.values())
    plain = [spec for name in step.send if (spec := shape.field(name)) and not spec.secret and spec.readable]
    return (
        not traceless
        and bool(plain)
        and all(
            normal(spec, item.inherited if spec is INHERIT else item.fields.get(spec.name))
            == normal(spec, step.fields.get(spec.name))
            for spec in plain
        )
    )


def _equal(step: Step, item: Item, name: str) -> bool:
    return name not in item.fields or item.fields[name] == step.fields[name]
