"""Threads that read side by side. An interrupted run leaves them to themselves: one may wait an hour for a limit."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def readers(count: int) -> Iterator[ThreadPoolExecutor]:
    """So many threads, all of them done at the end; when something is raised nobody waits for them.

    Not for writing: whoever stops waiting for a write does not know what it did.
    """
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
