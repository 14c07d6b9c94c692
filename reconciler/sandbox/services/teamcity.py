"""A stand-in for TeamCity: XML unless JSON is asked for, three doors (`/app`, `/httpAuth/app`, `/guestAuth/app`).

State: `build_types` {external id: {name, paused, projectId, result}}, `guest` (nobody in particular may read), `denied`
(True: no "Run build"), `queue_seconds`, `build_seconds`.
Effects: `builds` [{id, buildType, branchName, properties, revision, since, canceled}].
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, RefusalError, Service, serve, table
from reconciler.sandbox.services.markup import answer
from reconciler.sandbox.services.memory import State, entry, mapping, number, record, sequence, stage

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="TeamCity", Bearer realm="TeamCity"'}
_ID = re.compile(r"[A-Za-z]\w*")
_PROPERTY = re.compile(r"property:\(name:([^,()]+),value:([^()]*?)(?:,matchType:\w+)?\)")
_XML_LIMIT = 100_000


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to a TeamCity server."""
    return serve(SERVICE, request, state, now)


def _server(call: Call) -> Response:
    shown = {"version": "2024.12 (build 174331)", "buildNumber": "174331", "webUrl": call.root}
    return answer(call, "server", shown)


def _user(call: Call) -> Response:
    name = _caller(call) or "guest"
    return answer(call, "user", {"username": name, "id": -42 if name == "guest" else 1, "name": name})


def _build_type(call: Call) -> Response:
    name = call.names["id"]
    known = _known_type(call, name)
    shown = {key: known[key] for key in ("name", "paused", "projectId")}
    return answer(call, "buildType", {"id": name, **shown, "webUrl": f"{call.root}/viewType.html?buildTypeId={name}"})


def _enqueue(call: Call) -> Response:
    if call.state.get("denied"):
        return _error(call, 403, "You do not have enough permissions: Run build")
    asked = _asked_build(call)
    name = str(mapping(asked.get("buildType")).get("id", ""))
    _known_type(call, name)
    rows = sequence(mapping(asked.get("properties")).get("property"))
    made = {"id": number(call.state, "build", 1001), "buildType": name, "branchName": asked.get("branchName")}
    made |= {"properties": {str(p.get("name")): p.get("value") for p in map(mapping, rows)}, "since": call.now}
    made |= {"comment": mapping(asked.get("comment")).get("text"), "revision": None, "canceled": False}
    return answer(call, "build", _shown(call, record(call.state, "builds", **made)))


def _cancel(call: Call) -> Response:
    build = _build(call, call.names["id"])
    build["canceled"] = True
    return answer(call, "build", _shown(call, build))


def _one_build(call: Call) -> Response:
    return answer(call, "build", _shown(call, _build(call, call.names["id"])))


def _located(call: Call) -> Response:
    """A build by locator, newest first: GitLab asks for `branch:unspecified:any,revision:SHA`."""
    found = _select(call, call.names["locator"])
    return answer(call, "build", _shown(call, found[0])) if found else _error(call, 404, "No build found by locator")


def _list(call: Call) -> Response:
    found = [_shown(call, build) for build in _select(call, call.query.get("locator", ""))]
    return answer(call, "builds", {"count": len(found), "build": found})


def _reader(call: Call) -> Response | None:
    door = _door(call)
    is_guest = door == "guestAuth" or (not door and not _caller(call))
    if is_guest and call.state.get("guest") and call.account() is not None:
        return None
    return None if _caller(call) and not is_guest else _unauthorised()


def _logged_in(call: Call) -> Response | None:
    return None if _caller(call) else _unauthorised()


_RUN = (("POST", "/buildQueue", _enqueue), ("POST", "/buildQueue/id:{id}", _cancel))
_READ = (
    ("GET", "/server", _server),
    ("GET", "/users/current", _user),
    ("GET", "/buildTypes/id:{id}", _build_type),
    ("GET", "/buildTypes/{id}", _build_type),
    ("GET", "/buildQueue/id:{id}", _one_build),
    ("GET", "/builds/id:{id}", _one_build),
    ("GET", "/builds/{locator*}", _located),
    ("GET", "/builds", _list),
)
_DOORS = ("/app/rest", "/httpAuth/app/rest", "/guestAuth/app/rest")

