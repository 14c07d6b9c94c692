"""What payloads of events have in common: projects, people, commits, issues, notes.

Pure. Source: deliveries of a running GitLab 18.9.
"""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import urlsplit

from ..world import Row, World
from .meta import avatar

POSITION = 513
"""How far apart issues are on a board."""

NOTEABLES = {"issue": "Issue", "merge_request": "MergeRequest"}
STATUS = "gid://gitlab/WorkItems::Statuses::SystemDefined::Status"
STATUSES = {
    "opened": {"id": f"{STATUS}/1", "name": "To do", "category": "to_do", "description": None, "color": "#737278"},
    "closed": {"id": f"{STATUS}/3", "name": "Done", "category": "done", "description": None, "color": "#108548"},
}
VISIBILITY_LEVELS = {"private": 0, "internal": 10, "public": 20}


def user_part(user: Row) -> Row:
    """Who did it; addresses are never told."""
    return {
        "id": user["id"],
        "name": user["name"],
        "username": user["username"],
        "avatar_url": avatar(user),
        "email": "[REDACTED]",
    }


def project_part(world: World, base: str, project: Row) -> Row:
    """The project, under all the names that its addresses have had."""
    path = world.full_path(project)
    home, ssh = f"{base}/{path}", f"git@{urlsplit(base).hostname}:{path}.git"
    group = world.groups.get(project["namespace_id"])
    return {
        "id": project["id"],
        "name": project["name"],
        "description": project["description"],
        "web_url": home,
        "avatar_url": None,
        "git_ssh_url": ssh,
        "git_http_url": f"{home}.git",
        "namespace": group["name"] if group else "",
        "visibility_level": VISIBILITY_LEVELS[project["visibility"]],
        "path_with_namespace": path,
        "default_branch": project["default_branch"],
        "ci_config_path": project.get("ci_config_path"),
        "homepage": home,
        "url": ssh,
        "ssh_url": ssh,
        "http_url": f"{home}.git",
    }


def repository_part(world: World, base: str, project: Row, *, full: bool = False) -> Row:
    """The repository; pushes tell its addresses as well."""
    shown = project_part(world, base, project)
    short = {name: shown[name] for name in ("name", "url", "description", "homepage")}
    if not full:
        return short
    return short | {name: shown[name] for name in ("git_http_url", "git_ssh_url", "visibility_level")}


def commit_part(world: World, base: str, project: Row) -> Row:
    """The one commit that a sandbox repository has."""
    commit = project["commit"]
    return {
        "id": commit["sha"],
        "message": commit["message"],
        "title": commit["message"].splitlines()[0],
        "timestamp": commit["at"][:19] + "+00:00",
        "url": f"{base}/{world.full_path(project)}/-/commit/{commit['sha']}",
        "author": {"name": commit["author_name"], "email": commit["author_email"]},
    }


def label_parts(world: World, project: Row, item: Row) -> list[Row]:
    """The labels of an issue or merge request."""
    rows = world.table("labels").by("owner", f"project:{project['id']}")
    return [
        {
            "id": row["id"],
            "title": row["name"],
            "color": row["color"],
            "project_id": project["id"],
            "created_at": item["created_at"],
            "updated_at": item["created_at"],
            "template": False,
            "description": None,
            "type": "ProjectLabel",
            "group_id": None,
        }
        for row in rows
        if row["name"] in item["labels"]
    ]


