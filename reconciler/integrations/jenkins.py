"""Jenkins: jobs built on pushes, tags and merge requests.

Becomes GitLab's `jenkins` integration for `project_name`; each of `jobs` becomes a project webhook to the address of
the Jenkins plugin. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from reconciler.core.resource import Part
from reconciler.integrations.base import join, kind, renamed, secret, texts
from reconciler.integrations.native import SHAPES
from reconciler.integrations.rules import Objection, Values, together, web_url

_NAMES = {"password": "api_token"}
_FLAGS = {
    "trigger_on_push": "push",
    "trigger_on_merge_request": "merge_request",
    "trigger_on_tag_push": "tag_push",
}
_SHAPE = renamed(SHAPES["jenkins"], _NAMES, _FLAGS)


def _events(values: Values) -> tuple[str, ...]:
    if values.get("events") is not None:
        return tuple(values["events"])
    default = {name: _SHAPE.by_name[name].default for name in _FLAGS}
    return tuple(event for name, event in _FLAGS.items() if values.get(name, default[name]))


def parts(values: Values) -> Iterator[Part]:
    """A webhook for each further job."""
    server = values.get("jenkins_url")
    if isinstance(server, str):
        server = server.strip().rstrip("/")
    for job in values.get("jobs") or ():
        name, path = f"jenkins {job}", quote(str(job).strip("/"))
        url = join(server, "/project/", path)
        fields = {
            "name": name,
            "url": url,
            "events": _events(values),
            "secret_token": values.get("job_token"),
            "enable_ssl_verification": values.get("enable_ssl_verification", True),
        }
        key = re.sub(r"[^A-Za-z0-9_-]+", "-", str(job)).strip("-")
        yield Part("hook", key, {k: v for k, v in fields.items() if v is not None}, identity={"name": name})


def _distinct(values: Values) -> Iterator[Objection]:
    jobs = list(values.get("jobs") or ())
    if values.get("project_name") in jobs:
        yield "jobs", "names `project_name` again", "list further jobs only"
    for job in sorted({str(job) for job in jobs if jobs.count(job) > 1}):
        yield "jobs", f"names `{job}` twice", "list each job once"


KIND = kind(
    "jenkins",
    _SHAPE,
    texts("jobs", "Further jobs, built by webhooks; with their folders, as in their addresses."),
    secret("job_token", "Secret token of the further jobs, from their GitLab trigger in Jenkins."),
    renamed=_NAMES,
    parts=parts,
    rules=(web_url("jenkins_url"), together("username", "api_token"), _distinct),
    manual=("In Jenkins: install the GitLab plugin, and in each job switch on building when GitLab reports a change.",),
    credential=("jenkins_url", "username", "api_token"),
)
