"""How the tests of the stand-ins ask them: one function, with the state in the test's hands."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from reconciler.sandbox import services
from reconciler.sandbox.message import Request, Response

NOW = 1_760_000_000.0
Ask = Callable[..., Response]


def _ask(
    url: str,
    state: dict[str, Any] | None = None,
    *,
    method: str | None = None,
    body: object = None,
    headers: dict[str, str] | None = None,
    user: str | None = None,
    bearer: str | None = None,
    now: float = NOW,
    service: str | None = None,
) -> Response:
    """Send a request as a client would: `body` is JSON unless it is bytes; `user` is `name:password`."""
    parts = urlsplit(url)
    sent = {"host": parts.netloc, "user-agent": "tests"}
    if isinstance(body, bytes):
        raw = body
    else:
        raw = b"" if body is None else json.dumps(body).encode()
        sent |= {} if body is None else {"content-type": "application/json"}
    if user is not None:
        sent["authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
    if bearer is not None:
        sent["authorization"] = f"Bearer {bearer}"
    verb = method or ("GET" if body is None else "POST")
    request = Request(
        verb, parts.path, parts.query, {**sent, **(headers or {})}, raw, f"{parts.scheme}://{parts.netloc}"
    )
    name = service or services.service_for_host(parts.netloc, EXTRA)
    assert name is not None
    return services.handle(name, request, {} if state is None else state, now)


EXTRA = {
    "ci.acme.test": "jenkins",
    "jira.acme.test": "jira",
    "chat.acme.test": "mattermost",
    "redmine.acme.test": "redmine",
    "bamboo.acme.test": "bamboo",
    "tc.acme.test": "teamcity",
    "push.acme.test": "pushgateway",
    "prom.acme.test": "prometheus",
    "sonar.acme.test": "sonarqube",
    "sentry.acme.test": "sentry",
    "vault.acme.test": "vault",
    "tfs.acme.test": "azure_devops",
}


@pytest.fixture
def ask() -> Ask:
    return _ask


@pytest.fixture
def state() -> dict[str, Any]:
    return {}


@pytest.fixture
def now() -> float:
    return NOW


@pytest.fixture
def read() -> Callable[[Response], Any]:
    return lambda response: json.loads(response.body)
