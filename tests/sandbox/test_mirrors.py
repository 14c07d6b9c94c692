"""Push mirrors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.lab import SHOP, Lab

MIRRORS = f"{SHOP}/remote_mirrors"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@git.acme.com/a.git", "https://*****:*****@git.acme.com/a.git"),
        ("https://u@git.acme.com/a.git", "https://*****@git.acme.com/a.git"),
        ("ssh://git@git.acme.com/a.git", "ssh://git@git.acme.com/a.git"),
        (" https://git.acme.com/a.git ", "https://git.acme.com/a.git"),
    ],
)
def test_credentials_are_never_shown(url: str, shown: str) -> None:
    lab = Lab()
    made = lab.post(MIRRORS, {"url": url})
    assert (made.status, made.json["url"], made.json["enabled"]) == (201, shown, False)
    assert lab.get(f"{MIRRORS}/{made.json['id']}").json == made.json


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ftp://x.acme.com/a", "is blocked: Only allowed schemes are http, https, ssh, git"),
        ("not a url", "is blocked: Only allowed schemes are http, https, ssh, git"),
        ("http://127.0.0.1/a.git", "is blocked: Requests to localhost are not allowed"),
        ("", "can't be blank"),
    ],
)
def test_addresses_that_are_refused(url: str, text: str) -> None:
    answer = Lab().post(MIRRORS, {"url": url})
    assert (answer.status, answer.json) == (400, {"message": {"url": [text]}})


def made(lab: Lab, **more: Any) -> str:
    answer = lab.post(MIRRORS, {"url": "https://u:p@git.acme.com/a.git", **more})
    return f"{MIRRORS}/{answer.json['id']}"


def test_the_address_cannot_be_changed() -> None:
    lab = Lab()
    one = made(lab)
    answer = lab.put(one, {"url": "https://other.acme.com/b.git", "enabled": True})
    assert (answer.status, answer.json["enabled"]) == (200, True)
    assert answer.json["url"].endswith("@git.acme.com/a.git")


def test_a_sync_needs_an_enabled_mirror_and_shows_its_end() -> None:
    lab = Lab()
    assert lab.post(f"{made(lab)}/sync").status == 400
    good, bad = made(lab, enabled=True), made(lab, url="https://x.example.test/a.git", enabled=True)
    assert lab.post(f"{good}/sync").status == 204
    assert lab.post(f"{bad}/sync").status == 204
    assert lab.get(good).json["update_status"] == "finished"
    failed = lab.get(bad).json
    assert (failed["update_status"], failed["last_error"]) == ("to_retry", "The remote mirror URL is invalid.")


def test_only_ssh_mirrors_have_a_key() -> None:
    lab = Lab()
    assert lab.get(f"{made(lab)}/public_key").status == 404
    key = lab.get(f"{made(lab, auth_method='ssh_public_key')}/public_key").json["public_key"]
    assert key.startswith("ssh-rsa AAAA")


def test_a_branch_expression_excludes_protected_branches_only() -> None:
    lab = Lab()
    one = made(lab, only_protected_branches=True)
    assert lab.put(one, {"mirror_branch_regex": "main", "only_protected_branches": True}).status == 400
    changed = lab.put(one, {"mirror_branch_regex": "main"}).json
    assert (changed["only_protected_branches"], changed["mirror_branch_regex"]) == (False, "main")


def test_deleting_twice_is_not_found() -> None:
    lab = Lab()
    one = made(lab)
    assert lab.delete(one).status == 204
    assert lab.delete(one).text == "404 Not found"


@pytest.mark.parametrize(("who", "status"), [("dev", 401), ("outsider", 404), (None, 404), ("mia", 200)])
def test_lacking_rights_are_401(who: str | None, status: int) -> None:
    assert Lab().get(MIRRORS, who=who).status == status


def test_a_mirror_of_an_empty_repository_reads_as_switched_off() -> None:
    lab = Lab()
    one = made(lab, enabled=True)
    assert lab.get(one).json["enabled"] is True
    project = next(row for row in lab.world.projects if row["path"] == "shop")
    project["commit"] = None
    assert lab.get(one).json["enabled"] is False


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"only_protected_branches": None}, {"only_protected_branches": ["can't be blank"]}),
        ({"mirror_branch_regex": "(("}, {"mirror_branch_regex": ["not valid RE2 syntax: missing ): (("]}),
        ({"mirror_branch_regex": "m" * 256}, {"mirror_branch_regex": ["is too long (maximum is 255 characters)"]}),
        (
            {"url": "https://-u@git.acme.com/a.git"},
            {"url": ["is blocked: Username needs to start with an alphanumeric character"]},
        ),
    ],
)
def test_what_a_mirror_may_not_be(sent: dict[str, Any], errors: dict[str, list[str]]) -> None:
    answer = Lab().post(MIRRORS, {"url": "https://git.acme.com/a.git", **sent})
    assert (answer.status, answer.json) == (400, {"message": errors})


def test_a_change_that_the_model_refuses_is_an_error_of_the_server() -> None:
    lab = Lab()
    answer = lab.put(made(lab), {"auth_method": "nonsense"})
    assert (answer.status, answer.text) == (500, "Remote mirrors auth method is not included in the list")


def test_an_address_that_ruby_cannot_read_is_not_shown() -> None:
    assert Lab().post(MIRRORS, {"url": "https://git.acme.com/a b.git"}).json["url"] is None


def test_a_mirror_changed_since_is_not_deleted() -> None:
    lab = Lab()
    assert lab.delete(made(lab), if_unmodified_since="Wed, 01 Jan 2020 00:00:00 GMT").status == 412