SERVICE = Service(
    routes=(
        *table(*((verb, at + path, do) for at in _DOORS for verb, path, do in _READ), guard=_reader),
        *table(*((verb, at + path, do) for at in _DOORS for verb, path, do in _RUN), guard=_logged_in),
    ),
    contexts=2,
)


# ---------------------------------------------------------------------------------------------------------------------


def _caller(call: Call) -> str:
    """Who calls; the door `httpAuth` looks at basic credentials only, `guestAuth` at none."""
    door = _door(call)
    if door == "guestAuth" or (door == "httpAuth" and not call.basic()):
        return ""
    return call.account() or ""


def _door(call: Call) -> str:
    return next((name for name in ("httpAuth", "guestAuth") if f"/{name}/app/" in call.request.path), "")


def _unauthorised() -> Response:
    return Response.of_text(401, "Authentication required\nTo login manually go to /login.html page", _CHALLENGE)


def _error(call: Call, status: int, message: str) -> Response:
    row = {
        "message": message,
        "additionalMessage": message,
        "statusText": f"Responding with error, status code: {status}",
    }
    return answer(call, "errors", {"errors": [row]}, status=status)


def _known_type(call: Call, name: str) -> State:
    known = entry(
        call.state, "build_types", name, name=name, paused=False, projectId=name.partition("_")[0], result="SUCCESS"
    )
    if known is None or not _ID.fullmatch(name):
        raise RefusalError(_error(call, 404, f"No build type or template is found by id '{name}'."))
    return known


def _asked_build(call: Call) -> State:
    if call.has_json:
        return mapping(call.json(_error(call, 400, "Error parsing the request body")))
    refusal = RefusalError(_error(call, 400, "Error parsing the request body"))
    if b"<!" in call.body or len(call.body) > _XML_LIMIT:
        raise refusal
    try:
        root = ElementTree.fromstring(call.body.decode())
    except (ElementTree.ParseError, ValueError):
        raise refusal from None
    asked: dict[str, Any] = dict(root.attrib)
    asked["buildType"] = dict(found.attrib) if (found := root.find("buildType")) is not None else {}
    asked["properties"] = {"property": [dict(item.attrib) for item in root.iterfind("properties/property")]}
    asked["comment"] = {"text": root.findtext("comment/text")}
    return asked


def _builds(call: Call) -> list[State]:
    return list(call.state.get("builds", []))[::-1]


def _build(call: Call, name: str) -> State:
    build = next((b for b in _builds(call) if str(b["id"]) == name), None)
    if build is None:
        raise RefusalError(_error(call, 404, f"No build found by id '{name}'."))
    return build


def _select(call: Call, locator: str) -> list[State]:
    properties = _PROPERTY.findall(locator)
    rest = _PROPERTY.sub("", locator)
    dimensions = dict(piece.partition(":")[::2] for piece in rest.split(",") if ":" in piece)
    wanted_type = dimensions.get("buildType", "").removeprefix("(").removesuffix(")").removeprefix("id:")
    return [
        build
        for build in _builds(call)
        if dimensions.get("revision", build["revision"]) == build["revision"]
        and (not wanted_type or wanted_type == build["buildType"])
        and all(str(build["properties"].get(name)) == value for name, value in properties)
    ]


def _shown(call: Call, build: State) -> State:
    waiting, working = call.state.get("queue_seconds", 0.5), call.state.get("build_seconds", 1.0)
    step = "finished" if build["canceled"] else stage(call.now, build["since"], float(waiting), float(working))
    shown: State = {
        "id": build["id"],
        "buildTypeId": build["buildType"],
        "state": step,
        "branchName": build["branchName"],
    }
    shown["webUrl"] = f"{call.root}/viewQueued.html?itemId={build['id']}"
    if step == "queued":
        return shown
    result = "UNKNOWN" if build["canceled"] else _known_type(call, build["buildType"])["result"]
    status = result if step == "finished" else "SUCCESS"
    text = "Canceled" if build["canceled"] else "Running" if step == "running" else status.capitalize()
    rows = [{"name": name, "value": value} for name, value in build["properties"].items()]
    return {
        **shown,
        "number": str(build["id"] - 1000),
        "status": status,
        "statusText": text,
        "properties": {"property": rows},
    }
