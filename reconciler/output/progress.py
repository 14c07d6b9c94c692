"""Shows what the engine is doing while it does it: a bar on a terminal, a line per event elsewhere.

Listeners are called from several threads; a lock keeps their lines whole. They never raise: a closed stream is silence.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.core.events import (
    ApplyStarted,
    Event,
    Progress,
    Refreshed,
    RefreshStarted,
    RequestSent,
    Settled,
    StepDone,
    StepFailed,
    StepSkipped,
    StepStarted,
    Waiting,
    Warned,
)
from reconciler.output.document import Line, Span, Style, hint, line

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from reconciler.output.terminal import Screen

HEARTBEAT = 10.0
"""Seconds between lines about reading that goes on, where there is no bar."""


@dataclass(slots=True)
class Counter:
    """How far the run is, for the `[3/50]` before lines and for the bar, and what has been said to be settled."""

    total: int = 0
    done: int = 0
    settled: set[str] = field(default_factory=set)

    def mark(self) -> str:
        """`[ 3/50] `, or nothing when the total is not known."""
        width = len(str(self.total))
        return f"[{self.done:>{width}}/{self.total}] " if self.total else ""


class LineProgress:
    """Prints events as lines. `level` 0 says what is done, 1 also what begins and every request, -1 only warnings."""

    def __init__(self, screen: Screen, *, level: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen, self._level, self._clock = screen, level, clock
        self._lock = threading.Lock()
        self._counter = Counter()
        self._said = clock()

    def __enter__(self) -> LineProgress:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def pause(self) -> None:
        """Nothing to take away."""

    def on_event(self, event: Event) -> None:
        """Print what an event says."""
        with self._lock:
            count(self._counter, event)
            if isinstance(event, Refreshed | Progress) and not self._is_due():
                return
            rows = describe(event, self._counter, self._level)
            if rows:
                self._print(rows)

    def _is_due(self) -> bool:
        if self._level < 0 or self._clock() - self._said < HEARTBEAT:
            return False
        self._said = self._clock()
        return True

    def _print(self, rows: list[Line]) -> None:
        try:
            self._screen.write(rows)
            self._screen.stream.flush()
        except (OSError, ValueError):
            self._level = -2


class BarProgress:
    """Shows a bar while reading and applying; failures and warnings stand above it. Use it as a context manager."""

    def __init__(self, screen: Screen, *, level: int = 0) -> None:
        self._screen, self._level = screen, level
        self._lock = threading.Lock()
        self._counter = Counter()
        self._bar: RichProgress | None = None
        self._task: Any = None

    def __enter__(self) -> BarProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()

    def pause(self) -> None:
        """Take the bar away, so that something else can be printed; the next stretch of work brings another."""
        with self._lock:
            self._stop()

    def on_event(self, event: Event) -> None:
        """Move the bar, and print above it what should stay."""
        with self._lock:
            count(self._counter, event)
            if isinstance(event, RefreshStarted | ApplyStarted):
                self._stop()
                words = "Reading GitLab" if isinstance(event, RefreshStarted) else "Applying"
                self._start(words, event.total)
            elif isinstance(event, Progress):
                if self._bar is None:
                    self._start(event.text, event.total)
                else:
                    self._bar.update(self._task, description=event.text)
                if event.total:
                    self._counter.total, self._counter.done = event.total, event.done
            elif isinstance(event, Waiting) and self._bar is not None:
                self._bar.update(self._task, description=f"Waiting {event.seconds:.0f} s: {event.why}")
            elif not isinstance(event, Refreshed) and (rows := describe(event, self._counter, self._level)):
                self._above(rows)
            if self._bar is not None:
                self._bar.update(self._task, completed=self._counter.done, total=self._counter.total or None)
                if self._counter.total and self._counter.done >= self._counter.total:
                    self._stop()

    def _start(self, words: str, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bar = Bar(*columns, console=self._screen.console(), transient=True)
        self._bar.start()
        self._task = self._bar.add_task(words, total=total or None)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _above(self, rows: list[Line]) -> None:
        from reconciler.output.terminal import renderables

        if self._bar is None:
            self._screen.write(rows)
        else:
            for row in renderables(rows):
                self._bar.console.print(row)


def count(counter: Counter, event: Event) -> None:
    """Move the counter on with an event."""
    match event:
        case RefreshStarted(total=total) | ApplyStarted(total=total):
            counter.total, counter.done = total, 0
        case Refreshed() | StepDone() | StepFailed() | StepSkipped():
            counter.done += 1


def describe(event: Event, counter: Counter, level: int) -> list[Line]:
    """An event as lines; nothing for events that `level` leaves out."""
    found = _SAID.get(type(event))
    if found is None or level < found.level:
        return []
    return found.say(event, counter)


# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Saying:
    level: int
    say: Callable[[Any, Counter], list[Line]] = field(repr=False)


def _done(event: StepDone, counter: Counter) -> list[Line]:
    seconds = f" in {event.seconds:.1f} s" if event.seconds >= 1 else ""
    return [
        line(counter.mark(), Span(f"{event.action} ", Style.GOOD), event.address, Span(f" done{seconds}", Style.MUTED))
    ]


def _failed(event: StepFailed, counter: Counter) -> list[Line]:
    rows = [
        line(counter.mark(), Span(f"{event.action} ", Style.BAD), event.address, ": ", Span(event.message, Style.BAD))
    ]
    return [*rows, hint(event.hint, indent=4)] if event.hint else rows


def _skipped(event: StepSkipped, counter: Counter) -> list[Line]:
    return [line(counter.mark(), Span(f"{event.action} ", Style.WARNING), event.address, f" skipped: {event.because}")]


def _settled(event: Settled, counter: Counter) -> list[Line]:
    if event.address in counter.settled:  # planning and applying both look at what was left open
        return []
    counter.settled.add(event.address)
    return [line("settled ", event.action, " ", Span(event.address, Style.NAME), f": {event.outcome}")]


def _warned(event: Warned, _counter: Counter) -> list[Line]:
    rows = [line(Span("warning: ", Style.WARNING), event.message)]
    return [*rows, hint(event.hint, indent=2)] if event.hint else rows


def _request(event: RequestSent, _counter: Counter) -> list[Line]:
    again = f" attempt {event.attempt}" if event.attempt > 1 else ""
    request = f" request {event.request_id}" if event.request_id else ""
    status = event.status or "no answer"
    said = f"{event.method} {event.path} → {status} in {event.milliseconds} ms{again}{request}"
    return [line(Span(said, Style.MUTED))]


def _going(text: str, counter: Counter) -> list[Line]:
    return [line(counter.mark(), Span(text, Style.MUTED))]


_SAID: Mapping[type[Event], _Saying] = {
    RefreshStarted: _Saying(1, lambda e, c: [line(Span(f"reading {e.total} lists from GitLab", Style.MUTED))]),
    Refreshed: _Saying(0, lambda e, c: _going("reading GitLab", c)),
    Progress: _Saying(0, lambda e, c: _going(e.text, c)),
    StepStarted: _Saying(1, lambda e, c: _going(f"{e.action} {e.address} begins", c)),
    StepDone: _Saying(0, _done),
    StepFailed: _Saying(-1, _failed),
    StepSkipped: _Saying(-1, _skipped),
    Settled: _Saying(0, _settled),
    Waiting: _Saying(0, lambda e, c: [line(Span(f"waiting {e.seconds:.0f} s: {e.why}", Style.MUTED))]),
    Warned: _Saying(-1, _warned),
    RequestSent: _Saying(1, _request),
}
