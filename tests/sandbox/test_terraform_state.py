"""States that GitLab keeps: serials, locks, and survival."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from reconciler.sandbox.world import World
from tests.sandbox.lab import SHOP, Lab

STATE = f"{SHOP}/terraform/state/production"
LOCK = f"{STATE}/lock"
INFO = {"ID": "l1", "Operation": "apply", "Info": "", "Who": "x@host", "Version": "1", "Created": "now", "Path": ""}


def write(lab: Lab, value: object, lock: str | None = None, **more: Any) -> Any:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return lab.post(f"{STATE}?ID={lock}" if lock else STATE, raw=raw, **more)


def test_the_highest_serial_is_read_whatever_was_written_last() -> None:
    lab = Lab()
    assert lab.get(STATE).text == "404 Not found"
    for serial in (1, 7, 3):
        assert write(lab, {"serial": serial, "n": serial}).status == 200
    answer = lab.get(STATE)
    assert (answer.json, "Content-Type" in answer.headers) == ({"serial": 7, "n": 7}, False)
    assert lab.get(f"{STATE}/versions/3").json["n"] == 3
    assert lab.delete(f"{STATE}/versions/7").status == 204
    assert lab.get(STATE).json["n"] == 3


def test_bytes_come_back_as_they_were() -> None:
    lab = Lab()
    raw = b'{ "serial" : 1,\n "text": "\xc3\xa4" }\n'
    write(lab, raw)
    assert lab.get(STATE).body == raw


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"", 204, ""),
        (b"nonsense", 422, "invalid JSON"),
        (b"[]", 422, "No serial in payload"),
        (b'{"version":4}', 422, "No serial in payload"),
        (b'{"serial":"22"}', 200, ""),
        (b'{"serial":-1}', 200, ""),
        (b'{"serial":1099511627776}', 500, "500 Internal Server Error"),
    ],
)
def test_what_can_be_written(body: bytes, status: int, text: str) -> None:
    answer = write(Lab(), body)
    assert (answer.status, answer.text) == (status, text)


def test_a_serial_is_taken_once() -> None:
    lab = Lab()
    write(lab, {"serial": 1})
    answer = write(lab, {"serial": 1, "other": True})
    assert answer.status == 422
    assert answer.text.startswith("PG::UniqueViolation")
    assert lab.get(STATE).json == {"serial": 1}


def test_a_lock_is_held_by_one() -> None:
    lab = Lab()
    taken = lab.post(LOCK, INFO)
    assert (taken.status, taken.json["Who"], taken.json["ID"]) == (200, "mia", "l1")
    assert taken.json["Created"] != "now"
    assert lab.get(STATE).status == 204
    second = lab.post(LOCK, {**INFO, "ID": "l2"}, who="olivia")
    assert (second.status, second.json["ID"], second.json["Who"]) == (409, "l1", "mia")
    assert lab.post(LOCK, INFO).status == 409
    assert lab.delete(f"{LOCK}?ID=l9").json == 409
    assert lab.delete(LOCK, raw=json.dumps(INFO).encode(), content_type="application/json").json == 200
    assert lab.delete(f"{LOCK}?ID=l1").json == 409


def test_a_lock_without_an_id_in_the_way_is_broken_by_force() -> None:
    lab = Lab()
    lab.post(LOCK, INFO)
    assert lab.delete(LOCK).json == 200
    assert lab.post(LOCK, {**INFO, "ID": "l2"}).status == 200


@pytest.mark.parametrize("lock", [None, "l2"])
def test_a_write_without_the_locks_id_is_a_500_and_stores_nothing(lock: str | None) -> None:
    lab = Lab()
    lab.post(LOCK, INFO)
    assert write(lab, {"serial": 1}, lock).status == 500
    assert lab.get(STATE).status == 204
    assert write(lab, {"serial": 1}, "l1").status == 200


def test_an_id_while_nothing_is_locked_is_a_500() -> None:
    assert write(Lab(), {"serial": 1}, "l1").status == 500


def test_deleting_begins_anew() -> None:
    lab = Lab()
    write(lab, {"serial": 5})
    assert lab.delete(STATE).json == ""
    assert lab.get(STATE).status == 404
    assert write(lab, {"serial": 1}).status == 200


def test_all_lock_fields_are_required_and_the_id_is_short() -> None:
    lab = Lab()
    assert lab.post(LOCK, {"ID": "x"}).text.startswith("Operation is missing, Info is missing, Who is missing")
    assert lab.post(LOCK, {**INFO, "ID": "x" * 256}).text == "ID ID must be less than 255 characters"


@pytest.mark.parametrize(
    ("who", "read", "change"), [("mia", 204, 200), ("dev", 204, 403), ("ryan", 403, 403), ("outsider", 404, 404)]
)
def test_developers_read_and_maintainers_write(who: str, read: int, change: int) -> None:
    lab = Lab()
    lab.post(LOCK, INFO)
    assert lab.get(STATE, who=who).status == read
    assert write(lab, {"serial": 1}, "l1", who=who).status == change


def test_names_may_hold_slashes_dots_and_blanks() -> None:
    lab = Lab()
    for name in ("env%2Fprod", "env.prod", "env%20prod"):
        path = f"{SHOP}/terraform/state/{name}"
        assert lab.post(path, raw=b'{"serial":1}').status == 200
        assert lab.get(path).json == {"serial": 1}


def test_a_token_is_taken_as_a_password() -> None:
    lab = Lab()
    lab.post(LOCK, INFO)
    for password, status in (("token-of-mia", 204), ("nosuch", 401)):
        basic = base64.b64encode(f"mia:{password}".encode()).decode()
        assert lab.get(STATE, who=None, authorization=f"Basic {basic}").status == status


def test_states_and_locks_survive_a_restart() -> None:
    lab = Lab()
    lab.post(LOCK, INFO)
    write(lab, {"serial": 1}, "l1")
    again = Lab(World.from_json(json.loads(json.dumps(lab.world.to_json()))))
    assert again.get(STATE).json == {"serial": 1}
    assert again.post(LOCK, INFO).status == 409
