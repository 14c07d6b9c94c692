"""Implements `ports.Provider` for GitLab: which declaration answers for which primitive, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.address import Scope
from reconciler.core.errors import RemoteError, SecretUnavailable
from reconciler.core.flow import Request, Response
from reconciler.core.live import Item, Listing, Written
from reconciler.core.plan import Step
from reconciler.core.ports import Http
from reconciler.core.resource import Primitive, Shape
from reconciler.core.value import Value
from reconciler.providers.gitlab import application, error_tracking, hook, integration, mirror, variable
from reconciler.providers.gitlab.pages import pages
from reconciler.providers.gitlab.primitive import MISSING, Declaration, Work, is_missing, is_sent
from reconciler.providers.gitlab.talk import DENIED, Calls, converse, why_unknown
from reconciler.providers.gitlab.translate import Raw

DECLARATIONS: Mapping[Primitive, Declaration] = {
    module.DECLARATION.primitive: module.DECLARATION
    for module in (integration, hook, application, variable, mirror, error_tracking)
}


class GitLabProvider:
    """Reads and writes GitLab objects through the HTTP port. Thread-safe: it keeps nothing."""

    def __init__(self, http: Http, shapes: Mapping[str, Shape]) -> None:
        self._http, self._shapes = http, shapes

    def list(self, primitive: str, scope: Scope) -> Listing:
        """Every object of a primitive at a scope, by natural name; `Listing.unknown` says why it is not known."""
        declaration = DECLARATIONS[Primitive(primitive)]
        try:
            answer = converse(_listing(declaration, scope), self._http)
            if isinstance(answer, Response):
                if declaration.is_empty(answer):
                    return Listing()
                special = declaration.denied.get((scope.type, answer.status), "")
                return Listing(unknown=why_unknown(answer, scope, special))
            shown = [(self._item(declaration, raw, scope), raw) for raw in answer]
        except RemoteError as error:
            return Listing(unknown=error.message)
        items = [item for item, raw in shown if not declaration.gone(raw)]
        return Listing(tuple(sorted(items, key=lambda item: (sorted(item.identity.items()), str(item.id)))))

    def read(self, item: Item, scope: Scope) -> Item | None:
        """The whole of one listed object; None when it is gone meanwhile. Applications are whole in their list."""
        declaration = DECLARATIONS[item.primitive]
        if declaration.in_list_only:
            return item
        raw = converse(_reading(declaration, item, scope), self._http)
        return None if raw is None or declaration.gone(raw) else self._item(declaration, raw, scope)

    def write(self, step: Step, fields: Mapping[str, Value]) -> Written:
        """Carry out one step; raises `RemoteError`, `UnclearWrite`, `SecretUnavailable` (before anything is sent)."""
        given_up = {change.field: change.desired for change in step.changes if change.reset}
        values = {**step.defaults, **given_up, **fields}
        shape = self._shapes[step.shape]
        work = Work(DECLARATIONS[step.primitive], step, shape, values)
        for name in work.sent:
            if not is_sent(values.get(name)) or (name not in values and shape.field(name) is not None):
                raise SecretUnavailable(f"{step.address}: `{name}` is not set", hint="set what its reference names")
        return converse(work.declaration.carry_out(work), self._http)

    # -----------------------------------------------------------------------------------------------------------------

    def _item(self, declaration: Declaration, raw: Raw, scope: Scope) -> Item:
        name = declaration.shapes.get(scope.type) or declaration.shape_of(raw)
        return declaration.item(raw, scope, self._shapes.get(name))


def _listing(declaration: Declaration, scope: Scope) -> Calls[Response | list[Raw]]:
    path = declaration.collection(scope)
    if declaration.paged:
        return (yield from pages(path, {}, DENIED))
    response = yield Request("GET", path, accept=DENIED)
    return response if not response.ok else declaration.listed(response, path)


def _reading(declaration: Declaration, item: Item, scope: Scope) -> Calls[Raw | None]:
    path = declaration.member(scope, item.id, item.identity)
    query = declaration.query(scope, item.identity)
    response = yield Request("GET", path, query=query, accept=MISSING)
    if response.status == 404:
        if not is_missing(response):
            raise RemoteError(why_unknown(response, scope), method="GET", url=path, status=404)
        return None
    data = response.data()
    if not isinstance(data, Mapping):
        raise RemoteError(f"GET {path}: the answer is no object", method="GET", url=path)
    return data
