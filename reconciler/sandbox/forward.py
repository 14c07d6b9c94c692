"""The way to a sandbox that another process serves: a `requests` adapter that sends everything there.

No request that is sent through it leaves the machine: GitLab's go to the served sandbox as they are, those of known
hosts to their stand-ins under its prefix, every other one is answered here by an `ok`.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from .connection import FORWARDED
from .services import service_for_host


class ForwardingAdapter(HTTPAdapter):
    """Mount it on `http://` and `https://` of a session.

    `url`: where the sandbox listens; `hosts`: as in `SandboxAdapter`, they may be added to later.
    """

    def __init__(self, url: str, *, hosts: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.url = url.rstrip("/")
        self.hosts: dict[str, str] = dict(hosts or {})

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a prepared request where it belongs."""
        url = str(request.url)
        if url.startswith(self.url) and url[len(self.url) : len(self.url) + 1] in ("", "/", "?", "#"):
            return super().send(request, *args, **kwargs)
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        service = service_for_host(host, self.hosts)
        if service is None:
            return _ok(request)
        query = f"?{parts.query}" if parts.query else ""
        forwarded = request.copy()
        forwarded.url = f"{self.url}/_services/{service}{parts.path or '/'}{query}"
        forwarded.headers[FORWARDED] = f"{parts.scheme}://{host}"
        answer = super().send(forwarded, *args, **kwargs)
        answer.url = url
        return answer


def _ok(request: requests.PreparedRequest) -> requests.Response:
    response = requests.Response()
    response.status_code = 200
    response.headers["Content-Type"] = "text/plain"
    response.raw = BytesIO(b"ok")
    response.url = str(request.url)
    response.request = request
    return response
