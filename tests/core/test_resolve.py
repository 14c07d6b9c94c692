"""Filling references in: types, secrets, scopes, variables, and what cannot be."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.compile import compile_entries
from reconciler.core.entry import Entry
from reconciler.core.errors import ReconcilerError, Severity
from reconciler.core.refs import parse
from reconciler.core.resolve import Resolver, resolve
from reconciler.core.resource import NOTHING, Primitive, Resource
from reconciler.core.value import Reference, Secret, Value
from tests.core.inputs import CATALOGUE, SMALL, entries

SHOP = Scope(ScopeType.PROJECT, "myorg/sub/shop")


def _odd(scope: Scope = SHOP, **values: str) -> Resource:
    entry = Entry("integrations", "it", "odd", scope, {name: parse(value) for name, value in values.items()})
    return compile_entries([entry], SMALL).resources[0]


class Store:
    """Answers from a mapping and counts what it is asked."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.asked: list[str] = []

    def get(self, reference: Reference) -> str | None:
        self.asked.append(reference.text)
        if reference.store == "vault":
            raise ReconcilerError("no Vault is named", hint="set VAULT_ADDR")
        return self.known.get(reference.name)


def _fields(
    resource: Resource, variables: Mapping[str, str] = NOTHING, **known: str
) -> tuple[Mapping[str, Value], list[str]]:
    (found,), problems = resolve([resource], SMALL, Store(**known).get, variables=variables)
    return found.fields, [str(problem) for problem in problems]


def test_text_is_put_together() -> None:
    fields, problems = _fields(
        _odd(url="https://${env:HOST}/${project.path}/${project.name}?g=${group.path}"), HOST="h"
    )

    assert fields["url"] == "https://h/myorg/sub/shop/shop?g=myorg/sub"
    assert problems == []


def test_a_password_in_an_address_that_is_shown_is_refused_without_being_told() -> None:
    fields, problems = _fields(_odd(url="${env:ADDRESS}"), ADDRESS="https://user:hush@a.example")

    assert not fields.get("url")
    (problem,) = problems
    assert "a password in a field that is shown: `url` is no secret" in problem
    assert "hush" not in problem


def test_a_group_has_a_path_and_no_project() -> None:
    group = Scope(ScopeType.GROUP, "myorg")

    fields, _ = _fields(_odd(group, url="https://a/${group.path}"))
    _, problems = _fields(_odd(group, url="https://a/${project.path}"))

    assert fields["url"] == "https://a/myorg"
    assert "`${project.path}` has no meaning on myorg" in problems[0]
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("on", "True", True),
        ("on", " false ", False),
        ("count", "12", 12),
        ("count", "-3", -3),
        ("level", "20", 20),
        ("labels", "a, b,,c", ("a", "b", "c")),
        ("sides", "left", ("left",)),
        ("events", "push,issue", ("push", "issue")),
        ("colour", "red", "red"),
        ("url", " https://a.example\n", "https://a.example"),
        ("note", " kept ", " kept "),
    ],
)
def test_what_a_reference_gives_gets_the_field_s_type(name: str, text: str, value: Value) -> None:
    resource = _odd(**{name: "${env:X}"})

    (found,), problems = resolve([resource], SMALL, Store(X=text).get)

    assert problems == ()
    assert {**found.fields, **found.local}[name] == value


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("on", "maybe", "must be `true` or `false`"),
        ("count", "many", "must be a whole number"),
        ("count", "--3", "must be a whole number"),
        ("count", "9" * 30, "must be a whole number"),
        ("level", "10", "must be one of `0`, `20`, `30`"),
        ("colour", "blue", "must be one of `red`, `green`"),
        ("sides", "left,top", "must be one of `left`, `right`"),
        ("options", "a=b", "must be a mapping"),
    ],
)
def test_what_does_not_fit_is_said_without_the_value(name: str, text: str, says: str) -> None:
    _, problems = _fields(_odd(**{name: "${env:X}"}), X=text)

    assert len(problems) == 1
    assert f"what `${{env:X}}` gives to `{name}` {says}" in problems[0]
    assert text not in problems[0]


