"""What holds for every call: who may ask, ids and paths, pages, conditions, throttles, and that nothing is chance."""

from __future__ import annotations

import base64
import json

import pytest

from reconciler.sandbox.world import World
from tests.sandbox.asking import HOOKS, Asking

SHOP = "/projects/acme%2Fshop"


def walk(lab: Asking) -> list[bytes]:
    """A conversation that touches much of what is made up: ids, tokens, secrets, deliveries, times."""
    lab.json("POST", HOOKS, {"url": "http://127.0.0.1/in", "token": "t"})
    lab.ask("POST", f"{HOOKS}/1/test/push_events")
    lab.wait(1.5)
    app = {"name": "portal", "redirect_uri": "https://p.example.test/cb", "scopes": "api"}
    steps = [
        lab.ask("POST", "/applications", app, "root"),
        lab.ask("POST", "/users/2/personal_access_tokens", {"name": "n", "scopes": ["api"]}, "root"),
        lab.ask("PUT", f"{SHOP}/integrations/slack", {"webhook": "https://hooks.slack.com/services/a"}),
        lab.ask("GET", f"{HOOKS}/1/events"),
        lab.ask("POST", "/projects", {"name": "more", "namespace_id": 5}),
        lab.ask("GET", "/groups/acme/projects"),
    ]
    return [response.body + json.dumps(dict(response.headers)).encode() for response in steps]


def test_the_same_requests_at_the_same_moments_give_the_same_bytes_and_the_same_world() -> None:
    one, another = Asking(), Asking()

    assert walk(one) == walk(another)
    assert one.world.to_json() == another.world.to_json()


def test_a_world_survives_being_written_and_read() -> None:
    lab = Asking()
    walk(lab)
    value = json.loads(json.dumps(lab.world.to_json()))

    lab.sandbox.world = World.from_json(value)

    assert lab.sandbox.world.to_json() == value
    assert lab.json("GET", f"{HOOKS}/1")["url"] == "http://127.0.0.1/in"


def test_a_world_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="not a sandbox world of format 1"):
        World.from_json({"format": 7})


@pytest.mark.parametrize("reference", ["acme%2Fshop", "ACME%2FShop", "5"])
def test_a_project_is_found_by_id_and_by_path_without_regard_to_case(reference: str) -> None:
    assert lab_project(Asking(), reference)["path_with_namespace"] == "acme/shop"


def lab_project(lab: Asking, reference: str) -> dict[str, object]:
    value: dict[str, object] = lab.json("GET", f"/projects/{reference}")
    return value


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer token-of-mia"}, 200),
        ({"private_token": "token-of-mia"}, 200),
        ({"authorization": "Bearer nonsense"}, 401),
        ({"authorization": "Basic " + base64.b64encode(b"mia:token-of-mia").decode()}, 401),
        ({"job_token": "nonsense"}, 401),
    ],
)
def test_a_token_is_taken_from_where_gitlab_takes_it(how: dict[str, str], status: int) -> None:
    assert Asking().ask("GET", "/user", who=None, **how).status == status


@pytest.mark.parametrize("name", ["private_token", "access_token"])
def test_a_token_may_stand_in_the_query(name: str) -> None:
    assert Asking().json("GET", f"/user?{name}=token-of-mia", who=None)["username"] == "mia"


@pytest.mark.parametrize(
    ("token", "method", "status"),
    [
        ({"scopes": ["read_api"]}, "GET", 200),
        ({"scopes": ["read_api"]}, "POST", 403),
        ({"scopes": ["read_user"]}, "GET", 403),
        ({"scopes": ["api"], "revoked": True}, "GET", 401),
        ({"scopes": ["api"], "expires_at": "2020-01-01"}, "GET", 401),
    ],
)
def test_a_tokens_scopes_and_life_are_looked_at_before_roles(
    token: dict[str, object], method: str, status: int
) -> None:
    lab = Asking()
    text = lab.json("POST", "/_sandbox/tokens", {"user": "mia", **token})["token"]

    assert lab.ask(method, HOOKS, {"url": "https://x.example.test"}, None, private_token=text).status == status


