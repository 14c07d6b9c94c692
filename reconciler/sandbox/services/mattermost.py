"""A stand-in for Mattermost: incoming webhooks in the server's own order of checks, and the REST calls about them.

State: `hooks` {id: {channel, channel_locked}}, `disabled` (webhooks are off: 501), `overrides` (user name and icon of a
message are honoured), `channels` (list; without it every well-formed name exists). Effects: `messages`, and `hooks`
made over REST.
"""

from __future__ import annotations

import re

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, RefusalError, Service, serve, table
from reconciler.sandbox.services.memory import State, digest, entry, mapping, number, record, retry_after

_WEBHOOK_ERRORS = {
    "disabled": (501, "Incoming webhooks have been disabled by the system admin."),
    "parse": (400, "Could not decode the payload of the incoming webhook."),
    "text": (400, "No text specified."),
    "invalid": (400, "Invalid webhook."),
    "user": (400, "Couldn't find the user."),
    "channel": (404, "Couldn't find the channel."),
    "channel_locked": (403, "This webhook is not permitted to post to the requested channel."),
}
_CHANNEL = re.compile(r"@?[a-z0-9][a-z0-9._-]*")
_KEPT = ("text", "attachments", "props", "type", "priority")
_OVERRIDES = ("username", "icon_url", "icon_emoji")


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to a Mattermost server."""
    return serve(SERVICE, request, state, now)


def _webhook(call: Call) -> Response:
    if call.state.get("disabled"):
        raise _refused("disabled")
    is_form = call.body.startswith(b"payload=") or "x-www-form-urlencoded" in call.header("content-type")
    payload = call.payload(_refused("parse").response, as_form=is_form)
    if not payload.get("text") and "attachments" not in payload:
        raise _refused("text")
    name = call.names["hook"]
    hook = entry(call.state, "hooks", name, channel="town-square", channel_locked=False)
    if hook is None or call.is_bad(name, f"/hooks/{name}", f"{call.root}/hooks/{name}"):
        raise _refused("invalid")
    channel = payload.get("channel") or hook["channel"]
    if hook["channel_locked"] and channel != hook["channel"]:
        raise _refused("channel_locked")
    listed = call.state.get("channels")
    if (
        not isinstance(channel, str)
        or not _CHANNEL.fullmatch(channel)
        or (listed is not None and channel not in listed)
    ):
        raise _refused("user" if str(channel).startswith("@") else "channel")
    if payload.get("type") and not str(payload["type"]).startswith("custom_"):
        raise _refused("parse")
    kept = _KEPT + (_OVERRIDES if call.state.get("overrides") else ())
    message = {key: payload[key] for key in kept if key in payload}
    record(call.state, "messages", channel=channel, at=call.now, **message)
    return Response.of_text(200, "ok")


def _ping(_call: Call) -> Response:
    return Response.of_json(200, {"status": "OK", "AndroidLatestVersion": "", "IosLatestVersion": ""})


def _me(_call: Call) -> Response:
    return Response.of_json(200, {"id": digest("me")[:26], "username": "gitlab-bot", "roles": "system_user"})


def _list_hooks(call: Call) -> Response:
    return Response.of_json(200, [_shown(name, hook) for name, hook in mapping(call.state.get("hooks")).items()])


def _create_hook(call: Call) -> Response:
    body = mapping(call.json(_error(400, "api.context.invalid_body_param.app_error", "Invalid request body.")))
    if not isinstance(body.get("channel_id"), str) or not body["channel_id"]:
        return _error(400, "api.context.invalid_body_param.app_error", "Invalid or missing channel_id.")
    name = digest("hook", number(call.state, "hook"))[:26]
    hook = {"channel": body["channel_id"], "channel_locked": bool(body.get("channel_locked", False))}
    hook |= {key: body[key] for key in ("display_name", "description", "username", "icon_url") if key in body}
    call.state.setdefault("hooks", {})[name] = hook
    return Response.of_json(201, _shown(name, hook))


def _one_hook(call: Call) -> Response:
    name = call.names["hook"]
    hook = mapping(call.state.get("hooks")).get(name)
    if hook is None:
        return _error(404, "app.webhooks.get_incoming.app_error", "Unable to get the webhook.")
    if call.request.method == "DELETE":
        del call.state["hooks"][name]
        return Response.of_json(200, {"status": "OK"})
    if call.request.method == "PUT":
        body = mapping(call.json(_error(400, "api.context.invalid_body_param.app_error", "Invalid request body.")))
        hook |= {key: body[key] for key in ("display_name", "description", "channel_locked") if key in body}
        hook["channel"] = body.get("channel_id", hook["channel"])
    return Response.of_json(200, _shown(name, hook))


def _authenticated(call: Call) -> Response | None:
    token = call.token("bearer", "token")
    if token and not call.is_bad(token):
        return None
    return _error(401, "api.context.session_expired.app_error", "Invalid or expired session, please login again.")


def _throttled(call: Call) -> Response:
    return Response.of_text(429, "limit exceeded", {"Retry-After": str(retry_after(call.state))})


SERVICE = Service(
    routes=(
        *table(("POST", "/hooks/{hook}", _webhook), ("GET", "/api/v4/system/ping", _ping)),
        *table(
            ("GET", "/api/v4/users/me", _me),
            ("GET", "/api/v4/hooks/incoming", _list_hooks),
            ("POST", "/api/v4/hooks/incoming", _create_hook),
            ("GET|PUT|DELETE", "/api/v4/hooks/incoming/{hook}", _one_hook),
            guard=_authenticated,
        ),
    ),
    throttled=_throttled,
    contexts=2,
)


# ---------------------------------------------------------------------------------------------------------------------


def _error(status: int, name: str, message: str) -> Response:
    body = {"id": name, "message": message, "detailed_error": "", "request_id": digest(name)[:26]}
    return Response.of_json(status, {**body, "status_code": status})


def _refused(name: str) -> RefusalError:
    status, message = _WEBHOOK_ERRORS[name]
    return RefusalError(_error(status, f"web.incoming_webhook.{name}.app_error", message))


def _shown(name: str, hook: State) -> State:
    shown = {key: value for key, value in hook.items() if key != "channel"}
    return {"id": name, "channel_id": hook.get("channel", "town-square"), **shown}
