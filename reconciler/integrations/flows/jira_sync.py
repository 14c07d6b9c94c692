"""GitLab issues to Jira: new ones made once, changed ones written, what both sides changed reported.

Pure flows. Per issue a fact is kept: its key, and digests of what was last written. GitLab's words are written where
Jira's are still those; where Jira's have moved too, nothing is overwritten. An issue deleted in Jira stays deleted, a
deleted one of GitLab's stays in Jira. Facts are durable before and after every create, so that a sync may end at any
request and be repeated. Confidential issues are left out unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.address import ScopeType
from reconciler.core.errors import ReconcilerError, RemoteError
from reconciler.core.flow import Flow, Request, Response
from reconciler.core.resource import Subject
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import listed, mapping, sequence, shown
from reconciler.integrations.flows.asking import ask
from reconciler.integrations.flows.gitlab_lists import Changes, Project, projects, read, taken_from_gitlab
from reconciler.integrations.flows.jira_issue import Draft, Issue, Maker, digest, marked, path_of
from reconciler.integrations.flows.jira_issue import read as read_issue
from reconciler.integrations.flows.jira_move import move
from reconciler.integrations.flows.jira_site import Site, site
from reconciler.integrations.flows.jira_source import (
    Source,
    label_operations,
    link_body,
    project_key,
    source_of,
    words_of,
)
from reconciler.integrations.flows.jira_text import plain_text
from reconciler.integrations.flows.memory import Memory
from reconciler.integrations.flows.messages import structure
from reconciler.integrations.flows.values import need, text_of

_OF_THIS_ISSUE = frozenset({400, 404, 409, 413, 422})
"""Refusals that concern one issue: the others go on."""

_CONTENT = ("summary", "description")
_TOLD = ("title", "description", "labels", "state", "web_url", "confidential")
_NO_KEY, _STATE_KEY = "there is no Jira project for this one", "state `project_key`, or map it in `project_mapping`"


@dataclass
class Tally:
    """What a sync did."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    conflicts: list[Mapping[str, Plain]] = field(default_factory=list)
    problems: list[Mapping[str, Plain]] = field(default_factory=list)
    deleted: list[Mapping[str, Plain]] = field(default_factory=list)
    issues: dict[str, Plain] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)

    def result(self) -> Mapping[str, Plain]:
        """For people. What was made or changed stands in `issues`: Jira's key by GitLab's reference."""
        counts = {"created": self.created, "updated": self.updated, "unchanged": self.unchanged}
        return {
            **counts,
            "skipped": self.skipped,
            "conflicts": tuple(self.conflicts),
            "problems": tuple(self.problems),
            "deleted_in_jira": tuple(self.deleted),
            "issues": self.issues,
        }


