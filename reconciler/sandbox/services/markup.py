"""Answers that are XML unless JSON is asked for, as Atlassian's and JetBrains' build servers give them. Pure."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from reconciler.sandbox.message import Response
from reconciler.sandbox.services.base import Call


def answer(call: Call, name: str, value: object, *, status: int = 200, json: bool = False) -> Response:
    """`value` as JSON if the call accepts that (or `json` says so), else as XML with the root element `name`."""
    if json or "json" in call.header("accept"):
        return Response.of_json(status, value)
    text = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{element(name, value)}'
    return Response(status, {"Content-Type": "application/xml;charset=UTF-8"}, text.encode())


def element(name: str, value: object) -> str:
    """A JSON value as an element: scalars become attributes, objects and arrays inner elements."""
    if isinstance(value, list):
        return "".join(element(name, item) for item in value)
    if not isinstance(value, dict):
        return f"<{name}>{escape(_text(value))}</{name}>"
    attributes = "".join(f" {k}={quoteattr(_text(v))}" for k, v in value.items() if not isinstance(v, dict | list))
    inner = "".join(element(k, v) for k, v in value.items() if isinstance(v, dict | list))
    return f"<{name}{attributes}>{inner}</{name}>"


# ---------------------------------------------------------------------------------------------------------------------


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
