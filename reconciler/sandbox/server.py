"""The HTTP front: the sandbox on a port of the loopback interface, for any client.

GitLab is at the root, stand-ins of services under `/_services/<name>/`. Deliveries to well-known hosts go to
their stand-ins; others are really sent where the world allows local requests, else remembered and accepted.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from .connection import Connection
from .instance import RECEIVER, Sandbox
from .message import Delivered, Delivery, Request
from .opening import open_sandbox
from .outside import send
from .services import service_for_host


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
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def deliver(self, delivery: Delivery) -> Delivered:
        """Send a delivery of the pretend GitLab."""
        parts = urlsplit(delivery.url)
        host = parts.netloc.rpartition("@")[2]
        service = service_for_host(host, {})
        if service is None and self.sandbox.world.settings.get("allow_local_requests"):
            return send(delivery)
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        request = Request(
            delivery.method, parts.path or "/", parts.query, headers, delivery.body, f"{parts.scheme}://{host}"
        )
        outcome = self.sandbox.exchange(request, self.deliver, target=service or RECEIVER, host=host)
        if outcome.response is None:
            return Delivered(None, error="Failed to open TCP connection")
        return Delivered(outcome.response.status, outcome.response.headers, outcome.response.body)


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
