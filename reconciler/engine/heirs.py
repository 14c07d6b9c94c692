"""Who inherits a group's integration: named when it is changed, stopped when it is deleted.

GitLab leaves inheritors active with the old settings when a group's integration is deleted (seen on 18.9), so a plan
that deletes one deletes it on each of them as well. The group's goes last: while it is there, an interrupted run's
successor still sees who inherits it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.core.address import Scope, ScopeType, key_of
from reconciler.core.errors import Problem, ReconcilerError
from reconciler.core.live import Item
from reconciler.core.plan import Blocked, Plan, Reason, Step, StepAction
from reconciler.core.resource import NOTHING, Primitive, Resource
from reconciler.engine.refresh import Reader
from reconciler.engine.workspace import Workspace

_NAMED = 10
"""How many inheritors a note names."""


@dataclass(frozen=True, slots=True)
class Heir:
    """A project or a subgroup that inherits, and its live integration."""

    scope: Scope
    item: Item


def with_heirs(ws: Workspace, plan: Plan, reader: Reader, resources: Iterable[Resource]) -> Plan:
    """The plan with the inheritors of every group integration that it changes or deletes.

    `resources` are all that is declared, whatever part of it the plan is about.
    A declared one that goes on inheriting what is deleted is a problem: it would keep the old settings for ever.
    """
    declared = {(resource.scope.key, resource.shape): resource for resource in resources}
    deleted = {(s.scope.key, s.shape) for s in plan.steps if s.action is StepAction.DELETE}
    steps: list[Step] = []
    blocked, problems = list(plan.blocked), list(plan.problems)
    for step in plan.steps:
        if not _of_a_group(step):
            steps.append(step)
            continue
        try:
            heirs = {(heir.scope.key, step.shape): heir for heir in _heirs(ws, reader, step)}
        except ReconcilerError as error:
            blocked.append(Blocked(step.address, f"who inherits it cannot be known: {error.message}"))
            continue
        inheriting = {key: declared[key] for key in heirs if key in declared and declared[key].fields.get("inherit")}
        if step.action is StepAction.DELETE:
            ended = [heir for key, heir in heirs.items() if key not in declared and key not in deleted]
            stops = [_stop(step, heir, ended) for heir in ended]
            needs = (*step.needs, *(stop.address for stop in stops))
            steps += [*stops, replace(step, notes=(*step.notes, *_note(ended)), needs=needs)]
            problems += [_orphan(step, resource) for resource in inheriting.values()]
        else:
            reached = [heir for key, heir in heirs.items() if key not in declared or key in inheriting]
            steps.append(replace(step, notes=(*step.notes, *_note(reached))))
    return replace(plan, steps=tuple(steps), blocked=tuple(blocked), problems=tuple(problems))


def _of_a_group(step: Step) -> bool:
    edited = step.action is StepAction.DELETE or (step.action is StepAction.UPDATE and bool(step.send))
    return edited and step.primitive is Primitive.INTEGRATION and step.scope.type is ScopeType.GROUP


def _heirs(ws: Workspace, reader: Reader, step: Step) -> list[Heir]:
    """Everything below the group whose integration of this slug is the group's, in order of path."""
    paths = [project.path for project in ws.estate.projects(step.scope.path)]
    below = {path: Scope(ScopeType.PROJECT, path) for path in paths}
    below |= {path: Scope(ScopeType.GROUP, path) for path in _between(step.scope.path, paths)}
    reader.prefetch((Primitive.INTEGRATION, scope) for scope in below.values())
    found: dict[str, Item] = {}
    for path, scope in below.items():
        listing = reader.listing(Primitive.INTEGRATION, scope)
        if listing.unknown:
            raise ReconcilerError(f"`{path}`: {listing.unknown}")
        item = next((item for item in listing.items if item.shape == step.shape), None)
        if item:
            found[path.lower()] = item
    own = {path for path, item in found.items() if not item.inherited}
    return [
        Heir(scope, found[path.lower()])
        for path, scope in sorted(below.items())
        if path.lower() in found and not any(path.lower() == one or path.lower().startswith(f"{one}/") for one in own)
    ]


def _between(group: str, paths: Iterable[str]) -> set[str]:
    """The subgroups between a group and its projects."""
    depth = group.count("/") + 1
    found: set[str] = set()
    for path in paths:
        segments = path.split("/")
        found |= {"/".join(segments[:n]) for n in range(depth + 1, len(segments))}
    return found


def _note(heirs: list[Heir]) -> tuple[str, ...]:
    if not heirs:
        return ()
    names = ", ".join(heir.scope.path for heir in heirs[:_NAMED])
    more = f" and {len(heirs) - _NAMED} more" if len(heirs) > _NAMED else ""
    return (f"inherited by {names}{more}",)


def _orphan(step: Step, resource: Resource) -> Problem:
    """A declared integration that says that it inherits what is deleted."""
    detail = f"`{step.scope.path}`, whose settings it says to inherit, gives up its {step.kind} integration"
    hint = "remove this entry as well, and it is deleted too; or give it settings of its own"
    return Problem("nothing to inherit", detail, hint, resource.place, resource.address)


def _stop(step: Step, heir: Heir, heirs: Iterable[Heir]) -> Step:
    """The deletion of an inheritor's integration, after those of the inheritors below it."""
    return Step(
        _address(step, heir),
        StepAction.DELETE,
        (Reason.INHERITED,),
        step.primitive,
        step.kind,
        step.shape,
        heir.scope,
        scope_id=heir.item.scope_id,
        id=heir.item.id,
        identity=heir.item.identity or NOTHING,
        inherited=True,
        updated_at=heir.item.updated_at,
        needs=tuple(_address(step, one) for one in heirs if one.scope.key.startswith(f"{heir.scope.key}/")),
        lifecycle=step.lifecycle,
        origin=step.origin,
        source=step.source,
    )


def _address(step: Step, heir: Heir) -> str:
    return f"{key_of(step.address)}/integration.{heir.scope.path}"
