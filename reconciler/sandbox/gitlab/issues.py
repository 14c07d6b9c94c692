"""Issues of projects, and the links between them.

Pure. Sources: GitLab's documentation of issues, merge requests and notes, `tests/recordings/issues-and-notes.json`.
"""

from __future__ import annotations

from ..message import Response
from ..world import Row, World
from .access import GUEST, OWNER, REPORTER, level_in_project
from .errors import error, forbidden, message, no_record
from .issues_list import answer, change_labels, list_params, next_iid, shown_labels
from .kernel import Call, Route, created, no_content, ok, owner_of, project_role, readable_project, signed_in
from .meta import user_view
from .params import boolean, integer, integers, optional, required, strings

ORDERS = (
    "created_at",
    "due_date",
    "label_priority",
    "milestone_due",
    "popularity",
    "priority",
    "relative_position",
    "title",
    "updated_at",
    "weight",
)
TEXTS = ("title", "description", "due_date")
NOTHING_SENT = (
    "assignee_id, assignee_ids, add_labels, created_at, confidential, description, discussion_locked, due_date, "
    "labels, milestone_id, remove_labels, state_event, title, issue_type, weight, epic_id, epic_iid are missing, "
    "at least one parameter must be provided"
)


def issues_of(world: World, project: Row) -> list[Row]:
    """All issues of a project, oldest first."""
    return world.table("issues").by("owner", owner_of(project, "project"))


def _may_see(call: Call, row: Row) -> bool:
    if not row["confidential"]:
        return True
    mine = call.user is not None and row["author_id"] == call.user["id"]
    return mine or level_in_project(call.world, call.user, call.project) >= REPORTER


def found_issue(call: Call) -> Row:
    """The issue that a path names. Raises 404."""
    return issue_of_number(call, call.params["issue_iid"])


def issue_of_number(call: Call, number: int | None) -> Row:
    """The issue of a number within the project. Raises 404."""
    row = next((r for r in issues_of(call.world, call.project) if r["iid"] == number), None)
    if row is None or not _may_see(call, row):
        raise no_record()
    return row


def person(call: Call, user_id: int | None) -> Row | None:
    """A user as issues show them."""
    user = call.world.users.get(user_id)
    return user_view(call.world, call.request.base, user) if user else None


def basic_view(call: Call, row: Row) -> Row:
    """An issue as links show it."""
    world, project = call.world, call.world.projects.get(row["project_id"]) or call.project
    assignees = [shown for user_id in row["assignee_ids"] if (shown := person(call, user_id))]
    plain = ("id", "iid", "project_id", "title", "description", "state", "created_at", "updated_at", "closed_at")
    comments = [n for n in world.table("notes").by("noteable", f"issue:{row['id']}") if not n["system"]]
    return {name: row[name] for name in plain} | {
        "closed_by": person(call, row["closed_by_id"]),
        "labels": shown_labels(call, row),
        "milestone": None,
        "assignees": assignees,
        "author": person(call, row["author_id"]),
        "type": "ISSUE",
        "assignee": assignees[0] if assignees else None,
        "user_notes_count": len(comments),
        "merge_requests_count": 0,
        "upvotes": 0,
        "downvotes": 0,
        "start_date": None,
        "due_date": row["due_date"],
        "confidential": row["confidential"],
        "discussion_locked": row["discussion_locked"],
        "issue_type": row["issue_type"],
        "web_url": f"{call.request.base}/{world.full_path(project)}/-/issues/{row['iid']}",
        "time_stats": {
            "time_estimate": 0,
            "total_time_spent": 0,
            "human_time_estimate": None,
            "human_total_time_spent": None,
        },
        "task_completion_status": {"count": 0, "completed_count": 0},
        "weight": row["weight"],
        "blocking_issues_count": 0,
    }


def view(call: Call, row: Row) -> Row:
    """An issue as lists and reads show it."""
    reference = f"#{row['iid']}"
    api = f"{call.request.base}/api/v4/projects/{row['project_id']}"
    return basic_view(call, row) | {
        "has_tasks": False,
        "task_status": "0 of 0 checklist items completed",
        "_links": {
            "self": f"{api}/issues/{row['iid']}",
            "notes": f"{api}/issues/{row['iid']}/notes",
            "award_emoji": f"{api}/issues/{row['iid']}/award_emoji",
            "project": api,
            "closed_as_duplicate_of": None,
        },
        "references": {
            "short": reference,
            "relative": reference,
            "full": f"{call.world.full_path(call.project)}{reference}",
        },
        "severity": "UNKNOWN",
        "moved_to_id": None,
        "imported": False,
        "imported_from": "none",
        "service_desk_reply_to": None,
        "epic_iid": None,
        "epic": None,
        "iteration": None,
        "health_status": None,
    }


def listing(call: Call) -> Response:
    """The issues of a project that pass the filters."""
    rows = (row for row in issues_of(call.world, call.project) if _may_see(call, row))
    wanted = {n: call.params[n] for n in ("confidential", "issue_type") if call.params.get(n) is not None}
    fitting = (row for row in rows if all(row[name] == value for name, value in wanted.items()))
    return answer(call, fitting, lambda row: view(call, row))


