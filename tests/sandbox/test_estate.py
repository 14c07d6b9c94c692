"""Building and finding groups, projects, people and tokens, with a client that is not ours."""

from __future__ import annotations

from typing import Any

import gitlab
import pytest
import requests

from reconciler.sandbox.clock import ManualClock
from reconciler.sandbox.fronts import Sandbox, SandboxAdapter
from reconciler.sandbox.seed import world_from_seed
from tests.sandbox.asking import NOW, SEED, Asking


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(world_from_seed(SEED, NOW), ManualClock(NOW))


def client(sandbox: Sandbox, token: str) -> Any:
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, SandboxAdapter(sandbox))
    return gitlab.Gitlab("http://gitlab.example.test", private_token=token, session=session)


@pytest.fixture
def root(sandbox: Sandbox) -> Any:
    return client(sandbox, "token-of-root")


@pytest.fixture
def mia(sandbox: Sandbox) -> Any:
    return client(sandbox, "token-of-mia")


def test_groups_are_made_found_changed_and_removed(root: Any, mia: Any) -> None:
    top = root.groups.create({"name": "Top", "path": "top", "description": "all"})
    sub = root.groups.create({"name": "Sub", "path": "sub", "parent_id": top.id})

    assert root.groups.get("top/sub").full_name == "Top / Sub"
    assert [group.id for group in top.descendant_groups.list()] == [sub.id]
    assert [group.id for group in top.subgroups.list()] == [sub.id]
    assert [group.full_path for group in mia.groups.list()] == ["acme"]
    assert [group.path for group in root.groups.list(search="SU")] == ["sub"]
    assert [group.path for group in root.groups.list(top_level_only=True, order_by="id", sort="desc")] == [
        "top",
        "acme",
    ]
    sub.path = "under"
    sub.save()
    assert root.groups.get("top/under").id == sub.id
    top.delete()
    assert [group.path for group in root.groups.list(get_all=True)] == ["acme"]


def test_a_group_is_refused_a_taken_path_and_a_parent_that_is_not_yours(mia: Any, sandbox: Sandbox) -> None:
    with pytest.raises(gitlab.GitlabCreateError, match="has already been taken"):
        mia.groups.create({"name": "x", "path": "acme"})
    with pytest.raises(gitlab.GitlabCreateError, match="can only include"):
        mia.groups.create({"name": "x", "path": "a b"})
    with pytest.raises(gitlab.GitlabCreateError, match="403"):
        client(sandbox, "token-of-dev").groups.create({"name": "x", "path": "x", "parent_id": 5})
    with pytest.raises(gitlab.GitlabCreateError, match="404 Group Not Found"):
        client(sandbox, "token-of-out").groups.create({"name": "x", "path": "x", "parent_id": 5})


def test_projects_are_made_found_and_changed(mia: Any) -> None:
    made = mia.projects.create({"name": "My Tool", "namespace_id": 5, "topics": ["a"], "initialize_with_readme": True})

    assert (made.path_with_namespace, made.empty_repo, made.topics) == ("acme/my-tool", False, ["a"])
    project = mia.projects.get("acme/my-tool")
    project.description = "does it"
    project.topics = ["a", "b"]
    project.save()
    shown = mia.projects.get(project.id)
    assert (shown.description, shown.topics, shown.permissions["group_access"]["access_level"]) == (
        "does it",
        ["a", "b"],
        50,
    )
    with pytest.raises(gitlab.GitlabCreateError, match="has already been taken"):
        mia.projects.create({"name": "shop", "namespace_id": 5})
    assert mia.projects.create({"name": "own"}).path_with_namespace == "mia/own"


@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        ({}, ["empty", "shop"]),
        ({"order_by": "path", "sort": "desc"}, ["shop", "empty"]),
        ({"topic": "python"}, ["shop"]),
        ({"archived": True}, []),
        ({"archived": False, "simple": True}, ["empty", "shop"]),
        ({"search": "SHO"}, ["shop"]),
        ({"min_access_level": 50, "owned": True}, ["empty", "shop"]),
        ({"id_after": 5}, ["empty"]),
        ({"id_before": 6}, ["shop"]),
        ({"visibility": "public"}, []),
        ({"starred": True}, []),
    ],
)
def test_projects_of_a_group_are_filtered_and_ordered(mia: Any, filters: dict[str, Any], paths: list[str]) -> None:
    assert [project.path for project in mia.groups.get("acme").projects.list(**filters)] == paths


