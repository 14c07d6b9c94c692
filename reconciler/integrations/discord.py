"""Discord: notifications in channels, by webhooks.

Becomes GitLab's `discord` integration. A channel of its own for an event is another webhook address, hence a secret.
Pure.
"""

from __future__ import annotations

from reconciler.integrations.base import kind, renamed
from reconciler.integrations.flows.discord import ACTIONS, probe
from reconciler.integrations.native_chat import SHAPES, discord_channels
from reconciler.integrations.rules import begins, matches

_NAMES = {"webhook": "webhook_url"}
_ADDRESSES = ("webhook_url", *(field.name for field in discord_channels()))
_HOST = "https://discord.com/"

KIND = kind(
    "discord",
    renamed(SHAPES["discord"], _NAMES),
    renamed=_NAMES,
    rules=(
        *(begins(name, _HOST, "GitLab takes no other host for Discord webhooks") for name in _ADDRESSES),
        *(matches(name, r".*(?<!/slack)", "ends in `/slack`", "leave `/slack` away") for name in _ADDRESSES),
    ),
    manual=("In Discord: add a webhook in the channel's settings (Integrations).",),
    credential=("webhook_url",),
    probe=probe,
    actions=ACTIONS,
)
