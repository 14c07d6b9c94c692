"""Slack: notifications in channels, by an incoming webhook.

Becomes GitLab's `slack` integration. Pure.
"""

from __future__ import annotations

from reconciler.integrations.base import kind, renamed, text
from reconciler.integrations.flows.slack import ACTIONS, probe
from reconciler.integrations.native_chat import CHANNEL_FIELDS, SHAPES
from reconciler.integrations.rules import fewest, matches, web_url

_NAMES = {"webhook": "webhook_url"}
_NO_STARTER = r"(?!https?://[^/]+/(workflows|triggers)/).*"

KIND = kind(
    "slack",
    renamed(SHAPES["slack"], _NAMES),
    text(
        "webhook_kind",
        "Whose the webhook is: an app's, kept to its channel, or a legacy one, which may choose channel and name.",
        ours=True,
        choices=("app", "legacy"),
        default="app",
    ),
    renamed=_NAMES,
    rules=(
        web_url("webhook_url"),
        matches(
            "webhook_url", _NO_STARTER, "starts a workflow", "take the address of an incoming webhook (/services/…)"
        ),
        fewest(10, *CHANNEL_FIELDS),
    ),
    manual=("In Slack: install an app with incoming webhooks and choose the channel; no API makes the webhook.",),
    credential=("webhook_url",),
    probe=probe,
    actions=ACTIONS,
)
