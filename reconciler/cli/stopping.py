"""Signals. While an apply runs, the first asks it to stop and the second ends the process at once.

Elsewhere SIGTERM unwinds whatever runs, so that locks are given back.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from reconciler.core.errors import ExitCode

_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}
_SHOW_CURSOR = b"\x1b[?25h"
_AGAIN = 0.05
"""Seconds until a SIGTERM is raised once more that was lost."""


class Terminated(BaseException):
    """SIGTERM arrived where no apply is running."""


class Stop(threading.Event):
    """Set by the first signal; `exit_code` says which one it was."""

    exit_code: ExitCode = ExitCode.INTERRUPTED


@contextmanager
def stop_on_signal() -> Iterator[Stop]:
    """A `Stop` that SIGINT and SIGTERM set; a second signal ends the process, which the journal survives."""
    stop = Stop()

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            if sys.stderr.isatty():
                os.write(2, _SHOW_CURSOR)
            os._exit(_CODES[signal.Signals(number)])
        stop.exit_code = _CODES[signal.Signals(number)]
        stop.set()
        os.write(2, b"stopping: what is in flight is finished and recorded; once more stops at once\n")

    previous = {}
    try:
        for number in _CODES:
            previous[number] = signal.signal(number, handle)
    except ValueError:  # not the main thread: whoever runs us has signals of their own
        previous = {}
    try:
        yield stop
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


@contextmanager
def raise_on_sigterm() -> Iterator[threading.Event]:
    """Raise `Terminated` where SIGTERM arrives; the event says that it did, whatever becomes of the exception.

    Python passes no exception on from finalizers and callbacks of weak references (importing has some): it is raised
    once more then.
    """
    arrived = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        arrived.set()
        raise Terminated

    def lost(unraisable: Any) -> None:
        if isinstance(unraisable.exc_value, Terminated):
            threading.Timer(_AGAIN, os.kill, (os.getpid(), signal.SIGTERM)).start()
        else:
            others(unraisable)

    try:
        previous = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: whoever runs us has signals of their own
        yield arrived
        return
    others, sys.unraisablehook = sys.unraisablehook, lost
    try:
        yield arrived
    finally:
        sys.unraisablehook = others
        signal.signal(signal.SIGTERM, previous)
