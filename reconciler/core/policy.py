"""Brakes: what keeps a plan from being applied by accident (their numbers: `core.settings.Policy`).

Replacements count as deletions, inheritors of what is deleted do not: they hold no record. `destroy` shows its list and
is its own consent, but `prevent_destroy` still stops it.
"""

from __future__ import annotations

from typing import Protocol

from reconciler.core.errors import Problem, Severity, UnsafePlan
from reconciler.core.plan import Plan, Reason, StepAction


class Limits(Protocol):
    """How many deletions a run may make: at most `max_deletes`, and at most this share of what is recorded."""

    @property
    def max_deletes(self) -> int: ...

    @property
    def max_delete_share(self) -> float: ...


def objections(plan: Plan, policy: Limits, allow_deletes: int | None = None) -> tuple[Problem, ...]:
    """Why a plan must not be applied; empty when it may. `allow_deletes` permits that many for this run."""
    found = [p for p in plan.problems if p.severity is Severity.ERROR]
    deletions = sum(s.action in _DELETING and Reason.INHERITED not in s.reasons for s in plan.steps)
    if plan.destroy or deletions == 0:
        return tuple(found)
    hint = f"look at the list; if it is right, say `--allow-deletes {deletions}`"
    if allow_deletes is not None:
        if deletions > allow_deletes:
            found.append(Problem("too many deletions", f"{deletions} planned, {allow_deletes} permitted", hint))
        return tuple(found)
    if deletions > policy.max_deletes:
        found.append(Problem("too many deletions", f"{deletions} planned, {policy.max_deletes} at most", hint))
    elif deletions >= 2 and deletions > policy.max_delete_share * plan.records:
        share = f"{deletions} of {plan.records} recorded resources, at most {policy.max_delete_share:.0%}"
        found.append(Problem("too large a share would be deleted", share, hint))
    return tuple(found)


_DELETING = frozenset({StepAction.DELETE, StepAction.REPLACE})


def refuse_unsafe(plan: Plan, policy: Limits, allow_deletes: int | None = None) -> None:
    """Raise `UnsafePlan` with the first objection, if there is one."""
    for problem in objections(plan, policy, allow_deletes):
        raise UnsafePlan(f"{problem.summary}: {problem.detail}", hint=problem.hint)
