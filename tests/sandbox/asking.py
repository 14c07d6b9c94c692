"""A whole sandbox in a test's hands: people, projects, a clock to move, and a receiver that says what it is told."""

from __future__ import annotations

import json
from typing import Any

from reconciler.sandbox.clock import ManualClock
from reconciler.sandbox.fronts import Outcome, Sandbox
from reconciler.sandbox.message import Delivered, Delivery, Request, Response
from reconciler.sandbox.seed import world_from_seed

NOW = 1_767_225_600.0
HOOKS = "/projects/acme%2Fshop/hooks"
SEED: dict[str, Any] = {
    "version": "18.9.0-ee",
    "revision": "test",
    "settings": {"url": "http://gitlab.example.test", "allow_local_requests": True, "licensed": True},
    "users": [{"username": "root", "admin": True}, {"username": "mia"}, {"username": "dev"}, {"username": "out"}],
    "tokens": [
        {"as": name, "token": f"token-of-{name}", "user": name, "scopes": ["api", "sudo"]}
        for name in ("root", "mia", "dev", "out")
    ],
    "groups": [{"path": "acme", "members": {"mia": "owner", "dev": "developer"}}],
    "projects": [{"path": "acme/shop", "topics": ["Python"]}, {"path": "acme/empty", "empty": True}],
}


class Asking:
    """Asks a sandbox; `deliveries` are what its hooks sent, `receiver` what they are answered."""

    def __init__(self, sandbox: Sandbox | None = None, **changes: Any) -> None:
        seed = {**SEED, **changes}
        self.sandbox = sandbox or Sandbox(world_from_seed(seed, NOW), ManualClock(NOW))
        self.world = self.sandbox.world
        self.deliveries: list[Delivery] = []
        self.receiver = Delivered(200, {"content-type": "text/plain"}, b"ok", None, 0.25)

    def outcome(self, method: str, path: str, body: object = None, who: str | None = "mia", **headers: str) -> Outcome:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who:
            sent["private-token"] = f"token-of-{who}"
        if body is not None:
            sent.setdefault("content-type", "application/json")
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        full = path if path.startswith(("/_", "/.", "/api")) else f"/api/v4{path}"
        place, _, query = full.partition("?")
        return self.sandbox.exchange(Request(method, place, query, sent, data), self._receive)

    def ask(self, method: str, path: str, body: object = None, who: str | None = "mia", **headers: str) -> Response:
        response = self.outcome(method, path, body, who, **headers).response
        assert response is not None
        return response

    def json(self, method: str, path: str, body: object = None, who: str | None = "mia", **headers: str) -> Any:
        """The answer's value; its status must be one of success."""
        response = self.ask(method, path, body, who, **headers)
        assert response.status < 300, response
        return json.loads(response.body) if response.body else None

    def refusal(self, method: str, path: str, body: object = None, who: str | None = "mia", **headers: str) -> Any:
        """Status and value of a refusal."""
        response = self.ask(method, path, body, who, **headers)
        assert response.status >= 300, response
        return response.status, json.loads(response.body)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.sandbox.clock.advance(seconds)

    def _receive(self, delivery: Delivery) -> Delivered:
        self.deliveries.append(delivery)
        return self.receiver
