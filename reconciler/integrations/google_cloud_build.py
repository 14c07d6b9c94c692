"""Google Cloud Build: a trigger started by GitLab's events, or on request.

Becomes a webhook to the trigger's address; API key and secret are URL variables, which GitLab never shows. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.resource import Part
from reconciler.core.value import Value
from reconciler.integrations.base import PROJECT, events_field, join, kind, secret, text
from reconciler.integrations.flows.google_cloud_build import ACTIONS, probe
from reconciler.integrations.rules import Objection, Values, matches, stated
from reconciler.integrations.webhook import HOOK

_HOST = "https://cloudbuild.googleapis.com/v1/projects/"
_KEYS = "key={key}&secret={secret}"


def address(values: Values) -> Value:
    """The trigger's webhook address, with `{key}` and `{secret}` for the credentials."""
    project, trigger, place = values.get("project"), values.get("trigger"), values.get("location")
    if not stated(values, "location") or place == "global":
        return join(_HOST, project, "/triggers/", trigger, f":webhook?{_KEYS}")
    where = join(_HOST, project, "/locations/", place, "/triggers/", trigger)
    return join(where, f":webhook?{_KEYS}&trigger=", trigger, "&projectId=", project)


def parts(values: Values) -> Iterator[Part]:
    """The webhook."""
    fields = {
        "name": join("Google Cloud Build ", values.get("trigger")),
        "url": address(values),
        "url_variables": {"key": values.get("api_key"), "secret": values.get("webhook_secret")},
        "events": values.get("events") or tuple(HOOK.default_events),
        "push_events_branch_filter": values.get("branch_filter"),
        "enable_ssl_verification": True,
    }
    yield Part(HOOK.name, "trigger", {name: value for name, value in fields.items() if value is not None})


def _some_events(values: Values) -> Iterator[Objection]:
    if "events" in values and not values["events"]:
        yield "events", "is empty, so the trigger would never start", "list at least one"


_NAME = r"[A-Za-z0-9][A-Za-z0-9-]{0,63}"

KIND = kind(
    "google-cloud-build",
    None,
    text("project", "Id of the Google Cloud project.", required=True, example="acme-project"),
    text("location", "Region of the trigger; none for a global one.", example="europe-west1"),
    text("trigger", "Name of the trigger.", required=True),
    secret("api_key", "API key that may call Cloud Build.", required=True),
    secret("webhook_secret", "Secret of the trigger, from Secret Manager.", required=True),
    events_field(HOOK.events, HOOK.default_events, "Events that start the trigger."),
    text("branch_filter", "Branches whose pushes start the trigger; wildcards."),
    secret("access_token", "OAuth token for the probe and for runs on request.", ours=True),
    parts=parts,
    rules=(
        matches(
            "project", r"[a-z][a-z0-9:.-]{4,61}[a-z0-9]", "is no project id", "take the id, not the number or the name"
        ),
        matches("location", r"[a-z]+(-[a-z]+\d+)?", "is no location", "write one like europe-west1"),
        matches("trigger", _NAME, "is no trigger name", "letters, digits and `-`, 64 at most"),
        _some_events,
    ),
    manual=("In Google Cloud: make the webhook trigger, its secret, and an API key for the Cloud Build API.",),
    scopes=PROJECT,
    credential=("project", "location", "trigger", "access_token"),
    probe=probe,
    actions=ACTIONS,
)
