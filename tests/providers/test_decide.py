"""What is made of answers, as tables; the bodies are a running GitLab's (facts 1.3, 15 and the recordings)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.errors import RemoteError, UnclearWrite
from reconciler.core.flow import Response
from reconciler.providers.decide import (
    BACKOFF_CAP,
    CLASS_PAUSE,
    Call,
    Decision,
    Lost,
    Refuse,
    Take,
    Unclear,
    Wait,
    backoff,
    decide,
    explain,
)
from reconciler.providers.waits import retry_after

NOW = 1_800_000_000.0
READ = Call("GET", "/api/v4/projects/1/hooks")
WRITE = Call("POST", "/api/v4/projects/1/hooks", writes=True)
RECORDINGS = Path(__file__).parents[3] / "shared" / "facts" / "gitlab-recordings"


def answer(status: int, body: Any = None, **headers: str) -> Response:
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, text.encode())


def decided(call: Call, what: Response | Lost, attempt: int = 1, waited: float = 0.0, jitter: float = 0.5) -> Decision:
    return decide(call, what, attempt=attempt, waited=waited, now=NOW, jitter=jitter, patience=100.0)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("call", [READ, WRITE])
def test_success_is_taken(call: Call, status: int) -> None:
    assert decided(call, answer(status)) == Take(answer(status))


@pytest.mark.parametrize("status", [301, 401, 404, 409, 422, 429, 500, 503])
@pytest.mark.parametrize("writes", [False, True])
def test_what_the_caller_accepts_is_taken_whatever_it_is(status: int, writes: bool) -> None:
    call = Call("PUT", "/x", writes=writes, accept=frozenset({status}))

    assert decided(call, answer(status)) == Take(answer(status))


THROTTLED = answer(429, "Retry later\n", retry_after="17", ratelimit_remaining="0", ratelimit_reset=str(int(NOW) + 17))
LIMITED = answer(429, {"message": {"error": "This endpoint has been requested too many times. Try again later."}})
LIMITED_60 = answer(429, {"message": {"error": "This endpoint has been requested too many times."}}, retry_after="60")


@pytest.mark.parametrize("call", [READ, WRITE])
@pytest.mark.parametrize(
    ("response", "seconds", "throttle"),
    [
        (THROTTLED, 17.1, True),
        (answer(429, "x", retry_after="17", ratelimit_reset=str(int(NOW) + 90)), 17.0, True),
        (answer(429, "Retry later\n", ratelimit_reset=str(int(NOW) + 9)), 9.1, True),
        (answer(429, "Slow down", retry_after="Fri, 15 Jan 2027 08:00:30 GMT"), 30.0, True),
        (answer(429, "Slow down"), CLASS_PAUSE, True),
        (answer(429, "Slow down", retry_after="0"), 0.05, True),
        (answer(429, "Slow down", retry_after="soon", ratelimit_reset="soon"), CLASS_PAUSE, True),
        (LIMITED, CLASS_PAUSE, False),
        (LIMITED_60, 60.0, False),
        (answer(429, {"message": "x"}, retry_after="3", ratelimit_reset="5"), 3.0, True),
        (answer(429, {"message": "slow down", "retry_after": 1.337}, retry_after="2"), 1.337, False),
        (answer(429, {"message": "slow down", "retry_after": 0.5}), 0.5, False),
        (answer(429, {"errors": ["Too many requests"]}, x_ratelimit_reset="12", x_ratelimit_period="60"), 12.1, False),
        (answer(429, "no", x_ratelimit_reset=str(int(NOW) + 8)), 8.1, True),
        (answer(429, "<html>", x_ratelimit_reset="2027-01-15T08:00:20Z"), 20.1, True),
        (answer(429, "no", ratelimit_reset="7"), 7.1, True),
        (answer(429, {"retry_after": "later"}, x_ratelimit_reset="tomorrow"), CLASS_PAUSE, False),
    ],
)
def test_both_refusals_for_rate_are_waited_out_even_by_writes(
    call: Call, response: Response, seconds: float, throttle: bool
) -> None:
    decision = decided(call, response)

    assert isinstance(decision, Wait)
    assert decision.seconds == pytest.approx(seconds)
    assert (decision.throttle, decision.limited) == (throttle, not throttle)


@pytest.mark.parametrize(("waited", "waits"), [(82.8, True), (83.0, False)])
def test_patience_ends(waited: float, waits: bool) -> None:
    decision = decided(READ, THROTTLED, waited=waited)

    assert isinstance(decision, Wait if waits else Refuse)


def test_a_server_that_refuses_on_and_on_is_not_hammered() -> None:
    at_once = answer(429, "no", retry_after="0")
    told = [
        decide(READ, at_once, attempt=1, waited=0, now=NOW, jitter=0, patience=100, refusals=count) for count in (4, 5)
    ]

    assert [wait.seconds for wait in told if isinstance(wait, Wait)] == [0.05, 1.0]


def test_a_wait_of_days_is_refused_with_what_to_do() -> None:
    decision = decided(READ, answer(429, "no", retry_after="999999999"))

    assert isinstance(decision, Refuse)
    assert decision.error.status == 429
    assert "repeat later" in decision.error.hint


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520])
def test_a_broken_server_is_read_again_a_few_times(status: int) -> None:
    assert isinstance(decided(READ, answer(status)), Wait)
    assert isinstance(decided(READ, answer(status), attempt=READ.attempts), Refuse)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520])
@pytest.mark.parametrize("attempt", [1, 4])
def test_a_write_to_a_broken_server_is_unclear(status: int, attempt: int) -> None:
    decision = decided(WRITE, answer(status, {"message": "500 Internal Server Error"}), attempt)

    assert isinstance(decision, Unclear)
    assert isinstance(decision.error, UnclearWrite)
    assert "may or may not" in decision.error.message
    assert decision.error.status == status


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"retry-after": "7"}, 7.0), ({"retry-after": "9999"}, CLASS_PAUSE), ({}, 0.375)]
)
def test_a_server_in_maintenance_says_how_long(headers: dict[str, str], seconds: float) -> None:
    decision = decided(READ, Response(503, headers))

    assert isinstance(decision, Wait)
    assert decision.seconds == seconds


LOST = "no answer within the time allowed"


@pytest.mark.parametrize(
    ("call", "sent", "final", "attempt", "kind"),
    [
        (READ, True, False, 1, Wait),
        (READ, True, False, 4, Refuse),
        (READ, False, True, 1, Refuse),
        (READ, False, False, 1, Wait),
        (WRITE, True, False, 1, Unclear),
        (WRITE, True, True, 4, Unclear),
        (WRITE, False, False, 1, Wait),
        (WRITE, False, False, 4, Refuse),
        (WRITE, False, True, 1, Refuse),
    ],
)
def test_a_lost_write_is_repeated_only_when_it_never_left(
    call: Call, sent: bool, final: bool, attempt: int, kind: type
) -> None:
    assert isinstance(decided(call, Lost(LOST, sent, final), attempt), kind)


def test_the_number_of_attempts_is_told() -> None:
    decision = decided(READ, Lost(LOST, hint="look at the cable"), attempt=4)

    assert isinstance(decision, Refuse)
    assert decision.error.message == f"GET {READ.shown}: {LOST} (4 attempts)"
    assert decision.error.hint == "look at the cable"


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (401, {"message": "401 Unauthorized"}, "401 Unauthorized"),
        (400, {"message": {"redirect_uri": ["must be a valid URI."]}}, "redirect_uri must be a valid URI."),
        (400, {"message": {"base": ["cannot be changed"], "key": ["is bad", "is long"]}}, None),
        (400, {"error": "url is missing"}, "url is missing"),
        (401, {"error": "invalid_token", "error_description": "Token is expired."}, "invalid_token: Token is expired."),
        (401, {"error_description": "Bad Access Token."}, "Bad Access Token."),
        (429, {"message": {"error": "requested too many times."}}, "requested too many times."),
        (422, {"message": 'Failed. {:webhook=>["can\'t be blank"]}'}, "Failed: webhook can't be blank"),
        (422, {"message": 'Failed {:base=>["One only"], :url=>["a", "b"]}'}, "Failed: One only; url a, b"),
        (422, {"message": 'Failed. {webhook: ["is \\"odd\\""]}'}, 'Failed: webhook is "odd"'),
        (422, {"message": "odd {:x=>[1]}"}, "odd {:x=>[1]}"),
        (400, {"message": "", "error": ""}, ""),
        (400, ["no", "object"], ""),
        (400, '"text as JSON"', "text as JSON"),
        (429, "Retry later\n", "Retry later"),
    ],
)
def test_every_error_body_is_one_readable_line(status: int, body: Any, text: str | None) -> None:
    expected = "cannot be changed; key is bad, is long" if text is None else text

    assert explain(answer(status, body)) == expected


def test_a_page_of_html_gives_its_title() -> None:
    page = answer(502, "<html><title>GitLab is not responding</title>lots</html>", content_type="text/html")

    assert explain(page) == "GitLab is not responding"
    assert explain(answer(502, "<html>", content_type="text/html")) == ""


def test_a_flood_of_text_is_cut() -> None:
    assert len(explain(answer(400, {"message": "x" * 10_000}))) == 500


@pytest.mark.parametrize(
    ("response", "message", "hint"),
    [
        (answer(404, {"message": "404 Not found"}), "404 Not found", "check the path"),
        (answer(400, {"error": "url is missing"}), "400 url is missing", ""),
        (answer(418), "the server answered 418", ""),
        (answer(403, {"message": "403 Forbidden"}), "403 Forbidden", "Maintainer"),
        (answer(403, {"error": "insufficient_scope", "error_description": "more"}), "403 insufficient", "scope `api`"),
        (answer(301, "moved", location="http://g/api/v4/projects/7/hooks"), "301 moved to projects/7", "renamed"),
        (answer(308, "", location="https://u:p@g.example/x?token=1"), "308 moved to https://g.example/x", "address"),
        (answer(302, "", location="https://sign.in"), "302 redirects elsewhere", "sign-in"),
        (answer(301, ""), "301 moved to another place", "renamed"),
        (answer(405, {"message": "405"}), "405", "renamed"),
    ],
)
def test_a_refusal_says_where_what_and_what_to_do(response: Response, message: str, hint: str) -> None:
    decision = decided(READ, response)

    assert isinstance(decision, Refuse)
    assert isinstance(decision.error, RemoteError)
    assert decision.error.message.startswith(f"GET /api/v4/projects/1/hooks: {message}")
    assert hint in decision.error.hint


def test_a_refusal_carries_the_requests_id() -> None:
    decision = decided(READ, answer(400, {"error": "x"}, x_request_id="01ABC"))

    assert isinstance(decision, Refuse)
    assert decision.error.request_id == "01ABC"


def test_backoff_doubles_spreads_and_ends() -> None:
    assert [backoff(n, 0.0) for n in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert backoff(1, 0.999) < 0.5
    assert backoff(50, 1.0) == BACKOFF_CAP


@pytest.mark.parametrize("text", ["", "soon", "-1", "Fri, 99 Foo 2027", "1e9"])
def test_a_retry_after_that_cannot_be_read_is_none(text: str) -> None:
    assert retry_after({"retry-after": text}, NOW) is None


def test_a_retry_after_in_the_past_is_now() -> None:
    assert retry_after({"retry-after": "Fri, 15 Jan 2016 08:00:30 GMT"}, NOW) == 0.0


def recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(RECORDINGS.rglob("*.json")) if RECORDINGS.exists() else ():
        found = json.loads(path.read_text())
        for number, exchange in enumerate(found.get("exchanges", ()) if isinstance(found, dict) else ()):
            yield f"{path.stem}-{number}", exchange


@pytest.mark.skipif(not RECORDINGS.exists(), reason="../shared is not there")
def test_every_recorded_refusal_is_explained_and_never_taken_for_success() -> None:
    seen = 0
    for name, exchange in recorded():
        told = exchange["response"]
        if told["status"] < 400 or exchange.get("setup"):
            continue
        raw = told.get("json", told.get("text", ""))
        response = answer(told["status"], raw if isinstance(raw, str) and "json" not in told else json.dumps(raw))
        method = exchange["request"]["method"]
        decision = decided(Call(method, "/x", writes=method != "GET"), response)

        assert not isinstance(decision, Take), name
        if raw and raw != 409 and "lock-" not in str(raw):
            assert explain(response), name
        seen += 1
    assert seen > 500


@pytest.mark.parametrize("asked", ["1000000000", "999999999999"])
def test_a_pause_that_nobody_waits_for_is_refused_with_its_length(asked: str) -> None:
    limited = Response(429, {"retry-after": asked}, b"Retry later")
    found = decide(Call("GET", "/x"), limited, attempt=1, waited=0, now=0.0, jitter=0.5, patience=3900)

    assert isinstance(found, Refuse)
    assert f"it wants {asked} s more" in found.error.message


@pytest.mark.parametrize("asked", ["-5", "1e9", "soon", "Thu, 99 Foo 2026 00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_pause_that_makes_no_sense_is_a_short_one(asked: str) -> None:
    limited = Response(429, {"retry-after": asked}, b"Retry later")
    found = decide(Call("GET", "/x"), limited, attempt=1, waited=0, now=1e9, jitter=0.5, patience=3900)

    assert isinstance(found, Wait)
    assert 0 < found.seconds <= 60
