"""Who probes and actions are about: declared entries, and recorded ones that no manifest declares, with their values.

What a flow finds in `Subject.recorded`, where it is known:

- `id`, `updated_at`, `condition`, `identity`: of the main object (a webhook's id, an application's numeric id);
- `scope_id`: the numeric id of the project or group;
- `fields`: the main object's plain fields as they were last applied;
- the same of each part under its key in the address (`variable.SENTRY_DSN`, `hook.app-build`, `mirror.push`);
- `thresholds`: the settings' `health` (`slow_ms`, `degraded_below`, `unhealthy_below`, `token_days`);
- `_sync` and other names that begin with `_`: facts that earlier runs of actions kept.

Secrets come from their references, else from what this process knows; those that cannot be had are there, unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.address import Address, Scope, ScopeType, given_address, key_of
from reconciler.core.entry import Declarations, Entry
from reconciler.core.errors import InputError, Place, Problem, ReconcilerError, Severity, UsageError
from reconciler.core.journal import FACTS
from reconciler.core.resolve import Resolver
from reconciler.core.resource import NOTHING, Catalogue, Kind, Origin, Primitive, Subject
from reconciler.core.source import closest
from reconciler.core.state import Record, State
from reconciler.core.supply import named, stated_secrets, supplier_of
from reconciler.core.targets import expand_recorded
from reconciler.core.value import Reference, Secret, Value
from reconciler.engine.books import open_books
from reconciler.engine.declared import read_manifests, resolver_of
from reconciler.engine.workspace import Workspace

_NAMED = frozenset({Primitive.HOOK, Primitive.APPLICATION})
"""Objects whose name is the entry's where none is stated."""


@dataclass(frozen=True, slots=True)
class Known:
    """An entry as probes and actions see it.

    `home` is the record that keeps what actions remember (None: nothing is recorded yet). `obstacle` says in words why
    nothing can be asked about it (a reference that is not set), empty where something can.
    """

    subject: Subject
    kind: Kind
    home: Record | None
    obstacle: str = ""
    place: Place | None = None

    def unknown_secret(self, names: Sequence[str]) -> Secret | None:
        """The first of some fields whose secret is stated and not at hand."""
        for name in names:
            value = self.subject.values.get(name)
            for item in value.values() if isinstance(value, Mapping) else (value,):
                if isinstance(item, Secret) and not item.known:
                    return item
        return None


@dataclass(slots=True)
class Subjects:
    """Everything that is declared or recorded, by the key of its entry; values are resolved when they are asked for."""

    ws: Workspace
    state: State
    entries: Mapping[str, Entry]
    groups: Mapping[tuple[str, str], Entry]
    records: Mapping[str, Mapping[str, Record]]
    catalogue: Catalogue
    problems: tuple[Problem, ...]
    _answers: dict[str, str | None] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        """The addresses of entries: all declared ones, then those that only the Python API declared."""
        yield from (entry.address for entry in self.entries.values())
        for key, parts in self.records.items():
            if key not in self.entries and _home(parts).origin is Origin.PYTHON:
                yield Address.parse(_home(parts).address).entry

    def of(self, address: str) -> Known:
        """One entry; raises `UsageError` for an address that is neither declared nor recorded."""
        key = key_of(given_address(address).entry)
        entry, records = self.entries.get(key), self.records.get(key, NOTHING)
        if entry:
            return self._declared(entry, records)
        self.require(address)
        return self._recorded(key, records)

    def require(self, address: str) -> None:
        """Raise `UsageError` for an address that is neither declared nor recorded; nothing is resolved."""
        key = key_of(given_address(address).entry)
        if key in self.entries or key in self.records:
            return
        if self.problems:
            raise InputError(self.problems)
        addresses = [e.address for e in self.entries.values()] + [_home(r).address for r in self.records.values()]
        raise UsageError(f"nothing is declared or recorded as `{address}`", hint=closest(address, addresses))

    def _declared(self, entry: Entry, records: Mapping[str, Record]) -> Known:
        kind = self.catalogue.kinds[entry.kind]
        source, obstacle = entry, ""
        if entry.inherit:
            above = self._inherited(entry)
            source, obstacle = above or entry, "" if above else "it uses its group's settings, which are not declared"
        plaintext = self.ws.settings.plaintext_secrets == "allow"
        resolver = Resolver(self.catalogue, self._get, self.ws.settings.vars, plaintext=plaintext)
        values = dict(resolver.values(source))
        if kind.shape and kind.shape.primitive in _NAMED:
            values.setdefault("name", entry.name)
        for spec in kind.fields:
            if spec.secret and isinstance(values.get(spec.name), Secret) and not values[spec.name].known:
                values[spec.name] = self.ws.known.get((key_of(entry.address), spec.name), values[spec.name])
        wrong = [problem.detail for problem in resolver.problems if problem.severity is Severity.ERROR]
        assert entry.scope is not None
        subject = self._subject(entry.address, entry.kind, entry.scope, values, records)
        return Known(subject, kind, _home(records) if records else None, obstacle or "; ".join(wrong), entry.place)

    def _recorded(self, key: str, records: Mapping[str, Record]) -> Known:
        home = _home(records)
        kind = self.catalogue.kinds.get(home.kind)
        if kind is None:
            raise ReconcilerError(f"{home.address} is of the kind `{home.kind}`, which is not known here")
        values: dict[str, Value] = {}
        for record in records.values():
            values |= {name: value for name, value in record.local.items() if not name.startswith("_")}
        if "" in records:
            values |= {name: value for name, value in home.fields.items() if name != "inherit"}
        values |= self._known_secrets(key, kind, home, stated_secrets(values))
        address = Address.parse(home.address).entry
        return Known(self._subject(address, kind.name, home.scope, values, records), kind, home)

    def _known_secrets(self, key: str, kind: Kind, home: Record, said: Mapping[str, str]) -> dict[str, Value]:
        """The secrets of a record, from this process's memory or their suppliers; those not at hand are unknown."""
        found: dict[str, Value] = {}
        for spec in kind.fields:
            if not spec.secret:
                continue
            names = (*home.digests, *said, *(name for owner, name in self.ws.known if owner == key))
            stated = {name for name in names if name.partition(".")[0] == spec.name}
            if spec.required:
                stated = stated or {spec.name}
            for name in sorted(stated):
                secret = self.ws.known.get((key, name)) or self._supplied(home, name, said.get(name, ""))
                if item := name.partition(".")[2]:
                    found.setdefault(spec.name, {})[item] = secret
                else:
                    found[spec.name] = secret
        return found

    def _supplied(self, home: Record, name: str, stated: str) -> Secret:
        """A program's secret from its reference or its variable; who could supply it where nobody does."""
        reference = supplier_of(home.kind, name, stated)
        if reference and home.origin is Origin.PYTHON:
            resolver = Resolver(self.catalogue, self._get, self.ws.settings.vars)
            found = resolver.secret(reference, scope=home.scope, address=home.address)
            if found.known:
                return found
        argument = f"`secrets={{'{home.alias or home.kind}': {{'{name}': …}}}}`"
        return Secret(None, f"{named(reference)} (or {argument})" if reference else argument)

    def _inherited(self, entry: Entry) -> Entry | None:
        """The nearest group's own declaration of the same kind."""
        assert entry.scope is not None
        segments = entry.scope.key.split("/")
        above = ("/".join(segments[:n]) for n in range(len(segments) - 1, 0, -1))
        return next((found for path in above if (found := self.groups.get((path, entry.kind)))), None)

    def _subject(
        self, address: str, kind: str, scope: Scope, values: Mapping[str, Value], records: Mapping[str, Record]
    ) -> Subject:
        facts = {**_facts(records), "thresholds": thresholds(self.ws)}
        return Subject(address, kind, scope, values, facts, self.ws.clock.now())

    def _get(self, reference: Reference) -> str | None:
        """The answer of a store, asked once for each reference."""
        if reference.text not in self._answers:
            self._answers[reference.text] = resolver_of(self.ws, self.catalogue, require_secrets=False).get(reference)
        return self._answers[reference.text]


