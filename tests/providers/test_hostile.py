"""The HTTP port against servers that misbehave below HTTP's surface, over real connections: every answer has an end."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from reconciler.core.errors import RemoteError, UnclearWrite
from reconciler.core.flow import Request
from reconciler.core.value import Secret
from reconciler.providers.deadline import SLOWEST
from reconciler.providers.http import HttpClient
from reconciler.providers.transport import Network

Play = Callable[[socket.socket, threading.Event], None]
TIMEOUT = 0.2
OK = b"HTTP/1.1 200 OK\r\n"


class Clock:
    """Now is always the same moment, and waiting takes no time."""

    def now(self) -> float:
        return 1_800_000_000.0

    def sleep(self, seconds: float) -> None:
        pass


class Deaf:
    def on_event(self, event: object) -> None:
        pass


@contextmanager
def served(
    play: Play, *, network: Network | None = None, timeout: float = TIMEOUT
) -> Iterator[tuple[HttpClient, list[bytes]]]:
    """A client of a server that reads a request's head and then does as it is told; with the heads that it read."""
    listening, ended, heads = socket.create_server(("127.0.0.1", 0)), threading.Event(), list[bytes]()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while head := _head(connection):
                heads.append(head)
                play(connection, ended)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    if network is not None:
        network, url = Network({"http": url}, ""), "http://gitlab.example.test"
    http = HttpClient(url, Secret("t"), clock=Clock(), listener=Deaf(), timeout=timeout, network=network)
    try:
        yield http, heads
    finally:
        ended.set()
        http.close()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _head(connection: socket.socket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found:
        part = connection.recv(65536)
        if not part:
            return b""
        found += part
    return found


def trickling(start: bytes, drop: bytes) -> Play:
    """A beginning at once, then a drop at a time, as long as anybody listens."""

    def play(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(start)
        while not ended.wait(TIMEOUT / 10):
            connection.sendall(drop)

    return play


TRICKLES = {
    "body": (OK + b"Content-Length: 100000\r\n\r\n[", b" "),
    "body without a length": (OK + b"Content-Type: application/json\r\n\r\n[", b" "),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "header": (OK + b"X-Long: ", b"x"),
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "continuing": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize(("what", "proxied"), [*((what, False) for what in TRICKLES), ("header", True)])
def test_an_answer_that_trickles_ends_and_is_not_asked_for_again(what: str, proxied: bool) -> None:
    network = Network() if proxied else None
    with served(trickling(*TRICKLES[what]), network=network) as (http, heads):
        with pytest.raises(RemoteError, match="too slowly"):
            http.send(Request("GET", "/x"))
        assert len(heads) == 1


def test_a_write_whose_answer_trickles_is_unclear() -> None:
    with served(trickling(*TRICKLES["body"])) as (http, heads):
        with pytest.raises(UnclearWrite, match="may or may not"):
            http.send(Request("POST", "/x", json={}, writes=True))
        assert len(heads) == 1


def test_an_answer_may_take_several_timeouts_when_it_goes_on() -> None:
    pieces = [b'{"a"', b":", b"1}"]

    def slowly(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(OK + b"Content-Length: 7\r\n\r\n")
        for piece in pieces:
            ended.wait(TIMEOUT / 2)
            connection.sendall(piece)

    with served(slowly) as (http, _):
        assert http.send(Request("GET", "/x")).data() == {"a": 1}
        assert http.send(Request("GET", "/x")).data() == {"a": 1}
    assert len(pieces) / 2 < SLOWEST


@pytest.mark.parametrize("status", ["103 Early Hints", "102 Processing"])
def test_an_interim_answer_is_no_answer(status: str) -> None:
    def hint(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(f"HTTP/1.1 {status}\r\nLink: </a>\r\n\r\n".encode())
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    with served(hint, timeout=5) as (http, heads):
        assert http.send(Request("GET", "/x")).data() == {}
        assert http.send(Request("POST", "/x", json={}, writes=True)).data() == {}
        assert len(heads) == 2


def test_an_answer_that_ends_early_is_none() -> None:
    def short(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(OK + b"Content-Length: 100\r\n\r\n" + json.dumps([{"id": 1}]).encode())
        connection.shutdown(socket.SHUT_RDWR)

    with served(short, timeout=5) as (http, heads):
        with pytest.raises(RemoteError, match="broke before the whole answer"):
            http.send(Request("GET", "/x"))
        with pytest.raises(UnclearWrite):
            http.send(Request("POST", "/x", writes=True))
        assert [head.partition(b" ")[0] for head in heads] == [b"GET"] * 5 + [b"POST"]


def test_a_body_that_is_larger_than_any_answer_is_asked_for_once() -> None:
    lump: Any = b" " * (1 << 20)

    def endless(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(OK + b"\r\n")
        while not ended.is_set():
            connection.sendall(lump)

    with served(endless, timeout=30) as (http, heads):
        with pytest.raises(RemoteError, match="too large"):
            http.send(Request("GET", "/x"))
        assert len(heads) == 1
