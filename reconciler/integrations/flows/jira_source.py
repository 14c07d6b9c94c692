"""A GitLab issue as it shall be in Jira: its words, labels, type, and the marks by which it is known again.

Pure values. The marks are made from GitLab's address, the project's number and the issue's, so that they survive a
renamed project.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.resource import Subject
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import mapping, sequence
from reconciler.integrations.flows.gitlab_lists import Project
from reconciler.integrations.flows.jira_issue import digest, mark
from reconciler.integrations.flows.jira_site import SUMMARY_LIMIT, Site
from reconciler.integrations.flows.jira_text import plain_text
from reconciler.integrations.flows.values import text_of


@dataclass(frozen=True, slots=True)
class Source:
    """A GitLab issue as it shall be in Jira."""

    fact: str
    label: str
    global_id: str
    shown: str
    title: str
    description: str
    labels: tuple[str, ...]
    closed: bool
    url: str
    type: str = ""


def project_key(subject: Subject, path: str) -> str:
    """The Jira project of a GitLab project: as mapped, else the entry's; empty where there is none."""
    by_path = {str(name).lower(): str(key) for name, key in mapping(subject.values.get("project_mapping")).items()}
    return by_path.get(path.lower()) or text_of(subject.values, "project_key")


def source_of(subject: Subject, parameters: Mapping[str, Value], project: Project, row: Mapping[str, Any]) -> Source:
    """A GitLab issue, from GitLab's JSON, as the entry wants it in Jira."""
    iid, labels = int(row["iid"]), [str(label) for label in sequence(row.get("labels"))]
    types = {str(k).lower(): str(v) for k, v in mapping(subject.values.get("issue_type_mapping")).items()}
    by_label = next((types[label.lower()] for label in labels if label.lower() in types), "")
    return Source(
        fact=f"issue/{project.id}/{iid}",
        label=mark(project.base, project.id, "issue", iid),
        global_id=f"reconciler:issue:{project.base}/{project.id}/{iid}"[:255],
        shown=f"{project.path}#{iid}",
        title=" ".join(str(row.get("title") or "").split())[:SUMMARY_LIMIT],
        description=str(row.get("description") or ""),
        labels=tuple(sorted({"_".join(label.split()) for label in labels if label.strip()})),
        closed=row.get("state") == "closed",
        url=str(row.get("web_url") or f"{project.base}/{project.path}/-/issues/{iid}"),
        type=text_of(parameters, "issue_type") or by_label or text_of(subject.values, "issue_type"),
    )


def words_of(site: Site, source: Source) -> dict[str, Plain]:
    """Digests of an issue's words as Jira shows them while nobody has touched them."""
    body = site.body(source.description)
    return {"summary": digest(plain_text(source.title)), "description": digest(plain_text(body))}


def label_operations(labels: Iterable[str], source: Source, last: Iterable[Any]) -> list[Mapping[str, str]]:
    """What makes an issue carry GitLab's labels and its mark; labels that others have put there stay."""
    wanted = {*source.labels, source.label}
    gone = (set(map(str, last)) - wanted) & set(labels)
    return [*({"add": one} for one in sorted(wanted - set(labels))), *({"remove": one} for one in sorted(gone))]


def link_body(global_id: str, relationship: str, url: str, title: str) -> dict[str, Any]:
    """A remote link; Jira updates the one of the same global id."""
    return {
        "globalId": global_id,
        "application": {"type": "com.gitlab", "name": "GitLab"},
        "relationship": relationship,
        "object": {"url": url, "title": title[:SUMMARY_LIMIT]},
    }
