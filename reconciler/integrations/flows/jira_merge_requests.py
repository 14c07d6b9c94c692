"""Merge requests and commits linked to the Jira issues that they name.

Pure flows. A link has a global id made of GitLab's address and numbers, by which Jira updates it and makes no second
one; it says whether the merge request is still open. Links that are no longer named stay. Source:
https://developer.atlassian.com/cloud/jira/platform/rest/v3/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from reconciler.core.address import ScopeType
from reconciler.core.errors import ReconcilerError, RemoteError
from reconciler.core.flow import Flow
from reconciler.core.resource import Subject
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import mapping, sequence, shown
from reconciler.integrations.flows.gitlab_lists import Changes, Project, projects, read
from reconciler.integrations.flows.jira_issue import KEY, digest, path_of
from reconciler.integrations.flows.jira_site import Site, site
from reconciler.integrations.flows.jira_source import link_body
from reconciler.integrations.flows.memory import Memory
from reconciler.integrations.flows.values import need, text_of

_NAMED = re.compile(rf"(?<![A-Za-z0-9_-])({KEY.pattern})(?![0-9])")
_CLOSES = re.compile(r"\b(?:clos|fix|resolv|implement)(?:e[sd]?|ing|s|ed)?:?\s+#([0-9]+)", re.IGNORECASE)


def sync_merge_requests(subject: Subject, _parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Link the scope's merge requests that have changed since the last sync to the Jira issues that they name.

    Raises `RemoteError` where it cannot go on; what was done until then is remembered.
    """
    memory, at = Memory(subject), (yield from site(subject))
    done: dict[str, int] = {"linked": 0, "unchanged": 0, "unnamed": 0}
    missing: list[Mapping[str, Plain]] = []
    for project in (yield from projects(subject.scope)):
        place = f"merge_requests/{project.id}"
        until = str(memory.of(place).get("until") or "")
        changes = Changes(project, "merge_requests", Changes.begin(until), {"scope": "all", "state": "all"})
        while not changes.finished:
            for row in (yield from changes.page()):
                keys = _named_by(subject, memory, project, row)
                outcome = (yield from _link(at, memory, project, row, keys, missing)) if keys else "unnamed"
                done[outcome] += 1
            yield from memory.keep({place: {"until": max(until, changes.until)}})
    return {**done, "missing_in_jira": tuple(missing)}


def link_commit(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Link a commit to Jira issues: those stated, or those that its message names."""
    if subject.scope.type is not ScopeType.PROJECT:
        raise ReconcilerError("a commit belongs to a project", hint="declare the entry at a project")
    (project,) = yield from projects(subject.scope)
    sha = need(parameters, "commit")
    answer = yield from read(f"{project.api}/repository/commits/{quote(sha, safe='')}", "read the commit")
    commit = shown(answer)
    if not commit.get("id"):
        raise RemoteError("could not read the commit: something other than GitLab answers")
    keys = _stated(parameters) or _keys(subject, (str(commit.get("message") or commit.get("title") or ""),))
    if not keys:
        raise ReconcilerError("the commit's message names no Jira issue", hint="state `issues`")
    at = yield from site(subject)
    url = str(commit.get("web_url") or f"{project.base}/{project.path}/-/commit/{commit['id']}")
    title = f"{project.path}@{commit.get('short_id', '')}: {commit.get('title', '')}"
    body = link_body(f"reconciler:commit:{project.base}/{project.id}/{commit['id']}", "GitLab commit", url, title)
    for key in keys:
        yield from at.write("POST", f"{path_of(key)}/remotelink", f"link the commit to {key}", body)
    return {"linked": tuple(keys)}


# ---------------------------------------------------------------------------------------------------------------------


def _named_by(subject: Subject, memory: Memory, project: Project, row: Mapping[str, Any]) -> list[str]:
    """The Jira issues that a merge request names, and those of the GitLab issues that it closes."""
    texts = [str(row.get(name) or "") for name in ("title", "description", "source_branch")]
    synced = [memory.of(f"issue/{project.id}/{iid}").get("key") for iid in _CLOSES.findall(texts[1])]
    return list(dict.fromkeys([*_keys(subject, texts), *(str(key) for key in synced if key)]))


def _keys(subject: Subject, texts: Iterable[str]) -> list[str]:
    """The keys in texts, of the entry's Jira projects where it names some."""
    known = {text_of(subject.values, "project_key"), *map(str, sequence(subject.values.get("project_keys")))}
    known |= {str(key) for key in mapping(subject.values.get("project_mapping")).values()}
    known -= {""}
    found = [key for text in texts for key in _NAMED.findall(text)]
    return list(dict.fromkeys(key for key in found if not known or key.rpartition("-")[0] in known))


def _link(
    at: Site,
    memory: Memory,
    project: Project,
    row: Mapping[str, Any],
    keys: list[str],
    missing: list[Mapping[str, Plain]],
) -> Flow[str]:
    iid, state = int(row["iid"]), str(row.get("state") or "")
    name, shown_as = f"merge_request/{project.id}/{iid}", f"{project.path}!{iid}"
    url = str(row.get("web_url") or f"{project.base}/{project.path}/-/merge_requests/{iid}")
    title = f"{shown_as}: {row.get('title') or ''} ({state})"
    says = digest(title, url, *keys)
    if memory.of(name).get("link") == says:
        return "unchanged"
    body = link_body(f"reconciler:merge_request:{project.base}/{project.id}/{iid}", "GitLab merge request", url, title)
    body["object"]["status"] = {"resolved": state in ("merged", "closed")}
    for key in keys:
        try:
            yield from at.write("POST", f"{path_of(key)}/remotelink", f"link {shown_as} to {key}", body)
        except RemoteError as error:
            if error.status not in (400, 404):
                raise
            missing.append({"merge_request": shown_as, "key": key})
    yield from memory.keep({name: {"link": says, "keys": tuple(keys)}})
    return "linked"


def _stated(parameters: Mapping[str, Value]) -> list[str]:
    stated = parameters.get("issues")
    words = re.split(r"[,\s]+", stated) if isinstance(stated, str) else sequence(stated)
    return [str(word).strip().upper() for word in words if str(word).strip()]
