"""A stand-in for Microsoft Teams: the old connectors and the Workflows that replace them.

State: `hooks` {path: "ok" | "removed" | "disabled" | "deleted"} by request path. Effects: `messages` (what a channel
shows), `runs` (every start of a flow: `posted`, and the `problem` that its sender never hears of).
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, Service, serve, table
from reconciler.sandbox.services.memory import State, is_gone, mapping, record, retry_after, sequence

_CARD = "application/vnd.microsoft.card.adaptive"
_SIZE_LIMIT = 28 * 1024
_ENDPOINT_ERROR = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {}"


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to a Teams webhook."""
    return serve(SERVICE, request, state, now)


def _connector(call: Call) -> Response:
    path = call.request.path
    condition = _condition(call)
    if condition == "removed":
        return Response.of_text(410, "The connector was removed from this channel.")
    if condition in ("deleted", "disabled") or call.is_bad(path, call.root + path):
        return Response.of_text(404, "Webhook not found.")
    payload = call.json(Response.of_text(400, "Bad payload received by generic incoming webhook."))
    if not isinstance(payload, dict):
        return Response.of_text(400, "Bad payload received by generic incoming webhook.")
    if not any(payload.get(key) for key in ("text", "summary", "sections", "attachments")):
        return Response.of_text(400, "Summary or Text is required.")
    if len(call.body) > _SIZE_LIMIT:
        return Response.of_text(200, _ENDPOINT_ERROR.format(413))
    record(call.state, "messages", via="connector", at=call.now, payload=payload)
    return Response.of_text(200, "1")


def _workflow(call: Call) -> Response:
    path, query, condition = call.request.path, call.query, _condition(call)
    if "api-version" not in query:
        return _error(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
    if not query.get("sig") or call.is_bad(query["sig"], path, call.root + path):
        return _error(401, "DirectApiAuthorizationRequired", "The request is not signed for this trigger.")
    if condition == "deleted":
        return _error(404, "WorkflowNotFound", "The workflow could not be found.")
    if condition in ("disabled", "removed"):
        return _error(400, "WorkflowTriggerIsNotEnabled", "The workflow's state is disabled.")
    payload = call.json(_error(400, "InvalidRequestContent", "The request content is not valid JSON."))
    problem = _problem(payload, len(call.body))
    record(call.state, "runs", workflow=call.names["workflow"], at=call.now, posted=not problem, problem=problem)
    if not problem:
        record(call.state, "messages", via="workflow", at=call.now, payload=payload)
    return Response(202)


def _throttled(call: Call) -> Response:
    if call.request.path.startswith("/webhook"):
        return Response.of_text(200, _ENDPOINT_ERROR.format(429))
    body = {"error": {"code": "WorkflowRunActionsThrottled", "message": "Too many requests."}}
    return Response.of_json(429, body, {"Retry-After": str(retry_after(call.state))})


_INVOKE = "/workflows/{workflow}/triggers/manual/paths/invoke"

SERVICE = Service(
    routes=table(
        ("POST", "/webhookb2/{path*}", _connector),
        ("POST", "/webhook/{path*}", _connector),
        ("POST", _INVOKE, _workflow),
        ("POST", f"/powerautomate/automations/direct{_INVOKE}", _workflow),
        ("POST", f"/powerautomate/automations/direct/cu/{{unit}}{_INVOKE}", _workflow),
    ),
    throttled=_throttled,
)


# ---------------------------------------------------------------------------------------------------------------------


def _condition(call: Call) -> str:
    path = call.request.path
    if is_gone(call.state, path):
        return "deleted"
    otherwise = "deleted" if call.state.get("strict") else "ok"
    return str(mapping(call.state.get("hooks")).get(path, otherwise))


def _problem(payload: object, size: int) -> str | None:
    attachments = mapping(payload).get("attachments")
    if not isinstance(attachments, list):
        return "`attachments` is of type Null"
    if size > _SIZE_LIMIT:
        return "the message is too large"
    cards = [mapping(attachment) for attachment in attachments]
    if not cards or not all(card.get("contentType") == _CARD and _is_card(card.get("content")) for card in cards):
        return "the adaptive card is missing or invalid"
    return None


def _is_card(content: object) -> bool:
    card = mapping(content)
    actions = [mapping(action).get("type") for action in sequence(card.get("actions"))]
    is_complete = card.get("type") == "AdaptiveCard" and bool(card.get("version")) and bool(card.get("body"))
    return is_complete and "Action.Submit" not in actions


def _error(status: int, code: str, message: str) -> Response:
    return Response.of_json(status, {"error": {"code": code, "message": message}})
