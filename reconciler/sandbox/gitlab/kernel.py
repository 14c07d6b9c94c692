"""How a call of GitLab's API is declared, found and carried out.

Pure: no I/O, no clock. The contract for the files that hold the areas of the API:

* A file exports `ROUTES: tuple[Route, ...]` and, if it has background work, `JOBS: Mapping[str, Job]`
  (name → `function(world, now, **arguments)`); `AREAS` and `JOBS` in `gitlab/__init__.py` list them (add yours
  there). Nothing registers itself. Several files may have a job of one name. The estate schedules, at once:
  `project_created(project_id)`, `project_deleted(project_id)`, `group_created(group_id)`, `group_deleted(group_id)`.
* `Route("PUT", "/projects/:id/hooks/:hook_id", handler, params=(…), before=(…))`. Paths are below `/api/v4`;
  a literal segment wins over a `:name`; HEAD uses the GET route; `/projects/:id/services` is `…/integrations`.
  A handler takes a `Call` and returns a `Response`, or is a generator that yields `Delivery` values (is sent a
  `Delivered` for each) and returns a `Response`.
* Order, as in GitLab: route (404) → body (400, 415) → `before` checks in their order → `params` (400, all texts
  joined) → `within` checks (those that GitLab makes inside an endpoint) → handler.
* `before` checks: `signed_in`, `project_role(LEVEL)`, `group_role(LEVEL)`, `readable_project`,
  `readable_group`, `admin`, or any function of a `Call` that raises; levels are in `access.py`. Project checks
  also answer for renamed projects. Without `signed_in` first, an anonymous caller gets 404 instead of 401.
* `params`: from `params.py` (`required`, `optional`, `booleans`; types `string boolean integer number moment
  strings integers mapping anything`; `choices`, `refused`, `default`, `blank=False`, `items=` for lists of
  objects). Path segments are parameters too: declare `required("hook_id", integer)` to have text refused.
* In a handler: `call.params` (declared values that were sent, coerced), `call.sent` (everything, raw),
  `call.path["hook_id"]` (text), `call.request` (raw body, headers, `base`), `call.user` (row or None),
  `call.project`, `call.group` (found, readable), `call.world`, `call.now`, `call.stamp` (the time as text).
* Errors: raise what `errors.py` offers. Answers: `ok(value)`, `created(value)`, `no_content()`,
  `paging.paginate(call, rows, present)`; `call.precondition(updated_at)` before a DELETE (412).
* New rows: `call.world.table("variables").add({...})` gives the `id`; look up with `.by("owner", "project:7")`
  (an index), `.get(id)`, `.remove(row)`, `.set(row, field, value)` for indexed fields. `owner` is
  `project:<id>`, `group:<id>` or `instance`: `owner_of(row, "project")`. Secrets: `world.mint("what for")`.
* Background work: `call.world.schedule("job name", call.now, argument=…)`: due 0.1 s later.
* URLs that may lead to forbidden places: `urls.blocked(world, url)` gives GitLab's reason or None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from ..message import Conversation, Request, Response
from ..world import Row, World, stamp
from . import access
from .auth import Asker, identify
from .body import query_parameters, sent_parameters
from .errors import ApiError, forbidden, message, not_found, unauthorized
from .params import Param, validate

API = ("api", "v4")
SCOPES = ("api", "read_api")
MOVED = "Non GET methods are not allowed for moved projects"

Handler = Callable[["Call"], "Response | Conversation"]
Check = Callable[["Call"], None]
Job = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Route:
    """One call of the API; see the module's text.

    `scopes`: token scopes that open it (None: every token); `raw`: the body is data, not parameters;
    `basic`, `jobs`: tokens as HTTP Basic passwords and CI job tokens are taken; `root`: the path is not below
    `/api/v4`.
    """

    method: str
    path: str
    handler: Handler
    params: Sequence[Param] = ()
    before: Sequence[Check] = ()
    within: Sequence[Check] = ()
    scopes: Sequence[str] | None = SCOPES
    raw: bool = False
    basic: bool = False
    jobs: bool = False
    root: bool = False


class Call:
    """One request on its way through its route."""

    def __init__(self, world: World, now: float, request: Request, route: Route, path: Mapping[str, str]) -> None:
        self.world = world
        self.now = now
        self.request = request
        self.route = route
        self.path = path
        self.sent: dict[str, Any] = {}
        self.params: dict[str, Any] = {}

    @cached_property
    def asker(self) -> Asker | None:
        """Who is asking, None for nobody. Raises `ApiError` for a token that does not do."""
        route = self.route
        return identify(self.world, self.now, self.request, self.sent, route.scopes, basic=route.basic, jobs=route.jobs)

    @property
    def user(self) -> Row | None:
        """The row of whoever is asking."""
        return self.asker.user if self.asker else None

    @property
    def me(self) -> Row:
        """The row of whoever is asking. Raises 401 for nobody."""
        if self.asker is None:
            raise unauthorized()
        return self.asker.user

    @property
    def stamp(self) -> str:
        """The moment of this call, as GitLab writes it."""
        return stamp(self.now)

    @cached_property
    def project(self) -> Row:
        """The project of the path's `:id`. Raises 404, and 301 or 405 for one that was renamed."""
        project, moved = access.find_project(self.world, self.path["id"])
        if project is None or not access.can_read_project(self.world, self.user, project):
            raise not_found("Project")
        if moved:
            raise _moved(self, project)
        return project

    @cached_property
    def group(self) -> Row:
        """The group of the path's `:id`. Raises 404."""
        group = access.find_group(self.world, self.path["id"])
        if group is None or not access.can_read_group(self.world, self.user, group):
            raise not_found("Group")
        return group

    def precondition(self, updated_at: str) -> None:
        """Refuse with 412 what was changed after the request's `If-Unmodified-Since`; bad dates are ignored."""
        since = _moment(self.request.headers.get("if-unmodified-since", ""))
        if since is not None and datetime.fromisoformat(updated_at) > since:
            raise message(412, "412 Precondition Failed")


