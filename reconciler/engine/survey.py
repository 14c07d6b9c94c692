"""Looks at what exists: which scopes are meant, what their lists show, each object in full. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.core.address import INSTANCE, Scope, ScopeType
from reconciler.core.adopt import SECTIONS, Found, LeftOut, title
from reconciler.core.errors import InputError, Problem, ReconcilerError, RemoteError, UsageError
from reconciler.core.live import Item, Listing, Written
from reconciler.core.manifest import wrong_path
from reconciler.core.plan import Step
from reconciler.core.ports import Provider, ScopeFacts
from reconciler.core.resource import Catalogue, Primitive, Resource
from reconciler.core.source import Source
from reconciler.core.value import Value
from reconciler.engine.aside import readers
from reconciler.engine.books import Books
from reconciler.engine.refresh import LISTED, Reader
from reconciler.engine.workspace import Workspace

_HINT = "give the token access, or go on without it with --skip-unreadable"


class Shown(NamedTuple):
    """What a list shows of one object, and where."""

    scope: Scope
    facts: ScopeFacts
    item: Item

    @property
    def key(self) -> tuple[Primitive, str, int | str]:
        """Which object it is."""
        return self.item.primitive, self.scope.key, self.item.id


@dataclass(slots=True)
class Scopes:
    """The scopes that are meant, with their ids; what is left out of them, and why.

    `fleets` are groups with the keys of all their projects that are not archived. `problems` are scopes that cannot be
    read.
    """

    each: dict[tuple[ScopeType, str], tuple[Scope, ScopeFacts]] = field(default_factory=dict)
    fleets: dict[str, frozenset[str]] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, type_: ScopeType, facts: ScopeFacts) -> None:
        """Take a scope in, in the spelling that GitLab gives it."""
        scope = Scope(type_, facts.path)
        self.each.setdefault((type_, scope.key), (scope, facts))

    @property
    def projects(self) -> list[ScopeFacts]:
        """Facts of the projects among them."""
        return [facts for scope, facts in self.each.values() if scope.type is ScopeType.PROJECT]


@dataclass(frozen=True, slots=True)
class Existing:
    """Manifests that are there already: their sources, the roots that were read, and what they declare.

    `templates` are names that entries can use, the built-in ones included.
    """

    sources: tuple[Source, ...]
    roots: tuple[str, ...]
    resources: tuple[Resource, ...] = ()
    templates: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Site:
    """What a run works with."""

    ws: Workspace
    catalogue: Catalogue
    reader: Reader
    books: Books
    existing: Existing
    scopes: Scopes


class Once:
    """A provider whose reads of single objects are asked of GitLab once; it writes nothing."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._known: dict[tuple[Primitive, str, int | str], Item | None] = {}

    def list(self, primitive: str, scope: Scope) -> Listing:
        """What the provider says."""
        return self._provider.list(primitive, scope)

    def read(self, item: Item, scope: Scope) -> Item | None:
        """What the provider says, or said."""
        key = (item.primitive, scope.key, item.id)
        if key not in self._known:
            self._known[key] = self._provider.read(item, scope)
        return self._known[key]

    def write(self, step: Step, fields: Mapping[str, Value]) -> Written:
        """Never."""
        raise AssertionError("a survey writes nothing")


def find_scopes(ws: Workspace, paths: Iterable[str], *, groups: bool, recursive: bool) -> Scopes:
    """The scopes that some paths mean. A path with a group in front is a project, or else a group, unless `groups`
    says that all are; `recursive` takes everything below a group, too.
    """
    found = Scopes()
    given = list(dict.fromkeys(paths))
    for path in given:
        wrong = "" if path == INSTANCE else wrong_path(path, ScopeType.GROUP)
        if wrong:
            raise UsageError(f"`{path}` is no path of a project or a group", hint=wrong)
    with readers(ws.parallelism) as pool:
        for path, (type_, facts) in zip(given, pool.map(lambda p: _meant(ws, p, groups=groups), given), strict=True):
            if isinstance(facts, ScopeFacts):
                found.add(type_, facts)
            else:
                found.problems.append(Problem("a scope that cannot be read", facts, _HINT, address=path))
        if recursive:
            tops = [facts.path for scope, facts in found.each.values() if scope.type is ScopeType.GROUP]
            for _ in pool.map(lambda group: _below(ws, found, group), tops):
                pass
    return found


def survey(site: Site, primitives: Collection[Primitive], *, skip_unreadable: bool = False) -> list[Shown]:
    """Everything that the lists of some scopes show; raises `InputError` with all that cannot be read."""
    scopes, reader = site.scopes, site.reader
    wanted = [
        (primitive, scope, facts)
        for scope, facts in scopes.each.values()
        for primitive in LISTED[scope.type]
        if primitive in primitives
    ]
    reader.prefetch((primitive, scope) for primitive, scope, _ in wanted)
    found: list[Shown] = []
    for primitive, scope, facts in wanted:
        listing = reader.listing(primitive, scope)
        if listing.unknown:
            what = SECTIONS[primitive].replace("_", " ")
            scopes.problems.append(Problem(f"{what} that cannot be read", listing.unknown, _HINT, address=scope.path))
        found += [Shown(scope, facts, item) for item in listing.items]
    if scopes.problems and not skip_unreadable:
        raise InputError(scopes.problems)
    scopes.left_out += [LeftOut(p.address or "", p.summary, p.detail) for p in scopes.problems]
    return found


def in_full(site: Site, shown: Iterable[Shown]) -> list[Found]:
    """Some objects in full, those that are gone meanwhile left out; what cannot be read is said."""

    def look(one: Shown) -> Item | str | None:
        try:
            return one.item if one.item.inherited else site.reader.read(one.item, one.scope)
        except RemoteError as error:
            return error.message

    listed = list(shown)
    found = []
    with readers(site.ws.parallelism) as pool:
        for (scope, facts, item), whole in zip(listed, pool.map(look, listed), strict=True):
            if isinstance(whole, str):
                site.scopes.left_out.append(LeftOut(scope.path, title(item), whole))
            elif whole:
                found.append(Found(scope, facts.id, whole))
    return found


# ---------------------------------------------------------------------------------------------------------------------


def _meant(ws: Workspace, path: str, *, groups: bool) -> tuple[ScopeType, ScopeFacts | str]:
    if path == INSTANCE:
        return ScopeType.INSTANCE, ScopeFacts(0, INSTANCE)
    if groups or "/" not in path:
        return ScopeType.GROUP, ws.estate.scope(Scope(ScopeType.GROUP, path))
    project = ws.estate.scope(Scope(ScopeType.PROJECT, path))
    if isinstance(project, ScopeFacts):
        return ScopeType.PROJECT, project
    group = ws.estate.scope(Scope(ScopeType.GROUP, path))
    return (ScopeType.GROUP, group) if isinstance(group, ScopeFacts) else (ScopeType.PROJECT, project)


def _below(ws: Workspace, found: Scopes, group: str) -> None:
    try:
        projects, subgroups = ws.estate.projects(group), ws.estate.groups(group)
    except ReconcilerError as error:
        found.problems.append(Problem("a group that cannot be listed", error.message, _HINT, address=group))
        return
    for facts in subgroups:
        found.add(ScopeType.GROUP, facts)
    for facts in projects:
        if facts.archived:
            why = "it is archived, and GitLab lets nobody change it; name it itself to adopt it all the same"
            found.left_out.append(LeftOut(facts.path, "the project", why))
        else:
            found.add(ScopeType.PROJECT, facts)
    found.fleets[group] = frozenset(facts.path.lower() for facts in projects if not facts.archived)
