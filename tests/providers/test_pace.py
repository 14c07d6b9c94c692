"""When requests may go, over simulated servers with fixed windows."""

from __future__ import annotations

import heapq

import pytest

from reconciler.providers.pace import SETTLE, Pace, class_of
from reconciler.providers.waits import MARGIN

START = 1_800_000_000.0


class Throttle:
    """GitLab's: fixed windows aligned to the clock; refused requests count."""

    def __init__(self, requests: int, period: int) -> None:
        self.requests, self.period = requests, period
        self.window, self.observed = -1, 0

    def ask(self, now: float) -> tuple[bool, dict[str, str]]:
        window = int(now // self.period)
        if window != self.window:
            self.window, self.observed = window, 0
        self.observed += 1
        headers = {
            "ratelimit-limit": str(self.requests * 60 // self.period),
            "ratelimit-remaining": str(max(0, self.requests - self.observed)),
            "ratelimit-reset": str((window + 1) * self.period),
        }
        return self.observed <= self.requests, headers


def simulate(count: int, throttle: Throttle, workers: int, latency: float = 0.05) -> tuple[float, int]:
    """Seconds until `count` requests were accepted, and how many were refused on the way."""
    pace, waiting, refused, last = Pace(), count, 0, START
    free = [(START, worker) for worker in range(workers)]
    flying: list[tuple[float, int, bool, dict[str, str]]] = []
    while waiting or flying:
        if flying and (not free or not waiting or flying[0][0] <= free[0][0]):
            now, worker, accepted, headers = heapq.heappop(flying)
            pace.after(headers, now)
            last = now
            if not accepted:
                refused, waiting = refused + 1, waiting + 1
                pace.refused("", float(headers["ratelimit-reset"]) + MARGIN)
            heapq.heappush(free, (now, worker))
            continue
        now, worker = heapq.heappop(free)
        wait = pace.before("", now)
        if wait > 0:
            heapq.heappush(free, (now + wait, worker))
            continue
        waiting -= 1
        accepted, headers = throttle.ask(now + latency / 2)
        heapq.heappush(flying, (now + latency, worker, accepted, headers))
    return last - START, refused


@pytest.mark.parametrize(
    ("count", "requests", "period", "workers"),
    [(60, 12, 30, 1), (60, 12, 30, 16), (100, 40, 10, 16), (1000, 300, 60, 16), (400, 2000, 60, 16)],
)
def test_total_time_is_within_a_tenth_of_the_best(count: int, requests: int, period: int, workers: int) -> None:
    seconds, refused = simulate(count, Throttle(requests, period), workers)

    windows = (count - 1) // requests
    left = count - windows * requests
    best = windows * period - START % period + left / min(workers, left) * 0.05
    best = max(best, count / workers * 0.05)
    assert seconds <= best * 1.1 + 0.5
    assert refused <= (windows + 1) * workers


def test_one_worker_is_never_refused() -> None:
    assert simulate(60, Throttle(12, 30), 1)[1] == 0


def headers(remaining: int, reset: float, **more: str) -> dict[str, str]:
    return {"ratelimit-remaining": str(remaining), "ratelimit-reset": str(int(reset)), **more}


def test_nothing_known_means_go() -> None:
    assert Pace().before("", START) == 0.0


def test_nothing_left_means_waiting_for_the_reset_and_not_longer() -> None:
    pace = Pace()
    pace.before("", START)
    pace.after(headers(0, START + 30), START)

    assert pace.before("", START + 1) == pytest.approx(29 + MARGIN)
    assert pace.before("", START + 30 + MARGIN) == 0.0


def test_requests_in_flight_count_as_used_until_they_are_answered() -> None:
    pace = Pace()
    pace.before("", START)
    pace.after(headers(1, START + 30), START)
    assert pace.before("", START) == 0.0
    assert pace.before("", START) == SETTLE

    pace.after(headers(1, START + 30), START)
    assert pace.before("", START) == 0.0


def test_answers_out_of_order_do_not_give_requests_back() -> None:
    pace = Pace()
    for remaining in (3, 0, 2):
        pace.before("", START)
        pace.after(headers(remaining, START + 30), START)

    assert pace.before("", START) > 1


def test_a_new_window_replaces_the_old() -> None:
    pace = Pace()
    for remaining, reset in ((0, START + 30), (9, START + 60), (0, START + 30)):
        pace.before("", START)
        pace.after(headers(remaining, reset), START)

    assert pace.before("", START + 31) == 0.0


@pytest.mark.parametrize(
    "odd",
    [{}, {"ratelimit-remaining": "x", "ratelimit-reset": "1"}, headers(0, START - 5), headers(0, 10**13)],
)
def test_headers_that_say_nothing_are_left_alone(odd: dict[str, str]) -> None:
    pace = Pace()
    pace.before("", START)
    pace.after(odd, START)

    assert pace.before("", START) == 0.0


def test_a_servers_clock_that_is_wrong_is_allowed_for() -> None:
    pace = Pace()
    pace.before("", START)
    pace.after(headers(0, START + 3600 + 30, date="Fri, 15 Jan 2027 09:00:00 GMT"), START)

    assert 28 < pace.before("", START) < 31


def test_a_refused_class_waits_alone() -> None:
    pace = Pace()
    pace.refused("hook_test:myorg/shop", START + 60)

    assert pace.before("hook_test:myorg/shop", START) == 60
    assert pace.before("hook_test:myorg/web", START) == 0.0


def test_five_hook_tests_a_minute_are_never_overrun() -> None:
    pace, now, sent = Pace(), START, []
    while len(sent) < 12:
        wait = pace.before("hook_test:myorg/shop", now)
        now += wait
        if wait == 0:
            sent.append(now)
            pace.after({}, now)

    assert all(later - earlier >= 60 for earlier, later in zip(sent, sent[5:], strict=False))
    assert sent[-1] - START < 2 * 60 + 1


@pytest.mark.parametrize(
    ("path", "budget", "name"),
    [
        ("/api/v4/projects/myorg%2Fshop/hooks/7?x=1", "", "GET /api/v4/projects/:id/hooks/:id"),
        ("/api/v4/projects/12/integrations/slack", "", "GET /api/v4/projects/:id/integrations/slack"),
        ("/api/v4/x", "hook_test:a", "hook_test:a"),
    ],
)
def test_endpoints_that_differ_by_id_only_are_of_one_class(path: str, budget: str, name: str) -> None:
    assert class_of("GET", path, budget) == name
