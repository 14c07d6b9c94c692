"""Proves an adoption by the plan over its manifests and records, against everything that was read. Writes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.core.address import key_of
from reconciler.core.adopt import Draft, Found, LeftOut, title
from reconciler.core.adopted import ManifestFile, Manifests, write
from reconciler.core.compare import stated
from reconciler.core.compile import compile_entries
from reconciler.core.digest import UNVERIFIED
from reconciler.core.entry import Declarations
from reconciler.core.errors import InputError, Problem, Severity
from reconciler.core.load import load_declarations
from reconciler.core.pair import Case
from reconciler.core.plan import Plan, Step
from reconciler.core.resource import Catalogue, Resource
from reconciler.core.source import Source
from reconciler.core.state import Record
from reconciler.core.targets import expand
from reconciler.engine.books import Books
from reconciler.engine.declared import Declared
from reconciler.engine.planning import Ground, PlanOptions, plan_cases
from reconciler.engine.survey import Site
from reconciler.engine.workspace import Workspace

SCHEMA = "schemas/manifest.schema.json"


@dataclass(frozen=True, slots=True)
class Proof:
    """The plan over some manifests, with the records they leave; `refused` says what is not left as it is."""

    plan: Plan
    records: tuple[Record, ...]
    refused: Mapping[str, str]


def proven(site: Site, drafts: Sequence[Draft], folder: str) -> tuple[Manifests, Proof, list[LeftOut]]:
    """Manifests of as many drafts as a plan leaves alone, and what was refused on the way."""
    refused: list[LeftOut] = []
    while True:
        manifests = write(
            drafts,
            folder=folder,
            schema_from=lambda path: _schema_from(site.ws, path),
            fleets=site.scopes.fleets,
            templates=site.existing.templates,
        )
        sources = [Source(file.path, file.text.encode()) for file in manifests.files]
        proof = _prove(site, drafts, manifests.files, (*site.existing.sources, *sources))
        if not proof.refused:
            return manifests, proof, refused
        wrong = {key_of(address): why for address, why in proof.refused.items()}
        left = [draft for draft in drafts if key_of(draft.address) not in wrong]
        assert len(left) < len(drafts), "what is refused is one of the drafts"
        refused += [
            LeftOut(draft.found.scope.path, title(draft.found.item), wrong[key_of(draft.address)])
            for draft in drafts
            if key_of(draft.address) in wrong
        ]
        drafts = left


def resources_of(
    site: Site, declarations: Declarations, files: Sequence[ManifestFile]
) -> tuple[tuple[Resource, ...], tuple[Problem, ...]]:
    """What the entries of some files become."""
    paths = {file.path for file in files}
    entries = tuple(entry for entry in declarations.entries if entry.place and entry.place.file in paths)
    expansion = expand(replace(declarations, entries=entries), site.scopes.projects, site.catalogue)
    compiled = compile_entries(expansion.entries, site.catalogue)
    return compiled.resources, (*expansion.problems, *compiled.problems)


def plan_of(site: Site, books: Books, resources: Sequence[Resource], records: Iterable[Record]) -> Plan:
    """The plan over some resources and their records, and nothing else."""
    known = {**books.state.records, **{key_of(record.address): record for record in records}}
    books = replace(books, state=replace(books.state, records=known))
    declared = Declared(tuple(resources), site.existing.roots, "")
    cases = tuple(Case(each.address, each, known.get(key_of(each.address))) for each in resources)
    return plan_cases(site.ws, PlanOptions(), Ground(books, site.reader, declared), cases).plan


# ---------------------------------------------------------------------------------------------------------------------


def _prove(site: Site, drafts: Sequence[Draft], files: Sequence[ManifestFile], sources: Sequence[Source]) -> Proof:
    """The plan over what some files declare, with records that say only what the files state.

    The records have no time, so that every field that GitLab shows is compared, and nothing is taken on trust.
    """
    ws, catalogue = site.ws, site.catalogue
    if not drafts:
        return Proof(Plan(), (), {})
    declarations, problems = load_declarations(
        sources,
        ws.catalogue,
        plaintext_secrets=ws.settings.plaintext_secrets == "allow",
        builtin_templates=ws.templates,
    )
    refused = _objections(problems, files) | _second_trackers(site, drafts)
    resources: tuple[Resource, ...] = ()
    if not refused:
        resources, problems = resources_of(site, declarations, files)
        refused = _objections(problems, files)
    if refused:
        return Proof(Plan(), (), refused)
    by_address = {key_of(draft.address): draft for draft in drafts}
    records = [_record(resource, by_address[key_of(resource.address)].found, catalogue) for resource in resources]
    plan = plan_of(site, site.books, resources, [replace(record, updated_at=None) for record in records])
    refused = {blocked.address: blocked.reason for blocked in plan.blocked}
    refused |= {step.address: _moved(step) for step in plan.steps}
    return Proof(plan, tuple(records), refused)


def _record(resource: Resource, found: Found, catalogue: Catalogue) -> Record:
    """The record of an adopted object: ids, the stated fields, and secrets of which nothing is known."""
    said = stated(resource, catalogue.shapes[resource.shape])
    return Record(
        resource.address,
        resource.primitive,
        resource.kind,
        resource.shape,
        resource.scope,
        id=found.item.id,
        scope_id=found.scope_id or found.item.scope_id,
        source=resource.place.file if resource.place else "",
        identity=resource.identity,
        fields=said.fields,
        digests=dict.fromkeys(said.secrets, UNVERIFIED),
        updated_at=found.item.updated_at,
    )


def _objections(problems: Iterable[Problem], files: Sequence[ManifestFile]) -> dict[str, str]:
    """Addresses that `validate` would refuse, with what it says; raises `InputError` for problems of other files."""
    by_path = {file.path: file for file in files}
    refused: dict[str, str] = {}
    others = []
    for problem in problems:
        if problem.severity is not Severity.ERROR:
            continue
        file = by_path.get(problem.place.file) if problem.place else None
        if file is None or problem.place is None:
            others.append(problem)
            continue
        refused |= dict.fromkeys(file.at(problem.place.line), f"{problem.summary}: {problem.detail}")
    if others and not refused:
        raise InputError(others)
    return refused


def _second_trackers(site: Site, drafts: Sequence[Draft]) -> dict[str, str]:
    """Issue trackers at scopes for which another one is declared, by targets for example, and not applied yet."""
    shapes = site.catalogue.shapes
    declared = {r.scope.key: r for r in site.existing.resources if shapes[r.shape].tracker}
    return {
        draft.address: f"{declared[draft.found.scope.key].address} is declared, and GitLab takes one issue tracker"
        for draft in drafts
        if shapes[draft.found.item.shape].tracker and draft.found.scope.key in declared
    }


def _moved(step: Step) -> str:
    fields = ", ".join(f"`{change.field}`" for change in step.changes)
    return f"the next apply would change {fields}" if fields else f"the next apply would {step.action} it"


def _schema_from(ws: Workspace, path: str) -> str:
    """The way from a manifest to the schema that its first line points to."""
    return Path(os.path.relpath(ws.root / SCHEMA, (ws.root / path).parent)).as_posix()
