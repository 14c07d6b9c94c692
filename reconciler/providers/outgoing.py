"""A request as it leaves: absolute URL, headers and body with secrets revealed, and the form that may be shown.

Pure. `Outgoing` holds revealed secrets: it is built for one send and must not be kept, printed or raised.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus, urlencode, urlsplit

from reconciler.core.errors import RemoteError, SecretUnavailable
from reconciler.core.flow import Basic, Request
from reconciler.core.value import Secret, Text

SHOWN_QUERY = frozenset({"page", "per_page", "id_after", "filter[environment_scope]", "include_subgroups", "archived"})
"""Query parameters whose values may be shown; all others may hold anything."""
HIDDEN = "…"
SHORTEST_SCRUBBED = 4
"""Secrets shorter than this are not looked for in what a server says: they would hit innocent text."""


class Target:
    """The GitLab that is being worked on: its URL and its token."""

    __slots__ = ("base", "origin", "prefix", "token")

    def __init__(self, base_url: str, token: Secret | None) -> None:
        self.base = base_url.rstrip("/")
        self.origin = origin_of(self.base)
        self.prefix = urlsplit(self.base).path
        self.token = token

    def owns(self, url: str) -> bool:
        """Whether a URL leads to this GitLab, so that the token may go there."""
        if origin_of(url) != self.origin:
            return False
        path = urlsplit(url).path
        return ".." not in path and (path == self.prefix or path.startswith(f"{self.prefix}/"))


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing:
    """One request, ready to be sent.

    `place` is its URL without the query and `query` the query, as logs may show them; `revealed` are its secrets with
    their references.
    """

    method: str
    url: str
    origin: str
    place: str
    query: str
    headers: Mapping[str, str]
    body: bytes | None
    revealed: Mapping[str, str] = field(default_factory=dict)

    def scrub(self, text: str) -> str:
        """A text with the secrets of this request, which a server may have echoed, replaced by their references."""
        for secret in sorted(self.revealed, key=len, reverse=True):
            for form in sorted(_forms(secret), key=len, reverse=True):
                text = text.replace(form, self.revealed[secret])
        return text

    def scrubbed(self, body: bytes) -> bytes:
        """What a server answered, without the secrets of this request.

        Must come before anything is cut or folded: half of a secret would not be found. JSON is scrubbed text by text,
        because servers differ in what they escape.
        """
        text = body.decode("utf-8", "surrogateescape")
        if self.revealed:
            with suppress(ValueError, RecursionError):
                text = json.dumps(self._scrubbed(json.loads(text)), ensure_ascii=False)
        return self.scrub(text).encode("utf-8", "surrogateescape")

    def _scrubbed(self, data: Any) -> Any:
        if isinstance(data, str):
            return self.scrub(data)
        if isinstance(data, list):
            return [self._scrubbed(item) for item in data]
        if isinstance(data, dict):
            return {self.scrub(name): self._scrubbed(value) for name, value in data.items()}
        return data

    def __repr__(self) -> str:
        return f"Outgoing({self.method} {self.place})"


def outgoing(request: Request, gitlab: Target) -> Outgoing:
    """Make a request ready to be sent; raises `RemoteError` for a URL that leads nowhere, `SecretUnavailable`."""
    reveal = _Reveal()
    written = reveal.text(request.url)
    url = gitlab.base + written if written.startswith("/") else written.strip()
    origin = origin_of(url)
    shown_url = request.url if isinstance(request.url, str) else _reference(request.url)
    if not origin:
        message = f"{request.method} {_place(shown_url)}: this is no http or https URL"
        raise RemoteError(message, method=request.method, url=_place(shown_url))
    pairs = _pairs(request.query)
    if pairs:
        url += ("&" if "?" in url else "?") + urlencode([(key, reveal.text(value)) for key, value in pairs])
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "reconciler"}
    body = _body(request, headers, reveal)
    headers.update({name: reveal.text(value) for name, value in request.headers.items()})
    if isinstance(request.auth, Basic):
        credentials = f"{request.auth.username}:{reveal.text(request.auth.password)}".encode()
        encoded = base64.b64encode(credentials).decode()
        reveal.found[encoded] = _reference(request.auth.password)
        headers["Authorization"] = f"Basic {encoded}"
    elif request.auth is not None:
        headers["Authorization"] = f"{request.auth.scheme} {reveal.text(request.auth.token)}"
    names = {name.lower() for name in headers}
    if gitlab.token is not None and not names & {"authorization", "private-token", "job-token"} and gitlab.owns(url):
        if not gitlab.token.known:
            message = f"there is no token for GitLab: {gitlab.token.reference} is not set"
            raise SecretUnavailable(message, hint="set it to an access token with the scope `api`")
        headers["PRIVATE-TOKEN"] = reveal.text(gitlab.token)
    place = reveal.scrubbed(_place(shown_url))
    return Outgoing(request.method, url, origin, place, _shown_query(pairs), headers, body, reveal.found)


def origin_of(url: str) -> str:
    """`scheme://host:port` of an http or https URL, in lower case; empty for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower())
    except ValueError:
        return ""
    if port is None or not parts.hostname or parts.scheme.lower() not in ("http", "https"):
        return ""
    return f"{parts.scheme.lower()}://{parts.hostname.lower()}:{port}"


