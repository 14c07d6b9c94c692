"""The calls to one GitLab-managed state: newest, versions, storing, locking. No rule beyond the answers' meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from reconciler.core.errors import StateError, UnclearWrite
from reconciler.core.flow import Request, Response
from reconciler.core.ports import Http

REFUSED = frozenset({409, 413, 422, 500})
NOT_HELD = frozenset({404, 409})


class GitLabStore:
    """One state of a project, by name."""

    def __init__(self, http: Http, project: str, name: str) -> None:
        self._http = http
        self._what = f"gitlab:{project}/{name}"
        self._path = f"/api/v4/projects/{quote(project, safe='')}/terraform/state/{quote(name, safe='')}"

    def newest(self) -> bytes | None:
        """The bytes of the highest serial, None when there are none."""
        return self._found(self._http.send(Request("GET", self._path, accept=frozenset({404}))))

    def version(self, serial: int) -> bytes | None:
        """The bytes of one serial, None when it is not kept."""
        path = f"{self._path}/versions/{serial}"
        return self._found(self._http.send(Request("GET", path, accept=frozenset({404}))))

    def put(self, body: bytes, lock_id: str | None) -> Response:
        """Store a serial; refusals of the state itself are answers."""
        query = {"ID": lock_id} if lock_id else {}
        headers = {"Content-Type": "application/json"}
        request = Request("POST", self._path, headers, query, body=body, writes=True, accept=REFUSED)
        return self._http.send(request)

    def drop(self, serial: int) -> None:
        """Forget one serial."""
        path = f"{self._path}/versions/{serial}"
        self._http.send(Request("DELETE", path, writes=True, accept=frozenset({404})))

    def lock(self, info: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Take the lock: None when it is ours now, else what its holder said."""
        request = Request("POST", f"{self._path}/lock", json=info, writes=True, accept=frozenset({409}))
        response = self._http.send(request)
        holder = response.data()
        if response.ok:
            return None
        return holder if isinstance(holder, Mapping) else {}

    def unlock(self, lock_id: str) -> bool:
        """Free the lock; False when it was not held under this id."""
        request = Request("DELETE", f"{self._path}/lock", query={"ID": lock_id}, writes=True, accept=NOT_HELD)
        try:
            return self._http.send(request).ok
        except UnclearWrite:
            # Asking again is the look: a lock that is free already answers 409.
            return self._http.send(request).status in (200, 204, 404, 409)

    def _found(self, response: Response) -> bytes | None:
        if response.status == 404 and "project not found" in response.text.lower():
            hint = "check the path, and that the token's user may see the project"
            raise StateError(f"{self._what}: the project is not there, or hidden from the token's user", hint=hint)
        return None if response.status in (204, 404) else response.body
