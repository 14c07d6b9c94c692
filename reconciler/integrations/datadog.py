"""Datadog: pipelines, job logs and webhooks' events in Datadog; metrics, logs and events on request.

Becomes GitLab's `datadog` integration. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.integrations.base import kind, renamed, secret
from reconciler.integrations.flows.datadog import ACTIONS, probe
from reconciler.integrations.native import SHAPES
from reconciler.integrations.rules import Objection, Values, known, matches, stated, web_url

_NAMES = {
    "datadog_site": "site",
    "datadog_service": "service",
    "datadog_env": "env",
    "datadog_tags": "tags",
    "datadog_ci_visibility": "enable_metrics",
    "archive_trace_events": "enable_logs",
}
_DOMAIN = r"\w+([-.]\w+)*\.[A-Za-z]{2,5}(:[0-9]{1,5})?"
_TAG = re.compile(r"[\w-]+:.*\S.*", re.ASCII)


def _tags(values: Values) -> Iterator[Objection]:
    for line in (known(values, "tags") or "").strip().split("\n"):
        if line.strip() and not _TAG.fullmatch(line):
            yield "tags", "has a line that is no `key:value`", "write one `key:value` a line"


def _logs_need_visibility(values: Values) -> Iterator[Objection]:
    if values.get("enable_logs") is True and values.get("enable_metrics", False) is False:
        yield (
            "enable_logs",
            "needs `enable_metrics`: GitLab sends logs with CI Visibility only",
            "set `enable_metrics: true`",
        )


def _somewhere(values: Values) -> Iterator[Objection]:
    if "site" in values and not stated(values, "site") and not stated(values, "api_url"):
        yield "site", "is empty, and there is no `api_url`", "state one of them"


KIND = kind(
    "datadog",
    renamed(SHAPES["datadog"], _NAMES),
    secret("app_key", "Application key, for what needs one beside the API key.", ours=True),
    renamed=_NAMES,
    rules=(
        matches("api_key", r"[\w-]+", "is no API key", "letters, digits and `_` only"),
        matches("site", _DOMAIN, "is no site", "write one like datadoghq.eu"),
        matches("site", r"(?!app\.).*", "begins with `app.`, which GitLab drops", "write the site without `app.`"),
        web_url("api_url"),
        _somewhere,
        _tags,
        _logs_need_visibility,
    ),
    credential=("api_key", "app_key", "site", "api_url"),
    probe=probe,
    actions=ACTIONS,
)
