"""The slugs that send messages: chat integrations and pipeline mails, as data.

Pure. Source: a running GitLab 18.9's own description of its integrations. The order of fields is the order in which
missing parameters are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .integration_kind import FLAGS, Field, Kind, hidden, need, switch, text

WEBHOOK = need("webhook", shown=False)
NINE = (
    "push_events",
    "issues_events",
    "confidential_issues_events",
    "merge_requests_events",
    "note_events",
    "confidential_note_events",
    "tag_push_events",
    "pipeline_events",
    "wiki_page_events",
)
WORK_ITEMS = ("work_item_events", "confidential_work_item_events")
ALL_OFF = {name: False for name, on in FLAGS.items() if on and name != "comment_on_event_enabled"}

CHAT = (
    switch("notify_only_broken_pipelines"),
    switch("notify_only_when_pipeline_status_changes", shown=False),
    text("branches_to_be_notified"),
)
LABELS = (text("labels_to_be_notified"), text("labels_to_be_notified_behavior"))
CHAT_START = {
    "notify_only_broken_pipelines": True,
    "notify_only_when_pipeline_status_changes": False,
    "branches_to_be_notified": "default",
    "labels_to_be_notified_behavior": "match_any",
}
CHANNELS = (
    "push",
    "issue",
    "incident",
    "alert",
    "confidential_issue",
    "merge_request",
    "note",
    "confidential_note",
    "tag_push",
    "deployment",
    "pipeline",
    "wiki_page",
    "vulnerability",
)
SUPPORTED = (
    "push",
    "issue",
    "confidential_issue",
    "merge_request",
    "note",
    "confidential_note",
    "tag_push",
    "pipeline",
    "wiki_page",
    "deployment",
    "incident",
    "work_item",
    "confidential_work_item",
    "vulnerability",
)
DISCORD_SUPPORTED = (
    "push",
    "issue",
    "confidential_issue",
    "work_item",
    "confidential_work_item",
    "merge_request",
    "note",
    "confidential_note",
    "tag_push",
    "pipeline",
    "wiki_page",
    "deployment",
)


def channels(*, shown: bool = True, alert: bool = True) -> tuple[Field, ...]:
    """One channel a kind of event; `alert` says whether the alert's can be stored."""
    return tuple(
        text(f"{name}_channel", shown=shown and (alert or name != "alert"), storable=alert or name != "alert")
        for name in CHANNELS
    )


def read_only(*names_: str, group_only: bool = False) -> tuple[Field, ...]:
    """Settings that are shown but no parameters."""
    return tuple(text(name, declared=False, group_only=group_only) for name in names_)


def chat(slug: str, title: str, *fields: Field, events: Sequence[str] = NINE, **more: Any) -> Kind:
    """A chat integration with the usual options."""
    return Kind(
        slug,
        title,
        fields or (WEBHOOK, *CHAT),
        events=events,
        broken_events=WORK_ITEMS,
        initial=CHAT_START,
        supported=more.pop("supported", SUPPORTED),
        **more,
    )


CHAT_KINDS = (
    chat(
        "discord",
        "Discord Notifications",
        WEBHOOK,
        *CHAT,
        *channels(shown=False, alert=False),
        events=(*NINE, "deployment_events"),
        supported=DISCORD_SUPPORTED,
        channel_limit=1,
    ),
    chat("hangouts-chat", "Google Chat"),
    chat(
        "matrix",
        "Matrix notifications",
        text("hostname", exposes=True),
        hidden("token", exposes=True),
        need("room"),
        *CHAT,
        events=(*NINE, "incident_events", "vulnerability_events"),
    ),
    chat(
        "mattermost",
        "Mattermost notifications",
        WEBHOOK,
        text("username"),
        text("channel"),
        *CHAT,
        *LABELS,
        *channels(alert=False),
        *read_only("work_item_channel", "confidential_work_item_channel"),
        events=(*NINE, "deployment_events", "incident_events", "vulnerability_events"),
        channel_limit=10,
    ),
    chat("microsoft-teams", "Microsoft Teams notifications"),
    chat("pumble", "Pumble"),
    chat(
        "slack",
        "Slack notifications",
        WEBHOOK,
        text("username"),
        text("channel"),
        *CHAT,
        *LABELS,
        *channels(),
        *read_only("work_item_channel", "confidential_work_item_channel"),
        *read_only("group_mention_channel", "group_confidential_mention_channel", group_only=True),
        events=(*NINE, "deployment_events", "incident_events", "vulnerability_events", "alert_events"),
        supported=(*SUPPORTED, "alert"),
        channel_limit=10,
    ),
    chat(
        "telegram",
        "Telegram",
        text("hostname", exposes=True),
        hidden("token", exposes=True),
        need("room"),
        text("thread"),
        *CHAT,
        events=(*NINE, "incident_events", "vulnerability_events"),
    ),
    chat("unify-circuit", "Unify Circuit"),
    chat("webex-teams", "Webex Teams"),
    Kind(
        "gitlab-slack-application",
        "GitLab for Slack app",
        (
            text("channel"),
            switch("notify_only_broken_pipelines"),
            switch("notify_only_when_pipeline_status_changes"),
            text("branches_to_be_notified"),
            *LABELS,
            *channels(),
        ),
        events=(*NINE, "deployment_events", "incident_events", "vulnerability_events", "alert_events"),
        broken_events=WORK_ITEMS,
        flags=ALL_OFF,
        initial=CHAT_START,
        nowhere=True,
    ),
    Kind(
        "pipelines-email",
        "Pipeline status emails",
        (
            need("recipients"),
            switch("notify_only_broken_pipelines"),
            switch("notify_only_when_pipeline_status_changes", shown=False),
            switch("notify_only_default_branch"),
            text("branches_to_be_notified"),
        ),
        events=("pipeline_events",),
        initial={name: CHAT_START[name] for name in tuple(CHAT_START)[:3]},
    ),
)
