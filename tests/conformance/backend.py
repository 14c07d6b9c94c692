"""What every backend promises, as checks that take a way to open it.

`open_backend()` gives another client of the same, at first empty place: what one program does, the next one sees.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from reconciler.core.errors import StateError, StateLocked
from reconciler.core.ports import Backend, LockInfo

Open = Callable[[], Backend]


def body(serial: int, **more: object) -> bytes:
    """A small state."""
    return json.dumps({"format_version": 1, "serial": serial, **more}).encode()


def info(name: str) -> LockInfo:
    """A lock's holder."""
    return LockInfo(name, f"{name}@example.test", "apply", "2026-11-23T10:00:00Z")


def nothing_is_there_at_first(open_backend: Open) -> None:
    backend = open_backend()

    assert backend.read() is None
    assert backend.versions() == []
    assert backend.journal.read() == []
    assert backend.beside("health").read() is None


def what_is_written_is_read_by_the_next(open_backend: Open) -> None:
    first = open_backend()
    first.read()
    with first.lock(info("one"), 1):
        first.write(body(1), serial=1)
        first.write(body(2), serial=2)

    assert open_backend().read() == body(2)


def the_same_serial_with_the_same_bytes_is_success(open_backend: Open) -> None:
    first, again = open_backend(), open_backend()
    first.read()
    again.read()
    with first.lock(info("one"), 1):
        first.write(body(1), serial=1)
        first.write(body(1), serial=1)
    with again.lock(info("two"), 1):
        again.write(body(1), serial=1)

    assert open_backend().read() == body(1)


def a_write_over_somebody_elses_is_refused(open_backend: Open) -> None:
    ours, theirs = open_backend(), open_backend()
    ours.read()
    theirs.read()
    with theirs.lock(info("theirs"), 1):
        theirs.write(body(1, by="them"), serial=1)

    with ours.lock(info("ours"), 1), pytest.raises(StateError):
        ours.write(body(1, by="us"), serial=1)
    assert open_backend().read() == body(1, by="them")


def a_write_over_a_later_serial_is_refused(open_backend: Open) -> None:
    ours, theirs = open_backend(), open_backend()
    with ours.lock(info("ours"), 1):
        ours.read()
        ours.write(body(1), serial=1)
    with theirs.lock(info("theirs"), 1):
        theirs.read()
        theirs.write(body(2), serial=2)
        theirs.write(body(3), serial=3)

    with ours.lock(info("ours"), 1), pytest.raises(StateError):
        ours.write(body(2, by="us"), serial=2)
    assert open_backend().read() == body(3)


def versions_are_kept_newest_first(open_backend: Open) -> None:
    backend = open_backend()
    backend.read()
    with backend.lock(info("one"), 1):
        for serial in (1, 2, 3):
            backend.write(body(serial), serial=serial)

    assert [version.serial for version in open_backend().versions()] == [3, 2, 1]
    assert open_backend().version(2) == body(2)
    with pytest.raises(StateError):
        open_backend().version(99)


def a_held_lock_names_its_holder(open_backend: Open) -> None:
    with open_backend().lock(info("holder"), 1):
        with pytest.raises(StateLocked, match=r"holder@example\.test") as refused, open_backend().lock(info("late"), 0):
            raise AssertionError("two hold one lock")
        assert refused.value.lock_id == "holder"


def a_freed_lock_can_be_taken(open_backend: Open) -> None:
    with open_backend().lock(info("one"), 1):
        pass
    with open_backend().lock(info("two"), 1):
        pass


def an_error_inside_frees_the_lock(open_backend: Open) -> None:
    with pytest.raises(RuntimeError), open_backend().lock(info("one"), 1):
        raise RuntimeError
    with open_backend().lock(info("two"), 1):
        pass


def a_lock_is_broken_only_by_its_id(open_backend: Open) -> None:
    held = open_backend().lock(info("one"), 1)
    held.__enter__()
    with pytest.raises(StateError):
        open_backend().unlock("another")
    open_backend().unlock("one")

    with open_backend().lock(info("two"), 1):
        held.__exit__(None, None, None)
        with pytest.raises(StateLocked), open_backend().lock(info("three"), 0):
            raise AssertionError("freeing a broken lock freed that of another")


def no_lock_is_broken_where_none_is_held(open_backend: Open) -> None:
    with pytest.raises(StateError):
        open_backend().unlock("one")


def journal_lines_are_read_in_order_by_the_next(open_backend: Open) -> None:
    journal = open_backend().journal
    journal.append(['{"n":1}', '{"n":2}'])
    journal.append([])
    journal.append(['{"n":3,"text":"\u2028 \u00e4"}'])

    assert open_backend().journal.read() == ['{"n":1}', '{"n":2}', '{"n":3,"text":"\u2028 \u00e4"}']


def a_journal_goes_on_where_another_stopped(open_backend: Open) -> None:
    open_backend().journal.append(["one"])
    open_backend().journal.append(["two"])

    assert open_backend().journal.read() == ["one", "two"]


def a_journal_that_begins_anew_is_empty_and_takes_lines_again(open_backend: Open) -> None:
    journal = open_backend().journal
    journal.append(["one"])
    journal.append(["two"])
    journal.restart()

    assert journal.read() == []
    assert open_backend().journal.read() == []
    journal.restart()
    open_backend().journal.append(["three"])
    assert open_backend().journal.read() == ["three"]


def a_journal_begins_anew_with_lines_that_it_is_given(open_backend: Open) -> None:
    journal = open_backend().journal
    journal.restart(["zero"])
    journal.append(["one"])
    journal.restart(["two", "three"])

    assert journal.read() == ["two", "three"]
    journal.append(["four"])
    open_backend().journal.append(["five"])
    assert open_backend().journal.read() == ["two", "three", "four", "five"]


def journal_lines_of_several_threads_do_not_mix(open_backend: Open) -> None:
    journal = open_backend().journal
    threads = [threading.Thread(target=journal.append, args=([f"{n}-a", f"{n}-b"],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = open_backend().journal.read()
    assert sorted(lines) == sorted(f"{n}-{x}" for n in range(8) for x in "ab")
    assert all(lines[i][0] == lines[i + 1][0] for i in range(0, 16, 2))


def a_document_beside_is_replaced_without_a_lock(open_backend: Open) -> None:
    open_backend().beside("health").write(b'{"a":1}')
    open_backend().beside("health").write(b'{"a":2}')

    assert open_backend().beside("health").read() == b'{"a":2}'
    assert open_backend().read() is None


CHECKS: tuple[Callable[[Open], None], ...] = (
    nothing_is_there_at_first,
    what_is_written_is_read_by_the_next,
    the_same_serial_with_the_same_bytes_is_success,
    a_write_over_somebody_elses_is_refused,
    a_write_over_a_later_serial_is_refused,
    versions_are_kept_newest_first,
    a_held_lock_names_its_holder,
    a_freed_lock_can_be_taken,
    an_error_inside_frees_the_lock,
    a_lock_is_broken_only_by_its_id,
    no_lock_is_broken_where_none_is_held,
    journal_lines_are_read_in_order_by_the_next,
    a_journal_goes_on_where_another_stopped,
    a_journal_that_begins_anew_is_empty_and_takes_lines_again,
    a_journal_begins_anew_with_lines_that_it_is_given,
    journal_lines_of_several_threads_do_not_mix,
    a_document_beside_is_replaced_without_a_lock,
)
