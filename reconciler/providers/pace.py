"""When the next request may be sent, so that a server's limits are used up and not overrun.

Pure arithmetic over times that are handed in (seconds since the epoch); one `Pace` belongs to one server and one
token. GitLab's windows are fixed and aligned to the clock: at `RateLimit-Reset` everything is free at once, so the best
plan is to send as fast as possible until nothing remains and to pause until then. `RateLimit-Limit` is per minute
whatever the period, so only `RateLimit-Remaining` and `RateLimit-Reset` are believed.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from reconciler.providers.waits import MARGIN

SKEW = 2.0
"""Clocks this close are taken as equal (a `Date` header has whole seconds)."""

SAME = 1.0
"""Resets this close are those of one window."""
SETTLE = 0.02
"""Seconds to wait where the requests in flight may use up all that remains: their answers will tell."""

BUDGETS: Mapping[str, tuple[int, float]] = {"hook_test": (5, 60.0), "hook_resend": (5, 60.0)}
"""Requests and seconds of endpoint classes with a limit of their own. `Request.budget` is the class's name, with the
scope that the limit counts for after a colon (`hook_test:myorg/shop`)."""


class Pace:
    """What is known of one server's patience. Every `before` that answered 0 is followed by one `after`."""

    def __init__(self) -> None:
        self._remaining: int | None = None
        self._reset = 0.0
        self._flying = 0
        self._closed: dict[str, float] = {}
        self._sent: dict[str, deque[float]] = {}

    def before(self, budget: str, now: float) -> float:
        """Seconds to wait before a request of this class may go; 0 means that it may, and that it has been counted."""
        wait = max(self._closed.get("", 0.0) - now, self._closed.get(budget, 0.0) - now, self._budget(budget, now))
        if self._remaining is not None:
            if now >= self._reset:
                self._remaining = None
            elif self._remaining <= 0:
                wait = max(wait, self._reset - now)
            elif self._remaining <= self._flying:
                wait = max(wait, SETTLE)
        if wait > 0:
            return wait
        self._flying += 1
        if budget.partition(":")[0] in BUDGETS:
            self._sent.setdefault(budget, deque()).append(now)
        return 0.0

    def after(self, headers: Mapping[str, str], now: float) -> None:
        """A request has been answered (or lost: no headers); learn from its `RateLimit-*` headers."""
        self._flying -= 1
        remaining, reset = headers.get("ratelimit-remaining", ""), headers.get("ratelimit-reset", "")
        if not (remaining.isdigit() and reset.isdigit() and len(reset) <= 12):
            return
        at = float(reset) - _skew(headers, now) + MARGIN
        if at <= now:
            return
        if self._remaining is not None and abs(at - self._reset) < SAME:
            self._remaining = min(self._remaining, int(remaining))
        elif self._remaining is None or at > self._reset:
            self._remaining, self._reset = int(remaining), at

    def refused(self, budget: str, until: float) -> None:
        """The server refused: nothing of this class (of any, for an empty one) before `until`."""
        self._closed[budget] = max(until, self._closed.get(budget, 0.0))

    def _budget(self, budget: str, now: float) -> float:
        limit = BUDGETS.get(budget.partition(":")[0])
        sent = self._sent.get(budget)
        if limit is None or not sent:
            return 0.0
        count, seconds = limit
        while sent and sent[0] <= now - seconds:
            sent.popleft()
        return sent[0] + seconds + MARGIN - now if len(sent) >= count else 0.0


def class_of(method: str, path: str, budget: str) -> str:
    """The class of endpoints that share a limit: the given one, else the call with ids and names taken out."""
    if budget:
        return budget
    parts = path.partition("?")[0].split("/")
    return method + " " + "/".join(":id" if re.search(r"\d|%2[fF]", part) and part != "v4" else part for part in parts)


# ---------------------------------------------------------------------------------------------------------------------


def _skew(headers: Mapping[str, str], now: float) -> float:
    """How far the server's clock is ahead of ours, 0 when it cannot be told from no difference."""
    try:
        ahead = parsedate_to_datetime(headers.get("date", "")).timestamp() + 0.5 - now
    except (ValueError, OverflowError):
        return 0.0
    return ahead if abs(ahead) > SKEW else 0.0
