"""Faults: what they match, what they do, and how mistakes in them are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.sandbox.faults import check_faults, seconds
from tests.sandbox.asking import HOOKS, Asking

HOOK = {"url": "https://x.example.test"}


def with_fault(**fault: Any) -> Asking:
    lab = Asking()
    lab.json("POST", "/_sandbox/faults", fault)
    return lab


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"do": "status"}, 500, b'{"message":"500 Internal Server Error"}'),
        ({"do": "status", "value": 502}, 502, b"Bad Gateway\n"),
        ({"do": "status", "value": {"status": 503, "body": {"a": 1}}}, 503, b'{"a":1}'),
        ({"do": "status", "value": {"status": 418, "body": "tea"}}, 418, b"tea"),
        ({"do": "throttle", "value": 7}, 429, b"Retry later\n"),
        (
            {"do": "throttle", "value": {"seconds": 7, "json": True}},
            429,
            b'{"message":{"error":"This endpoint has been requested too many times. Try again later."}}',
        ),
    ],
)
def test_an_answer_can_be_replaced_and_then_nothing_happens(fault: dict[str, Any], status: int, body: bytes) -> None:
    lab = with_fault(match={"method": "POST"}, **fault)

    answer = lab.ask("POST", HOOKS, HOOK)

    assert (answer.status, answer.body) == (status, body)
    assert lab.json("GET", HOOKS) == []


def test_a_throttle_says_how_long_to_wait() -> None:
    assert with_fault(do="throttle", value=7).ask("GET", HOOKS).headers["Retry-After"] == "7"


@pytest.mark.parametrize(("deed", "hooks"), [("drop_before", 0), ("drop_after", 1)])
def test_a_cut_connection_has_no_answer_with_or_without_the_effect(deed: str, hooks: int) -> None:
    lab = with_fault(match={"method": "POST", "path": "/api/v4/projects/*/hooks"}, do=deed)

    assert lab.outcome("POST", HOOKS, HOOK).response is None
    assert len(lab.json("GET", HOOKS)) == hooks


def test_a_delay_is_for_the_front_to_wait() -> None:
    assert with_fault(do="latency", value="250ms").outcome("GET", HOOKS).delay == 0.25


def test_a_page_can_be_shorter_than_its_headers_say() -> None:
    lab = with_fault(match={"path": "*/hooks"}, do="page_short", value=2)
    for _ in range(3):
        lab.json("POST", HOOKS, HOOK)

    page = lab.ask("GET", HOOKS)

    assert (len(json.loads(page.body)), page.headers["X-Total"]) == (1, "3")


@pytest.mark.parametrize(
    ("nth", "failing"),
    [(2, [2]), ([1, 3], [1, 3]), ("3+", [3, 4]), (None, [1, 2, 3, 4])],
)
def test_a_fault_can_be_for_some_of_the_matching_requests_only(nth: object, failing: list[int]) -> None:
    lab = with_fault(match={"path": "*/hooks", **({"nth": nth} if nth else {})}, do="status", value=503)
    lab.json("GET", "/version")

    statuses = [lab.ask("GET", HOOKS).status for _ in range(4)]

    assert [number for number, status in enumerate(statuses, 1) if status == 503] == failing


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({}, True),
        ({"method": ["PUT", "GET"]}, True),
        ({"method": "PUT"}, False),
        ({"path": HOOKS}, False),
        ({"path": f"*{HOOKS}"}, True),
        ({"path": "*/hooks?page=1"}, True),
        ({"path": "*/hooks?page=2"}, False),
        ({"path": "*[h]ooks"}, False),
        ({"host": "gitlab.example.test"}, False),
    ],
)
def test_a_fault_matches_method_and_raw_path(match: dict[str, Any], hit: bool) -> None:
    lab = with_fault(match=match, do="status", value=503)

    assert (lab.ask("GET", f"{HOOKS}?page=1").status == 503) is hit


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("x", "faults[0]: is no fault"),
        ({"do": "explode"}, "faults[0].do: `explode` is none; use one of status, latency"),
        ({"do": "status", "when": 1}, "faults[0]: unknown member `when`; known are match, do, value"),
        ({"do": "status", "match": {"url": 1}}, "faults[0].match: unknown member `url`; known are method, path"),
        ([{"do": "status"}, {"do": "latency", "value": "soon"}], "faults[1]: `nth` or `value` is not understood"),
        ({"do": "status", "match": {"nth": "first"}}, "faults[0]: `nth` or `value` is not understood"),
        ({"do": "status", "match": {"path": 5}}, "faults[0].match.path: 5 is not text; write text in quotes"),
        ({"do": "status", "match": {"method": ["GET", 5]}}, "faults[0].match.method: ['GET', 5] is not text"),
        ({"do": "status", "value": 9999}, "faults[0]: `nth` or `value` is not understood"),
        ({"do": "latency", "value": -1}, "faults[0]: `nth` or `value` is not understood"),
    ],
)
def test_a_mistake_in_a_fault_is_told(fault: object, text: str) -> None:
    with pytest.raises(ValueError) as mistake:
        check_faults(fault)

    assert text in str(mistake.value)


@pytest.mark.parametrize(("text", "value"), [("50ms", 0.05), ("2s", 2.0), (0.5, 0.5), ("1", 1.0), (None, 0.0)])
def test_durations_are_read(text: object, value: float) -> None:
    assert seconds(text) == value
