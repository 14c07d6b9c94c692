"""Worlds from a person's own seed file, and the world that is there without one.

Pure. Format: `facts/gitlab-recordings/world.json` (members that start with `recorded_` are ignored).
Mistakes are collected and reported together: where in the file, what is wrong, what to do.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from .gitlab.access import ROLES
from .world import Row, World, day, stamp

EPOCH = 1_767_225_600.0
"""2026-01-01: when a world begins if nobody says."""

SHA = "9f1c2d3e4b5a69788796a5b4c3d2e1f001122334"
FEATURES = ("auto_disabling_web_hooks", "integrated_error_tracking")
TOP = ("version", "revision", "enterprise", "settings", "users", "tokens", "groups", "projects", "commit")
NAMED = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.\-]*")
LIFETIME = timedelta(days=200)
"""How long a token without `expires_at` lasts."""

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "users": ("username", "name", "admin", "email", "state", "bot"),
        "tokens": ("as", "token", "user", "scopes", "expires_at", "revoked", "name"),
        "groups": ("path", "name", "members", "visibility"),
        "projects": (
            "path",
            "name",
            "members",
            "visibility",
            "archived",
            "former_path",
            "topics",
            "empty",
            "description",
        ),
    }
)

DEFAULT_SEED: Mapping[str, Any] = MappingProxyType(
    {
        "version": "18.9.0-ee",
        "revision": "sandbox",
        "enterprise": True,
        "settings": {
            "url": "http://gitlab.example.test",
            "allow_local_requests": True,
            "licensed": True,
            "auto_disabling_web_hooks": True,
            "integrated_error_tracking": True,
        },
        "users": [{"username": "root", "name": "Administrator", "admin": True}],
        "tokens": [
            {
                "as": "root",
                "token": "sandbox-token",
                "user": "root",
                "scopes": ["api", "sudo", "admin_mode"],
                "expires_at": "2099-12-31",
            }
        ],
        "groups": [{"path": "myorg"}],
        "projects": [{"path": f"myorg/{name}"} for name in ("shop", "web", "api", "portal", "myproject")],
        "commit": {"sha": SHA, "branch": "main"},
    }
)


class SeedError(ValueError):
    """A seed file cannot become a world; `problems` are lines of `where: what; what to do`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def default_world(now: float = EPOCH) -> World:
    """The world without a seed: group `myorg` with five projects, and the token `sandbox-token`."""
    return world_from_seed(DEFAULT_SEED, now)


def parse_seed(text: str) -> Mapping[str, Any]:
    """A seed file's text as a value. Raises `SeedError` with the place of the mistake."""
    try:
        value = json.loads(text)
    except ValueError as mistake:
        place = f"line {getattr(mistake, 'lineno', 1)}, column {getattr(mistake, 'colno', 1)}"
        raise SeedError([f"{place}: not JSON: {getattr(mistake, 'msg', mistake)}; correct it there"]) from None
    if not isinstance(value, dict):
        raise SeedError(['the file: holds no object; write {"users": […], "projects": […], …}'])
    return value


def world_from_seed(seed: Mapping[str, Any], now: float = EPOCH) -> World:
    """The world of a seed, created at `now`. Raises `SeedError`.

    Ids of groups and projects begin behind the users', whose namespaces GitLab counts with the groups.
    """
    problems = _Problems()
    _check_shape(seed, problems)
    problems.stop()
    world = World(settings=_settings(seed))
    world.features = {name: bool(seed.get("settings", {}).get(name, False)) for name in FEATURES}
    _add_users(world, seed, now, problems)
    _add_tokens(world, seed, now, problems)
    world.groups.next_id = world.projects.next_id = world.users.next_id
    _add_groups(world, seed, now, problems)
    _add_projects(world, seed, now, problems)
    problems.stop()
    world.index_paths()
    return world


def new_user(username: str, name: str, now: float, **more: object) -> Row:
    """A user's row, without an id."""
    email = str(more.pop("email", None) or f"{username}@example.test")
    return {
        "username": username,
        "name": name,
        "email": email,
        "avatar": hashlib.sha256(email.encode()).hexdigest(),
        "admin": bool(more.get("admin")),
        "bot": bool(more.get("bot")),
        "state": str(more.get("state") or "active"),
        "created_at": stamp(now),
    }


def new_token(user_id: int, text: str, scopes: list[str], now: float, **more: Any) -> Row:
    """A personal access token's row, without an id. It lasts 200 days unless `expires_at` is given."""
    until = datetime.fromtimestamp(now, UTC).date() + LIFETIME
    return {
        "as": more.get("as_name"),
        "name": more.get("name") or more.get("as_name") or "token",
        "token": text,
        "user_id": user_id,
        "scopes": scopes,
        "revoked": bool(more.get("revoked")),
        "expires_at": more.get("expires_at") or until.isoformat(),
        "description": None,
        "last_used_at": None,
        "created_at": stamp(now),
    }


