"""The HTTP front: the sandbox on a port of the loopback interface, for any client.

GitLab is at the root, stand-ins of services under `/_services/<name>/`. Deliveries to well-known hosts go to
their stand-ins; others are really sent where the world allows local requests, else remembered and accepted.
"""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import requests

from .clock import Clock
from .connection import Connection
from .faults import check_faults
from .instance import RECEIVER, Sandbox
from .message import Delivered, Delivery, Request
from .seed import default_world, world_from_text
from .services import service_for_host
from .store import Store
from .world import Row, World

DELIVERY_TIMEOUT = 10.0
CLIENT = {"Accept-Encoding": "gzip;q=1.0,deflate;q=0.6,identity;q=0.3", "Accept": "*/*", "Connection": "close"}
"""What GitLab's HTTP client sends of itself."""


class SandboxServer(ThreadingHTTPServer):
    """Serves one sandbox. `latency`: seconds that every answer takes at least, spent in parallel."""

    request_queue_size = 512
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, sandbox: Sandbox, port: int, latency: float = 0.0) -> None:
        self.sandbox = sandbox
        self.latency = latency
        super().__init__(("127.0.0.1", port), Connection)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is none of our business; our own mistakes are shown."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def deliver(self, delivery: Delivery) -> Delivered:
        """Send a delivery of the pretend GitLab."""
        parts = urlsplit(delivery.url)
        host = parts.netloc.rpartition("@")[2]
        service = service_for_host(host, {})
        if service is None and self.sandbox.world.settings.get("allow_local_requests"):
            return send_for_real(delivery)
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        request = Request(
            delivery.method, parts.path or "/", parts.query, headers, delivery.body, f"{parts.scheme}://{host}"
        )
        outcome = self.sandbox.exchange(request, self.deliver, target=service or RECEIVER, host=host)
        if outcome.response is None:
            return Delivered(None, error="Failed to open TCP connection")
        return Delivered(outcome.response.status, outcome.response.headers, outcome.response.body)


def send_for_real(delivery: Delivery) -> Delivered:
    """Send a delivery over the network, following redirects as GitLab does."""
    started = time.monotonic()
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.request(
                delivery.method,
                delivery.url,
                data=delivery.body,
                headers=CLIENT | {_on_the_wire(name): text for name, text in delivery.headers.items()},
                verify=delivery.verify,
                timeout=DELIVERY_TIMEOUT,
            )
        except requests.RequestException as failure:
            return Delivered(None, error=_reason(failure, delivery.url), duration=time.monotonic() - started)
    duration = time.monotonic() - started
    return Delivered(answer.status_code, dict(answer.headers), answer.content, None, duration)


def _on_the_wire(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def serve(
    port: int,
    world_path: Path | None = None,
    seed_path: Path | None = None,
    latency_s: float = 0.0,
    faults_path: Path | None = None,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve until SIGINT or SIGTERM. Raises `ValueError` (a `SeedError` for a seed) where a file is wrong."""
    sandbox = open_sandbox(world_path, seed_path, faults_path)
    try:
        server = SandboxServer(sandbox, port, latency_s)
    except OSError as failure:
        sandbox.close()
        raise ValueError(f"port {port}: {failure.strerror}; name another with --port, 0 for any free one") from failure
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            threading.Thread(target=server.shutdown, daemon=True).start()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        announce(f"listening on {server.url}")
        server.serve_forever(poll_interval=0.1)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        server.server_close()
        sandbox.close()


def open_sandbox(
    world_path: Path | None = None,
    seed_path: Path | None = None,
    faults_path: Path | None = None,
    clock: Clock | None = None,
) -> Sandbox:
    """A sandbox from files: the world's if it is there, else the seed's, else the default world."""

    def fresh(now: float) -> World:
        if seed_path is None:
            return default_world(now)
        return world_from_text(_text_of(seed_path, "seed"), str(seed_path), now)

    sandbox = Sandbox.opened(Store(world_path) if world_path else None, clock or Clock(), fresh)
    if faults_path is not None:
        sandbox.world.faults[:] = _faults_of(faults_path)
    return sandbox


def _text_of(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is not UTF-8; save the {what} file as UTF-8") from None
    except OSError as failure:
        raise ValueError(f"{path}: {failure.strerror or failure}; name a {what} file that can be read") from failure


def _faults_of(path: Path) -> list[Row]:
    try:
        return check_faults(json.loads(_text_of(path, "faults")))
    except json.JSONDecodeError as mistake:
        raise ValueError(
            f"{path}:{mistake.lineno}:{mistake.colno}: not JSON: {mistake.msg}; correct it there"
        ) from None
    except ValueError as mistake:
        raise ValueError(str(mistake) if str(mistake).startswith(str(path)) else f"{path}: {mistake}") from None


def _reason(failure: requests.RequestException, url: str) -> str:
    """What GitLab's HTTP client says of a failure."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    place, text = f"Failed to open TCP connection to {parts.hostname}:{port}", str(failure)
    if isinstance(failure, requests.ConnectTimeout):
        return f"{place} (execution expired)"
    if isinstance(failure, requests.Timeout):
        return "Net::ReadTimeout with #<TCPSocket:(closed)>"
    if isinstance(failure, requests.exceptions.SSLError):
        found = re.search(r"certificate verify failed: ([^(\[]+?) \(_ssl", text)
        why = f"certificate verify failed ({found[1]})" if found else "wrong version number"
        return f"SSL_connect returned=1 errno=0 peeraddr={parts.hostname}:{port} state=error: {why}"
    if "refused" in text:
        return f'{place} (Connection refused - connect(2) for "{parts.hostname}" port {port})'
    if "resolve" in text or "Name or service" in text:
        return f"{place} (getaddrinfo: Name or service not known)"
    return text
