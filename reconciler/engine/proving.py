"""Proves an adoption by the plan over its manifests and records, against everything that was read. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.address import key_of
from reconciler.core.adopt import Draft, Found
from reconciler.core.adopted import ManifestFile
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
from reconciler.engine.refresh import Reader
from reconciler.engine.survey import Scopes
from reconciler.engine.workspace import Workspace


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
class Proof:
    """The plan over some manifests, with the records they leave; `refused` says what is not left as it is."""

    plan: Plan
    records: tuple[Record, ...]
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """What a run works with."""

    ws: Workspace
    catalogue: Catalogue
    reader: Reader
    books: Books
    existing: Existing
    scopes: Scopes


def prove(site: Site, drafts: Sequence[Draft], files: Sequence[ManifestFile], sources: Sequence[Source]) -> Proof:
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
    refused = _objections(problems, files)
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


def _moved(step: Step) -> str:
    fields = ", ".join(f"`{change.field}`" for change in step.changes)
    return f"the next apply would change {fields}" if fields else f"the next apply would {step.action} it"
