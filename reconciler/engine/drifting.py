"""Looks for drift: what somebody changed behind the manifests' back, and what nobody has declared."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.core.address import key_of
from reconciler.core.plan import Plan
from reconciler.engine.planning import Planned, PlanOptions, make_plan
from reconciler.engine.refresh import LISTED
from reconciler.engine.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DriftOptions:
    """What drift is asked for; `unmanaged` lists live objects that are not ours, too."""

    paths: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    unmanaged: bool = False


def drift(ws: Workspace, options: DriftOptions) -> Plan:
    """What somebody else changed: a plan whose `drift`, `gone`, `touched` and `unmanaged` are the answer."""
    planned = make_plan(ws, PlanOptions(options.paths, options.targets, options.exclude))
    return replace(planned.plan, unmanaged=_unmanaged(planned)) if options.unmanaged else planned.plan


# ---------------------------------------------------------------------------------------------------------------------


def _unmanaged(planned: Planned) -> tuple[tuple[str, str, str], ...]:
    """Live objects at the scopes of the plan that no address stands for."""
    scopes = {(c.scope.type, c.scope.key): c.scope for c in planned.cases}.values()
    wanted = [(p, s) for s in scopes for p in LISTED[s.type]]
    planned.reader.prefetch(wanted)
    ours = {
        (item.primitive, c.scope.key, str(item.id))
        for c in planned.cases
        if (item := planned.lives[key_of(c.address)].item)
    }
    found = []
    for primitive, scope in wanted:
        for item in planned.reader.listed(primitive, scope):
            if (primitive, scope.key, str(item.id)) not in ours:
                name = item.identity.get("name") or item.identity.get("url") or item.shape
                found.append((scope.path, item.shape, name))
    return tuple(sorted(found))
