"""What a GitLab object type is, as a declaration, and the one routine that lists, reads and writes by it.

Pure: operations are generators that yield requests and are sent answers (refusals that they do not accept never reach
them; the caller raises those). A new primitive is one `Declaration` in a file of its own and a line in `provider`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import RemoteError, UnclearWrite
from reconciler.core.flow import Request, Response
from reconciler.core.live import Item, Written
from reconciler.core.plan import Step, StepAction
from reconciler.core.resource import NOTHING, Primitive, Shape
from reconciler.core.value import Secret, Value
from reconciler.providers.decide import Call, explain, refusal
from reconciler.providers.gitlab.pages import rows
from reconciler.providers.gitlab.talk import Calls
from reconciler.providers.gitlab.translate import Raw, from_wire, shows_more, to_wire

Accept = frozenset[int]
NONE: Accept = frozenset()
MISSING: Accept = frozenset({404})

API = "/api/v4"


@dataclass(frozen=True, slots=True)
class Work:
    """One step being carried out: its table, where it happens, and the values of its fields."""

    declaration: Declaration
    step: Step
    shape: Shape
    values: Mapping[str, Value]

    @property
    def collection(self) -> str:
        """The path of the collection, by the scope's id where it is known: ids survive renames."""
        return self.declaration.collection(self.step.scope, self.step.scope_id)

    @property
    def member(self) -> str:
        """The path of the object itself."""
        step = self.step
        return self.declaration.member(step.scope, step.id, step.identity, step.scope_id)

    @property
    def changed(self) -> frozenset[str]:
        """The names of the fields that differ from what is live."""
        return frozenset(change.field for change in self.step.changes)

    @property
    def sent(self) -> frozenset[str]:
        """The names of the fields that are sent: the step's, and every stated secret where an exposing field changes,
        because GitLab forgets those that do not come along."""
        exposed = any(field.exposes for field in self.shape.fields if field.name in self.changed)
        secrets = {field.name for field in self.shape.secrets if field.name in self.values} if exposed else set()
        return frozenset(self.step.send) | secrets

    def body(self, *, without: frozenset[str] = frozenset()) -> dict[str, Value]:
        """The body of a write of everything that is sent."""
        return to_wire(self.shape, self.sent - without, self.values)

    def on_collection(self, method: str, body: object = None) -> Request:
        """A request that writes to the collection."""
        return Request(method, self.collection, json=body, writes=True)

    def on_member(self, method: str, body: object = None, *, below: str = "", accept: Accept = NONE) -> Request:
        """A request that writes to the object, or to what stands below it."""
        query = self.declaration.query(self.step.scope, self.step.identity)
        return Request(method, self.member + below, query=query, json=body, writes=True, accept=accept)

    def look(self, *, accept: Accept = NONE) -> Request:
        """A request that reads the object."""
        query = self.declaration.query(self.step.scope, self.step.identity)
        return Request("GET", self.member, query=query, accept=accept)

    def written(self, response: Response) -> Written:
        """What an answer with the whole object says was left behind; raises UnclearWrite when it is no such object.

        A proxy's page in the place of GitLab's answer says nothing of what GitLab has done.
        """
        if not response.body and self.step.id is not None:
            return Written(self.step.id, scope_id=self.step.scope_id)
        try:
            item = self.declaration.item(response.data(), self.step.scope, self.shape)
        except RemoteError as error:
            raise self.unclear("the answer is not the object that was written", hint=error.hint) from error
        scope_id = item.scope_id if item.scope_id is not None else self.step.scope_id
        return Written(item.id, item.updated_at, item.fields, scope_id=scope_id)

    def unclear(self, why: str, *, hint: str = "") -> UnclearWrite:
        """The error of an answer of success that does not tell what was done."""
        place = self.collection if self.step.id is None else self.member
        return UnclearWrite(f"{place}: {why}; it may or may not have been carried out", url=place, hint=hint)

    def refuse(self, method: str, path: str, why: str, *, hint: str = "") -> RemoteError:
        """The error of an answer that looks like success and is none."""
        return RemoteError(f"{method} {path}: {why}", method=method, url=path, hint=hint)


def create(work: Work) -> Calls[Written]:
    """Make an object with everything that the step sends."""
    response = yield work.on_collection("POST", work.body())
    return work.written(response)


def update(work: Work) -> Calls[Written]:
    """Change an object in place."""
    response = yield work.on_member("PUT", work.body())
    return work.written(response)


def delete(work: Work) -> Calls[Written]:
    """Take an object away; one that is gone already is as good. A parent that is not there proves nothing."""
    response = yield work.on_member("DELETE", accept=MISSING)
    if response.status == 404 and not is_missing(response):
        raise refusal_of("DELETE", work.member, response)
    return Written(None, scope_id=work.step.scope_id)


def replace(work: Work) -> Calls[Written]:
    """Take an object away and make it again."""
    yield from work.declaration.delete(work)
    return (yield from work.declaration.create(work))


