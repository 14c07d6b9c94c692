"""Carries out what a program declares or takes back: a plan of exactly its addresses, applied at once.

Records of manifests are never touched, and an object that another address stands for is never taken over. Callers hold
the state's lock where what they declare depends on what they have read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.core.address import Address, key_of
from reconciler.core.compile import compile_entries
from reconciler.core.decide import entry_of
from reconciler.core.entry import Entry
from reconciler.core.errors import AlreadyExists, InputError, RemoteError, Severity, StateError, UsageError
from reconciler.core.identity import same_identity
from reconciler.core.pair import Case
from reconciler.core.plan import Step
from reconciler.core.report import Report, StepStatus
from reconciler.core.resource import Catalogue, Origin, Primitive, Resource
from reconciler.core.state import Record, State
from reconciler.core.value import Secret
from reconciler.engine.applying import ApplyOptions, apply_plan
from reconciler.engine.books import open_books, settle_open
from reconciler.engine.declared import Declared, resolver_of
from reconciler.engine.deliver import Delivery
from reconciler.engine.planning import Ground, PlanOptions, keep_at_hand, plan_cases
from reconciler.engine.refresh import Reader
from reconciler.engine.workspace import Workspace

Generated = dict[str, Mapping[str, Secret]]
"""Credentials that GitLab has generated, by address: `client_id` and `client_secret`."""


def declare_python(ws: Workspace, entries: Sequence[Entry], generated: Generated | None = None) -> Report:
    """Bring GitLab and the record to what some entries of origin PYTHON say; credentials go to `generated`, too.

    Raises `InputError` for what is wrong with them, `AlreadyExists` where another address stands for the same object,
    `StateError` where a manifest declares the address, and what applying raises.
    """
    catalogue = ws.catalogue({entry.kind for entry in entries})
    compiled = compile_entries(entries, catalogue)
    resolver = resolver_of(ws, catalogue, require_secrets=False)
    resources = [resolver.resource(resource) for resource in compiled.resources]
    problems = [p for p in (*compiled.problems, *resolver.problems) if p.severity is Severity.ERROR]
    if problems:
        raise InputError(problems)
    for entry in entries:
        _keep_secrets(ws, entry, resolver.values(entry), catalogue)
    keep_at_hand(ws, resources)
    return _carry_out(ws, [entry.address for entry in entries], resources, generated)


def withdraw_python(ws: Workspace, addresses: Sequence[str]) -> Report:
    """Delete what stands at some addresses that a program declared, parts included, and drop their records."""
    report = _carry_out(ws, addresses, (), None)
    gone = {key_of(address) for address in addresses}
    for key in [key for key in ws.known if entry_of(key[0]) in gone]:
        del ws.known[key]
    return report


def undone(report: Report) -> None:
    """Raise `RemoteError` with why something was not done, if anything was not."""
    for blocked in report.blocked:
        raise RemoteError(f"{blocked.address}: {blocked.reason}")
    for outcome in (*report.of(StepStatus.FAILED), *report.of(StepStatus.SKIPPED)):
        raise RemoteError(f"{outcome.address}: {outcome.message}", hint=outcome.hint)


# ---------------------------------------------------------------------------------------------------------------------


def _carry_out(
    ws: Workspace, addresses: Sequence[str], resources: Sequence[Resource], generated: Generated | None
) -> Report:
    with ws.lock("python"):
        reader = Reader(ws.provider, ws.shapes, ws.listener, parallelism=ws.parallelism)
        books = settle_open(ws, open_books(ws), reader)
        state = books.state
        ws.catalogue({record.kind for record in state.records.values()})
        cases = _cases(addresses, resources, state)
        # `destroy` lets what a program no longer declares go; the cases hold nothing that is not its own.
        options = PlanOptions(targets=tuple(addresses), destroy=True, writing=True)
        ground = Ground(books, reader, Declared(tuple(resources), state.roots, ""))
        plan = plan_cases(ws, options, ground, cases).plan
        taker = _Taker(Delivery(ws.provider, ws.root), generated if generated is not None else {})
        return apply_plan(ws, plan, ApplyOptions(deliver=taker))


class _Taker:
    """Delivers credentials to where an entry says, and to the caller."""

    def __init__(self, delivery: Delivery, generated: Generated) -> None:
        self._delivery, self._generated = delivery, generated

    def __call__(self, step: Step, generated: Mapping[str, Secret]) -> None:
        self._generated[step.address] = generated
        self._delivery(step, generated)


def _cases(addresses: Iterable[str], resources: Iterable[Resource], state: State) -> tuple[Case, ...]:
    """The cases of some entries: what is declared of them, and what is recorded of them and is so no longer."""
    meant = {key_of(address) for address in addresses}
    recorded = {key: record for key, record in state.records.items() if entry_of(key) in meant}
    for record in recorded.values():
        _refuse_strange(record)
    declared = {key_of(resource.address): resource for resource in resources}
    for resource in declared.values():
        _refuse_taken(resource, state)
    cases = [Case(resource.address, resource, recorded.get(key)) for key, resource in declared.items()]
    cases += [Case(record.address, None, record) for key, record in recorded.items() if key not in declared]
    for address in addresses:
        if not any(entry_of(case.address) == key_of(address) for case in cases):
            raise UsageError(f"nothing is recorded as `{address}`")
    return tuple(sorted(cases, key=lambda case: key_of(case.address)))


def _refuse_strange(record: Record) -> None:
    """A manifest's record is not a program's to change."""
    if record.origin is not Origin.PYTHON:
        where = f"in {record.source}" if record.source else "by a manifest"
        hint = "change it there, or use another name"
        raise StateError(f"{record.address} is declared {where}", hint=hint)


def _refuse_taken(resource: Resource, state: State) -> None:
    """What another address stands for is not taken over; nor is a name whose entry is of another kind."""
    same = _same_hook if resource.primitive is Primitive.HOOK else same_identity(resource.primitive)
    entry = entry_of(resource.address)
    for record in state.records.values():
        if record.scope.key != resource.scope.key:
            continue
        own = entry_of(record.address) == entry
        if own and record.kind != resource.kind:
            raise _taken(record, resource, "the name is taken", "use another name")
        if own or record.primitive is not resource.primitive or record.shape != resource.shape:
            continue
        if same(record.identity, resource.identity):
            raise _taken(record, resource, f"`{resource.scope}` has one already")


def _same_hook(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Two webhooks may post to the same address, under different names."""
    return one.get("name") == other.get("name")


def _taken(record: Record, resource: Resource, why: str, todo: str = "") -> AlreadyExists:
    named = f"`{record.alias}`, " if record.alias else ""
    who = f"{named}{Address.parse(record.address).entry}"
    called = record.local.get("name") or record.fields.get("name")
    by = f" (`{called}`)" if isinstance(called, str) else ""
    hint = f"{todo or f'use its name{by} to change it'}, or delete it first"
    if record.origin is not Origin.PYTHON:
        hint = f"it is declared in {record.source or 'a manifest'}; change it there"
    return AlreadyExists(f"{resource.kind}: {why} ({who})", hint=hint)


def _keep_secrets(ws: Workspace, entry: Entry, values: Mapping[str, object], catalogue: Catalogue) -> None:
    """Remember an entry's secrets under its own fields' names, as actions ask for them."""
    for spec in catalogue.kinds[entry.kind].fields:
        value = values.get(spec.name) if spec.secret else None
        items = value.items() if isinstance(value, Mapping) else [("", value)]
        for name, item in items:
            if isinstance(item, Secret) and item.known:
                ws.known[key_of(entry.address), f"{spec.name}.{name}" if name else spec.name] = item
