"""Makes a plan: books, declarations and the live side brought together for `core.decide`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from reconciler.core.address import Scope, key_of
from reconciler.core.compile import to_do_by_hand
from reconciler.core.decide import decide, entry_of
from reconciler.core.digest import Digester
from reconciler.core.errors import Problem, Severity, UsageError
from reconciler.core.live import ABSENT, Live, Presence
from reconciler.core.pair import Case, pair
from reconciler.core.plan import Plan, StepAction
from reconciler.core.ports import ScopeFacts
from reconciler.core.resource import Resource
from reconciler.core.source import closest
from reconciler.core.state import State
from reconciler.core.steps import World
from reconciler.core.value import Secret
from reconciler.engine.aside import readers
from reconciler.engine.books import Books, digester, open_books, settle_open
from reconciler.engine.declared import Declared, declare, read_manifests
from reconciler.engine.heirs import with_heirs
from reconciler.engine.refresh import Reader, from_records
from reconciler.engine.workspace import Workspace

_MANY_SECRETS = 50
"""Above this many distinct secrets a plan suggests a state key: each costs a slow digest without one."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a plan is asked to be. `targets` and `exclude` are addresses, `*` matching within them."""

    paths: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    refresh: bool = True
    destroy: bool = False
    require_secrets: bool = False
    reassert_secrets: bool = False
    writing: bool = False
    """The plan is about to be applied: a missing state key is an error, not something uncompared."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what it was made from."""

    plan: Plan
    books: Books
    reader: Reader
    cases: tuple[Case, ...]
    lives: Mapping[str, Live]


def plan(ws: Workspace, options: PlanOptions) -> Plan:
    """What applying would do; raises as `make_plan` does."""
    return make_plan(ws, options).plan


def make_plan(ws: Workspace, options: PlanOptions) -> Planned:
    """Make a plan; nothing is written anywhere. Raises `InputError`, `StateError`, `UsageError`."""
    books = open_books(ws)
    reader = Reader(ws.provider, ws.shapes, ws.listener, parallelism=ws.parallelism)
    if options.refresh:
        books = settle_open(ws, books, reader)
    state = books.state
    declared = _declared(ws, options, state)
    ws.catalogue({record.kind for record in state.records.values()})
    relocated = _relocated(ws, declared.resources, state) if options.refresh else {}
    declared = _without_the_moved(declared, relocated)
    cases = _selected(pair(declared.resources, state, relocated), options)
    return plan_cases(ws, options, Ground(books, reader, declared), cases)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a plan is made from: the books, what has been read of GitLab, and what is declared."""

    books: Books
    reader: Reader
    declared: Declared


def plan_cases(ws: Workspace, options: PlanOptions, ground: Ground, cases: tuple[Case, ...]) -> Planned:
    """The plan of some cases; nothing is written anywhere."""
    books, reader, declared = ground.books, ground.reader, ground.declared
    state = books.state
    digests = digester(ws, state, writing=options.writing)
    hint = _digest_side_by_side(ws, digests, declared.resources)
    if options.refresh:
        cases, lives = _where_they_are(ws, cases, reader, state)
    else:
        lives = from_records(cases)
    world = World(
        ws.shapes,
        digests,
        reader.listed,
        version=_version(ws, cases) if options.refresh else None,
        unmatched=frozenset(path.lower() for path in declared.unmatched),
        reassert=options.reassert_secrets,
        destroy=options.destroy,
        keep="" if options.destroy else _keep(declared.roots, state),
    )
    plan = decide(cases, lives, world, state)
    if options.refresh:
        plan = with_heirs(ws, plan, reader, declared.resources)
    plan = replace(
        plan,
        problems=(*declared.warnings, *plan.problems, *hint),
        notes=(*to_do_by_hand(declared.manual, _made(plan)), *plan.notes),
        matched=declared.matched,
        unmatched=declared.unmatched,
        lineage=books.stored.lineage if books.stored else "",
        serial=books.stored.serial if books.stored else 0,
        manifests=declared.digest,
        roots=declared.roots,
        tool_version=ws.tool_version,
        gitlab_url=ws.gitlab_url,
        environment=ws.environment,
        partial=bool(options.targets or options.exclude),
    )
    return Planned(plan, books, reader, cases, lives)


def keep_at_hand(ws: Workspace, resources: Iterable[Resource]) -> None:
    """Remember resolved secrets for the steps of this process (a saved plan resolves them anew)."""
    for resource in resources:
        key = key_of(resource.address)
        for name, secret in secrets_of(resource):
            ws.known[key, name] = secret


def secrets_of(resource: Resource) -> Iterable[tuple[str, Secret]]:
    """Every secret of a resource under its digest name (`token`, `custom_headers.X-Team`)."""
    for name, value in resource.fields.items():
        if isinstance(value, Secret):
            yield name, value
        elif isinstance(value, dict):
            yield from ((f"{name}.{key}", item) for key, item in value.items() if isinstance(item, Secret))


def _declared(ws: Workspace, options: PlanOptions, state: State) -> Declared:
    if options.destroy:
        return Declared((), state.roots, "")
    read = read_manifests(ws, options.paths)
    declared = declare(ws, read, state, refresh=options.refresh, require_secrets=options.require_secrets)
    keep_at_hand(ws, declared.resources)
    return declared


def _digest_side_by_side(ws: Workspace, digests: Digester, resources: Iterable[Resource]) -> tuple[Problem, ...]:
    """Make the slow digests of a run without a state key in threads; suggests the key where there are many."""
    if digests.keyed:
        return ()
    texts = {s.reveal() for r in resources for _, s in secrets_of(r) if s.known}
    if len(texts) > 1:
        with readers(ws.parallelism) as pool:
            list(pool.map(digests.of, texts))
    if len(texts) <= _MANY_SECRETS:
        return ()
    detail = f"{len(texts)} secrets were digested one by one"
    hint = "set RECONCILER_STATE_KEY to any long random text, and keep it"
    return (Problem("planning would be quicker with a state key", detail, hint, severity=Severity.WARNING),)


def _relocated(ws: Workspace, resources: Iterable[Resource], state: State) -> dict[str, Scope]:
    """Recorded scopes whose project has another path now: the key of the old one with the scope of today.

    Asked only where some scope is new and some recorded one is no longer declared.
    """
    declared = {resource.scope.key: resource.scope for resource in resources}
    recorded = {record.scope.key: record for record in state.records.values()}
    new = [scope for key, scope in declared.items() if key not in recorded]
    orphans = {r.scope_id: key for key, r in recorded.items() if key not in declared and r.scope_id is not None}
    if not new or not orphans:
        return {}
    with readers(ws.parallelism) as pool:
        facts = list(pool.map(ws.estate.scope, new))
    return {
        orphans[found.id]: scope
        for scope, found in zip(new, facts, strict=True)
        if isinstance(found, ScopeFacts) and found.id in orphans
    }


def _without_the_moved(declared: Declared, relocated: Mapping[str, Scope]) -> Declared:
    """What is declared; a project that is matched under another path now is neither new nor left out."""
    if not relocated:
        return declared
    arrived = {scope.key for scope in relocated.values()}
    return replace(
        declared,
        matched=tuple(path for path in declared.matched if path.lower() not in arrived),
        unmatched=tuple(path for path in declared.unmatched if path.lower() not in relocated),
    )


def _selected(cases: Sequence[Case], options: PlanOptions) -> tuple[Case, ...]:
    """The cases that `--target` and `--exclude` leave; an entry's address takes all of its parts."""
    if options.targets:
        for wanted in options.targets:
            if not any(_meant(wanted, case) for case in cases):
                near = closest(wanted, [case.address for case in cases])
                raise UsageError(f"nothing is declared or recorded as `{wanted}`", hint=near)
        cases = [case for case in cases if any(_meant(wanted, case) for wanted in options.targets)]
    return tuple(case for case in cases if not any(_meant(unwanted, case) for unwanted in options.exclude))


