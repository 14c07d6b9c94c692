"""Which environment variable supplies a field that a program left out: `SLACK_WEBHOOK_URL`, `JIRA_API_TOKEN`. Pure."""

from __future__ import annotations

import re


def variable_of(kind: str, field: str) -> str:
    """The variable of a kind's field, or of one entry of a map (`custom_headers.X-Team`).

    A field that begins with its kind's name does not repeat it (`JENKINS_URL`). AWS's own variables hold credentials of
    ours, so what belongs to AWS goes without that word.
    """
    prefix, name = _words(kind).removeprefix("AWS_"), _words(field)
    return name if name.startswith(prefix + "_") else f"{prefix}_{name}"


def _words(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").upper()