def test_secrets_become_secrets_in_maps_as_well() -> None:
    entry = Entry(
        "integrations",
        "it",
        "odd",
        SHOP,
        {
            "url": "https://a.example",
            "token": parse(" ${env:T}"),
            "tokens": {"a": parse("x-${env:T}"), "b": "literal"},
            "options": {"c": parse("${env:O}"), "d": "plain"},
            "labels": (parse("${env:O}"), "z"),
        },
    )
    (resource,) = compile_entries([entry], SMALL).resources

    fields, problems = _fields(resource, T="s3cret\n", O="o")

    assert problems == []
    assert fields["token"] == Secret("s3cret", " ${env:T}")
    assert fields["tokens"] == {"a": Secret("x-s3cret\n", "x-${env:T}"), "b": Secret("literal", "")}
    assert fields["options"] == {"c": "o", "d": "plain"}
    assert fields["labels"] == ("o", "z")


def test_a_secret_that_is_at_hand_already_is_left_alone() -> None:
    entry = Entry("integrations", "it", "odd", SHOP, {"url": "https://a.example", "token": Secret("x", "in memory")})
    (resource,) = compile_entries([entry], SMALL).resources

    fields, problems = _fields(resource)

    assert fields["token"] == Secret("x", "in memory")
    assert problems == []


def test_a_secret_that_is_not_set_is_a_warning_or_on_request_an_error() -> None:
    resources = [_odd(url="https://a", token="${env:T}"), _odd(url="https://b", token="${env:T}")]

    found, warnings = resolve(resources, SMALL, Store().get)
    _, errors = resolve(resources, SMALL, Store().get, require_secrets=True)

    assert found[0].fields["token"] == Secret(None, "${env:T}")
    assert [problem.severity for problem in warnings] == [Severity.WARNING]
    assert "`token`: `${env:T}` is not set here" in warnings[0].detail
    assert warnings[0].hint == "it is not compared; set it to compare, and before applying"
    assert [problem.severity for problem in errors] == [Severity.ERROR]
    assert errors[0].hint == "set it"


def test_of_several_references_only_those_that_are_not_set_are_named() -> None:
    text = "https://${env:HOST}/${env:A}/${env:B}/${env:A}"

    _, problems = _fields(_odd(url=text, note="${env:C}"), HOST="h")

    assert [problem.partition(": ")[2].partition(" (hint")[0] for problem in problems] == [
        "a reference that is not set: `url`: `${env:A}` and `${env:B}` is not set",
        "a reference that is not set: `note`: `${env:C}` is not set",
    ]


@pytest.mark.parametrize("text", ["${vault:kv/x#y}${env:NO}", "${env:NO}${vault:kv/x#y}"])
def test_a_reference_that_failed_is_told_once_and_not_as_one_that_is_not_set(text: str) -> None:
    _, problems = _fields(_odd(url="https://a", token=text))

    assert len(problems) == 1
    assert "no Vault is named" in problems[0]


def test_an_item_of_a_list_that_is_not_set_is_said_and_leaves_no_hole() -> None:
    entry = Entry("integrations", "it", "odd", SHOP, {"url": "https://a", "labels": (parse("${env:O}"), "z")})
    (resource,) = compile_entries([entry], SMALL).resources

    fields, problems = _fields(resource)

    assert fields["labels"] == ("", "z")
    assert len(problems) == 1


def test_the_same_thing_in_many_entries_is_said_once() -> None:
    scopes = [Scope(ScopeType.PROJECT, f"myorg/p{n}") for n in range(3)]

    _, problems = resolve([_odd(scope, url="${env:U}") for scope in scopes], SMALL, Store().get)
    _, two = resolve([_odd(scope, url="${env:U}") for scope in scopes[:2]], SMALL, Store().get)

    assert len(problems) == 1
    assert problems[0].address == "myorg/p0:integrations.it"
    assert "`url`: `${env:U}` is not set (and in 2 more entries)" in str(problems[0])
    assert "(and in 1 more entry)" in str(two[0])


