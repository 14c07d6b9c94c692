"""Settings of a group as defaults of what is below it."""

from __future__ import annotations

from typing import Any

from tests.sandbox.lab import GROUP, SHOP, Lab

ASANA = {"api_key": "group-key", "restrict_to_branch": "main"}
REDMINE = {
    "project_url": "https://t.example.test/p",
    "issues_url": "https://t.example.test/:id",
    "new_issue_url": "https://t.example.test/new",
}


def with_group_settings(**more: Any) -> Lab:
    lab = Lab()
    assert lab.put(f"{GROUP}/integrations/asana", {**ASANA, **more}, who="olivia").status == 200
    return lab


def on_shop(lab: Lab) -> Any:
    return lab.get(f"{SHOP}/integrations/asana").json


def test_a_change_reaches_projects_and_groups_after_a_moment() -> None:
    lab = with_group_settings()
    assert lab.get(f"{SHOP}/integrations/asana").status == 404
    lab.wait(0.2)
    shown = on_shop(lab)
    assert (shown["inherited"], shown["active"], shown["properties"]["restrict_to_branch"]) == (True, True, "main")
    assert lab.get("/groups/acme%2Fsub/integrations/asana", who="olivia").json["inherited"] is True
    assert lab.get("/projects/acme%2Fsub%2Fapi/integrations/asana").json["inherited"] is True


def test_a_new_project_starts_with_copies() -> None:
    lab = with_group_settings()
    group = lab.get(GROUP, who="olivia").json["id"]
    made = lab.post("/projects", {"name": "new", "path": "new", "namespace_id": group}, who="olivia")
    assert made.status == 201
    assert lab.get("/projects/acme%2Fnew/integrations/asana").json["inherited"] is True


def test_a_put_without_the_switch_changes_nothing() -> None:
    lab = with_group_settings()
    lab.wait(0.2)
    answer = lab.put(f"{SHOP}/integrations/asana", {"api_key": "own", "restrict_to_branch": "own"})
    assert (answer.status, answer.json["inherited"]) == (200, True)
    assert on_shop(lab)["properties"]["restrict_to_branch"] == "main"


def test_a_project_of_its_own_is_left_alone_and_can_come_back() -> None:
    lab = with_group_settings()
    lab.wait(0.2)
    own = {"api_key": "own", "restrict_to_branch": "own", "use_inherited_settings": False}
    assert lab.put(f"{SHOP}/integrations/asana", own).json["inherited"] is False
    lab.put(f"{GROUP}/integrations/asana", {**ASANA, "restrict_to_branch": "next"}, who="olivia")
    lab.wait(0.2)
    assert on_shop(lab)["properties"]["restrict_to_branch"] == "own"
    back = lab.put(f"{SHOP}/integrations/asana", {"api_key": "x", "use_inherited_settings": True}).json
    assert (back["inherited"], back["properties"]["restrict_to_branch"]) == (True, "own")
    assert on_shop(lab)["properties"]["restrict_to_branch"] == "next"


def test_deleting_the_groups_settings_leaves_the_projects_active() -> None:
    lab = with_group_settings()
    lab.wait(0.2)
    assert lab.delete(f"{GROUP}/integrations/asana", who="olivia").status == 204
    lab.wait(1)
    shown = on_shop(lab)
    assert (shown["active"], shown["inherited"], shown["properties"]["restrict_to_branch"]) == (True, True, "main")


def test_a_deletion_on_an_inheriting_project_is_undone_by_the_groups_next_change() -> None:
    lab = with_group_settings()
    lab.wait(0.2)
    lab.delete(f"{SHOP}/integrations/asana")
    assert on_shop(lab)["active"] is False
    lab.put(f"{GROUP}/integrations/asana", ASANA, who="olivia")
    lab.wait(0.2)
    assert on_shop(lab)["active"] is True


def test_an_inherited_tracker_blocks_another() -> None:
    lab = Lab()
    jira = {"url": "https://acme.atlassian.net", "password": "p", "username": "u"}
    lab.put(f"{GROUP}/integrations/jira", jira, who="olivia")
    lab.wait(0.2)
    assert "Another issue tracker" in lab.put(f"{SHOP}/integrations/redmine", REDMINE).text


def test_archived_projects_get_no_new_copies() -> None:
    lab = Lab()
    assert lab.post(f"{SHOP}/archive", who="olivia").status == 201
    lab.put(f"{GROUP}/integrations/asana", ASANA, who="olivia")
    lab.wait(0.2)
    assert lab.get(f"{SHOP}/integrations/asana").status == 404


def test_a_copy_shares_nothing_with_its_source() -> None:
    lab = Lab()
    jira = {"url": "https://j.example.test", "password": "p", "username": "u", "project_keys": ["A"]}
    lab.put(f"{GROUP}/integrations/jira", jira, who="olivia")
    lab.wait(0.2)
    lab.put(f"{SHOP}/integrations/jira", {**jira, "project_keys": ["B"], "use_inherited_settings": False})
    assert lab.get(f"{GROUP}/integrations/jira", who="olivia").json["properties"]["project_keys"] == ["A"]


def test_a_deleted_project_leaves_nothing_behind() -> None:
    lab = with_group_settings()
    lab.wait(0.2)
    lab.post(f"{SHOP}/variables", {"key": "A", "value": "1"})
    number = lab.get(SHOP).json["id"]
    assert lab.delete(SHOP, who="olivia").status == 202
    lab.wait(0.2)
    lab.get("/version")
    owners = {row["owner"] for name in ("integrations", "variables") for row in lab.world.table(name)}
    assert f"project:{number}" not in owners