def test_all_projects_can_be_walked_by_keyset(mia: Any) -> None:
    for number in range(5):
        mia.projects.create({"name": f"p{number}", "namespace_id": 5})

    walked = mia.projects.list(
        iterator=True, pagination="keyset", order_by="id", per_page=2, membership=True, sort="asc"
    )

    assert [project.id for project in walked] == [5, 6, 7, 8, 9, 10, 11]


def test_a_project_can_be_renamed_moved_archived_and_removed(root: Any, mia: Any) -> None:
    mia.groups.create({"name": "Other", "path": "other"})
    project = mia.projects.get("acme/shop")
    project.path = "store"
    project.save()
    project.transfer("other")
    project.archive()

    shown = mia.projects.get(project.id)
    assert (shown.path_with_namespace, shown.archived) == ("other/store", True)
    assert root.http_get("/projects/acme%2Fshop")["id"] == project.id
    project.unarchive()
    project.delete()
    with pytest.raises(gitlab.GitlabGetError, match="404 Project Not Found"):
        mia.projects.get("other/store")


def test_moving_onto_a_taken_path_changes_nothing(mia: Any) -> None:
    project = mia.projects.get("acme/shop")
    project.path = "empty"

    with pytest.raises(gitlab.GitlabUpdateError, match="has already been taken"):
        project.save()

    assert mia.projects.get(project.id).path == "shop"


def test_members_decide_who_may_do_what(root: Any, mia: Any, sandbox: Sandbox) -> None:
    out = client(sandbox, "token-of-out")
    project = mia.projects.get("acme/shop")
    with pytest.raises(gitlab.GitlabGetError, match="404"):
        out.projects.get("acme/shop")

    member = project.members.create({"user_id": 4, "access_level": 30})
    assert out.projects.get("acme/shop").permissions["project_access"]["access_level"] == 30
    assert out.groups.get("acme").path == "acme"
    with pytest.raises(gitlab.GitlabListError, match="403"):
        out.projects.get("acme/shop").hooks.list()
    member.access_level = 40
    member.save()
    assert out.projects.get("acme/shop").hooks.list() == []
    assert [m.username for m in project.members.list()] == ["out"]
    assert [(m.username, m.access_level) for m in project.members_all.list()] == [("mia", 50), ("dev", 30), ("out", 40)]
    assert project.members_all.get(2).access_level == 50
    with pytest.raises(gitlab.GitlabCreateError, match="Member already exists"):
        project.members.create({"user_id": 4, "access_level": 30})
    project.members.delete(4)
    with pytest.raises(gitlab.GitlabGetError, match="404"):
        project.members.get(4)
    with pytest.raises(gitlab.GitlabCreateError, match="403"):
        client(sandbox, "token-of-dev").groups.get("acme").members.create({"user_id": 4, "access_level": 10})


def test_administrators_make_users_and_tokens(root: Any, mia: Any, sandbox: Sandbox) -> None:
    user = root.users.create(
        {"email": "bo@example.test", "username": "bo", "name": "Bo", "force_random_password": True}
    )
    token = user.personal_access_tokens.create({"name": "ci", "scopes": ["api"], "expires_at": "2026-06-01"})

    mine = client(sandbox, token.token)
    mine.auth()
    assert (mine.user.username, mine.personal_access_tokens.get("self").expires_at) == ("bo", "2026-06-01")
    assert [u.username for u in mia.users.list(username="BO")] == ["bo"]
    assert [u.username for u in mia.users.list(search="mia@")] == ["mia"]
    assert not hasattr(mia.users.get(1), "is_admin")
    with pytest.raises(gitlab.GitlabCreateError, match="Username has already been taken"):
        root.users.create({"email": "x@example.test", "username": "bo", "name": "Bo", "reset_password": True})
    with pytest.raises(gitlab.GitlabCreateError, match="403"):
        mia.users.create({"email": "x@example.test", "username": "x", "name": "X", "reset_password": True})
    root.users.delete(user.id)
    with pytest.raises(gitlab.GitlabAuthenticationError):
        mine.users.list()


