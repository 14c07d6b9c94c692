"""Samples of events, as hooks are tested with them: from what the project has, or why it has none.

Pure. Sources: deliveries of a running GitLab 18.9 (headers and payloads as received) and
`app/services/concerns/integrations/project_test_data.rb`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..world import Row
from .kernel import Call, owner_of
from .meta import avatar
from .payload_parts import (
    commit_part,
    issue_part,
    merge_request_part,
    note_part,
    noteable_of,
    project_part,
    repository_part,
    user_part,
)

TRIGGERS: Mapping[str, str] = MappingProxyType(
    {
        "push_events": "push_hooks",
        "tag_push_events": "tag_push_hooks",
        "issues_events": "issue_hooks",
        "confidential_issues_events": "confidential_issue_hooks",
        "note_events": "note_hooks",
        "confidential_note_events": "confidential_note_hooks",
        "merge_requests_events": "merge_request_hooks",
        "job_events": "job_hooks",
        "pipeline_events": "pipeline_hooks",
        "wiki_page_events": "wiki_page_hooks",
        "releases_events": "release_hooks",
        "deployment_events": "deployment_hooks",
        "feature_flag_events": "feature_flag_hooks",
        "milestone_events": "milestone_hooks",
        "emoji_events": "emoji_hooks",
        "resource_access_token_events": "resource_access_token_hooks",
        "vulnerability_events": "vulnerability_hooks",
    }
)
"""Every trigger that can be tested, and the name under which its deliveries are logged."""

OLD_NAMES = ("homepage", "url", "ssh_url", "http_url")
"""Of a project's addresses those that pipelines do not repeat."""

NOTHING = "Testing not available for this hook"


class NoSample(Exception):
    """There is nothing to make a sample from; the text says what is missing."""


def sample(call: Call, project: Row, trigger: str) -> Row:
    """What a test of `trigger` delivers. Raises `NoSample`."""
    maker = SAMPLES.get(trigger)
    if maker is None:
        raise NoSample(NOTHING)
    return maker(call, project)


def _push(call: Call, project: Row) -> Row:
    return _pushed(call, project, "push", "refs/heads/")


def _tag(call: Call, project: Row) -> Row:
    return _pushed(call, project, "tag_push", "refs/tags/")


def _pushed(call: Call, project: Row, event: str, prefix: str) -> Row:
    user, base = call.me, _base(call)
    sha = project["commit"]["sha"] if project["commit"] else "0" * 40
    ref = project["default_branch"] or "main"
    commits = [commit_part(call.world, base, project)] if project["commit"] else []
    added: Row = {"added": [], "modified": [], "removed": []}
    return {
        "object_kind": event,
        "event_name": event,
        "before": sha,
        "after": sha,
        "ref": prefix + (ref if event == "push" else "v1.0.0"),
        "ref_protected": False,
        "checkout_sha": sha,
        "message": None,
        "user_id": user["id"],
        "user_name": user["name"],
        "user_username": user["username"],
        "user_email": None,
        "user_avatar": avatar(user),
        "project_id": project["id"],
        "project": project_part(call.world, base, project),
        "commits": [commit | added for commit in commits],
        "total_commits_count": len(commits),
        "push_options": {},
        "repository": repository_part(call.world, base, project, full=True),
    }


def _issue(call: Call, project: Row) -> Row:
    issue = _newest(call, "issues", project, "Ensure the project has issues.")
    return _opened(call, project, "issue", issue, "confidential_issue" if issue["confidential"] else "issue")


def _note(call: Call, project: Row) -> Row:
    note = _newest(call, "notes", project, "Ensure the project has notes.")
    base = _base(call)
    kind, item = noteable_of(call.world, note)
    hidden = bool(note["internal"] or item.get("confidential"))
    return {
        "object_kind": "note",
        "event_type": "confidential_note" if hidden else "note",
        "user": user_part(call.me),
        "project_id": project["id"],
        "project": project_part(call.world, base, project),
        "object_attributes": note_part(call.world, base, project, note) | {"action": "create"},
        "repository": repository_part(call.world, base, project),
        kind: _item_part(call, project, kind, item),
    }


def _item_part(call: Call, project: Row, kind: str, item: Row) -> Row:
    part = issue_part if kind == "issue" else merge_request_part
    return part(call.world, _base(call), project, item)


def _merge_request(call: Call, project: Row) -> Row:
    row = _newest(call, "merge_requests", project, "Ensure the project has merge requests.")
    return _opened(call, project, "merge_request", row, "merge_request")