def sync_issues(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Bring the scope's issues that have changed since the last sync to Jira. Raises `RemoteError` where it cannot go
    on; what was done until then is remembered."""
    memory, at = Memory(subject), (yield from site(subject))
    sync = Sync(subject, parameters, at, memory)
    unmapped: list[str] = []
    for project in (yield from projects(subject.scope)):
        if key := project_key(subject, project.path):
            yield from _sync_project(sync, project, key)
        else:
            unmapped.append(project.path)
    if unmapped and subject.scope.type is ScopeType.PROJECT:
        raise ReconcilerError(_NO_KEY, hint=_STATE_KEY)
    return {**sync.tally.result(), "unmapped": tuple(unmapped)}


def sync_issue(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Bring one issue to Jira: what is told of it here, the rest as GitLab has it, if it has it."""
    memory, at = Memory(subject), (yield from site(subject))
    sync = Sync(subject, parameters, at, memory)
    if subject.scope.type is not ScopeType.PROJECT:
        raise ReconcilerError("an issue belongs to a project", hint="declare the entry at a project, or sync-issues")
    (project,) = yield from projects(subject.scope)
    key = text_of(parameters, "project_key") or project_key(subject, project.path)
    if not key:
        raise ReconcilerError(_NO_KEY, hint=_STATE_KEY)
    iid = int(need(parameters, "iid"))
    answer = yield from ask(Request("GET", f"{project.api}/issues/{iid}"))
    known = {} if isinstance(answer, Response) and answer.status == 404 else shown(taken_from_gitlab(answer))
    told = {name: parameters[name] for name in _TOLD if parameters.get(name) is not None}
    if not known and not told.get("title"):
        raise ReconcilerError(f"GitLab has no issue {iid}", hint="state its `title`, or another `iid`")
    yield from sync.take(project, key, [{**known, **told, "iid": iid}])
    fact = memory.of(f"issue/{project.id}/{iid}")
    return {**sync.tally.result(), "key": str(fact.get("key", ""))}


class Sync:
    """One run: the site, what is remembered, what was done."""

    def __init__(self, subject: Subject, parameters: Mapping[str, Value], site: Site, memory: Memory) -> None:
        self._subject, self._parameters, self._site, self.memory = subject, parameters, site, memory
        self._maker = Maker(site, memory)
        self._fields: Mapping[str, Any] = structure(parameters, "fields", of=dict) or {}
        self._taken: set[tuple[str, str]] = set()
        self.tally = Tally()

    def take(self, project: Project, key: str, rows: Sequence[Mapping[str, Any]]) -> Flow[None]:
        """Bring some issues to a Jira project."""
        sources = [
            (int(row["iid"]), source_of(self._subject, self._parameters, project, row))
            for row in rows
            if self._is_wanted(row)
        ]
        sources = [(iid, source) for iid, source in sources if (source.fact, digest(source)) not in self._taken]
        self._taken |= {(source.fact, digest(source)) for _, source in sources}
        self.tally.skipped += sum(not self._is_wanted(row) for row in rows)
        new = [source.label for _, source in sources if not self.memory.of(source.fact).get("key")]
        found = yield from marked(self._site, new)
        for iid, source in sources:
            try:
                yield from self._bring(iid, source, key, found.get(source.label))
            except RemoteError as error:
                if error.status not in _OF_THIS_ISSUE:
                    raise
                self.tally.again.add(iid)
                self.tally.problems.append({"issue": source.shown, "problem": error.message})

    def _is_wanted(self, row: Mapping[str, Any]) -> bool:
        return not row.get("confidential") or bool(self._parameters.get("confidential"))

    def _bring(self, iid: int, source: Source, project: str, found: Issue | None) -> Flow[None]:
        fact = self.memory.of(source.fact)
        if fact.get("key") and fact.get("seen") == digest(source):
            self.tally.unchanged += 1
            return
        if fact.get("key"):
            issue = yield from read_issue(self._site, str(fact["key"]))
            if issue is None:
                self.tally.deleted.append({"issue": source.shown, "key": str(fact["key"])})
                return
        else:
            issue = found or (yield from self._maker.existing(source.fact, source.label))
        changed, clash = True, list[str]()
        made = issue is None
        if issue is None:
            if source.closed and not self._parameters.get("closed"):
                self.tally.skipped += 1
                yield from self.memory.keep({source.fact: None})
                return
            issue = yield from self._make(source, project)
            fact = self.memory.of(source.fact)
            self.tally.created += 1
        else:
            written, changed, clash = yield from self._write(source, issue, fact)
            fact = {"key": issue.key, "written": written, "labels": source.labels, **_kept(fact)}
            yield from self.memory.keep({source.fact: fact})
        if changed:
            self.tally.issues[source.shown] = issue.key
        linked = yield from self._link(source, fact)
        moved = yield from self._move(source, issue, fact)
        if not made:
            self.tally.updated += changed or moved
            self.tally.unchanged += not (changed or moved)
        if moved:
            self.tally.issues[source.shown] = issue.key
        if clash:
            self.tally.again.add(iid)
            self.tally.conflicts.append({"issue": source.shown, "key": issue.key, "fields": tuple(clash)})
        seen = {} if clash else {"seen": digest(source)}
        yield from self.memory.keep({source.fact: {**fact, "link": linked, "closed": source.closed, **seen}})

    def _make(self, source: Source, project: str) -> Flow[Issue]:
        type_ = yield from self._maker.type_of(project, (source.type,))
        draft = Draft(project, type_, source.title, source.description, source.labels, self._fields)
        also: dict[str, Plain] = {"written": words_of(self._site, source), "labels": source.labels}
        key = yield from self._maker.make(source.fact, source.label, draft, also)
        yield from self.memory.keep({source.fact: {**also, "key": key}})
        return Issue(key, source.title, None, source.labels, "new")

    def _write(
        self, source: Source, issue: Issue, fact: Mapping[str, Any]
    ) -> Flow[tuple[Mapping[str, Plain], bool, list[str]]]:
        """Write what only GitLab has changed; what then was last written, whether anything was, what both changed."""
        wanted, last = words_of(self._site, source), mapping(fact.get("written"))
        live = {"summary": digest(plain_text(issue.summary)), "description": digest(plain_text(issue.description))}
        written, fields = dict(last), dict[str, Any]()
        clash: list[str] = []
        for name in _CONTENT:
            if wanted[name] == live[name]:
                written[name] = wanted[name]
            elif live[name] == last.get(name) or self._parameters.get("on_conflict") == "overwrite":
                fields[name] = source.title if name == "summary" else self._site.body(source.description)
            elif wanted[name] != last.get(name):
                clash.append(name)
        labels = label_operations(issue.labels, source, sequence(fact.get("labels")))
        body = {**({"fields": fields} if fields else {}), **({"update": {"labels": labels}} if labels else {})}
        if body:
            yield from self._site.write("PUT", path_of(issue.key), "change the issue", body)
        return {**written, **{name: wanted[name] for name in fields}}, bool(body), clash

    def _link(self, source: Source, fact: Mapping[str, Any]) -> Flow[str]:
        """The link from the Jira issue to GitLab's; one, by its global id. Returns the digest of what it says."""
        says = digest(source.url, source.title, source.closed)
        if fact.get("link") != says:
            body = link_body(source.global_id, "GitLab issue", source.url, f"{source.shown}: {source.title}")
            body["object"]["status"] = {"resolved": source.closed}
            yield from self._site.write("POST", f"{path_of(str(fact['key']))}/remotelink", "link the issue", body)
        return says

    def _move(self, source: Source, issue: Issue, fact: Mapping[str, Any]) -> Flow[bool]:
        """Close or reopen the Jira issue when GitLab's was, once: people may move it elsewhere after."""
        if source.closed == bool(fact.get("closed")) or source.closed == (issue.category == "done"):
            return False
        towards = ("done",) if source.closed else ("new", "indeterminate")
        first = text_of(self._subject.values, "transition_id") if source.closed else ""
        moved = yield from move(self._site, issue.key, towards, first)
        if not moved:
            problem = f"the workflow has no way to {'close' if source.closed else 'reopen'} it from where it is"
            self.tally.problems.append({"issue": source.shown, "key": issue.key, "problem": problem})
        return moved


# ---------------------------------------------------------------------------------------------------------------------


def _sync_project(sync: Sync, project: Project, key: str) -> Flow[None]:
    """The issues of a project: those left over from the last time, then those that have changed since."""
    place, again = f"issues/{project.id}", f"issues/{project.id}/again"
    left = sequence(sync.memory.of(again).get("iids"))
    sync.tally.again = set()
    for start in range(0, len(left), 50):
        query = {"iids[]": list(left[start : start + 50]), "per_page": 50}
        answer = yield from read(f"{project.api}/issues", "read the project's issues", query)
        yield from sync.take(project, key, listed(answer))
    until = str(sync.memory.of(place).get("until") or "")
    changes = Changes(project, "issues", Changes.begin(until), {"scope": "all"})
    while not changes.finished:
        yield from sync.take(project, key, (yield from changes.page()))
        iids: tuple[Plain, ...] = tuple(sorted(sync.tally.again))
        yield from sync.memory.keep(
            {place: {"until": max(until, changes.until)}, again: {"iids": iids} if iids else None}
        )


def _kept(fact: Mapping[str, Any]) -> Mapping[str, Plain]:
    return {name: fact[name] for name in ("link", "closed") if name in fact}
