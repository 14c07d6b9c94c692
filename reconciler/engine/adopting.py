"""Adopts what exists: manifests and state for live objects, proven by an empty plan.

Nothing is written before a plan over the very manifests and records, against everything that was read, is empty; what
would not be left as it is, is left out and said. Manifests are written before the state: a record without its entry
would be a deletion, an entry without its record is only adopted once more.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.core.address import Address, key_of
from reconciler.core.adopt import SECTIONS, Drafting, LeftOut, title
from reconciler.core.adopted import ManifestFile
from reconciler.core.adoption import Adoption
from reconciler.core.errors import InputError, ReconcilerError, UsageError
from reconciler.core.identity import Ambiguous, find
from reconciler.core.resource import Catalogue, Primitive
from reconciler.core.source import closest
from reconciler.engine.books import Books, begin, finish, open_books, settle_open
from reconciler.engine.declared import declare, read_manifests
from reconciler.engine.files import NO_MANIFESTS, named
from reconciler.engine.proving import plan_of, proven, resources_of
from reconciler.engine.refresh import Reader
from reconciler.engine.survey import Existing, Once, Shown, Site, find_scopes, in_full, survey
from reconciler.engine.workspace import Workspace


@dataclass(frozen=True, slots=True)
class AdoptOptions:
    """What is adopted and how.

    `paths` are projects, groups and `@instance`; `groups` says that all are groups, `recursive` takes what is below
    them. `kinds` are kinds or sections. `out` is the folder of the manifests. Without `record` only manifests are
    written, with `dry_run` nothing is. `every` states all readable fields; `inherited` takes integrations that use
    settings from above; `skip_unreadable` goes on without what cannot be read.
    """

    paths: tuple[str, ...]
    groups: bool = False
    recursive: bool = False
    kinds: tuple[str, ...] = ()
    out: str = ""
    record: bool = True
    dry_run: bool = False
    every: bool = False
    inherited: bool = False
    skip_unreadable: bool = False


def adopt(ws: Workspace, options: AdoptOptions) -> Adoption:
    """Turn live objects into manifests and state; raises `InputError` where a scope or a list cannot be read."""
    catalogue = ws.catalogue(None)
    known = [*catalogue.kinds, *SECTIONS.values()]
    for name in options.kinds:
        if name not in known:
            raise UsageError(f"there is no kind `{name}`", hint=closest(name, known))
    recording = options.record and not options.dry_run
    with ws.lock("adopt") if recording else nullcontext():
        site = site_of(ws, options)
        folder = _folder(ws, options.out, site.existing.roots)
        drafting = Drafting(catalogue, _taken(site), every=options.every, inherited=options.inherited)
        shown = survey(site, _primitives(options, catalogue), skip_unreadable=options.skip_unreadable)
        ours, fresh = _apart(site, [one for one in shown if _is_wanted(options, drafting, one)])
        for found in in_full(site, fresh):
            drafting.add(found)
        manifests, proof, refused = proven(site, drafting.drafts, folder)
        left_out = (*site.scopes.left_out, *drafting.left_out, *refused)
        adoption = Adoption(manifests, proof.records, ours, left_out, proof.plan)
        if not manifests.files:
            return adoption
        _refuse_taken(ws, manifests.files)
        return adoption if options.dry_run else _write(site, adoption, folder, record=options.record)


def site_of(ws: Workspace, options: AdoptOptions) -> Site:
    """What a run begins with: books, manifests that are there, and the scopes that are meant."""
    reader = Reader(Once(ws.provider), ws.shapes, ws.listener, parallelism=ws.parallelism)
    books = settle_open(ws, open_books(ws), reader)
    existing = _existing(ws, books)
    scopes = find_scopes(ws, options.paths, groups=options.groups, recursive=options.recursive)
    return Site(ws, ws.catalogue(None), reader, books, existing, scopes)


# ---------------------------------------------------------------------------------------------------------------------


def _existing(ws: Workspace, books: Books) -> Existing:
    """The manifests that are there; none where their folder is missing or empty."""
    try:
        sources, roots = ws.read_sources(())
    except InputError as error:
        if any(problem.summary != NO_MANIFESTS or not problem.place for problem in error.problems):
            raise
        roots = tuple(problem.place.file for problem in error.problems if problem.place)
        return Existing((), roots, (), frozenset(ws.templates))
    read = read_manifests(ws)
    templates = frozenset(read.declarations.templates)
    if read.problems and not read.declarations.entries and not any(problem.place for problem in read.problems):
        return Existing((), roots, (), templates)  # the files are blank
    declared = declare(ws, read, books.state, refresh=True, require_secrets=False)
    return Existing(tuple(sources), roots, declared.resources, templates)


def _folder(ws: Workspace, out: str, roots: Sequence[str]) -> str:
    """The folder to write into, as paths of manifests are shown."""
    if not out and (ws.root / roots[0]).is_file():
        raise UsageError(f"`{roots[0]}` is a file; adopted manifests need a folder", hint="name one with --out")
    return named(ws.root / (out or roots[0]), ws.root)


def _primitives(options: AdoptOptions, catalogue: Catalogue) -> set[Primitive]:
    """What must be listed for the kinds that are wanted."""
    sections = {catalogue.kinds[name].section if name in catalogue.kinds else name for name in options.kinds}
    return {primitive for primitive, section in SECTIONS.items() if not sections or section in sections}


def _is_wanted(options: AdoptOptions, drafting: Drafting, shown: Shown) -> bool:
    kind = drafting.kind_of(shown.item, shown.scope)
    names = (SECTIONS[shown.item.primitive], kind.name if kind else "")
    return not options.kinds or any(name in options.kinds for name in names)


def _apart(site: Site, shown: Iterable[Shown]) -> tuple[tuple[LeftOut, ...], list[Shown]]:
    """Objects that are recorded or declared already, and the others."""
    by_place: dict[tuple[str, str], list[Shown]] = defaultdict(list)
    for one in shown:
        by_place[one.item.primitive, one.scope.key].append(one)
    known: dict[tuple[object, ...], str] = {}
    for record in site.books.state.records.values():
        here = by_place.get((record.primitive, record.scope.key), [])
        known |= dict.fromkeys(_meant(here, record.identity, record.id), f"recorded as {record.address}")
    for resource in site.existing.resources:
        here = by_place.get((resource.primitive, resource.scope.key), [])
        why = f"declared as {resource.address}; `apply` adopts it"
        known = {**dict.fromkeys(_meant(here, resource.identity, None), why), **known}
    every = [one for members in by_place.values() for one in members]
    ours = [LeftOut(one.scope.path, title(one.item), known[one.key]) for one in every if one.key in known]
    return tuple(ours), [one for one in every if one.key not in known]


def _meant(here: Sequence[Shown], identity: Mapping[str, str], id_: int | str | None) -> list[tuple[object, ...]]:
    """Which of some objects a record or a declaration means; several where it cannot be told which."""
    if not here:
        return []
    found = find(here[0].item.primitive, [one.item for one in here], identity=identity, id=id_)
    ids = found.ids if isinstance(found, Ambiguous) else (found.id,) if found else ()
    return [one.key for one in here if one.item.id in ids]


def _taken(site: Site) -> dict[tuple[str, str], set[str]]:
    """The names that are given away, by scope and section."""
    addresses = [record.address for record in site.books.state.records.values()]
    taken: dict[tuple[str, str], set[str]] = defaultdict(set)
    for address in map(Address.parse, (*addresses, *(r.address for r in site.existing.resources))):
        taken[address.scope.lower(), address.section].add(address.name)
    return taken


def _write(site: Site, adoption: Adoption, folder: str, *, record: bool) -> Adoption:
    """Write manifests, then the state; then read both back and plan once more."""
    ws, roots = site.ws, site.existing.roots
    beside = "" if any(folder == root or folder.startswith(f"{root}/") or root == "." for root in roots) else folder
    _create([(ws.root / file.path, file.text) for file in adoption.manifests.files])
    adoption = replace(adoption, written=True, beside=beside)
    if not record:
        return adoption
    there = [root for root in roots if (ws.root / root).exists()]
    read = read_manifests(ws, [*there, beside] if beside else ())
    books = begin(ws, site.books) if site.books.settled or site.books.open else site.books
    records = {key_of(record.address): record for record in adoption.records}
    state = replace(
        books.state,
        records={**books.state.records, **records},
        roots=tuple(dict.fromkeys((*books.state.roots, *read.roots))),
    )
    books = finish(ws, books, state, books.open)
    resources, problems = resources_of(site, read.declarations, adoption.manifests.files)
    stored = open_books(ws)
    plan = plan_of(site, stored, resources, [])
    plan = replace(plan, problems=(*read.problems, *problems, *plan.problems))
    return replace(adoption, plan=plan, recorded=True, serial=stored.state.serial)


def _refuse_taken(ws: Workspace, files: Iterable[ManifestFile]) -> None:
    taken = [file.path for file in files if os.path.lexists(ws.root / file.path)]
    if taken:
        hint = "write into another folder with --out"
        raise ReconcilerError(f"already there: {', '.join(taken[:5])}; nothing is overwritten", hint=hint)


def _create(files: Sequence[tuple[Path, str]]) -> None:
    """Write new files, all or none."""
    made: list[Path] = []
    path = Path()
    try:
        for path, body in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                made.append(path)
                file.write(body)
    except OSError as error:
        for each in made:
            each.unlink(missing_ok=True)
        raise ReconcilerError(f"{path}: cannot be written: {error.strerror}") from error
