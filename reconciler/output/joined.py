"""Several plans as one: a fleet that was planned in parts is shown and counted as a whole. Never for applying."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from reconciler.core.plan import Plan

T = TypeVar("T")


def join(plans: Sequence[Plan]) -> Plan:
    """One plan with everything that is in the parts; where they disagree on what they are for, it says nothing."""
    if len(plans) == 1:
        return plans[0]
    return Plan(
        steps=_all(plan.steps for plan in plans),
        unchanged=_all(plan.unchanged for plan in plans),
        blocked=_all(plan.blocked for plan in plans),
        drift={address: changes for plan in plans for address, changes in plan.drift.items()},
        gone=_all(plan.gone for plan in plans),
        unmanaged=_all(plan.unmanaged for plan in plans),
        unverified=_all(plan.unverified for plan in plans),
        uncompared=_all(plan.uncompared for plan in plans),
        touched=_all(plan.touched for plan in plans),
        matched=_all(plan.matched for plan in plans),
        unmatched=_all(plan.unmatched for plan in plans),
        problems=tuple(dict.fromkeys(_all(plan.problems for plan in plans))),
        notes=tuple(dict.fromkeys(_all(plan.notes for plan in plans))),
        environment=_common(plan.environment for plan in plans),
        gitlab_url=_common(plan.gitlab_url for plan in plans),
        tool_version=_common(plan.tool_version for plan in plans),
        destroy=any(plan.destroy for plan in plans),
        partial=any(plan.partial for plan in plans),
        forecast=sum(plan.forecast for plan in plans),
        records=sum(plan.records for plan in plans),
    )


# ---------------------------------------------------------------------------------------------------------------------


def _all(parts: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(item for part in parts for item in part)


def _common(texts: Iterable[str]) -> str:
    found = set(texts)
    return found.pop() if len(found) == 1 else ""
