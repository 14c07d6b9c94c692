"""Webhooks of projects, groups and the instance: the calls that read and change them.

Pure. Sources: GitLab's documentation of webhooks, a running GitLab 18.9 and `tests/recordings/hooks/*`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..message import Response
from ..world import Row, World
from .access import MAINTAINER, OWNER
from .deliveries import alert_status, disabled_until
from .errors import error, forbidden, invalid, not_found
from .hook_calls import hook_of, routes, test_system
from .hook_model import FLAGS, apply, are_pairs, changes_from, declared, new_hook, problems
from .kernel import Call, Check, Route, admin, created, group_role, no_content, ok, owner_of, project_role, signed_in
from .paging import PAGING, paginate
from .params import integer, required

HOOK_ID = required("hook_id", integer)


def listing(kind: str, call: Call) -> Response:
    """The hooks of one owner, oldest first; a project's without the names of headers and variables."""
    rows = call.world.table("hooks").by("owner", owner(kind, call))
    return paginate(call, rows, lambda hook: view(call, hook, pairs=kind != "project"))


def read(kind: str, call: Call) -> Response:
    """One hook."""
    return ok(view(call, hook_of(owner(kind, call), call)))


def create(kind: str, call: Call) -> Response:
    """A new hook; nothing about it needs to be unique."""
    hook = new_hook(kind, owner(kind, call), call.stamp)
    hook = apply(hook, changes_from(call.world, call.params), new=True)
    found = problems(call.world, hook, new=True)
    if found:
        _refuse_url_or_filter(found)
        if "custom_headers" in found:
            found = {"custom_headers": found["custom_headers"]}
        raise error(422, _sentence(_full_messages(found)))
    return created(view(call, call.world.table("hooks").add(hook)))


def change(kind: str, call: Call) -> Response:
    """Changes to a hook; pairs are merged into the stored ones."""
    hook = hook_of(owner(kind, call), call)
    changes = changes_from(call.world, call.params)
    if not changes:
        raise error(400, "No parameters provided")
    for name in ("url_variables", "custom_headers"):
        if name in changes:
            changes[name] = {**hook[name], **changes[name]}
    after = apply(hook, changes, new=False)
    found = problems(call.world, after, new=False)
    if found:
        _refuse_url_or_filter(found)
        if "custom_headers" in found:
            raise error(422, "Custom headers validation failed")
        raise invalid(found, 422)
    hook |= {**after, "updated_at": call.stamp}
    return ok(view(call, hook))


def remove(kind: str, call: Call) -> Response:
    """A hook goes."""
    hook = hook_of(owner(kind, call), call)
    call.precondition(hook["updated_at"])
    call.world.table("hooks").remove(hook)
    for entry in call.world.table("deliveries").by("hook_id", hook["id"]):
        call.world.table("deliveries").remove(entry)
    return no_content()


def set_pair(kind: str, name: str, call: Call) -> Response:
    """One header or URL variable gets a value."""
    hook = hook_of(owner(kind, call), call)
    pairs = {**hook[name], call.params["key"]: call.params["value"]}
    after = apply(hook, {name: pairs}, new=False)
    if not are_pairs(pairs) or problems(call.world, after, new=False):
        raise error(422, "Illegal key or value")
    hook |= {**after, "updated_at": call.stamp}
    return no_content()


def drop_pair(kind: str, name: str, thing: str, call: Call) -> Response:
    """One header or URL variable goes."""
    hook = hook_of(owner(kind, call), call)
    if call.params["key"] not in hook[name]:
        raise not_found(thing)
    pairs = {key: value for key, value in hook[name].items() if key != call.params["key"]}
    after = apply(hook, {name: pairs}, new=False)
    if problems(call.world, after, new=False):
        raise error(422, f"Could not unset {thing.rpartition('URL ')[2].lower()}")
    hook |= {**after, "updated_at": call.stamp}
    return no_content()


def owner(kind: str, call: Call) -> str:
    """Whose hooks the path is about."""
    if kind == "project":
        return owner_of(call.project, "project")
    return owner_of(call.group, "group") if kind == "group" else "instance"


