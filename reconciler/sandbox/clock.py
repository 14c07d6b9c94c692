"""The time of a sandbox: the wall clock with an offset, or a clock that only tests move.

The only place of the sandbox, beside its fronts, that reads the wall clock.
"""

from __future__ import annotations

import time


class Clock:
    """Wall time (Unix seconds) plus an offset that `advance` adds to."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """The moment it is."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.offset += seconds

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass."""
        if seconds > 0:
            time.sleep(seconds)


class ManualClock(Clock):
    """Stands still until moved; waiting moves it."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.start = start

    def now(self) -> float:
        """The moment it is."""
        return self.start + self.offset

    def wait(self, seconds: float) -> None:
        """Move on by `seconds`, at once."""
        self.advance(seconds)
