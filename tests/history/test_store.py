"""The history of health on one machine: kept in order, bounded, shared by processes, never in the way."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from reconciler.core.errors import StateError
from reconciler.core.health import HealthResult
from reconciler.core.resource import Health
from reconciler.history.store import HealthStore

ADDRESS = "myorg/shop:integrations.chat"
WRITERS, EACH = 4, 25


def result(n: int, address: str = ADDRESS, status: Health = Health.HEALTHY) -> HealthResult:
    at = f"2026-11-06T10:{n // 60:02}:{n % 60:02}Z"
    return HealthResult(address, "slack", status, n, at, f"number {n}", {"cause": "x"}, "other")


@pytest.fixture
def history(tmp_path: Path) -> HealthStore:
    return HealthStore(tmp_path / ".reconciler" / "health.db", "file:/a")


def test_what_is_added_is_there_newest_first_and_whole(history: HealthStore) -> None:
    history.add([result(1)])
    history.add([result(2), result(3, "other/x:webhooks.y")])

    assert history.of(ADDRESS, 10) == (result(2), result(1))
    assert history.of(ADDRESS, 1) == (result(2),)


def test_the_last_result_of_every_address_is_told(history: HealthStore) -> None:
    history.add([result(1), result(1, "other/x:webhooks.y")])
    history.add([result(2)])

    assert {one.address: one.response_time_ms for one in history.last()} == {ADDRESS: 2, "other/x:webhooks.y": 1}


def test_scopes_are_compared_without_case(history: HealthStore) -> None:
    history.add([result(1, "MyOrg/Shop:integrations.chat")])

    assert len(history.of(ADDRESS, 10)) == 1


def test_before_anything_was_checked_there_is_nothing_and_no_file(history: HealthStore, tmp_path: Path) -> None:
    assert history.of(ADDRESS, 10) == ()
    history.add([])
    assert not (tmp_path / ".reconciler").exists()


def test_states_do_not_mix(history: HealthStore, tmp_path: Path) -> None:
    history.add([result(1)])

    assert HealthStore(tmp_path / ".reconciler" / "health.db", "file:/b").of(ADDRESS, 10) == ()


def test_only_the_newest_results_of_an_address_stay(tmp_path: Path) -> None:
    history = HealthStore(tmp_path / "health.db", "file:/a", per_address=3)
    for n in range(6):
        history.add([result(n)])

    assert [one.response_time_ms for one in history.of(ADDRESS, 10)] == [5, 4, 3]


def test_the_file_is_for_our_eyes_only_and_out_of_git(history: HealthStore, tmp_path: Path) -> None:
    history.add([result(1)])

    assert {path.stat().st_mode & 0o077 for path in (tmp_path / ".reconciler").glob("health.db*")} == {0}
    assert (tmp_path / ".reconciler" / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_many_processes_write_at_once_and_nothing_is_lost(history: HealthStore, tmp_path: Path) -> None:
    history.add([result(0)])
    context = multiprocessing.get_context("spawn")
    path = str(tmp_path / ".reconciler" / "health.db")
    processes = [context.Process(target=_write, args=(path, number)) for number in range(WRITERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0] * WRITERS
    assert len(history.of(ADDRESS, 1000)) == 1 + WRITERS * EACH


def test_a_file_that_is_no_database_is_named_with_a_way_out(history: HealthStore, tmp_path: Path) -> None:
    path = tmp_path / ".reconciler" / "health.db"
    path.parent.mkdir()
    path.write_text("no database, but long enough to be looked at " * 40, encoding="utf-8")
    with pytest.raises(StateError, match="cannot be used") as raised:
        history.add([result(1)])
    assert "take the file away" in raised.value.hint


def test_a_newer_file_is_left_alone(history: HealthStore, tmp_path: Path) -> None:
    history.add([result(1)])
    connection = sqlite3.connect(tmp_path / ".reconciler" / "health.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StateError, match="a newer reconciler"):
        history.of(ADDRESS, 1)


def _write(path: str, number: int) -> None:
    mine = HealthStore(Path(path), "file:/a")
    for n in range(EACH):
        mine.add([result(number * EACH + n)])
