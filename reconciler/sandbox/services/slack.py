"""A stand-in for Slack: incoming webhooks and the two Web API calls that a bot token is used for.

State: `hooks` {"T/B/X": state name} (names in `_DEAD` and `_REFUSING`, `throttled`), `legacy` (True, or a list of
"T/B/X": hooks that honour `channel`), `token_error` (what a bad bot token is told).
Effects: `messages`, `workflow_starts`.
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, Service, serve, table
from reconciler.sandbox.services.memory import State, is_gone, mapping, number, record, retry_after, sequence

_DEAD = {
    "no_service": 404,
    "no_active_hooks": 404,
    "no_team": 404,
    "team_disabled": 404,
    "invalid_token": 403,
}
"""Looked at before the body is: such a hook answers the same to anything."""

_REFUSING = {
    "channel_is_archived": 410,
    "channel_not_found": 404,
    "action_prohibited": 403,
    "posting_to_general_channel_denied": 403,
    "user_not_found": 400,
    "rollup_error": 500,
}
"""Looked at after the body was found good: only a real post shows it."""

_TEXT_LIMIT = 40_000
_KEPT = ("text", "blocks", "attachments", "thread_ts", "metadata", "link_names", "unfurl_links", "unfurl_media")
_OVERRIDES = ("channel", "username", "icon_emoji", "icon_url")


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Slack."""
    return serve(SERVICE, request, state, now)


def _webhook(call: Call) -> Response:
    name = "/".join(call.names[part] for part in ("team", "hook", "key"))
    condition = _condition(call, name)
    if condition == "throttled":
        return _throttled(call)
    if condition in _DEAD:
        return _text(_DEAD[condition], condition)
    payload = call.payload(_text(400, "invalid_payload"), as_form=call.body.startswith(b"payload="))
    if problem := _problem(payload):
        return _text(400, problem)
    legacy = call.state.get("legacy", False)
    honours_overrides = name in legacy if isinstance(legacy, list) else bool(legacy)
    if payload.get("channel") and not honours_overrides:
        return _text(404, "channel_not_found")
    if condition in _REFUSING:
        return _text(_REFUSING[condition], condition)
    kept = _KEPT + (_OVERRIDES if honours_overrides else ())
    message = {key: payload[key] for key in kept if key in payload}
    if isinstance(message.get("text"), str):
        message["text"] = message["text"][:_TEXT_LIMIT]
    record(call.state, "messages", hook=f"{call.names['team']}/{call.names['hook']}", at=call.now, **message)
    return _text(200, "ok")


def _workflow(call: Call) -> Response:
    record(call.state, "workflow_starts", at=call.now)
    return Response.of_json(200, {"ok": True})


def _auth_test(call: Call) -> Response:
    refusal = _bot_refusal(call)
    identity = {"url": "https://acme.slack.com/", "team": "Acme", "user": "gitlab", "team_id": "T0", "user_id": "U0"}
    return refusal or Response.of_json(200, {"ok": True, **identity, "bot_id": "B0"})


def _post_message(call: Call) -> Response:
    if refusal := _bot_refusal(call):
        return refusal
    wrong = Response.of_json(200, {"ok": False, "error": "invalid_json"})
    payload: State = mapping(call.json(wrong)) if call.has_json else dict(call.form)
    channel = payload.get("channel")
    if not isinstance(channel, str) or not channel or is_gone(call.state, channel):
        return Response.of_json(200, {"ok": False, "error": "channel_not_found"})
    if not any(payload.get(key) for key in ("text", "blocks", "attachments")):
        return Response.of_json(200, {"ok": False, "error": "no_text"})
    stamp = f"{int(call.now)}.{number(call.state, 'message'):06d}"
    message = {key: payload[key] for key in _KEPT if key in payload}
    record(call.state, "messages", channel=channel, ts=stamp, at=call.now, **message)
    return Response.of_json(200, {"ok": True, "channel": channel, "ts": stamp, "message": message})


def _throttled(call: Call) -> Response:
    wait = {"Retry-After": str(retry_after(call.state))}
    if call.request.path.startswith("/api/"):
        return Response.of_json(429, {"ok": False, "error": "ratelimited"}, wait)
    return _text(429, "rate_limited", wait)


SERVICE = Service(
    routes=table(
        ("POST", "/services/{team}/{hook}/{key}", _webhook),
        ("POST", "/workflows/{path*}", _workflow),
        ("POST", "/triggers/{path*}", _workflow),
        ("GET|POST", "/api/auth.test", _auth_test),
        ("POST", "/api/chat.postMessage", _post_message),
    ),
    throttled=_throttled,
)


# ---------------------------------------------------------------------------------------------------------------------


def _text(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return Response.of_text(status, text, {"Content-Type": "text/html", **(headers or {})})


def _condition(call: Call, name: str) -> str:
    path = f"/services/{name}"
    if call.is_bad(name, path, call.root + path, call.names["key"]):
        return "invalid_token"
    if is_gone(call.state, name):
        return "no_service"
    otherwise = "no_service" if call.state.get("strict") else "ok"
    return str(mapping(call.state.get("hooks")).get(name, otherwise))


def _problem(payload: State) -> str | None:
    blocks = payload.get("blocks", [])
    if not any(payload.get(key) for key in ("text", "blocks", "attachments")):
        return "no_text"
    if not isinstance(blocks, list) or len(blocks) > 50 or not all(mapping(block).get("type") for block in blocks):
        return "invalid_blocks"
    if any(len(str(mapping(mapping(block).get("text")).get("text", ""))) > 3000 for block in blocks):
        return "invalid_blocks"
    return "too_many_attachments" if len(sequence(payload.get("attachments"))) > 100 else None


def _bot_refusal(call: Call) -> Response | None:
    token = call.token() or call.form.get("token", "")
    if not token:
        return Response.of_json(200, {"ok": False, "error": "not_authed"})
    if call.is_bad(token):
        return Response.of_json(200, {"ok": False, "error": call.state.get("token_error", "invalid_auth")})
    return None
