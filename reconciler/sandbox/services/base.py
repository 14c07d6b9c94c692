"""What every stand-in is made of: a table of routes, bodies and credentials, and the switches of a state.

Pure: no I/O, no clock, no randomness. Effects never keep a caller's credential.

Switches that every stand-in knows, in its `state`:
`bad_credentials` (list: whole token, `user:password`, password, or webhook path), `throttled` and `unavailable`
(True, or the number of requests to refuse), `retry_after` (seconds), `gone` (True, or a list of names), `strict` (only
objects that the state lists exist; without it any name does, as good as any other).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.memory import State, read_whole, retry_after, spend

_UNPACKED_LIMIT = 8 * 1024 * 1024


class RefusalError(Exception):
    """Ends an answer early with the response it carries."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a route's function sees it: with the service's state, the time, and the names in its path.

    `context` is the part of the path before the service's own routes (`/jenkins` in `https://host/jenkins/job/…`).
    """

    request: Request
    state: State
    now: float
    names: Mapping[str, str] = field(default_factory=dict)
    context: str = ""

    @property
    def root(self) -> str:
        """The URL that links to the service itself are built on."""
        return self.request.base + self.context

    @property
    def host(self) -> str:
        """The host name under which the service was reached."""
        return urlsplit(self.request.base).hostname or ""

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, the last value of each."""
        return dict(parse_qsl(self.request.query, keep_blank_values=True))

    @property
    def body(self) -> bytes:
        """The body, unpacked if it came gzipped or deflated."""
        if self.header("content-encoding") not in ("gzip", "deflate"):
            return self.request.body
        try:
            return zlib.decompressobj(47).decompress(self.request.body, _UNPACKED_LIMIT)
        except zlib.error:
            return b""

    @property
    def form(self) -> dict[str, str]:
        """The parameters of query and form body together; the body's win."""
        text = self.body.decode("utf-8", "replace") if not self.has_json else ""
        return {**self.query, **dict(parse_qsl(text, keep_blank_values=True))}

    @property
    def has_json(self) -> bool:
        """Whether the body is said to be JSON."""
        return "json" in self.header("content-type")

    def header(self, name: str) -> str:
        """A request header by lower-case name; empty if absent."""
        return self.request.headers.get(name, "")

    def json(self, malformed: Response) -> Any:
        """The body as JSON; ends the call with `malformed` where it is none."""
        try:
            return json.loads(self.body, parse_int=read_whole)
        except (ValueError, RecursionError):
            raise RefusalError(malformed) from None

    def payload(self, malformed: Response, *, as_form: bool) -> dict[str, Any]:
        """The message posted to a chat's webhook: a JSON object, in the form's field `payload` where it is a form.

        Ends the call with `malformed` where it is none.
        """
        text = self.body.decode("utf-8", "replace")
        if as_form:
            text = dict(parse_qsl(text, keep_blank_values=True)).get("payload", "")
        try:
            payload = json.loads(text)
        except (ValueError, RecursionError):
            payload = None
        if not isinstance(payload, dict):
            raise RefusalError(malformed)
        return payload

    def basic(self) -> tuple[str, str] | None:
        """User and password of basic authentication."""
        scheme, _, text = self.header("authorization").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        return user, password

    def token(self, *schemes: str) -> str:
        """What follows one of `schemes` (default `Bearer`) in the authorization header; empty if absent."""
        scheme, _, text = self.header("authorization").partition(" ")
        return text.strip() if scheme.lower() in {s.lower() for s in schemes or ("bearer",)} else ""

    def is_bad(self, *credentials: str) -> bool:
        """Whether the state lists one of these as a credential that does not work."""
        listed = self.state.get("bad_credentials", [])
        return any(credential in listed for credential in credentials if credential)

    def account(self, *schemes: str) -> str | None:
        """Who calls with basic authentication or a token: the user's name, `token`, "" if nobody, None if refused."""
        if pair := self.basic():
            user, password = pair
            return (
                None if self.is_bad(f"{user}:{password}", password, user if not password else "") else user or "token"
            )
        token = self.token(*schemes)
        return None if self.is_bad(token) else "token" if token else ""