def _meant(pattern: str, case: Case) -> bool:
    wanted, key = key_of(pattern), key_of(case.address)
    return fnmatchcase(key, wanted) or fnmatchcase(entry_of(case.address), wanted)


def _version(ws: Workspace, cases: Iterable[Case]) -> tuple[int, int] | None:
    """GitLab's version, asked only where something declared does not exist in every one."""
    for case in cases:
        if case.resource:
            shape = ws.shapes[case.resource.shape]
            if shape.since or any(spec.since for spec in shape.fields if spec.name in case.resource.fields):
                return ws.estate.version()
    return None


def _where_they_are(
    ws: Workspace, cases: tuple[Case, ...], reader: Reader, state: State
) -> tuple[tuple[Case, ...], dict[str, Live]]:
    """The live sides. What is no longer declared and not found under its recorded path is looked for by the id of its
    project or group: it is absent where that is gone, and read where that is today."""
    lives = reader.lives(cases, state)
    lost = {
        (case.scope.key, case.record.scope_id): case.scope
        for case in cases
        if case.record and not case.resource and lives[key_of(case.address)].presence is Presence.UNKNOWN
    }
    with readers(ws.parallelism) as pool:
        places = pool.map(lambda key: ws.estate.whereabouts(lost[key], key[1]), lost)
        today = dict(zip(lost, places, strict=True))
    found: list[Case] = []
    for case in cases:
        place = (case.scope.key, case.record.scope_id if case.record else None)
        if case.resource or place not in today or lives[key_of(case.address)].presence is not Presence.UNKNOWN:
            found.append(case)
        elif (scope := today[place]) is None:
            lives[key_of(case.address)] = ABSENT
            found.append(case)
        else:
            found.append(replace(case, today=scope))
    elsewhere = [new for new, old in zip(found, cases, strict=True) if new.scope != old.scope]
    return tuple(found), lives | reader.lives(elsewhere, state)


def _made(plan: Plan) -> frozenset[str]:
    """The keys of entries of which something is made anew: what must be done by hand is told then."""
    return frozenset(entry_of(step.address) for step in plan.steps if step.action is StepAction.CREATE)


def _keep(roots: tuple[str, ...], state: State) -> str:
    missing = sorted(set(state.roots) - set(roots))
    if not missing:
        return ""
    return f"less than the recorded manifests was read (not {', '.join(missing)})"
