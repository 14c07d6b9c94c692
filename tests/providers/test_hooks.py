"""Webhooks through the provider, against the sandbox: what GitLab forgets, merges and hides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import RemoteError, SecretUnavailable
from reconciler.core.plan import Step, StepAction
from reconciler.core.resource import Primitive
from reconciler.core.value import Secret

SHOP = Scope(ScopeType.PROJECT, "myorg/shop")
MYORG = Scope(ScopeType.GROUP, "myorg")
StepOf = Callable[..., Step]
DEPLOY: dict[str, Any] = {
    "url": "https://api.acme.example/deploy",
    "name": "deploy",
    "events": ("pipeline",),
    "secret_token": Secret("canary-token", "${env:T}"),
    "enable_ssl_verification": True,
}
HEADERS = {"X-Team": Secret("canary-team", "${env:TEAM}"), "X-Env": "prod"}


def made(lab: Any, step_of: StepOf, values: dict[str, Any], **more: Any) -> int:
    step = step_of("hook", StepAction.CREATE, values, identity={"name": "deploy", "url": values["url"]}, **more)
    return int(lab.provider.write(step, values).id)


def keys(lab: Any, hook: int, name: str = "custom_headers") -> list[str]:
    return [entry["key"] for entry in lab.api("GET", f"/projects/myorg%2Fshop/hooks/{hook}").data()[name]]


@pytest.mark.parametrize(
    ("shape", "scope", "event"),
    [
        ("hook", SHOP, "pipeline"),
        ("group_hook", MYORG, "subgroup"),
        ("system_hook", Scope.instance(), "repository_update"),
    ],
)
def test_a_hook_of_every_scope_is_made_seen_changed_and_removed(
    lab: Any, step_of: StepOf, shape: str, scope: Scope, event: str
) -> None:
    values = {**DEPLOY, "events": (event,)}
    identity = {"name": "deploy", "url": values["url"]}

    written = lab.provider.write(step_of(shape, StepAction.CREATE, values, scope=scope, identity=identity), values)
    item = lab.provider.list(Primitive.HOOK, scope).items[0]
    assert (item.id, item.shape, item.identity) == (written.id, shape, identity)
    assert item.fields["events"] == (event,)
    assert "secret_token" not in item.fields
    assert item.status["alert_status"] == "executable"

    changed = {**values, "events": ("push",)}
    step = step_of(shape, StepAction.UPDATE, changed, send=["events"], scope=scope, id=item.id)
    assert lab.provider.write(step, changed).fields["events"] == ("push",)
    lab.provider.write(step_of(shape, StepAction.DELETE, {}, scope=scope, id=item.id), {})
    assert lab.provider.list(Primitive.HOOK, scope).items == ()


def test_headers_show_their_keys_in_a_read_and_not_in_the_projects_list(lab: Any, step_of: StepOf) -> None:
    made(lab, step_of, {**DEPLOY, "custom_headers": HEADERS})

    item = lab.provider.list(Primitive.HOOK, SHOP).items[0]
    whole = lab.provider.read(item, SHOP)

    assert item.partial
    assert "custom_headers" not in item.fields
    assert whole.fields["custom_headers"] == ("X-Env", "X-Team")
    assert not whole.partial


def test_a_url_change_keeps_token_and_headers(lab: Any, step_of: StepOf) -> None:
    hook = made(lab, step_of, {**DEPLOY, "custom_headers": HEADERS})
    moved = {**DEPLOY, "custom_headers": HEADERS, "url": "https://api.acme.example/elsewhere"}
    lab.sent()

    step = step_of("hook", StepAction.UPDATE, moved, send=["url"], id=hook, changed=["url"])
    lab.provider.write(step, moved)

    assert [method for method, _ in lab.sent()] == ["PUT", "PUT"]
    assert sorted(keys(lab, hook)) == ["X-Env", "X-Team"]


def test_a_url_change_without_its_headers_values_is_refused_before_anything_is_sent(lab: Any, step_of: StepOf) -> None:
    hook = made(lab, step_of, {**DEPLOY, "custom_headers": HEADERS})
    moved = {**DEPLOY, "custom_headers": {"X-Team": Secret(None, "${env:TEAM}")}, "url": "https://b.example/x"}
    lab.sent()

    step = step_of("hook", StepAction.UPDATE, moved, send=["url"], id=hook, changed=["url"])
    with pytest.raises(SecretUnavailable):
        lab.provider.write(step, moved)

    assert lab.sent() == []


def test_dropped_headers_are_removed_one_by_one(lab: Any, step_of: StepOf) -> None:
    hook = made(lab, step_of, {**DEPLOY, "custom_headers": HEADERS})
    fewer = {**DEPLOY, "custom_headers": {"X-Env": "test"}}

    written = lab.provider.write(step_of("hook", StepAction.UPDATE, fewer, send=["custom_headers"], id=hook), fewer)

    assert keys(lab, hook) == ["X-Env"]
    assert written.fields["custom_headers"] == ("X-Env",)


def test_all_headers_given_up_leave_none(lab: Any, step_of: StepOf) -> None:
    hook = made(lab, step_of, {**DEPLOY, "custom_headers": HEADERS})

    step = step_of("hook", StepAction.UPDATE, DEPLOY, send=["custom_headers"], id=hook, given_up={"custom_headers": ()})
    lab.provider.write(step, DEPLOY)

    assert keys(lab, hook) == []


def test_a_url_variable_that_is_not_in_use_is_removed(lab: Any, step_of: StepOf) -> None:
    values = {
        **DEPLOY,
        "url": "https://api.acme.example/{env}",
        "url_variables": {"env": Secret("prod"), "old": Secret("x")},
    }
    hook = made(lab, step_of, values)
    fewer = {**values, "url_variables": {"env": Secret("prod")}}

    lab.provider.write(step_of("hook", StepAction.UPDATE, fewer, send=["url_variables"], id=hook), fewer)

    assert keys(lab, hook, "url_variables") == ["env"]


def test_a_hook_whose_variables_change_is_replaced(lab: Any, step_of: StepOf) -> None:
    values = {**DEPLOY, "url": "https://api.acme.example/{env}", "url_variables": {"env": Secret("prod")}}
    hook = made(lab, step_of, values)
    other = {**values, "url_variables": {"env": Secret("test")}}

    written = lab.provider.write(step_of("hook", StepAction.REPLACE, other, id=hook), other)

    assert [item.id for item in lab.provider.list(Primitive.HOOK, SHOP).items] == [written.id]
    assert written.id != hook


def test_deleting_a_hook_that_is_gone_is_done(lab: Any, step_of: StepOf) -> None:
    assert lab.provider.write(step_of("hook", StepAction.DELETE, {}, id=99), {}).id is None


def test_changing_a_hook_that_is_gone_is_an_error(lab: Any, step_of: StepOf) -> None:
    with pytest.raises(RemoteError, match="404"):
        lab.provider.write(step_of("hook", StepAction.UPDATE, DEPLOY, id=99), DEPLOY)


def test_reading_a_hook_that_is_gone_gives_nothing(lab: Any, step_of: StepOf) -> None:
    hook = made(lab, step_of, DEPLOY)
    item = lab.provider.list(Primitive.HOOK, SHOP).items[0]
    lab.api("DELETE", f"/projects/myorg%2Fshop/hooks/{hook}")

    assert lab.provider.read(item, SHOP) is None


def test_a_signing_token_that_gitlab_ignores_is_an_error(lab: Any, step_of: StepOf) -> None:
    values = {**DEPLOY, "signing_token": Secret("whsec_" + "A" * 43 + "=", "${env:S}")}

    with pytest.raises(RemoteError, match="signing token"):
        made(lab, step_of, values)


def test_an_update_goes_by_the_scopes_id_where_it_is_known(lab: Any, step_of: StepOf) -> None:
    from dataclasses import replace

    hook = made(lab, step_of, DEPLOY)
    parent = lab.estate.scope(SHOP).id
    lab.sent()

    step = replace(step_of("hook", StepAction.UPDATE, DEPLOY, id=hook), scope_id=parent)
    assert lab.provider.write(step, DEPLOY).scope_id == parent
    assert lab.sent() == [("PUT", f"/api/v4/projects/{parent}/hooks/{hook}")]


def test_more_than_a_page_of_hooks_is_followed_to_the_end(lab: Any, step_of: StepOf) -> None:
    for number in range(7):
        made(lab, step_of, {**DEPLOY, "url": f"https://api.acme.example/{number}"})

    path = "/projects/myorg%2Fshop/hooks"
    assert len(lab.api("GET", path, per_page=3).data()) == 3
    assert len(lab.provider.list(Primitive.HOOK, SHOP).items) == 7


def test_a_page_that_is_cut_short_is_read_again(lab: Any, step_of: StepOf) -> None:
    made(lab, step_of, DEPLOY)
    lab.fault("GET", "/api/v4/projects/myorg%2Fshop/hooks", "page_short", 1, nth=1)

    assert len(lab.provider.list(Primitive.HOOK, SHOP).items) == 1


def test_a_list_that_stays_short_of_its_total_is_unknown(lab: Any, step_of: StepOf) -> None:
    made(lab, step_of, DEPLOY)
    lab.fault("GET", "/api/v4/projects/myorg%2Fshop/hooks", "page_short", 1)

    listing = lab.provider.list(Primitive.HOOK, SHOP)

    assert "0 of 1 objects" in listing.unknown
    assert listing.items == ()
