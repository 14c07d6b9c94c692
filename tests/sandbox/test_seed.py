"""Seeds: the world that is there without one, and what a person is told about mistakes in theirs."""

from __future__ import annotations

import json

import pytest

from reconciler.sandbox.seed import SeedError, default_world, world_from_seed, world_from_text

GOOD = {
    "users": [{"username": "root", "admin": True}, {"username": "mia"}],
    "groups": [{"path": "acme", "members": {"mia": "owner"}}],
    "projects": [{"path": "acme/shop"}],
}


def test_without_a_seed_there_is_a_group_with_five_projects_and_a_token() -> None:
    world = default_world()

    assert sorted(path for path, (kind, _) in world.paths.items() if kind == "project") == [
        f"myorg/{name}" for name in ("api", "myproject", "portal", "shop", "web")
    ]
    assert [(token["token"], token["expires_at"]) for token in world.tokens] == [("sandbox-token", "2099-12-31")]


def test_a_seed_without_users_has_an_administrator() -> None:
    assert [user["username"] for user in world_from_seed({}).users] == ["root"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"user": []}, "the file: unknown member `user`; did you mean `users`?"),
        ({"settings": []}, "settings: is not an object; write {…}"),
        ({"settings": {"licenced": True}}, "settings: unknown member `licenced`; did you mean `licensed`?"),
        ({"settings": {"licensed": "no"}}, "settings.licensed: 'no' is not true or false; correct its type"),
        ({"commit": {"sha": "abc"}}, "commit.sha: `abc` is no commit; write 40 hexadecimal digits"),
        ({"version": 18}, "version: 18 will not do; write text like 18.9.0-ee"),
        ({"enterprise": "yes"}, "enterprise: 'yes' is not true or false; correct its type"),
        ({"users": [{"username": "a", "state": "blokced"}]}, "users[0].state: `blokced` is none; use one of active"),
        ({"users": [{"username": "a b"}]}, "users[0].username: `a b` is no name; use letters"),
        ({"tokens": [{"token": "t", "user": "mia", "scopes": ["apii"]}]}, "tokens[0].scopes: no scope `apii`; did you"),
        ({"tokens": [{"token": "t", "user": "mia", "scopes": [5]}]}, "tokens[0].scopes: 5 is not text; correct"),
        (
            {"tokens": [{"token": text, "user": "mia", "as": "me"} for text in ("t", "u")]},
            "tokens[1].as: `me` is there twice; give each its own name",
        ),
        ({"groups": [{"path": "acme", "members": None}]}, "groups[0].members: None is not an object; correct"),
        ({"projects": [{"path": "acme/x", "former_path": "x"}]}, "projects[0].former_path: `x` will not do; write"),
        ({"users": {}}, "users: is not a list; write […]"),
        ({"groups": ["x"]}, 'groups[0]: is not an object; write {"path": …}'),
        ({"users": [{}]}, "users[0]: `username` is missing; add it"),
        (
            {"users": [{"username": "a", "admin": "yes"}]},
            "users[0].admin: 'yes' is not true or false; correct its type",
        ),
        ({"users": [{"username": "a"}, {"username": "A"}]}, "users[1].username: `A` is there twice; give each its own"),
        ({"tokens": [{"token": "t", "user": "mai"}]}, "tokens[0].user: no user `mai`; did you mean `mia`?"),
        ({"tokens": [{"token": "t", "user": "mia"}] * 2}, "tokens[1].token: this token is there twice"),
        (
            {"tokens": [{"token": "t", "user": "mia", "expires_at": "soon"}]},
            "tokens[0].expires_at: `soon` is no date; write YYYY-MM-DD",
        ),
        ({"groups": [{"path": "acme", "members": {"mia": "boss"}}]}, "groups[0].members.mia: no role `boss`; use one"),
        ({"groups": [{"path": "acme", "members": {"mya": "owner"}}]}, "groups[0].members: no user `mya`; did you mean"),
        ({"projects": [{"path": "acm/shop"}]}, "projects[0].path: there is no group `acm`; did you mean `acme`?"),
        ({"projects": [{"path": "shop"}]}, "projects[0].path: `shop` is in no group; write group/project"),
        ({"projects": [{"path": "acme/a b"}]}, "projects[0].path: `acme/a b` is no path; use letters"),
        ({"projects": [{"path": "acme/shop"}] * 2}, "projects[1].path: `acme/shop` is there twice; remove one"),
        (
            {"projects": [{"path": "acme/x", "visibility": "open"}]},
            "projects[0].visibility: `open` is none; use one of private",
        ),
        ({"projects": [{"path": "acme/x", "archivd": True}]}, "projects[0]: unknown member `archivd`; did you mean"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_do(change: dict[str, object], problem: str) -> None:
    with pytest.raises(SeedError) as mistake:
        world_from_seed({**GOOD, **change})

    assert any(line.startswith(problem) for line in mistake.value.problems), mistake.value.problems


def test_all_mistakes_come_at_once_each_with_its_line() -> None:
    text = json.dumps({**GOOD, "projects": [{"path": "acme/shop"}, {"path": "x"}, {"path": "no/where"}]}, indent=1)
    lines = text.split("\n")

    with pytest.raises(SeedError) as mistake:
        world_from_text(text, "seed.json")

    numbers = [int(problem.split(":")[1]) for problem in mistake.value.problems]
    assert [lines[number - 1].strip() for number in numbers] == ['"path": "x"', '"path": "no/where"']


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"users": [\n  {,}\n]}', "seed.json:2:4: not JSON: "),
        ("[]", "seed.json:1: holds no object"),
        (
            '{"users": [{"username": "a", "username": "b"}]}',
            "seed.json: member `username` is there twice in one object",
        ),
    ],
)
def test_a_file_that_is_no_seed_at_all_is_told_so(text: str, problem: str) -> None:
    with pytest.raises(SeedError) as mistake:
        world_from_text(text, "seed.json")

    assert mistake.value.problems[0].startswith(problem)
