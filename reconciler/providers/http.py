"""The one way to the network: sends requests, obeys limits, retries what may be retried, reveals secrets.

Sending happens here, deciding in `decide` and `pace`. Secrets are revealed here and nowhere else, and leave only in
the request; everything that is shown or raised carries their references. The GitLab token goes to GitLab only.
Redirects are never followed. `requests` is imported when the first request is sent.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from reconciler.core.errors import ReconcilerError, RemoteError
from reconciler.core.events import Progress, RequestSent, Waiting
from reconciler.core.flow import Failure, Flow, Pause, Remember, Request, Response
from reconciler.core.ports import Clock, Listener
from reconciler.core.resource import NOTHING
from reconciler.core.value import Plain, Secret
from reconciler.providers.decide import Call, Lost, Take, Wait, decide
from reconciler.providers.outgoing import Outgoing, Target, outgoing
from reconciler.providers.pace import Pace, class_of
from reconciler.providers.transport import Network, Transport

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

T = TypeVar("T")

PATIENCE = 3900.0
"""Seconds that one call waits for rate limits at most: a little more than GitLab's longest default window, an hour."""
ATTEMPTS_AT_GITLAB = 5
ATTEMPTS_ELSEWHERE = 2
TELL_ABOVE = 0.5
"""Seconds of waiting from which on a person is told."""


class HttpClient:
    """Implements `ports.Http`. Thread-safe; one pooled session.

    `base_url` is GitLab's, with its path prefix if it has one. `timeout` is how long a server may be silent, in
    seconds. `adapters` mounts `requests` adapters by URL prefix (the sandbox runs in-process behind one).
    """

    def __init__(
        self,
        base_url: str,
        token: Secret | None,
        *,
        clock: Clock,
        listener: Listener,
        parallelism: int = 16,
        timeout: float = 30.0,
        network: Network | None = None,
        adapters: Mapping[str, BaseAdapter] = NOTHING,
        patience: float = PATIENCE,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._gitlab = Target(base_url, token)
        self._clock, self._listener = clock, listener
        self._patience, self._jitter = patience, jitter
        self._transport = Transport(network or Network(), parallelism, timeout, adapters, self._gitlab.owns, clock)
        self._lock = threading.Lock()
        self._paces: dict[str, Pace] = {}
        self._count = 0
        self._unreachable: set[str] = set()
        """Origins that nobody could connect to, until one answers: a fleet does not wait for each project anew."""

    @property
    def base_url(self) -> str:
        """GitLab's URL, without a trailing slash."""
        return self._gitlab.base

    @property
    def requests(self) -> int:
        """How many requests have been sent, repeated ones counted."""
        return self._count

    def send(self, request: Request) -> Response:
        """Send a request and return its answer; raises `RemoteError` and `UnclearWrite` as `ports.Http` says."""
        answer, error = self._exchange(request)
        if error is not None:
            raise error
        assert isinstance(answer, Response)
        return answer

    def run(self, flow: Flow[T], remember: Callable[[Mapping[str, Plain]], None] | None = None) -> T:
        """Converse: the flow sees every answer, refusals included, and a `Failure` where none came."""
        try:
            step = next(flow)
            while True:
                if not isinstance(step, Remember):
                    step = flow.send(self._follow(step))
                    continue
                if remember is None:
                    raise TypeError("this conversation must be kept, and nobody keeps it")
                remember(step.facts)
                step = flow.send(None)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            flow.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    # -----------------------------------------------------------------------------------------------------------------

    def _follow(self, step: Request | Pause) -> Response | Failure | None:
        if isinstance(step, Pause):
            if step.note:
                self._listener.on_event(Progress(step.note))
            self._clock.sleep(step.seconds)
            return None
        try:
            answer, error = self._exchange(step)
        except RemoteError as never_sent:
            return Failure(_told(never_sent), sent=False)
        if isinstance(answer, Response):
            return answer
        return Failure(answer.summary if error is None else _told(error), answer.elapsed_ms, answer.sent)

    def _exchange(self, request: Request) -> tuple[Response | Lost, ReconcilerError | None]:
        """The last answer of a request, and the error that it amounts to, if any."""
        out = outgoing(request, self._gitlab)
        at_gitlab = out.origin == self._gitlab.origin
        attempts = ATTEMPTS_AT_GITLAB if at_gitlab else ATTEMPTS_ELSEWHERE
        if out.origin in self._unreachable:
            attempts = 1
        call = Call(request.method, out.place, request.writes, request.accept, attempts)
        budget = class_of(request.method, out.place, request.budget)
        waited, attempt, refusals = 0.0, 0, 0
        while True:
            attempt += 1
            waited += self._admit(out.origin, budget)
            answer = self._once(out, attempt)
            if isinstance(answer, Response) and answer.status >= 400 and answer.body:
                answer = replace(answer, body=out.scrubbed(answer.body))
            decision = decide(
                call,
                answer,
                attempt=attempt,
                waited=waited,
                now=self._clock.now(),
                jitter=self._jitter(),
                patience=self._patience,
                refusals=refusals,
            )
            if isinstance(decision, Take):
                return decision.response, None
            if not isinstance(decision, Wait):
                if isinstance(answer, Lost) and not answer.sent:
                    self._unreachable.add(out.origin)
                error = decision.error
                error.message = out.scrub(error.message)
                error.args = (error.message,)
                return answer, error
            self._learn(out.origin, budget, decision)
            if decision.throttle or decision.limited:
                attempt, refusals = attempt - 1, refusals + 1
            waited += decision.seconds
            self._wait(decision.seconds, decision.why)

    def _once(self, out: Outgoing, attempt: int) -> Response | Lost:
        answer = self._transport.send(out)
        response = isinstance(answer, Response)
        headers = answer.headers if isinstance(answer, Response) else NOTHING
        with self._lock:
            self._count += 1
            if response:
                self._unreachable.discard(out.origin)
            self._pace(out.origin).after(headers, self._clock.now())
        self._listener.on_event(
            RequestSent(
                out.method,
                out.place + out.query,
                answer.status if response else 0,  # type: ignore[union-attr]
                answer.elapsed_ms,
                attempt,
                headers.get("x-request-id", ""),
            )
        )
        return answer

    def _admit(self, origin: str, budget: str) -> float:
        """Wait until the limits that are known let the request go; returns the seconds waited."""
        waited = 0.0
        while True:
            with self._lock:
                seconds = self._pace(origin).before(budget, self._clock.now())
            if seconds <= 0:
                return waited
            if waited + seconds > self._patience:
                # The server decides: what it answers is reported.
                seconds = max(0.0, self._patience - waited)
                if seconds <= 0:
                    return waited
            self._wait(seconds, "the server's rate limit is used up")
            waited += seconds

    def _learn(self, origin: str, budget: str, decision: Wait) -> None:
        until = self._clock.now() + decision.seconds
        with self._lock:
            if decision.throttle:
                self._pace(origin).refused("", until)
            elif decision.limited:
                self._pace(origin).refused(budget, until)

    def _pace(self, origin: str) -> Pace:
        return self._paces.setdefault(origin, Pace())

    def _wait(self, seconds: float, why: str) -> None:
        if seconds >= TELL_ABOVE:
            self._listener.on_event(Waiting(seconds, why))
        self._clock.sleep(seconds)


def _told(error: ReconcilerError) -> str:
    """An error's sentence without the call in front of it (a `Failure` is shown beside its request), and its hint."""
    sentence = error.message.split(": ", 1)[-1]
    return f"{sentence}; {error.hint}" if error.hint else sentence
