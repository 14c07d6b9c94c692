"""The verbs as functions for programs: typed, over the settings, manifests and state that the command line uses.

Each opens a workspace and closes it. All raise `reconciler.core.errors.ReconcilerError`s, `InputError` with everything
that is wrong among them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from reconciler.core.entry import Declarations
from reconciler.core.errors import InputError, Severity
from reconciler.core.events import Silent
from reconciler.core.health import HealthReport
from reconciler.core.plan import Plan
from reconciler.core.ports import Listener
from reconciler.core.report import Report
from reconciler.core.verify import TOLERANCE, Verification, verify
from reconciler.engine import drifting, planning
from reconciler.engine.applying import ApplyOptions, apply_plan
from reconciler.engine.declared import read_manifests
from reconciler.engine.drifting import DriftOptions
from reconciler.engine.health import HealthOptions, check_health
from reconciler.engine.planning import PlanOptions
from reconciler.wiring import Options, open_workspace

__all__ = ["Options", "apply", "drift", "health", "load", "plan", "verify_webhook"]


def load(*paths: str, options: Options | None = None) -> Declarations:
    """What manifests declare, checked offline: files and folders, the settings' own where none are named."""
    with open_workspace(options or Options(), Silent()) as ws:
        read = read_manifests(ws, paths)
    if any(problem.severity is Severity.ERROR for problem in read.problems):
        raise InputError(read.problems)
    return read.declarations


def plan(
    *paths: str,
    targets: Sequence[str] = (),
    exclude: Sequence[str] = (),
    refresh: bool = True,
    destroy: bool = False,
    options: Options | None = None,
    listener: Listener | None = None,
) -> Plan:
    """What applying would do. `targets` and `exclude` are addresses; `refresh=False` asks GitLab nothing."""
    asked = PlanOptions(tuple(paths), tuple(targets), tuple(exclude), refresh, destroy)
    with open_workspace(options or Options(), listener or Silent()) as ws:
        return planning.plan(ws, asked)


def apply(
    plan: Plan | None = None,
    *,
    paths: Sequence[str] = (),
    targets: Sequence[str] = (),
    exclude: Sequence[str] = (),
    allow_deletes: int | None = None,
    options: Options | None = None,
    listener: Listener | None = None,
) -> Report:
    """Carry out a plan, exactly; without one, make it from manifests and carry it out under the same lock.

    What a given plan touches is read again first: one that is stale raises `UnsafePlan`, as the brakes do.
    """
    with open_workspace(options or Options(), listener or Silent()) as ws:
        if plan is not None:
            return apply_plan(ws, plan, ApplyOptions(saved=True, allow_deletes=allow_deletes))
        asked = PlanOptions(tuple(paths), tuple(targets), tuple(exclude), writing=True)
        with ws.lock("apply"):
            return apply_plan(ws, planning.plan(ws, asked), ApplyOptions(allow_deletes=allow_deletes))


def drift(
    *paths: str,
    targets: Sequence[str] = (),
    exclude: Sequence[str] = (),
    unmanaged: bool = False,
    options: Options | None = None,
    listener: Listener | None = None,
) -> Plan:
    """What somebody changed behind the manifests' back: a plan's `drift`, `gone`, `touched` and `unmanaged`."""
    asked = DriftOptions(tuple(paths), tuple(targets), tuple(exclude), unmanaged)
    with open_workspace(options or Options(), listener or Silent()) as ws:
        return drifting.drift(ws, asked)


def health(
    *targets: str,
    exclude: Sequence[str] = (),
    record: bool = True,
    alert: bool = True,
    options: Options | None = None,
    listener: Listener | None = None,
) -> HealthReport:
    """Whether what is declared works: everything, or the addresses named. No check has a visible effect."""
    asked = HealthOptions(tuple(targets), tuple(exclude), record, alert)
    with open_workspace(options or Options(), listener or Silent()) as ws:
        return check_health(ws, asked)


def verify_webhook(
    headers: Mapping[str, str],
    body: bytes,
    *,
    secret_token: str | None = None,
    signing_token: str | None = None,
    now: float | None = None,
    tolerance: float = TOLERANCE,
) -> Verification:
    """Whether a delivery that was received is GitLab's: true, or false with a `reason`.

    `headers` are compared without case; `body` is what came, byte by byte, before any parsing. Give the webhook's
    `secret_token`, its `signing_token` (`whsec_…`), or both: every one given must be right. `now` is in epoch seconds,
    the clock's where it is not given; a signed delivery may be `tolerance` seconds old. Raises `ValueError` for what is
    no signing token.
    """
    moment = time.time() if now is None else now
    tokens = {"secret_token": secret_token, "signing_token": signing_token}
    return verify(headers, body, now=moment, tolerance=tolerance, **tokens)
