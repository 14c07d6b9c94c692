"""What a webhook is: its fields, what changing them does to the others, and what makes it invalid.

Pure. Sources: GitLab's documentation of webhooks, a running GitLab 18.9 and `app/models/concerns/web_hooks/hook.rb`;
the order in which things are lost and checked is GitLab's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..world import Row, World
from .errors import server_error
from .params import Param, boolean, booleans, optional, required
from .re2 import mistake
from .urls import blocked

STRATEGIES = ("wildcard", "regex", "all_branches")
KEY = re.compile(r"[A-Za-z]+[0-9]*(?:[._-][A-Za-z0-9]+)*")
REFERENCE = re.compile(r"\{([A-Za-z]+[0-9]*(?:[._-][A-Za-z0-9]+)*)\}")
MOST_PAIRS, LONGEST_VALUE = 20, 2048
LIMITS = {"project": 100, "group": 50}
LENGTHS = {"custom_webhook_template": 4096, "name": 255, "description": 2048}

PROJECT_FLAGS = (
    "issues_events",
    "confidential_issues_events",
    "note_events",
    "confidential_note_events",
    "pipeline_events",
    "wiki_page_events",
    "deployment_events",
    "feature_flag_events",
    "job_events",
    "releases_events",
    "milestone_events",
    "emoji_events",
    "resource_access_token_events",
    "vulnerability_events",
)
COMMON_FLAGS = ("push_events", "tag_push_events", "merge_requests_events")
GROUP_FLAGS = ("member_events", "subgroup_events", "project_events")
SYSTEM_FLAGS = (*COMMON_FLAGS, "repository_update_events")
NULLABLE = frozenset(("confidential_note_events", "tag_push_events", "enable_ssl_verification"))
"""Of the truth values those that may be null; null in any other is a 500."""

FLAGS = {
    "project": (*COMMON_FLAGS, *PROJECT_FLAGS),
    "group": (*COMMON_FLAGS, *PROJECT_FLAGS, *GROUP_FLAGS),
    "system": SYSTEM_FLAGS,
}


def declared(kind: str, *, new: bool) -> tuple[Param, ...]:
    """The parameters with which a hook of that kind is made or changed."""
    pairs = (required("key"), required("value"))
    more = (optional("custom_webhook_template"),) if kind != "system" else ()
    return (
        required("url") if new else optional("url"),
        optional("name"),
        optional("description"),
        *booleans(*FLAGS[kind]),
        optional("enable_ssl_verification", boolean),
        optional("token"),
        optional("signing_token"),
        optional("push_events_branch_filter"),
        *more,
        optional("branch_filter_strategy", choices=STRATEGIES),
        optional("url_variables", items=pairs),
        optional("custom_headers", items=pairs),
    )


def new_hook(kind: str, owner: str, stamp: str) -> Row:
    """A hook before anything was said about it."""
    flags: dict[str, bool | None] = dict.fromkeys((*FLAGS[kind], "repository_update_events"), False)
    flags["push_events"] = kind != "system"
    flags["repository_update_events"] = kind == "system"
    if kind != "system":
        flags["confidential_note_events"] = None
    return {
        "owner": owner,
        "kind": kind,
        "url": None,
        "name": None,
        "description": None,
        "token": None,
        "signing_token": None,
        "enable_ssl_verification": True,
        "push_events_branch_filter": None,
        "branch_filter_strategy": "wildcard",
        "custom_webhook_template": None,
        "url_variables": {},
        "custom_headers": {},
        **flags,
        "recent_failures": 0,
        "disabled_until": None,
        "created_at": stamp,
        "updated_at": stamp,
    }


def changes_from(world: World, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The declared values of a request as changes: pairs as mappings, what this version does not know left out."""
    changes = dict(sent)
    if world.version < (19, 0):
        changes.pop("signing_token", None)
    for name in ("url_variables", "custom_headers"):
        pairs = changes.pop(name, None)
        if pairs:
            changes[name] = {pair.get("key") or "": pair.get("value") for pair in pairs}
    return changes