def _opened(call: Call, project: Row, kind: str, item: Row, event: str) -> Row:
    base = _base(call)
    part = _item_part(call, project, kind, item)
    return {
        "object_kind": kind,
        "event_type": event,
        "user": user_part(call.me),
        "project": project_part(call.world, base, project),
        "object_attributes": part | {"action": "open"},
        "labels": part["labels"],
        "changes": {},
        "repository": repository_part(call.world, base, project),
    }


def _emoji(call: Call, project: Row) -> Row:
    note = _newest(call, "notes", project, "Ensure the project has notes.")
    base = _base(call)
    shown = note_part(call.world, base, project, note)
    attributes = {
        "user_id": call.me["id"],
        "created_at": call.stamp,
        "id": 1,
        "name": "thumbsup",
        "awardable_type": "Note",
        "awardable_id": note["id"],
        "updated_at": call.stamp,
        "awarded_on_url": shown["url"],
    }
    kind, item = noteable_of(call.world, note)
    return {
        "object_kind": "emoji",
        "event_type": "award",
        "user": user_part(call.me),
        "project_id": project["id"],
        "project": project_part(call.world, base, project),
        "object_attributes": attributes,
        "note": shown,
        kind: _item_part(call, project, kind, item),
    }


def _pipeline(call: Call, project: Row) -> Row:
    pipeline = _newest(call, "pipelines", project, "Ensure the project has CI pipelines.")
    base = _base(call)
    final = pipeline["status"] in ("success", "failed", "canceled", "skipped")
    attributes = {
        "id": pipeline["id"],
        "iid": pipeline["iid"],
        "name": None,
        "ref": pipeline["ref"],
        "ref_status_name": None,
        "tag": False,
        "sha": pipeline["sha"],
        "before_sha": None,
        "source": pipeline["source"],
        "status": pipeline["status"],
        "detailed_status": "passed" if pipeline["status"] == "success" else pipeline["status"],
        "stages": ["external"],
        "created_at": pipeline["created_at"],
        "finished_at": pipeline["updated_at"] if final else None,
        "duration": None,
        "queued_duration": None,
        "protected_ref": False,
        "variables": [],
        "url": f"{base}/{call.world.full_path(project)}/-/pipelines/{pipeline['id']}",
    }
    shown = project_part(call.world, base, project)
    return {
        "object_kind": "pipeline",
        "object_attributes": attributes,
        "merge_request": None,
        "user": user_part(call.world.users.get(pipeline["user_id"]) or call.me),
        "project": {name: shown[name] for name in shown if name not in OLD_NAMES},
        "commit": commit_part(call.world, base, project) if project["commit"] else None,
        "builds": [],
    }


def _milestone(call: Call, project: Row) -> Row:
    milestone = _newest(call, "milestones", project, "Ensure the project has milestones.")
    shown = {name: milestone.get(name) for name in ("id", "iid", "title", "description", "state")}
    return {
        "object_kind": "milestone",
        "event_type": "milestone",
        "project": project_part(call.world, _base(call), project),
        "group": None,
        "object_attributes": shown | {"project_id": project["id"], "group_id": None},
        "action": "create",
    }


def _access_token(call: Call, project: Row) -> Row:
    return {
        "object_kind": "access_token",
        "project": project_part(call.world, _base(call), project),
        "object_attributes": {
            "user_id": None,
            "created_at": call.stamp,
            "id": 1,
            "name": "pat_for_webhook_event",
            "expires_at": None,
        },
        "event_name": "expiring_access_token",
    }


def _newest(call: Call, table: str, project: Row, missing: str) -> Row:
    rows = call.world.table(table).by("owner", owner_of(project, "project"))
    if not rows:
        raise NoSample(missing)
    return rows[-1]


def _lacking(text: str) -> Callable[[Call, Row], Row]:
    def refuse(call: Call, project: Row) -> Row:
        raise NoSample(text)

    return refuse


def _base(call: Call) -> str:
    return call.request.base


SAMPLES: Mapping[str, Callable[[Call, Row], Row]] = MappingProxyType(
    {
        "push_events": _push,
        "tag_push_events": _tag,
        "issues_events": _issue,
        "confidential_issues_events": _issue,
        "note_events": _note,
        "emoji_events": _emoji,
        "pipeline_events": _pipeline,
        "milestone_events": _milestone,
        "resource_access_token_events": _access_token,
        "merge_requests_events": _merge_request,
        "job_events": _lacking("Ensure the project has CI jobs."),
        "wiki_page_events": _lacking("Ensure the wiki is enabled and has pages."),
        "releases_events": _lacking("Ensure the project has releases."),
        "vulnerability_events": _lacking("Ensure the project has vulnerabilities."),
    }
)
"""How samples are made; for triggers that are missing here GitLab has none at all."""