def issue_part(world: World, base: str, project: Row, issue: Row) -> Row:
    """An issue; with its status where there is a licence for it."""
    state, assignees = issue["state"], issue["assignee_ids"]
    shown: Row = {
        "author_id": issue["author_id"],
        "closed_at": issue["closed_at"],
        "confidential": issue["confidential"],
        "created_at": issue["created_at"],
        "description": issue["description"],
        "discussion_locked": None,
        "due_date": issue["due_date"],
        "id": issue["id"],
        "iid": issue["iid"],
        "last_edited_at": None,
        "last_edited_by_id": None,
        "milestone_id": None,
        "moved_to_id": None,
        "duplicated_to_id": None,
        "project_id": project["id"],
        "relative_position": POSITION * issue["iid"],
        "state_id": 1 if state == "opened" else 2,
        "time_estimate": 0,
        "title": issue["title"],
        "updated_at": issue["updated_at"],
        "updated_by_id": None,
        "weight": issue["weight"],
        "health_status": None,
        "type": "Issue",
        "url": f"{base}/{world.full_path(project)}/-/issues/{issue['iid']}",
        "total_time_spent": 0,
        "time_change": 0,
        "human_total_time_spent": None,
        "human_time_change": None,
        "human_time_estimate": None,
        "assignee_ids": assignees,
        "assignee_id": assignees[0] if assignees else None,
        "labels": label_parts(world, project, issue),
        "state": state,
        "severity": "unknown",
        "customer_relations_contacts": [],
    }
    return shown | ({"status": dict(STATUSES[state])} if world.settings.get("licensed") else {})


def merge_request_part(world: World, base: str, project: Row, row: Row) -> Row:
    """A merge request within its project."""
    place, assignees = project_part(world, base, project), row["assignee_ids"]
    draft = row["title"].lower().startswith(("draft:", "[draft]", "(draft)"))
    return {
        "assignee_id": assignees[0] if assignees else None,
        "author_id": row["author_id"],
        "created_at": row["created_at"],
        "description": row["description"],
        "draft": draft,
        "head_pipeline_id": None,
        "id": row["id"],
        "iid": row["iid"],
        "last_edited_at": None,
        "last_edited_by_id": None,
        "merge_commit_sha": row["merge_commit_sha"],
        "merge_error": None,
        "merge_params": {},
        "merge_status": "can_be_merged",
        "merge_user_id": row["merged_by_id"],
        "merge_when_pipeline_succeeds": False,
        "milestone_id": None,
        "source_branch": row["source_branch"],
        "source_project_id": project["id"],
        "state_id": {"opened": 1, "closed": 2, "merged": 3}[row["state"]],
        "target_branch": row["target_branch"],
        "target_project_id": project["id"],
        "time_estimate": 0,
        "title": row["title"],
        "updated_at": row["updated_at"],
        "updated_by_id": None,
        "prepared_at": row["created_at"],
        "assignee_ids": assignees,
        "blocking_discussions_resolved": True,
        "detailed_merge_status": "draft_status" if draft else "mergeable",
        "first_contribution": False,
        "human_time_change": None,
        "human_time_estimate": None,
        "human_total_time_spent": None,
        "labels": label_parts(world, project, row),
        "last_commit": commit_part(world, base, project) if project["commit"] else None,
        "reviewer_ids": row["reviewer_ids"],
        "source": place,
        "state": row["state"],
        "system": False,
        "target": place,
        "time_change": 0,
        "total_time_spent": 0,
        "url": f"{base}/{world.full_path(project)}/-/merge_requests/{row['iid']}",
        "work_in_progress": draft,
        "approval_rules": [],
    }


def noteable_of(world: World, note: Row) -> tuple[str, Row]:
    """What a comment is on: `issue` or `merge_request`, and its row."""
    kind, _, number = note["noteable"].partition(":")
    item = world.table(f"{kind}s").get(int(number))
    assert item is not None
    return kind, item


def note_part(world: World, base: str, project: Row, note: Row) -> Row:
    """A comment."""
    kind, item = noteable_of(world, note)
    home = f"{base}/{world.full_path(project)}/-/{kind}s/{item['iid']}"
    return {
        "author_id": note["author_id"],
        "change_position": None,
        "commit_id": None,
        "created_at": note["created_at"],
        "discussion_id": sha256(f"{note['noteable']} {note['id']}".encode()).hexdigest()[:40],
        "id": note["id"],
        "internal": note["internal"],
        "line_code": None,
        "note": note["body"],
        "noteable_id": item["id"],
        "noteable_type": NOTEABLES[kind],
        "original_position": None,
        "position": None,
        "project_id": project["id"],
        "resolved_at": None,
        "resolved_by_id": None,
        "resolved_by_push": None,
        "st_diff": None,
        "system": note["system"],
        "type": None,
        "updated_at": note["updated_at"],
        "updated_by_id": None,
        "description": note["body"],
        "url": f"{home}#note_{note['id']}",
    }
