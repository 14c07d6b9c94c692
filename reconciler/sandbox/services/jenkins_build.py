"""Jobs, the queue and builds of the Jenkins stand-in.

A job waits `queue_seconds` (default 0.5), runs `build_seconds` (default 1) and ends with its `result` (default
SUCCESS); items vanish from the queue five minutes after they left it. Builds come about when somebody next looks
(`advance`).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from reconciler.sandbox.message import Response
from reconciler.sandbox.services.base import Call, RefusalError
from reconciler.sandbox.services.memory import State, entry, mapping, number

_KEPT_SECONDS = 300
_NOT_PARAMETERS = ("token", "cause", "delay", "json", "Submit", "statusCode", "redirectTo")
_MISSING = Response.of_text(404, "Not Found")


def advance(state: State, now: float) -> None:
    """Turn queued items whose time has come into builds, and forget items that left long ago."""
    waiting, working = float(state.get("queue_seconds", 0.5)), float(state.get("build_seconds", 1.0))
    for name, item in list(mapping(state.get("queue")).items()):
        if item["left"] is None and item["since"] + waiting <= now:
            start = item["since"] + waiting
            item |= {"left": start, "number": number(state, f"build {item['job']}")}
            result = mapping(mapping(state.get("jobs")).get(item["job"])).get("result", "SUCCESS")
            made = {"number": item["number"], "queueId": item["id"], "start": start, "end": start + working}
            made |= {"result": result, "parameters": item["parameters"], "cause": item["cause"]}
            state.setdefault("builds", {}).setdefault(item["job"], []).append(made)
        elif item["left"] is not None and item["left"] + _KEPT_SECONDS < now:
            del state["queue"][name]


def job_named(call: Call, name: str) -> State | None:
    """A job by its full name (`folder/job`); None if there is none."""
    return entry(call.state, "jobs", name, buildable=True)


def full_name(path: str) -> str:
    """`folder/job` from the path `folder/job/job` that follows `/job/`."""
    names = path.split("/")
    if any(word != "job" for word in names[1::2]) or len(names) % 2 == 0:
        raise RefusalError(_MISSING)
    return "/".join(names[::2])


def job_url(call: Call, name: str) -> str:
    """The URL of a job, with the closing slash that Jenkins gives it."""
    return _linked(call, "/".join(f"job/{quote(part)}" for part in name.split("/")) + "/")


def enqueue(call: Call, name: str, parameters: State, *, cause: str) -> Response:
    """Queue a build; an item of the same job and parameters that still waits is found instead (303)."""
    queue = call.state.setdefault("queue", {})
    same = (i for i in queue.values() if i["left"] is None and (i["job"], i["parameters"]) == (name, parameters))
    found = next(same, None)
    if found is None:
        item: State = {"id": number(call.state, "queue"), "job": name, "parameters": parameters, "since": call.now}
        queue[str(item["id"])] = {**item, "left": None, "number": None, "cancelled": False, "cause": cause}
        return Response(201, {"Location": _linked(call, f"queue/item/{item['id']}/")})
    return Response(303, {"Location": _linked(call, f"queue/item/{found['id']}/")})


def start(call: Call) -> Response:
    """`POST /job/…/build`."""
    name, job = _buildable(call)
    if job.get("parameters") and "json" not in call.form:
        return Response.of_text(400, "Nothing is submitted")
    return enqueue(call, name, dict(mapping(job.get("parameters"))), cause=_cause(call))


def start_with_parameters(call: Call) -> Response:
    """`POST /job/…/buildWithParameters`: unknown names are ignored, missing ones take their defaults."""
    name, job = _buildable(call)
    sent = {key: value for key, value in call.form.items() if key not in _NOT_PARAMETERS}
    is_listed = name in mapping(call.state.get("jobs"))
    if is_listed and not job.get("parameters"):
        return Response.of_text(400, f"{name} is not parameterized")
    defaults = mapping(job.get("parameters"))
    parameters = {key: sent.get(key, value) for key, value in defaults.items()} if is_listed else sent
    return enqueue(call, name, parameters, cause=_cause(call))


def read_job_or_build(call: Call) -> Response:
    """`GET /job/…/api/json` and `GET /job/…/N/api/json`."""
    path, _, last = call.names["job"].rpartition("/")
    if path and not path.endswith("/job") and path != "job" and (last.isdigit() or last.startswith("last")):
        name, made = _build(call, path, last)
        return _pruned(call, _shown_build(call, name, made))
    name = full_name(call.names["job"])
    job = job_named(call, name)
    if job is None:
        return _MISSING
    builds = [_shown_build(call, name, made) for made in reversed(_builds(call, name))]
    last_done = next((made for made in builds if not made["building"]), None)
    definitions = [{"name": key, "defaultParameterValue": {"value": value}} for key, value in _parameters(job)]
    return _pruned(
        call,
        {
            "name": name.rpartition("/")[2],
            "fullName": name,
            "url": job_url(call, name),
            "buildable": job["buildable"],
            "color": "blue" if job["buildable"] else "disabled",
            "inQueue": any(i["job"] == name and i["left"] is None for i in mapping(call.state.get("queue")).values()),
            "nextBuildNumber": mapping(call.state.get("next")).get(f"build {name}", 1),
            "lastBuild": builds[0] if builds else None,
            "lastCompletedBuild": last_done,
            "builds": builds,
            "property": [{"parameterDefinitions": definitions}] if definitions else [],
        },
    )


def read_console(call: Call) -> Response:
    """`GET /job/…/N/consoleText`."""
    name, made = _build(call, call.names["job"], call.names["build"])
    ended = f"Finished: {made['result']}\n" if made["end"] <= call.now else ""
    return Response.of_text(200, f"{made['cause']}\nBuilding {name}\n{ended}")


def stop(call: Call) -> Response:
    """`POST /job/…/N/stop`."""
    name, made = _build(call, call.names["job"], call.names["build"])
    if made["end"] > call.now:
        made |= {"end": call.now, "result": "ABORTED"}
    return Response(302, {"Location": f"{job_url(call, name)}{made['number']}/"})


def read_queue(call: Call) -> Response:
    """`GET /queue/api/json`: what still waits."""
    waiting = [item for item in mapping(call.state.get("queue")).values() if item["left"] is None]
    return _pruned(call, {"items": [_shown_item(call, item) for item in waiting]})


def read_item(call: Call) -> Response:
    """`GET /queue/item/N/api/json`."""
    item = mapping(call.state.get("queue")).get(call.names["item"])
    return _pruned(call, _shown_item(call, item)) if item else _MISSING


def cancel(call: Call) -> Response:
    """`POST /queue/cancelItem?id=N`."""
    item = mapping(call.state.get("queue")).get(call.form.get("id", ""))
    if item and item["left"] is None:
        item |= {"left": call.now, "cancelled": True}
    return Response(204)


def read_configuration(call: Call) -> Response:
    """`GET /job/…/config.xml`."""
    job = job_named(call, full_name(call.names["job"]))
    text = mapping(job).get("config", "<project></project>")
    return _MISSING if job is None else Response(200, {"Content-Type": "application/xml"}, str(text).encode())


def write_configuration(call: Call) -> Response:
    """`POST /job/…/config.xml`."""
    name = full_name(call.names["job"])
    job = job_named(call, name)
    if job is None:
        return _MISSING
    call.state.setdefault("jobs", {})[name] = {**job, "config": call.body.decode("utf-8", "replace")}
    return Response(200)


def create_job(call: Call) -> Response:
    """`POST /createItem?name=`."""
    name = call.query.get("name", "")
    if not name or name in mapping(call.state.get("jobs")):
        return Response.of_text(400, f"A job already exists with the name {name}" if name else "No name is specified")
    call.state.setdefault("jobs", {})[name] = {"buildable": True, "config": call.body.decode("utf-8", "replace")}
    return Response(200)


# ---------------------------------------------------------------------------------------------------------------------


def _linked(call: Call, path: str) -> str:
    return f"{str(call.state.get('root_url', call.root)).rstrip('/')}/{path}"


def _buildable(call: Call) -> tuple[str, State]:
    name = full_name(call.names["job"])
    job = job_named(call, name)
    if job is None:
        raise RefusalError(_MISSING)
    if call.request.method == "GET" and "token" not in call.query:
        raise RefusalError(Response.of_text(405, "You must use POST", {"Allow": "POST"}))
    if not job["buildable"]:
        raise RefusalError(Response.of_text(409, f"{name} is not buildable"))
    return name, job


def _cause(call: Call) -> str:
    return call.query.get("cause") or f"Started by user {call.account() or 'remote host'}"


def _parameters(job: State) -> list[tuple[str, Any]]:
    return list(mapping(job.get("parameters")).items())


def _builds(call: Call, name: str) -> list[State]:
    return list(mapping(call.state.get("builds")).get(name, []))


def _build(call: Call, path: str, which: str) -> tuple[str, State]:
    name = full_name(path)
    builds = _builds(call, name)
    done = [made for made in builds if made["end"] <= call.now]
    named = {"lastBuild": builds[-1:], "lastCompletedBuild": done[-1:]}
    chosen = named.get(which, [made for made in builds if str(made["number"]) == which])
    if not chosen:
        raise RefusalError(_MISSING)
    return name, chosen[0]


def _shown_build(call: Call, name: str, made: State) -> State:
    is_building = call.now < made["end"]
    values = [{"name": key, "value": value} for key, value in made["parameters"].items()]
    return {
        "number": made["number"],
        "url": f"{job_url(call, name)}{made['number']}/",
        "queueId": made["queueId"],
        "building": is_building,
        "result": None if is_building else made["result"],
        "timestamp": int(made["start"] * 1000),
        "duration": 0 if is_building else int((made["end"] - made["start"]) * 1000),
        "displayName": f"#{made['number']}",
        "fullDisplayName": f"{name} #{made['number']}",
        "actions": [{"parameters": values}, {"causes": [{"shortDescription": made["cause"]}]}],
    }


def _shown_item(call: Call, item: State) -> State:
    is_waiting = item["left"] is None
    shown = {"id": item["id"], "task": {"name": item["job"], "url": job_url(call, item["job"])}}
    shown |= {"blocked": False, "buildable": is_waiting, "cancelled": item["cancelled"], "stuck": False}
    shown |= {"inQueueSince": int(item["since"] * 1000), "url": f"queue/item/{item['id']}/"}
    shown["why"] = "Waiting for next available executor" if is_waiting else None
    started = {"number": item["number"], "url": f"{job_url(call, item['job'])}{item['number']}/"}
    return {**shown, "executable": None if item["number"] is None else started}


def _pruned(call: Call, value: State) -> Response:
    """The answer cut down to what `?tree=` names."""
    tree = call.query.get("tree", "")
    return Response.of_json(200, _cut(value, _branches(tree)) if tree else value)


def _branches(tree: str) -> dict[str, str]:
    """`a,b[c,d[e]]` as {a: "", b: "c,d[e]"}; a range such as `{0,5}` is dropped."""
    branches, depth, piece = {}, 0, ""
    for letter in re.sub(r"\{[\d,]*\}", "", tree) + ",":
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            name, _, inner = piece.strip().partition("[")
            branches[name] = inner.removesuffix("]")
            piece = ""
        else:
            piece += letter
    return branches


def _cut(value: Any, branches: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_cut(item, branches) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: inner for name, inner in branches.items() if name in value}
    return {name: _cut(value[name], _branches(inner)) if inner else value[name] for name, inner in kept.items()}
