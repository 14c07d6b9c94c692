"""Mattermost: notifications in channels, by an incoming webhook.

Becomes GitLab's `mattermost` integration. Pure.
"""

from __future__ import annotations

from reconciler.integrations.base import kind, renamed
from reconciler.integrations.flows.mattermost import ACTIONS, probe
from reconciler.integrations.native_chat import CHANNEL_FIELDS, SHAPES
from reconciler.integrations.rules import fewest, web_url

_NAMES = {"webhook": "webhook_url"}

KIND = kind(
    "mattermost",
    renamed(SHAPES["mattermost"], _NAMES),
    renamed=_NAMES,
    rules=(web_url("webhook_url"), fewest(10, *CHANNEL_FIELDS)),
    manual=("In Mattermost: switch incoming webhooks on (System Console) and add one to the channel.",),
    credential=("webhook_url",),
    probe=probe,
    actions=ACTIONS,
)