def test_tokens_are_listed_rotated_and_revoked(mia: Any, sandbox: Sandbox) -> None:
    (token,) = mia.personal_access_tokens.list()
    fresh = mia.personal_access_tokens.rotate(token.id)

    with pytest.raises(gitlab.GitlabAuthenticationError, match="invalid_token"):
        mia.user = mia.personal_access_tokens.list()
    rotated = client(sandbox, fresh["token"])
    assert [t.active for t in rotated.personal_access_tokens.list(revoked=False)] == [True]
    rotated.personal_access_tokens.delete("self")
    with pytest.raises(gitlab.GitlabAuthenticationError, match="invalid_token"):
        rotated.personal_access_tokens.list()


def test_settings_and_features_are_for_administrators(root: Any, mia: Any, sandbox: Sandbox) -> None:
    settings = root.settings.get()
    assert settings.allow_local_requests_from_web_hooks_and_services is True
    settings.allow_local_requests_from_web_hooks_and_services = False
    settings.throttle_authenticated_api_requests_per_period = 10
    settings.save()
    with pytest.raises(gitlab.GitlabCreateError, match="Invalid url given"):
        mia.projects.get("acme/shop").hooks.create({"url": "http://127.0.0.1/x"})

    root.features.set("auto_disabling_web_hooks", True)
    assert [(f.name, f.state) for f in root.features.list() if f.name.startswith("auto")] == [
        ("auto_disabling_web_hooks", "on")
    ]
    root.features.delete("auto_disabling_web_hooks")
    assert "auto_disabling_web_hooks" not in sandbox.world.features
    with pytest.raises(gitlab.GitlabGetError, match="403"):
        mia.settings.get()


def test_what_belongs_to_a_removed_project_goes_with_it(root: Any, sandbox: Sandbox) -> None:
    project = root.projects.get("acme/shop")
    project.hooks.create({"url": "https://x.example.test"})

    project.delete()
    root.version()

    assert len(sandbox.world.table("hooks")) == 0


NOBODY = "user_id, username are missing, at least one parameter must be provided"
BOTH = "user_id, username are mutually exclusive"


@pytest.mark.parametrize(
    ("who", "body", "status", "told"),
    [
        ("mia", {}, 400, {"error": "access_level is missing"}),
        ("mia", {"access_level": 30}, 400, {"error": NOBODY}),
        ("mia", {"access_level": 30, "user_id": 4, "username": "out"}, 400, {"error": BOTH}),
        (
            "mia",
            {"access_level": 31, "user_id": 4},
            400,
            {"message": {"access_level": ["is not included in the list"]}},
        ),
        ("dev", {"access_level": 30, "user_id": 99}, 404, {"message": "404 User Not Found"}),
        ("dev", {"access_level": 30, "user_id": 2}, 409, {"message": "Member already exists"}),
        ("dev", {"access_level": 30, "user_id": 4}, 403, {"message": "403 Forbidden"}),
        ("out", {"access_level": 30, "user_id": 4}, 404, {"message": "404 Group Not Found"}),
    ],
)
def test_what_is_looked_at_before_somebody_becomes_a_member(
    who: str, body: dict[str, Any], status: int, told: dict[str, Any]
) -> None:
    assert Asking().refusal("POST", "/groups/acme/members", body, who) == (status, told)


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        (
            "/groups",
            {"name": " ", "path": None},
            'Failed to save group {:name=>["can\'t be blank"], :path=>["can\'t be blank"]}',
        ),
        (
            "/users",
            {"email": None, "name": "A", "username": "a", "reset_password": True},
            {"email": ["can't be blank"]},
        ),
    ],
)
def test_what_is_blank_is_refused_by_its_model(path: str, body: dict[str, Any], told: object) -> None:
    assert Asking().refusal("POST", path, body, "root") == (400, {"message": told})


def test_a_new_user_needs_a_way_to_a_password() -> None:
    told = Asking().refusal("POST", "/users", {"email": "a@b.test", "name": "A", "username": "a"}, "root")
    assert told[1]["error"].startswith("password, reset_password, force_random_password are missing")


def test_groups_ordered_by_likeness_without_a_search_come_by_name() -> None:
    assert [group["path"] for group in Asking().json("GET", "/groups?order_by=similarity")] == ["acme"]
