"""The control path: looking at a sandbox and moving it, without a token."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.asking import HOOKS, SEED, Asking


def test_the_log_tells_who_asked_what_when_and_what_came_of_it() -> None:
    lab = Asking()
    lab.ask("GET", f"{HOOKS}?page=1")
    lab.wait(2)
    lab.ask("POST", "/groups", {}, None)

    first, second = lab.json("GET", "/_sandbox/requests", who=None)

    path = "/api/v4/projects/acme%2Fshop/hooks?page=1"
    assert first == {"n": 1, "at": 1767225600.0, "method": "GET", "path": path, "as": "mia", "status": 200}
    assert (second["n"], second["at"], second["as"], second["status"]) == (2, 1767225602.0, None, 401)
    lab.ask("DELETE", "/_sandbox/requests")
    assert lab.json("GET", "/_sandbox/requests") == []


def test_a_world_can_be_taken_out_and_put_back() -> None:
    lab = Asking()
    before = lab.json("GET", "/_sandbox/world")
    lab.json("POST", HOOKS, {"url": "https://x.example.test"})

    assert lab.ask("PUT", "/_sandbox/world", before).status == 204
    assert lab.json("GET", HOOKS) == []


def test_a_reset_gives_the_first_world_or_that_of_a_seed() -> None:
    lab = Asking()
    lab.json("POST", HOOKS, {"url": "https://x.example.test"})

    lab.ask("POST", "/_sandbox/reset", SEED)
    assert lab.json("GET", HOOKS) == []
    lab.ask("POST", "/_sandbox/reset")
    assert lab.ask("GET", "/projects/myorg%2Fshop", None, None, private_token="sandbox-token").status == 200


def test_the_clock_moves_and_does_what_is_due() -> None:
    lab = Asking()
    now = lab.json("GET", "/_sandbox/clock")["now"]

    assert lab.json("POST", "/_sandbox/clock", {"advance": 90}) == {"now": now + 90}


def test_a_jobs_token_opens_what_jobs_may_open() -> None:
    lab = Asking()
    job = lab.json("POST", "/_sandbox/tokens", {"user": "mia", "job_project": "acme/shop"})

    assert lab.ask("GET", "/user", who=None, job_token=job["token"]).status == 401
    state = lab.ask("GET", "/projects/acme%2Fshop/terraform/state/x", who=None, job_token=job["token"])
    assert state.status == 404


def test_mistakes_are_answered_with_what_they_are() -> None:
    lab = Asking()

    status, answer = lab.refusal("GET", "/_sandbox/nonsense")
    assert (status, "GET /_sandbox/requests" in answer["error"]) == (404, True)
    for path, body in (("reset", b"{"), ("tokens", {"user": "nobody"}), ("clock", {"back": 1}), ("faults", {})):
        assert lab.ask("POST", f"/_sandbox/{path}", body).status == 400
    assert lab.ask("PUT", "/_sandbox/world", {"format": 9}).status == 400


def test_control_requests_are_not_in_the_log() -> None:
    lab = Asking()
    lab.json("GET", "/_sandbox/world")

    assert json.loads(lab.ask("GET", "/_sandbox/requests").body) == []


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("clock", {"advance": "an hour"}, "advance: 'an hour' is no time; write {\"advance\": SECONDS}"),
        ("clock", {"forward": 1}, 'advance: None is no time; write {"advance": SECONDS}'),
        ("tokens", {"user": "mai"}, "user: no user `mai`; there are root, mia, dev, out"),
        ("tokens", {"user": "mia", "expires_at": "soon"}, "expires_at: `soon` is no date; write YYYY-MM-DD"),
        ("reset", b"{", "the body: not JSON: "),
    ],
)
def test_a_mistake_in_a_body_is_told_with_what_to_do(path: str, body: object, told: str) -> None:
    status, value = Asking().refusal("POST", f"/_sandbox/{path}", body)

    assert status == 400
    assert value["error"].startswith(told)
