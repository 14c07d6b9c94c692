"""Lists in pages: GitLab's page headers and `Link`, and the keyset form.

Pure. Sources: GitLab's documentation of the REST API and a running GitLab 18.9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote_plus

from ..message import Response
from ..world import Row
from .kernel import Call
from .params import integer, optional

DEFAULT, MOST = 20, 100
COUNTED = 10_000
"""Longer lists are not counted: no totals, no last page."""

PAGING = (
    optional("page", integer, default=1),
    optional("per_page", integer, default=DEFAULT, refused=(0,)),
)
"""The parameters of every list in pages."""


def paginate(call: Call, rows: Sequence[Row], present: Callable[[Row], object]) -> Response:
    """One page of `rows`, shown by `present`, with all page headers. The route declares `PAGING`."""
    page, per_page = _place(call)
    start = (page - 1) * per_page
    shown = [present(row) for row in rows[start : start + per_page]]
    return Response.of_json(200, shown, _headers(call, len(rows), page, per_page))


def keyset(call: Call, rows: Sequence[Row], present: Callable[[Row], object], *, down: bool) -> Response:
    """The rows after `id_after` (before `id_before`, going down), with a `Link` to the next ones only."""
    _, per_page = _place(call)
    edge = call.params.get("id_before" if down else "id_after")
    if edge is not None:
        rows = [row for row in rows if (row["id"] < edge if down else row["id"] > edge)]
    shown = rows[:per_page]
    headers = {}
    if len(rows) > per_page:
        name = "id_before" if down else "id_after"
        headers["Link"] = _link(call, {name: shown[-1]["id"], "per_page": per_page}, "next")
    return Response.of_json(200, [present(row) for row in shown], headers)


def _place(call: Call) -> tuple[int, int]:
    page = max(call.params.get("page") or 1, 1)
    per_page = call.params.get("per_page") or DEFAULT
    return page, min(per_page, MOST) if per_page > 0 else DEFAULT


def _headers(call: Call, total: int, page: int, per_page: int) -> dict[str, str]:
    pages = max(-(-total // per_page), 1)
    inside = page <= pages
    before = page - 1 if page > 1 and inside else None
    after = page + 1 if page < pages else None
    places = [("prev", before), ("next", after), ("first", 1)]
    headers = {
        "X-Per-Page": str(per_page),
        "X-Page": str(page),
        "X-Next-Page": str(after or ""),
        "X-Prev-Page": str(before or ""),
    }
    if total <= COUNTED:
        headers |= {"X-Total": str(total), "X-Total-Pages": str(pages)}
        places.append(("last", pages))
    before_page, after_page = _around(call, {"per_page": per_page}, "page")
    headers["Link"] = ", ".join(
        f'<{before_page}page={place}{after_page}>; rel="{rel}"' for rel, place in places if place
    )
    return headers


def _link(call: Call, overrides: dict[str, Any], rel: str) -> str:
    name = next(iter(overrides))
    start, end = _around(call, overrides, name)
    return f'<{start}{name}={overrides[name]}{end}>; rel="{rel}"'


def _around(call: Call, overrides: dict[str, Any], name: str) -> tuple[str, str]:
    """The link to this list, in the two parts that stand around the parameter `name`."""
    stated = {p.name: call.params[p.name] for p in call.route.params if p.name in call.params}
    parameters = call.sent | stated | overrides
    for left_out in ("private_token", "access_token", "job_token", name):
        parameters.pop(left_out, None)
    names = sorted(parameters)
    before = [part for key in names if key < name for part in _encoded(key, parameters[key])]
    after = [part for key in names if key > name for part in _encoded(key, parameters[key])]
    start = f"{call.request.base}{call.request.path}?{'&'.join(before)}{'&' if before else ''}"
    return start, f"{'&' if after else ''}{'&'.join(after)}"


def _encoded(name: str, value: object) -> list[str]:
    if isinstance(value, list):
        return [part for item in value for part in _encoded(f"{name}[]", item)]
    if isinstance(value, dict):
        return [part for key in sorted(value) for part in _encoded(f"{name}[{key}]", value[key])]
    text = {True: "true", False: "false", None: ""}[value] if isinstance(value, bool | None) else str(value)
    return [f"{quote_plus(name)}={quote_plus(text)}"]
