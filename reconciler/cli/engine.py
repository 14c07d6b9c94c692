"""What commands ask of the engine, as one table of functions, so that tests can hand in another.

Law: commands reach the engine through this table only. Each verb is imported when it is called, not before.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from reconciler.core.adoption import Adoption
    from reconciler.core.entry import Template
    from reconciler.core.errors import Problem
    from reconciler.core.health import HealthHistory, HealthReport, HealthResult
    from reconciler.core.overview import Overview
    from reconciler.core.plan import Plan
    from reconciler.core.ports import Listener, Version
    from reconciler.core.report import Report, Validation
    from reconciler.core.resource import Action, Catalogue
    from reconciler.core.state import State
    from reconciler.core.value import Plain
    from reconciler.engine.adopting import AdoptOptions
    from reconciler.engine.applying import ApplyOptions
    from reconciler.engine.drifting import DriftOptions
    from reconciler.engine.health import HealthOptions
    from reconciler.engine.planning import PlanOptions
    from reconciler.engine.workspace import Workspace
    from reconciler.wiring import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The engine's verbs and what opens a workspace for them."""

    open_workspace: Callable[[Options, Listener], AbstractContextManager[Workspace]]
    catalogue: Callable[[], Catalogue]
    schema: Callable[[str], str]
    templates: Callable[[Workspace], Mapping[str, Template]]
    validate: Callable[[Workspace, Sequence[str]], Validation]
    plan: Callable[[Workspace, PlanOptions], Plan]
    objections: Callable[[Workspace, Plan, int | None], tuple[Problem, ...]]
    apply: Callable[[Workspace, Plan, ApplyOptions], Report]
    drift: Callable[[Workspace, DriftOptions], Plan]
    adopt: Callable[[Workspace, AdoptOptions], Adoption]
    overview: Callable[[Workspace, bool], Overview]
    check_health: Callable[[Workspace, HealthOptions], HealthReport]
    health_history: Callable[[Workspace, str, int], HealthHistory]
    unhealthy: Callable[[Workspace], Sequence[HealthResult]]
    actions_of: Callable[[Workspace, str], Mapping[str, Action]]
    act: Callable[[Workspace, str, str, Mapping[str, object]], Mapping[str, Plain]]
    oauth_rotate: Callable[[Workspace, str], Report]
    oauth_revoke: Callable[[Workspace, str], Report]
    oauth_restore: Callable[[Workspace, str], object]
    show_state: Callable[[Workspace], State]
    explain: Callable[[Workspace, str], Mapping[str, Any]]
    state_mv: Callable[[Workspace, str, str], object]
    state_forget: Callable[[Workspace, str], object]
    state_unlock: Callable[[Workspace, str], object]
    state_history: Callable[[Workspace], list[Version]]
    state_restore: Callable[[Workspace, int], object]
    state_pull: Callable[[Workspace], bytes]
    state_push: Callable[[Workspace, bytes], object]


VERBS = {
    "open_workspace": "reconciler.wiring:open_workspace",
    "catalogue": "reconciler.wiring:catalogue",
    "validate": "reconciler.engine.validating:validate",
    "plan": "reconciler.engine.planning:plan",
    "apply": "reconciler.engine.applying:apply_plan",
    "drift": "reconciler.engine.drifting:drift",
    "adopt": "reconciler.engine.adopting:adopt",
    "check_health": "reconciler.engine.health:check_health",
    "health_history": "reconciler.engine.health:health_history",
    "unhealthy": "reconciler.engine.health:unhealthy",
    "actions_of": "reconciler.engine.acting:actions_of",
    "act": "reconciler.engine.acting:act",
    "oauth_rotate": "reconciler.engine.applications:oauth_rotate",
    "oauth_revoke": "reconciler.engine.applications:oauth_revoke",
    "oauth_restore": "reconciler.engine.applications:oauth_restore",
    "show_state": "reconciler.engine.books:read_state",
    "explain": "reconciler.engine.explaining:explain",
    "state_mv": "reconciler.engine.repair:move",
    "state_forget": "reconciler.engine.repair:forget",
    "state_unlock": "reconciler.engine.repair:unlock",
    "state_history": "reconciler.engine.repair:history",
    "state_restore": "reconciler.engine.repair:restore",
    "state_pull": "reconciler.engine.repair:pull",
    "state_push": "reconciler.engine.repair:push",
}
"""Where the verbs stand that need nothing of the command line: module and name."""


def real() -> Engine:
    """The engine itself."""
    return Engine(
        schema=_schema,
        templates=_templates,
        objections=_objections,
        overview=_overview,
        **{name: _verb(place) for name, place in VERBS.items()},
    )


# ---------------------------------------------------------------------------------------------------------------------


def _verb(place: str) -> Callable[..., Any]:
    """The function at `module:name`, imported when it is called."""
    module, _, name = place.partition(":")

    def call(*arguments: object) -> Any:
        return getattr(importlib.import_module(module), name)(*arguments)

    return call


def _schema(name: str) -> str:
    from reconciler.core.jsonformats import schema_of, to_text
    from reconciler.wiring import catalogue

    return to_text(schema_of(name, catalogue()))


def _objections(workspace: Workspace, plan: Plan, allow_deletes: int | None) -> tuple[Problem, ...]:
    from reconciler.core.policy import objections

    return objections(plan, workspace.settings.policy, allow_deletes)


def _overview(workspace: Workspace, drift: bool) -> Overview:
    from reconciler.engine.overview import overview

    return overview(workspace, ask=drift)


def _templates(workspace: Workspace) -> Mapping[str, Template]:
    """Those of the manifests and the built-in ones; only the latter where there are no manifests."""
    from reconciler.core.errors import InputError
    from reconciler.engine.declared import read_manifests

    try:
        return read_manifests(workspace).declarations.templates
    except InputError:
        return workspace.templates