def test_an_administrator_acts_as_another_and_nobody_else_does() -> None:
    lab = Asking()

    assert lab.json("GET", "/user", who="root", sudo="mia")["username"] == "mia"
    assert lab.json("GET", "/user?sudo=2", who="root")["username"] == "mia"
    assert lab.refusal("GET", "/user", sudo="root") == (403, {"message": "403 Forbidden - Must be admin to use sudo"})


@pytest.mark.parametrize(
    ("who", "status", "text"),
    [
        (None, 401, "401 Unauthorized"),
        ("dev", 403, "403 Forbidden"),
        ("out", 404, "404 Project Not Found"),
    ],
)
def test_what_one_may_not_read_does_not_exist_and_what_one_may_not_do_is_forbidden(
    who: str | None, status: int, text: str
) -> None:
    assert Asking().refusal("GET", HOOKS, None, who) == (status, {"message": text})


def test_a_renamed_project_redirects_readers_and_refuses_writers_at_any_depth() -> None:
    lab = Asking()
    lab.json("PUT", SHOP, {"path": "store"})

    moved = lab.ask("GET", f"{HOOKS}?page=2")

    assert (moved.status, moved.headers["Location"]) == (
        301,
        "http://gitlab.example.test/api/v4/projects/5/hooks?page=2",
    )
    assert lab.refusal("POST", HOOKS, {"url": "https://x.example.test"}) == (
        405,
        {"message": "Non GET methods are not allowed for moved projects"},
    )
    assert lab.refusal("GET", HOOKS, None, "out")[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nonsense", 404),
        ("PATCH", HOOKS, 404),
        ("GET", "/projects/acme/shop", 404),
        ("OPTIONS", HOOKS, 404),
        ("GET", "/api/v3/version", 410),
        ("GET", "/api/v4/version/", 200),
    ],
)
def test_routes_are_matched_as_gitlab_matches_them(method: str, path: str, status: int) -> None:
    assert Asking().ask(method, path).status == status


def test_pages_carry_gitlabs_headers_and_links_in_its_order() -> None:
    lab = Asking()
    for number in range(5):
        lab.json("POST", HOOKS, {"url": f"https://x.example.test/{number}"})

    page = lab.ask("GET", f"{HOOKS}?per_page=2&page=2")

    top = "<http://gitlab.example.test/api/v4/projects/acme%2Fshop/hooks?id=acme%2Fshop&page="
    assert page.headers["Link"] == ", ".join(
        f'{top}{number}&per_page=2>; rel="{rel}"'
        for rel, number in (("prev", 1), ("next", 3), ("first", 1), ("last", 3))
    )
    names = ("X-Page", "X-Per-Page", "X-Next-Page", "X-Prev-Page", "X-Total", "X-Total-Pages")
    assert [page.headers[name] for name in names] == ["2", "2", "3", "1", "5", "3"]


def test_an_unchanged_answer_is_not_sent_again() -> None:
    lab = Asking()
    first = lab.ask("GET", HOOKS)

    again = lab.ask("GET", HOOKS, if_none_match=first.headers["ETag"])

    assert (again.status, again.body) == (304, b"")


def test_a_throttle_counts_by_person_in_windows_of_the_clock() -> None:
    lab = Asking()
    switch = {"throttle_authenticated_api_enabled": True, "throttle_authenticated_api_requests_per_period": 2}
    lab.json("PUT", "/application/settings", {**switch, "throttle_authenticated_api_period_in_seconds": 30}, "root")
    lab.wait(25)

    answers = [lab.ask("GET", "/version") for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].body == b"Retry later\n"
    assert answers[2].headers["Retry-After"] == "5"
    assert (answers[0].headers["RateLimit-Limit"], answers[0].headers["RateLimit-Remaining"]) == ("4", "1")
    assert lab.ask("GET", "/version", None, "dev").status == 200
    lab.wait(5)
    assert lab.ask("GET", "/version").status == 200


