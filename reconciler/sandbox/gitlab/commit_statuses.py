"""Statuses that others set on commits, and the pipelines that hold them.

Pure. Sources: GitLab's documentation of commit statuses, a running GitLab 18.9,
`tests/recordings/commit-statuses.json`. A status of the same name that is not final is moved on; after a final one a
new status replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..message import Response
from ..world import Row
from .access import DEVELOPER, REPORTER
from .errors import invalid, message, no_record, not_found
from .kernel import Call, Route, created, ok, owner_of, project_role, signed_in
from .merge_requests_repository import branches, branches_with, commit_of
from .meta import user_view
from .paging import PAGING, paginate
from .params import boolean, integer, number, optional, required
from .urls import blocked

MOVES: Mapping[str, tuple[str, frozenset[str]]] = MappingProxyType(
    {
        "pending": ("enqueue", frozenset(("created",))),
        "running": ("run", frozenset(("created", "pending"))),
        "success": ("success", frozenset(("created", "pending", "running"))),
        "failed": ("drop", frozenset(("created", "pending", "running"))),
        "canceled": ("cancel", frozenset(("created", "pending", "running"))),
        "skipped": ("skip", frozenset(("created", "pending"))),
    }
)
"""For each state the name of the step that leads there, and from where it may be taken."""

FINAL = frozenset(("success", "failed", "canceled", "skipped"))
WORST_FIRST = ("running", "pending", "failed", "canceled", "success", "skipped")
TEXT_LIMIT = 255


def view(call: Call, row: Row) -> Row:
    """A status as it is shown."""
    author = call.world.users.get(row["user_id"])
    shown = ("id", "sha", "ref", "status", "name", "target_url", "description", "created_at", "started_at")
    more = ("finished_at", "allow_failure", "coverage", "pipeline_id")
    return {name: row[name] for name in (*shown, *more)} | {
        "author": user_view(call.world, call.request.base, author) if author else None
    }


def create(call: Call) -> Response:
    """Set a status: move a running one of that name on, or add one."""
    commit = commit_of(call.world, call.project, call.path["sha"])
    if commit is None:
        raise not_found("Commit")
    ref = _reference(call, commit)
    _check_texts(call)
    pipeline = _pipeline(call, commit["sha"], ref)
    name = str(call.params.get("name") or call.params.get("context") or "default")
    rows = _statuses(call, pipeline)
    row = next((r for r in reversed(rows) if r["name"] == name and r["status"] not in FINAL), None)
    if row is None:
        for old in rows:
            old["retried"] = old["retried"] or old["name"] == name
        row = _new(call, pipeline, name)
    _move(call, row, str(call.params["state"]))
    for field in ("target_url", "description", "coverage"):
        if field in call.params:
            row[field] = call.params[field]
    if "id" not in row:
        call.world.table("commit_statuses").add(row)
    _settle(call, pipeline)
    return created(view(call, row))


def _reference(call: Call, commit: Row) -> str:
    stated = call.params.get("ref")
    if stated:
        return str(stated).removeprefix("refs/heads/")
    found = branches_with(call.world, call.project, commit["sha"])
    if not found:
        raise not_found("References for commit")
    return found[0]


def _check_texts(call: Call) -> None:
    errors: dict[str, list[str]] = {}
    url = call.params.get("target_url")
    reason = blocked(call.world, str(url), local=True) if url else None
    if reason:
        errors["target_url"] = [f"is blocked: {reason}"]
    for name in ("target_url", "description"):
        if len(call.params.get(name) or "") > TEXT_LIMIT:
            errors.setdefault(name, []).append(f"is too long (maximum is {TEXT_LIMIT} characters)")
    if errors:
        raise invalid(errors)


def _pipeline(call: Call, sha: str, ref: str) -> Row:
    table = call.world.table("pipelines")
    fitting = [p for p in table.by("owner", owner_of(call.project, "project")) if (p["sha"], p["ref"]) == (sha, ref)]
    wanted = call.params.get("pipeline_id")
    if wanted is not None:
        chosen = next((p for p in fitting if p["id"] == wanted), None)
        if chosen is None:
            raise not_found("Pipeline for pipeline_id, sha and ref")
        return chosen
    return fitting[-1] if fitting else new_pipeline(call, sha, ref, "external")


def new_pipeline(call: Call, sha: str, ref: str, source: str) -> Row:
    """A pipeline that has not begun."""
    table, owner = call.world.table("pipelines"), owner_of(call.project, "project")
    return table.add(
        {
            "owner": owner,
            "iid": len(table.by("owner", owner)) + 1,
            "sha": sha,
            "ref": ref,
            "status": "pending",
            "source": source,
            "user_id": call.me["id"],
            "created_at": call.stamp,
            "updated_at": call.stamp,
        }
    )


def _statuses(call: Call, pipeline: Row) -> list[Row]:
    return call.world.table("commit_statuses").by("pipeline_id", pipeline["id"])


def _new(call: Call, pipeline: Row, name: str) -> Row:
    return {
        "owner": pipeline["owner"],
        "sha": pipeline["sha"],
        "ref": pipeline["ref"],
        "status": "created",
        "name": name,
        "target_url": None,
        "description": None,
        "created_at": call.stamp,
        "started_at": None,
        "finished_at": None,
        "allow_failure": False,
        "coverage": None,
        "pipeline_id": pipeline["id"],
        "user_id": call.me["id"],
        "retried": False,
    }


def _move(call: Call, row: Row, state: str) -> None:
    """Raises 400 where GitLab's rules have no such step."""
    step, origins = MOVES[state]
    if row["status"] not in origins:
        reason = f'Status cannot transition via "{step}"'
        raise message(400, f"Cannot transition status via :{step} from :{row['status']} (Reason(s): {reason})")
    row["status"] = state
    if state == "running":
        row["started_at"] = call.stamp
    elif state in FINAL:
        row["finished_at"] = call.stamp


