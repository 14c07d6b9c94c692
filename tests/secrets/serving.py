"""A loopback server in front of one stand-in of a service, for clients that bring their own transport."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from reconciler.core.refs import parse
from reconciler.core.value import Reference, Text
from reconciler.sandbox.message import Request, Response

Handle = Callable[[Request, dict[str, Any], float], Response]
NOW = 1_700_000_000.0


class Served:
    """A stand-in on a port: its address, and what it was asked as (method, path, headers)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _ in self.asked]


@contextmanager
def served(handle: Handle, state: dict[str, Any]) -> Iterator[Served]:
    """Serve a stand-in until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            known.asked.append((self.command, path, headers))
            response = handle(Request(self.command, path, query, headers, body, known.url), state, NOW)
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        known = Served(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join()


def reference(text: str) -> Reference:
    """The one reference that a text is."""
    value = parse(text)
    assert isinstance(value, Text)
    return value.references[0]