def test_a_delete_is_refused_when_the_record_was_changed_after_the_date_that_was_sent() -> None:
    lab = Asking()
    lab.json("POST", HOOKS, {"url": "https://x.example.test"})

    long_ago = "Wed, 01 Jan 2020 00:00:00 GMT"
    assert lab.ask("DELETE", f"{HOOKS}/1", if_unmodified_since=long_ago).status == 412
    assert lab.ask("DELETE", f"{HOOKS}/1", if_unmodified_since="yesterday").status == 204


@pytest.mark.parametrize(
    ("since", "status"),
    [
        ("Thu, 01 Jan 2026 00:00:00 GMT", 412),
        ("Thu, 01 Jan 2026 00:00:01 GMT", 204),
        ("2026-01-01T00:00:00Z", 412),
        ("2026-01-01 00:00:00.5", 204),
    ],
)
def test_dates_of_conditions_are_compared_to_the_fraction_and_may_be_in_iso_form(since: str, status: int) -> None:
    lab = Asking()
    lab.wait(0.25)
    lab.json("POST", HOOKS, {"url": "https://api.example.test"})
    assert lab.ask("DELETE", f"{HOOKS}/1", if_unmodified_since=since).status == status


@pytest.mark.parametrize(
    ("method", "path", "who", "status"),
    [
        ("POST", f"{SHOP}/issues", "out", 400),
        ("POST", f"{SHOP}/issues", None, 401),
        ("POST", f"{SHOP}/statuses/main", "out", 400),
        ("POST", f"{SHOP}/terraform/state/a/lock", "dev", 400),
        ("POST", f"{SHOP}/terraform/state/a/lock", "out", 404),
        ("POST", HOOKS, "dev", 403),
        ("GET", f"{SHOP}/issues/1/notes", None, 401),
    ],
)
def test_what_an_endpoint_checks_itself_comes_after_its_parameters(
    method: str, path: str, who: str | None, status: int
) -> None:
    assert Asking().ask(method, path, {} if method == "POST" else None, who).status == status


def test_a_token_that_may_only_act_for_others_does_so() -> None:
    lab = Asking()
    lab.world.tokens.by("token", "token-of-root")[0]["scopes"] = ["sudo"]

    assert lab.json("GET", "/user", None, "root", sudo="mia")["username"] == "mia"
    assert lab.refusal("GET", "/user", None, "root")[1]["error"] == "insufficient_scope"
    assert lab.refusal("GET", "/user", None, "root", sudo="root")[1]["error"] == "insufficient_scope"
    assert lab.refusal("GET", "/user", None, "root", sudo="nobody")[0] == 404


def test_a_token_without_the_scope_cannot_act_for_others() -> None:
    lab = Asking()
    lab.world.tokens.by("token", "token-of-root")[0]["scopes"] = ["api"]

    told = lab.refusal("GET", "/user", None, "root", sudo="mia")
    assert (told[0], told[1]["scope"]) == (403, "sudo")


def test_who_is_blocked_is_told_so() -> None:
    lab = Asking()
    lab.world.users.get(2)["state"] = "blocked"

    assert lab.refusal("GET", "/user") == (403, {"message": "403 Forbidden - Your account has been blocked."})


def test_only_get_follows_a_renamed_project() -> None:
    lab = Asking(projects=[{"path": "acme/shop", "former_path": "acme/old"}])

    assert [lab.ask(method, "/projects/acme%2Fold/hooks").status for method in ("GET", "HEAD", "POST")] == [
        301,
        405,
        405,
    ]


@pytest.mark.parametrize(
    "path", ["/projects/%00", "/projects/%ff/hooks", "/version?a=%00", "/version?a=%C3", "/nonsense%00"]
)
def test_an_address_that_is_no_text_is_refused_before_anything_else(path: str) -> None:
    answer = Asking().ask("GET", path, None, None)
    assert (answer.status, answer.body) == (400, b"Bad Request")
