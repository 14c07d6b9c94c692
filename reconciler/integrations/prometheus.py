"""Prometheus: CI/CD variables for jobs that push to a Pushgateway; metrics pushed on request.

GitLab has no Prometheus integration any more, so an entry becomes variables only. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reconciler.core.resource import Part
from reconciler.integrations.base import kind, pairs, secret, text
from reconciler.integrations.flows.prometheus import ACTIONS, probe
from reconciler.integrations.objects import VARIABLE_OPTIONS, variables
from reconciler.integrations.rules import Objection, Values, maskable, together, web_url

_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parts(values: Values) -> Iterator[Part]:
    """The variables."""
    return variables(
        values,
        plain={
            "PROMETHEUS_PUSHGATEWAY_URL": "pushgateway_url",
            "PROMETHEUS_JOB": "job",
            "PROMETHEUS_PUSHGATEWAY_USERNAME": "username",
        },
        masked={"PROMETHEUS_PUSHGATEWAY_PASSWORD": "password"},
    )


def _labels(values: Values) -> Iterator[Objection]:
    grouping = values.get("grouping")
    for label in grouping if isinstance(grouping, Mapping) else ():
        if label == "job" or not _LABEL.fullmatch(str(label)):
            yield "grouping", f"`{label}` cannot be a label here", "letters, digits and `_`; the job stands in `job`"


KIND = kind(
    "prometheus",
    None,
    text("pushgateway_url", "Address of the Pushgateway.", required=True, example="https://pushgateway.example.org"),
    text("job", "Name of the job under which metrics are pushed.", default="gitlab"),
    pairs("grouping", "Further labels of the group that metrics are pushed to.", ours=True),
    text("username", "User, where a proxy before the Pushgateway asks for one."),
    secret("password", "Password of that user."),
    text("prometheus_url", "Address of the Prometheus that scrapes it, for the probe.", ours=True),
    *VARIABLE_OPTIONS,
    parts=parts,
    rules=(
        web_url("pushgateway_url", "prometheus_url"),
        together("username", "password"),
        maskable("password"),
        _labels,
    ),
    manual=("In Prometheus: scrape the Pushgateway with `honor_labels: true`; that is a file, no API.",),
    credential=("pushgateway_url", "username", "password"),
    probe=probe,
    actions=ACTIONS,
)
