"""Snyk: CI/CD variables for scans.

GitLab has no Snyk integration, so an entry becomes variables only. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.resource import Part
from reconciler.integrations.base import kind, secret, text
from reconciler.integrations.flows.snyk import ACTIONS, probe
from reconciler.integrations.objects import VARIABLE_OPTIONS, variables
from reconciler.integrations.rules import Values, begins, maskable


def parts(values: Values) -> Iterator[Part]:
    """The variables."""
    return variables(
        values,
        plain={"SNYK_CFG_ORG": "organization", "SNYK_API": "api_url"},
        masked={"SNYK_TOKEN": "token"},
    )


KIND = kind(
    "snyk",
    None,
    secret("token", "API token; it belongs to one region.", required=True),
    text("organization", "Id or short name of the organisation."),
    text(
        "api_url", "Address of the region's API, where it is not https://api.snyk.io.", example="https://api.eu.snyk.io"
    ),
    *VARIABLE_OPTIONS,
    parts=parts,
    rules=(begins("api_url", "https://", "Snyk answers 404 without TLS"), maskable("token")),
    credential=("api_url", "token"),
    probe=probe,
    actions=ACTIONS,
)
