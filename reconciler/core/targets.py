"""Targets against what GitLab has: which groups must be listed, which projects match, and each project's entries.

Globs never appear in addresses: each matched project is a scope of its own. Matching ignores case, as GitLab's paths
do. An explicit entry replaces a glob's entry of the same section and name as a whole. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from reconciler.core.address import Address, Scope, ScopeType, address_of, key_of
from reconciler.core.conflict import conflicts
from reconciler.core.entry import Declarations, Entry, Targets
from reconciler.core.errors import Place, Problem
from reconciler.core.ports import ScopeFacts
from reconciler.core.resource import NOTHING, Catalogue, Origin
from reconciler.core.state import State

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be asked before targets can be resolved: groups to list ("" for the instance), projects to read."""

    groups: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.groups or self.projects)


@dataclass(frozen=True, slots=True)
class Expansion:
    """Entries that all have a scope; the projects that each document's targets matched; what is wrong."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()
    matches: Mapping[Place | None, tuple[str, ...]] = field(default_factory=dict)


def wanted(declarations: Declarations) -> Wanted:
    """What GitLab must be asked, each group once and none below another one that is listed anyway."""
    groups: set[str] = set()
    projects: set[str] = set()
    for targets in _all(declarations):
        for pattern in targets.projects:
            if "*" in pattern:
                groups.add(prefix_of(pattern))
            else:
                projects.add(pattern)
    keys = {group.lower() for group in groups}
    kept = sorted(group for group in groups if not any(above in keys for above in _above(group.lower())))
    covered = {group.lower() for group in kept}
    single = sorted(path for path in projects if not any(above in covered for above in _above(path.lower())))
    return Wanted(tuple(kept), tuple(single))


def prefix_of(pattern: str) -> str:
    """The group whose projects a pattern is about: what stands before its first star; "" for the whole instance."""
    segments = pattern.split("/")
    first = next((n for n, segment in enumerate(segments) if "*" in segment), len(segments) - 1)
    return "/".join(segments[:first])


def matches(targets: Targets, project: ScopeFacts) -> bool:
    """Whether a project is among the targets."""
    path = project.path.lower()
    topics = {topic.lower() for topic in project.topics}
    return (
        (targets.archived or not project.archived)
        and all(topic.lower() in topics for topic in targets.topics)
        and any(_regex(pattern).fullmatch(path) for pattern in targets.projects)
        and not any(_regex(pattern).fullmatch(path) for pattern in targets.exclude)
    )


def expand(
    declarations: Declarations,
    projects: Iterable[ScopeFacts],
    catalogue: Catalogue,
    *,
    unknown: Mapping[str, str] = NOTHING,
) -> Expansion:
    """Every entry with its scope, given all projects of the groups that `wanted` named.

    `unknown` are groups and projects that cannot be read, with the reason: targets that need one are an error, never an
    empty match.
    """
    listed = list({project.path.lower(): project for project in projects}.values())
    problems = [
        _unreadable(targets, path, unknown) for targets in _all(declarations) for path in _blind(targets, unknown)
    ]
    found: dict[Targets, tuple[str, ...]] = {}
    for targets in _all(declarations):
        paths = tuple(sorted(project.path for project in listed if matches(targets, project)))
        found[targets] = paths
        if not paths and not _blind(targets, unknown):
            problems.append(_nothing(targets))
    return _expansion(declarations, found, problems, catalogue)


def expand_recorded(declarations: Declarations, state: State, catalogue: Catalogue, *, about: str = "") -> Expansion:
    """Every entry with its scope, as far as records tell: targets match projects that have their entries recorded.

    `about` is a project that is asked about: patterns that cover its path match it, recorded or not.
    """
    recorded: dict[tuple[str, str], dict[str, str]] = {}
    wanted_by: dict[Targets, set[tuple[str, str]]] = {}
    for entry in declarations.entries:
        if entry.targets:
            wanted_by.setdefault(entry.targets, set()).add((entry.section, entry.name))
    for record in state.records.values() if wanted_by else ():
        if record.scope.type is ScopeType.PROJECT and record.origin is Origin.MANIFEST:
            address = Address.parse(record.address)
            recorded.setdefault((address.section, address.name), {})[record.scope.key] = record.scope.path
    found: dict[Targets, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for targets, names in wanted_by.items():
        paths = {path for name in names for path in recorded.get(name, {}).values()}
        if about and about.lower() not in {path.lower() for path in paths}:
            paths.add(about)
        found[targets] = tuple(sorted(path for path in paths if _covers(targets, path)))
        if not found[targets]:
            problems.append(_nothing(targets, "nothing is recorded for them; plan with GitLab at hand"))
    return _expansion(declarations, found, problems, catalogue)


def newly_matched(declarations: Declarations, expansion: Expansion, state: State) -> tuple[str, ...]:
    """Projects matched by targets for which nothing is recorded yet."""
    recorded = {scope.key for scope in state.scopes()}
    paths = {path for paths in expansion.matches.values() for path in paths}
    return tuple(sorted(path for path in paths if path.lower() not in recorded))


def no_longer_matched(declarations: Declarations, expansion: Expansion, state: State) -> tuple[str, ...]:
    """Projects that have a record of a target's entry and are matched by none any more."""
    names = {(entry.section, entry.name) for entry in declarations.entries if entry.targets}
    if not names:
        return ()
    declared = {key_of(entry.address) for entry in expansion.entries}
    found: dict[str, str] = {}
    for record in state.records.values():
        if record.scope.type is not ScopeType.PROJECT or record.origin is not Origin.MANIFEST:
            continue
        address = Address.parse(record.address)
        if (address.section, address.name) in names and key_of(address.entry) not in declared:
            found[record.scope.key] = record.scope.path
    return tuple(sorted(found.values()))


