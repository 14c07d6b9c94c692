"""As much of a repository as statuses, merge requests and a sync need: branches and commits, no files.

Pure. Source: GitLab's OpenAPI description. A project row carries the newest commit of its default branch; further
branches and commits are rows of their own.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..message import Response
from ..world import Row, World
from .access import DEVELOPER, REPORTER
from .errors import bad_request, message, not_found
from .kernel import Call, Route, created, no_content, ok, owner_of, project_role, signed_in
from .paging import PAGING, paginate
from .params import anything, optional, required


def branches(world: World, project: Row) -> dict[str, str]:
    """The newest commit of each branch."""
    known = {row["name"]: row["sha"] for row in world.table("branches").by("owner", owner_of(project, "project"))}
    if project["default_branch"] and project["commit"]:
        known.setdefault(project["default_branch"], project["commit"]["sha"])
    return known


def commits(world: World, project: Row) -> dict[str, Row]:
    """All commits by hash, oldest first."""
    newest = [project["commit"]] if project["commit"] else []
    rows = world.table("commits").by("owner", owner_of(project, "project"))
    return {row["sha"]: row for row in (*(n for n in newest if not n.get("owner")), *rows)}


def commit_of(world: World, project: Row, reference: str) -> Row | None:
    """The commit of a hash, the beginning of one, or a branch."""
    known = commits(world, project)
    sha = branches(world, project).get(reference, reference)
    if sha in known or len(sha) < 7:
        return known.get(sha)
    return next((row for full, row in known.items() if full.startswith(sha)), None)


def history(world: World, project: Row, sha: str | None) -> Iterable[Row]:
    """A commit and its parents, newest first."""
    known = commits(world, project)
    row = known.get(sha or "")
    while row is not None:
        yield row
        row = known.get(row.get("parent") or "")


def branches_with(world: World, project: Row, sha: str) -> list[str]:
    """The branches that contain a commit, by name."""
    found = branches(world, project).items()
    return sorted(n for n, tip in found if any(row["sha"] == sha for row in history(world, project, tip)))


def _set_tip(world: World, project: Row, name: str, commit: Row) -> None:
    table, owner = world.table("branches"), owner_of(project, "project")
    row = next((r for r in table.by("owner", owner) if r["name"] == name), None)
    if row is None:
        table.add({"owner": owner, "name": name, "sha": commit["sha"]})
    else:
        row["sha"] = commit["sha"]
    if project["default_branch"] in (None, name):
        project["default_branch"], project["commit"] = name, commit


def commit_view(call: Call, row: Row) -> Row:
    """A commit as lists show it."""
    return {
        "id": row["sha"],
        "short_id": row["sha"][:8],
        "created_at": row["at"],
        "parent_ids": [row["parent"]] if row.get("parent") else [],
        "title": row["message"].split("\n")[0],
        "message": row["message"],
        "author_name": row["author_name"],
        "author_email": row["author_email"],
        "authored_date": row["at"],
        "committer_name": row["author_name"],
        "committer_email": row["author_email"],
        "committed_date": row["at"],
        "trailers": {},
        "extended_trailers": {},
        "web_url": f"{call.request.base}/{call.world.full_path(call.project)}/-/commit/{row['sha']}",
    }


def branch_view(call: Call, name: str, sha: str) -> Row:
    """A branch with its newest commit."""
    return {
        "name": name,
        "commit": commit_view(call, commits(call.world, call.project)[sha]),
        "merged": False,
        "protected": name == call.project["default_branch"],
        "developers_can_push": False,
        "developers_can_merge": False,
        "can_push": True,
        "default": name == call.project["default_branch"],
        "web_url": f"{call.request.base}/{call.world.full_path(call.project)}/-/tree/{name}",
    }


def list_branches(call: Call) -> Response:
    """All, by name."""
    rows: list[Row] = [{"name": n, "sha": s} for n, s in sorted(branches(call.world, call.project).items())]
    wanted = call.params.get("search")
    return paginate(
        call,
        [row for row in rows if not wanted or wanted in row["name"]],
        lambda row: branch_view(call, row["name"], row["sha"]),
    )


def read_branch(call: Call) -> Response:
    """One."""
    sha = branches(call.world, call.project).get(call.path["branch"])
    if sha is None:
        raise not_found("Branch")
    return ok(branch_view(call, call.path["branch"], sha))


def create_branch(call: Call) -> Response:
    """A new one, at a commit or another branch."""
    name, world = str(call.params["branch"]), call.world
    if name in branches(world, call.project):
        raise message(400, "Branch already exists")
    start = commit_of(world, call.project, str(call.params["ref"]))
    if start is None:
        raise message(400, f"Invalid reference name: {call.params['ref']}")
    _set_tip(world, call.project, name, start)
    return created(branch_view(call, name, start["sha"]))


def remove_branch(call: Call) -> Response:
    """Delete one; never the default branch."""
    name = call.path["branch"]
    if name not in branches(call.world, call.project):
        raise not_found("Branch")
    if name == call.project["default_branch"]:
        raise message(405, "405 Method Not Allowed")
    table = call.world.table("branches")
    for row in table.by("owner", owner_of(call.project, "project")):
        if row["name"] == name:
            table.remove(row)
    return no_content()


def list_commits(call: Call) -> Response:
    """The history of a branch, newest first."""
    wanted = call.params.get("ref_name") or call.project["default_branch"]
    tip = commit_of(call.world, call.project, wanted) if wanted else None
    if tip is None and call.params.get("ref_name"):
        raise not_found("Commit")
    rows = list(history(call.world, call.project, tip["sha"] if tip else None))
    return paginate(call, rows, lambda row: commit_view(call, row))


def read_commit(call: Call) -> Response:
    """One."""
    row = commit_of(call.world, call.project, call.path["sha"])
    if row is None:
        raise not_found("Commit")
    return ok(commit_view(call, row))


def create_commit(call: Call) -> Response:
    """A new commit on a branch, which may be new."""
    world, project, branch = call.world, call.project, str(call.params["branch"])
    tips = branches(world, project)
    start = str(call.params.get("start_branch") or branch)
    if start not in tips and tips:
        raise bad_request(f"You can only create or edit files when you are on a branch: {start} does not exist")
    row = world.table("commits").add(
        {
            "owner": owner_of(project, "project"),
            "sha": world.mint("commit")[:40],
            "parent": tips.get(start),
            "message": str(call.params["commit_message"]),
            "at": call.stamp,
            "author_name": call.params.get("author_name") or call.me["name"],
            "author_email": call.params.get("author_email") or call.me["email"],
        }
    )
    if project["commit"] and not project["commit"].get("owner"):
        world.table("commits").add({**project["commit"], "owner": row["owner"], "parent": None})
    _set_tip(world, project, branch, row)
    return created(commit_view(call, row))


BASE = "/projects/:id/repository"
READ, WRITE = ((), (project_role(REPORTER),)), ((signed_in,), (project_role(DEVELOPER),))

ROUTES = (
    Route("GET", f"{BASE}/branches", list_branches, (optional("search"), *PAGING), *READ),
    Route("POST", f"{BASE}/branches", create_branch, (required("branch"), required("ref")), *WRITE),
    Route("GET", f"{BASE}/branches/:branch", read_branch, (), *READ),
    Route("DELETE", f"{BASE}/branches/:branch", remove_branch, (), *WRITE),
    Route("GET", f"{BASE}/commits", list_commits, (optional("ref_name"), *PAGING), *READ),
    Route(
        "POST",
        f"{BASE}/commits",
        create_commit,
        (
            required("branch"),
            required("commit_message"),
            optional("actions", anything),
            optional("start_branch"),
            optional("author_name"),
            optional("author_email"),
        ),
        *WRITE,
    ),
    Route("GET", f"{BASE}/commits/:sha", read_commit, (), *READ),
)
