"""What a GitLab object type is, as a declaration, and the one routine that lists, reads and writes by it.

Pure: operations are generators that yield requests and are sent answers (refusals that they do not accept never reach
them; the caller raises those). A new primitive is one `Declaration` in a file of its own and a line in `provider`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import RemoteError
from reconciler.core.flow import Request, Response
from reconciler.core.live import Item, Written
from reconciler.core.plan import Step, StepAction
from reconciler.core.resource import NOTHING, Primitive, Shape
from reconciler.core.value import Secret, Value
from reconciler.providers.decide import Call, explain, refusal
from reconciler.providers.gitlab.translate import Raw, from_wire, shows_more, to_wire

T = TypeVar("T")
Calls = Generator[Request, Response, T]
"""A conversation of which every accepted answer arrives."""

Accept = frozenset[int]
NONE: Accept = frozenset()
MISSING: Accept = frozenset({404})

API = "/api/v4"
PAGE = 100
MOST_PAGES = 10_000
LIST_TRIES = 2
"""How often a list is read whose pages do not add up to its total (objects may come and go between two pages)."""


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

    def written(self, raw: object) -> Written:
        """What an answer with the whole object says was left behind."""
        if not isinstance(raw, Mapping):
            return Written(self.step.id, scope_id=self.step.scope_id)
        item = self.declaration.item(raw, self.step.scope, self.shape)
        scope_id = item.scope_id if item.scope_id is not None else self.step.scope_id
        return Written(item.id, item.updated_at, item.fields, scope_id=scope_id)

    def refuse(self, method: str, path: str, why: str, *, hint: str = "") -> RemoteError:
        """The error of an answer that looks like success and is none."""
        return RemoteError(f"{method} {path}: {why}", method=method, url=path, hint=hint)


def create(work: Work) -> Calls[Written]:
    """Make an object with everything that the step sends."""
    response = yield work.on_collection("POST", work.body())
    return work.written(response.data())


def update(work: Work) -> Calls[Written]:
    """Change an object in place."""
    response = yield work.on_member("PUT", work.body())
    return work.written(response.data())


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
    listed: Callable[[Response, str], list[Raw]] = lambda response, path: rows(response, path)
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
        """An object that GitLab shows, as a live item."""
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


def pages(path: str, query: Mapping[str, Any], accept: frozenset[int]) -> Calls[Response | list[Raw]]:
    """Every object of a paged list; the refusing answer where one of `accept` came.

    Pages are followed by the header, never by counting: a page may be short, and totals may be missing. Where there is
    a total and less was shown, the list is read once more, and then refused: what it lacks is not absent.
    """
    total = 0
    for _ in range(LIST_TRIES):
        found: dict[object, Raw] = {}
        asked: Mapping[str, Any] = {"per_page": PAGE, **query}
        seen: list[Mapping[str, Any]] = []
        while asked not in seen and len(seen) < MOST_PAGES:
            seen.append(asked)
            response = yield Request("GET", path, query=asked, accept=accept)
            if not response.ok:
                return response
            for raw in rows(response, path):
                found.setdefault(raw.get("id", (len(found), len(seen))), raw)
            text = response.headers.get("x-total", "")
            total = int(text) if text.isdigit() else 0
            following = next_page(response)
            if not following:
                break
            asked = {"per_page": PAGE, **query, **following}
        if len(found) >= total:
            return list(found.values())
    hint = "try again; if it stays so, something between here and GitLab cuts its answers"
    raise RemoteError(f"GET {path}: {len(found)} of {total} objects were shown", method="GET", url=path, hint=hint)


def next_page(response: Response) -> Mapping[str, str]:
    """The query parameters that lead to the next page, none at the end."""
    number = response.headers.get("x-next-page")
    if number is not None:
        return {"page": number.strip()} if number.strip() else {}
    for part in response.headers.get("link", "").split(","):
        target, _, about = part.partition(";")
        if 'rel="next"' in about:
            given = parse_qs(urlsplit(target.strip().strip("<>")).query)
            return {name: values[-1] for name, values in given.items() if name in ("page", "cursor", "id_after")}
    return {}


def rows(response: Response, path: str) -> list[Raw]:
    """The objects of a list's answer; raises RemoteError when it is no list."""
    data = response.data()
    if not isinstance(data, list) or not all(isinstance(raw, Mapping) for raw in data):
        hint = "is this the URL of a GitLab instance?"
        raise RemoteError(f"GET {path}: the answer is no list of objects", method="GET", url=path, hint=hint)
    return data


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
