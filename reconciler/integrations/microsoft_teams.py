"""Microsoft Teams: notifications in a channel, by a Workflows or connector webhook.

Becomes GitLab's `microsoft-teams` integration. Pure.
"""

from __future__ import annotations

from reconciler.integrations.base import boolean, kind, renamed
from reconciler.integrations.flows.microsoft_teams import ACTIONS, probe
from reconciler.integrations.native_chat import SHAPES
from reconciler.integrations.rules import web_url

_NAMES = {"webhook": "webhook_url"}

KIND = kind(
    "microsoft-teams",
    renamed(SHAPES["microsoft-teams"], _NAMES),
    boolean(
        "verify_workflow", "Let health checks start a workflow, which leaves a failed run in its history.", ours=True
    ),
    renamed=_NAMES,
    rules=(web_url("webhook_url"),),
    manual=("In Teams: add the workflow that posts to a channel when a webhook request is received.",),
    credential=("webhook_url",),
    probe=probe,
    actions=ACTIONS,
)