def view(call: Call, hook: Row, *, pairs: bool = True) -> Row:
    """A hook as it is shown: secrets never, names of headers and variables where `pairs`."""
    kind = hook["kind"]
    shown: Row = {
        name: hook[name]
        for name in (
            "id",
            "url",
            "name",
            "description",
            "created_at",
            "push_events",
            "tag_push_events",
            "merge_requests_events",
            "repository_update_events",
            "enable_ssl_verification",
            "push_events_branch_filter",
            "branch_filter_strategy",
            "custom_webhook_template",
        )
    }
    shown |= {
        "alert_status": alert_status(call.world, hook, call.now),
        "disabled_until": disabled_until(hook),
        **{name: hook[name] for name in FLAGS[kind]},
    }
    if pairs:
        shown["url_variables"] = [{"key": key} for key in hook["url_variables"]]
        shown["custom_headers"] = [{"key": key} for key in hook["custom_headers"]]
    if call.world.version >= (19, 0):
        shown["token_present"] = bool(hook["token"])
        shown["signing_token_present"] = bool(hook["signing_token"])
    owner_id = int(hook["owner"].partition(":")[2] or 1)
    shown[{"project": "project_id", "group": "group_id", "system": "organization_id"}[kind]] = owner_id
    return shown


def forget_hooks(world: World, owner: str) -> None:
    """The hooks of something that was deleted go too."""
    for hook in world.table("hooks").by("owner", owner):
        world.table("hooks").remove(hook)


def licensed(call: Call) -> None:
    """403 for group hooks where the instance has no licence for them."""
    if not call.world.settings.get("licensed"):
        raise forbidden()


def _refuse_url_or_filter(found: dict[str, list[str]]) -> None:
    if "url" in found:
        raise error(422, "Invalid url given")
    if "push_events_branch_filter" in found:
        raise error(422, "Invalid branch filter given")


def _full_messages(found: dict[str, list[str]]) -> list[str]:
    return [
        text if name == "base" else f"{name.replace('_', ' ').capitalize()} {text}"
        for name, texts in found.items()
        for text in texts
    ]


def _sentence(texts: Sequence[str]) -> str:
    if len(texts) < 3:
        return " and ".join(texts)
    return f"{', '.join(texts[:-1])}, and {texts[-1]}"


def _routes(kind: str, top: str, before: Sequence[Check]) -> tuple[Route, ...]:
    one = f"{top}/:hook_id"
    key, value = required("key"), required("value")
    routes = [
        Route("GET", top, partial(listing, kind), PAGING, before),
        Route("POST", top, partial(create, kind), declared(kind, new=True), before),
        Route("GET", one, partial(read, kind), (HOOK_ID,), before),
        Route("PUT", one, partial(change, kind), (HOOK_ID, *declared(kind, new=False)), before),
        Route("DELETE", one, partial(remove, kind), (HOOK_ID,), before),
    ]
    for name, thing in (("custom_headers", "Custom header"), ("url_variables", "URL variable")):
        path = f"{one}/{name}/:key"
        routes += [
            Route("PUT", path, partial(set_pair, kind, name), (HOOK_ID, key, value), before),
            Route("DELETE", path, partial(drop_pair, kind, name, thing), (HOOK_ID, key), before),
        ]
    return tuple(routes)


PROJECT = (signed_in, project_role(MAINTAINER))
GROUP = (signed_in, group_role(OWNER), licensed)
INSTANCE = (admin,)

ROUTES = (
    *_routes("project", "/projects/:id/hooks", PROJECT),
    *_routes("group", "/groups/:id/hooks", GROUP),
    *_routes("system", "/hooks", INSTANCE),
    *routes("project", "/projects/:id/hooks", PROJECT),
    *routes("group", "/groups/:id/hooks", GROUP),
    Route("POST", "/hooks/:hook_id", test_system, (HOOK_ID,), INSTANCE),
)


JOBS = {
    "project_deleted": lambda world, now, project_id: forget_hooks(world, f"project:{project_id}"),
    "group_deleted": lambda world, now, group_id: forget_hooks(world, f"group:{group_id}"),
}