@dataclass(frozen=True, slots=True)
class Declaration:
    """A GitLab object type.

    - `paths`: the collection's path by scope type, with `{scope}` for the encoded scope.
    - `shapes`: the table's name by scope type; empty where every object says its own (integrations).
    - `identity`: the natural name of an object that GitLab shows, as in `Resource.identity`.
    - `key`: what the object's path ends in, from its id and natural name.
    - `query`: what every call to one object carries in its query (the variables' filter).
    - `shown`: an object that GitLab shows, in the words of its writes, where the two differ.
    - `status`: members that are status, not configuration.
    - `paged`: lists come in pages. `in_list_only`: there is no read of one object; it is found in the list.
    - `listed`: the objects in a list's answer; `is_empty`: whether a refusal of the list says that there are none.
    - `gone`: whether an object that GitLab shows counts as absent (a switched-off integration).
    - `denied`: by scope type and status, what a refusal of the list may mean besides.
    """

    primitive: Primitive
    paths: Mapping[ScopeType, str]
    shapes: Mapping[ScopeType, str] = field(default_factory=dict)
    identity: Callable[[Raw], Mapping[str, str]] = lambda raw: {}
    key: Callable[[int | str | None, Mapping[str, str]], str] = lambda id, identity: str(id)
    query: Callable[[Scope, Mapping[str, str]], Mapping[str, str]] = lambda scope, identity: NOTHING
    id: Callable[[Raw], int | str] = lambda raw: raw["id"]
    shown: Callable[[Raw], Raw] = lambda raw: raw
    status: tuple[str, ...] = ()
    paged: bool = True
    in_list_only: bool = False
    listed: Callable[[Response, str], list[Raw]] = rows
    is_empty: Callable[[Response], bool] = lambda response: False
    gone: Callable[[Raw], bool] = lambda raw: False
    denied: Mapping[tuple[ScopeType, int], str] = field(default_factory=dict)
    create: Callable[[Work], Calls[Written]] = create
    update: Callable[[Work], Calls[Written]] = update
    delete: Callable[[Work], Calls[Written]] = delete
    replace: Callable[[Work], Calls[Written]] = replace
    shape_of: Callable[[Raw], str] = lambda raw: ""

    def collection(self, scope: Scope, scope_id: int | None = None) -> str:
        """The path of the collection at a scope; raises RemoteError where GitLab has none."""
        return self.collection_of(scope.type, scope_id if scope_id is not None else quote(scope.path, safe=""))

    def collection_of(self, type: ScopeType, scope: str | int) -> str:
        """The path of the collection at a scope's id or encoded path; raises RemoteError where GitLab has none."""
        path = self.paths.get(type)
        if path is None:
            raise RemoteError(f"GitLab has no {self.primitive.replace('_', ' ')} for a {type}")
        return API + path.format(scope=scope)

    def member(
        self, scope: Scope, id: int | str | None, identity: Mapping[str, str], scope_id: int | None = None
    ) -> str:
        """The path of one object."""
        key = self.key(id, identity)
        collection = self.collection(scope, scope_id)
        return f"{collection}/{quote(key, safe='')}" if key else collection

    def item(self, raw: Raw, scope: Scope, shape: Shape | None) -> Item:
        """An object that GitLab shows, as a live item; raises RemoteError for what is no such object."""
        try:
            parent = raw.get("project_id", raw.get("group_id"))
            return Item(
                self.primitive,
                self.shapes.get(scope.type) or self.shape_of(raw),
                self.id(raw),
                from_wire(shape, self.shown(raw)) if shape else {},
                identity=self.identity(raw),
                updated_at=raw.get("updated_at"),
                partial=shows_more(shape, self.shown(raw)),
                inherited=bool(raw.get("inherited")),
                scope_id=parent if isinstance(parent, int) else None,
                status={name: raw[name] for name in self.status if name in raw},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            hint = "is this the URL of a GitLab instance, with nothing in between that answers for it?"
            raise RemoteError(f"the answer is no {self.primitive.replace('_', ' ')}", hint=hint) from error

    def carry_out(self, work: Work) -> Calls[Written]:
        """The conversation of a step."""
        operations: Mapping[StepAction, Callable[[Work], Calls[Written]]] = {
            StepAction.CREATE: self.create,
            StepAction.UPDATE: self.update,
            StepAction.ADOPT: self.update,
            StepAction.REPLACE: self.replace,
            StepAction.DELETE: self.delete,
        }
        return operations[work.step.action](work)


def is_missing(response: Response) -> bool:
    """Whether a 404 is about the object itself, and neither about its parent nor about the path."""
    text = explain(response).lower()
    about_parent = "project not found" in text or "group not found" in text
    data = response.data()
    unknown_path = isinstance(data, Mapping) and "error" in data
    return not about_parent and not unknown_path


def refusal_of(method: str, path: str, response: Response) -> RemoteError:
    """The typed error of a refusing answer that was accepted in order to look at it."""
    return refusal(Call(method, path), response)


def is_sent(value: Value) -> bool:
    """Whether a value can be sent: a secret must be known."""
    if isinstance(value, Secret):
        return value.known
    if isinstance(value, Mapping):
        return all(is_sent(item) for item in value.values())
    return True
