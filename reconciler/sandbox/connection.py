"""One connection of the sandbox's HTTP server: reads requests and writes answers, and little else.

The standard library's parser and writer of headers cost more than answering does; these lines replace them.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from http.client import responses
from http.server import BaseHTTPRequestHandler
from typing import Protocol, cast
from urllib.parse import urlsplit

from .instance import GITLAB, Outcome, Sandbox
from .message import Delivered, Delivery, Request, Response
from .services import SERVICES

SERVICE_PREFIX = "/_services/"
FORWARDED = "x-sandbox-base"
"""The header in which a client says under which address it meant a service (some answer by their host's name)."""
WITHOUT_BODY = frozenset((204, 304))
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
LONGEST_LINE, MOST_HEADERS = 65_536, 200


class Front(Protocol):
    """What a connection asks of the server that it belongs to."""

    sandbox: Sandbox
    latency: float

    @property
    def url(self) -> str:
        """Where the server listens."""

    def deliver(self, delivery: Delivery) -> Delivered:
        """Send a delivery of the pretend GitLab."""


class Connection(BaseHTTPRequestHandler):
    """A client's connection, kept open between requests. Its server is a `Front`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    fields: dict[str, str]

    @property
    def _front(self) -> Front:
        return cast("Front", self.server)

    def handle_one_request(self) -> None:
        """Read one request and answer it."""
        self.close_connection = True
        line = self.rfile.readline(LONGEST_LINE + 1)
        if not line.strip():
            return
        words = line.decode("latin-1").split()
        if len(words) != 3 or words[0] not in METHODS or not self._read_fields():
            self._write("GET", Response.of_text(400, "Bad Request"))
            return
        method, target, version = words
        wanted = self.fields.get("connection", "").lower()
        self.close_connection = wanted == "close" or (version == "HTTP/1.0" and wanted != "keep-alive")
        if self.fields.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        outcome = self._ask(method, target, self._read_body())
        delay = self._front.latency + outcome.delay
        if delay:
            time.sleep(delay)
        if outcome.response is None:
            self.close_connection = True
            return
        self._write(method, outcome.response)

    def _ask(self, method: str, target: str, body: bytes) -> Outcome:
        path, _, query = target.partition("?")
        base, place = f"http://{self.fields.get('host') or urlsplit(self._front.url).netloc}", GITLAB
        if path.startswith(SERVICE_PREFIX):
            place, _, rest = path[len(SERVICE_PREFIX) :].partition("/")
            if place not in SERVICES:
                known = ", ".join(sorted(SERVICES))
                return Outcome(Response.of_text(404, f"no stand-in {place}; there are {known}\n"))
            base, path = self.fields.pop(FORWARDED, f"{base}{SERVICE_PREFIX}{place}"), f"/{rest}"
        request = Request(method, path, query, self.fields, body, base)
        host = urlsplit(base).netloc if place != GITLAB else None
        return self._front.sandbox.exchange(request, self._front.deliver, target=place, host=host)

    def _read_fields(self) -> bool:
        self.fields = {}
        for _ in range(MOST_HEADERS):
            line = self.rfile.readline(LONGEST_LINE + 1)
            if line in (b"\r\n", b"\n"):
                return True
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                return False
            key, value = name.strip().lower(), value.strip()
            self.fields[key] = f"{self.fields[key]}, {value}" if key in self.fields else value
        return False

    def _read_body(self) -> bytes:
        if "chunked" in self.fields.get("transfer-encoding", "").lower():
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        length = int(self.fields.get("content-length") or 0)
        return self.rfile.read(length) if length else b""

    def _write(self, method: str, response: Response) -> None:
        lines = [f"HTTP/1.1 {response.status} {responses.get(response.status, '')}", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        if response.status not in WITHOUT_BODY:
            lines.append(f"Content-Length: {len(response.body)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        self.wfile.write(head if method == "HEAD" else head + response.body)
        self.wfile.flush()