def proxied(call: Call) -> Response | None:
    """The guard of services that know no users: a proxy before them refuses bad ones, and all but users on demand.

    `demand_auth` in the state says that there is such a proxy.
    """
    account = call.account()
    if account is None or (call.state.get("demand_auth") and not account):
        return Response.of_text(401, "Unauthorized", {"WWW-Authenticate": "Basic"})
    return None


Answer = Callable[[Call], Response]
Guard = Callable[[Call], Response | None]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of a service's table: methods, the path's template, who answers, and who is turned away first."""

    methods: frozenset[str]
    template: str
    pattern: re.Pattern[str]
    answer: Answer
    guard: Guard | None = None


def table(*rows: tuple[str, str, Answer], guard: Guard | None = None) -> tuple[Route, ...]:
    """Routes from rows of (`GET|POST`, template, function).

    In a template `{name}` is one path segment and `{name*}` any number; both reach the function percent-decoded. A
    template without a closing slash also takes a path with one; a template with one insists on it.
    """
    return tuple(
        Route(frozenset(methods.split("|")), template, _pattern(template), answer, guard)
        for methods, template, answer in rows
    )


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)(\*?)\}", template)
    text = re.escape(pieces[0])
    for name, many, after in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        text += f"(?P<{name}>{'.+?' if many else '[^/]+?'})" + re.escape(after)
    return re.compile(text + ("" if template.endswith("/") else "/?"))


def _throttled(call: Call) -> Response:
    return Response.of_text(429, "Too Many Requests", {"Retry-After": str(retry_after(call.state))})


def _unavailable(_call: Call) -> Response:
    return Response.of_text(503, "Service Unavailable")


def _missing(_call: Call) -> Response:
    return Response.of_text(404, "Not Found")


@dataclass(frozen=True, slots=True)
class Service:
    """A stand-in as a value: its routes, its forms of refusal, the headers on each answer.

    `contexts` is how many leading path segments may be a context path that is none of the service's own.
    """

    routes: tuple[Route, ...]
    throttled: Answer = _throttled
    unavailable: Answer = _unavailable
    missing: Answer = _missing
    headers: Mapping[str, str] = field(default_factory=dict)
    contexts: int = 0


def serve(service: Service, request: Request, state: State, now: float) -> Response:
    """Answer one request: the state's switches first, then the route's guard, then its function."""
    response = _answer(service, request, state, now)
    response = replace(response, headers={**service.headers, **response.headers})
    return replace(response, body=b"") if request.method == "HEAD" else response


def _answer(service: Service, request: Request, state: State, now: float) -> Response:
    route, call, allowed = _find(service, Call(request, state, now))
    if spend(state, "unavailable"):
        return service.unavailable(call)
    if spend(state, "throttled"):
        return service.throttled(call)
    if route is None:
        methods = {"Allow": ", ".join(sorted(allowed))}
        return Response.of_text(405, "Method Not Allowed", methods) if allowed else service.missing(call)
    try:
        refusal = route.guard(call) if route.guard else None
        return refusal or route.answer(call)
    except RefusalError as refused:
        return refused.response


def _find(service: Service, call: Call) -> tuple[Route | None, Call, set[str]]:
    method = "GET" if call.request.method == "HEAD" else call.request.method
    allowed: set[str] = set()
    for context, path in _splits(call.request.path, service.contexts):
        for route in service.routes:
            match = route.pattern.fullmatch(path)
            if match and method in route.methods:
                names = {name: unquote(text) for name, text in match.groupdict().items()}
                return route, replace(call, names=names, context=context), set()
            if match:
                allowed |= route.methods
        if allowed:
            break
    return None, call, allowed


def _splits(path: str, contexts: int) -> list[tuple[str, str]]:
    segments = path.split("/")
    return [
        ("/".join(segments[:n]), "/" + "/".join(segments[n:])) for n in range(1, min(contexts + 2, len(segments)))
    ] or [("", path)]
