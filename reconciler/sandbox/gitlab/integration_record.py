"""One integration between load and save: defaults, assignment, what happens before and after validation.

Pure. Follows the order in which GitLab works: a record is loaded (null values renewed), parameters are assigned,
secrets are dropped when an exposing field changed, derived values are set, the model validates
(`integration_rules.py`), and only then is anything stored. What is answered is the record in memory, which can differ
from the stored one. Sources: GitLab's documentation of integrations and a running GitLab 18.9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ..world import Row
from .errors import server_error
from .integration_kind import FLAGS, NOT_NULL, Kind
from .integration_table import KINDS

RUBY_BLANKS = " \t\n\v\f\r\0"
RAILS_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "off", "OFF"))
WEBHOOK_FORMS: Mapping[str, tuple[str, str]] = {
    "matrix": ("https://matrix-client.matrix.org", "{hostname}/_matrix/client/v3/rooms/{room}/send/m.room.message/"),
    "telegram": ("https://api.telegram.org", "{hostname}/bot{token}/sendMessage"),
}
"""Where the derived webhook of a chat integration points: default host, form."""

SAAS_HOSTS: Mapping[str, tuple[str, str]] = {
    "teamcity": ("teamcity_url", r"[^.]+\.teamcity\.com"),
    "drone-ci": ("drone_url", r"cloud\.drone\.io"),
}
"""Kinds that verify TLS unless told otherwise only at the maker's own hosts: address field, host."""


def is_blank(value: object) -> bool:
    """Ruby's `blank?`."""
    return value is None or value is False or value in ([], {}) or (isinstance(value, str) and not value.strip())


@dataclass(slots=True)
class Draft:
    """A record in memory. `shown` overrides values in the answer only; `sent` are the fields assigned."""

    kind: Kind
    values: dict[str, Any]
    flags: dict[str, bool | None]
    active: bool
    is_new: bool
    group_level: bool
    was_active: bool
    before: Mapping[str, Any]
    sent: set[str] = field(default_factory=set)
    shown: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """A value as GitLab's own code reads it."""
        return read(self.kind, {**self.values, **self.shown}, name)

    def changed(self, name: str) -> bool:
        """Whether a field was assigned another value."""
        return name in self.sent and self.values.get(name) != self.before.get(name)


def fresh(kind: Kind, *, group_level: bool) -> Draft:
    """A record that was never stored."""
    values = kind.blank()
    flags: dict[str, bool | None] = {**FLAGS, **kind.flags}
    return Draft(kind, values, flags, False, True, group_level, False, dict(values))


def load(row: Row) -> Draft:
    """A stored record, with null values renewed as GitLab does on every load."""
    kind = KINDS[row["slug"]]
    values = renewed(kind, row["values"], active=row["active"])
    return Draft(
        kind, values, dict(row["flags"]), row["active"], False, row["group_id"] is not None, row["active"], dict(values)
    )


def renewed(kind: Kind, stored: Mapping[str, Any], *, active: bool) -> dict[str, Any]:
    """The values that GitLab sees after loading `stored`."""
    values = dict(stored)
    for name, value in kind.renewed.items():
        if values.get(name) is None:
            values[name] = value
    if kind.slug == "datadog" and values.get("datadog_ci_visibility") is None:
        values["datadog_ci_visibility"] = active
    legacy = values.get("notify_only_default_branch")
    if kind.slug == "pipelines-email" and legacy is not None and values.get("branches_to_be_notified") is None:
        values["branches_to_be_notified"] = "default" if legacy else "all"
    return values


def read(kind: Kind, values: Mapping[str, Any], name: str) -> Any:
    """A value as it is shown: fallbacks, computed values, stripped slashes."""
    value = values.get(name)
    match kind.slug, name:
        case _, "confidential_issue_channel" | "confidential_note_channel":
            return values.get(name.removeprefix("confidential_")) if is_blank(value) else value
        case "jira", "url" | "api_url":
            return value.removesuffix("/") if value is not None else None
        case "jira", "jira_allowed_statuses_as_string":
            return value or ""
        case "buildkite", "enable_ssl_verification":
            return True
        case "teamcity" | "drone-ci", "enable_ssl_verification":
            return _at_the_makers(kind.slug, values) if value is None else value
    return value


def _at_the_makers(slug: str, values: Mapping[str, Any]) -> bool:
    name, host = SAAS_HOSTS[slug]
    return re.fullmatch(host, https_host(values.get(name)), re.IGNORECASE) is not None


def https_host(url: str | None) -> str:
    """The host of an https address; empty for anything else."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme == "https" else ""


def assign(draft: Draft, params: Mapping[str, Any]) -> None:
    """Give a record the parameters of a PUT. Raises 500 for those that GitLab cannot assign."""
    kind = draft.kind
    if kind.unstorable & params.keys():
        raise server_error()
    for name, value in params.items():
        if name in kind.flag_names:
            draft.flags[name] = value
        elif name in kind.named and not kind.named[name].top_level:
            draft.values[name] = _cast(kind, name, value)
            draft.sent.add(name)
    draft.active = True


def _cast(kind: Kind, name: str, value: Any) -> Any:
    """A text that ends up in a boolean column, as Rails reads it."""
    if kind.slug == "jira" and name == "issues_enabled" and isinstance(value, str):
        return None if value == "" else value not in RAILS_FALSE
    return value


def prepare(draft: Draft) -> None:
    """What GitLab does before it validates."""
    _drop_exposed_secrets(draft)
    slug = draft.kind.slug
    if slug in WEBHOOK_FORMS:
        _derive_webhook(draft)
    if slug == "datadog":
        for name in ("datadog_service", "datadog_env", "datadog_tags"):
            value = draft.values.get(name)
            if value is not None:
                draft.shown[name] = value.strip(RUBY_BLANKS)


def _drop_exposed_secrets(draft: Draft) -> None:
    kind = draft.kind
    if any(draft.changed(f.name) for f in kind.fields if f.exposes):
        for name in kind.secrets:
            if name not in draft.sent:
                draft.values[name] = None


def _derive_webhook(draft: Draft) -> None:
    host, form = WEBHOOK_FORMS[draft.kind.slug]
    parts = {name: draft.values.get(name) for name in ("token", "room")}
    if is_blank(parts["token"]) or (draft.kind.slug == "matrix" and is_blank(parts["room"])):
        return
    hostname = draft.values.get("hostname")
    draft.values["webhook"] = form.format(hostname=host if is_blank(hostname) else hostname, **parts)


def finish(draft: Draft) -> None:
    """What GitLab does while and after it stores. Raises 500 where it fails."""
    if draft.kind.slug == "datadog" and draft.values.get("datadog_ci_visibility") is not None:
        draft.flags["pipeline_events"] = draft.flags["job_events"] = draft.values["datadog_ci_visibility"]
    if any(draft.flags[name] is None for name in NOT_NULL & draft.flags.keys()):
        raise server_error()
    if draft.values.get("archive_trace_events", False) is None:
        raise server_error()
    columns = draft.kind.columns or {}
    if any(default is not None and draft.values.get(name) is None for name, default in columns.items()):
        raise server_error()
    if draft.values.get("project_keys"):
        keys = (key.strip(RUBY_BLANKS) for key in draft.values["project_keys"])
        draft.values["project_keys"] = list(dict.fromkeys(key for key in keys if key))
