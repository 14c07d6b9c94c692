"""CI/CD variables at all three levels."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.lab import GROUP, SHOP, Lab

PROJECT, IN_GROUP, INSTANCE = f"{SHOP}/variables", f"{GROUP}/variables", "/admin/ci/variables"
LEVELS = [(PROJECT, "mia", "Variable"), (IN_GROUP, "olivia", "GroupVariable"), (INSTANCE, "root", "InstanceVariable")]
LONG = "is too long (maximum is 255 characters)"
FORM = "can contain only letters, digits and '_'."


@pytest.mark.parametrize(("path", "who", "thing"), LEVELS)
def test_a_variable_lives(path: str, who: str, thing: str) -> None:
    lab = Lab()
    assert lab.get(f"{path}/A", who=who).text == f"404 {thing} Not Found"
    made = lab.post(path, {"key": "A", "value": "1"}, who=who)
    assert (made.status, made.json["value"], made.json["variable_type"]) == (201, "1", "env_var")
    assert lab.put(f"{path}/A", {"value": "2", "key": "B"}, who=who).json == {**made.json, "value": "2"}
    assert lab.get(path, who=who).json == [{**made.json, "value": "2"}]
    assert lab.delete(f"{path}/A", who=who).status == 204
    assert lab.delete(f"{path}/A", who=who).status == 404


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"key": ""}, {"key": ["can't be blank", FORM]}),
        ({"key": "a-b"}, {"key": [FORM]}),
        ({"key": "K" * 256}, {"key": [LONG]}),
        ({"masked": True, "value": "short"}, {"value": ["is invalid"]}),
        ({"masked": True, "value": "a#long-enough"}, {"value": ["is invalid"]}),
        ({"masked": True, "value": "two words long", "raw": True}, {"value": ["is invalid"]}),
        ({"masked_and_hidden": True, "value": "x"}, {"value": ["is invalid"]}),
        ({"description": "d" * 256}, {"description": [LONG]}),
        ({"key": "TAKEN"}, {"key": ["(TAKEN) has already been taken"]}),
        (
            {"key": "TAKEN", "masked": True, "value": "x"},
            {"value": ["is invalid"], "key": ["(TAKEN) has already been taken"]},
        ),
    ],
)
def test_what_a_variable_may_not_be(sent: dict[str, Any], errors: dict[str, list[str]]) -> None:
    lab = Lab()
    lab.post(PROJECT, {"key": "TAKEN", "value": "1"})
    answer = lab.post(PROJECT, {"key": "A", "value": "v", **sent})
    assert (answer.status, answer.json) == (400, {"message": errors})


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ({"key": "1A"}, {"key": "1A"}),
        ({"key": " A "}, {"key": "A"}),
        ({"masked": True, "raw": True, "value": "a#long-enough"}, {"masked": True}),
        ({"masked_and_hidden": True, "value": "long-enough"}, {"masked": True, "hidden": True, "value": None}),
        ({"value": "x" * 10_001}, {"value": "x" * 10_001}),
        ({"environment_scope": "review/*"}, {"environment_scope": "review/*"}),
    ],
)
def test_what_a_variable_may_be(sent: dict[str, Any], shown: dict[str, Any]) -> None:
    answer = Lab().post(PROJECT, {"key": "A", "value": "v", **sent})
    assert answer.status == 201
    assert shown.items() <= answer.json.items()


def with_two_scopes(path: str, who: str) -> Lab:
    lab = Lab()
    for scope in ("*", "production"):
        lab.post(path, {"key": "A", "value": scope, "environment_scope": scope}, who=who)
    return lab


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_ambiguous_key_is_a_conflict_until_the_scope_is_named(method: str) -> None:
    lab = with_two_scopes(PROJECT, "mia")
    body = {"value": "new"} if method == "PUT" else None
    assert lab.ask(method, f"{PROJECT}/A", body).status == 409
    assert lab.ask(method, f"{PROJECT}/A?filter[environment_scope]=production", body).status in (200, 204)
    assert lab.ask(method, f"{PROJECT}/A?filter[environment_scope]=nope", body).status == 404


def test_a_group_changes_the_first_of_an_ambiguous_key() -> None:
    lab = with_two_scopes(IN_GROUP, "olivia")
    assert lab.get(f"{IN_GROUP}/A", who="olivia").status == 409
    assert lab.put(f"{IN_GROUP}/A", {"value": "new"}, who="olivia").json["environment_scope"] == "*"
    filtered = {"value": "new", "filter": {"environment_scope": "production"}}
    assert lab.put(f"{IN_GROUP}/A", filtered, who="olivia").json["environment_scope"] == "production"


def test_a_group_changes_the_first_of_a_key_where_the_filter_fits_none() -> None:
    lab = with_two_scopes(IN_GROUP, "olivia")
    nowhere = {"value": "new", "filter": {"environment_scope": "nope"}}
    assert lab.put(f"{IN_GROUP}/A", nowhere, who="olivia").json["environment_scope"] == "*"
    assert lab.put(f"{IN_GROUP}/B", nowhere, who="olivia").status == 404
    assert lab.put(f"{IN_GROUP}/A", {"value": "new", "filter": None}, who="olivia").status == 409


@pytest.mark.parametrize("scope", ["", "%20"])
def test_a_blank_filter_is_none(scope: str) -> None:
    lab = with_two_scopes(PROJECT, "mia")
    assert lab.get(f"{PROJECT}/A?filter[environment_scope]={scope}").status == 409


def test_only_projects_declare_the_filter() -> None:
    lab = with_two_scopes(PROJECT, "mia")
    assert lab.get(f"{PROJECT}/A?filter=x").json == {"error": "filter is invalid"}
    assert lab.get(f"{PROJECT}/A?filter[environment_scope][]=x").json == {
        "error": "filter[environment_scope] is invalid"
    }
    lab.post(IN_GROUP, {"key": "A", "value": "1"}, who="olivia")
    assert lab.get(f"{IN_GROUP}/A?filter=x", who="olivia").status == 500


@pytest.mark.parametrize(
    ("name", "status"),
    [("masked", 400), ("raw", 400), ("protected", 500), ("variable_type", 500), ("description", 201), ("value", 201)],
)
def test_what_may_be_null(name: str, status: int) -> None:
    answer = Lab().post(PROJECT, {"key": "A", "value": "v", name: None})
    assert answer.status == status
    if status == 400:
        assert answer.json == {"message": {name: ["is not included in the list"]}}


def test_blanks_around_a_scope_are_dropped_and_those_within_kept() -> None:
    lab = Lab()
    assert (
        lab.post(PROJECT, {"key": "A", "value": "v", "environment_scope": " a  b "}).json["environment_scope"] == "a  b"
    )


@pytest.mark.parametrize(("path", "who", "status"), [(PROJECT, "mia", 204), (IN_GROUP, "olivia", 412)])
def test_only_a_group_looks_at_when_its_variable_was_changed(path: str, who: str, status: int) -> None:
    lab = Lab()
    lab.post(path, {"key": "A", "value": "v"}, who=who)
    old = "Wed, 01 Jan 2020 00:00:00 GMT"
    assert lab.delete(f"{path}/A", who=who, if_unmodified_since=old).status == status


def test_a_group_has_no_scopes_without_a_licence() -> None:
    lab = Lab(licensed=False)
    made = lab.post(IN_GROUP, {"key": "A", "value": "v", "environment_scope": "production"}, who="olivia")
    assert made.json["environment_scope"] == "*"


def test_a_hidden_variable_cannot_be_shown_again() -> None:
    lab = Lab()
    lab.post(PROJECT, {"key": "A", "value": "long-enough", "masked_and_hidden": True})
    answer = lab.put(f"{PROJECT}/A", {"masked": False})
    assert answer.json["message"]["base"] == [
        "The visibility setting cannot be changed for masked and hidden variables."
    ]
    assert lab.put(f"{PROJECT}/A", {"value": "another-long"}).json["value"] is None


def test_the_instance_hides_nothing_and_limits_the_length() -> None:
    lab = Lab()
    shown = lab.post(INSTANCE, {"key": "A", "value": "x", "masked_and_hidden": True}, who="root").json
    assert (shown["value"], "hidden" in shown, "environment_scope" in shown) == ("x", False, False)
    too_much = lab.post(INSTANCE, {"key": "B", "value": "x" * 10_001}, who="root")
    assert too_much.json["message"]["value"] == ["The value of the provided variable exceeds the 10000 character limit"]


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        (PROJECT, None, 401),
        (PROJECT, "dev", 403),
        (PROJECT, "outsider", 404),
        (IN_GROUP, "mia", 403),
        (INSTANCE, "mia", 403),
    ],
)
def test_who_may_not(path: str, who: str | None, status: int) -> None:
    assert Lab().get(path, who=who).status == status
