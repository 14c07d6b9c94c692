"""A stand-in for Discord's webhooks: read, post, edit, delete, with its codes, its buckets and its ban.

The read answer holds the webhook's token, as the real one does. State: `hooks` {id: {name, channel_id, guild_id, token,
forum}}, `invalid_request_limit` (how many 401, 403, 404 answers until 429; default 10). Effects: `messages`,
`invalid_requests`.
"""

from __future__ import annotations

import re
from typing import Any

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, RefusalError, Service, serve, table
from reconciler.sandbox.services.memory import State, entry, iso, mapping, number, retry_after, sequence

_BUCKET = {
    "X-RateLimit-Limit": "5",
    "X-RateLimit-Remaining": "4",
    "X-RateLimit-Reset-After": "1.0",
    "X-RateLimit-Bucket": "9e8d6e8f0ad4b5c1",
}
_EMBED_LIMITS = {"title": 256, "description": 4096}
_TOKEN = re.compile(r"[\w.-]+")


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Discord."""
    refused = state.setdefault("invalid_requests", 0)
    if refused >= state.get("invalid_request_limit", 10):
        state = {"throttled": True, "retry_after": state.get("retry_after", 600)}
    response = serve(SERVICE, request, state, now)
    if response.status in (401, 403, 404):
        state["invalid_requests"] = refused + 1
    return response


def _read(call: Call) -> Response:
    hook = _hook(call)
    shown = {key: value for key, value in hook.items() if key != "forum"}
    return Response.of_json(200, {**shown, "token": call.names["token"]}, _bucket(call))


def _change(call: Call) -> Response:
    hook = _hook(call)
    name = str(mapping(call.json(_error(400, 50109, "The request body contains invalid JSON."))).get("name", ""))
    _check_name(name, "name")
    call.state.setdefault("hooks", {})[call.names["id"]] = {**hook, "name": name or hook["name"]}
    return _read(call)


def _remove(call: Call) -> Response:
    _hook(call)
    call.state.get("hooks", {}).pop(call.names["id"], None)
    gone = call.state.get("gone", [])
    call.state["gone"] = [*(gone if isinstance(gone, list) else []), call.names["id"]]
    return Response(204, _bucket(call))


def _post(call: Call) -> Response:
    hook = _hook(call)
    payload = _payload(call)
    _check_message(payload)
    _check_name(str(payload.get("username", "")), "username")
    thread = call.query.get("thread_id")
    if hook["forum"] and not (thread or payload.get("thread_name")):
        return _error(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
    kept = ("content", "embeds", "username", "avatar_url", "allowed_mentions", "tts", "flags", "thread_name")
    message = {
        "id": str(1_000_000_000_000_000_000 + number(call.state, "message")),
        "webhook_id": call.names["id"],
        "channel_id": thread or hook["channel_id"],
        "timestamp": iso(call.now),
        **{key: payload[key] for key in kept if key in payload},
    }
    call.state.setdefault("messages", []).append(message)
    if call.query.get("wait") == "true":
        return Response.of_json(200, message, _bucket(call))
    return Response(204, _bucket(call))


def _post_slack(call: Call) -> Response:
    payload = mapping(call.json(_error(400, 50109, "The request body contains invalid JSON.")))
    texts = [str(payload.get("text", "")), *(str(mapping(a).get("text", "")) for a in _attachments(payload))]
    return _post_as(call, "\n".join(filter(None, texts)), Response.of_text(200, "ok", _bucket(call)))


def _post_github(call: Call) -> Response:
    event = call.header("x-github-event")
    return _post_as(call, f"github: {event}" if event else "", Response(204, _bucket(call)))


def _one_message(call: Call) -> Response:
    _hook(call)
    messages = sequence(call.state.get("messages"))
    message = next((m for m in messages if m["id"] == call.names["message"]), None)
    if message is None:
        return _error(404, 10008, "Unknown Message")
    if call.request.method == "DELETE":
        messages.remove(message)
        return Response(204, _bucket(call))
    if call.request.method == "PATCH":
        payload = _payload(call)
        _check_message({**message, **payload})
        message |= {key: payload[key] for key in ("content", "embeds") if key in payload}
        message["edited_timestamp"] = iso(call.now)
    return Response.of_json(200, message, _bucket(call))


def _throttled(call: Call) -> Response:
    wait = retry_after(call.state)
    headers = {"Retry-After": str(wait), **_bucket(call), "X-RateLimit-Remaining": "0", "X-RateLimit-Scope": "user"}
    body = {"message": "You are being rate limited.", "retry_after": wait - 0.35, "global": False}
    return Response.of_json(429, body, headers)


def _identified(call: Call) -> Response | None:
    return None if call.header("user-agent") else _error(403, 40333, "internal network error")


_HOOK = "/api/webhooks/{id}/{token}"
_ROWS = (
    ("GET", "", _read),
    ("PATCH", "", _change),
    ("DELETE", "", _remove),
    ("POST", "", _post),
    ("POST", "/slack", _post_slack),
    ("POST", "/github", _post_github),
    ("GET|PATCH|DELETE", "/messages/{message}", _one_message),
)
_PREFIXES = (_HOOK, _HOOK.replace("/api/", "/api/v10/"))

SERVICE = Service(
    routes=table(*((verbs, at + end, do) for at in _PREFIXES for verbs, end, do in _ROWS), guard=_identified),
    throttled=_throttled,
    missing=lambda _call: _error(404, 0, "404: Not Found"),
)


# ---------------------------------------------------------------------------------------------------------------------


def _error(status: int, code: int, message: str, errors: dict[str, str] | None = None) -> Response:
    body: State = {"message": message, "code": code}
    if errors:
        body["errors"] = {
            name: {"_errors": [{"code": "BASE_TYPE_INVALID", "message": text}]} for name, text in errors.items()
        }
    return Response.of_json(status, body)


def _bucket(call: Call) -> dict[str, str]:
    return {**_BUCKET, "X-RateLimit-Reset": f"{call.now + 1:.3f}"}


def _hook(call: Call) -> dict[str, Any]:
    name, token = call.names["id"], call.names["token"]
    unlisted: State = {"name": "GitLab", "channel_id": "200", "guild_id": "300", "forum": False}
    hook = entry(call.state, "hooks", name, id=name, type=1, application_id=None, avatar=None, **unlisted)
    if not _TOKEN.fullmatch(token):
        raise RefusalError(_error(500, 0, "500: Internal Server Error"))
    if hook is None:
        raise RefusalError(_error(404, 10015, "Unknown Webhook"))
    path = f"/api/webhooks/{name}/{token}"
    if hook.get("token", token) != token or call.is_bad(token, f"{name}/{token}", path, call.root + path):
        raise RefusalError(_error(401, 50027, "Invalid Webhook Token"))
    return hook


def _payload(call: Call) -> State:
    invalid = _error(400, 50109, "The request body contains invalid JSON.")
    if "x-www-form-urlencoded" in call.header("content-type"):
        return dict(call.form)
    payload = call.json(invalid)
    if not isinstance(payload, dict):
        raise RefusalError(invalid)
    return payload


def _check_name(name: str, where: str) -> None:
    if any(word in name.lower() for word in ("clyde", "discord")):
        text = f'{where.capitalize()} cannot contain "clyde" or "discord"'
        raise RefusalError(_error(400, 50035, "Invalid Form Body", {where: text}))


def _check_message(payload: State) -> None:
    content, embeds = payload.get("content") or "", payload.get("embeds") or []
    if not any(payload.get(key) for key in ("content", "embeds", "components", "poll")):
        raise RefusalError(_error(400, 50006, "Cannot send an empty message"))
    errors = {}
    if not isinstance(content, str) or len(content) > 2000:
        errors["content"] = "Must be 2000 or fewer in length."
    if not isinstance(embeds, list) or len(embeds) > 10 or not all(_is_embed(embed) for embed in embeds):
        errors["embeds"] = "Must be 10 or fewer in length, each within its limits."
    elif sum(_letters(embed) for embed in embeds) > 6000:
        errors["embeds"] = "Embed size exceeds maximum size of 6000"
    if errors:
        raise RefusalError(_error(400, 50035, "Invalid Form Body", errors))


def _is_embed(embed: object) -> bool:
    value = mapping(embed)
    fields = [mapping(item) for item in sequence(value.get("fields"))]
    return (
        bool(value)
        and all(len(str(value.get(key) or "")) <= most for key, most in _EMBED_LIMITS.items())
        and len(str(mapping(value.get("footer")).get("text", ""))) <= 2048
        and len(str(mapping(value.get("author")).get("name", ""))) <= 256
        and len(fields) <= 25
        and all(0 < len(str(f.get("name", ""))) <= 256 and 0 < len(str(f.get("value", ""))) <= 1024 for f in fields)
    )


def _letters(embed: State) -> int:
    own = [embed.get("title"), embed.get("description"), mapping(embed.get("footer")).get("text")]
    own.append(mapping(embed.get("author")).get("name"))
    fields = [mapping(item).get(key) for item in sequence(embed.get("fields")) for key in ("name", "value")]
    return sum(len(str(text or "")) for text in own + fields)


def _attachments(payload: State) -> list[Any]:
    return sequence(payload.get("attachments"))


def _post_as(call: Call, content: str, success: Response) -> Response:
    hook = _hook(call)
    _check_message({"content": content})
    message = {"id": str(1_000_000_000_000_000_000 + number(call.state, "message")), "webhook_id": call.names["id"]}
    message |= {"channel_id": hook["channel_id"], "timestamp": iso(call.now), "content": content}
    call.state.setdefault("messages", []).append(message)
    return success