def _settle(call: Call, pipeline: Row) -> None:
    states = {row["status"] for row in _statuses(call, pipeline) if not row["retried"]}
    pipeline["status"] = next((state for state in WORST_FIRST if state in states), "pending")
    pipeline["updated_at"] = call.stamp


def listing(call: Call) -> Response:
    """The statuses of a commit, without those that were replaced."""
    commit = commit_of(call.world, call.project, call.path["sha"])
    if commit is None:
        raise not_found("Commit")
    wanted = {n: call.params[n] for n in ("ref", "name", "pipeline_id") if call.params.get(n) is not None}
    rows = [
        row
        for row in call.world.table("commit_statuses").by("owner", owner_of(call.project, "project"))
        if row["sha"] == commit["sha"]
        and (call.params.get("all") or not row["retried"])
        and all(row[name] == value for name, value in wanted.items())
    ]
    rows.sort(key=lambda row: (row[call.params["order_by"]], row["id"]), reverse=call.params.get("sort") == "desc")
    return paginate(call, rows, lambda row: view(call, row))


def pipeline_view(call: Call, row: Row) -> Row:
    """A pipeline as lists show it."""
    path = call.world.full_path(call.project)
    shown = ("id", "iid", "sha", "ref", "status", "source", "created_at", "updated_at")
    return {name: row[name] for name in shown} | {
        "project_id": call.project["id"],
        "web_url": f"{call.request.base}/{path}/-/pipelines/{row['id']}",
        "name": None,
    }


def list_pipelines(call: Call) -> Response:
    """The pipelines of a project, newest first."""
    wanted = {n: call.params[n] for n in ("ref", "sha", "status", "source") if call.params.get(n) is not None}
    rows = call.world.table("pipelines").by("owner", owner_of(call.project, "project"))
    fitting = [row for row in reversed(rows) if all(row[name] == value for name, value in wanted.items())]
    return paginate(call, fitting, lambda row: pipeline_view(call, row))


def read_pipeline(call: Call) -> Response:
    """One."""
    row = call.world.table("pipelines").get(call.params["pipeline_id"])
    if row is None or row["owner"] != owner_of(call.project, "project"):
        raise no_record()
    return ok(pipeline_view(call, row))


def create_pipeline(call: Call) -> Response:
    """A new pipeline on a branch."""
    ref = str(call.params["ref"])
    sha = branches(call.world, call.project).get(ref)
    if sha is None:
        raise invalid({"base": ["Reference not found"]})
    return created(pipeline_view(call, new_pipeline(call, sha, ref, "api")))


WRITE = (signed_in,), (project_role(DEVELOPER),)
READ, SEEN = ((), (project_role(REPORTER),)), ((signed_in,), (project_role(REPORTER),))

ROUTES = (
    Route(
        "POST",
        "/projects/:id/statuses/:sha",
        create,
        (
            required("state", choices=tuple(MOVES)),
            optional("ref"),
            optional("target_url"),
            optional("description"),
            optional("name"),
            optional("context"),
            optional("coverage", number),
            optional("pipeline_id", integer),
        ),
        *WRITE,
    ),
    Route(
        "GET",
        "/projects/:id/repository/commits/:sha/statuses",
        listing,
        (
            *(optional(name) for name in ("ref", "stage", "name")),
            optional("pipeline_id", integer),
            optional("all", boolean),
            optional("order_by", choices=("id", "pipeline_id"), default="id"),
            optional("sort", choices=("asc", "desc")),
            *PAGING,
        ),
        *SEEN,
    ),
    Route(
        "GET",
        "/projects/:id/pipelines",
        list_pipelines,
        (*(optional(name) for name in ("ref", "sha", "status", "source")), *PAGING),
        *READ,
    ),
    Route("GET", "/projects/:id/pipelines/:pipeline_id", read_pipeline, (required("pipeline_id", integer),), *READ),
    Route("POST", "/projects/:id/pipeline", create_pipeline, (required("ref"),), *WRITE),
)
