"""Findings for merge requests and cases for test reports, made of problems, drift, steps and what cannot be decided.

Pure. `summary` puts them together, `reports` writes them down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.core.address import Address
from reconciler.core.errors import Problem, Severity
from reconciler.core.plan import Change, Plan, Step
from reconciler.output.changes import drift_row, row_of


class Verdict(StrEnum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to be seen in a merge request. `rule`, `subject` and `field` make its fingerprint."""

    rule: str
    subject: str
    text: str
    field: str = ""
    severity: str = "major"
    path: str = ""
    line: int = 1

    def at(self, path: str) -> Finding:
        """The same with another name for its file."""
        return replace(self, path=path, subject=path if self.subject == self.path else self.subject)


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a test report: `group` is shown as the suite."""

    group: str
    name: str
    verdict: Verdict = Verdict.PASSED
    text: str = ""
    path: str = ""
    seconds: float = 0.0

    def at(self, path: str) -> Case:
        """The same with another name for its file."""
        return replace(self, path=path, name=path if self.name == self.path else self.name)


_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor"}


def finding(one: Problem) -> Finding:
    """A problem as a finding at its place."""
    place = one.place
    return Finding(
        rule=one.summary,
        subject=one.address or (place.file if place else ""),
        field=one.detail,
        text=f"{one.summary}{': ' + one.detail if one.detail else ''}{'. Hint: ' + one.hint if one.hint else ''}",
        severity=_SEVERITIES[one.severity],
        path=place.file if place else "",
        line=place.line if place else 1,
    )


def drift_findings(plan: Plan) -> Iterable[Finding]:
    """One finding for each field that somebody else moved, and for each object that was removed."""
    sources = {step.address: source(step) for step in plan.steps}
    for address, changes in plan.drift.items():
        for change in changes:
            text = f"{address}: {drifted(change)}"
            yield Finding("drift", address, text, change.field, "minor", *sources.get(address, ("", 1)))
    for address in plan.gone:
        yield Finding(
            "removed outside", address, f"{address} was removed outside", "", "major", *sources.get(address, ("", 1))
        )


def blocked_findings(plan: Plan) -> Iterable[Finding]:
    """One finding for each address that cannot be decided."""
    for one in plan.blocked:
        yield Finding("cannot be decided", one.address, f"{one.address}: {one.reason}")


def blocked_cases(plan: Plan) -> Iterable[Case]:
    """One case that could not be tried for each address that cannot be decided."""
    return (Case(suite(one.address), one.address, Verdict.ERROR, one.reason) for one in plan.blocked)


def file_case(name: str, found: Sequence[Problem]) -> Case:
    """A file as a case, with everything that is wrong in it."""
    failed = any(one.severity is Severity.ERROR for one in found)
    return Case("manifests", name, Verdict.FAILED if failed else Verdict.PASSED, "\n".join(map(str, found)), name)


def problem_case(one: Problem) -> Case:
    """A problem that is in no file as a case."""
    failed = one.severity is Severity.ERROR
    name = f"{one.address}: {one.summary}" if one.address else one.summary
    return Case("policy", name, Verdict.FAILED if failed else Verdict.PASSED, str(one))


def drifted(change: Change) -> str:
    """A moved field in words."""
    row = drift_row(change)
    return f"{row.field}: {row.remark}" if row.secret else f"{row.field}: {row.before} → {row.after}"


def told(step: Step) -> str:
    """A step in words, a line for each field."""
    rows = [row_of(change) for change in step.changes]
    said = [f"{r.field}: (secret)" if r.secret else f"{r.field}: {r.before} → {r.after}" for r in rows]
    return "\n".join([f"{step.action}: {', '.join(step.reasons)}", *said])


def suite(address: str) -> str:
    """What an address is shown under: its section."""
    try:
        return Address.parse(address).section
    except ValueError:
        return "resources"


def source(step: Step) -> tuple[str, int]:
    """The file and line where a step's entry stands, from its `path:line:column`."""
    found = re.fullmatch(r"(.+?)(?::(\d+))?(?::\d+)?", step.source)
    return (found[1], int(found[2] or 1)) if found else ("", 1)
