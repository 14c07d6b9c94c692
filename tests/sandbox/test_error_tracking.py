"""Error tracking: its switches and keys."""

from __future__ import annotations

import pytest

from tests.sandbox.lab import SHOP, Lab

SETTINGS, KEYS = f"{SHOP}/error_tracking/settings", f"{SHOP}/error_tracking/client_keys"
ON = {"active": True, "integrated": True}


def test_there_are_no_settings_at_first() -> None:
    lab = Lab(integrated_error_tracking=True)
    assert lab.get(SETTINGS).text == "404 Error Tracking Setting Not Found"
    assert lab.ask("PATCH", SETTINGS, {"active": True}).text == "404 Error Tracking Setting Not Found"


def test_put_needs_the_integrated_form() -> None:
    assert Lab(integrated_error_tracking=False).put(SETTINGS, ON).text == "404 Not Found"


def test_put_makes_the_settings_and_a_key() -> None:
    lab = Lab(integrated_error_tracking=True)
    shown = {"active": True, "project_name": None, "sentry_external_url": None, "api_url": None, "integrated": True}
    assert lab.put(SETTINGS, ON).json == shown
    assert lab.get(SETTINGS).json == shown
    assert len(lab.get(KEYS).json) == 1
    lab.put(SETTINGS, ON)
    assert len(lab.get(KEYS).json) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_refused_change_is_200_and_changes_nothing(method: str) -> None:
    lab = Lab(integrated_error_tracking=True)
    lab.put(SETTINGS, ON)
    answer = lab.ask(method, SETTINGS, {"active": True, "integrated": False})
    assert (answer.status, answer.json["status"]) == (200, "error")
    assert lab.get(SETTINGS).json["integrated"] is True


@pytest.mark.parametrize(
    ("method", "body", "text"),
    [
        ("PATCH", {"integrated": True}, "active is missing, active is empty"),
        ("PUT", {}, "active is missing, active is empty, integrated is missing"),
    ],
)
def test_both_switches_are_asked_for(method: str, body: dict[str, bool], text: str) -> None:
    assert Lab().ask(method, SETTINGS, body).text == text


def test_keys_come_and_go() -> None:
    lab = Lab()
    made = lab.post(KEYS)
    assert made.status == 201
    assert made.json["sentry_dsn"].startswith(f"http://{made.json['public_key']}@gitlab.example.test/errortracking/")
    one = f"{KEYS}/{made.json['id']}"
    assert lab.delete(one).json == made.json
    assert lab.delete(one).text == "404 Not found"
    assert lab.get(KEYS, who="dev").status == 403
