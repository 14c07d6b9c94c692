"""Making Jira issues once: types looked up, required fields asked for, and a mark by which an issue is known again.

Pure flows. Jira has no key by which a second create would be noticed, and Cloud's search lags. So each issue is made
with a label of its own; before it is made, a fact says that it is about to be, and above which number it must come to
be. Reading by number does not lag: when the answer is lost, the numbers above are read until the label is found.
Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from reconciler.core.errors import ReconcilerError, RemoteError, UnclearWrite
from reconciler.core.flow import Flow, Pause
from reconciler.core.value import Plain
from reconciler.integrations.flows.answers import mapping, objects, sequence, shown
from reconciler.integrations.flows.jira_site import SUMMARY_LIMIT, Site
from reconciler.integrations.flows.memory import Memory

READ = ("summary", "description", "labels", "status")
"""The fields of an issue that are looked at."""

KEY = re.compile(r"[A-Z][A-Z0-9_]+-[1-9][0-9]*")
_PENDING = "above"
_MISSES, _FARTHEST = 10, 300
"""How many numbers in a row may be vacant (deleted), and how many are read, before a lost issue is given up."""
_SETTLE_SECONDS = 3.0
_A_PAGE = 200
_JIRAS_OWN = frozenset({"reporter"})
"""Required fields that Jira fills in by itself; Data Center says of them that they have no default."""


def mark(*identity: object) -> str:
    """The label of what has this identity: short, without blanks, the same on every machine."""
    return f"gitlab-{digest(*identity)[:20]}"


def digest(*parts: object) -> str:
    """Whether texts are the same, in 64 hexadecimal digits."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Issue:
    """A Jira issue as far as it is looked at."""

    key: str
    summary: str
    description: Any
    labels: tuple[str, ...]
    category: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue to be made. `fields` are further ones, by Jira's ids."""

    project: str
    type: str
    summary: str
    description: str
    labels: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)


def issue_of(raw: Mapping[str, Any]) -> Issue:
    """An issue from Jira's JSON; raises `RemoteError` for anything else."""
    key, fields = raw.get("key"), mapping(raw.get("fields"))
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise RemoteError("could not read the issue: something other than Jira answers")
    status = mapping(fields.get("status"))
    return Issue(
        key,
        str(fields.get("summary") or ""),
        fields.get("description"),
        tuple(str(label) for label in sequence(fields.get("labels"))),
        str(mapping(status.get("statusCategory")).get("key") or ""),
        str(status.get("name") or ""),
    )


def path_of(key: str) -> str:
    """The path of an issue; raises `ReconcilerError` for what is no key."""
    if not KEY.fullmatch(key.strip().upper()):
        raise ReconcilerError("this is no key of a Jira issue", hint="write one like PROJ-12")
    return f"/issue/{key.strip().upper()}"


def read(site: Site, key: str) -> Flow[Issue | None]:
    """An issue; None where it was deleted or is hidden."""
    answer = yield from site.find(path_of(key), "read the issue", {"fields": ",".join(READ)})
    return None if answer is None else issue_of(shown(answer))


def marked(site: Site, marks: Sequence[str]) -> Flow[Mapping[str, Issue]]:
    """The issues that carry these labels, by label: the first made where several do (clones keep their labels)."""
    found: dict[str, Issue] = {}
    if not marks:
        return found
    listed = ", ".join(f'"{one}"' for one in marks)
    rows = yield from site.search(f"labels in ({listed}) ORDER BY key ASC", READ, most=10 * len(marks))
    for issue in sorted((issue_of(row) for row in rows), key=lambda one: number_of(one.key)):
        for one in issue.labels:
            if one in marks:
                found.setdefault(one, issue)
    return found


def number_of(key: str) -> int:
    """The number in a key."""
    return int(key.rpartition("-")[2])


