"""Lists that come in pages, and lists that come at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from reconciler.core.errors import RemoteError
from reconciler.core.flow import Request, Response
from reconciler.providers.gitlab.talk import Calls
from reconciler.providers.gitlab.translate import Raw

PAGE = 100
MOST_PAGES = 10_000
LIST_TRIES = 2
"""How often a list is read whose pages do not add up to its total (objects may come and go between two pages)."""


def pages(path: str, query: Mapping[str, Any], accept: frozenset[int]) -> Calls[Response | list[Raw]]:
    """Every object of a paged list; the refusing answer where one of `accept` came.

    Pages are followed by the header, never by counting: a page may be short, and totals may be missing. Where there is
    a total and less was shown, the list is read once more, and then refused: what it lacks is not absent. So is a list
    that leads back to a page that was read, or does not end.
    """
    total = 0
    for _ in range(LIST_TRIES):
        found: dict[object, Raw] = {}
        asked: Mapping[str, Any] = {"per_page": PAGE, **query}
        seen: list[Mapping[str, Any]] = []
        while True:
            if asked in seen or len(seen) == MOST_PAGES:
                hint = "something between here and GitLab answers for it"
                raise RemoteError(f"GET {path}: the pages of the list do not end", method="GET", url=path, hint=hint)
            seen.append(asked)
            response = yield Request("GET", path, query=asked, accept=accept)
            if not response.ok:
                return response
            for raw in rows(response, path):
                found.setdefault(raw.get("id", (len(found), len(seen))), raw)
            text = response.headers.get("x-total", "")
            total = int(text) if text.isdigit() else 0
            following = next_page(response)
            if not following:
                break
            asked = {"per_page": PAGE, **query, **following}
        if len(found) >= total:
            return list(found.values())
    hint = "try again; if it stays so, something between here and GitLab cuts its answers"
    raise RemoteError(f"GET {path}: {len(found)} of {total} objects were shown", method="GET", url=path, hint=hint)


def next_page(response: Response) -> Mapping[str, str]:
    """The query parameters that lead to the next page, none at the end."""
    number = response.headers.get("x-next-page")
    if number is not None:
        return {"page": number.strip()} if number.strip() else {}
    for part in response.headers.get("link", "").split(","):
        target, _, about = part.partition(";")
        if 'rel="next"' in about:
            given = parse_qs(urlsplit(target.strip().strip("<>")).query)
            return {name: values[-1] for name, values in given.items() if name in ("page", "cursor", "id_after")}
    return {}


def rows(response: Response, path: str) -> list[Raw]:
    """The objects of a list's answer; raises RemoteError when it is no list."""
    data = response.data()
    if not isinstance(data, list) or not all(isinstance(raw, Mapping) for raw in data):
        hint = "is this the URL of a GitLab instance?"
        raise RemoteError(f"GET {path}: the answer is no list of objects", method="GET", url=path, hint=hint)
    return data
