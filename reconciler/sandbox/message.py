"""The values that cross the sandbox's edge: requests in, responses out, deliveries to the outside.

Pure: no I/O, no clock. Fronts (`fronts.py`) turn these into real HTTP or into `requests` answers.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it reached the sandbox.

    `path` is the raw, still percent-encoded path without the query; `query` the raw query string without `?`;
    `headers` have lower-case names. `base` is the URL under which the addressed server was reached (scheme, host
    and, for a stand-in served by prefix, that prefix), without a trailing slash: answers that contain links to
    themselves are built on it.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base: str = "http://gitlab.example.test"

    def to_json(self) -> dict[str, Any]:
        """For a journal: `from_json` makes the same request of it. Other members may stand beside these."""
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": dict(self.headers),
            "body": base64.b64encode(self.body).decode(),
            "base": self.base,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Request:
        """The request that `to_json` wrote."""
        body = base64.b64decode(row["body"])
        return cls(row["method"], row["path"], row["query"], row["headers"], body, row["base"])


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. Header names are in their usual spelling; `Content-Length` is added by the front."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of_json(cls, status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
        """An answer whose body is `value` as JSON."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return cls(status, {"Content-Type": "application/json", **(headers or {})}, text.encode())

    @classmethod
    def of_text(cls, status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
        """An answer whose body is plain text."""
        return cls(status, {"Content-Type": "text/plain", **(headers or {})}, text.encode())


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request that the pretend GitLab wants sent to the outside (a webhook); the front sends it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a `Delivery`: an answer, or `error` with no status. `duration` is in seconds."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: str | None = None
    duration: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """For a journal: `from_json` makes the same value of it. Other members may stand beside these."""
        return {
            "status": self.status,
            "headers": dict(self.headers),
            "body": base64.b64encode(self.body).decode(),
            "error": self.error,
            "duration": self.duration,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Delivered:
        """What `to_json` wrote."""
        return cls(row["status"], row["headers"], base64.b64decode(row["body"]), row["error"], row["duration"])


Conversation = Generator[Delivery, Delivered, Response]
"""A call in progress: yields what must be delivered, is sent what came of it, returns the answer."""