class Maker:
    """Makes issues at a site, each once. Types and required fields are asked for once per project and type."""

    def __init__(self, site: Site, memory: Memory) -> None:
        self.site, self.memory = site, memory
        self._types: dict[str, tuple[Mapping[str, Any], ...]] = {}
        self._required: dict[tuple[str, str], tuple[Mapping[str, Any], ...]] = {}
        self._above: dict[str, int] = {}

    def type_of(self, project: str, wanted: Iterable[str]) -> Flow[str]:
        """The id of the first wanted type that is named; of `Task`, or any, where none is.

        Raises `ReconcilerError` for a named one that the project does not have.
        """
        if project not in self._types:
            path = f"/issue/createmeta/{quote(project, safe='')}/issuetypes"
            found = yield from self._metadata(path, "read the project's issue types", "issueTypes")
            if found is None:
                hint = "check the key, and that the user may make issues there"
                raise ReconcilerError(f"Jira knows no project `{project}`, or hides it", hint=hint)
            self._types[project] = found
        types = self._types[project]
        named = next((name for name in wanted if name), "")
        for name in (named,) if named else ("Task", *(str(t.get("name")) for t in types if not t.get("subtask"))):
            for one in types:
                if name.lower() in (str(one.get(n, "")).lower() for n in ("name", "untranslatedName")):
                    return str(one.get("id"))
        known = ", ".join(f"`{one.get('name')}`" for one in types)
        raise ReconcilerError(f"the Jira project `{project}` has no issue type `{named}`", hint=f"it has {known}")

    def existing(self, name: str, label: str) -> Flow[Issue | None]:
        """The issue that an earlier run was about to make when it ended, if it came to be."""
        pending = self.memory.of(name)
        if _PENDING not in pending:
            return None
        project, above = str(pending.get("project")), int(pending[_PENDING])
        misses, number = 0, above + 1
        while misses < _MISSES and number <= above + _FARTHEST:
            issue = yield from read(self.site, f"{project}-{number}")
            misses = 0 if issue else misses + 1
            if issue and label in issue.labels:
                return issue
            number += 1
        return None

    def make(self, name: str, label: str, draft: Draft, also: Mapping[str, Plain] | None = None) -> Flow[str]:
        """Make an issue with the label, which must not exist; returns its key.

        `name` is the fact that says so, with what is said `also`; it is left to the caller to put the key there.
        Raises `RemoteError`; `UnclearWrite` when its fate is unknown even after a look: the next run settles it.
        """
        fields = yield from self._fields(label, draft)
        above = yield from self._highest(draft.project)
        yield from self.memory.keep({name: {**(also or {}), "project": draft.project, _PENDING: above}})
        try:
            answer = yield from self.site.write("POST", "/issue", "make the issue", {"fields": fields})
            key = str(shown(answer).get("key") or "")
            if not KEY.fullmatch(key):
                raise RemoteError("could not make the issue: something other than Jira answers")
        except UnclearWrite:
            yield Pause(_SETTLE_SECONDS, "looking whether the issue was made")
            issue = yield from self.existing(name, label)
            if issue is None:
                raise
            key = issue.key
        except RemoteError as refused:
            if refused.status is not None and 400 <= refused.status < 500:
                yield from self.memory.keep({name: None})
            raise
        self._above[draft.project] = max(above, number_of(key))
        return key

    def _fields(self, label: str, draft: Draft) -> Flow[Mapping[str, Any]]:
        summary = " ".join(draft.summary.split())[:SUMMARY_LIMIT] or "(no title)"
        fields = {
            "project": {"key": draft.project},
            "issuetype": {"id": draft.type},
            "summary": summary,
            "description": self.site.body(draft.description),
            "labels": sorted({label, *draft.labels} - {""}),
            **draft.fields,
        }
        if not draft.description.strip():
            del fields["description"]
        missing = []
        for one in (yield from self._required_of(draft.project, draft.type)):
            id_ = str(one.get("fieldId") or one.get("key"))
            if id_ in fields or id_ in _JIRAS_OWN or one.get("hasDefaultValue"):
                continue
            if str(mapping(one.get("schema")).get("custom", "")).endswith(":gh-epic-label"):
                fields[id_] = summary
            else:
                missing.append(f"`{one.get('name') or id_}` ({id_})")
        if missing:
            hint = "give them with `fields`, or make them optional for this type in Jira"
            raise ReconcilerError(f"Jira requires {', '.join(missing)} of an issue of this type", hint=hint)
        return fields

    def _required_of(self, project: str, type_: str) -> Flow[tuple[Mapping[str, Any], ...]]:
        if (project, type_) not in self._required:
            path = f"/issue/createmeta/{quote(project, safe='')}/issuetypes/{quote(type_, safe='')}"
            rows = yield from self._metadata(path, "read the type's required fields", "fields")
            self._required[project, type_] = tuple(one for one in rows or () if one.get("required"))
        return self._required[project, type_]

    def _metadata(self, path: str, doing: str, word: str) -> Flow[tuple[Mapping[str, Any], ...] | None]:
        """All rows of a list that comes in pages; None where there is no such list."""
        rows: list[Mapping[str, Any]] = []
        while True:
            answer = yield from self.site.find(path, doing, {"startAt": len(rows), "maxResults": _A_PAGE})
            if answer is None:
                return tuple(rows) if rows else None
            page = shown(answer)
            new = _rows(page, word)
            rows += new
            if not new or page.get("isLast", len(rows) >= page.get("total", 0)):
                return tuple(rows)

    def _highest(self, project: str) -> Flow[int]:
        """A number that new issues of a project come above: the highest that the index knows; it may lag."""
        if project not in self._above:
            rows = yield from self.site.search(f'project = "{project}" ORDER BY key DESC', ("labels",), most=1)
            self._above[project] = max((number_of(issue_of(row).key) for row in rows), default=0)
        return self._above[project]


# ---------------------------------------------------------------------------------------------------------------------


def _rows(page: Mapping[str, Any], word: str) -> tuple[Mapping[str, Any], ...]:
    """Data Center calls every list `values`."""
    return objects(page.get(word) or page.get("values"))