def new_group(path: str, name: str, parent_id: int | None, now: float, visibility: str = "private") -> Row:
    """A group's row, without an id."""
    return {
        "path": path,
        "name": name,
        "parent_id": parent_id,
        "description": "",
        "visibility": visibility,
        "members": {},
        "former_paths": [],
        "created_at": stamp(now),
    }


def new_project(path: str, name: str, namespace_id: int | None, now: float) -> Row:
    """A private project's row, with an empty repository and without an id."""
    return {
        "path": path,
        "name": name,
        "namespace_id": namespace_id,
        "namespace_user_id": None,
        "description": None,
        "visibility": "private",
        "members": {},
        "former_paths": [],
        "archived": False,
        "topics": [],
        "default_branch": None,
        "commit": None,
        "creator_id": 1,
        "created_at": stamp(now),
        "last_activity_at": stamp(now),
    }


def new_commit(sha: str, author: Row | None, now: float) -> Row:
    """The one commit of a sandbox repository's default branch."""
    return {
        "sha": sha,
        "message": "First commit",
        "at": stamp(now),
        "author_name": author["name"] if author else "Administrator",
        "author_email": author["email"] if author else "root@example.test",
    }


class _Problems:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, where: str, what: str, todo: str) -> None:
        self.lines.append(f"{where}: {what}; {todo}")

    def unknown(self, where: str, key: str, known: Collection[str]) -> None:
        near = difflib.get_close_matches(key, list(known), 1)
        todo = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}"
        self.add(where, f"unknown member `{key}`", todo)

    def stop(self) -> None:
        if self.lines:
            raise SeedError(self.lines)


def _check_shape(seed: Mapping[str, Any], problems: _Problems) -> None:
    for key in seed:
        if key not in TOP and not key.startswith("recorded_"):
            problems.unknown("the file", key, TOP)
    for section in ("settings", "commit"):
        if not isinstance(seed.get(section, {}), dict):
            problems.add(section, "is not an object", "write {…}")
    for section, known in KEYS.items():
        rows = seed.get(section, [])
        if not isinstance(rows, list):
            problems.add(section, "is not a list", "write […]")
            continue
        for place, row in enumerate(rows):
            where = f"{section}[{place}]"
            if not isinstance(row, dict):
                problems.add(where, "is not an object", f'write {{"{known[0]}": …}}')
                continue
            _check_row(where, section, row, known, problems)


NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"users": ("username",), "tokens": ("token", "user"), "groups": ("path",), "projects": ("path",)}
)
TYPES: Mapping[str, type] = MappingProxyType(
    {"admin": bool, "bot": bool, "revoked": bool, "archived": bool, "empty": bool}
    | {"members": dict, "scopes": list, "topics": list}
)


def _check_row(where: str, section: str, row: Mapping[str, Any], known: tuple[str, ...], problems: _Problems) -> None:
    for key, value in row.items():
        if key not in known:
            problems.unknown(where, key, known)
            continue
        wanted = TYPES.get(key, str)
        if not isinstance(value, wanted):
            words = {bool: "true or false", dict: "an object", list: "a list", str: "text"}[wanted]
            problems.add(f"{where}.{key}", f"{value!r} is not {words}", "correct its type")
    for key in NEEDED[section]:
        if not row.get(key):
            problems.add(where, f"`{key}` is missing", "add it")
    if row.get("visibility", "private") not in ("private", "internal", "public"):
        problems.add(f"{where}.visibility", f"`{row['visibility']}` is none", "use private, internal or public")


def _settings(seed: Mapping[str, Any]) -> Row:
    given = {k: v for k, v in seed.get("settings", {}).items() if k not in FEATURES}
    return {
        "url": "http://gitlab.example.test",
        "allow_local_requests": True,
        "licensed": True,
        **given,
        "version": seed.get("version", "18.9.0-ee"),
        "revision": seed.get("revision", "sandbox"),
        "enterprise": bool(seed.get("enterprise", True)),
    }


def _add_users(world: World, seed: Mapping[str, Any], now: float, problems: _Problems) -> None:
    users = seed.get("users") or DEFAULT_SEED["users"]
    names: set[str] = set()
    for place, row in enumerate(users):
        username = row["username"]
        if username.lower() in names:
            problems.add(f"users[{place}].username", f"`{username}` is there twice", "give each its own name")
        names.add(username.lower())
        more = {k: v for k, v in row.items() if k not in ("username", "name")}
        world.users.add(new_user(username, row.get("name") or username.capitalize(), now, **more))


