"""Comments on issues and merge requests, and the quick actions in them.

Pure. Sources: GitLab's documentation of issues, merge requests and notes, a running GitLab 18.9,
`tests/recordings/issues-and-notes.json`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..message import Response
from ..world import Row
from . import issues, merge_requests
from .access import GUEST, MAINTAINER, REPORTER, level_in_project
from .errors import bad_request, forbidden, message, no_record
from .issues_list import label_rows
from .kernel import Call, Handler, Route, created, no_content, ok, project_role, readable_project, signed_in
from .paging import PAGING, paginate
from .params import boolean, integer, optional, required

LABEL = re.compile(r'~(?:"([^"]+)"|(\S+))')
COMMAND = re.compile(r"/(label|unlabel|close|reopen)\b\s*(.*)")


class Noteable:
    """What can be commented: its name in tables and paths, its type, and how it is found by number."""

    def __init__(self, kind: str, type_: str, find: Callable[[Call, int | None], Row]) -> None:
        self.kind, self.type, self._find = kind, type_, find

    def find(self, call: Call) -> Row:
        """The one that a path names. Raises 404."""
        return self._find(call, call.params["noteable_id"])

    @property
    def path(self) -> str:
        """The path of its notes."""
        return f"/projects/:id/{self.kind}s/:noteable_id/notes"


NOTEABLES = (
    Noteable("issue", "Issue", issues.issue_of_number),
    Noteable("merge_request", "MergeRequest", merge_requests.merge_request_of_number),
)


def view(call: Call, noteable: Noteable, item: Row, row: Row, changes: Row | None = None) -> Row:
    """A note as it is shown."""
    return {
        "id": row["id"],
        "type": None,
        "body": row["body"],
        "author": issues.person(call, row["author_id"]),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "system": row["system"],
        "noteable_id": item["id"],
        "noteable_type": noteable.type,
        "project_id": item["project_id"],
        "resolvable": False,
        "confidential": row["internal"],
        "internal": row["internal"],
        "imported": False,
        "imported_from": "none",
        "noteable_iid": item["iid"],
        "commands_changes": changes or {},
    }


def _notes(call: Call, noteable: Noteable, item: Row) -> list[Row]:
    rows = call.world.table("notes").by("noteable", f"{noteable.kind}:{item['id']}")
    insider = level_in_project(call.world, call.user, call.project) >= REPORTER
    return [row for row in rows if insider or not row["internal"]]


def _found(call: Call, noteable: Noteable) -> tuple[Row, Row]:
    item = noteable.find(call)
    row = next((r for r in _notes(call, noteable, item) if r["id"] == call.params["note_id"]), None)
    if row is None:
        raise no_record()
    return item, row


def listing(noteable: Noteable) -> Handler:
    """The notes of one, newest first unless asked otherwise."""

    def handler(call: Call) -> Response:
        item, order = noteable.find(call), call.params["order_by"]
        wanted = {"only_comments": False, "only_activity": True}.get(call.params["activity_filter"])
        rows = [row for row in _notes(call, noteable, item) if wanted is None or row["system"] == wanted]
        rows.sort(key=lambda row: (row[order], row["id"]), reverse=call.params["sort"] == "desc")
        return paginate(call, rows, lambda row: view(call, noteable, item, row))

    return handler


def read(noteable: Noteable) -> Handler:
    """One."""

    def handler(call: Call) -> Response:
        item, row = _found(call, noteable)
        return ok(view(call, noteable, item, row))

    return handler


def create(noteable: Noteable) -> Handler:
    """A new one; quick actions are carried out and leave no text."""

    def handler(call: Call) -> Response:
        item, body = noteable.find(call), str(call.params["body"] or "")
        lines = body.split("\n")
        commands = [found for line in lines if (found := COMMAND.fullmatch(line.strip()))]
        rest = "\n".join(line for line in lines if not COMMAND.fullmatch(line.strip())).strip()
        changes, summary = _carry_out(call, noteable, item, commands)
        if commands and not rest:
            return Response.of_json(202, {"commands_changes": changes, "summary": summary})
        if not rest:
            raise bad_request('Note {:note=>["can\'t be blank"]}')
        row = issues.add_note(call, noteable.kind, item, rest, internal=bool(call.params.get("internal")))
        item["updated_at"] = call.stamp
        return created(view(call, noteable, item, row, changes))

    return handler


def _carry_out(
    call: Call, noteable: Noteable, item: Row, commands: list[re.Match[str]]
) -> tuple[dict[str, Any], list[str]]:
    """What quick actions change, and GitLab's sentences about it."""
    changes: dict[str, Any] = {}
    summary: list[str] = []
    for name, rest in (found.groups() for found in commands):
        if name in ("close", "reopen"):
            (issues if noteable.kind == "issue" else merge_requests).set_state(call, item, name)
            changes["state_event"] = name
            thing = "issue" if noteable.kind == "issue" else "merge request"
            summary.append(f"{'Closed' if name == 'close' else 'Reopened'} this {thing}.")
            continue
        rows = label_rows(call.world, call.project, (a or b for a, b in LABEL.findall(rest)))
        titles = {row["name"] for row in rows}
        kept = set(item["labels"]) - titles
        item["labels"] = sorted(kept | titles if name == "label" else kept)
        changes["add_label_ids" if name == "label" else "remove_label_ids"] = [row["id"] for row in rows]
        shown = " ".join(f'~"{row["name"]}"' for row in rows)
        plural = "label" if len(rows) == 1 else "labels"
        summary.append(f"{'Added' if name == 'label' else 'Removed'} {shown} {plural}.")
    if commands:
        item["updated_at"] = call.stamp
    return changes, summary


