"""Mend (formerly WhiteSource): CI/CD variables for scans, for the Mend CLI or the older Unified Agent.

GitLab has no Mend integration, so an entry becomes variables only. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.resource import Part
from reconciler.core.value import Text
from reconciler.integrations.base import kind, secret, text
from reconciler.integrations.flows.whitesource import ACTIONS, probe
from reconciler.integrations.objects import VARIABLE_OPTIONS, variables
from reconciler.integrations.rules import Objection, Values, known, maskable, plainly, stated, web_url

_CLI = {
    "plain": {"MEND_URL": "url", "MEND_EMAIL": "email", "MEND_ORGANIZATION": "organization"},
    "masked": {"MEND_USER_KEY": "user_key"},
}
_AGENT = {
    "plain": {"WS_WSS_URL": "url", "WS_PRODUCTNAME": "product", "WS_PROJECTNAME": "project"},
    "masked": {"WS_APIKEY": "api_key", "WS_USERKEY": "user_key"},
}


def parts(values: Values) -> Iterator[Part]:
    """The variables of the chosen scanner."""
    return variables(values, **(_AGENT if values.get("scanner") == "unified-agent" else _CLI))


def _scanner(values: Values) -> Iterator[Objection]:
    if isinstance(values.get("scanner"), Text):
        return
    agent = values.get("scanner") == "unified-agent"
    wanted = "api_key" if agent else "email"
    if not stated(values, wanted):
        yield wanted, f"is needed for the {'Unified Agent' if agent else 'Mend CLI'}", f"state `{wanted}`"
    url = known(values, "url")
    if url is not None and agent is not url.rstrip("/").endswith("/agent"):
        hint = "write https://ENVIRONMENT.whitesourcesoftware.com/agent" if agent else "leave `/agent` away"
        yield "url", f"is not the {'Unified Agent' if agent else 'Mend CLI'}'s", hint


KIND = kind(
    "whitesource",
    None,
    text("url", "Address of the environment.", required=True, example="https://saas.mend.io"),
    text("scanner", "What jobs scan with.", choices=("cli", "unified-agent"), default="cli"),
    text("email", "Mail address of the service user."),
    secret("user_key", "User key of the service user.", required=True),
    secret("api_key", "The organisation's key; the Unified Agent needs it."),
    text("organization", "Id of the organisation."),
    text("product", "Name of the product, for the Unified Agent."),
    text("project", "Name of the project, for the Unified Agent."),
    *VARIABLE_OPTIONS,
    parts=parts,
    rules=(
        web_url("url"),
        plainly("it decides which variables there are", "scanner"),
        _scanner,
        maskable("user_key", "api_key"),
    ),
    manual=("In Mend: make a service user and its user key.",),
    credential=("url", "email", "user_key", "api_key"),
    probe=probe,
    actions=ACTIONS,
)
