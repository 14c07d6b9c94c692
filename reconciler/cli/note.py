"""Keeps one note up to date on a merge request: found by its invisible first line and its author, else written anew.

GitLab has no such call of its own. A job's own token can only read notes: another one is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler.core.errors import RemoteError, UsageError
from reconciler.core.flow import Failure, Flow, Pause, Request, Response

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.core.errors import Problem
    from reconciler.core.plan import Plan
    from reconciler.engine.workspace import Workspace

_PAGES = 20
"""Pages of 100 notes that are looked through; the note is among the newest, because every run touches it."""


def merge_request(environ: Mapping[str, str]) -> tuple[str, str] | None:
    """The project and number of the merge request that this pipeline is for, None in any other pipeline."""
    project, number = environ.get("CI_MERGE_REQUEST_PROJECT_ID"), environ.get("CI_MERGE_REQUEST_IID")
    return (project, number) if project and number else None


def keep_note(workspace: Workspace, environ: Mapping[str, str], body: str) -> str:
    """Write the note; says what was done. Raises `ReconcilerError` when that is not possible."""
    where = merge_request(environ)
    if where is None:
        raise UsageError(
            "this is no pipeline of a merge request",
            hint="CI_MERGE_REQUEST_PROJECT_ID and CI_MERGE_REQUEST_IID say which one a note is for",
        )
    return workspace.http.run(upsert(*where, body))


def show_on_merge_request(session: Session, workspace: Workspace, plan: Plan, brakes: Sequence[Problem]) -> None:
    """Keep the plan's note up to date; in other pipelines, or without the right, only say that it was not done."""
    from reconciler.output import markdown
    from reconciler.output.human.problems import warning

    if merge_request(session.environ) is None:
        return
    try:
        keep_note(workspace, session.environ, markdown.plan(plan, brakes=brakes, links=pipeline_links(session.environ)))
    except RemoteError as refused:
        session.warn(warning(refused))


def pipeline_links(environ: Mapping[str, str]) -> dict[str, str]:
    """Where the job and the pipeline that we run in, and the commit that they are of, can be seen."""
    named = (("Job", "CI_JOB_URL"), ("Pipeline", "CI_PIPELINE_URL"))
    links = {label: environ[name] for label, name in named if environ.get(name)}
    project, commit = environ.get("CI_PROJECT_URL"), environ.get("CI_COMMIT_SHA")
    return {**links, f"Commit {commit[:8]}": f"{project}/-/commit/{commit}"} if project and commit else links


def upsert(project: str, number: str, body: str) -> Flow[str]:
    """The conversation: who are we, which note is ours, then change it or write one. Returns what was done."""
    notes = f"/api/v4/projects/{quote(project, safe='')}/merge_requests/{quote(number, safe='')}/notes"
    marker = body.split("\n", 1)[0]
    me = _data((yield Request("GET", "/api/v4/user")), "ask who we are, to find our note on the merge request")
    for page in range(1, _PAGES + 1):
        query = {"order_by": "updated_at", "sort": "desc", "per_page": 100, "page": page}
        found = _data((yield Request("GET", notes, query=query)), "read the notes of the merge request")
        for note in found:
            author = (note.get("author") or {}).get("id")
            if not note.get("system") and author == me["id"] and note["body"].startswith(marker):
                request = Request("PUT", f"{notes}/{note['id']}", json={"body": body}, writes=True)
                _data((yield request), "change the note on the merge request")
                return f"note {note['id']} was brought up to date"
        if len(found) < 100:
            break
    made = _data(
        (yield Request("POST", notes, json={"body": body}, writes=True)), "write the note on the merge request"
    )
    return f"note {made['id']} was written"


# ---------------------------------------------------------------------------------------------------------------------


def _data(answer: Response | Failure | Pause | None, what: str) -> Any:
    if isinstance(answer, Response) and answer.ok:
        return answer.data()
    status = answer.status if isinstance(answer, Response) else None
    why = answer.summary if isinstance(answer, Failure) else f"GitLab answered {status}"
    hint = "a job's own token can only read notes: use one with scope `api`" if status in (401, 403) else ""
    raise RemoteError(f"cannot {what}: {why}", status=status, hint=hint)
