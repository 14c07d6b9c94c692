"""An estate at a glance, as a document and as the summary that reports are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.core.overview import Overview
from reconciler.core.plan import Plan
from reconciler.core.resource import Health
from reconciler.output.document import BLANK, Document, Line, Span, Style, Table, heading, line, listed, plural, table
from reconciler.output.findings import Case, Verdict, drifted, suite
from reconciler.output.human.drift import summary as drift_line
from reconciler.output.machine import document
from reconciler.output.summary import Summary, drift_data

MOST_SCOPES = 50

_VERDICTS = {
    Health.HEALTHY: Verdict.PASSED,
    Health.DEGRADED: Verdict.FAILED,
    Health.UNHEALTHY: Verdict.FAILED,
    Health.UNKNOWN: Verdict.SKIPPED,
}


def of_overview(found: Overview) -> Summary:
    """An estate as a summary; one case per checked or drifted address."""
    shown = overview(found)
    return Summary(
        title=f"Estate of {found.environment}" if found.environment else "Estate",
        headline=shown[:1],
        document=shown,
        machine=_data(found),
        cases=tuple(_cases(found)),
        metrics=_metrics(found),
        facts={name: value for name, value in (("GitLab", found.gitlab_url), ("at", found.at)) if value},
    )


def overview(found: Overview) -> Document:
    """An estate as a document, the most telling line first."""
    state = found.state
    said = f"{plural(len(state.records), 'resource')} at {plural(len(found.scopes), 'scope')}, serial {state.serial}"
    rows: list[Line | Table] = [line(said, f", written {found.written_at}" if found.written_at else "", "."), BLANK]
    rows += _counts("KIND", found.kinds)
    rows += _counts("SCOPE", found.scopes)
    if found.open:
        rows += [heading("Left open by an interrupted run, settled by the next apply:")]
        rows += [line(listed(found.open), indent=2), BLANK]
    for name, count in found.conditions.items():
        rows.append(line(f"{plural(count, 'resource')} {_CONDITIONS.get(name, name)}"))
    if found.conditions:
        rows.append(BLANK)
    return [*rows, *_health(found), *_drift(found)]


# ---------------------------------------------------------------------------------------------------------------------

_CONDITIONS = {
    "revoked": "revoked, and not made again until restored",
    "undelivered": "with credentials that were not delivered",
    "unverified": "with secrets of which nothing is known yet",
}


def _counts(head: str, counts: Mapping[str, int]) -> Iterable[Line | Table]:
    if counts:
        yield table((head, "COUNT"), [(name, str(count)) for name, count in list(counts.items())[:MOST_SCOPES]])
        if len(counts) > MOST_SCOPES:
            yield line(Span(f"and {len(counts) - MOST_SCOPES} more", Style.MUTED))
        yield BLANK


def _health(found: Overview) -> Iterable[Line | Table]:
    if not found.health:
        return
    said = ", ".join(f"{count} {status.value}" for status, count in found.statuses.items())
    yield line("Health when it was checked last: ", said, ".")
    broken = (*found.of(Health.UNHEALTHY), *found.of(Health.DEGRADED))
    if broken:
        yield table(
            ("HEALTH", "ADDRESS", "CHECKED", "WHAT"),
            [(one.status.value, one.address, one.last_check, one.sentence) for one in broken],
        )


def _drift(found: Overview) -> Iterable[Line]:
    if found.drift is None:
        return
    for address, changes in found.drift.drift.items():
        yield line(Span(address, Style.NAME), "  ", "; ".join(map(drifted, changes)), indent=2)
    for address in found.drift.gone:
        yield line(Span(address, Style.NAME), "  removed outside", indent=2)
    yield drift_line(found.drift)


def _cases(found: Overview) -> Iterable[Case]:
    for one in found.health:
        yield Case(suite(one.address), one.address, _VERDICTS[one.status], f"{one.status.value}: {one.sentence}")
    for address in found.open:
        yield Case(suite(address), address, Verdict.ERROR, "left open by an interrupted run")
    if found.drift:
        for address, changes in found.drift.drift.items():
            yield Case(suite(address), address, Verdict.FAILED, "drifted: " + "; ".join(map(drifted, changes)))
        for address in found.drift.gone:
            yield Case(suite(address), address, Verdict.FAILED, "removed outside")


def _metrics(found: Overview) -> dict[tuple[str, str], float]:
    figures: dict[tuple[str, str], float] = {
        ("reconciler_recorded", ""): len(found.state.records),
        ("reconciler_scopes", ""): len(found.scopes),
        ("reconciler_state_serial", ""): found.state.serial,
        ("reconciler_open_steps", ""): len(found.open),
    }
    figures |= {("reconciler_entries", kind): count for kind, count in found.kinds.items()}
    figures |= {("reconciler_condition", name): count for name, count in found.conditions.items()}
    figures |= {("reconciler_health", status.value): count for status, count in found.statuses.items()}
    if found.drift:
        figures["reconciler_drifted", ""] = len(found.drift.drift) + len(found.drift.gone)
        figures["reconciler_blocked", ""] = len(found.drift.blocked)
    return figures


def _data(found: Overview) -> dict[str, object]:
    return document(
        "overview",
        at=found.at,
        environment=found.environment,
        gitlab_url=found.gitlab_url,
        serial=found.state.serial,
        lineage=found.state.lineage,
        written_at=found.written_at,
        resources=len(found.state.records),
        kinds=dict(found.kinds),
        scopes=dict(found.scopes),
        conditions=dict(found.conditions),
        open=list(found.open),
        health=[
            {"address": one.address, "status": one.status.value, "last_check": one.last_check, "sentence": one.sentence}
            for one in found.health
        ],
        drift=None if found.drift is None else _drift_data(found.drift),
    )


def _drift_data(plan: Plan) -> dict[str, object]:
    data = drift_data(plan)
    return {name: data[name] for name in ("drifted", "removed_outside", "touched", "blocked")}
