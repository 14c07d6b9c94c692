"""Push mirrors of projects.

Pure. Sources: GitLab's documentation of push mirrors, a running GitLab 18.9, `tests/recordings/mirrors.json`. Lacking
rights are 401 here. Nothing is ever pushed: a sync succeeds unless the host is one of the reserved names that never
resolve.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit

from ..message import Response
from ..world import Row, World, stamp
from .access import MAINTAINER, level_in_project
from .errors import error, invalid, message, no_record, not_found, server_error, unauthorized
from .kernel import Call, Job, Route, created, no_content, ok, owner_of
from .paging import PAGING, paginate
from .params import booleans, optional, required
from .re2 import mistake
from .urls import blocked

SCHEMES = ("http", "https", "ssh", "git")
UNREACHABLE = re.compile(r"(^|\.)(test|invalid|example|localhost)$", re.IGNORECASE)
SYNC = "sync mirror"
SHOWABLE = re.compile(r"[\w.~:/?#@!$&'()*+,;=%-]*", re.ASCII)
EXCLUSIVE = "only_protected_branches, mirror_branch_regex are mutually exclusive"
AUTHENTICATIONS = ("password", "ssh_public_key")
BLANK, NOT_LISTED = "can't be blank", "is not included in the list"
LONGEST_EXPRESSION = 255
DISABLED = "Cannot proceed with the push mirroring. Please verify your mirror configuration."


def may_manage(call: Call) -> None:
    """404 for an unreadable project, 401 below Maintainer."""
    if level_in_project(call.world, call.user, call.project) < MAINTAINER:
        raise unauthorized()


def view(call: Call, row: Row) -> Row:
    """A mirror as it is shown: its address without credentials, switched off while there is nothing to push."""
    return {
        "id": row["id"],
        "enabled": row["enabled"] and call.project["commit"] is not None,
        "url": masked(row["url"]),
        "update_status": row["update_status"],
        "last_update_at": row["last_update_at"],
        "last_update_started_at": row["last_update_started_at"],
        "last_successful_update_at": row["last_successful_update_at"],
        "last_error": row["last_error"],
        "only_protected_branches": row["only_protected_branches"],
        "keep_divergent_refs": row["keep_divergent_refs"],
        "auth_method": row["auth_method"],
        "host_keys": [],
        "mirror_branch_regex": row["mirror_branch_regex"],
    }


def masked(url: str) -> str | None:
    """An address with stars for its user and password; the user `git` is shown. None: Ruby cannot read it."""
    parts = _split(url)
    if parts is None or not SHOWABLE.fullmatch(url):
        return None
    if "@" not in parts.netloc:
        return url
    credentials, _, host = parts.netloc.rpartition("@")
    user, colon, _ = credentials.partition(":")
    shown = ("git" if user == "git" else "*****") + (":*****" if colon else "")
    return parts._replace(netloc=f"{shown}@{host}").geturl()


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _found(call: Call) -> Row:
    row = call.world.table("mirrors").get(_number(call.path["mirror_id"]))
    if row is None or row["owner"] != owner_of(call.project, "project"):
        raise no_record()
    return row


def _number(text: str) -> int:
    found = re.match(r"\d+", text)
    return int(found[0]) if found else 0


def _check_branches(call: Call) -> None:
    if "mirror_branch_regex" in call.params and "only_protected_branches" in call.params:
        raise error(400, EXCLUSIVE)


def listing(call: Call) -> Response:
    """All of a project, in pages."""
    rows = call.world.table("mirrors").by("owner", owner_of(call.project, "project"))
    return paginate(call, rows, lambda row: view(call, row))


def read(call: Call) -> Response:
    """One."""
    return ok(view(call, _found(call)))


def create(call: Call) -> Response:
    """A new one, switched off unless asked otherwise."""
    _check_branches(call)
    url = str(call.params["url"] or "").strip()
    row: Row = {
        "owner": owner_of(call.project, "project"),
        "enabled": False,
        "url": url,
        "update_status": "none",
        "last_update_at": None,
        "last_update_started_at": None,
        "last_successful_update_at": None,
        "last_error": None,
        "only_protected_branches": False,
        "keep_divergent_refs": None,
        "auth_method": "password",
        "public_key": None,
        "mirror_branch_regex": None,
    }
    row = _taken(call, row)
    reason = blocked(call.world, url, schemes=SCHEMES, plain_user=True) if url else None
    errors = {"url": [f"is blocked: {reason}" if reason else BLANK]} if reason or not url else {}
    errors |= _problems(row)
    if errors:
        raise invalid(errors)
    return created(view(call, call.world.table("mirrors").add(_stored(call, row))))


def update(call: Call) -> Response:
    """Change the switches; the address stays what it is."""
    _check_branches(call)
    row = _found(call)
    changed = _taken(call, row)
    errors = [f"Remote mirrors {name.replace('_', ' ')} {text}" for name, (text,) in _problems(changed).items()]
    if errors:
        raise message(500, errors[0] if len(errors) == 1 else " and ".join(errors))
    row.update(_stored(call, changed))
    return ok(view(call, row))


def _taken(call: Call, before: Row) -> Row:
    """A mirror with the parameters of a call; an expression and "protected only" replace each other."""
    changes = {name: value for name, value in call.params.items() if name in before and name != "url"}
    if changes.get("mirror_branch_regex"):
        changes["only_protected_branches"] = False
    elif changes.get("only_protected_branches"):
        changes["mirror_branch_regex"] = None
    if "auth_method" in changes:
        changes["auth_method"] = changes["auth_method"] or AUTHENTICATIONS[0]
    return {**before, **changes}


def _problems(row: Row) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if row["auth_method"] not in AUTHENTICATIONS:
        errors["auth_method"] = [NOT_LISTED]
    if row["only_protected_branches"] is None:
        errors["only_protected_branches"] = [BLANK]
    expression = row["mirror_branch_regex"] or ""
    told = mistake(expression)
    if told:
        errors["mirror_branch_regex"] = [f"not valid RE2 syntax: {told}"]
    elif len(expression) > LONGEST_EXPRESSION:
        errors["mirror_branch_regex"] = [f"is too long (maximum is {LONGEST_EXPRESSION} characters)"]
    return errors


def _stored(call: Call, row: Row) -> Row:
    """The mirror as it is kept, with a key where it needs one. Raises 500 for a switch that is null."""
    if row["enabled"] is None:
        raise server_error()
    if row["auth_method"] == "ssh_public_key" and row["public_key"] is None:
        row["public_key"] = _new_key(call.world)
    return {**row, "updated_at": call.stamp}


def _new_key(world: World) -> str:
    digits = bytes.fromhex("".join(world.mint("mirror key") for _ in range(8)))
    head = b"\x00\x00\x00\x07ssh-rsa\x00\x00\x00\x03\x01\x00\x01\x00\x00\x01\x01\x00"
    return f"ssh-rsa {base64.b64encode(head + digits).decode()} git@gitlab.example.test"


def remove(call: Call) -> Response:
    """Delete one."""
    row = _found(call)
    call.precondition(row.get("updated_at") or call.stamp)
    call.world.table("mirrors").remove(row)
    return no_content()


def sync(call: Call) -> Response:
    """Push soon."""
    row = _found(call)
    if not row["enabled"]:
        raise message(400, DISABLED)
    row["update_status"] = "scheduled"
    call.world.schedule(SYNC, call.now, delay=0.0, mirror=row["id"])
    return no_content()


def carry_out_sync(world: World, now: float, *, mirror: int) -> None:
    """What becomes of a sync."""
    row = world.table("mirrors").get(mirror)
    if row is None:
        return
    parts = _split(row["url"])
    if parts is None or not parts.hostname or UNREACHABLE.search(parts.hostname):
        row.update(update_status="to_retry", last_error="The remote mirror URL is invalid.")
        return
    moment = stamp(now)
    row.update(update_status="finished", last_error=None, last_update_at=moment)
    row.update(last_update_started_at=moment, last_successful_update_at=moment)


def public_key(call: Call) -> Response:
    """The key that the other side must accept."""
    row = _found(call)
    if row["auth_method"] != "ssh_public_key":
        raise not_found()
    return ok({"public_key": row["public_key"]})


def pull_mirror(_call: Call) -> Response:
    """Pull mirroring is never set up here."""
    raise message(400, "The project is not mirrored")


BASE = "/projects/:id/remote_mirrors"
ENABLED, DIVERGENT, PROTECTED = booleans("enabled", "keep_divergent_refs", "only_protected_branches")
BRANCHES = (DIVERGENT, PROTECTED, optional("mirror_branch_regex"))
NEW = (required("url"), ENABLED, optional("auth_method", choices=AUTHENTICATIONS), *BRANCHES)
CHANGED = (ENABLED, optional("auth_method"), *BRANCHES)
BEFORE = (may_manage,)

ROUTES = (
    Route("GET", BASE, listing, PAGING, BEFORE),
    Route("POST", BASE, create, NEW, BEFORE),
    Route("GET", f"{BASE}/:mirror_id", read, (), BEFORE),
    Route("PUT", f"{BASE}/:mirror_id", update, CHANGED, BEFORE),
    Route("DELETE", f"{BASE}/:mirror_id", remove, (), BEFORE),
    Route("POST", f"{BASE}/:mirror_id/sync", sync, (), BEFORE),
    Route("GET", f"{BASE}/:mirror_id/public_key", public_key, (), BEFORE),
    Route("GET", "/projects/:id/mirror/pull", pull_mirror, (), BEFORE),
)
JOBS: Mapping[str, Job] = MappingProxyType({SYNC: carry_out_sync})
