"""What of the fields sent to Redmine an issue shows: it answers 201 and 204 also where it left some out.

Pure. Source: Redmine 5.0.4, asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.integrations.flows.answers import mapping, objects


def left_out(fields: Mapping[str, Any], issue: Mapping[str, Any]) -> list[str]:
    """The fields that an issue (with its `journals`, where notes were sent) does not show as they were sent."""
    return [name for name, sent in fields.items() if name in _SHOWN and not _SHOWN[name](issue, sent)]


def carries(issue: Mapping[str, Any], sent: Any) -> bool:
    """Whether an issue has the value of each custom field, which may be one of several."""
    held = {str(row.get("id")): row.get("value") for row in objects(issue.get("custom_fields"))}
    values = [(held.get(str(row["id"])), row["value"]) for row in sent]
    return all(wanted in value if isinstance(value, list) else _same(value, wanted) for value, wanted in values)


# ---------------------------------------------------------------------------------------------------------------------


def _is_noted(issue: Mapping[str, Any], sent: Any) -> bool:
    return any(_same(journal.get("notes"), sent) for journal in objects(issue.get("journals")))


def _same(shown: object, sent: object) -> bool:
    return str(shown or "").split() == str(sent).split()


def _has_id(name: str) -> Callable[[Mapping[str, Any], Any], bool]:
    return lambda issue, sent: str(mapping(issue.get(name)).get("id")) == str(sent)


_SHOWN: Mapping[str, Callable[[Mapping[str, Any], Any], bool]] = {
    "subject": lambda issue, sent: _same(issue.get("subject"), sent),
    "description": lambda issue, sent: _same(issue.get("description"), sent),
    "tracker_id": _has_id("tracker"),
    "status_id": _has_id("status"),
    "priority_id": _has_id("priority"),
    "assigned_to_id": lambda issue, sent: sent == "me" or _has_id("assigned_to")(issue, sent),
    "custom_fields": carries,
    "notes": _is_noted,
}
"""By field as it is sent: whether an issue shows it."""
