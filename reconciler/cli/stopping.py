"""Signals while an apply runs: the first asks it to stop, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from reconciler.core.errors import ExitCode

_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}
_SHOW_CURSOR = b"\x1b[?25h"


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
