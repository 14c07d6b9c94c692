"""What payloads of events have in common: projects, people, commits, issues, notes.

Pure. Source: `facts/webhook-deliveries.json`.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ..world import Row, World
from .meta import avatar

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


def issue_part(world: World, base: str, project: Row, issue: Row) -> Row:
    """An issue."""
    state = issue.get("state", "opened")
    return {
        "author_id": issue.get("author_id"),
        "closed_at": issue.get("closed_at"),
        "confidential": bool(issue.get("confidential")),
        "created_at": issue.get("created_at"),
        "description": issue.get("description"),
        "discussion_locked": None,
        "due_date": issue.get("due_date"),
        "id": issue["id"],
        "iid": issue["iid"],
        "last_edited_at": None,
        "last_edited_by_id": None,
        "milestone_id": None,
        "moved_to_id": None,
        "duplicated_to_id": None,
        "project_id": project["id"],
        "relative_position": None,
        "state_id": 1 if state == "opened" else 2,
        "time_estimate": 0,
        "title": issue.get("title"),
        "updated_at": issue.get("updated_at"),
        "updated_by_id": None,
        "weight": None,
        "health_status": None,
        "type": "Issue",
        "url": f"{base}/{world.full_path(project)}/-/issues/{issue['iid']}",
        "total_time_spent": 0,
        "time_change": 0,
        "human_total_time_spent": None,
        "human_time_change": None,
        "human_time_estimate": None,
        "assignee_ids": [],
        "assignee_id": None,
        "labels": [],
        "state": state,
        "severity": "unknown",
        "customer_relations_contacts": [],
    }


def note_part(world: World, base: str, project: Row, note: Row) -> Row:
    """A comment on an issue."""
    issue = world.table("issues").get(note.get("noteable_id")) or {"iid": note.get("noteable_iid")}
    text = note.get("body")
    return {
        "author_id": note.get("author_id"),
        "change_position": None,
        "commit_id": None,
        "created_at": note.get("created_at"),
        "discussion_id": note.get("discussion_id"),
        "id": note["id"],
        "internal": bool(note.get("internal")),
        "line_code": None,
        "note": text,
        "noteable_id": note.get("noteable_id"),
        "noteable_type": note.get("noteable_type", "Issue"),
        "original_position": None,
        "position": None,
        "project_id": project["id"],
        "resolved_at": None,
        "resolved_by_id": None,
        "resolved_by_push": None,
        "st_diff": None,
        "system": bool(note.get("system")),
        "type": None,
        "updated_at": note.get("updated_at"),
        "updated_by_id": None,
        "description": text,
        "url": f"{base}/{world.full_path(project)}/-/issues/{issue['iid']}#note_{note['id']}",
    }
