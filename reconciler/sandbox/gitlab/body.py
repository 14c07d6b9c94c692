"""What a request sent: query, form, multipart and JSON bodies as one nested value.

Pure. Nested names follow Rack (`a[]=1`, `a[key]=1`, `a[][key]=1`); of duplicate names the last wins; a JSON body that
is no object carries no parameters. Sources: GitLab's documentation of the REST API and a running GitLab 18.9.
"""

from __future__ import annotations

import json
import re
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from ..message import Request, Response
from .errors import ApiError, error

WITH_BODY = frozenset(("POST", "PUT", "PATCH", "DELETE"))
MALFORMED = re.compile("[\x00\ud800-\udfff]")
BAD_REQUEST = Response.of_text(400, "Bad Request")
FORM = "application/x-www-form-urlencoded"


def sent_parameters(request: Request) -> dict[str, Any]:
    """All parameters of a request, the body's over the query's. Raises `ApiError` for unreadable bodies."""
    if not request.query and not request.body:
        return {}
    sent = nested(parse_qsl(request.query, keep_blank_values=True)) if request.query else {}
    if request.body and request.method in WITH_BODY:
        sent |= _body(request)
    if _is_malformed(sent):
        raise ApiError(BAD_REQUEST)
    return sent


def has_malformed_address(request: Request) -> bool:
    """Whether path or query hold a NUL, or bytes that are no text: refused before anything else."""
    if "%" not in request.path and "%" not in request.query:
        return False
    raw = unquote_to_bytes(request.path) + b"?" + unquote_to_bytes(request.query)
    try:
        return "\x00" in raw.decode()
    except UnicodeDecodeError:
        return True


def query_parameters(request: Request) -> dict[str, Any]:
    """The parameters of the query alone: for calls whose body is data."""
    return nested(parse_qsl(request.query, keep_blank_values=True)) if request.query else {}


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Flat name-value pairs as the nested value their names describe."""
    out: dict[str, Any] = {}
    for name, value in pairs:
        head, _, rest = name.partition("[")
        keys = re.findall(r"\[([^\]]*)\]", "[" + rest) if rest else []
        _put(out, head, keys, value)
    return out


def _put(holder: dict[str, Any], name: str, keys: list[str], value: str) -> None:
    if not keys:
        holder[name] = value
        return
    first, rest = keys[0], keys[1:]
    if first != "":
        inner = holder.get(name)
        if not isinstance(inner, dict):
            inner = holder[name] = {}
        _put(inner, first, rest, value)
        return
    items = holder.get(name)
    if not isinstance(items, list):
        items = holder[name] = []
    if not rest:
        items.append(value)
        return
    if not items or not isinstance(items[-1], dict) or (len(rest) == 1 and rest[0] in items[-1]):
        items.append({})
    _put(items[-1], rest[0], rest[1:], value)


def _body(request: Request) -> dict[str, Any]:
    content_type = request.headers.get("content-type", "")
    media = content_type.split(";")[0].strip().lower()
    if media == "application/json" or media.endswith("+json"):
        return _json_body(request.body)
    if media in ("", FORM):
        return nested(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    if media == "multipart/form-data":
        return _multipart(request.body, content_type)
    raise error(415, f"The provided content-type '{media}' is not supported.")


def _json_body(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise error(400, "Invalid JSON format") from None
    return value if isinstance(value, dict) else {}


def _multipart(body: bytes, content_type: str) -> dict[str, Any]:
    parsed = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    pairs: list[tuple[str, str]] = []
    for part in parsed.get_payload() if parsed.is_multipart() else []:
        name = part.get_param("name", header="content-disposition") if not isinstance(part, str) else None
        if isinstance(name, str) and not isinstance(part, str):
            payload = part.get_payload(decode=True)
            pairs.append((name, payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""))
    return nested(pairs)


def _is_malformed(value: object) -> bool:
    """Whether a NUL or half a surrogate pair is anywhere in the parameters."""
    if isinstance(value, str):
        return MALFORMED.search(value) is not None
    if isinstance(value, dict):
        return any(_is_malformed(k) or _is_malformed(v) for k, v in value.items())
    return isinstance(value, list) and any(_is_malformed(item) for item in value)
