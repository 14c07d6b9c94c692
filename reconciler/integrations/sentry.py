"""Sentry: CI/CD variables for releases and events, and GitLab's error-tracking switch; releases made on request.

Which Sentry project GitLab shows cannot be set by API: a person does that once. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.resource import Part
from reconciler.integrations.base import boolean, kind, secret, text
from reconciler.integrations.flows.sentry import ACTIONS
from reconciler.integrations.flows.sentry_probe import probe
from reconciler.integrations.objects import VARIABLE_OPTIONS, variables
from reconciler.integrations.rules import Objection, Values, known, maskable, matches, split, stated, together, web_url


def parts(values: Values) -> Iterator[Part]:
    """The variables, and the switch where it is stated."""
    yield from variables(
        values,
        plain={
            "SENTRY_ENVIRONMENT": "environment",
            "SENTRY_RELEASE": "release",
            "SENTRY_ORG": "organization",
            "SENTRY_PROJECT": "project",
            "SENTRY_URL": "url",
        },
        masked={"SENTRY_DSN": "dsn", "SENTRY_AUTH_TOKEN": "auth_token"},
    )
    if values.get("error_tracking") is not None:
        fields = {"active": values["error_tracking"], "integrated": values.get("integrated")}
        yield Part("error_tracking", "switch", {k: v for k, v in fields.items() if v is not None})


def _dsn(values: Values) -> Iterator[Objection]:
    dsn = known(values, "dsn")
    parts = split(dsn) if dsn is not None else None
    if dsn is not None and not (parts and parts.username and parts.hostname and parts.path.strip("/")):
        yield "dsn", "is no DSN", "it looks like https://KEY@HOST/PROJECT"


def _integrated(values: Values) -> Iterator[Objection]:
    if stated(values, "integrated") and not stated(values, "error_tracking"):
        yield "integrated", "says nothing without `error_tracking`", "state `error_tracking` as well"


KIND = kind(
    "sentry",
    None,
    secret("dsn", "Client key address to which events are sent.", required=True, example="https://KEY@sentry.io/1"),
    text("environment", "Environment of events and deploys.", example="production"),
    text("release", "Release of events.", example="v1.2.3"),
    text("url", "Address of Sentry, where it is not sentry.io.", example="https://sentry.example.org"),
    text("organization", "Short name of the organisation."),
    text("project", "Short name of the project."),
    secret("auth_token", "Token for releases and for the probe."),
    boolean("error_tracking", "Whether GitLab's error tracking is on. It must have been set up once."),
    boolean("integrated", "Whether GitLab itself collects errors, in place of Sentry."),
    *VARIABLE_OPTIONS,
    parts=parts,
    rules=(
        _dsn,
        _integrated,
        web_url("url"),
        together("organization", "project"),
        matches("release", r"(?!\.{1,2}$|latest$)[^/\\\n]+", "is no release name", "no `/`, no `\\`, and not `latest`"),
        maskable("dsn", "auth_token"),
    ),
    manual=(
        "In GitLab: connect the Sentry project (Settings, Monitor, Error tracking); no API sets its address and token.",
    ),
    credential=("url", "auth_token", "dsn"),
    probe=probe,
    actions=ACTIONS,
)
