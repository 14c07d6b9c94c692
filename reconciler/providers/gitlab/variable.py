"""CI/CD variables of projects, groups and the instance.

A variable is named by key and environment scope; every call to one carries the filter, because GitLab answers an
ambiguous key with 409 on a project and by changing the first match on a group. Source:
https://docs.gitlab.com/api/project_level_variables/
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.address import Scope, ScopeType
from reconciler.core.live import Written
from reconciler.core.resource import Primitive
from reconciler.core.value import Value
from reconciler.providers.gitlab.primitive import Declaration, Work
from reconciler.providers.gitlab.talk import Calls
from reconciler.providers.gitlab.translate import Raw

EVERYWHERE = "*"
NAMING = frozenset({"key", "environment_scope"})
"""Fields that name a variable: another name is another variable."""


def create(work: Work) -> Calls[Written]:
    """Make a variable."""
    body: dict[str, Value] = {**work.body(without=NAMING), "key": work.step.identity["key"]}
    if work.step.scope.type is not ScopeType.INSTANCE:
        body["environment_scope"] = work.step.identity.get("environment_scope", EVERYWHERE)
    response = yield work.on_collection("POST", body)
    return work.written(response)


def update(work: Work) -> Calls[Written]:
    """Change a variable; its value goes along, as GitLab's documentation wants."""
    response = yield work.on_member("PUT", work.body(without=NAMING))
    return work.written(response)


def _identity(raw: Raw) -> Mapping[str, str]:
    return {"key": str(raw["key"]), "environment_scope": str(raw.get("environment_scope") or EVERYWHERE)}


def _query(scope: Scope, identity: Mapping[str, str]) -> Mapping[str, str]:
    if scope.type is ScopeType.INSTANCE:
        return {}
    return {"filter[environment_scope]": identity.get("environment_scope", EVERYWHERE)}


def _id(raw: Raw) -> str:
    name = _identity(raw)
    scope = name["environment_scope"]
    return name["key"] if scope == EVERYWHERE else f"{name['key']} ({scope})"


DECLARATION = Declaration(
    Primitive.VARIABLE,
    {
        ScopeType.PROJECT: "/projects/{scope}/variables",
        ScopeType.GROUP: "/groups/{scope}/variables",
        ScopeType.INSTANCE: "/admin/ci/variables",
    },
    shape_of=lambda raw: "variable" if raw.get("masked") or raw.get("hidden") else "plain_variable",
    identity=_identity,
    id=_id,
    key=lambda id, identity: identity["key"],
    query=_query,
    status=("hidden",),
    create=create,
    update=update,
)
