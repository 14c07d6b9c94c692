"""Health as data for programs, and as what reports are made of. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from reconciler.core.health import Figures, HealthHistory, HealthReport, HealthResult
from reconciler.core.resource import Health
from reconciler.output.findings import Case, Finding, Verdict, suite
from reconciler.output.human import health as human
from reconciler.output.machine import document, problem
from reconciler.output.summary import Summary

_VERDICTS = {
    Health.HEALTHY: Verdict.PASSED,
    Health.DEGRADED: Verdict.PASSED,
    Health.UNHEALTHY: Verdict.FAILED,
    Health.UNKNOWN: Verdict.SKIPPED,
}
_SEVERITIES = {Health.UNHEALTHY: "critical", Health.DEGRADED: "minor"}


def summary(found: HealthReport) -> Summary:
    """A check; one case per address, a finding for each that does not work as it should."""
    counts = Counter(one.status for one in found.results)
    return Summary(
        title="Health",
        headline=[human.summary(found)],
        document=human.report(found),
        machine=data(found),
        findings=tuple(_finding(one) for one in found.broken),
        cases=tuple(_case(one) for one in found.results),
        metrics=metrics(found),
        variables={f"RECONCILER_{status.upper()}": str(counts[status]) for status in Health},
        facts={"checked": found.checked_at},
    )


def metrics(found: HealthReport) -> dict[tuple[str, Any], float]:
    """Figures for Prometheus: how many of each status, and per address its health and its response time."""
    counts = Counter(one.status for one in found.results)
    figures: dict[tuple[str, Any], float] = {("reconciler_health", s.value): float(counts[s]) for s in Health}
    for one in found.results:
        labels = (("address", one.address), ("kind", one.kind))
        if one.status is not Health.UNKNOWN:
            figures["reconciler_up", labels] = float(one.status is not Health.UNHEALTHY)
        if one.response_time_ms is not None:
            figures["reconciler_response_seconds", labels] = one.response_time_ms / 1000
    return figures


def data(found: HealthReport) -> dict[str, Any]:
    """A check as a JSON answer."""
    counts = Counter(one.status for one in found.results)
    return document(
        "health",
        checked_at=found.checked_at,
        counts={status.value: counts[status] for status in Health},
        results=[result(one) for one in found.results],
        transitions=[
            {"address": t.address, "kind": t.kind, "before": t.before.value, "after": t.after.value}
            for t in found.transitions
        ],
        told=found.told,
        problems=[problem(one) for one in found.problems],
    )


def unhealthy(found: Iterable[HealthResult]) -> dict[str, Any]:
    """What was broken when it was checked last, as a JSON answer."""
    return document("unhealthy", results=[result(one) for one in found])


def history(found: HealthHistory) -> dict[str, Any]:
    """The kept results of one address as a JSON answer."""
    return document(
        "health_history",
        address=found.address,
        figures=_figures(found.figures),
        results=[result(one) for one in found.results],
    )


def result(one: HealthResult) -> dict[str, Any]:
    """One result as data; what is not there is left out, the response time excepted."""
    known = {"address": one.address, "kind": one.kind, "status": one.status.value}
    more = {"sentence": one.sentence, "facts": dict(one.facts), "shared_with": one.shared_with}
    shown: dict[str, Any] = {**known, "response_time_ms": one.response_time_ms, "last_check": one.last_check}
    return {**shown, **{name: value for name, value in more.items() if value}}


# ---------------------------------------------------------------------------------------------------------------------


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "checks": figures.checks,
        "uptime": None if figures.uptime is None else round(figures.uptime, 4),
        "p50_ms": figures.p50,
        "p90_ms": figures.p90,
        "p99_ms": figures.p99,
        "since": figures.since,
        "before": figures.before.value if figures.before else None,
    }


def _finding(one: HealthResult) -> Finding:
    path, line = (one.place.file, one.place.line) if one.place else ("", 1)
    return Finding(
        one.status.value, one.address, f"{one.address}: {one.sentence}", "", _SEVERITIES[one.status], path, line
    )


def _case(one: HealthResult) -> Case:
    text = f"{one.status.value}: {one.sentence}" if one.status is not Health.HEALTHY else ""
    path = one.place.file if one.place else ""
    return Case(suite(one.address), one.address, _VERDICTS[one.status], text, path, (one.response_time_ms or 0) / 1000)
