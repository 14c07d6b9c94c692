"""What GitLab says of itself and of scopes: version, ids, archived or not, topics, and the projects of a group.

Source: https://docs.gitlab.com/api/groups/#list-projects
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import RemoteError
from reconciler.core.flow import Request
from reconciler.core.ports import Http, ScopeFacts
from reconciler.providers.gitlab.pages import pages
from reconciler.providers.gitlab.primitive import API
from reconciler.providers.gitlab.talk import DENIED, converse, why_unknown


class GitLabEstate:
    """Implements `ports.Estate`. Thread-safe; answers are kept for as long as it lives (one run)."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._lock = threading.Lock()
        self._version: tuple[int, int] | None = None
        self._scopes: dict[tuple[ScopeType, str], ScopeFacts | str] = {}
        self._asking: dict[tuple[ScopeType, str], threading.Lock] = {}

    def version(self) -> tuple[int, int]:
        """GitLab's version; raises RemoteError when what answers is no GitLab, or refuses the token."""
        with self._lock:
            if self._version is None:
                response = self._http.send(Request("GET", f"{API}/version"))
                data = response.data()
                text = str(data.get("version", "")) if isinstance(data, Mapping) else ""
                found = re.match(r"(\d+)\.(\d+)", text)
                if found is None:
                    message = "GET /api/v4/version: what answers is no GitLab"
                    raise RemoteError(message, method="GET", url=f"{API}/version", hint="check the GitLab URL")
                self._version = int(found[1]), int(found[2])
            return self._version

    def scope(self, scope: Scope) -> ScopeFacts | str:
        """Facts of a scope, or in words why it cannot be known."""
        if scope.type is ScopeType.INSTANCE:
            return ScopeFacts(0, scope.path)
        key = (scope.type, scope.key)
        with self._lock:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:
            known = self._scopes.get(key)
            if known is None:
                known = self._scopes[key] = self._ask(scope)
        return known

    def whereabouts(self, scope: Scope, scope_id: int | None) -> Scope | None:
        """Where a recorded scope is today, asked by its id; None where it is deleted below a readable parent."""
        if scope.type is ScopeType.INSTANCE:
            return scope
        path = f"{API}/{scope.type}s/{scope_id if scope_id is not None else quote(scope.path, safe='')}"
        query = {"with_projects": False} if scope.type is ScopeType.GROUP else {}
        response = self._http.send(Request("GET", path, query=query, accept=DENIED))
        raw = response.data()
        if response.ok and isinstance(raw, Mapping):
            today = _facts(raw, archived=False).path
            return scope if today.lower() == scope.key else Scope(scope.type, today)
        if response.status != 404:
            return scope
        parent = scope.path.rpartition("/")[0]
        readable = not parent or isinstance(self.scope(Scope(ScopeType.GROUP, parent)), ScopeFacts)
        return None if readable else scope

    def projects(self, group: str) -> Sequence[ScopeFacts]:
        """Every project of a group and its subgroups, of the whole instance for an empty name; in order of id.

        The short form of projects does not say which are archived, so both sorts are asked for, one after the other:
        it costs GitLab far less than the long form.
        """
        found: dict[int, ScopeFacts] = {}
        for archived in (False, True):
            query: dict[str, Any] = {"simple": True, "archived": archived, "order_by": "id", "sort": "asc"}
            if group:
                path = f"{API}/groups/{quote(group, safe='')}/projects"
                query |= {"include_subgroups": True, "with_shared": False}
            else:
                path = f"{API}/projects"
                query["pagination"] = "keyset"
            listed = converse(pages(path, query, frozenset()), self._http)
            assert isinstance(listed, list)
            for raw in listed:
                found.setdefault(raw["id"], _facts(raw, archived=archived))
        for facts in found.values():
            self._scopes.setdefault((ScopeType.PROJECT, facts.path.lower()), facts)
        return [found[id] for id in sorted(found)]

    def groups(self, group: str) -> Sequence[ScopeFacts]:
        """Every group below a group, in order of id; raises RemoteError."""
        path = f"{API}/groups/{quote(group, safe='')}/descendant_groups"
        listed = converse(pages(path, {"order_by": "id", "sort": "asc"}, frozenset()), self._http)
        assert isinstance(listed, list)
        return [_facts(raw, archived=bool(raw.get("archived"))) for raw in sorted(listed, key=lambda raw: raw["id"])]

    # -----------------------------------------------------------------------------------------------------------------

    def _ask(self, scope: Scope) -> ScopeFacts | str:
        path = f"{API}/{scope.type}s/{quote(scope.path, safe='')}"
        query = {"with_projects": False} if scope.type is ScopeType.GROUP else {}
        response = self._http.send(Request("GET", path, query=query, accept=DENIED))
        raw = response.data()
        if not response.ok or not isinstance(raw, Mapping):
            return why_unknown(response, scope)
        return _facts(raw, archived=bool(raw.get("archived")))


def _facts(raw: Mapping[str, Any], *, archived: bool) -> ScopeFacts:
    path = raw.get("path_with_namespace") or raw.get("full_path") or ""
    topics = raw.get("topics") or raw.get("tag_list") or ()
    return ScopeFacts(int(raw["id"]), str(path), archived, tuple(str(topic) for topic in topics))
