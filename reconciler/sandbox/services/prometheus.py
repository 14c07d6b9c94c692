"""A stand-in for a Prometheus server: is it alive, is it ready, and two questions.

State: `starting` (503 on `/-/ready`), `demand_auth` (True: a proxy asks for credentials), `down` (list of jobs whose
`up` is 0). It remembers nothing.
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, Service, proxied, serve, table
from reconciler.sandbox.services.memory import State, spend


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to a Prometheus server."""
    return serve(SERVICE, request, state, now)


def _healthy(_call: Call) -> Response:
    return Response.of_text(200, "Prometheus Server is Healthy.\n")


def _ready(call: Call) -> Response:
    if spend(call.state, "starting"):
        return Response.of_text(503, "Service Unavailable")
    return Response.of_text(200, "Prometheus Server is Ready.\n")


def _build(_call: Call) -> Response:
    return Response.of_json(200, {"status": "success", "data": {"version": "3.1.0", "goVersion": "go1.23.4"}})


def _query(call: Call) -> Response:
    query = call.form.get("query", "")
    if not query or any(query.count(pair[0]) != query.count(pair[1]) for pair in ("()", "{}", "[]")):
        text = 'invalid parameter "query": parse error'
        return Response.of_json(400, {"status": "error", "errorType": "bad_data", "error": text})
    down = call.state.get("down", [])
    jobs = ["prometheus", "pushgateway", *(job for job in down if job not in ("prometheus", "pushgateway"))]
    rows = [
        {"metric": {"__name__": "up", "job": job}, "value": [call.now, "0" if job in down else "1"]} for job in jobs
    ]
    result = rows if query.strip() == "up" else []
    return Response.of_json(200, {"status": "success", "data": {"resultType": "vector", "result": result}})


SERVICE = Service(
    routes=table(
        ("GET", "/-/healthy", _healthy),
        ("GET", "/-/ready", _ready),
        ("GET", "/api/v1/status/buildinfo", _build),
        ("GET|POST", "/api/v1/query", _query),
        guard=proxied,
    ),
    contexts=2,
)