# ---------------------------------------------------------------------------------------------------------------------


class _Reveal:
    """Turns values into what is sent, and remembers which secrets it revealed."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def text(self, value: object) -> str:
        plain = self.value(value)
        if isinstance(plain, bool):
            return "true" if plain else "false"
        return "" if plain is None else str(plain)

    def value(self, value: Any) -> Any:
        if isinstance(value, Secret):
            if not value.known:
                name = value.reference or "a secret"
                raise SecretUnavailable(f"{name} is not set", hint="set it in the environment of this command")
            text = value.reveal()
            if len(text) >= SHORTEST_SCRUBBED:
                self.found[text] = _reference(value)
            return text
        if isinstance(value, Text):
            raise TypeError(f"the references in {value.source!r} have not been resolved")
        if isinstance(value, Mapping):
            return {str(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def scrubbed(self, text: str) -> str:
        for secret, reference in self.found.items():
            text = text.replace(secret, reference)
        return text


def _forms(secret: str) -> set[str]:
    """How a secret may stand in an answer: as it is, in a URL, in HTML, in JSON, in JSON that stands in JSON.

    Rails escapes what means something in HTML inside JSON as well.
    """
    plain = {secret, *(json.dumps(secret, ensure_ascii=only)[1:-1] for only in (True, False))}
    twice = {json.dumps(text, ensure_ascii=only)[1:-1] for text in plain for only in (True, False)}
    html = {escape(text, quote=quotes) for text in plain for quotes in (True, False)}
    rails = {text.translate(_RAILS) for text in plain}
    return plain | twice | html | rails | {quote(secret), quote(secret, safe=""), quote_plus(secret)}


_RAILS = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&"})


def _reference(secret: Secret) -> str:
    return secret.reference or "[secret]"


def _body(request: Request, headers: dict[str, str], reveal: _Reveal) -> bytes | None:
    if request.json is not None:
        headers["Content-Type"] = "application/json"
        return json.dumps(reveal.value(request.json), ensure_ascii=False, separators=(",", ":")).encode()
    if request.form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return urlencode([(key, reveal.text(value)) for key, value in _pairs(request.form)]).encode()
    if request.body is None and request.method in ("POST", "PUT", "PATCH"):
        return b""
    return request.body


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in values.items():
        if value is None:
            continue
        pairs += [(key, item) for item in value] if isinstance(value, list | tuple) else [(key, value)]
    return pairs


def _shown_query(pairs: list[tuple[str, Any]]) -> str:
    if not pairs:
        return ""
    return "?" + "&".join(f"{key}={str(value).lower() if key in SHOWN_QUERY else HIDDEN}" for key, value in pairs)


def _place(url: str) -> str:
    """A URL without its credentials, and with the values of its query hidden."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a URL that cannot be read"
    if not parts.scheme or not parts.netloc:
        return _hidden(url)
    return _hidden(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}?{parts.query}".rstrip("?"))


def _hidden(url: str) -> str:
    path, mark, query = url.partition("?")
    if not mark:
        return path
    return path + "?" + "&".join(f"{pair.partition('=')[0]}={HIDDEN}" for pair in query.split("&"))
