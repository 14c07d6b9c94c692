"""Jenkins: jobs built on pushes, tags and merge requests.

Becomes GitLab's `jenkins` integration for `project_name`; each of `jobs` becomes a project webhook to the address of
the Jenkins plugin. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from reconciler.core.resource import Part
from reconciler.core.value import Text, Value
from reconciler.integrations.base import join, kind, renamed, secret, texts
from reconciler.integrations.flows.jenkins import probe
from reconciler.integrations.flows.jenkins_builds import ACTIONS
from reconciler.integrations.native import SHAPES
from reconciler.integrations.rules import Objection, Values, matches, plainly, together, web_url

_NAMES = {"password": "api_token"}
_FLAGS = {
    "trigger_on_push": "push",
    "trigger_on_merge_request": "merge_request",
    "trigger_on_tag_push": "tag_push",
}
_PATH = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})+"
_SHAPE = renamed(SHAPES["jenkins"], _NAMES, _FLAGS)


def _events(values: Values) -> Value:
    if values.get("events") is not None:
        return values["events"]
    default = {name: _SHAPE.by_name[name].default for name in _FLAGS}
    return tuple(event for name, event in _FLAGS.items() if values.get(name, default[name]))


def _jobs(values: Values) -> tuple[Value, ...]:
    jobs = values.get("jobs")
    return tuple(jobs) if isinstance(jobs, list | tuple) else ()


def parts(values: Values) -> Iterator[Part]:
    """A webhook for each further job."""
    server = values.get("jenkins_url")
    if isinstance(server, str):
        server = server.strip().rstrip("/")
    for job in _jobs(values):
        path = quote(job.strip("/")) if isinstance(job, str) else job
        fields = {
            "name": join("jenkins ", job),
            "url": join(server, "/project/", path),
            "events": _events(values),
            "secret_token": values.get("job_token"),
            "enable_ssl_verification": values.get("enable_ssl_verification", True),
        }
        written = job.source if isinstance(job, Text) else job
        key = re.sub(r"[^A-Za-z0-9_-]+", "-", written).strip("-")
        yield Part("hook", key, {name: value for name, value in fields.items() if value is not None})


def _distinct(values: Values) -> Iterator[Objection]:
    jobs = _jobs(values)
    if values.get("project_name") in jobs:
        yield "jobs", "names `project_name` again", "list further jobs only"
    yield from plainly("it decides how many webhooks there are", "jobs")(values)
    if jobs:
        yield from plainly("the webhooks of `jobs` follow it", *_FLAGS)(values)
    for job in sorted({str(job) for job in jobs if jobs.count(job) > 1}):
        yield "jobs", f"names `{job}` twice", "list each job once"


KIND = kind(
    "jenkins",
    _SHAPE,
    texts("jobs", "Further jobs, built by webhooks; with their folders, as in their addresses."),
    secret("job_token", "Secret token of the further jobs, from their GitLab trigger in Jenkins."),
    renamed=_NAMES,
    parts=parts,
    rules=(
        web_url("jenkins_url"),
        matches("project_name", _PATH, "holds what cannot stand in an address", "write the job as in its address"),
        together("username", "api_token"),
        _distinct,
    ),
    manual=("In Jenkins: install the GitLab plugin, and in each job switch on building when GitLab reports a change.",),
    credential=("jenkins_url", "username", "api_token"),
    probe=probe,
    actions=ACTIONS,
)
