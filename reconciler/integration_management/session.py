"""What the areas share: workspaces, the secrets of this process, and the ways to declare, find, act and delete.

Every call opens a workspace of its own, and reads and writes the state that the command line uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.address import Scope, ScopeType, key_of
from reconciler.core.errors import RemoteError, SecretUnavailable, UsageError
from reconciler.core.manifest import wrong_path
from reconciler.core.ports import ScopeFacts
from reconciler.core.report import Report, StepStatus
from reconciler.core.resource import NOTHING, Kind
from reconciler.core.source import closest, said
from reconciler.core.state import State
from reconciler.core.stateformat import to_json
from reconciler.engine.acting import act
from reconciler.engine.books import read_state, settled_books
from reconciler.engine.programmatic import Generated, declare_python, undone, withdraw_python
from reconciler.engine.workspace import Workspace
from reconciler.integration_management import records
from reconciler.integration_management.configs import (
    Draft,
    entry_of_config,
    kind_name,
    slug_of,
    title_of_url,
)
from reconciler.integration_management.records import Found
from reconciler.integration_management.supplies import Supplies
from reconciler.integration_management.templatebook import Book

Config = Mapping[str, Any]
Shown = dict[str, Any]


@dataclass
class Session:
    """One manager's session; `given` is where integrations and webhooks go."""

    given: Scope
    open: Callable[[], AbstractContextManager[Workspace]]
    supplies: Supplies
    _held: Workspace | None = None
    _holding: ExitStack = field(default_factory=ExitStack)
    _scope: Scope | None = None

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """A workspace for one call; the held one within `hold`."""
        if self._held is not None:
            yield self._held
            return
        with self.open() as ws:
            yield ws

    def hold(self) -> None:
        """Keep one workspace, and its connections, until `release`."""
        if self._held is None:
            self._held = self._holding.enter_context(self.open())

    def release(self) -> None:
        """Close the held workspace."""
        self._held = None
        self._holding.close()

    def scope(self, ws: Workspace) -> Scope:
        """Where integrations and webhooks go; a project that was given by its number is asked for once."""
        if self._scope is None:
            self._scope = self.given
            if self.given.path.isdigit():
                facts = ws.estate.scope(self.given)
                if not isinstance(facts, ScopeFacts):
                    raise RemoteError(f"{self.given.type} {self.given.path}: {facts}")
                self._scope = Scope(self.given.type, facts.path)
            elif wrong := wrong_path(self.given.path, self.given.type):
                raise UsageError(f"`{self.given.path}` is no path of a {self.given.type}", hint=wrong)
        return self._scope

    def declare(self, kind: str, config: Config, *, id: str = "", generated: Generated | None = None) -> Shown:
        """Create what is not there, bring what is to `config`. With an id, `config` is what changes of that entry."""
        config = dictionary(config)
        with self.workspace() as ws, ws.lock("python"):
            state = settled_books(ws).state
            of_kind = kind_of(ws, kind)
            if id:
                draft = self._changed(ws, self.found(state, id, kind), of_kind, config)
            else:
                draft = self._new(ws, state, of_kind, config)
            ws.known = self.supplies.without(draft.address)
            templates = Book.read(ws).templates(ws, draft.config.get("template"))
            catalogue = ws.catalogue({of_kind.name, *(template.kind for template in templates.values())})
            entry = entry_of_config(
                draft, catalogue, templates, lambda name: self.supplies.text(ws, draft.kind.name, draft.alias, name)
            )
            report = declare_python(ws, [entry], generated)
            one = _recorded(read_state(ws), draft.address)
            if one and _lacks_secret(report) and (error := self.supplies.lacking(ws, one)):
                raise error
            undone(report)
            self.supplies.remember(ws, draft.address)
            return records.shown(records.find(read_state(ws), draft.address))

    def find(self, id: str, *kinds: str) -> Shown:
        """One entry; raises `UsageError` for an id that is not known, or is of another kind."""
        with self.workspace() as ws:
            return records.shown(self.found(read_state(ws), id, *kinds))

    def every(self, *kinds: str, instance: bool = False) -> list[Shown]:
        """What programs have declared at the manager's scope (or for the instance), of some kinds or all."""
        with self.workspace() as ws:
            scope = Scope.instance() if instance else self.scope(ws)
            found = records.ours(read_state(ws), scope)
            return [records.shown(one) for one in found if not kinds or one.kind in kinds]

    def delete(self, id: str, *kinds: str) -> Shown:
        """Delete an entry in GitLab and in the record; what it was."""
        with self.workspace() as ws, ws.lock("python"):
            one = self.found(read_state(ws), id, *kinds)
            undone(withdraw_python(ws, [one.address]))
            self.supplies.forget(one.address)
            return records.shown(one)

    def act(self, id: str, action: str, parameters: Config, *kinds: str) -> Shown:
        """Do what is asked of an entry, with its secrets at hand; raises `SecretUnavailable` where one is not."""
        with self.workspace() as ws:
            address = self.at_hand(ws, id, *kinds)
            try:
                return dict(to_json(act(ws, address, action, parameters)))
            except SecretUnavailable as error:
                one = _recorded(read_state(ws), address)
                raise (one and self.supplies.lacking(ws, one)) or error from error

    def at_hand(self, ws: Workspace, id: str, *kinds: str) -> str:
        """The address of an id, with every secret that this process can supply made known to the workspace."""
        state = read_state(ws)
        ws.known = self.supplies.without("")
        for one in records.ours(state):
            self.supplies.make_known(ws, one)
        if isinstance(id, str) and ":" in id:
            return id
        return self.found(state, id, *kinds).address

    def found(self, state: State, id: str, *kinds: str) -> Found:
        """The entry of an id; raises `UsageError` for none, or one of another kind."""
        one = records.find(state, id)
        if kinds and one.kind not in kinds:
            raise UsageError(f"`{id}` is of the type `{one.kind}`, not `{kinds[0]}`")
        return one

    # -----------------------------------------------------------------------------------------------------------------

    def _new(self, ws: Workspace, state: State, kind: Kind, config: Config) -> Draft:
        scope = self.scope(ws)
        if kind.scopes == {ScopeType.INSTANCE}:
            scope = Scope.instance()
        there = [one for one in records.ours(state, scope) if one.kind == kind.name]
        title = str(config.get("name") or "").strip()
        if not title and kind.section == "integrations":
            title = there[0].title if there else kind.title
        title = title or title_of_url(config.get("url") or config.get("redirect_uri")) or kind.title
        rest = {name: value for name, value in config.items() if name != "name"}
        if "name" in kind.by_name:
            rest["name"] = config.get("name", title)
        named = Draft(kind, scope, title, slug_of(title), _named(ws, rest), "", "")
        same = next((one for one in there if _same(one.address, named.address)), None)
        return Draft(
            kind,
            scope,
            title,
            named.name,
            named.config,
            same.id if same else records.next_id(state, kind.name),
            same.created_at if same else _now(ws),
            self._standing(ws, same, kind) if same else NOTHING,
        )

    def _standing(self, ws: Workspace, there: Found, kind: Kind) -> Config:
        """What is required, and how the service is reached, as an entry has it."""
        config, secrets = there.config, records.secrets_of(there)
        needed = {*(spec.name for spec in kind.fields if spec.required), *kind.credential}
        found = {name: self.supplies.stated(ws, there, name) for name in needed & secrets.keys()}
        found |= {name: to_json(config[name]) for name in needed & config.keys()}
        return {name: value for name, value in found.items() if value is not None}

    def _changed(self, ws: Workspace, before: Found, kind: Kind, changes: Config) -> Draft:
        """What an entry becomes: as it is recorded, its secrets as they are known here, with some changes."""
        config: dict[str, Any] = {name: to_json(value) for name, value in before.config.items()}
        for name in records.secrets_of(before):
            owner, _, item = name.partition(".")
            text = self.supplies.stated(ws, before, name)
            if item:
                held = config.get(owner)
                config[owner] = {**(held if isinstance(held, dict) else {}), item: text}
            elif text is not None:
                config[owner] = text
        config |= changes
        title = str(changes.get("name") or before.title)
        if "name" not in kind.by_name:
            config.pop("name", None)
        config = {name: value for name, value in config.items() if value is not None}
        name = before.address.rpartition(".")[2]
        return Draft(
            kind,
            before.home.scope,
            title,
            name,
            _named(ws, config),
            before.home.alias,
            before.created_at or _now(ws),
        )


