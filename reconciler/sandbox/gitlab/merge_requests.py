"""Merge requests of projects, as far as a sync reads and writes them.

Pure. Sources: GitLab's documentation of issues, merge requests and notes, GitLab's OpenAPI description.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..message import Response
from ..world import Row, World
from .access import DEVELOPER, MAINTAINER, OWNER, level_in_project
from .errors import error, forbidden, invalid, message, no_record, unauthorized
from .issues import add_note, person
from .issues_list import answer, change_labels, list_params, next_iid, shown_labels
from .kernel import Call, Route, created, no_content, ok, owner_of, project_role, readable_project, signed_in
from .merge_requests_repository import branches, commit_view, commits, history
from .paging import PAGING, paginate
from .params import boolean, integer, integers, optional, required, strings

STATES = ("opened", "closed", "locked", "merged", "all")
ORDERS = ("created_at", "label_priority", "milestone_due", "popularity", "priority", "title", "updated_at", "merged_at")
SENTENCE = "at least one parameter must be provided"
CHANGEABLE = (
    "assignee_id, assignee_ids, reviewer_ids, target_branch, title, description, state_event, labels, add_labels, "
    f"remove_labels, milestone_id, remove_source_branch, squash are missing, {SENTENCE}"
)
DRAFTS = ("draft:", "[draft]", "(draft)")


def merge_requests_of(world: World, project: Row) -> list[Row]:
    """All merge requests into a project, oldest first."""
    return world.table("merge_requests").by("owner", owner_of(project, "project"))


def found_merge_request(call: Call) -> Row:
    """The merge request that a path names. Raises 404."""
    return merge_request_of_number(call, call.params["merge_request_iid"])


def merge_request_of_number(call: Call, number: int | None) -> Row:
    """The merge request of a number within the project. Raises 404."""
    row = next((r for r in merge_requests_of(call.world, call.project) if r["iid"] == number), None)
    if row is None:
        raise no_record()
    return row


def view(call: Call, row: Row) -> Row:
    """A merge request as lists show it."""
    world, project = call.world, call.project
    opened = row["state"] == "opened"
    tip = branches(world, project).get(row["source_branch"], row["sha"]) if opened else row["sha"]
    reference, draft = f"!{row['iid']}", row["title"].lower().startswith(DRAFTS)
    assignees = [shown for user_id in row["assignee_ids"] if (shown := person(call, user_id))]
    comments = [n for n in world.table("notes").by("noteable", f"merge_request:{row['id']}") if not n["system"]]
    plain = ("id", "iid", "project_id", "title", "description", "state", "created_at", "updated_at")
    times = ("merged_at", "closed_at", "target_branch", "source_branch", "squash", "merge_commit_sha")
    merger, closer = person(call, row["merged_by_id"]), person(call, row["closed_by_id"])
    status = "not_open" if not opened else "draft_status" if draft else "mergeable"
    return {name: row[name] for name in (*plain, *times)} | {
        "merged_by": merger,
        "merge_user": merger,
        "closed_by": closer,
        "user_notes_count": len(comments),
        "upvotes": 0,
        "downvotes": 0,
        "author": person(call, row["author_id"]),
        "assignees": assignees,
        "assignee": assignees[0] if assignees else None,
        "reviewers": [shown for user_id in row["reviewer_ids"] if (shown := person(call, user_id))],
        "source_project_id": project["id"],
        "target_project_id": project["id"],
        "labels": shown_labels(call, row),
        "draft": draft,
        "work_in_progress": draft,
        "imported": False,
        "imported_from": "none",
        "milestone": None,
        "merge_when_pipeline_succeeds": False,
        "merge_status": "can_be_merged",
        "detailed_merge_status": status,
        "merge_after": None,
        "sha": tip,
        "squash_commit_sha": None,
        "discussion_locked": None,
        "should_remove_source_branch": row["remove_source_branch"],
        "force_remove_source_branch": row["remove_source_branch"],
        "prepared_at": row["created_at"],
        "reference": reference,
        "references": {"short": reference, "relative": reference, "full": f"{world.full_path(project)}{reference}"},
        "web_url": f"{call.request.base}/{world.full_path(project)}/-/merge_requests/{row['iid']}",
        "time_stats": {
            "time_estimate": 0,
            "total_time_spent": 0,
            "human_time_estimate": None,
            "human_total_time_spent": None,
        },
        "squash_on_merge": row["squash"],
        "task_completion_status": {"count": 0, "completed_count": 0},
        "has_conflicts": False,
        "blocking_discussions_resolved": True,
        "approvals_before_merge": None,
    }


def simple_view(call: Call, row: Row) -> Row:
    """A merge request where few fields were asked for."""
    names = ("id", "iid", "project_id", "title", "description", "state", "created_at", "updated_at", "web_url")
    full = view(call, row)
    return {name: full[name] for name in names}


def listing(call: Call) -> Response:
    """The merge requests of a project that pass the filters."""
    wanted = {n: call.params[n] for n in ("source_branch", "target_branch") if call.params.get(n)}
    rows = merge_requests_of(call.world, call.project)
    fitting = (row for row in rows if all(row[name] == value for name, value in wanted.items()))
    present = simple_view if call.params.get("view") == "simple" else view
    return answer(call, fitting, lambda row: present(call, row))


def read(call: Call) -> Response:
    """One."""
    row = found_merge_request(call)
    return ok(view(call, row) | {"changes_count": None, "subscribed": False, "user": {"can_merge": True}})


def create(call: Call) -> Response:
    """A new one, between two branches of the project."""
    wanted, world, project = call.params, call.world, call.project
    _check_title(wanted)
    tips = branches(world, project)
    errors = {
        side: [f'Branch "{wanted[side]}" does not exist'] for side in ("source_branch", "target_branch")
        if wanted[side] not in tips
    }  # fmt: skip
    if errors:
        raise invalid(errors)
    if wanted["source_branch"] == wanted["target_branch"]:
        raise invalid({"branch_conflict": ["You can't use same project/branch for source and target"]}, 422)
    pair = (wanted["source_branch"], wanted["target_branch"])
    for other in merge_requests_of(world, project):
        if other["state"] == "opened" and (other["source_branch"], other["target_branch"]) == pair:
            text = f"Another open merge request already exists for this source branch: !{other['iid']}"
            raise message(409, [text])
    row: Row = {
        "owner": owner_of(project, "project"),
        "project_id": project["id"],
        "iid": next_iid(merge_requests_of(world, project)),
        "title": str(wanted["title"]),
        "description": wanted.get("description"),
        "state": "opened",
        "source_branch": pair[0],
        "target_branch": pair[1],
        "sha": tips[pair[0]],
        "squash": bool(wanted.get("squash")),
        "remove_source_branch": wanted.get("remove_source_branch"),
        "labels": [],
        "author_id": call.me["id"],
        "assignee_ids": [i for i in wanted.get("assignee_ids") or () if world.users.get(i)],
        "reviewer_ids": [i for i in wanted.get("reviewer_ids") or () if world.users.get(i)],
        "merge_commit_sha": None,
        "merged_at": None,
        "merged_by_id": None,
        "closed_at": None,
        "closed_by_id": None,
        "created_at": call.stamp,
        "updated_at": call.stamp,
    }
    change_labels(world, project, row, wanted)
    world.table("merge_requests").add(row)
    return created(view(call, row))


def _check_title(wanted: Mapping[str, object]) -> None:
    if "title" in wanted and not str(wanted["title"] or "").strip():
        raise invalid({"title": ["can't be blank"]})


def update(call: Call) -> Response:
    """Change one."""
    row, wanted = found_merge_request(call), call.params
    if level_in_project(call.world, call.me, call.project) < DEVELOPER and row["author_id"] != call.me["id"]:
        raise forbidden()
    if not wanted.keys() - {"merge_request_iid"}:
        raise error(400, CHANGEABLE)
    _check_title(wanted)
    for name in ("title", "description", "target_branch", "squash", "remove_source_branch"):
        if name in wanted and (wanted[name] is not None or name == "description"):
            row[name] = wanted[name]
    for name in ("assignee_ids", "reviewer_ids"):
        if name in wanted:
            row[name] = [i for i in wanted[name] or () if call.world.users.get(i)]
    change_labels(call.world, call.project, row, wanted)
    set_state(call, row, wanted.get("state_event"))
    row["updated_at"] = call.stamp
    return ok(view(call, row))


def set_state(call: Call, row: Row, event: str | None) -> None:
    """Close or reopen a merge request."""
    if event == "close" and row["state"] == "opened":
        row.update(state="closed", closed_at=call.stamp, closed_by_id=call.me["id"])
    elif event == "reopen" and row["state"] == "closed":
        row.update(state="opened", closed_at=None, closed_by_id=None)


def merge(call: Call) -> Response:
    """Merge one."""
    row = found_merge_request(call)
    if level_in_project(call.world, call.me, call.project) < MAINTAINER:
        raise unauthorized()
    if row["state"] != "opened":
        raise message(405, "405 Method Not Allowed")
    tips = branches(call.world, call.project)
    row["sha"] = tips.get(row["source_branch"], row["sha"])
    row.update(state="merged", merged_at=call.stamp, merged_by_id=call.me["id"], merge_commit_sha=row["sha"])
    row["updated_at"] = call.stamp
    add_note(call, "merge_request", row, "merged", system=True)
    return ok(view(call, row))


def remove(call: Call) -> Response:
    """Delete one; owners only."""
    row = found_merge_request(call)
    if level_in_project(call.world, call.me, call.project) < OWNER:
        raise forbidden()
    call.precondition(row["updated_at"])
    call.world.table("merge_requests").remove(row)
    return no_content()


def list_commits(call: Call) -> Response:
    """The commits that a merge request brings, newest first."""
    row, world, project = found_merge_request(call), call.world, call.project
    tips, known = branches(world, project), commits(world, project)
    old = {c["sha"] for c in history(world, project, tips.get(row["target_branch"]))}
    tip = tips.get(row["source_branch"], row["sha"])
    rows = [c for c in history(world, project, tip if tip in known else None) if c["sha"] not in old]
    return paginate(call, rows, lambda c: commit_view(call, c))


BASE = "/projects/:id/merge_requests"
IID = required("merge_request_iid", integer)
READ, WRITE = ((), (readable_project,)), ((signed_in,), (project_role(DEVELOPER),))
SETTINGS = (
    optional("description"),
    optional("labels", strings),
    optional("add_labels", strings),
    optional("remove_labels", strings),
    optional("assignee_id", integer),
    optional("assignee_ids", integers),
    optional("reviewer_ids", integers),
    optional("milestone_id", integer),
    optional("remove_source_branch", boolean),
    optional("squash", boolean),
)

ROUTES = (
    Route(
        "GET",
        BASE,
        listing,
        (
            optional("source_branch"),
            optional("target_branch"),
            optional("view", choices=("simple",)),
            optional("with_merge_status_recheck", boolean, default=False),
            *list_params(STATES, ORDERS),
        ),
        *READ,
    ),
    Route(
        "POST",
        BASE,
        create,
        (required("title"), required("source_branch"), required("target_branch"), *SETTINGS),
        *WRITE,
    ),
    Route("GET", f"{BASE}/:merge_request_iid", read, (IID,), *READ),
    Route(
        "PUT",
        f"{BASE}/:merge_request_iid",
        update,
        (
            IID,
            optional("title"),
            optional("target_branch"),
            optional("state_event", choices=("close", "reopen")),
            *SETTINGS,
        ),
        (signed_in,),
        (readable_project,),
    ),
    Route("DELETE", f"{BASE}/:merge_request_iid", remove, (IID,), *WRITE),
    Route("PUT", f"{BASE}/:merge_request_iid/merge", merge, (IID,), (signed_in,), (readable_project,)),
    Route("GET", f"{BASE}/:merge_request_iid/commits", list_commits, (IID, *PAGING), *READ),
)