def read(call: Call) -> Response:
    """One."""
    return ok(view(call, found_issue(call)))


def create(call: Call) -> Response:
    """A new one."""
    wanted, world = call.params, call.world
    if not str(wanted["title"] or "").strip():
        raise message(400, {"title": ["can't be blank"]})
    row: Row = {
        "owner": owner_of(call.project, "project"),
        "project_id": call.project["id"],
        "iid": wanted.get("iid") or next_iid(issues_of(world, call.project)),
        "title": str(wanted["title"]).strip(),
        "description": wanted.get("description"),
        "state": "opened",
        "labels": [],
        "author_id": call.me["id"],
        "assignee_ids": [i for i in wanted.get("assignee_ids") or () if world.users.get(i)],
        "confidential": bool(wanted.get("confidential")),
        "discussion_locked": None,
        "issue_type": wanted.get("issue_type") or "issue",
        "due_date": wanted.get("due_date"),
        "weight": wanted.get("weight"),
        "closed_at": None,
        "closed_by_id": None,
        "created_at": call.stamp,
        "updated_at": call.stamp,
    }
    change_labels(world, call.project, row, wanted)
    world.table("issues").add(row)
    _note_status(call, row, "To do")
    return created(view(call, row))


def _note_status(call: Call, row: Row, status: str) -> None:
    """The note that GitLab itself writes about an issue's status, where there is a licence for it."""
    if call.world.settings.get("licensed"):
        add_note(call, "issue", row, f"set status to **{status}**", system=True)


def add_note(call: Call, kind: str, item: Row, body: str, *, system: bool = False, internal: bool = False) -> Row:
    """A new note on an issue or merge request."""
    return call.world.table("notes").add(
        {
            "noteable": f"{kind}:{item['id']}",
            "owner": item["owner"],
            "body": body,
            "author_id": call.me["id"],
            "system": system,
            "internal": internal,
            "created_at": call.stamp,
            "updated_at": call.stamp,
        }
    )


def set_state(call: Call, row: Row, event: str | None) -> None:
    """Close or reopen an issue."""
    if event == "close" and row["state"] == "opened":
        row.update(state="closed", closed_at=call.stamp, closed_by_id=call.me["id"])
        _note_status(call, row, "Done")
    elif event == "reopen" and row["state"] == "closed":
        row.update(state="opened", closed_at=None, closed_by_id=None)
        _note_status(call, row, "To do")


def update(call: Call) -> Response:
    """Change one."""
    row, wanted = found_issue(call), call.params
    if level_in_project(call.world, call.me, call.project) < REPORTER and row["author_id"] != call.me["id"]:
        raise forbidden()
    if not wanted.keys() - {"issue_iid"}:
        raise error(400, NOTHING_SENT)
    if "title" in wanted and not str(wanted["title"] or "").strip():
        raise message(400, {"title": ["can't be blank"]})
    row.update({name: wanted[name] for name in (*TEXTS, "weight", "discussion_locked") if name in wanted})
    if wanted.get("confidential") is not None:
        row["confidential"] = wanted["confidential"]
    if "assignee_ids" in wanted:
        row["assignee_ids"] = [i for i in wanted["assignee_ids"] or () if call.world.users.get(i)]
    change_labels(call.world, call.project, row, wanted)
    set_state(call, row, wanted.get("state_event"))
    row["updated_at"] = call.stamp
    return ok(view(call, row))


def remove(call: Call) -> Response:
    """Delete one; owners only."""
    row = found_issue(call)
    if level_in_project(call.world, call.me, call.project) < OWNER:
        raise forbidden()
    call.precondition(row["updated_at"])
    call.world.table("issues").remove(row)
    return no_content()


BASE = "/projects/:id/issues"
IID = required("issue_iid", integer)
READ, WRITE = ((), (readable_project,)), ((signed_in,), (project_role(GUEST),))
SETTINGS = (
    optional("description"),
    optional("labels", strings),
    optional("add_labels", strings),
    optional("remove_labels", strings),
    optional("assignee_ids", integers),
    optional("milestone_id", integer),
    optional("due_date"),
    optional("confidential", boolean),
    optional("discussion_locked", boolean),
    optional("issue_type", choices=("issue", "incident", "test_case", "task")),
    optional("weight", integer),
)

ROUTES = (
    Route(
        "GET",
        BASE,
        listing,
        (
            optional("confidential", boolean),
            optional("issue_type"),
            *list_params(("opened", "closed", "all"), ORDERS),
        ),
        *READ,
    ),
    Route("POST", BASE, create, (required("title"), optional("iid", integer), *SETTINGS), *WRITE),
    Route("GET", f"{BASE}/:issue_iid", read, (IID,), *READ),
    Route(
        "PUT",
        f"{BASE}/:issue_iid",
        update,
        (IID, optional("title"), optional("state_event", choices=("reopen", "close")), *SETTINGS),
        *WRITE,
    ),
    Route("DELETE", f"{BASE}/:issue_iid", remove, (IID,), *WRITE),
)