def _add_tokens(world: World, seed: Mapping[str, Any], now: float, problems: _Problems) -> None:
    by_name = {user["username"]: user for user in world.users}
    texts: set[str] = set()
    for place, row in enumerate(seed.get("tokens", [])):
        where = f"tokens[{place}]"
        user = by_name.get(row["user"])
        if user is None:
            near = difflib.get_close_matches(row["user"], list(by_name), 1)
            todo = f"did you mean `{near[0]}`?" if near else "add the user under `users`"
            problems.add(f"{where}.user", f"no user `{row['user']}`", todo)
            continue
        if row["token"] in texts:
            problems.add(f"{where}.token", "this token is there twice", "give each its own text")
        texts.add(row["token"])
        if not _is_date(row.get("expires_at")):
            problems.add(f"{where}.expires_at", f"`{row['expires_at']}` is no date", "write YYYY-MM-DD")
        as_name = row.get("as") or row["user"]
        world.tokens.add(
            new_token(
                user["id"],
                row["token"],
                list(row.get("scopes", ["api"])),
                now,
                as_name=as_name,
                name=row.get("name") or _token_name(as_name, row["user"]),
                expires_at=row.get("expires_at"),
                revoked=row.get("revoked"),
            )
        )


def _token_name(as_name: str, username: str) -> str:
    return f"{username}-api" if as_name == username else as_name.replace("_", "-")


def _add_groups(world: World, seed: Mapping[str, Any], now: float, problems: _Problems) -> None:
    for place, row in enumerate(seed.get("groups", [])):
        where = f"groups[{place}]"
        parent_id, path = _placed(world, f"{where}.path", row["path"], problems)
        name = row.get("name") or path[:1].upper() + path[1:]
        group = new_group(path, name, parent_id, now, row.get("visibility", "private"))
        group["members"] = _members(world, f"{where}.members", row.get("members", {}), problems)
        _claim(world, f"{where}.path", row["path"], "group", world.groups.add(group), problems)


def _add_projects(world: World, seed: Mapping[str, Any], now: float, problems: _Problems) -> None:
    commit = seed.get("commit", {})
    sha, branch = commit.get("sha", SHA), commit.get("branch", "main")
    for place, row in enumerate(seed.get("projects", [])):
        where = f"projects[{place}]"
        namespace_id, path = _placed(world, f"{where}.path", row["path"], problems)
        project = new_project(path, row.get("name") or path, namespace_id, now)
        if namespace_id is None and "/" not in row["path"]:
            problems.add(f"{where}.path", f"`{row['path']}` is in no group", "write group/project")
        project |= {
            "visibility": row.get("visibility", "private"),
            "archived": row.get("archived", False),
            "topics": list(row.get("topics", [])),
            "description": row.get("description"),
            "members": _members(world, f"{where}.members", row.get("members", {}), problems),
        }
        if row.get("former_path"):
            project["former_paths"] = [row["former_path"]]
        if not row.get("empty"):
            project["default_branch"] = branch
            project["commit"] = new_commit(sha, world.users.get(2) or world.users.get(1), now)
        _claim(world, f"{where}.path", row["path"], "project", world.projects.add(project), problems)


def _placed(world: World, where: str, full: str, problems: _Problems) -> tuple[int | None, str]:
    parent, _, path = full.rpartition("/")
    if not all(NAMED.fullmatch(part) for part in full.split("/")):
        problems.add(where, f"`{full}` is no path", "use letters, digits, `_`, `-`, `.`, with `/` between")
    if not parent:
        return None, path
    kind, row_id = world.paths.get(parent.lower(), ("", 0))
    if kind == "group":
        return row_id, path
    near = difflib.get_close_matches(parent, list(world.paths), 1)
    hint = f"did you mean `{near[0]}`?" if near else f'add {{"path": "{parent}"}} to `groups`, before it'
    problems.add(where, f"there is no group `{parent}`", hint)
    return None, path


def _claim(world: World, where: str, full: str, kind: str, row: Row, problems: _Problems) -> None:
    if full.lower() in world.paths:
        problems.add(where, f"`{full}` is there twice", "remove one")
    world.paths[full.lower()] = (kind, row["id"])


def _members(world: World, where: str, given: Mapping[str, str], problems: _Problems) -> dict[str, int]:
    by_name = {user["username"]: user for user in world.users}
    members: dict[str, int] = {}
    for username, role in given.items():
        if username not in by_name:
            near = difflib.get_close_matches(username, list(by_name), 1)
            todo = f"did you mean `{near[0]}`?" if near else "add the user under `users`"
            problems.add(where, f"no user `{username}`", todo)
        elif role not in ROLES:
            problems.add(f"{where}.{username}", f"no role `{role}`", f"use one of {', '.join(ROLES)}")
        else:
            members[str(by_name[username]["id"])] = ROLES[role]
    return members


def _is_date(text: str | None) -> bool:
    if text is None:
        return True
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


__all__ = ["SeedError", "day", "default_world", "parse_seed", "world_from_seed"]
