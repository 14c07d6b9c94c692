"""Figures, changes and the book of health, from values alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reconciler.core.health import HealthResult, figures_of, merged
from reconciler.core.healthbook import (
    IN_ALL,
    PER_ADDRESS,
    HealthBook,
    book_from_bytes,
    book_to_bytes,
    changed,
    entered,
    without_others,
)
from reconciler.core.resource import Health

H, D, U, K = Health.HEALTHY, Health.DEGRADED, Health.UNHEALTHY, Health.UNKNOWN
ADDRESS = "myorg/shop:integrations.chat"
USUAL = ("unhealthy", "degraded", "healthy")


def result(n: int, status: Health = H, ms: int | None = None, address: str = ADDRESS) -> HealthResult:
    return HealthResult(address, "slack", status, ms, f"2026-11-06T10:30:{n:02}Z", f"number {n}")


def history(*statuses: Health) -> list[HealthResult]:
    """Results from the oldest to the newest, given newest first."""
    return [result(n, status) for n, status in enumerate(statuses)][::-1]


@pytest.mark.parametrize(
    ("times", "percentiles"),
    [
        ([], (None, None, None)),
        ([7], (7, 7, 7)),
        ([10, 20], (10, 20, 20)),
        (list(range(1, 101)), (50, 90, 99)),
        ([100] * 9 + [5000], (100, 100, 5000)),
    ],
)
def test_percentiles_are_values_that_were_measured(times: list[int], percentiles: tuple[int | None, ...]) -> None:
    figures = figures_of([result(0, H, ms) for ms in times] + [result(0, K)])

    assert (figures.p50, figures.p90, figures.p99) == percentiles


@pytest.mark.parametrize(
    ("statuses", "uptime", "since", "before"),
    [
        ([H], 1.0, 0, None),
        ([H, U, U], 1 / 3, 1, H),
        ([U, D, H, K], 2 / 3, 3, H),
        ([K, K], None, 0, None),
        ([U, H, H, H], 3 / 4, 1, U),
    ],
)
def test_uptime_counts_what_could_be_told_and_the_last_change_is_found(
    statuses: list[Health], uptime: float | None, since: int, before: Health | None
) -> None:
    figures = figures_of(history(*statuses))

    assert figures.uptime == pytest.approx(uptime)
    assert figures.since == result(since).last_check
    assert figures.before is before


def test_nothing_comes_to_nothing() -> None:
    assert figures_of([]).checks == 0


def test_two_results_of_one_second_are_two_though_they_look_the_same() -> None:
    here, beside = [result(1, H), result(0, H), result(0, H)], [result(1, H), result(0, H)]

    assert len(merged(here, beside)) == len(merged(beside, here)) == 3


def test_histories_of_two_places_are_one_without_doubles() -> None:
    here, beside = [result(3), result(2)], [result(3), result(1)]

    assert [one.last_check for one in merged(here, beside)] == [result(n).last_check for n in (3, 2, 1)]


def told_of(statuses: Sequence[Health], on: tuple[str, ...] = USUAL) -> list[str]:
    """Of a series of checks, the changes that people were told of."""
    book, found = HealthBook(), []
    for n, status in enumerate(statuses):
        results = [result(n, status)]
        found += [f"{change.before}>{change.after}" for change in changed(book, results, on)]
        book = entered(book, results, on)
    return found


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ([U], []),
        ([H, H, H], []),
        ([H, U, U, H], ["healthy>unhealthy", "unhealthy>healthy"]),
        ([H, K, H], []),
        ([H, K, U], ["healthy>unhealthy"]),
        ([U, K, U], []),
        ([U, K, K, H], ["unhealthy>healthy"]),
        ([H, D, U], ["healthy>degraded", "degraded>unhealthy"]),
    ],
)
def test_people_hear_of_changes_only_and_unknown_is_none(statuses: list[Health], told: list[str]) -> None:
    assert told_of(statuses) == told


def test_people_hear_of_unknown_where_they_want_to() -> None:
    assert told_of([H, K, H], (*USUAL, "unknown")) == ["healthy>unknown", "unknown>healthy"]


def test_people_who_hear_only_of_bad_news_hear_of_each() -> None:
    assert told_of([H, U, H, U], ("unhealthy",)) == ["healthy>unhealthy", "healthy>unhealthy"]


def test_a_change_that_was_not_told_stays_one() -> None:
    book = entered(HealthBook(), [result(0, H)], USUAL)
    changes = changed(book, [result(1, U)], USUAL)
    book = entered(book, [result(1, U)], USUAL, untold=changes)

    assert changed(book, [result(2, U)], USUAL) != ()
    assert changed(book, [result(2, H)], USUAL) == ()


def test_a_book_reads_back_as_it_was_written() -> None:
    book = HealthBook()
    for n, status in enumerate([H, U, K]):
        book = entered(book, [result(n, status, 10 * n), result(n, H, None, "@token")], USUAL)
    read = book_from_bytes(book_to_bytes(book))

    assert read.serial == book.serial == 3
    assert read.pages.keys() == book.pages.keys()
    assert [r.status for r in read.of(ADDRESS)] == [K, U, H]
    assert read.of(ADDRESS)[0] == book.of(ADDRESS)[0]
    assert read.pages[ADDRESS].told is U


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"no json",
        b"[]",
        b"{}",
        b'{"format_version": 99, "serial": 1, "addresses": {}}',
        b'{"format_version": 1, "serial": 1, "addresses": {"a": {}}}',
        b'{"format_version": 1, "serial": 1, "addresses": {"a": {"kind": "", "told": "x", "results": []}}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_book_is_an_empty_one(body: bytes | None) -> None:
    assert book_from_bytes(body) == HealthBook()


def test_a_book_is_bounded_and_loses_what_is_gone() -> None:
    book = HealthBook()
    for n in range(PER_ADDRESS + 5):
        book = entered(book, [result(n % 60)], USUAL)
    assert len(book.of(ADDRESS)) == PER_ADDRESS

    many = [result(0, H, 1, f"myorg/p{n}:webhooks.x") for n in range(3000)]
    for _ in range(20):
        book = entered(book, many, USUAL)
    assert sum(len(page.results) for page in book.pages.values()) <= IN_ALL
    assert without_others(book, [ADDRESS.upper().replace("INTEGRATIONS.CHAT", "integrations.chat")]).pages.keys() == {
        ADDRESS
    }
