"""What lists of issues and of merge requests share: labels, filters, order, pages by cursor.

Pure. Sources: GitLab's documentation of the REST API and issues, merge requests and notes,
`tests/recordings/issues-and-notes.json`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from ..message import Response
from ..world import Row, World
from .kernel import Call, owner_of
from .paging import DEFAULT, MOST, PAGING, paginate
from .params import Param, boolean, integer, integers, moment, optional, strings

COLOURS = ("#6699cc", "#dc143c", "#009966", "#cd5b45", "#9400d3", "#808080")


def label_rows(world: World, project: Row, titles: Iterable[str]) -> list[Row]:
    """The labels of those titles in a project, made where they are missing."""
    table, owner = world.table("labels"), owner_of(project, "project")
    known = {row["name"]: row for row in table.by("owner", owner)}
    found: list[Row] = []
    for title in dict.fromkeys(titles):
        if title not in known:
            colour = COLOURS[len(known) % len(COLOURS)]
            known[title] = table.add({"owner": owner, "name": title, "color": colour, "description": None})
        found.append(known[title])
    return found


def change_labels(world: World, project: Row, item: Row, wanted: dict[str, Any]) -> None:
    """Apply `labels`, `add_labels` and `remove_labels` of a request to an issue or merge request."""
    titles = list(item["labels"])
    if "labels" in wanted:
        titles = [title for title in wanted["labels"] or () if title]
    titles += [title for title in wanted.get("add_labels") or () if title]
    gone = set(wanted.get("remove_labels") or ())
    item["labels"] = sorted({title for title in titles if title not in gone})
    label_rows(world, project, item["labels"])


def shown_labels(call: Call, item: Row) -> list[Any]:
    """Labels as titles, or as objects when the request asked for details."""
    if not call.params.get("with_labels_details"):
        return list(item["labels"])
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "description": row["description"],
            "description_html": row["description"] or "",
            "text_color": "#FFFFFF",
            "color": row["color"],
            "archived": False,
        }
        for row in label_rows(call.world, call.project, item["labels"])
    ]


def list_params(states: Sequence[str], orders: Sequence[str]) -> tuple[Param, ...]:
    """The parameters of a list."""
    return (
        optional("state", choices=states, default="all"),
        optional("labels", strings),
        optional("iids", integers),
        optional("search"),
        optional("in"),
        optional("author_id", integer),
        optional("author_username"),
        optional("scope", choices=("created_by_me", "assigned_to_me", "all")),
        *(optional(f"{field}_{side}", moment) for field in ("created", "updated") for side in ("after", "before")),
        optional("order_by", choices=orders, default="created_at"),
        optional("sort", choices=("asc", "desc"), default="desc"),
        optional("with_labels_details", boolean, default=False),
        optional("pagination", choices=("keyset", "offset")),
        optional("cursor"),
        *PAGING,
    )


def seconds(text: str) -> float:
    """The moment of a text."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def selected(call: Call, rows: Iterable[Row]) -> list[Row]:
    """The rows that pass the request's filters."""
    wanted = call.params
    tests: list[Callable[[Row], bool]] = []
    if wanted["state"] != "all":
        tests.append(lambda row: bool(row["state"] == wanted["state"]))
    if wanted.get("iids"):
        tests.append(lambda row: row["iid"] in wanted["iids"])
    if wanted.get("labels"):
        tests.append(lambda row: set(wanted["labels"]) <= set(row["labels"]))
    if wanted.get("search"):
        needle = str(wanted["search"]).lower()
        tests.append(lambda row: needle in f"{row['title']}\n{row['description'] or ''}".lower())
    if wanted.get("author_id") is not None:
        tests.append(lambda row: bool(row["author_id"] == wanted["author_id"]))
    if wanted.get("scope") == "created_by_me":
        tests.append(lambda row: bool(row["author_id"] == call.me["id"]))
    tests += _moment_tests(call)
    return [row for row in rows if all(test(row) for test in tests)]


def _moment_tests(call: Call) -> list[Callable[[Row], bool]]:
    tests: list[Callable[[Row], bool]] = []
    for field in ("created", "updated"):
        after, before = call.params.get(f"{field}_after"), call.params.get(f"{field}_before")
        if after:
            tests.append(_not_before(f"{field}_at", seconds(after)))
        if before:
            tests.append(_not_after(f"{field}_at", seconds(before)))
    return tests


def _not_before(field: str, edge: float) -> Callable[[Row], bool]:
    return lambda row: seconds(row[field]) >= edge


def _not_after(field: str, edge: float) -> Callable[[Row], bool]:
    return lambda row: seconds(row[field]) <= edge


def answer(call: Call, rows: Iterable[Row], present: Callable[[Row], object]) -> Response:
    """The selected rows in the order and the pages that were asked for."""
    order, down = call.params["order_by"], call.params["sort"] == "desc"
    found = sorted(
        selected(call, rows),
        key=lambda row: (row.get(order) is not None, row.get(order) or "", row["id"]),
        reverse=down,
    )
    if call.params.get("pagination") == "keyset":
        return _by_cursor(call, found, present)
    return paginate(call, found, present)


def _by_cursor(call: Call, rows: list[Row], present: Callable[[Row], object]) -> Response:
    """Pages that go on after a row; the `Link` names only the next."""
    order, down = call.params["order_by"], call.params["sort"] == "desc"
    edge = _edge(call.params.get("cursor"))
    if edge is not None:
        rows = [row for row in rows if _place(row, order) != edge and (_place(row, order) > edge) != down]
    per_page = min(max(call.params.get("per_page") or DEFAULT, 1), MOST)
    shown, headers = rows[:per_page], {}
    if len(rows) > per_page:
        cursor = base64.urlsafe_b64encode("|".join(map(str, _place(shown[-1], order))).encode()).decode()
        stated = {k: v for k, v in call.sent.items() if isinstance(v, str | int) and k != "private_token"}
        query = urlencode(sorted({**stated, "cursor": cursor, "per_page": per_page}.items()))
        headers["Link"] = f'<{call.request.base}{call.request.path}?{query}>; rel="next"'
    return Response.of_json(200, [present(row) for row in shown], headers)


def _place(row: Row, order: str) -> tuple[str, int]:
    return str(row.get(order) or ""), int(row["id"])


def _edge(cursor: str | None) -> tuple[str, int] | None:
    if not cursor:
        return None
    try:
        value, _, number = base64.urlsafe_b64decode(cursor.encode()).decode().rpartition("|")
        return value, int(number)
    except (binascii.Error, ValueError):
        return None


def next_iid(rows: Iterable[Row]) -> int:
    """The next number within a project."""
    return max((row["iid"] for row in rows), default=0) + 1