# ---------------------------------------------------------------------------------------------------------------------


def _all(declarations: Declarations) -> list[Targets]:
    """Every document's targets, each once."""
    return list(dict.fromkeys(entry.targets for entry in declarations.entries if entry.targets))


def _above(path: str) -> list[str]:
    """The groups above a path, the whole instance last."""
    segments = path.split("/")
    found = ["/".join(segments[:n]) for n in range(len(segments) - 1, 0, -1)]
    return [*found, ""] if path else []


def _blind(targets: Targets, unknown: Mapping[str, str]) -> list[str]:
    """The groups and projects that these targets need and that cannot be read."""
    keys = {path.lower(): path for path in unknown}
    found: dict[str, None] = {}
    for pattern in targets.projects:
        own = prefix_of(pattern).lower() if "*" in pattern else pattern.lower()
        for key in (own, *_above(own)):
            if key in keys:
                found[keys[key]] = None
    return list(found)


def _unreadable(targets: Targets, path: str, unknown: Mapping[str, str]) -> Problem:
    where = f"`{path}`" if path else "the list of projects"
    hint = "give the token access, or exclude it from `targets`"
    return Problem("targets that cannot be resolved", f"{where}: {unknown[path]}", hint, targets.place)


def _nothing(targets: Targets, hint: str = "correct the patterns, or remove the document") -> Problem:
    patterns = ", ".join(f"`{pattern}`" for pattern in targets.projects[:_SHOWN])
    topics = f" with {', '.join(f'`{topic}`' for topic in targets.topics)}" if targets.topics else ""
    return Problem("targets that match nothing", f"no project matches {patterns}{topics}", hint, targets.place)


@lru_cache(maxsize=4096)
def _regex(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression over paths in small letters."""
    text = ""
    for segment in pattern.lower().split("/"):
        if segment == "**":
            text += "(?:[^/]+/)*"
        elif segment == "*":
            text += "[^/]+/"
        else:
            text += re.escape(segment).replace(r"\*", "[^/]*") + "/"
    if pattern.endswith("**"):
        return re.compile(text.removesuffix("(?:[^/]+/)*") + "(?:[^/]+/)*[^/]+")
    return re.compile(text.removesuffix("/"))


def _covers(targets: Targets, path: str) -> bool:
    """Whether a path is among the patterns, whatever its topics."""
    return matches(replace(targets, topics=()), ScopeFacts(0, path))


def _expansion(
    declarations: Declarations,
    found: Mapping[Targets, tuple[str, ...]],
    problems: list[Problem],
    catalogue: Catalogue,
) -> Expansion:
    entries = [entry for entry in declarations.entries if entry.scope]
    explicit = {(entry.scope.key, entry.section, entry.name): n for n, entry in enumerate(entries) if entry.scope}
    scopes = {path: Scope(ScopeType.PROJECT, path) for paths in found.values() for path in paths}
    taken: dict[tuple[str, str, str], Entry] = {}
    colliding: dict[tuple[Place | None, Place | None], list[tuple[Entry, str]]] = {}
    for entry in declarations.entries:
        for path in found[entry.targets] if entry.targets else ():
            key = (scopes[path].key, entry.section, entry.name)
            replaced = explicit.get(key)
            if replaced is not None:
                entries[replaced] = replace(entries[replaced], replaces=entry.place)
            elif key in taken:
                colliding.setdefault((taken[key].place, entry.place), []).append((entry, path))
            else:
                taken[key] = entry
                entries.append(replace(entry, scope=scopes[path]))
    problems += [_colliding(first, pairs) for (first, _), pairs in colliding.items()]
    problems += conflicts(entries, catalogue)
    matched = {targets.place: paths for targets, paths in found.items()}
    return Expansion(tuple(entries), tuple(problems), matched)


def _colliding(first: Place | None, pairs: list[tuple[Entry, str]]) -> Problem:
    entry, path = pairs[0]
    others = len(pairs) - 1
    more = f" and {others} more {'project' if others == 1 else 'projects'}" if others else ""
    detail = f"`{entry.section}.{entry.name}` comes from {first} as well, on `{path}`{more}"
    hint = "exclude the projects from one of them, or write the entry for the project itself"
    address = address_of(path, entry.section, entry.name)
    return Problem("two targets with one name", detail, hint, entry.place, address)
