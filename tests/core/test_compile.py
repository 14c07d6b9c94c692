"""From entries to resources: addresses, identities, parts, order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.compile import compile_entries, identity_of, masked, to_do_by_hand
from reconciler.core.entry import Entry
from reconciler.core.resource import Primitive
from reconciler.core.value import Secret, Text
from tests.core.inputs import CATALOGUE, SMALL, entries


def test_an_integration_is_known_by_its_slug_and_says_whether_it_inherits() -> None:
    text = """
        project: myorg/shop
        integrations:
          chat: {type: slack, webhook_url: "${env:X}", events: [push]}
          ci: {type: jira, url: https://a.example, username: bot, api_token: "${env:Y}", project_key: PROJ}
    """

    chat, tracker = compile_entries(entries(text), CATALOGUE).resources

    assert chat.address == "myorg/shop:integrations.chat"
    assert chat.identity == {"slug": "slack"}
    assert chat.fields["inherit"] is False
    assert isinstance(chat.fields["webhook_url"], Text)
    assert tracker.local == {"project_key": "PROJ"}
    assert "project_key" not in tracker.fields
    assert chat.place is not None


def test_an_inheriting_project_says_so_and_comes_after_its_group() -> None:
    text = """
        project: myorg/sub/shop
        integrations: {chat: {type: slack, inherit: true}, talk: {type: discord, inherit: true}}
        ---
        group: MyOrg
        integrations: {chat: {type: slack, webhook_url: "${env:X}"}}
    """

    project, other, group = compile_entries(entries(text), CATALOGUE).resources

    assert project.fields == {"inherit": True}
    assert project.needs == ("MyOrg:integrations.chat",)
    assert other.needs == ()
    assert group.needs == ()


def test_hooks_and_applications_are_called_by_their_key_where_no_name_is_stated() -> None:
    text = """
        project: myorg/shop
        webhooks: {a: {url: https://a.example}, b: {url: https://b.example, name: Deploy}}
        ---
        instance: true
        oauth_applications: {portal: {redirect_uri: https://c.example, scopes: [api]}}
    """

    a, b, portal = compile_entries(entries(text), CATALOGUE).resources

    assert a.identity == {"name": "a", "url": "https://a.example"}
    assert b.identity == {"name": "Deploy", "url": "https://b.example"}
    assert portal.identity == {"name": "portal", "redirect_uri": "https://c.example"}
    assert a.fields["name"] == "a"


def test_a_group_s_webhook_has_the_table_of_groups() -> None:
    text = "group: myorg\nwebhooks: {a: {url: https://a.example, events: [subgroup]}}\n"

    (hook,) = compile_entries(entries(text), CATALOGUE).resources

    assert (hook.shape, hook.kind) == ("group_hook", "webhook")


def test_parts_have_addresses_of_their_own_and_come_after_the_main_resource() -> None:
    text = """
        project: myorg/shop
        integrations: {errors: {type: sentry, dsn: "${env:DSN}", environment: prod, lifecycle: {prevent_destroy: true}}}
    """

    compiled = compile_entries(entries(text), CATALOGUE)

    addresses = [resource.address for resource in compiled.resources]
    assert "myorg/shop:integrations.errors/variable.SENTRY_DSN" in addresses
    dsn = next(resource for resource in compiled.resources if resource.address.endswith("SENTRY_DSN"))
    assert dsn.primitive is Primitive.VARIABLE
    assert dsn.identity == {"key": "SENTRY_DSN", "environment_scope": "*"}
    assert dsn.lifecycle.prevent_destroy
    assert all(note.startswith("myorg/shop:integrations.errors: ") for note in to_do_by_hand(compiled.manual))


def test_manual_steps_are_noted_once_for_many_entries() -> None:
    text = "project: myorg/{}\nintegrations: {{errors: {{type: sentry, dsn: '${{env:DSN}}'}}}}\n"

    manual = compile_entries(entries(text.format("a"), text.format("b")), CATALOGUE).manual
    notes = to_do_by_hand(manual)

    assert all(note.startswith("myorg/a:integrations.errors and 1 more: ") for note in notes)
    assert notes


def test_one_object_declared_twice_is_an_error_that_names_both() -> None:
    text = """
        project: myorg/shop
        integrations:
          a: {type: sonarqube, url: https://a.example, token: "${env:X}"}
          b: {type: sonarqube, url: https://b.example, token: "${env:X}"}
        webhooks:
          c: {url: https://c.example, name: same}
          d: {url: https://d.example, name: same}
    """

    problems = compile_entries(entries(text), CATALOGUE).problems

    assert {problem.summary for problem in problems} == {"one object declared twice"}
    assert any("`myorg/shop:webhooks.c` and `myorg/shop:webhooks.d` both are the hook" in p.detail for p in problems)
    assert any("with environment_scope `*` and key `SONAR" in problem.detail for problem in problems)


def test_the_order_of_entries_is_kept_and_origin_and_alias_are_passed_on() -> None:
    (entry,) = entries("project: myorg/shop\nwebhooks: {a: {url: https://a.example}}\n")

    (resource,) = compile_entries([replace(entry, alias="webhook-1")], CATALOGUE).resources

    assert resource.alias == "webhook-1"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@git.example/a.git", "https://*****:*****@git.example/a.git"),
        ("https://token@git.example/a.git", "https://*****@git.example/a.git"),
        ("https://git.example/a@b.git", "https://git.example/a@b.git"),
        ("https://git.example/a.git", "https://git.example/a.git"),
        ("ssh://git@host/a.git", "ssh://*****@host/a.git"),
    ],
)
def test_a_mirror_is_known_by_its_url_without_credentials(url: str, shown: str) -> None:
    assert masked(url) == shown
    assert identity_of(Primitive.MIRROR, "mirror", {"url": Secret(url, "${env:X}")}) == {"url": shown}


def test_what_is_not_known_yet_is_no_part_of_an_identity() -> None:
    assert identity_of(Primitive.MIRROR, "mirror", {"url": Secret(None, "${env:X}")}) == {}
    assert identity_of(Primitive.HOOK, "hook", {"name": "a", "url": Text((), "${env:X}")}) == {"name": "a"}
    assert identity_of(Primitive.ERROR_TRACKING, "error_tracking", {"active": True}) == {}


def test_a_kind_may_become_an_object_of_another_type() -> None:
    scope = Scope(ScopeType.PROJECT, "myorg/shop")
    entry = Entry("integrations", "it", "own-variable", scope, {"key": "A", "value": "b"})

    (resource,) = compile_entries([entry], SMALL).resources

    assert resource.fields == {"key": "A", "value": "b"}
    assert resource.identity == {"key": "A", "environment_scope": "*"}


def test_manual_steps_may_be_told_for_some_entries_only() -> None:
    manual = {"do this": ("a/b:integrations.x", "a/c:integrations.x")}

    assert to_do_by_hand(manual, {"a/c:integrations.x"}) == ("a/c:integrations.x: do this",)
    assert to_do_by_hand(manual, set()) == ()
