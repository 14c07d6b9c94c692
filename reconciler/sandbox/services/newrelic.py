"""A stand-in for New Relic: metrics, events and logs with a license key, NerdGraph with a user key.

The region is the host's (`eu` in its name) unless the state says. State: `region` ("US" or "EU": what is served),
`account_region` (where the account lives; license keys say it themselves). Effects: `metrics`, `events`, `logs`,
`changes`, `integration_errors` (accepted, found wrong later).
"""

from __future__ import annotations

import json
import re
from typing import Any

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, Service, serve, table
from reconciler.sandbox.services.memory import (
    State,
    mapping,
    number,
    read_whole,
    record,
    retry_after,
    sequence,
    uuid_of,
)

_DAY = 24 * 3600
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_:]{1,255}")
_TYPES = ("gauge", "count", "summary")
_LIMIT = 1_000_000
_OPERATION = re.compile(r"\b(changeTrackingCreateEvent|changeTrackingCreateDeployment|requestContext|actor)\b")


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to New Relic."""
    return serve(SERVICE, request, state, now)


def _metrics(call: Call) -> Response:
    if not call.body:
        return _accepted(call)
    sent = call.json(_error(400, "Bad Request: invalid JSON"))
    for batch in map(mapping, sequence(sent)):
        common = mapping(batch.get("common"))
        for metric in map(mapping, sequence(batch.get("metrics"))):
            wrong = _wrong_in_metric({**common, **metric})
            if wrong:
                record(call.state, "integration_errors", category="MetricApi", message=wrong)
            else:
                record(call.state, "metrics", **{**metric, "common": common})
    return _accepted(call)


def _events(call: Call) -> Response:
    if len(call.body) > _LIMIT:
        return _error(413, "Request Entity Too Large")
    sent = _read(call)
    for event in [mapping(e) for e in (sent if isinstance(sent, list) else [sent])]:
        stamp = event.get("timestamp", call.now)
        seconds = stamp / 1000 if isinstance(stamp, int | float) and stamp > 1e11 else stamp
        is_near = isinstance(seconds, int | float) and abs(seconds - call.now) <= _DAY
        if _EVENT_TYPE.fullmatch(str(event.get("eventType", ""))) and is_near and len(event) <= 255:
            record(
                call.state,
                "events",
                account=call.names["account"],
                **{k: v for k, v in event.items() if k != "account"},
            )
        else:
            record(call.state, "integration_errors", category="EventApi", message="eventType, timestamp or size")
    return Response.of_json(200, {"success": True, "uuid": uuid_of("event", number(call.state, "request"))})


def _logs(call: Call) -> Response:
    sent = call.json(_error(400, "Bad Request: invalid JSON"))
    call.state.setdefault("logs", []).extend(sent if isinstance(sent, list) else [sent])
    return _accepted(call)


def _graph(call: Call) -> Response:
    asked = mapping(call.json(_error(400, "Invalid JSON")))
    query, variables = str(asked.get("query", "")), mapping(asked.get("variables"))
    operations = _OPERATION.findall(query)
    if not operations:
        return _graph_errors("Cannot query an unknown field", "VALIDATION_ERROR")
    name = operations[0]
    if name == "requestContext":
        return Response.of_json(200, {"data": {"requestContext": {"userId": "1000001", "apiKey": "REDACTED"}}})
    if name == "actor":
        user = {"id": 1000001, "name": "GitLab Bot", "email": "bot@acme.example"}
        return Response.of_json(200, {"data": {"actor": {"user": user}}})
    stamp = re.search(r"\btimestamp\s*:\s*(\d+)", query)
    given = _found(variables, "timestamp") or (int(stamp[1]) if stamp else call.now * 1000)
    if not isinstance(given, int | float) or abs(given / 1000 - call.now) > _DAY:
        return _graph_errors("Timestamp must be within 24 hours of now", "INVALID_INPUT")
    guid = _guid(query, variables)
    if not guid:
        return _graph_errors("An entity is required", "INVALID_INPUT")
    change = uuid_of("change", number(call.state, "change"))
    record(call.state, "changes", operation=name, entity=guid, id=change, at=call.now, query=query, variables=variables)
    if name == "changeTrackingCreateDeployment":
        return Response.of_json(200, {"data": {name: {"deploymentId": change, "entityGuid": guid, "timestamp": given}}})
    event = {"changeTrackingId": change, "entity": {"guid": guid}, "timestamp": given}
    return Response.of_json(200, {"data": {name: {"changeTrackingEvent": event, "messages": []}}})


def _ingest(call: Call) -> Response | None:
    """License keys only, in the region that their first letters say."""
    key = call.header("api-key") or call.header("x-license-key") or call.header("x-insert-key")
    is_license = bool(key) and not key.startswith("NRAK-") and not call.is_bad(key)
    home = "EU" if key.startswith("eu01xx") else "US" if key.endswith("FFFFNRAL") else call.state.get("account_region")
    return None if is_license and _fits(call, home) else _error(403, "Forbidden")


def _user_key(call: Call) -> Response | None:
    key = call.header("api-key")
    if not key or key.endswith("FFFFNRAL") or key.startswith("eu01xx") or call.is_bad(key):
        return Response.of_json(401, {"errors": [{"message": "Invalid or missing API key"}]})
    return None if _fits(call, call.state.get("account_region")) else _error(403, "Forbidden")


def _throttled(call: Call) -> Response:
    refusal = _error(429, "Too Many Requests")
    return Response(429, {**refusal.headers, "Retry-After": str(retry_after(call.state))}, refusal.body)


SERVICE = Service(
    routes=(
        *table(
            ("POST", "/metric/v1", _metrics),
            ("POST", "/v1/accounts/{account}/events", _events),
            ("POST", "/log/v1", _logs),
            guard=_ingest,
        ),
        *table(("POST", "/graphql", _graph), guard=_user_key),
    ),
    throttled=_throttled,
)


# ---------------------------------------------------------------------------------------------------------------------


def _error(status: int, message: str) -> Response:
    return Response.of_json(status, {"error": {"message": message}})


def _graph_errors(message: str, kind: str) -> Response:
    return Response.of_json(200, {"data": None, "errors": [{"message": message, "extensions": {"errorClass": kind}}]})


def _accepted(call: Call) -> Response:
    return Response.of_json(202, {"requestId": uuid_of("request", number(call.state, "request"))})


def _fits(call: Call, home: object) -> bool:
    is_ours = call.host.endswith((".newrelic.com", ".nr-data.net"))
    served = call.state.get("region") or (("EU" if ".eu" in call.host else "US") if is_ours else None)
    return served is None or home is None or served == home


def _read(call: Call) -> Any:
    try:
        return json.loads(call.body, parse_int=read_whole)
    except (ValueError, RecursionError):
        return None


def _wrong_in_metric(metric: State) -> str | None:
    kind = metric.get("type", "gauge")
    if not metric.get("name") or kind not in _TYPES or "value" not in metric:
        return "a metric needs a name, a known type and a value"
    return "interval.ms is required" if kind != "gauge" and "interval.ms" not in metric else None


def _found(value: object, name: str) -> Any:
    """The first value of this name anywhere inside `value`."""
    if isinstance(value, dict):
        return value.get(name) or next(filter(None, (_found(v, name) for v in value.values())), None)
    return next(filter(None, (_found(v, name) for v in value)), None) if isinstance(value, list) else None


def _guid(query: str, variables: State) -> str | None:
    for text in (str(_found(variables, "entitySearch") or _found(variables, "query") or ""), query):
        if match := re.search(r"\bid\s*=\s*\\?['\"]([^'\"\\]+)", text):
            return match[1]
    if match := re.search(r"\bentityGuid\s*:\s*\"([^\"]+)\"", query):
        return match[1]
    named = _found(variables, "entityGuid") or _found(variables, "guid")
    return named if isinstance(named, str) else None
