"""The paths with which a sandbox itself is looked at and moved: `/_sandbox/…`, without any authentication.

* `GET|DELETE /_sandbox/requests`: what was asked (`[{n, at, method, path, as, status}]`, `service` where it was
  not GitLab); DELETE forgets it.
* `GET|PUT /_sandbox/world`: the whole world, in the form of a `--world` file.
* `POST /_sandbox/reset`: back to the beginning; a body that is a seed begins with that.
* `POST /_sandbox/tokens` `{user, scopes, expires_at, revoked, token, as, job_project}`: a new token, 201 with its
  text; with `job_project` (a path) a CI job's token.
* `GET|POST|DELETE /_sandbox/faults`: see `faults.py`; one fault or a list.
* `GET|POST /_sandbox/clock` `{advance: seconds}`: move the sandbox's time on.
* `GET /_sandbox/receiver`: what was sent to hosts that are nobody's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from .clock import Clock
from .faults import check_faults
from .gitlab import run_due
from .gitlab.access import find_project, find_user
from .message import Request, Response
from .rows import new_token
from .seed import is_date, world_from_seed
from .world import World

PREFIX = "/_sandbox/"
FOREVER = 100 * 366 * 86_400


class Controlled(Protocol):
    """What is looked at and moved: a sandbox, as far as it is needed here."""

    world: World
    clock: Clock

    @property
    def fresh(self) -> Callable[[float], World]:
        """The world that a reset returns to, made for a moment."""

    def reset(self, world: World) -> None:
        """Replace the world."""

    def save(self) -> None:
        """Write the world to its file, if it has one."""


def answer(sandbox: Controlled, request: Request) -> Response:
    """Answer a request to a control path."""
    call = CALLS.get((request.method, request.path.removeprefix(PREFIX).rstrip("/")))
    if call is None:
        known = sorted(f"{method} {PREFIX}{path}" for method, path in CALLS)
        return Response.of_json(404, {"error": f"no such control path; there are {', '.join(known)}"})
    try:
        value = json.loads(request.body) if request.body.strip() else None
        return call(sandbox, value)
    except json.JSONDecodeError as mistake:
        return Response.of_json(400, {"error": f"the body: not JSON: {mistake}; send JSON or nothing"})
    except ValueError as mistake:
        return Response.of_json(400, {"error": str(mistake)})
    except (KeyError, TypeError, AttributeError) as mistake:
        told = f"the body is not of the form that this path takes ({type(mistake).__name__}: {mistake}); see {PREFIX}"
        return Response.of_json(400, {"error": told})


def _requests(sandbox: Controlled, _: Any) -> Response:
    return Response.of_json(200, list(sandbox.world.requests))


def _forget_requests(sandbox: Controlled, _: Any) -> Response:
    sandbox.world.requests.clear()
    return Response(204)


def _world(sandbox: Controlled, _: Any) -> Response:
    return Response.of_json(200, sandbox.world.to_json())


def _put_world(sandbox: Controlled, value: Any) -> Response:
    sandbox.reset(World.from_json(value))
    return Response(204)


def _reset(sandbox: Controlled, value: Any) -> Response:
    now = sandbox.clock.now()
    sandbox.reset(world_from_seed(value, now) if value else sandbox.fresh(now))
    return Response(204)


def _tokens(sandbox: Controlled, value: Any) -> Response:
    world, now = sandbox.world, sandbox.clock.now()
    given = value or {}
    name = str(given.get("user", "root"))
    user = find_user(world, name)
    if user is None:
        raise ValueError(f"user: no user `{name}`; there are {', '.join(row['username'] for row in world.users)}")
    if not is_date(given.get("expires_at")):
        raise ValueError(f"expires_at: `{given['expires_at']}` is no date; write YYYY-MM-DD")
    text = given.get("token") or f"sandbox-{world.mint('token')[:20]}"
    if given.get("job_project"):
        project, _ = find_project(world, given["job_project"])
        if project is None:
            raise ValueError(f"no project {given['job_project']!r}")
        job = {"token": text, "user_id": user["id"], "project_id": project["id"], "running": True}
        row = world.table("job_tokens").add(job)
    else:
        more = {k: given.get(k) for k in ("name", "expires_at", "revoked")}
        scopes = list(given.get("scopes", ["api"]))
        row = world.tokens.add(
            new_token(user["id"], text, scopes, now, as_name=given.get("as") or user["username"], **more)
        )
    sandbox.save()
    return Response.of_json(201, row)


def _faults(sandbox: Controlled, _: Any) -> Response:
    return Response.of_json(200, sandbox.world.faults)


def _add_faults(sandbox: Controlled, value: Any) -> Response:
    sandbox.world.faults.extend(check_faults(value))
    sandbox.save()
    return Response.of_json(201, sandbox.world.faults)


def _forget_faults(sandbox: Controlled, _: Any) -> Response:
    sandbox.world.faults.clear()
    sandbox.save()
    return Response(204)


def _seconds(value: object) -> float:
    given = value.get("advance") if isinstance(value, dict) else None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < FOREVER:
        raise ValueError(f'advance: {given!r} is no time; write {{"advance": SECONDS}}')
    return float(given)


def _clock(sandbox: Controlled, value: Any) -> Response:
    if value:
        sandbox.clock.advance(_seconds(value))
    now = sandbox.clock.now()
    run_due(sandbox.world, now)
    return Response.of_json(200, {"now": now})


def _receiver(sandbox: Controlled, _: Any) -> Response:
    return Response.of_json(200, sandbox.world.receiver)


CALLS: dict[tuple[str, str], Callable[[Controlled, Any], Response]] = {
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _forget_requests,
    ("GET", "world"): _world,
    ("PUT", "world"): _put_world,
    ("POST", "reset"): _reset,
    ("POST", "tokens"): _tokens,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _forget_faults,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _clock,
    ("GET", "receiver"): _receiver,
}
