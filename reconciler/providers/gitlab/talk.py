"""Carrying conversations over the HTTP port, and saying in words why something cannot be known."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import TypeVar

from reconciler.core.address import Scope, ScopeType
from reconciler.core.flow import Request, Response
from reconciler.core.ports import Http
from reconciler.providers.decide import explain

T = TypeVar("T")
Calls = Generator[Request, Response, T]
"""A conversation of which every accepted answer arrives."""

DENIED = frozenset({301, 302, 307, 308, 401, 403, 404})
"""Statuses that hide an object: what they hide is unknown, never absent."""

_ID = re.compile(r"/(?:projects|groups)/([0-9]+)(?![0-9A-Za-z%_.-])")


def converse(calls: Calls[T], http: Http) -> T:
    """Carry a conversation to its end; raises what the port raises."""
    try:
        request = next(calls)
        while True:
            request = calls.send(http.send(request))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        calls.close()


def why_unknown(response: Response, scope: Scope, special: str = "") -> str:
    """One sentence: why a scope's objects cannot be known from this answer."""
    what = "the instance" if scope.type is ScopeType.INSTANCE else f"{scope.type} `{scope.path}`"
    said = explain(response)
    match response.status:
        case 301 | 302 | 307 | 308:
            found = _ID.search(response.headers.get("location", ""))
            where = f" (its id is {found[1]})" if found else ""
            return f"{what} was renamed or moved{where}: declare it by its new path, or `state forget` it"
        case 401:
            about = f"; {special}" if special else ""
            return f"GitLab does not accept the token for {what} ({said or '401'}{about})"
        case 403:
            role = {ScopeType.PROJECT: "Maintainer", ScopeType.GROUP: "Owner"}.get(scope.type, "an administrator")
            return f"the token may not read this of {what}; its user must be {role} ({said or '403'})"
        case 404:
            about = f"; {special}" if special else ""
            return f"{what} is not there, or hidden from the token's user ({said or '404'}{about})"
        case _:
            return f"GitLab answered {response.status} for {what}: {said}"
