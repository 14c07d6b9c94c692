"""What a command found, reduced to what reports are made of: counts, findings, cases, figures.

Pure. Every report kind reads this one value, so they cannot tell different stories.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.core.errors import ExitCode, Problem, Severity
from reconciler.core.plan import Change, Plan, StepAction
from reconciler.core.report import Report, StepStatus, Validation
from reconciler.core.resource import NOTHING
from reconciler.output.document import Document, line, plural
from reconciler.output.findings import (
    Case,
    Finding,
    Verdict,
    blocked_cases,
    blocked_findings,
    drift_findings,
    drifted,
    file_case,
    finding,
    problem_case,
    source,
    suite,
    told,
)
from reconciler.output.machine import diagnostics, document, problem


@dataclass(frozen=True, slots=True)
class Summary:
    """What a command found. `counts` are terraform's three; `metrics` are keyed by name and by a label (`is`) or
    several, as pairs of name and value."""

    title: str
    headline: Document
    document: Document
    machine: Mapping[str, Any]
    counts: tuple[int, int, int] | None = None
    findings: tuple[Finding, ...] = ()
    cases: tuple[Case, ...] = ()
    metrics: Mapping[tuple[str, Any], float] = field(default_factory=dict)
    variables: Mapping[str, str] = NOTHING
    plan: Plan | None = None
    brakes: tuple[Problem, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    def named(self, name: Callable[[str], str]) -> Summary:
        """The same with other names for files, in findings and cases."""
        findings = tuple(one.at(name(one.path)) if one.path else one for one in self.findings)
        cases = tuple(one.at(name(one.path)) if one.path else one for one in self.cases)
        return replace(self, findings=findings, cases=cases)


def of_validation(outcome: Validation) -> Summary:
    """What `validate` found; one case per file."""
    from reconciler.output.human.problems import validation
    from reconciler.output.machine import validation as as_data

    shown = validation(outcome)
    by_file: dict[str, list[Problem]] = {name: [] for name in outcome.files} | _by_file(outcome.problems)
    errors = sum(one.severity is Severity.ERROR for one in outcome.problems)
    return Summary(
        title="Validation",
        headline=shown[-1:],
        document=shown,
        machine=as_data(outcome),
        findings=tuple(finding(one) for one in outcome.problems),
        cases=(
            *(file_case(name, found) for name, found in by_file.items()),
            *(problem_case(one) for one in outcome.problems if not one.place),
        ),
        metrics={("reconciler_entries", ""): outcome.entries, **_problem_metrics(outcome.problems)},
        variables={"RECONCILER_VALID": _flag(outcome.ok), "RECONCILER_ERRORS": str(errors)},
    )


def of_problems(found: Sequence[Problem], exit_code: int = ExitCode.FAILED) -> Summary:
    """What stopped a command: problems of its input, or one that is the error itself."""
    from reconciler.output.human.problems import problems

    by_file = _by_file(found)
    errors = sum(one.severity is Severity.ERROR for one in found)
    return Summary(
        title="Problems",
        headline=[line(f"{plural(errors, 'problem')} found")],
        document=problems(found),
        machine=diagnostics(found, exit_code),
        findings=tuple(finding(one) for one in found),
        cases=(
            *(file_case(name, inside) for name, inside in by_file.items()),
            *(problem_case(one) for one in found if not one.place),
        ),
        metrics=_problem_metrics(found),
        variables={"RECONCILER_VALID": "false", "RECONCILER_ERRORS": str(errors)},
    )


def of_plan(plan: Plan, brakes: Sequence[Problem] = ()) -> Summary:
    """A plan; one case per address."""
    from reconciler.core.planformat import plan_to_dict
    from reconciler.output.human.plan import plan as human
    from reconciler.output.human.plan import summary

    problems = tuple(dict.fromkeys((*plan.problems, *brakes)))
    changes = {step.address: step for step in plan.steps}
    cases = [Case(suite(a), a, text=told(s), path=source(s)[0]) for a, s in changes.items()]
    cases += [Case(suite(a), a) for a in plan.unchanged]
    return Summary(
        title=f"Plan for {plan.environment}" if plan.environment else "Plan",
        headline=[summary(plan, brakes=brakes)],
        document=human(plan, brakes=brakes),
        machine=plan_to_dict(plan),
        counts=counted(plan),
        findings=(*(finding(one) for one in problems), *drift_findings(plan), *blocked_findings(plan)),
        cases=(*cases, *blocked_cases(plan), *(problem_case(one) for one in problems)),
        metrics=_plan_metrics(plan),
        variables=_plan_variables(plan),
        plan=plan,
        brakes=tuple(brakes),
        facts=_facts(plan),
    )


def of_drift(plan: Plan) -> Summary:
    """A drift report; one case per address."""
    from reconciler.output.human.drift import drift, summary

    moved = {a: "\n".join(map(drifted, changes)) for a, changes in plan.drift.items()}
    moved |= dict.fromkeys(plan.gone, "removed outside")
    moved |= {a: "written to outside, with no difference that GitLab shows" for a in plan.touched if a not in moved}
    cases = [Case(suite(a), a, Verdict.FAILED, text) for a, text in moved.items()]
    cases += [Case(suite(a), a) for a in plan.unchanged if a not in moved]
    return Summary(
        title=f"Drift of {plan.environment}" if plan.environment else "Drift",
        headline=[summary(plan)],
        document=drift(plan),
        machine=drift_data(plan),
        findings=(*drift_findings(plan), *blocked_findings(plan)),
        cases=(*cases, *blocked_cases(plan)),
        metrics=_plan_metrics(plan),
        variables={
            "RECONCILER_DRIFTED": str(len(moved)),
            "RECONCILER_BLOCKED": str(len(plan.blocked)),
            "RECONCILER_UNMANAGED": str(len(plan.unmanaged)),
        },
        facts=_facts(plan),
    )


def of_report(report: Report, plan: Plan) -> Summary:
    """What became of an apply; one case per step. `counts` are the plan's."""
    from reconciler.output.human.outcome import report as human
    from reconciler.output.human.outcome import summary
    from reconciler.output.machine import report as as_data

    verdicts = {StepStatus.DONE: Verdict.PASSED, StepStatus.FAILED: Verdict.FAILED, StepStatus.SKIPPED: Verdict.SKIPPED}
    cases = [
        Case(
            suite(one.address),
            one.address,
            verdicts[one.status],
            f"{one.action} {one.message}".rstrip(),
            "",
            one.seconds,
        )
        for one in report.outcomes
    ]
    sources = {step.address: source(step) for step in plan.steps}
    findings = [
        Finding(
            "apply failed",
            one.address,
            f"{one.action} failed: {one.message}",
            "",
            "major",
            *sources.get(one.address, ("", 1)),
        )
        for one in report.of(StepStatus.FAILED)
    ]
    tallies = {status: len(report.of(status)) for status in StepStatus}
    return Summary(
        title=f"Apply to {plan.environment}" if plan.environment else "Apply",
        headline=[summary(report)],
        document=human(report),
        machine=as_data(report),
        counts=counted(plan),
        findings=tuple(findings),
        cases=tuple(cases),
        metrics={
            **{("reconciler_steps", status.value): number for status, number in tallies.items()},
            ("reconciler_requests", ""): report.requests,
            ("reconciler_seconds", ""): round(report.seconds, 3),
        },
        variables={f"RECONCILER_{status.upper()}": str(number) for status, number in tallies.items()},
        facts=_facts(plan),
    )


