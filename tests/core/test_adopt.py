"""Names, variables and files of adopted entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.adopt import Draft, Drafting, Found, title
from reconciler.core.adopted import Manifests, write
from reconciler.core.live import Item
from reconciler.core.refs import is_forbidden
from reconciler.core.resource import Catalogue, Primitive
from reconciler.integrations.catalogue import load

CATALOGUE = load()
SHOP = Scope(ScopeType.PROJECT, "myorg/shop")


def hook(id: int = 1, scope: Scope = SHOP, name: str | None = None, **fields: Any) -> Found:
    known = {"url": "https://in.acme.example/deploy", "name": name, "events": ("push",), **fields}
    identity = {"url": known["url"], **({"name": name} if name else {})}
    return Found(scope, 7, Item(Primitive.HOOK, "hook", id, known, identity))


def integration(slug: str, scope: Scope = SHOP, **fields: Any) -> Found:
    return Found(scope, 7, Item(Primitive.INTEGRATION, slug, 1, fields, {"slug": slug}))


def drafted(*found: Found, taken: Mapping[tuple[str, str], set[str]] | None = None, **options: bool) -> Drafting:
    drafting = Drafting(CATALOGUE, taken or {}, **options)
    for one in found:
        drafting.add(one)
    return drafting


def written(*drafts: Draft, **options: Any) -> Manifests:
    return write(drafts, folder="manifests", schema_from=lambda path: "s.json", **options)


def draft(scope: str = "myorg/shop", name: str = "it", *secrets: str, **values: Any) -> Draft:
    type_ = ScopeType.PROJECT if "/" in scope else ScopeType.INSTANCE if scope == "@instance" else ScopeType.GROUP
    found = hook(scope=Scope(type_, scope))
    return Draft(found, "webhooks", name, "webhook", (*values, *secrets), values, secrets)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (hook(name="Deploy to Prod!"), "deploy-to-prod"),
        (hook(name="deploy"), "deploy"),
        (hook(url="https://www.acme.example:8443/a/b?c=d"), "acme-example-8443-a-b-c-d"),
        (hook(name="部署"), "hook"),
        (hook(name="Über Prüfung"), "uber-prufung"),
        (hook(name="_x_"), "x"),
        (hook(name="n" * 200), "n" * 48),
        (integration("slack"), "slack"),
    ],
)
def test_entries_are_named_after_what_they_are(found: Found, name: str) -> None:
    secretless = drafted(found)

    assert [one.name for one in secretless.drafts] == [name]


def test_names_that_are_taken_are_numbered() -> None:
    taken = {("myorg/shop", "webhooks"): {"deploy", "deploy-2"}}

    assert [one.name for one in drafted(hook(name="Deploy"), taken=taken).drafts] == ["deploy-3"]


@pytest.mark.parametrize(
    ("name", "stated"),
    [("deploy", "<nothing>"), ("Deploy", "Deploy"), (None, None)],
    ids=["the entry's own", "another", "none"],
)
def test_a_webhooks_name_is_stated_unless_it_is_the_entrys_own(name: str | None, stated: str | None) -> None:
    (found,) = drafted(hook(name=name)).drafts

    assert found.values.get("name", "<nothing>") == stated


def test_what_differs_from_the_default_is_stated_and_with_every_field_all() -> None:
    found = hook(enable_ssl_verification=True, description="x", push_events_branch_filter=None, custom_headers=("A",))

    assert set(drafted(found).drafts[0].stated) == {"url", "name", "description", "events", "custom_headers"}
    every = drafted(found, every=True).drafts[0]
    assert set(every.stated) == {"url", "name", "description", "events", "enable_ssl_verification", "custom_headers"}
    assert every.secrets == ("custom_headers.A",)


def test_a_channel_that_gitlab_fills_from_another_one_is_not_stated() -> None:
    fields = {"channel": "#a", "issue_channel": "#b", "confidential_issue_channel": "#b", "events": ()}

    assert drafted(integration("slack", **fields)).drafts[0].stated == (
        "webhook_url",
        "channel",
        "issue_channel",
        "events",
    )


def test_switches_of_a_kind_stand_in_place_of_the_set_of_events() -> None:
    fields = {"jenkins_url": "https://ci.acme.example", "project_name": "x", "events": ("push",)}
    switches = {"trigger_on_push": True, "trigger_on_merge_request": False, "trigger_on_tag_push": False}

    (found,) = drafted(integration("jenkins", **fields, **switches)).drafts

    assert "events" not in found.stated
    assert {name: found.values[name] for name in switches} == switches


def test_a_secret_that_a_stated_field_needs_is_stated_too() -> None:
    fields = {"jenkins_url": "https://ci.acme.example", "project_name": "x", "username": "bot"}

    assert drafted(integration("jenkins", **fields)).drafts[0].secrets == ("api_token",)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (integration("a-slug-of-tomorrow"), "does not know it"),
        (integration("external-wiki"), "does not show its `external_wiki_url`"),
        (integration("external-wiki", external_wiki_url="ftp://w"), "no web address"),
        (hook(url="gopher://x"), "no web address"),
    ],
)
def test_what_cannot_be_said_in_a_manifest_is_left_out_with_the_reason(found: Found, why: str) -> None:
    drafting = drafted(found)

    assert drafting.drafts == []
    assert why in drafting.left_out[0].why
    assert drafting.left_out[0].what == title(found.item)


def test_an_optional_field_that_cannot_be_said_is_left_out_alone() -> None:
    fields = {"branches_to_be_notified": "of_tomorrow", "channel": "#a", "events": ()}

    drafting = drafted(integration("slack", **fields))

    assert "branches_to_be_notified" not in drafting.drafts[0].stated
    assert drafting.left_out[0].what == "slack: branches_to_be_notified"


def test_a_shape_that_the_catalogue_lacks_is_left_out() -> None:
    drafting = Drafting(Catalogue(CATALOGUE.kinds, {}), {})
    drafting.add(hook())

    assert [one.what for one in drafting.left_out] == ['webhook "https://in.acme.example/deploy"']


@pytest.mark.parametrize(
    ("scope", "name", "secret", "variable"),
    [
        ("myorg/shop", "it", "secret_token", "MYORG_SHOP_IT_SECRET_TOKEN"),
        ("my-org/the.shop", "it", "custom_headers.X-Team", "MY_ORG_THE_SHOP_IT_CUSTOM_HEADERS_X_TEAM"),
        ("@instance", "it", "token", "INSTANCE_IT_TOKEN"),
        ("aws/infra", "it", "token", "SECRET_AWS_INFRA_IT_TOKEN"),
        ("reconciler/x", "it", "token", "SECRET_RECONCILER_X_IT_TOKEN"),
        ("1st/x", "it", "token", "SECRET_1ST_X_IT_TOKEN"),
    ],
)
def test_variables_are_named_after_scope_entry_and_field(scope: str, name: str, secret: str, variable: str) -> None:
    found = written(draft(scope, name, secret)).variables

    assert [one.name for one in found] == [variable]
    assert not is_forbidden(found[0].name)


def test_no_two_secrets_share_a_variable() -> None:
    names = [one.name for one in written(draft("a-b/c", "it", "t"), draft("a/b-c", "it", "t")).variables]

    assert names == ["A_B_C_IT_T", "A_B_C_IT_T_2"]


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("myorg/shop", "manifests/myorg/shop.yaml"),
        ("myorg", "manifests/myorg.yaml"),
        ("@instance", "manifests/instance.yaml"),
        ("my.org/.hidden", "manifests/my.org/_.hidden.yaml"),
    ],
)
def test_each_scope_has_a_file_that_is_never_hidden(scope: str, path: str) -> None:
    assert [file.path for file in written(draft(scope, url="u")).files] == [path]


def test_files_of_one_name_are_numbered() -> None:
    group = draft("instance", url="u")

    paths = [file.path for file in written(draft("@instance", url="u"), group).files if "templates" not in file.path]
    assert paths == ["manifests/instance.yaml", "manifests/instance-2.yaml"]


def test_lines_lead_to_the_entries() -> None:
    (file,) = written(draft(name="one", url="u"), draft(name="two", url="v")).files
    rows = file.text.splitlines()

    assert file.at(rows.index("  one:") + 2) == ("myorg/shop:webhooks.one",)
    assert file.at(rows.index("    url: v") + 1) == ("myorg/shop:webhooks.two",)
    assert file.at(1) == ("myorg/shop:webhooks.one", "myorg/shop:webhooks.two")


def test_what_looks_like_a_reference_is_written_as_text() -> None:
    (file,) = written(draft(url="https://a/${b}", list=("${c}",))).files

    assert '"https://a/$${b}"' in file.text
    assert '["$${c}"]' in file.text


def test_templates_take_names_that_are_free() -> None:
    same = [draft(f"a/p{n}", "team-chat", url="u") for n in range(2)]

    assert dict(written(*same, templates={"team-chat"}).templates) == {"team-chat-2": 2}


def test_equal_entries_of_one_scope_are_no_template() -> None:
    assert dict(written(draft(name="one", url="u"), draft(name="two", url="u")).templates) == {}


def test_an_entry_that_states_nothing_is_an_empty_mapping() -> None:
    (file,) = written(draft()).files

    assert file.text.endswith("webhooks:\n  it: {}\n")