def dictionary(given: object) -> Config:
    """What a program gave, where it is a dictionary; raises `UsageError` for anything else."""
    if not isinstance(given, Mapping):
        raise UsageError(f"what is wanted is given as a dictionary, not as {said(given)}", hint="write `{'name': …}`")
    return given


def kind_of(ws: Workspace, given: object) -> Kind:
    """A kind by its name or its `IntegrationType`; raises `UsageError` for an unknown one."""
    name = kind_name(given)
    kinds = ws.catalogue({name}).kinds if isinstance(name, str) else {}
    if name not in kinds:
        every = ws.catalogue(None).kinds
        raise UsageError(f"there is no type `{name}`", hint=closest(str(name), every) or "see `IntegrationType`")
    return kinds[str(name)]


# ---------------------------------------------------------------------------------------------------------------------


def _same(one: str, other: str) -> bool:
    return key_of(one) == key_of(other)


def _lacks_secret(report: Report) -> bool:
    return any(" is not set" in outcome.message for outcome in report.of(StepStatus.FAILED))


def _recorded(state: State, address: str) -> Found | None:
    return next((one for one in records.everything(state) if _same(one.address, address)), None)


def _now(ws: Workspace) -> str:
    return ws.timestamp().replace("+00:00", "Z")


def _named(ws: Workspace, config: dict[str, Any]) -> dict[str, Any]:
    """A configuration whose template is called by its name."""
    wanted = config.get("template")
    return {**config, "template": Book.read(ws).name_of(str(wanted))} if wanted is not None else config
