"""A stand-in for the Prometheus Pushgateway: groups of metrics, pushed, replaced, deleted and shown.

State: `consistency_check` (False: pushes are queued, 202), `demand_auth` (True: a proxy asks for credentials),
`starting` (503 on `/-/ready`), `admin_api` (wiping is possible). Effects: `groups` {label text: {labels, families,
push_time, failure_time}}. Checked against 1.5.1: a body that cannot be read leaves no trace, one that does not fit
marks its group as failed; every group without an `instance` shows an empty one.
"""

from __future__ import annotations

import base64
import binascii

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, RefusalError, Service, proxied, serve, table
from reconciler.sandbox.services.exposition import FormatError, StampedError, parse, text_of
from reconciler.sandbox.services.memory import State, iso, mapping, spend


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to a Pushgateway."""
    return serve(SERVICE, request, state, now)


def _push(call: Call) -> Response:
    labels = _grouping(call)
    groups = call.state.setdefault("groups", {})
    name = _key(labels)
    held = groups.get(name, {"labels": labels, "families": {}, "push_time": 0, "failure_time": 0})
    clash: str | None
    try:
        pushed = parse(call.body.decode())
    except StampedError as wrong:
        pushed, clash = {}, str(wrong)
    except (FormatError, UnicodeDecodeError) as wrong:
        return Response.of_text(400, f"{wrong}\n")
    else:
        pushed = {family: rest for family, rest in pushed.items() if family not in dict(_STAMPS)}
        clash = _clash(groups, name, pushed)
    if clash:
        groups[name] = {**held, "failure_time": call.now}
        return Response.of_text(400, f"pushed metrics are invalid or inconsistent with existing metrics: {clash}\n")
    kept = {} if call.request.method == "PUT" else held["families"]
    groups[name] = {**held, "families": {**kept, **pushed}, "push_time": call.now}
    return Response(200 if call.state.get("consistency_check", True) else 202)


def _delete(call: Call) -> Response:
    call.state.setdefault("groups", {}).pop(_key(_grouping(call)), None)
    return Response(202)


def _wipe(call: Call) -> Response:
    if not call.state.get("admin_api"):
        return Response.of_text(404, "Not Found")
    call.state["groups"] = {}
    return Response(202)


def _text(call: Call) -> Response:
    families: dict[str, list[State]] = {}
    for group in _groups(call):
        for name, family in group["families"].items():
            samples = [{**s, "labels": _labels(group, s["labels"])} for s in family["samples"]]
            families.setdefault(name, []).append({**family, "samples": samples})
        for name, time in (("push_time_seconds", "push_time"), ("push_failure_time_seconds", "failure_time")):
            own = {"name": name, "labels": _labels(group), "value": repr(float(group[time]))}
            families.setdefault(name, []).append({"type": "gauge", "help": "Last Unix time.", "samples": [own]})
    return Response(200, {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}, text_of(families).encode())


def _metrics(call: Call) -> Response:
    shown = []
    for group in _groups(call):
        row = {"labels": group["labels"], "last_push_successful": group["push_time"] >= group["failure_time"]}
        stamps = {name: _family(_labels(group), name, group[at]) for name, at in _STAMPS}
        for name, family in group["families"].items():
            rows = [{"labels": _labels(group, s["labels"]), "value": s["value"]} for s in family["samples"]]
            stamps[name] = {"type": family["type"].upper(), "help": family["help"], "metrics": rows}
        shown.append({**row, **stamps})
    return Response.of_json(200, {"status": "success", "data": shown})


def _status(call: Call) -> Response:
    value = {"build_information": {"version": "1.11.0"}, "flags": {}, "start_time": iso(0)}
    return Response.of_json(200, {"status": "success", "data": value})


def _healthy(_call: Call) -> Response:
    return Response.of_text(200, "OK")


def _ready(call: Call) -> Response:
    return Response.of_text(503, "Service Unavailable") if spend(call.state, "starting") else _healthy(call)


_STAMPS = (("push_time_seconds", "push_time"), ("push_failure_time_seconds", "failure_time"))

SERVICE = Service(
    routes=table(
        ("PUT|POST", "/metrics/{grouping*}", _push),
        ("DELETE", "/metrics/{grouping*}", _delete),
        ("GET", "/metrics", _text),
        ("GET", "/api/v1/metrics", _metrics),
        ("GET", "/api/v1/status", _status),
        ("PUT", "/api/v1/admin/wipe", _wipe),
        ("GET", "/-/healthy", _healthy),
        ("GET", "/-/ready", _ready),
        guard=proxied,
    ),
    contexts=2,
)


# ---------------------------------------------------------------------------------------------------------------------


def _groups(call: Call) -> list[State]:
    return list(mapping(call.state.get("groups")).values())


def _labels(group: State, own: State | None = None) -> State:
    """The labels under which a group's sample is shown."""
    return {"instance": "", **(own or {}), **group["labels"]}


def _key(labels: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def _grouping(call: Call) -> dict[str, str]:
    """The grouping key in a path; a label `name@base64` has its value encoded, `=` being the empty one."""
    parts = call.names["grouping"].split("/")
    if len(parts) < 2 or parts[0] not in ("job", "job@base64"):
        raise RefusalError(Response.of_text(404, "404 page not found\n"))
    if len(parts) % 2:
        rest = "/" + "/".join(parts[2:])
        raise RefusalError(Response.of_text(400, f'odd number of components in label string "{rest}"\n'))
    labels: dict[str, str] = {}
    for name, value in zip([*parts[2::2], parts[0]], [*parts[3::2], parts[1]], strict=True):
        label, encoded = name.removesuffix("@base64"), name.endswith("@base64")
        try:
            text = _decoded(value) if encoded else value
        except (binascii.Error, ValueError):
            raise RefusalError(Response.of_text(400, f"invalid base64 encoding in label {label}\n")) from None
        if not label.isidentifier() or label.startswith("__"):
            raise RefusalError(Response.of_text(400, f"improper label name {label!r}\n"))
        labels[label] = text
    if not labels["job"]:
        raise RefusalError(Response.of_text(400, "job name is required\n"))
    return labels


def _decoded(value: str) -> str:
    bare = value.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True).decode()


def _clash(groups: State, name: str, pushed: dict[str, State]) -> str | None:
    """What makes a push inconsistent: with itself, or with the metrics of other groups."""
    for family_name, family in pushed.items():
        seen = [str(sorted({**s["labels"], "": s["name"]}.items())) for s in family["samples"]]
        if len(set(seen)) != len(seen):
            return f"collected metric {family_name} was collected before with the same name and label values"
        others = (mapping(g["families"]).get(family_name) for key, g in groups.items() if key != name)
        if any(other and other["type"] != family["type"] for other in others):
            return f"collected metric {family_name} should be of the type that another group gave it"
    return None


def _family(labels: State, name: str, time: float) -> State:
    return {"type": "GAUGE", "help": name, "metrics": [{"labels": labels, "value": repr(float(time))}]}
