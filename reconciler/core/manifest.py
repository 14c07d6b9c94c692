"""The form of manifests: documents, their headers and sections, with positions. What entries state is `declare`.

A document has exactly one of `project`, `group`, `instance: true`, `targets`; none where it holds only templates. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from reconciler.core.address import NAME, SECTIONS, Scope, ScopeType
from reconciler.core.entry import Targets
from reconciler.core.fit import Form, fit
from reconciler.core.source import Findings, TooMany, called, closest, said
from reconciler.core.yamltree import Node, load

HEADERS = ("project", "group", "instance", "targets")
KEYS = (*HEADERS, *SECTIONS, "templates")
MAX_PATTERN = 255


@dataclass(slots=True)
class Document:
    """One document: what it is for, and its named things as (section, name, node), templates apart."""

    scope: Scope | None = None
    targets: Targets | None = None
    entries: list[tuple[str, str, Node]] = field(default_factory=list)
    templates: list[tuple[str, Node]] = field(default_factory=list)

    @property
    def type(self) -> ScopeType:
        """What its entries are for; the projects of targets are projects."""
        return self.scope.type if self.scope else ScopeType.PROJECT


class TargetsForm(Form):
    """The form of `targets`."""

    projects: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    archived: bool = False


def documents(findings: Findings) -> list[Document]:
    """The documents of one manifest; empty ones are left out, and so are those that cannot be understood."""
    found: list[Document] = []
    with suppress(TooMany):
        for node in load(findings):
            document = _document(node, findings) if node.value is not None else None
            if document:
                found.append(document)
    return found


def wrong_path(path: str, type_: ScopeType) -> str:
    """What to do about a path that cannot be one; empty when it can."""
    if "://" in path:
        return "write the path only, without the server"
    if "${" in path:
        return "paths cannot hold references; `targets` can match many projects"
    if "*" in path:
        return "write `targets: {projects: [...]}` to match several projects"
    if not _PATH.fullmatch(path):
        return "paths are letters, digits, `_`, `-`, `.`, with `/` between and none at the ends"
    if path.lower().endswith((".git", ".atom")):
        return "GitLab's paths do not end like this; leave the ending out"
    if any(segment.strip(".") == "" for segment in path.split("/")):
        return "write the path as GitLab shows it"
    if type_ is ScopeType.PROJECT and "/" not in path:
        return "write the full path, with the group in front; use `group:` for a group"
    return ""


# ---------------------------------------------------------------------------------------------------------------------

_MISPLACED = {
    ("integrations", ScopeType.INSTANCE): "GitLab has no call for an instance's integrations; use a group's",
    ("oauth_applications", ScopeType.PROJECT): "put them into a document with `instance: true`",
    ("oauth_applications", ScopeType.GROUP): "put them into a document with `instance: true`",
}

_SEGMENT = r"[A-Za-z0-9_.][A-Za-z0-9_.-]*"
_PATH = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_PATTERN = re.compile(r"[A-Za-z0-9_.*-]+(?:/[A-Za-z0-9_.*-]+)*")


def _document(node: Node, findings: Findings) -> Document | None:
    keys = node.value
    if not isinstance(keys, dict):
        detail = f"a document must be a mapping, not {said(keys)}"
        findings.add("a document of the wrong form", detail, "begin with `project: group/name`", at=node.at)
        return None
    meant: set[str] = set()
    for name, item in keys.items():
        if name not in KEYS:
            meant |= {key for key in HEADERS if key in closest(name, KEYS)}
            hint = closest(name, KEYS) or "keys are " + ", ".join(f"`{key}`" for key in KEYS)
            if name.startswith((".", "x-")):
                hint = "settings that entries share go into `templates`, or get their anchor where they are first used"
            findings.add("an unknown key", f"a document has no `{name}`", hint, at=item.key_at)
    document = Document()
    document.templates = list(_named("templates", keys, findings))
    sections = [section for section in SECTIONS if section in keys]
    headers = [name for name in HEADERS if name in keys]
    if not headers:
        if (sections or not keys) and not meant:
            detail = "a document says what its entries are for"
            hint = "begin it with one of `project`, `group`, `instance: true`, `targets`"
            findings.add("a document without a scope", detail, hint, at=node.at)
        return document if document.templates else None
    if len(headers) > 1:
        detail = "only one of " + ", ".join(f"`{name}`" for name in headers) + " can stand in a document"
        findings.add("a document with two scopes", detail, "split it with `---`", at=keys[headers[1]].key_at)
        return None
    if headers and not _header(headers[0], keys[headers[0]], document, findings):
        return document if document.templates else None
    for section in sections:
        misplaced = _MISPLACED.get((section, document.type))
        if misplaced:
            detail = f"`{section}` cannot stand in a document for {called(document.type)}"
            findings.add("a section in the wrong place", detail, misplaced, at=keys[section].key_at)
            continue
        document.entries += [(section, name, item) for name, item in _named(section, keys, findings)]
    return document


def _header(name: str, node: Node, document: Document, findings: Findings) -> bool:
    """Read what the document is for; False when it cannot be told."""
    match name:
        case "instance":
            if node.value is not True:
                detail = f"`instance` must be `true`, not {said(node.value)}"
                findings.add("a value of the wrong type", detail, "write `instance: true`", at=node.at)
                return False
            document.scope = Scope.instance()
        case "targets":
            document.targets = _targets(node, findings)
        case _:
            type_ = ScopeType(name)
            document.scope = _scope(type_, node, findings)
    return bool(document.scope or document.targets)


def _scope(type_: ScopeType, node: Node, findings: Findings) -> Scope | None:
    path = node.value
    if not isinstance(path, str):
        hint = f"write the full path, as in `{type_}: myorg{'/shop' if type_ is ScopeType.PROJECT else ''}`"
        findings.add("a value of the wrong type", f"`{type_}` must be a path, not {said(path)}", hint, at=_at(node))
        return None
    wrong = wrong_path(path, type_)
    if wrong:
        findings.add(f"this is no path of a {type_}", f"`{path[:100]}`", wrong, at=node.at, harmless=True)
        return None
    return Scope(type_, path)


def _targets(node: Node, findings: Findings) -> Targets | None:
    form = fit(TargetsForm, node, findings, "`targets`")
    if form is None:
        return None
    good = True
    for key in ("projects", "exclude"):
        for item in node.value[key].value if key in node.value else ():
            wrong = _wrong_pattern(item.value)
            if wrong:
                summary = "this is no path or pattern of projects"
                findings.add(summary, f"`{item.value[:100]}`", wrong, at=item.at, harmless=True)
                good = False
    if not form.projects and not form.topics:
        hint = 'add `projects: ["myorg/**"]` or `topics: [...]`'
        findings.add("targets that match nothing", "neither `projects` nor `topics` is given", hint, at=node.at)
        return None
    if not good:
        return None
    place = findings.source.place(*node.key_at, harmless=True)
    return Targets(form.projects or ("**",), form.exclude, form.topics, form.archived, place)


def _wrong_pattern(pattern: str) -> str:
    if "${" in pattern or "://" in pattern:
        return "write a path, in which `*` stands for one segment and `**` for any number"
    if len(pattern) > MAX_PATTERN or pattern.count("*") > 16:
        return "this is too long, or has too many stars"
    if not _PATTERN.fullmatch(pattern) or "***" in pattern:
        return "write a path, in which `*` stands for one segment and `**` for any number"
    if any("**" in segment and segment != "**" for segment in pattern.split("/")):
        return "`**` stands alone between slashes"
    if "/" not in pattern and pattern != "**":
        return f"a project's path has a group in front; write `{pattern}/**` for all below a group"
    return ""


def _named(section: str, keys: dict[str, Node], findings: Findings) -> Iterator[tuple[str, Node]]:
    """The named things of a section."""
    node = keys.get(section)
    if node is None:
        return
    if not isinstance(node.value, dict):
        empty = node.value is None
        detail = f"`{section}` is empty" if empty else f"`{section}` must be a mapping, not {said(node.value)}"
        hint = "remove it, or write `{}`" if empty else "write names under it, each with its settings"
        findings.add("a section of the wrong form", detail, hint, at=_at(node))
        return
    for name, item in node.value.items():
        if not NAME.fullmatch(name):
            hint = "names are small letters, digits, `_` and `-`, at most 63, and begin with a letter or digit"
            findings.add("a name that cannot be", f"`{name[:80]}`", hint, at=item.key_at)
        else:
            yield name, item


def _at(node: Node) -> tuple[int, int]:
    """The value's place, or the key's where there is no value."""
    return node.key_at if node.value is None else node.at
