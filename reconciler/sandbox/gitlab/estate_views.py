"""How groups, projects and members look in answers.

Pure. Source: `tests/recordings/crosscutting.json`; members of the real answers that no client of an integration tool
reads are left out.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ..world import Row, World


def group_view(world: World, base: str, group: Row) -> Row:
    """A group as lists and reads show it."""
    return {
        "id": group["id"],
        "web_url": f"{base}/groups/{world.full_path(group)}",
        "name": group["name"],
        "path": group["path"],
        "description": group.get("description") or "",
        "visibility": group["visibility"],
        "share_with_group_lock": False,
        "require_two_factor_authentication": False,
        "project_creation_level": "developer",
        "subgroup_creation_level": "maintainer",
        "emails_disabled": False,
        "emails_enabled": True,
        "lfs_enabled": True,
        "archived": False,
        "default_branch": None,
        "avatar_url": None,
        "request_access_enabled": True,
        "full_name": world.full_name(group),
        "full_path": world.full_path(group),
        "created_at": group["created_at"],
        "parent_id": group["parent_id"],
        "organization_id": 1,
        "shared_runners_setting": "enabled",
        "marked_for_deletion_on": None,
    }


def namespace_view(world: World, base: str, project: Row) -> Row:
    """The group or user that a project belongs to."""
    group = world.groups.get(project["namespace_id"])
    if group is None:
        user = world.users.get(project["namespace_user_id"]) or {"id": 0, "name": "", "username": ""}
        return {
            "id": user["id"],
            "name": user["name"],
            "path": user["username"],
            "kind": "user",
            "full_path": user["username"],
            "parent_id": None,
            "avatar_url": None,
            "web_url": f"{base}/{user['username']}",
        }
    return {
        "id": group["id"],
        "name": group["name"],
        "path": group["path"],
        "kind": "group",
        "full_path": world.full_path(group),
        "parent_id": group["parent_id"],
        "avatar_url": None,
        "web_url": f"{base}/groups/{world.full_path(group)}",
    }


def simple_project_view(world: World, base: str, project: Row) -> Row:
    """A project as `simple=true` shows it."""
    full_path = world.full_path(project)
    return {
        "id": project["id"],
        "description": project["description"],
        "name": project["name"],
        "name_with_namespace": world.full_name(project),
        "path": project["path"],
        "path_with_namespace": full_path,
        "created_at": project["created_at"],
        "default_branch": project["default_branch"],
        "tag_list": project["topics"],
        "topics": project["topics"],
        "ssh_url_to_repo": f"git@{urlsplit(base).hostname}:{full_path}.git",
        "http_url_to_repo": f"{base}/{full_path}.git",
        "web_url": f"{base}/{full_path}",
        "readme_url": None,
        "forks_count": 0,
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": project["last_activity_at"],
        "visibility": project["visibility"],
        "namespace": namespace_view(world, base, project),
    }


def project_view(world: World, base: str, project: Row) -> Row:
    """A project as lists show it."""
    return simple_project_view(world, base, project) | {
        "_links": {"self": f"{base}/api/v4/projects/{project['id']}"},
        "marked_for_deletion_at": None,
        "marked_for_deletion_on": None,
        "packages_enabled": True,
        "empty_repo": project["commit"] is None,
        "archived": project["archived"],
        "resolve_outdated_diff_discussions": False,
        "repository_object_format": "sha1",
        "issues_enabled": True,
        "merge_requests_enabled": True,
        "wiki_enabled": True,
        "jobs_enabled": True,
        "snippets_enabled": True,
        "issues_access_level": "enabled",
        "repository_access_level": "enabled",
        "merge_requests_access_level": "enabled",
        "wiki_access_level": "enabled",
        "builds_access_level": "enabled",
        "shared_runners_enabled": True,
        "lfs_enabled": True,
        "creator_id": project["creator_id"],
        "import_status": "none",
        "open_issues_count": 0,
        "ci_config_path": project.get("ci_config_path"),
        "public_jobs": True,
        "shared_with_groups": [],
        "only_allow_merge_if_pipeline_succeeds": False,
        "request_access_enabled": True,
        "merge_method": "merge",
        "squash_option": "default_off",
    }


def read_project_view(world: World, base: str, project: Row, user: Row | None) -> Row:
    """A project as reading it alone shows it: with the caller's roles."""
    key = str(user["id"]) if user else ""
    own = project["members"].get(key)
    groups = world.ancestors(project["namespace_id"])
    inherited = max((g["members"].get(key, 0) for g in groups), default=0)
    shown = {
        "project_access": {"access_level": own, "notification_level": 3} if own else None,
        "group_access": {"access_level": inherited, "notification_level": 3} if inherited else None,
    }
    return project_view(world, base, project) | {"permissions": shown}


def member_view(world: World, base: str, user_id: int, level: int) -> Row:
    """A member of a group or project."""
    user = world.users.get(user_id) or {}
    return {
        "id": user_id,
        "username": user.get("username"),
        "public_email": None,
        "name": user.get("name"),
        "state": user.get("state", "active"),
        "locked": False,
        "avatar_url": f"https://www.gravatar.com/avatar/{user.get('avatar')}?s=80&d=identicon",
        "web_url": f"{base}/{user.get('username')}",
        "access_level": level,
        "created_at": user.get("created_at"),
        "expires_at": None,
        "membership_state": "active",
    }
