"""The in-process front: a `requests` adapter behind which the sandbox answers, whatever host is asked.

No request that is sent through it leaves the process: GitLab's URL goes to the pretend GitLab, well-known and
given hosts to their stand-ins, every other host to a receiver that says `ok` and remembers.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from .instance import GITLAB, RECEIVER, Outcome, Sandbox
from .message import Delivered, Delivery, Request
from .services import service_for_host

DELIVERY_SECONDS = 0.01
"""What a delivery within the process is said to have taken."""


class SandboxAdapter(BaseAdapter):
    """Mount it on `http://` and `https://` of a session.

    `url`: where the client thinks GitLab is (default: the world's own); `hosts`: further host names, with or
    without a port, and whose they are (a service's name); they may be added to later.
    """

    def __init__(self, sandbox: Sandbox, *, url: str | None = None, hosts: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.sandbox = sandbox
        self.url = (url or str(sandbox.world.settings["url"])).rstrip("/")
        self.hosts: dict[str, str] = dict(hosts or {})

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: object = True,
        cert: object = None,
        proxies: object = None,
    ) -> requests.Response:
        """Answer a prepared request. Raises `requests.ConnectionError` where a fault cuts the connection."""
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        outcome = self._ask(str(request.method), str(request.url), headers, _bytes(request.body))
        self.sandbox.clock.wait(outcome.delay)
        if outcome.response is None:
            raise requests.ConnectionError("Connection aborted by a fault of the sandbox", request=request)
        return _to_requests(request, outcome)

    def close(self) -> None:
        """Bring the world's file up to date."""
        self.sandbox.close()

    def deliver(self, delivery: Delivery) -> Delivered:
        """Send a delivery within the process."""
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        outcome = self._ask(delivery.method, delivery.url, headers, delivery.body)
        if outcome.response is None:
            return Delivered(None, error="Failed to open TCP connection", duration=DELIVERY_SECONDS)
        response = outcome.response
        return Delivered(response.status, response.headers, response.body, None, DELIVERY_SECONDS)

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        parts = urlsplit(url)
        base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        host = parts.netloc.rpartition("@")[2]
        path, target = parts.path or "/", self._target(url, host)
        if target == GITLAB:
            base, path = self.url, url[len(self.url) :].partition("?")[0].partition("#")[0] or "/"
        request = Request(method, path, parts.query, headers, body, base)
        return self.sandbox.exchange(request, self.deliver, target=target, host=host)

    def _target(self, url: str, host: str) -> str:
        if url.startswith(self.url) and url[len(self.url) : len(self.url) + 1] in ("", "/", "?", "#"):
            return GITLAB
        return service_for_host(host, self.hosts) or RECEIVER


def _bytes(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if hasattr(body, "read"):
        return _bytes(body.read())
    return b"".join(_bytes(part) for part in body)  # type: ignore[attr-defined]


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _to_requests(request: requests.PreparedRequest, outcome: Outcome) -> requests.Response:
    assert outcome.response is not None
    response = requests.Response()
    response.status_code = outcome.response.status
    response.headers = CaseInsensitiveDict(outcome.response.headers)
    response.headers.setdefault("Content-Length", str(len(outcome.response.body)))
    response.encoding = get_encoding_from_headers(response.headers)
    response.raw = BytesIO(outcome.response.body)
    response.url = str(request.url)
    response.request = request
    response.reason = ""
    return response
