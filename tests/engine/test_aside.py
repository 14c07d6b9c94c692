"""Threads that read: all done at the end, left to themselves when something is raised."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from reconciler.engine.aside import readers


def test_everything_is_read_at_the_end() -> None:
    with readers(2) as pool:
        found = [pool.submit(lambda n=n: n) for n in range(10)]
    assert [future.result() for future in found] == list(range(10))


def test_nobody_waits_for_a_reader_once_something_is_raised() -> None:
    begun, ended = threading.Event(), threading.Event()
    found: list[Future[bool]] = []

    def read() -> bool:
        begun.set()
        return ended.wait()

    def interrupted() -> None:
        with readers(1) as pool:
            found.extend([pool.submit(read), pool.submit(read)])
            begun.wait(60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [(future.done(), future.cancelled()) for future in found] == [(False, False), (True, True)]
    ended.set()
