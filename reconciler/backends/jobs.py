"""Whether the CI job that a lock names has ended, asked from its GitLab."""

from __future__ import annotations

import re
from urllib.parse import quote

from reconciler.core.errors import RemoteError
from reconciler.core.flow import Request
from reconciler.core.ports import Http

JOB = re.compile(r"https?://[^/\s]+/(?P<project>\S+?)/-/jobs/(?P<job>\d+)")
ENDED = frozenset({"success", "failed", "canceled", "skipped"})
HIDDEN = frozenset({301, 401, 403, 404})


def has_ended(text: str, http: Http) -> bool:
    """Whether the job whose URL stands in a text is over; False for no job, and for one that cannot be seen."""
    found = JOB.search(text)
    if found is None:
        return False
    path = f"/api/v4/projects/{quote(found['project'], safe='')}/jobs/{found['job']}"
    try:
        job = http.send(Request("GET", path, accept=HIDDEN)).data()
    except RemoteError:
        return False
    same = isinstance(job, dict) and job.get("status") in ENDED
    # A job of the same path on another GitLab is another job.
    return same and str(job.get("web_url") or found.group()) == found.group()
