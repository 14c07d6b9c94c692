"""Applications, variables, mirrors and error tracking through the provider, against the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import RemoteError, UnclearWrite
from reconciler.core.flow import Response
from reconciler.core.plan import Step, StepAction
from reconciler.core.resource import Primitive
from reconciler.core.value import Secret
from reconciler.providers.gitlab import mirror

SHOP = Scope(ScopeType.PROJECT, "myorg/shop")
MYORG = Scope(ScopeType.GROUP, "myorg")
INSTANCE = Scope.instance()
StepOf = Callable[..., Step]
PORTAL = {
    "name": "portal",
    "redirect_uri": "https://portal.acme.example/callback",
    "scopes": ("read_user", "api"),
    "confidential": True,
}


def application(step_of: StepOf, action: StepAction, values: dict[str, Any], **more: Any) -> Step:
    identity = {"name": "portal", "redirect_uri": PORTAL["redirect_uri"]}
    return step_of("application", action, values, scope=INSTANCE, identity=identity, **more)


def test_an_application_hands_its_credentials_over_once(lab: Any, step_of: StepOf) -> None:
    written = lab.provider.write(application(step_of, StepAction.CREATE, PORTAL), PORTAL)
    item = lab.provider.list(Primitive.APPLICATION, INSTANCE).items[0]

    assert set(written.generated) == {"client_id", "client_secret"}
    assert written.generated["client_secret"].reveal()
    assert written.generated["client_secret"].reveal() not in repr(written)
    assert written.fields["client_id"] == item.status["application_id"]
    assert (item.id, item.identity) == (
        written.id,
        {"name": "portal", "redirect_uri": "https://portal.acme.example/callback"},
    )
    assert item.fields["confidential"] is True


def test_scopes_that_an_older_gitlab_does_not_show_are_left_to_the_record(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(application(step_of, StepAction.CREATE, PORTAL), PORTAL)

    item = lab.provider.list(Primitive.APPLICATION, INSTANCE).items[0]

    assert ("scopes" in item.fields) is not item.partial
    assert lab.provider.read(item, INSTANCE) == item


def test_an_update_of_an_application_renews_its_secret(lab: Any, step_of: StepOf) -> None:
    first = lab.provider.write(application(step_of, StepAction.CREATE, PORTAL), PORTAL)

    step = application(step_of, StepAction.UPDATE, {}, send=["client_secret"], id=first.id)
    again = lab.provider.write(step, PORTAL)

    assert again.id == first.id
    assert again.generated["client_id"].reveal() == first.generated["client_id"].reveal()
    assert again.generated["client_secret"].reveal() != first.generated["client_secret"].reveal()


def test_a_replaced_application_has_new_credentials(lab: Any, step_of: StepOf) -> None:
    first = lab.provider.write(application(step_of, StepAction.CREATE, PORTAL), PORTAL)

    again = lab.provider.write(application(step_of, StepAction.REPLACE, PORTAL, id=first.id), PORTAL)

    assert [item.id for item in lab.provider.list(Primitive.APPLICATION, INSTANCE).items] == [again.id]
    assert again.generated["client_id"].reveal() != first.generated["client_id"].reveal()


def test_an_application_that_is_gone_is_deleted(lab: Any, step_of: StepOf) -> None:
    assert lab.provider.write(application(step_of, StepAction.DELETE, {}, id=77), {}).id is None


def variable(step_of: StepOf, action: StepAction, values: dict[str, Any], env: str = "*", **more: Any) -> Step:
    identity = {"key": "SENTRY_DSN", "environment_scope": env}
    return step_of("variable", action, values, identity=identity, **more)


DSN = {
    "key": "SENTRY_DSN",
    "environment_scope": "*",
    "value": Secret("https://canary@sentry.example/1", "${env:DSN}"),
    "masked": True,
    "raw": True,
    "protected": False,
}


@pytest.mark.parametrize("scope", [SHOP, MYORG], ids=str)
def test_a_variable_is_made_changed_and_removed_without_showing_its_value(
    lab: Any, step_of: StepOf, scope: Scope
) -> None:
    lab.provider.write(variable(step_of, StepAction.CREATE, DSN, scope=scope), DSN)
    item = lab.provider.list(Primitive.VARIABLE, scope).items[0]
    assert (item.shape, item.id) == ("variable", "SENTRY_DSN")
    assert "value" not in item.fields
    assert "canary" not in repr(item)

    changed = {**DSN, "protected": True}
    lab.provider.write(variable(step_of, StepAction.UPDATE, changed, scope=scope, id=item.id), changed)
    assert lab.provider.read(item, scope).fields["protected"] is True
    lab.provider.write(variable(step_of, StepAction.DELETE, {}, scope=scope, id=item.id), {})
    assert lab.provider.list(Primitive.VARIABLE, scope).items == ()
    assert lab.provider.read(item, scope) is None


@pytest.mark.parametrize("scope", [SHOP, MYORG], ids=str)
def test_of_two_variables_with_one_key_only_the_meant_one_changes(lab: Any, step_of: StepOf, scope: Scope) -> None:
    for env in ("*", "production/*"):
        values = {**DSN, "environment_scope": env}
        lab.provider.write(variable(step_of, StepAction.CREATE, values, env, scope=scope), values)

    changed = {**DSN, "environment_scope": "production/*", "protected": True}
    lab.provider.write(variable(step_of, StepAction.UPDATE, changed, "production/*", scope=scope, id="x"), changed)
    shown = {item.id: item.fields["protected"] for item in lab.provider.list(Primitive.VARIABLE, scope).items}
    assert shown == {"SENTRY_DSN": False, "SENTRY_DSN (production/*)": True}

    lab.provider.write(variable(step_of, StepAction.DELETE, {}, "*", scope=scope, id="x"), {})
    assert [item.id for item in lab.provider.list(Primitive.VARIABLE, scope).items] == ["SENTRY_DSN (production/*)"]


def test_a_plain_variables_value_is_shown_and_not_trimmed(lab: Any, step_of: StepOf) -> None:
    values = {"key": "SENTRY_RELEASE", "environment_scope": "*", "value": " 1.0 "}
    identity = {"key": "SENTRY_RELEASE", "environment_scope": "*"}
    lab.provider.write(step_of("plain_variable", StepAction.CREATE, values, identity=identity), values)

    item = lab.provider.list(Primitive.VARIABLE, SHOP).items[0]

    assert item.shape == "plain_variable"
    assert lab.api("GET", "/projects/myorg%2Fshop/variables").data()[0]["value"] == " 1.0 "


def test_a_hidden_variables_value_is_a_secret_one(lab: Any) -> None:
    hidden = {"key": "A", "value": "canary-12345", "masked_and_hidden": True}
    lab.api("POST", "/projects/myorg%2Fshop/variables", hidden)

    item = lab.provider.list(Primitive.VARIABLE, SHOP).items[0]

    assert (item.shape, item.status) == ("variable", {"hidden": True})


def test_a_variable_of_the_instance_has_no_environment(lab: Any, step_of: StepOf) -> None:
    values = {"key": "A", "value": "plain"}
    identity = {"key": "A", "environment_scope": "*"}
    for action in (StepAction.CREATE, StepAction.UPDATE):
        step = step_of("plain_variable", action, values, scope=INSTANCE, identity=identity, id="A")
        lab.provider.write(step, values)

    item = lab.provider.list(Primitive.VARIABLE, INSTANCE).items[0]

    assert (item.identity, item.fields["value"]) == (identity, "plain")


def test_a_variable_that_exists_is_not_made_twice(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(variable(step_of, StepAction.CREATE, DSN), DSN)

    with pytest.raises(RemoteError, match="has already been taken"):
        lab.provider.write(variable(step_of, StepAction.CREATE, DSN), DSN)


BACKUP = {
    "url": "https://git.example.com/acme/shop.git",
    "username": "bot",
    "password": Secret("canary/pass word", "${env:GIT}"),
    "enabled": True,
    "only_protected_branches": True,
}


def mirrored(step_of: StepOf, action: StepAction, values: dict[str, Any], **more: Any) -> Step:
    return step_of("mirror", action, values, identity={"url": BACKUP["url"]}, **more)


def test_a_mirror_is_known_by_its_address_without_credentials(lab: Any, step_of: StepOf) -> None:
    written = lab.provider.write(mirrored(step_of, StepAction.CREATE, BACKUP), BACKUP)
    item = lab.provider.list(Primitive.MIRROR, SHOP).items[0]

    assert (item.id, item.identity) == (written.id, {"url": BACKUP["url"]})
    assert item.fields["url"] == BACKUP["url"]
    assert item.fields["only_protected_branches"] is True
    assert "update_status" in item.status
    assert "canary" not in repr(lab.seen.events) + repr(item)


def test_a_mirror_changes_all_but_its_address(lab: Any, step_of: StepOf) -> None:
    written = lab.provider.write(mirrored(step_of, StepAction.CREATE, BACKUP), BACKUP)
    changed = {**BACKUP, "only_protected_branches": False}

    step = mirrored(step_of, StepAction.UPDATE, changed, id=written.id)
    assert lab.provider.write(step, changed).fields["only_protected_branches"] is False
    lab.provider.write(mirrored(step_of, StepAction.DELETE, {}, id=written.id), {})
    assert lab.provider.list(Primitive.MIRROR, SHOP).items == ()


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        (BACKUP, "https://bot:canary%2Fpass%20word@git.example.com/acme/shop.git"),
        ({"url": "ssh://git.example.com/x.git", "username": "git"}, "ssh://git@git.example.com/x.git"),
        ({"url": "https://git.example.com/x.git"}, "https://git.example.com/x.git"),
    ],
)
def test_a_mirrors_credentials_stand_in_its_url(lab: Any, step_of: StepOf, values: dict[str, Any], sent: str) -> None:
    from reconciler.providers.gitlab.primitive import Work

    work = Work(
        mirror.DECLARATION,
        mirrored(step_of, StepAction.CREATE, values),
        lab.catalogue.shapes["mirror"],
        values,
    )
    url = next(mirror.create(work)).json["url"]

    assert (url.reveal() if isinstance(url, Secret) else url) == sent
    assert "canary" not in repr(url)


def test_a_mirror_is_synced_by_a_call_of_its_own() -> None:
    calls = mirror.sync(7, 3)
    request = next(calls)

    assert (request.method, request.url, request.writes) == ("POST", "/api/v4/projects/7/remote_mirrors/3/sync", True)


def switch(step_of: StepOf, action: StepAction, values: dict[str, Any], **more: Any) -> Step:
    return step_of("error_tracking", action, values, identity={}, **more)


def integrated(lab: Any, value: bool = True) -> None:
    lab.api("POST", "/features/integrated_error_tracking", {"value": value})


def test_error_tracking_is_empty_before_it_is_set_up(lab: Any) -> None:
    listing = lab.provider.list(Primitive.ERROR_TRACKING, SHOP)

    assert (listing.items, listing.unknown) == ((), "")


def test_error_tracking_is_switched_on_changed_and_off(lab: Any, step_of: StepOf) -> None:
    integrated(lab)
    values = {"active": True, "integrated": True}
    lab.provider.write(switch(step_of, StepAction.CREATE, values), values)
    item = lab.provider.list(Primitive.ERROR_TRACKING, SHOP).items[0]
    assert item.fields == values

    off = {"active": False, "integrated": True}
    assert lab.provider.write(switch(step_of, StepAction.UPDATE, off, id=item.id), off).fields["active"] is False
    lab.provider.write(switch(step_of, StepAction.UPDATE, values, id=item.id), values)
    lab.provider.write(switch(step_of, StepAction.DELETE, {}, id=item.id), {})
    assert lab.provider.read(item, SHOP).fields["active"] is False


def test_a_change_that_gitlab_refuses_with_200_is_an_error(lab: Any, step_of: StepOf) -> None:
    integrated(lab)
    values = {"active": True, "integrated": True}
    lab.provider.write(switch(step_of, StepAction.CREATE, values), values)
    refused = {"active": True, "integrated": False}

    with pytest.raises(RemoteError, match="Sentry API URL is a required field") as error:
        lab.provider.write(switch(step_of, StepAction.UPDATE, refused, id="settings"), refused)
    assert "by hand" in error.value.hint


def test_error_tracking_that_gitlab_does_not_offer_says_what_to_do(lab: Any, step_of: StepOf) -> None:
    integrated(lab, value=False)
    values = {"active": True, "integrated": True}

    with pytest.raises(RemoteError, match="no error tracking") as error:
        lab.provider.write(switch(step_of, StepAction.CREATE, values), values)
    assert "by hand" in error.value.hint


def test_switching_off_what_was_never_set_up_is_done(lab: Any, step_of: StepOf) -> None:
    assert lab.provider.write(switch(step_of, StepAction.DELETE, {}), {}).id is None


NOWHERE = Scope(ScopeType.PROJECT, "myorg/nowhere")
EVERY = [
    (Primitive.INTEGRATION, "slack", SHOP),
    (Primitive.HOOK, "hook", SHOP),
    (Primitive.VARIABLE, "variable", SHOP),
    (Primitive.MIRROR, "mirror", SHOP),
    (Primitive.ERROR_TRACKING, "error_tracking", SHOP),
    (Primitive.APPLICATION, "application", INSTANCE),
    (Primitive.HOOK, "group_hook", MYORG),
    (Primitive.INTEGRATION, "slack", MYORG),
]


@pytest.mark.parametrize(("primitive", "shape", "scope"), EVERY)
@pytest.mark.parametrize("status", [301, 401, 403, 404, 500, 502])
def test_what_hides_objects_makes_them_unknown_and_never_absent(
    lab: Any, primitive: Primitive, shape: str, scope: Scope, status: int
) -> None:
    body = {404: '{"message":"404 Project Not Found"}', 301: "moved"}.get(status, '{"message":"no"}')
    lab.fault("GET", "/api/v4/*", "status", {"status": status, "body": body, "headers": {"Location": "x"}})

    listing = lab.provider.list(primitive, scope)

    assert listing.items == ()
    assert str(scope) in listing.unknown or "instance" in listing.unknown or str(status) in listing.unknown


@pytest.mark.parametrize(("primitive", "shape", "scope"), EVERY)
def test_an_object_of_a_parent_that_is_hidden_is_not_deleted(
    lab: Any, step_of: StepOf, primitive: Primitive, shape: str, scope: Scope
) -> None:
    text = "404 Group Not Found" if scope is MYORG else "404 Project Not Found"
    lab.fault("*", "/api/v4/*", "status", {"status": 404, "body": f'{{"message":"{text}"}}'})
    for method in ("DELETE", "PATCH"):
        lab.fault(method, "/api/v4/*", "status", {"status": 404, "body": f'{{"message":"{text}"}}'})
    identity = {"slug": "slack", "key": "A", "environment_scope": "*"}

    with pytest.raises(RemoteError):
        lab.provider.write(step_of(shape, StepAction.DELETE, {}, scope=scope, id=1, identity=identity), {})


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"null", b"[1]", b""])
def test_an_answer_that_is_no_list_is_unknown(lab: Any, body: bytes) -> None:
    lab.fault("GET", "/api/v4/*", "status", {"status": 200, "body": body.decode()})

    assert "no list of objects" in lab.provider.list(Primitive.HOOK, SHOP).unknown


def test_reading_below_a_hidden_parent_is_an_error(lab: Any, step_of: StepOf) -> None:
    lab.provider.write(variable(step_of, StepAction.CREATE, DSN), DSN)
    item = lab.provider.list(Primitive.VARIABLE, SHOP).items[0]

    with pytest.raises(RemoteError, match="hidden"):
        lab.provider.read(item, NOWHERE)
    lab.fault("GET", "/api/v4/*", "status", {"status": 200, "body": "[]"})
    with pytest.raises(RemoteError, match="no object"):
        lab.provider.read(item, SHOP)


def test_a_primitive_that_a_scope_cannot_have_is_unknown_there(lab: Any) -> None:
    assert "no mirror for a group" in lab.provider.list(Primitive.MIRROR, MYORG).unknown


def test_a_write_answered_without_a_body_leaves_what_was_known(lab: Any, step_of: StepOf) -> None:
    lab.fault("PUT", "/api/v4/*", "status", {"status": 200, "body": ""})
    step = replace(variable(step_of, StepAction.UPDATE, DSN, id="SENTRY_DSN"), scope_id=2)

    written = lab.provider.write(step, DSN)

    assert (written.id, written.scope_id) == ("SENTRY_DSN", 2)


def test_an_application_without_its_secret_in_the_answer_is_unclear(lab: Any, step_of: StepOf) -> None:
    shown = {"id": 1, "application_id": "x", "application_name": "portal", "callback_url": PORTAL["redirect_uri"]}
    lab.fault("POST", "/api/v4/applications", "status", {"status": 201, "body": shown})

    with pytest.raises(UnclearWrite, match="no client secret"):
        lab.provider.write(application(step_of, StepAction.CREATE, PORTAL), PORTAL)


PAGES = ["<html>Please sign in</html>", '{"id": 1, "ke', "{}", "[]", "null", "[" * 100_000]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page[:6])
def test_a_write_that_a_stranger_answers_is_unclear(lab: Any, step_of: StepOf, page: str) -> None:
    for method in ("POST", "PUT"):
        lab.fault(method, "/api/v4/*", "status", {"status": 200, "body": page})
    hook = {"url": "https://a.example"}
    writes = [
        (application(step_of, StepAction.CREATE, PORTAL), PORTAL),
        (variable(step_of, StepAction.CREATE, DSN), DSN),
        (variable(step_of, StepAction.UPDATE, DSN, id="SENTRY_DSN"), DSN),
        (step_of("hook", StepAction.CREATE, hook, identity=hook), hook),
        (step_of("hook", StepAction.UPDATE, hook, identity=hook, id=1), hook),
    ]
    for step, values in writes:
        with pytest.raises(UnclearWrite, match="may or may not"):
            lab.provider.write(step, values)


def test_a_create_answered_without_a_body_is_unclear(lab: Any, step_of: StepOf) -> None:
    lab.fault("POST", "/api/v4/*", "status", {"status": 201, "body": ""})

    with pytest.raises(UnclearWrite):
        lab.provider.write(variable(step_of, StepAction.CREATE, DSN), DSN)


@pytest.mark.parametrize("primitive", [Primitive.HOOK, Primitive.INTEGRATION, Primitive.VARIABLE, Primitive.MIRROR])
@pytest.mark.parametrize("page", ['[{"message": "hello"}]', '[{"id": 1, "slug": 5, "key": 7, "url": [1]}, {}]'])
def test_a_list_that_a_stranger_answers_is_unknown(lab: Any, primitive: Primitive, page: str) -> None:
    lab.fault("GET", "/api/v4/*", "status", {"status": 200, "body": page})

    assert lab.provider.list(primitive, SHOP).unknown


def test_every_answer_is_a_response() -> None:
    assert Response(200).data() is None


def test_an_inheritance_of_stand_ins_covers_every_type_of_field() -> None:
    from reconciler.core.resource import Field, FieldType
    from reconciler.providers.gitlab.integration import _stand_in

    fields = [
        Field("a", choices=("x", "y")),
        Field("b", FieldType.BOOLEAN),
        Field("c", FieldType.INTEGER),
        Field("d", example="https://tracker.example"),
        Field("e", wire="api_url"),
        Field("f"),
    ]

    assert [_stand_in(field) for field in fields][:4] == ["x", False, 1, "https://tracker.example"]