def apply(hook: Row, changes: Mapping[str, Any], *, new: bool) -> Row:
    """The hook as it would be stored: with what GitLab resets when other things change.

    Raises 500 (`ApiError`) where GitLab stumbles: a null flag, a template that lost its variable.
    """
    after: Row = {**hook, **changes}
    _refuse_nulls(after, hook["kind"])
    if not new and after["url"] != hook["url"] and "token" not in changes:
        after["token"] = None
    if not new:
        _reset_variables(hook, after)
        _reset_headers(hook, after)
    if after["branch_filter_strategy"] == "all_branches":
        after["push_events_branch_filter"] = None
    if after["branch_filter_strategy"] == "wildcard" and after["push_events_branch_filter"] is not None:
        after["push_events_branch_filter"] = " ".join(after["push_events_branch_filter"].split())
    if after["url"] is not None and not after["url_variables"]:
        after["url"] = after["url"].strip()
    return after


def problems(world: World, hook: Row, *, new: bool) -> dict[str, list[str]]:
    """What is invalid, by field, in GitLab's order and words."""
    found = _url_problems(world, hook)
    if "\n" in (hook["token"] or ""):
        found["token"] = ["is invalid"]
    if hook["signing_token"] and not _is_signing_token(hook["signing_token"]):
        found["signing_token"] = ["is invalid"]
    if not _is_branch_filter(hook["branch_filter_strategy"], hook["push_events_branch_filter"]):
        found["push_events_branch_filter"] = ["is not a valid branch filter"]
    for name in ("url_variables", "custom_headers"):
        if not are_pairs(hook[name]):
            found[name] = ["must be a valid json schema"]
    for name, most in LENGTHS.items():
        if len(hook[name] or "") > most:
            found[name] = [f"is too long (maximum is {most} characters)"]
    if hook["url_variables"] and not found:
        reason = blocked(world, _effective(hook))
        if reason:
            found["interpolated_url"] = [f"is blocked: {reason}"]
    most = LIMITS.get(hook["kind"], 0)
    if new and most and len(world.table("hooks").by("owner", hook["owner"])) >= most:
        found["base"] = [f"Maximum number of {hook['kind']} hooks ({most}) exceeded"]
    return found


def _url_problems(world: World, hook: Row) -> dict[str, list[str]]:
    url = hook["url"]
    if not url or not url.strip():
        return {"url": ["can't be blank"]}
    reason = blocked(world, url) if not hook["url_variables"] else None
    if reason:
        return {"url": [f"is blocked: {reason}"]}
    missing = set(REFERENCE.findall(url)) - set(hook["url_variables"])
    return {"url": [f"Invalid URL template. Missing keys: {sorted(missing)}"]} if missing else {}


def interpolated(url: str, variables: Mapping[str, str]) -> str:
    """The URL with its variables' values. Raises `KeyError` for a variable without one."""
    return REFERENCE.sub(lambda match: variables[match[1]], url)


def are_pairs(pairs: Mapping[str, Any]) -> bool:
    """Whether all keys and values of headers or URL variables have the form that GitLab asks for."""
    return len(pairs) <= MOST_PAIRS and all(
        KEY.fullmatch(key) and isinstance(value, str) and 1 <= len(value) <= LONGEST_VALUE
        for key, value in pairs.items()
    )


def _refuse_nulls(hook: Row, kind: str) -> None:
    flags = FLAGS[kind]
    if any(hook[name] is None and name not in NULLABLE for name in (*flags, "branch_filter_strategy")):
        raise server_error()


def _reset_variables(before: Row, after: Row) -> None:
    if not before["url_variables"]:
        return
    if after["url"] is None:
        raise server_error()
    try:
        changed = _effective(after) != _effective(before)
    except KeyError:
        raise server_error() from None
    if changed and before["url_variables"].keys() & after["url_variables"].keys():
        after["url_variables"] = {}


def _reset_headers(before: Row, after: Row) -> None:
    if after["url"] is None:
        return
    try:
        if _effective(after) != _effective(before):
            after["custom_headers"] = {}
    except KeyError:
        return


def _effective(hook: Row) -> str:
    return interpolated(hook["url"], hook["url_variables"])


def _is_branch_filter(strategy: str, text: str | None) -> bool:
    if not text or not text.strip() or strategy == "all_branches":
        return True
    if strategy == "wildcard":
        return len(text) <= 4000 and is_ref_name(text.replace("*", "x"))
    return mistake(text) is None


def is_ref_name(name: str) -> bool:
    """Whether git takes `name` as a branch's name."""
    if name == "HEAD" or name.startswith(("-", "refs/heads/", "refs/remotes/", "refs/tags/")):
        return False
    if re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//", name) or name.endswith(("/", ".")) or name == "@":
        return False
    return all(part and part[0] != "." and not part.endswith(".lock") for part in name.split("/"))


def _is_signing_token(text: str) -> bool:
    return re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", text) is not None
