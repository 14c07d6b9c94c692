"""Worlds from a person's own seed file, and the world that is there without one.

Pure. Format: `tests/recordings/world.json` (members that start with `recorded_` are ignored). Mistakes are collected
and reported together: where in the file, what is wrong, what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from .gitlab.access import ROLES
from .rows import SHA, new_commit, new_group, new_project, new_token, new_user
from .seed_check import FEATURES, Problems, SeedError, check_shape, line_of, lines_of, parse_seed
from .world import Row, World

EPOCH = 1_767_225_600.0
"""2026-01-01: when a world begins if nobody says."""

NAMED = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.\-]*")

FORMER = "write the path, group/project, that it once had"

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
            "sample_credentials": True,
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


def default_world(now: float = EPOCH) -> World:
    """The world without a seed: group `myorg` with five projects, and the token `sandbox-token`."""
    return world_from_seed(DEFAULT_SEED, now)


def world_from_text(text: str, name: str, now: float = EPOCH) -> World:
    """The world of a seed file called `name`. Raises `SeedError` whose problems begin with file and line."""
    seed = parse_seed(text, name)
    try:
        return world_from_seed(seed, now)
    except SeedError as mistakes:
        lines = lines_of(text)
        placed = [f"{name}:{line_of(problem, lines)}: {problem}" for problem in mistakes.problems]
        raise SeedError(placed) from None


def world_from_seed(seed: Mapping[str, Any], now: float = EPOCH) -> World:
    """The world of a seed, created at `now`. Raises `SeedError`.

    Ids of groups and projects begin behind the users', whose namespaces GitLab counts with the groups.
    """
    problems = Problems()
    check_shape(seed, problems)
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


def _add_users(world: World, seed: Mapping[str, Any], now: float, problems: Problems) -> None:
    users = seed.get("users") or DEFAULT_SEED["users"]
    names: set[str] = set()
    for place, row in enumerate(users):
        username = row["username"]
        if username.lower() in names:
            problems.add(f"users[{place}].username", f"`{username}` is there twice", "give each its own name")
        if not NAMED.fullmatch(username):
            problems.add(f"users[{place}].username", f"`{username}` is no name", "use letters, digits, `_`, `-`, `.`")
        names.add(username.lower())
        more = {k: v for k, v in row.items() if k not in ("username", "name")}
        world.users.add(new_user(username, row.get("name") or username.capitalize(), now, **more))


def _add_tokens(world: World, seed: Mapping[str, Any], now: float, problems: Problems) -> None:
    by_name = {user["username"]: user for user in world.users}
    texts: set[str] = set()
    called: set[str] = set()
    for place, row in enumerate(seed.get("tokens", [])):
        where = f"tokens[{place}]"
        user = by_name.get(row["user"])
        if user is None:
            near = difflib.get_close_matches(row["user"], list(by_name), 1)
            todo = f"did you mean `{near[0]}`?" if near else "add the user under `users`"
            problems.add(f"{where}.user", f"no user `{row['user']}`", todo)
            continue
        if row.get("as") in called:
            problems.add(f"{where}.as", f"`{row['as']}` is there twice", "give each its own name")
        called.add(row.get("as") or "")
        if row["token"] in texts:
            problems.add(f"{where}.token", "this token is there twice", "give each its own text")
        texts.add(row["token"])
        if not is_date(row.get("expires_at")):
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


def _add_groups(world: World, seed: Mapping[str, Any], now: float, problems: Problems) -> None:
    for place, row in enumerate(seed.get("groups", [])):
        where = f"groups[{place}]"
        parent_id, path = _placed(world, f"{where}.path", row["path"], problems)
        name = row.get("name") or path[:1].upper() + path[1:]
        group = new_group(path, name, parent_id, now, row.get("visibility", "private"))
        group["members"] = _members(world, f"{where}.members", row.get("members", {}), problems)
        _claim(world, f"{where}.path", row["path"], "group", world.groups.add(group), problems)


def _add_projects(world: World, seed: Mapping[str, Any], now: float, problems: Problems) -> None:
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
            if "/" not in row["former_path"] or row["former_path"].lower() == row["path"].lower():
                problems.add(f"{where}.former_path", f"`{row['former_path']}` will not do", FORMER)
            project["former_paths"] = [row["former_path"]]
        if not row.get("empty"):
            project["default_branch"] = branch
            project["commit"] = new_commit(sha, world.users.get(2) or world.users.get(1), now)
        _claim(world, f"{where}.path", row["path"], "project", world.projects.add(project), problems)


def _placed(world: World, where: str, full: str, problems: Problems) -> tuple[int | None, str]:
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


def _claim(world: World, where: str, full: str, kind: str, row: Row, problems: Problems) -> None:
    if full.lower() in world.paths:
        problems.add(where, f"`{full}` is there twice", "remove one")
    world.paths[full.lower()] = (kind, row["id"])


def _members(world: World, where: str, given: Mapping[str, str], problems: Problems) -> dict[str, int]:
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


def is_date(text: str | None) -> bool:
    """Whether that can be a token's `expires_at`."""
    if text is None:
        return True
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


__all__ = ["SeedError", "default_world", "is_date", "world_from_seed", "world_from_text"]
