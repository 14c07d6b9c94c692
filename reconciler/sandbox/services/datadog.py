"""A stand-in for Datadog: key validation on the right site, metrics, logs, events, and GitLab's own deliveries.

State: `site` (the site that is served; without it the host says), `sites` {api key: the site it belongs to}.
Effects: `series`, `dropped` (accepted, but too old or too new to be kept), `logs`, `events`,
`webhooks`.
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, Service, serve, table
from reconciler.sandbox.services.memory import State, mapping, number, record, retry_after, sequence, uuid_of

_ALERTS = ("error", "warning", "info", "success", "user_update", "recommendation", "snapshot")
_FUTURE, _PAST, _EVENT_PAST = 600, 3600, 18 * 3600
_RAW_LIMIT, _UNPACKED_LIMIT = 512_000, 5_242_880
_HOSTS = ("webhook-intake", "http-intake.logs", "api", "app")


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Datadog."""
    return serve(SERVICE, request, state, now)


def _validate(_call: Call) -> Response:
    return Response.of_json(200, {"valid": True})


def _validate_v2(_call: Call) -> Response:
    attributes = {"uuid": uuid_of("organisation"), "api_key_id": uuid_of("key")}
    return Response.of_json(200, {"data": {"id": attributes["uuid"], "type": "org", "attributes": attributes}})


def _validate_keys(call: Call) -> Response:
    key = call.header("dd-application-key")
    return Response.of_json(200, {"status": "ok"}) if key and not call.is_bad(key) else _forbidden()


def _series(call: Call) -> Response:
    if len(call.request.body) > _RAW_LIMIT or len(call.body) > _UNPACKED_LIMIT:
        return _error(413, "Payload too large")
    series = mapping(call.json(_error(400, "Payload is not in the expected format"))).get("series")
    if not isinstance(series, list):
        return _error(400, "Payload is not in the expected format: missing field `series`")
    for one in map(mapping, series):
        if not isinstance(one.get("metric"), str) or not one["metric"] or one.get("type", 0) not in (0, 1, 2, 3):
            return _error(400, "Payload is not in the expected format: metric or type")
        if not one.get("points") or not all(_is_point(point) for point in sequence(one.get("points"))):
            return _error(400, "Payload is not in the expected format: points")
    for one in series:
        kept = [p for p in one["points"] if -_PAST <= p["timestamp"] - call.now <= _FUTURE]
        lost = [p for p in one["points"] if p not in kept]
        for effects, points in (("series", kept), ("dropped", lost)):
            if points:
                record(call.state, effects, **{**one, "points": points})
    return Response.of_json(202, {"errors": []})


def _logs(call: Call) -> Response:
    if len(call.body) > _UNPACKED_LIMIT:
        return _error(413, "Payload too large")
    sent = call.json(_error(400, "Invalid JSON"))
    logs = sent if isinstance(sent, list) else [sent]
    if len(logs) > 1000 or not all(isinstance(log, dict) for log in logs):
        return _error(400, "Invalid array of logs")
    call.state.setdefault("logs", []).extend(logs)
    return Response.of_json(202, {})


def _event(call: Call) -> Response:
    event = mapping(call.json(_error(400, "Invalid JSON")))
    wrong = _wrong_in_event(event, call.now)
    if wrong:
        return _error(400, wrong)
    made = {"id": number(call.state, "event", 1), **event}
    record(call.state, "events", **made)
    shown = {**made, "url": f"https://app.datadoghq.com/event/event?id={made['id']}"}
    return Response.of_json(202, {"status": "ok", "event": shown})


def _later_intake(call: Call) -> Response:
    sent = call.json(_error(400, "Invalid JSON"))
    record(call.state, "events", path=call.request.path, body=sent)
    return Response.of_json(202, {"data": {}})


def _delivery(call: Call) -> Response:
    kept = {name: text for name, text in call.query.items() if name != "dd-api-key"}
    body = call.json(_error(400, "Invalid JSON"))
    record(
        call.state, "webhooks", query=kept, event=call.header("x-gitlab-event"), kind=mapping(body).get("object_kind")
    )
    return Response.of_json(202, {})


def _keyed(call: Call) -> Response | None:
    key = call.header("dd-api-key") or call.query.get("dd-api-key", "") or call.query.get("api_key", "")
    site = call.state.get("site") or _site(call.host)
    home = mapping(call.state.get("sites")).get(key, site)
    return None if key and not call.is_bad(key) and site in (None, home) else _forbidden()


def _throttled(call: Call) -> Response:
    wait = str(retry_after(call.state))
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Period": "10", "X-RateLimit-Remaining": "0"}
    refusal = _error(429, "Too many requests")
    return Response(
        429, {**refusal.headers, **headers, "X-RateLimit-Reset": wait, "X-RateLimit-Name": "api"}, refusal.body
    )


SERVICE = Service(
    routes=table(
        ("GET", "/api/v1/validate", _validate),
        ("GET", "/api/v2/validate", _validate_v2),
        ("GET", "/api/v2/validate_keys", _validate_keys),
        ("POST", "/api/v2/series", _series),
        ("POST", "/api/v2/logs", _logs),
        ("POST", "/api/v1/events", _event),
        ("POST", "/api/v2/events", _later_intake),
        ("POST", "/api/v2/ci/pipeline", _later_intake),
        ("POST", "/api/v2/dora/deployment", _later_intake),
        ("POST", "/api/v2/webhook", _delivery),
        guard=_keyed,
    ),
    throttled=_throttled,
    missing=lambda _call: _error(404, "Not found"),
)


# ---------------------------------------------------------------------------------------------------------------------


def _error(status: int, message: str) -> Response:
    return Response.of_json(status, {"errors": [message]})


def _forbidden() -> Response:
    return _error(403, "Forbidden")


def _site(host: str) -> str | None:
    """The site that a host name belongs to; None for a name that is none of Datadog's."""
    if not host.endswith((".datadoghq.com", ".datadoghq.eu", ".ddog-gov.com")):
        return None
    return next((host.removeprefix(f"{word}.") for word in _HOSTS if host.startswith(f"{word}.")), host)


def _is_point(point: object) -> bool:
    value = mapping(point)
    return all(isinstance(value.get(k), int | float) and not isinstance(value[k], bool) for k in ("timestamp", "value"))


def _wrong_in_event(event: State, now: float) -> str | None:
    if not event.get("title") or not event.get("text"):
        return "Missing required attributes: title, text"
    if len(str(event["text"])) > 4000 or len(str(event.get("aggregation_key", ""))) > 100:
        return "The text or the aggregation key is too long"
    if event.get("alert_type", "info") not in _ALERTS or event.get("priority", "normal") not in ("normal", "low"):
        return "Invalid alert_type or priority"
    happened = event.get("date_happened", now)
    return (
        "Event is too far in the past"
        if not isinstance(happened, int | float) or now - happened > _EVENT_PAST
        else None
    )
