"""What shall be: manifests read, targets resolved against GitLab, compiled and filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.address import Scope, ScopeType
from reconciler.core.compile import Compiled, compile_entries
from reconciler.core.entry import Declarations
from reconciler.core.errors import InputError, Problem, ReconcilerError, RemoteError, Severity
from reconciler.core.load import load_declarations
from reconciler.core.ports import ScopeFacts
from reconciler.core.resolve import Resolver
from reconciler.core.resource import NOTHING, Catalogue, Resource
from reconciler.core.state import State
from reconciler.core.targets import (
    Expansion,
    expand,
    expand_recorded,
    newly_matched,
    no_longer_matched,
    wanted,
)
from reconciler.core.value import Reference
from reconciler.engine.aside import readers
from reconciler.engine.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Read:
    """Manifests as read, before anything is asked of GitLab."""

    declarations: Declarations
    problems: tuple[Problem, ...]
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything that shall be, with secrets at hand where their references are set."""

    resources: tuple[Resource, ...]
    roots: tuple[str, ...]
    digest: str
    warnings: tuple[Problem, ...] = ()
    manual: Mapping[str, tuple[str, ...]] = NOTHING
    matched: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()


def read_manifests(ws: Workspace, paths: Sequence[str] = (), *, lines: bool = False) -> Read:
    """Read and check manifests offline; raises `InputError` only where no manifest can be read at all.

    `lines`: the lines of single fields are wanted, which the cache of unchanged manifests does not hold.
    """
    sources, roots = ws.read_sources(paths)
    cache = ws.cache if ws.settings.plaintext_secrets == "refuse" else None
    if cache and not lines and (known := cache.load(sources, ws.templates)):
        return Read(known, (), roots)
    declarations, problems = load_declarations(
        sources,
        ws.catalogue,
        plaintext_secrets=ws.settings.plaintext_secrets == "allow",
        builtin_templates=ws.templates,
    )
    if cache and not problems:
        cache.store(sources, declarations, ws.templates)
    return Read(declarations, problems, roots)


def declare(ws: Workspace, read: Read, state: State, *, refresh: bool, require_secrets: bool) -> Declared:
    """Turn what was read into resources; raises `InputError` with everything that is wrong."""
    _raise(read.problems)
    catalogue = ws.catalogue({entry.kind for entry in read.declarations.entries})
    expansion = _expand(ws, read.declarations, state, catalogue, refresh=refresh)
    _raise((*read.problems, *expansion.problems))
    compiled: Compiled = compile_entries(expansion.entries, catalogue)
    _raise((*read.problems, *compiled.problems))
    resolver = resolver_of(ws, catalogue, require_secrets=require_secrets)
    resources = tuple(resolver.resource(resource) for resource in compiled.resources)
    problems = (*read.problems, *resolver.problems)
    _raise(problems)
    return Declared(
        resources,
        read.roots,
        read.declarations.digest,
        tuple(problems),
        compiled.manual,
        newly_matched(read.declarations, expansion, state),
        no_longer_matched(read.declarations, expansion, state),
    )


def resolver_of(ws: Workspace, catalogue: Catalogue, *, require_secrets: bool) -> Resolver:
    """A resolver that asks the workspace's stores."""

    def get(reference: Reference) -> str | None:
        store = ws.stores.get(reference.store)
        if store is None:
            raise ReconcilerError(f"nobody answers for `{reference.store}` references here")
        return store.get(reference)

    plaintext = ws.settings.plaintext_secrets == "allow"
    return Resolver(catalogue, get, ws.settings.vars, require_secrets, plaintext)


def _expand(
    ws: Workspace, declarations: Declarations, state: State, catalogue: Catalogue, *, refresh: bool
) -> Expansion:
    if not refresh:
        return expand_recorded(declarations, state, catalogue)
    needed = wanted(declarations)
    if not needed:
        return expand(declarations, (), catalogue)
    unknown: dict[str, str] = {}
    projects: list[ScopeFacts] = []
    with readers(ws.parallelism) as pool:
        listed = pool.map(lambda group: _projects(ws, group), needed.groups)
        single = pool.map(lambda path: ws.estate.scope(Scope(ScopeType.PROJECT, path)), needed.projects)
        for group, found in zip(needed.groups, listed, strict=True):
            if isinstance(found, str):
                unknown[group] = found
            else:
                projects += found
        for path, facts in zip(needed.projects, single, strict=True):
            if isinstance(facts, ScopeFacts):
                projects.append(facts)
            else:
                unknown[path] = facts
    return expand(declarations, projects, catalogue, unknown=unknown)


def _projects(ws: Workspace, group: str) -> Sequence[ScopeFacts] | str:
    try:
        return ws.estate.projects(group)
    except RemoteError as error:
        return error.message


def _raise(problems: Sequence[Problem]) -> None:
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InputError(problems)