def update(noteable: Noteable) -> Handler:
    """Change a note's text; GitLab's own notes and those of others are out of reach."""

    def handler(call: Call) -> Response:
        item, row = _found(call, noteable)
        _check_mine(call, row)
        if "body" not in call.params:
            raise message(400, 'Failed to save note {:note=>["can\'t be blank"]}')
        row.update(body=str(call.params["body"]), updated_at=call.stamp)
        return ok(view(call, noteable, item, row))

    return handler


def remove(noteable: Noteable) -> Handler:
    """Delete a note."""

    def handler(call: Call) -> Response:
        _, row = _found(call, noteable)
        _check_mine(call, row)
        call.precondition(row["updated_at"])
        call.world.table("notes").remove(row)
        return no_content()

    return handler


def _check_mine(call: Call, row: Row) -> None:
    others = row["author_id"] != call.me["id"]
    if row["system"] or (others and level_in_project(call.world, call.me, call.project) < MAINTAINER):
        raise forbidden()


READ, WRITE = ((signed_in,), (readable_project,)), ((signed_in,), (project_role(GUEST),))
NUMBER = required("noteable_id", integer)


def _routes(noteable: Noteable) -> tuple[Route, ...]:
    base, one = noteable.path, f"{noteable.path}/:note_id"
    which = (NUMBER, required("note_id", integer))
    filters = (
        optional("order_by", choices=("created_at", "updated_at"), default="created_at"),
        optional("sort", choices=("asc", "desc"), default="desc"),
        optional("activity_filter", choices=("all_notes", "only_comments", "only_activity"), default="all_notes"),
    )
    new = (required("body"), optional("internal", boolean), optional("confidential", boolean))
    return (
        Route("GET", base, listing(noteable), (NUMBER, *filters, *PAGING), *READ),
        Route("POST", base, create(noteable), (NUMBER, *new), *WRITE),
        Route("GET", one, read(noteable), which, *READ),
        Route("PUT", one, update(noteable), (*which, optional("body", blank=False)), *WRITE),
        Route("DELETE", one, remove(noteable), which, *WRITE),
    )


ROUTES = tuple(route for noteable in NOTEABLES for route in _routes(noteable))
