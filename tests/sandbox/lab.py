"""A pretend GitLab in a test's hands: people of every role, two projects, and a clock that the test moves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.gitlab import handle
from reconciler.sandbox.message import Delivered, Request
from reconciler.sandbox.seed import world_from_seed
from reconciler.sandbox.world import World
from tests.sandbox.bodies import BODIES

NOW = 1_767_225_600.0
SHOP, WEB, GROUP = "/projects/acme%2Fshop", "/projects/acme%2Fweb", "/groups/acme"

SEED: dict[str, Any] = {
    "version": "18.9.0-ee",
    "revision": "test",
    "settings": {"url": "http://gitlab.example.test", "allow_local_requests": False, "licensed": True},
    "users": [
        {"username": "root", "name": "Administrator", "admin": True},
        *({"username": name, "name": name.title()} for name in ("olivia", "mia", "dev", "ryan", "outsider")),
    ],
    "tokens": [
        {"as": name, "token": f"token-of-{name}", "user": name, "scopes": ["api"], "expires_at": "2099-01-01"}
        for name in ("root", "olivia", "mia", "dev", "ryan", "outsider")
    ],
    "groups": [
        {
            "path": "acme",
            "members": {"olivia": "owner", "mia": "maintainer", "dev": "developer", "ryan": "reporter"},
        },
        {"path": "acme/sub"},
    ],
    "projects": [{"path": "acme/shop"}, {"path": "acme/web"}, {"path": "acme/sub/api"}],
    "commit": {"sha": "9f1c2d3e4b5a69788796a5b4c3d2e1f001122334", "branch": "main"},
}


@dataclass(frozen=True)
class Answer:
    """What GitLab answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def text(self) -> str:
        """The `message` or `error` of a refusal."""
        value = self.json
        return str(value.get("message") or value.get("error")) if isinstance(value, dict) else ""


class Lab:
    """Asks a world of its own; `now` is its clock."""

    def __init__(self, world: World | None = None, **settings: Any) -> None:
        seed = {**SEED, "settings": {**SEED["settings"], **settings}}
        self.world = world or world_from_seed(seed, NOW)
        self.now = NOW

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: str | None = "mia",
        raw: bytes | None = None,
        **headers: str,
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who:
            sent["private-token"] = f"token-of-{who}"
        data = raw if raw is not None else b""
        if body is not None:
            data, sent["content-type"] = json.dumps(body).encode(), "application/json"
        place, _, query = path.partition("?")
        self.now += 0.01
        conversation = handle(Request(method, f"/api/v4{place}", query, sent, data), self.world, self.now)
        try:
            next(conversation)
            while True:
                conversation.send(Delivered(200))
        except StopIteration as end:
            response = end.value
        return Answer(response.status, dict(response.headers), response.body)

    def get(self, path: str, **more: Any) -> Answer:
        return self.ask("GET", path, **more)

    def put(self, path: str, body: Any, **more: Any) -> Answer:
        return self.ask("PUT", path, body, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.ask("POST", path, body, **more)

    def delete(self, path: str, **more: Any) -> Answer:
        return self.ask("DELETE", path, **more)

    def wait(self, seconds: float) -> None:
        """Let the clock run."""
        self.now += seconds


def one(slug: str) -> str:
    """The path of an integration of the first project."""
    return f"{SHOP}/integrations/{slug}"


def configure(lab: Lab, slug: str, **more: Any) -> Any:
    """Configure an integration of the first project."""
    answer = lab.put(one(slug), {**BODIES[slug], **more})
    assert answer.status == 200, answer.body
    return answer.json
