"""New Relic: CI/CD variables for jobs; metrics, events and deployment markers on request.

GitLab has no New Relic integration, so an entry becomes variables only. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.resource import Part
from reconciler.integrations.base import kind, secret, text
from reconciler.integrations.flows.newrelic import ACTIONS, probe
from reconciler.integrations.objects import VARIABLE_OPTIONS, variables
from reconciler.integrations.rules import Objection, Values, known, maskable, matches, one_of


def parts(values: Values) -> Iterator[Part]:
    """The variables."""
    return variables(
        values,
        plain={"NEW_RELIC_ACCOUNT_ID": "account_id", "NEW_RELIC_REGION": "region"},
        masked={"NEW_RELIC_LICENSE_KEY": "license_key", "NEW_RELIC_API_KEY": "api_key"},
    )


def _keys(values: Values) -> Iterator[Objection]:
    if (known(values, "license_key") or "").startswith("NRAK-"):
        yield "license_key", "is a user key", "state it as `api_key`; the licence key has 40 characters"
    if (known(values, "license_key") or "").startswith("eu01") and values.get("region", "US") == "US":
        yield "region", "is not the key's: it belongs to the EU", "set `region: EU`"


KIND = kind(
    "newrelic",
    None,
    secret("license_key", "Licence key, with which metrics and events are sent."),
    secret("api_key", "User key (NRAK-…), for queries and deployment markers."),
    text("account_id", "Number of the account.", required=True),
    text("region", "Where the account lives.", choices=("US", "EU"), default="US"),
    text("entity_guid", "GUID of the entity that deployments are marked on.", ours=True),
    *VARIABLE_OPTIONS,
    parts=parts,
    rules=(
        one_of("license_key", "api_key"),
        matches("account_id", r"\d+", "is no account number", "digits only"),
        _keys,
        maskable("license_key", "api_key"),
    ),
    credential=("region", "license_key", "api_key"),
    probe=probe,
    actions=ACTIONS,
)