def test_a_default_is_taken_where_nothing_is_set() -> None:
    fields, problems = _fields(_odd(url="https://${env:HOST:-localhost}", colour="${var:colour:-red}"))

    assert (fields["url"], fields["colour"]) == ("https://localhost", "red")
    assert problems == []


def test_variables_come_from_settings_and_may_refer_to_the_outside() -> None:
    variables = {"host": "a.example", "port": "${env:PORT:-80}", "path": "${env:P}", "bad": "${var:host}"}

    fields, problems = _fields(_odd(url="https://${var:host}:${var:port}"), variables)
    _, unset = _fields(_odd(url="${var:path}"), variables)
    _, nested = _fields(_odd(url="${var:bad}"), variables)
    _, unknown = _fields(_odd(url="${var:hots}"), variables)
    _, none = _fields(_odd(url="${var:x}"))

    assert fields["url"] == "https://a.example:80"
    assert problems == []
    assert "`${var:path}` is not set" in unset[0]
    assert "a variable of the settings cannot hold `${var:host}`" in nested[0]
    assert "there is no variable `hots` in this environment (hint: did you mean `host`?)" in unknown[0]
    assert "(hint: add it to `vars` in the settings)" in none[0]


def test_a_store_that_fails_is_said_once_and_not_called_unset_as_well() -> None:
    _, problems = _fields(_odd(url="https://a", token="${vault:kv/a#b}"))

    assert problems == [
        "myorg/sub/shop:integrations.it: a reference that cannot be followed: `${vault:kv/a#b}`: no Vault is named "
        "(hint: set VAULT_ADDR)"
    ]


def test_each_reference_is_asked_once() -> None:
    store = Store(T="x")
    resources = [_odd(Scope(ScopeType.PROJECT, f"g/{n}"), url="https://a", token="${env:T}") for n in range(5)]

    resolve(resources, SMALL, store.get)

    assert store.asked == ["${env:T}"]


def test_identities_are_completed() -> None:
    text = "project: myorg/shop\nwebhooks: {a: {url: 'https://${env:HOST}/'}}\n"
    resources = compile_entries(entries(text), CATALOGUE).resources

    (hook,), _ = resolve(resources, CATALOGUE, Store(HOST="h").get)

    assert resources[0].identity == {"name": "a"}
    assert hook.identity == {"name": "a", "url": "https://h/"}


def test_a_resource_without_references_is_the_same_one() -> None:
    resource = _odd(url="https://a")
    stranger = Resource("a", Primitive.HOOK, "no-kind", "no-shape", SHOP, {"x": "y"})

    found, _ = resolve([resource, stranger], SMALL, Store().get)

    assert found[0] is resource
    assert found[1] is stranger


def test_an_entry_s_values_are_filled_in_for_probes() -> None:
    (entry,) = entries(
        "project: myorg/shop\nintegrations: {c: {type: slack, webhook_url: '${env:X}', channel: '#a'}}\n"
    )

    values = Resolver(CATALOGUE, Store(X="https://h").get).values(entry)

    assert values == {"webhook_url": Secret("https://h", "${env:X}"), "channel": "#a"}


def test_a_plan_s_reference_is_filled_in_or_refused() -> None:
    resolver = Resolver(CATALOGUE, Store(X="x").get)

    assert resolver.secret("${env:X}", scope=SHOP).reveal() == "x"
    assert not resolver.secret("${env:Y}", scope=SHOP, address="a").known
    assert resolver.problems[0].address == "a"
    with pytest.raises(ReconcilerError, match="a reference that cannot be") as caught:
        resolver.secret("${env:GITLAB_TOKEN}", scope=SHOP)
    assert caught.value.hint


def test_text_of_settings_is_filled_in() -> None:
    resolver = Resolver(CATALOGUE, Store(X="x", GITLAB_TOKEN="t").get)

    assert resolver.text("plain") == "plain"
    assert resolver.text("a-${env:X}") == "a-x"
    assert resolver.text("${env:GITLAB_TOKEN}") == "t"
    assert resolver.text("${env:Y}") is None
    assert resolver.text("${project.path}") is None
    assert "has no meaning on settings" in resolver.problems[0].detail
