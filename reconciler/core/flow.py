"""Flows: conversations over HTTP described without holding them.

A flow is a generator that yields `Request` values, is sent `Response` values and returns a result. The engine runs
it through the one HTTP port, so whoever writes a flow cannot reach the network, a conversation of several calls reads
from top to bottom, and a test feeds the answers by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from reconciler.core.value import Plain, Secret

T = TypeVar("T")

_SURROGATES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""Where JSON may hold half a character."""


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic credentials."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that is sent as `Authorization: <scheme> <token>`."""

    token: Secret
    scheme: str = "Bearer"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to be sent.

    `url` is absolute, or begins with `/` for the GitLab instance (its `/api/v4` is not added). A `Secret` may stand as
    `url`, as a header's value, and anywhere inside `json`, `form` and `query`: it is revealed by the sender only, and
    logs show its reference. At most one of `json`, `form`, `body` is given. `writes` says that the server's contents
    may change: such a request is never repeated without a look. `budget` names the endpoint class for rate limits.
    """

    method: str
    url: str | Secret
    headers: Mapping[str, str | Secret] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] | None = None
    body: bytes | None = None
    auth: Basic | Bearer | None = None
    writes: bool = False
    accept: frozenset[int] = frozenset()
    budget: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. Header names are in lower case; `elapsed_ms` is the time the server took."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    elapsed_ms: int = 0
    url: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 are replaced."""
        return self.body.decode("utf-8", "replace")

    def data(self) -> Any:
        """The body as JSON, or None when it is none; halves of characters are replaced, since no file can hold them."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        if _SURROGATES.search(self.body):
            found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
        return found


@dataclass(frozen=True, slots=True)
class Failure:
    """Sent into a flow instead of a `Response` when no answer came: unreachable, timed out, reset, refused TLS.

    `sent` says that the server may have received the request, so that a write may have been carried out.
    """

    summary: str
    elapsed_ms: int = 0
    sent: bool = True


@dataclass(frozen=True, slots=True)
class Pause:
    """Yielded by a flow that follows something slow: wait this long, then go on. `note` is shown as progress."""

    seconds: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Remember:
    """Yielded by a flow that must be resumable: these facts are durable before it goes on.

    They are kept with the entry's record and handed to the next run as `Subject.recorded["_sync"]`, name by name: a
    fact replaces the one of the same name, None takes it away.
    """

    facts: Mapping[str, Plain]


Answer = Response | Failure
"""What becomes of one request."""

Flow = Generator[Request | Pause | Remember, Answer | None, T]
"""A conversation: yields requests, pauses and facts, is sent answers (None after a pause or a fact), returns a T."""
