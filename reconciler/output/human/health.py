"""Shows health: what was found, what is broken, and how one address fared over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reconciler.core.health import WORST, Figures, HealthHistory, HealthReport, HealthResult
from reconciler.core.resource import Health
from reconciler.output.document import BLANK, Document, Line, Span, Style, Table, heading, hint, line, plural, table
from reconciler.output.human.problems import problem

MOST_HEALTHY = 40
"""Above this many only what is not healthy is listed."""
PLOT_WIDTH, PLOT_HEIGHT = 60, 6

_LOOKS = {
    Health.HEALTHY: Style.GOOD,
    Health.DEGRADED: Style.CHANGED,
    Health.UNHEALTHY: Style.BAD,
    Health.UNKNOWN: Style.MUTED,
}
_MARKS = {Health.HEALTHY: "=", Health.DEGRADED: "~", Health.UNHEALTHY: "X", Health.UNKNOWN: "?"}
_EIGHTHS = " ▁▂▃▄▅▆▇█"


def report(found: HealthReport, *, verbose: bool = False, following: str = "") -> Document:
    """What a check found, the worst first; `following` is the command to run next."""
    ordered = sorted(found.results, key=lambda r: (WORST.index(r.status), r.address.lower()))
    listed = ordered if verbose or len(ordered) <= MOST_HEALTHY else [r for r in ordered if r.status is not WORST[-1]]
    blocks: list[Line | Table] = [results(listed), BLANK] if listed else []
    for change in found.transitions:
        was = Span(f" (was {change.before.value})", Style.MUTED)
        blocks.append(line("changed: ", change.address, " is ", Span(change.after.value, _LOOKS[change.after]), was))
    if found.transitions:
        told = {True: "The change was told.", False: "The change could not be told.", None: ""}[found.told]
        blocks += [line(told), BLANK] if told else [BLANK]
    for one in found.problems:
        blocks += [*problem(one), BLANK]
    return [*blocks, summary(found, following=following)]


def results(found: Iterable[HealthResult]) -> Table:
    """Results as a table."""
    rows = [
        (
            Span(one.status.value, _LOOKS[one.status]),
            _ms(one.response_time_ms),
            Span(one.address, Style.NAME),
            one.sentence + (f" (as {one.shared_with})" if one.shared_with else ""),
        )
        for one in found
    ]
    return table(("HEALTH", "MS", "ADDRESS", "WHAT"), rows)


def summary(found: HealthReport, *, following: str = "") -> Line:
    """The last line: how many of each, and the command to run next."""
    if not found.results:
        return line("Nothing is declared that could be asked.")
    counts = Counter(one.status for one in found.results)
    said = ", ".join(f"{counts[status]} {status.value}" for status in WORST if counts[status])
    worst = next(status for status in WORST if counts[status])
    return line(Span(said, _LOOKS[worst]), ".", f" Next: {following}" if following else "")


def unhealthy(found: Sequence[HealthResult]) -> Document:
    """What was broken when it was checked last."""
    if not found:
        return [line(Span("Nothing was unhealthy", Style.GOOD), " when it was checked last.")]
    rows = [(Span(one.address, Style.NAME), one.last_check, one.sentence) for one in found]
    last = line(Span(f"{len(found)} unhealthy", Style.BAD), ". `reconciler health check` asks again.")
    return [table(("ADDRESS", "CHECKED", "WHAT"), rows), BLANK, last]


def history(found: HealthHistory) -> Document:
    """How one address fared: figures, response times as a plot with its states below, and the newest results."""
    if not found.results:
        return [line(f"Nothing is kept about {found.address}."), hint("`reconciler health check` asks")]
    figures = found.figures
    blocks: list[Line | Table] = [heading(found.address), *_figures(figures), BLANK]
    blocks += [*plot(found.results), BLANK]
    rows = [
        (one.last_check, Span(one.status.value, _LOOKS[one.status]), _ms(one.response_time_ms), one.sentence)
        for one in found.results
    ]
    return [*blocks, table(("CHECKED", "HEALTH", "MS", "WHAT"), rows)]


def plot(results: Sequence[HealthResult], width: int = PLOT_WIDTH, height: int = PLOT_HEIGHT) -> list[Line]:
    """Response times from the oldest to the newest as bars, the states as a row of marks below them."""
    shown = list(reversed(results[:width]))
    times = [one.response_time_ms or 0 for one in shown]
    top = max(times, default=0)
    rows = []
    if top:
        levels = [round(time / top * height * 8) for time in times]
        for row in range(height - 1, -1, -1):
            bars = "".join(_EIGHTHS[min(max(level - row * 8, 0), 8)] for level in levels)
            label = f"{top} ms" if row == height - 1 else "0" if row == 0 else ""
            rows.append(line(Span(f"{label:>9} ", Style.MUTED), bars, hang=0))
    marks = [Span(_MARKS[one.status], _LOOKS[one.status]) for one in shown]
    legend = ", ".join(f"{_MARKS[status]} {status.value}" for status in WORST if any(o.status is status for o in shown))
    return [*rows, line(Span(" " * 10), *marks, hang=0), line(Span(f"{' ' * 10}{legend}", Style.MUTED), hang=0)]


# ---------------------------------------------------------------------------------------------------------------------


def _ms(value: int | None) -> str:
    return "" if value is None else str(value)


def _figures(figures: Figures) -> list[Line]:
    rows = []
    if figures.p50 is not None:
        spread = f"p50 {figures.p50} ms, p90 {figures.p90} ms, p99 {figures.p99} ms"
        rows.append(line(Span("response time: ", Style.NAME), spread))
    if figures.uptime is not None:
        share = f"{figures.uptime:.1%} of {plural(figures.checks, 'check')}"
        rows.append(line(Span("working: ", Style.NAME), share))
    since = f"since {figures.since}" + (f", {figures.before.value} before" if figures.before else "")
    return [*rows, line(Span("unchanged: ", Style.NAME), since)]
