"""What GitLab lists for syncing: projects, and their issues and merge requests by when they changed.

Pure flows. Lists are followed by `updated_at` and not by page numbers: while one reads, what changes moves to the end,
and page numbers would skip its neighbours. Source: GitLab's documentation of the REST API and issues, merge requests
and notes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import ReconcilerError, RemoteError
from reconciler.core.flow import Answer, Flow, Request, Response
from reconciler.integrations.flows.answers import listed, shown
from reconciler.integrations.flows.asking import ask, taken
from reconciler.integrations.flows.moments import iso_of, seconds_of

OVERLAP_SECONDS = 60.0
"""How far before the last moment seen a list is begun again: what was committed late has an older moment."""

_PER_PAGE = 100
_WHY = {
    401: "it does not accept the token",
    403: "the token's user may not read this",
    404: "there is no such project or object, or it is hidden from the token's user",
}


@dataclass(frozen=True, slots=True)
class Project:
    """A GitLab project. `base` is GitLab's own address."""

    id: int
    path: str
    base: str

    @property
    def api(self) -> str:
        """The project's place in the API."""
        return f"/api/v4/projects/{self.id}"


def read(path: str, doing: str, query: Mapping[str, Any] | None = None) -> Flow[Response]:
    """One answer of GitLab's; raises `RemoteError`."""
    return taken_from_gitlab((yield from ask(Request("GET", path, query=query or {}))), doing)


def taken_from_gitlab(answer: Answer, doing: str = "read the object") -> Response:
    """An answer of GitLab's if it is a success; raises `RemoteError`."""
    return taken("GitLab", doing, answer, writes=False, why=_WHY)


def project(path: str) -> Flow[Project]:
    """A project by its path."""
    answer = yield from read(f"/api/v4/projects/{quote(path, safe='')}", f"read the project `{path}`")
    return _project(shown(answer), path)


def projects(scope: Scope) -> Flow[Sequence[Project]]:
    """The projects of a scope: itself, or all of a group's that are not archived."""
    if scope.type is ScopeType.PROJECT:
        return [(yield from project(scope.path))]
    if scope.type is not ScopeType.GROUP:
        raise ReconcilerError("the instance has no issues of its own", hint="declare the entry at a project or group")
    found: list[Project] = []
    page: str | None = "1"
    path = f"/api/v4/groups/{quote(scope.path, safe='')}/projects"
    query: dict[str, Any] = {"per_page": _PER_PAGE, "archived": False, "order_by": "id", "sort": "asc"}
    query |= {"include_subgroups": True, "with_shared": False}
    while page:
        answer = yield from read(path, f"read the projects of `{scope.path}`", {**query, "page": page})
        found += [_project(row, scope.path) for row in listed(answer)]
        page = answer.headers.get("x-next-page")
    return found


class Changes:
    """The issues or merge requests of a project that have changed since a moment, in order of change.

    `until` is the moment of the last one seen; a later list goes on from there (with `begin`'s overlap).
    """

    def __init__(self, project: Project, what: str, since: str, query: Mapping[str, Any]) -> None:
        self._path, self._what, self._query = f"{project.api}/{what}", what.replace("_", " "), query
        self._since, self._page = since, 1
        self._seen: set[tuple[Any, Any]] = set()
        self.until = since
        self.finished = False

    @staticmethod
    def begin(until: str) -> str:
        """Where to go on after a list that ended at `until`."""
        moment = seconds_of(until)
        return "" if moment is None else iso_of(moment - OVERLAP_SECONDS)

    def page(self) -> Flow[list[Mapping[str, Any]]]:
        """The next ones, each state of each once; `finished` says that there are no more."""
        query = {**self._query, "order_by": "updated_at", "sort": "asc", "per_page": _PER_PAGE, "page": self._page}
        if self._since:
            query["updated_after"] = self._since
        answer = yield from read(self._path, f"read the project's {self._what}", query)
        rows = listed(answer)
        fresh = [row for row in rows if (row.get("id"), row.get("updated_at")) not in self._seen]
        self._seen |= {(row.get("id"), row.get("updated_at")) for row in fresh}
        self.finished = not rows or not answer.headers.get("x-next-page", "1" if len(rows) >= _PER_PAGE else "")
        if rows:
            self._go_on(str(rows[-1].get("updated_at", "")))
        return fresh

    def _go_on(self, last: str) -> None:
        self.until = last
        if last == self._since:
            self._page += 1
        else:
            self._since, self._page = last, 1


# ---------------------------------------------------------------------------------------------------------------------


def _project(raw: Mapping[str, Any], path: str) -> Project:
    number, full, url = raw.get("id"), raw.get("path_with_namespace"), raw.get("web_url")
    if not isinstance(number, int) or not isinstance(full, str) or not isinstance(url, str):
        raise RemoteError(f"could not read the project `{path}`: something other than GitLab answers")
    return Project(number, full, url.removesuffix(f"/{full}"))