def signed_in(call: Call) -> None:
    """401 for nobody."""
    if call.asker is None:
        raise unauthorized()


def admin(call: Call) -> None:
    """401 for nobody, 403 for everybody but administrators."""
    signed_in(call)
    if not call.me.get("admin"):
        raise forbidden()


def readable_project(call: Call) -> None:
    """404 unless the caller may read the project."""
    _ = call.project


def readable_group(call: Call) -> None:
    """404 unless the caller may read the group."""
    _ = call.group


def project_role(level: int) -> Check:
    """404 unless the project is readable, 403 unless the caller's role in it is at least `level`."""

    def check(call: Call) -> None:
        project = call.project
        if access.level_in_project(call.world, call.user, project) < level:
            raise forbidden()

    return check


def group_role(level: int) -> Check:
    """404 unless the group is readable, 403 unless the caller's role in it is at least `level`."""

    def check(call: Call) -> None:
        group = call.group
        if access.level_in_group(call.world, call.user, group) < level:
            raise forbidden()

    return check


def ok(value: object) -> Response:
    """200 with a JSON value."""
    return Response.of_json(200, value)


def created(value: object) -> Response:
    """201 with a JSON value."""
    return Response.of_json(201, value)


def no_content() -> Response:
    """204, without a body."""
    return Response(204)


def owner_of(row: Row, kind: str) -> str:
    """The `owner` of what belongs to a `project` or `group`."""
    return f"{kind}:{row['id']}"


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    names: dict[str, _Node] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)


class Router:
    """Finds the route of a method and a raw path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._top = _Node()
        for route in routes:
            node = self._top
            for segment in (*(() if route.root else API), *route.path.strip("/").split("/")):
                branches = node.names if segment.startswith(":") else node.literals
                node = branches.setdefault(segment.lstrip(":"), _Node())
            if route.method in node.routes:
                raise ValueError(f"two routes for {route.method} {route.path}")
            node.routes[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and the decoded values of its named segments."""
        segments = [segment for segment in path.split("/") if segment]
        if segments[4:5] == ["services"] and segments[2] == "projects":
            segments[4] = "integrations"
        wanted = "GET" if method == "HEAD" else method
        found = _descend(self._top, segments, 0, wanted, [])
        if found is None:
            return None
        route, values = found
        return route, {name: unquote(value) for name, value in values}

    def knows(self, path: str) -> bool:
        """Whether any method is declared for that path."""
        return any(self.find(method, path) for method in ("GET", "POST", "PUT", "DELETE", "PATCH"))


def _descend(
    node: _Node, segments: Sequence[str], place: int, method: str, values: list[tuple[str, str]]
) -> tuple[Route, list[tuple[str, str]]] | None:
    if place == len(segments):
        route = node.routes.get(method)
        return (route, values) if route else None
    segment = segments[place]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _descend(literal, segments, place + 1, method, values)
        if found is not None:
            return found
    for name, below in node.names.items():
        found = _descend(below, segments, place + 1, method, [*values, (name, segment)])
        if found is not None:
            return found
    return None


def carry_out(call: Call) -> Response | Conversation:
    """Parameters, checks and handler of a call, in GitLab's order. Raises `ApiError`."""
    request, route = call.request, call.route
    parameters = query_parameters(request) if route.raw else sent_parameters(request)
    call.sent = {**parameters, **call.path}
    for check in route.before:
        check(call)
    if route.params:
        call.params, problems = validate(route.params, call.sent)
        if problems:
            raise ApiError(Response.of_json(400, {"error": ", ".join(dict.fromkeys(problems))}))
    for check in route.within:
        check(call)
    return route.handler(call)


def _moment(text: str) -> datetime | None:
    """A date as headers have it, or in ISO form."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        with suppress(ValueError):
            found = read(text.strip())
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _moved(call: Call, project: Row) -> ApiError:
    if call.request.method != "GET":
        return message(405, MOVED)
    prefix, _, rest = call.request.path.partition("/projects/")
    tail = rest.partition("/")[2]
    query = f"?{call.request.query}" if call.request.query else ""
    place = f"{call.request.base}{prefix}/projects/{project['id']}{'/' + tail if tail else ''}{query}"
    text = f"This resource has been moved permanently to {place}"
    return ApiError(Response.of_text(301, text, {"Location": place}))
