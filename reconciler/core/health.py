"""What health is told in: results, their history, figures, changes that people are told of. Pure.

Times are ISO 8601 in UTC (`2026-11-06T10:30:00Z`), which compare as texts; response times are milliseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.errors import Place, Problem
from reconciler.core.resource import NOTHING, Health
from reconciler.core.value import Plain

TOKEN = "@token"
"""The address under which our own token's health is told."""

WORST = (Health.UNHEALTHY, Health.DEGRADED, Health.UNKNOWN, Health.HEALTHY)
"""From the worst to the best."""


@dataclass(frozen=True, slots=True)
class HealthResult:
    """What one check found. `response_time_ms` is the longest that one answer took (None: nothing was asked).

    `shared_with` is the address whose check spoke for this one too, because nothing that was asked differs; `place` is
    where the entry is declared (known only to the run that checked).
    """

    address: str
    kind: str
    status: Health
    response_time_ms: int | None
    last_check: str
    sentence: str = ""
    facts: Mapping[str, Plain] = NOTHING
    shared_with: str = ""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of health that people should know."""

    address: str
    kind: str
    before: Health
    after: Health
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What a run found. `transitions` are the changes; `told` says that the chat took them (None: it was not asked)."""

    results: tuple[HealthResult, ...] = ()
    transitions: tuple[Transition, ...] = ()
    told: bool | None = None
    problems: tuple[Problem, ...] = ()
    checked_at: str = ""
    seconds: float = 0.0
    requests: int = 0

    def of(self, *statuses: Health) -> tuple[HealthResult, ...]:
        """The results with one of these statuses."""
        return tuple(result for result in self.results if result.status in statuses)

    @property
    def broken(self) -> tuple[HealthResult, ...]:
        """What does not work, or only in part."""
        return self.of(Health.UNHEALTHY, Health.DEGRADED)


@dataclass(frozen=True, slots=True)
class Figures:
    """What many results of one address come to.

    `uptime` is the share of healthy and degraded among the results that could tell. `since` is when the newest status
    was first seen, `before` the status that it followed (None: none is known).
    """

    checks: int = 0
    uptime: float | None = None
    p50: int | None = None
    p90: int | None = None
    p99: int | None = None
    since: str = ""
    before: Health | None = None


@dataclass(frozen=True, slots=True)
class HealthHistory:
    """The kept results of one address, newest first, and what all of them come to."""

    address: str
    results: tuple[HealthResult, ...] = ()
    figures: Figures = Figures()


def figures_of(results: Sequence[HealthResult]) -> Figures:
    """Figures of one address's results, newest first."""
    if not results:
        return Figures()
    times = sorted(r.response_time_ms for r in results if r.response_time_ms is not None)
    telling = [r for r in results if r.status is not Health.UNKNOWN]
    up = sum(r.status is not Health.UNHEALTHY for r in telling)
    newest = results[0]
    run = next((n for n, r in enumerate(results) if r.status is not newest.status), len(results))
    return Figures(
        len(results),
        up / len(telling) if telling else None,
        _percentile(times, 0.5),
        _percentile(times, 0.9),
        _percentile(times, 0.99),
        results[run - 1].last_check,
        results[run].status if run < len(results) else None,
    )


def merged(*histories: Iterable[HealthResult]) -> tuple[HealthResult, ...]:
    """Results of one address from several places, each once, newest first; earlier places win.

    Results of one second may look the same: as many of them are kept as one place has.
    """
    found: dict[tuple[str, Health, int | None, int], HealthResult] = {}
    for results in histories:
        seen: Counter[tuple[str, Health, int | None]] = Counter()
        for result in results:
            looks = (result.last_check, result.status, result.response_time_ms)
            seen[looks] += 1
            found.setdefault((*looks, seen[looks]), result)
    return tuple(sorted(found.values(), key=lambda result: result.last_check, reverse=True))


# ---------------------------------------------------------------------------------------------------------------------


def _percentile(ordered: Sequence[int], share: float) -> int | None:
    """The smallest value that at least this share of all does not exceed."""
    if not ordered:
        return None
    rank = -(-len(ordered) * round(share * 100) // 100)
    return ordered[max(rank, 1) - 1]
