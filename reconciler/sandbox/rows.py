"""Rows of a world as they begin: users, tokens, groups, projects, commits.

Pure: whoever makes one says what time it is. Ids are given by the tables that rows are added to.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from .world import Row, stamp

SHA = "9f1c2d3e4b5a69788796a5b4c3d2e1f001122334"
"""The commit that every sandbox repository holds, unless a seed says otherwise."""

LIFETIME = timedelta(days=200)
"""How long a token without `expires_at` lasts."""


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