def thresholds(ws: Workspace) -> Mapping[str, float]:
    """From when on health is worse than healthy, as probes find it in what is recorded."""
    told = ws.settings.health
    return {
        "slow_ms": told.slow_ms,
        "degraded_below": told.degraded_below,
        "unhealthy_below": told.unhealthy_below,
        "token_days": told.token_days,
    }


def open_subjects(ws: Workspace) -> Subjects:
    """Read state and manifests. Without any manifests only what is recorded is known.

    `problems` holds what is wrong with the manifests; entries that are right are there nevertheless.
    """
    state = open_books(ws).state
    try:
        read = read_manifests(ws)
        declarations, problems = read.declarations, read.problems
    except InputError as error:
        if not state.records or any(problem.summary != "no manifests" for problem in error.problems):
            raise
        declarations, problems = Declarations(), ()
    kinds = {entry.kind for entry in declarations.entries} | {record.kind for record in state.records.values()}
    catalogue = ws.catalogue(kinds)
    expansion = expand_recorded(declarations, state, catalogue)
    entries = {key_of(entry.address): entry for entry in expansion.entries}
    records: dict[str, dict[str, Record]] = {}
    for record in state.records.values():
        address = Address.parse(record.address)
        records.setdefault(key_of(address.entry), {})[address.part] = record
    groups = {
        (entry.scope.key, entry.kind): entry
        for entry in expansion.entries
        if entry.scope and entry.scope.type is ScopeType.GROUP and not entry.inherit
    }
    wrong = tuple(problem for problem in problems if problem.severity is Severity.ERROR)
    return Subjects(ws, state, entries, groups, records, catalogue, wrong)


# ---------------------------------------------------------------------------------------------------------------------


def _home(records: Mapping[str, Record]) -> Record:
    """The main object's record, else that of a part that keeps facts already, else that of the first part."""
    keeping = (part for part, record in records.items() if FACTS in record.local)
    return records[""] if "" in records else records[next(keeping, min(records))]


def _facts(records: Mapping[str, Record]) -> dict[str, Any]:
    if not records:
        return {}
    home = _home(records)
    facts: dict[str, Any] = {name: value for name, value in home.local.items() if name.startswith("_")}
    facts |= {part: _object(record) for part, record in records.items() if part}
    facts |= _object(home) if "" in records else {}
    if home.scope_id is not None:
        facts["scope_id"] = home.scope_id
    return facts


def _object(record: Record) -> dict[str, Any]:
    facts = {"id": record.id, "updated_at": record.updated_at, "condition": record.condition}
    stated = {name: value for name, value in facts.items() if value not in (None, "")}
    return {**stated, "identity": dict(record.identity), "fields": dict(record.fields)}