def drift_data(plan: Plan) -> dict[str, Any]:
    """A drift report as a JSON answer; secret fields are named without values."""
    drifted = [
        {"address": address, "fields": [_change_data(change) for change in changes]}
        for address, changes in plan.drift.items()
    ]
    return document(
        "drift",
        environment=plan.environment,
        gitlab_url=plan.gitlab_url,
        drifted=drifted,
        removed_outside=list(plan.gone),
        touched=list(plan.touched),
        unmanaged=[{"scope": scope, "what": what, "name": name} for scope, what, name in plan.unmanaged],
        blocked=[{"address": one.address, "reason": one.reason} for one in plan.blocked],
        unverified=list(plan.unverified),
        problems=[problem(one) for one in plan.problems],
    )


def counted(plan: Plan) -> tuple[int, int, int]:
    """Created, updated and deleted as GitLab's plan widget counts: a replacement is one of the first and last."""
    replaced = plan.count(StepAction.REPLACE)
    created = plan.count(StepAction.CREATE) + replaced
    updated = plan.count(StepAction.UPDATE) + sum(s.action is StepAction.ADOPT and s.writes for s in plan.steps)
    return created, updated, plan.count(StepAction.DELETE) + replaced


# ---------------------------------------------------------------------------------------------------------------------


def _by_file(found: Sequence[Problem]) -> dict[str, list[Problem]]:
    """Problems by the file that they are in; those that are in none are left out."""
    files: dict[str, list[Problem]] = {}
    for one in found:
        if one.place:
            files.setdefault(one.place.file, []).append(one)
    return files


def _problem_metrics(found: Sequence[Problem]) -> dict[tuple[str, str], float]:
    errors = sum(one.severity is Severity.ERROR for one in found)
    return {("reconciler_problems", "error"): errors, ("reconciler_problems", "warning"): len(found) - errors}


def _change_data(change: Change) -> dict[str, Any]:
    if change.secret:
        return {"field": change.field, "secret": True}
    return {"field": change.field, "recorded": change.recorded, "live": change.live, "desired": change.desired}


def _plan_metrics(plan: Plan) -> dict[tuple[str, str], float]:
    pending = {("reconciler_pending", action.value): float(plan.count(action)) for action in StepAction}
    return {
        **pending,
        ("reconciler_unchanged", ""): len(plan.unchanged),
        ("reconciler_recorded", ""): plan.records,
        ("reconciler_drifted", ""): len(plan.drift) + len(plan.gone),
        ("reconciler_blocked", ""): len(plan.blocked),
        ("reconciler_forecast_requests", ""): plan.forecast,
    }


def _plan_variables(plan: Plan) -> dict[str, str]:
    created, updated, deleted = counted(plan)
    return {
        "RECONCILER_CHANGES": str(len(plan.steps)),
        "RECONCILER_CREATE": str(created),
        "RECONCILER_UPDATE": str(updated),
        "RECONCILER_DELETE": str(deleted),
        "RECONCILER_DESTRUCTIVE": _flag(deleted > 0),
        "RECONCILER_DRIFTED": str(len(plan.drift) + len(plan.gone)),
        "RECONCILER_BLOCKED": str(len(plan.blocked)),
        "RECONCILER_ENVIRONMENT": plan.environment,
    }


def _facts(plan: Plan) -> dict[str, str]:
    facts = {"environment": plan.environment, "GitLab": plan.gitlab_url, "reconciler": plan.tool_version}
    return {name: value for name, value in facts.items() if value}


def _flag(value: bool) -> str:
    return "true" if value else "false"
