"""The brakes: how many deletions an apply may make, number by number."""

from __future__ import annotations

import pytest

from reconciler.core.errors import Problem, Severity, UnsafePlan
from reconciler.core.plan import Plan, Reason, Step, StepAction
from reconciler.core.policy import objections, refuse_unsafe
from reconciler.core.resource import Primitive
from reconciler.core.settings import Policy
from tests.core.objects import SHOP


def step(action: StepAction, number: int, reason: Reason = Reason.UNDECLARED) -> Step:
    return Step(f"myorg/shop:webhooks.h{number}", action, (reason,), Primitive.HOOK, "webhook", "hook", SHOP)


def plan_with(records: int, reason: Reason = Reason.UNDECLARED, **counts: int) -> Plan:
    """A plan with so many steps of each action."""
    steps = [step(StepAction(action), n, reason) for action, count in counts.items() for n in range(count)]
    return Plan(steps=tuple(steps), records=records)


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (plan_with(100, delete=20), ""),
        (plan_with(100, delete=21), "too many deletions: 21 planned, 20 at most"),
        (plan_with(100, delete=20, replace=1), "too many deletions: 21 planned, 20 at most"),
        (plan_with(100, delete=20, update=9, create=9, forget=9, move=9, adopt=9), ""),
        (plan_with(1, delete=1), ""),
        (plan_with(1, replace=1), ""),
        (plan_with(4, delete=2), ""),
        (plan_with(3, delete=2), "too large a share would be deleted: 2 of 3 recorded resources, at most 50%"),
        (plan_with(3, delete=1, replace=1), "too large a share would be deleted: 2 of 3 recorded resources"),
        (plan_with(30, delete=16), "too large a share would be deleted: 16 of 30 recorded resources, at most 50%"),
        (plan_with(30, delete=15), ""),
        (plan_with(1, Reason.INHERITED, delete=40), ""),
    ],
)
def test_deletions_stop_above_twenty_or_at_two_and_more_than_half(plan: Plan, says: str) -> None:
    found = [f"{problem.summary}: {problem.detail}" for problem in objections(plan, Policy())]

    assert len(found) == (1 if says else 0)
    assert all(problem.startswith(says) for problem in found)


@pytest.mark.parametrize(("allowed", "stops"), [(0, True), (20, True), (21, False), (22, False)])
@pytest.mark.parametrize("records", [100, 21])
def test_a_permitted_number_of_deletions_replaces_both_limits(records: int, allowed: int, stops: bool) -> None:
    found = objections(plan_with(records, delete=21), Policy(), allowed)

    assert [problem.detail for problem in found] == ([f"21 planned, {allowed} permitted"] if stops else [])


def test_a_permission_for_fewer_deletions_than_the_limits_allow_holds() -> None:
    assert objections(plan_with(100, delete=2), Policy(), 1)
    assert not objections(plan_with(100, delete=2), Policy())


def test_a_brake_names_the_number_that_releases_it() -> None:
    with pytest.raises(UnsafePlan, match="21 planned") as caught:
        refuse_unsafe(plan_with(100, delete=21), Policy())

    assert "`--allow-deletes 21`" in caught.value.hint


@pytest.mark.parametrize("destroy", [False, True])
def test_errors_of_a_plan_stop_it_and_warnings_do_not(destroy: bool) -> None:
    warned = Plan(problems=(Problem("odd", severity=Severity.WARNING),), destroy=destroy)
    wrong = Plan(problems=(*warned.problems, Problem("protected", "it is", "let it be")), destroy=destroy)

    refuse_unsafe(warned, Policy())
    with pytest.raises(UnsafePlan, match="protected: it is") as caught:
        refuse_unsafe(wrong, Policy(), 1000)
    assert caught.value.hint == "let it be"


def test_consent_to_destroy_releases_the_numbers() -> None:
    many = plan_with(21, delete=21)

    assert objections(many, Policy())
    assert not objections(Plan(steps=many.steps, records=21, destroy=True), Policy())
