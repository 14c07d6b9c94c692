"""What commands ask of the engine, as one table of functions, so that tests can hand in another.

Law: commands reach the engine through this table only; `real` imports it when a command runs, not before.
"""

from __future__ import annotations

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
    from reconciler.engine.verbs import ApplyOptions, DriftOptions, HealthOptions, PlanOptions
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


def real() -> Engine:
    """The engine itself."""
    from reconciler import wiring
    from reconciler.core.policy import objections
    from reconciler.engine import verbs

    return Engine(
        open_workspace=wiring.open_workspace,
        catalogue=wiring.catalogue,
        schema=_schema,
        templates=_templates,
        validate=verbs.validate,
        plan=verbs.plan,
        objections=lambda ws, plan, allowed: objections(plan, ws.settings.policy, allowed),
        apply=verbs.apply,
        drift=verbs.drift,
        adopt=_adopt,
        overview=_overview,
        check_health=verbs.check_health,
        health_history=verbs.health_history,
        unhealthy=verbs.unhealthy,
        actions_of=verbs.actions_of,
        act=verbs.act,
        oauth_rotate=verbs.oauth_rotate,
        oauth_revoke=verbs.oauth_revoke,
        oauth_restore=verbs.oauth_restore,
        show_state=verbs.show_state,
        explain=verbs.explain,
        state_mv=verbs.state_mv,
        state_forget=verbs.state_forget,
        state_unlock=verbs.state_unlock,
        state_history=verbs.state_history,
        state_restore=verbs.state_restore,
        state_pull=verbs.state_pull,
        state_push=verbs.state_push,
    )


# ---------------------------------------------------------------------------------------------------------------------


def _schema(name: str) -> str:
    from reconciler.core.jsonformats import schema_of, to_text
    from reconciler.wiring import catalogue

    return to_text(schema_of(name, catalogue()))


def _adopt(workspace: Workspace, options: AdoptOptions) -> Adoption:
    from reconciler.engine.adopting import adopt

    return adopt(workspace, options)


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
