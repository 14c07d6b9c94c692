"""Runs flows against the stand-ins in one process: a stage with services, a GitLab, and a clock that pauses move.

Whatever a flow returns or raises is searched for every secret that its requests revealed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from reconciler.core.address import Scope, ScopeType
from reconciler.core.flow import Failure, Flow, Pause, Remember, Request, Response
from reconciler.core.resource import Subject
from reconciler.core.value import Secret
from reconciler.providers.outgoing import Target, outgoing
from reconciler.sandbox import message, services
from reconciler.sandbox.gitlab import handle as gitlab
from reconciler.sandbox.seed import world_from_seed
from reconciler.sandbox.world import World
from tests.sandbox.lab import SEED

T = TypeVar("T")

NOW = 1_767_225_600.0
GITLAB = "http://gitlab.example.test"
SHA = SEED["commit"]["sha"]
ANSWER_SECONDS = 0.01
Answers = Iterable[Response | Failure | None]


@dataclass
class Stage:
    """Where a flow plays. `hosts` says which stand-in answers for a host that is none of the well-known ones.

    `states` are the stand-ins' parts of the world; `lost` may take a request's answer away, by returning a failure,
    after (or instead of, with `never_sent`) its effect.
    """

    hosts: dict[str, str] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    world: World | None = None
    now: float = NOW
    lost: Callable[[Request], Failure | None] = lambda _request: None
    never_sent: Callable[[Request], Failure | None] = lambda _request: None
    sent: list[Request] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    revealed: set[str] = field(default_factory=set)

    def run(self, flow: Flow[T]) -> T:
        """Converse to the end; the secrets of the requests must be in neither result nor exception."""
        try:
            result = self._converse(flow)
        except Exception as wrong:
            self._search(f"{wrong!r} {wrong.__dict__!r}")
            raise
        self._search(repr(result))
        return result

    def gitlab_has(self, method: str, path: str, /, **body: Any) -> Any:
        """Change the pretend GitLab, or ask it something, beside the flow."""
        out = outgoing(Request(method, path, json=body or None), Target(GITLAB, Secret("token-of-mia")))
        parts = urlsplit(out.url)
        headers = {name.lower(): text for name, text in out.headers.items()}
        answer = self._gitlab(message.Request(method, parts.path, parts.query, headers, out.body or b"", GITLAB))
        assert answer.status < 300, answer.body
        return json.loads(answer.body or b"null")

    def _converse(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                step = flow.send(self._answer(step))
        except StopIteration as end:
            result: T = end.value
            return result

    def _answer(self, step: Request | Pause | Remember) -> Response | Failure | None:
        if isinstance(step, Pause):
            self.pauses.append(step)
            self._search(step.note)
            self.now += step.seconds
            return None
        if isinstance(step, Remember):
            self.facts |= step.facts
            self._search(repr(step.facts))
            return None
        self.sent.append(step)
        self.now += ANSWER_SECONDS
        if failure := self.never_sent(step):
            return failure
        out = outgoing(step, Target(GITLAB, Secret("token-of-mia")))
        self.revealed |= set(out.revealed)
        parts = urlsplit(out.url)
        headers = {"host": parts.netloc, **{name.lower(): text for name, text in out.headers.items()}}
        base = f"{parts.scheme}://{parts.netloc}"
        asked = message.Request(out.method, parts.path, parts.query, headers, out.body or b"", base)
        answer = self._gitlab(asked) if base == GITLAB else self._service(asked, parts.netloc)
        if failure := self.lost(step):
            return failure
        lower = {name.lower(): text for name, text in answer.headers.items()}
        return Response(answer.status, lower, answer.body, int(ANSWER_SECONDS * 1000), out.place)

    def _service(self, asked: message.Request, host: str) -> message.Response:
        name = services.service_for_host(host, self.hosts)
        assert name is not None, f"nobody answers for {host}"
        return services.handle(name, asked, self.states.setdefault(name, {}), self.now)

    def _gitlab(self, asked: message.Request) -> message.Response:
        if self.world is None:
            self.world = world_from_seed(SEED, self.now)
        conversation = gitlab(asked, self.world, self.now)
        try:
            next(conversation)
            while True:
                conversation.send(message.Delivered(200))
        except StopIteration as end:
            answer: message.Response = end.value
            return answer

    def _search(self, text: str) -> None:
        assert not [secret for secret in self.revealed if len(secret) > 3 and secret in text], "a secret is told"


def fed(flow: Flow[T], answers: Answers) -> tuple[T, list[Request | Pause | Remember]]:
    """Feed a flow by hand; its result, and what it yielded. Pauses and facts take no answer."""
    steps: list[Request | Pause | Remember] = []
    left = iter(answers)
    try:
        steps.append(next(flow))
        while True:
            steps.append(flow.send(next(left) if isinstance(steps[-1], Request) else None))
    except StopIteration as end:
        assert next(left, None) is None, "the flow ended before it had taken all answers"
        return end.value, steps


def subject(kind: str, /, recorded: dict[str, Any] | None = None, **values: Any) -> Subject:
    """An entry of a project; secrets are given as `Secret`."""
    scope = Scope(ScopeType.PROJECT, "acme/shop")
    return Subject(f"acme/shop:integrations.{kind}", kind, scope, values, recorded or {}, NOW)


def json_answer(status: int, value: object, **headers: str) -> Response:
    """An answer with a JSON body; header names are written with `_` for `-`."""
    answer = message.Response.of_json(status, value)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(status, {"content-type": "application/json", **named}, answer.body)
