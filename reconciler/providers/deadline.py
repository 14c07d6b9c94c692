"""An end to every answer: however steadily a server trickles, an answer takes no longer than a few timeouts in all.

A socket's timeout starts anew with every byte, so a status line, headers or a body that come one by one would be read
for hours. Here each read of a socket gets what is left of the whole answer's time.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Mapping
from http.client import HTTPResponse, parse_headers
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

SLOWEST = 4
"""An answer may take this many timeouts in all."""


class TooSlow(TimeoutError):
    """The answer's time is up, though bytes were still coming."""


class _Ending(io.RawIOBase):
    """A socket's stream that ends in time."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket) -> None:
        self._stream, self._sock = stream, sock
        self._silence = sock.gettimeout()
        self._until = None if self._silence is None else time.monotonic() + SLOWEST * self._silence

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._until is not None and self._silence is not None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TooSlow
            self._sock.settimeout(min(self._silence, left))
        try:
            found: int | None = self._stream.readinto(buffer)
        except TimeoutError as error:
            if self._until is not None and time.monotonic() >= self._until:
                raise TooSlow from error
            raise
        return found

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Ending(self.fp.detach(), sock))

    def _read_status(self) -> tuple[str, int, str]:
        """The status of the answer itself: what is said on the way to it (103 Early Hints) is passed over."""
        while True:
            found: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if not 101 < found[1] < 200:
                return found
            parse_headers(self.fp)


class _Plain(HTTPConnection):
    response_class = _Answer


class _Secure(HTTPSConnection):
    response_class = _Answer


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS: Mapping[str, type[HTTPConnectionPool]] = {"http": _PlainPool, "https": _SecurePool}


class EndingAdapter(HTTPAdapter):
    """Sends over connections whose answers end in time."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = dict(_POOLS)

    def proxy_manager_for(self, *args: Any, **options: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = dict(_POOLS)
        return manager
