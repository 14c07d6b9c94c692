"""What is written down: the state, the plan and the journal, byte by byte and word by word."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.errors import InputError, StateError
from reconciler.core.journal import (
    FACTS,
    Done,
    Intent,
    done_line,
    facts_line,
    intent_line,
    replay,
    run_line,
)
from reconciler.core.plan import FORMAT_VERSION, Plan, Reason, Step, StepAction
from reconciler.core.planformat import plan_from_bytes, plan_to_bytes
from reconciler.core.resource import Lifecycle, Origin
from reconciler.core.state import Record, State
from reconciler.core.stateformat import state_from_bytes, state_to_bytes
from tests.core.objects import CHAT, SHOP, record_of, resource, secret, state_of

SLACK = resource(CHAT, webhook_url=secret("hush"), channel="#ops")
RECORD = record_of(SLACK)
STATE = state_of(RECORD)


def document(**changes: Any) -> bytes:
    return json.dumps({**json.loads(state_to_bytes(STATE)), **changes}).encode()


@pytest.mark.parametrize(
    ("body", "says", "hint"),
    [
        (b"{", "s.json is not valid JSON: ", "restore a kept version"),
        (b"[]", "s.json is not a state of reconciler: it has no `format_version`", ""),
        (document(format_version="1"), "s.json is not a state of reconciler: it has no `format_version`", ""),
        (document(format_version=True), "s.json is not a state of reconciler: it has no `format_version`", ""),
        (
            document(format_version=2),
            "s.json was written by a newer reconciler (format 2, this one knows 1)",
            "upgrade",
        ),
        (document(format_version=0), "s.json has the unknown format 0", ""),
        (document(serial="3"), "s.json is damaged: serial: ", ""),
        (document(serials=3), "s.json is damaged: serials: ", ""),
        (document(resources={RECORD.address: {}}), f"s.json is damaged: resources.{RECORD.address}.primitive: ", ""),
        (
            document(resources={"x": {"primitive": "nothing", "kind": "", "scope_type": "project", "scope": "a/b"}}),
            "s.json is damaged: 'nothing' is not a valid Primitive",
            "",
        ),
    ],
)
def test_a_state_that_cannot_be_read_is_named_with_what_is_wrong(body: bytes, says: str, hint: str) -> None:
    with pytest.raises(StateError) as caught:
        state_from_bytes(body, "s.json")

    assert str(caught.value).startswith(says)
    assert hint in (caught.value.hint or "")


def test_a_record_without_anything_unusual_is_written_without_it() -> None:
    plain = Record("a/b:webhooks.c", RECORD.primitive, "chat", "chat", SHOP, None)

    written = json.loads(state_to_bytes(state_of(plain)))["resources"][plain.address]

    assert set(written) == {"primitive", "kind", "shape", "scope_type", "scope", "origin"}


def test_a_state_is_readable_text_that_ends_its_last_line() -> None:
    text = state_to_bytes(state_of(replace(RECORD, source="grüße.yaml"))).decode()

    assert text.endswith("}\n")
    assert "grüße.yaml" in text
    assert '\n "format_version": 1,\n' in text


def test_lifecycle_and_origin_survive_the_state() -> None:
    life = Lifecycle(prevent_destroy=True, ignore=("channel",))
    state = state_of(replace(RECORD, lifecycle=life, origin=Origin.PYTHON))

    assert state_from_bytes(state_to_bytes(state), "it") == state


def test_a_plan_names_its_format_first_and_leaves_out_what_is_usual() -> None:
    step = Step("a/b:webhooks.c", StepAction.CREATE, (Reason.NEW,), RECORD.primitive, "chat", "chat", SHOP)
    text = plan_to_bytes(Plan(steps=(step,))).decode()

    assert text.endswith("}\n")
    assert list(json.loads(text)) == ["format_version", "steps"]
    assert list(json.loads(text)["steps"][0]) == ["address", "action", "reasons", "primitive", "kind", "shape", "scope"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"[]", "it is no JSON object"),
        (b"{", "Expecting property name"),
        (json.dumps({"format_version": FORMAT_VERSION, "serial": "x"}).encode(), "serial: "),
    ],
)
def test_a_file_that_is_no_plan_is_named_with_what_is_wrong(body: bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        plan_from_bytes(body, "p.json")

    problem = caught.value.problems[0]
    assert problem.summary == "p.json is not a plan"
    assert problem.detail.startswith(says)


STEP = Step(RECORD.address, StepAction.UPDATE, (Reason.DECLARED,), RECORD.primitive, "chat", "chat", SHOP, id=7)
AFTER = replace(RECORD, fields={**RECORD.fields, "channel": "#new"})


def test_an_outcome_replaces_its_record_and_closes_its_intent() -> None:
    lines = [run_line(STATE), intent_line(Intent(1, STEP, AFTER)), intent_line(Intent(2, STEP, None))]

    assert replay(lines, STATE) == (STATE, (Intent(1, STEP, AFTER), Intent(2, STEP, None)))
    assert replay([*lines, done_line(Done(1, AFTER))], STATE) == (STATE.with_record(AFTER), (Intent(2, STEP, None),))


def test_a_removal_takes_its_records_away_and_a_move_leaves_one() -> None:
    moved = replace(RECORD, address="myorg/shop:integrations.new")
    head = [run_line(STATE), intent_line(Intent(1, STEP, None))]

    assert replay([*head, done_line(Done(1, None, (RECORD.address,)))], STATE)[0].records == {}
    found, still_open = replay([*head, done_line(Done(1, moved, (RECORD.address,)))], STATE)
    assert (found, still_open) == (state_of(moved), ())


def test_what_a_run_left_open_is_open_until_another_run_has_begun() -> None:
    lines = [run_line(STATE), intent_line(Intent(1, STEP, AFTER))]

    assert replay([*lines, run_line(STATE)], STATE) == (STATE, ())


@pytest.mark.parametrize(
    ("begun", "folded", "opened"),
    [(0, True, True), (-1, False, True), (1, False, False)],
    ids=["same", "older", "newer"],
)
def test_outcomes_count_for_the_state_they_were_made_from(begun: int, folded: bool, opened: bool) -> None:
    lines = [run_line(replace(STATE, serial=STATE.serial + begun)), intent_line(Intent(1, STEP, AFTER))]
    lines += [intent_line(Intent(2, STEP, AFTER)), done_line(Done(2, AFTER)), facts_line(RECORD.address, {"a": 1})]
    found, still_open = replay(lines, STATE)

    assert (found != STATE) is folded
    assert bool(still_open) is opened


def test_facts_are_kept_name_by_name_and_taken_away_by_none() -> None:
    def facts(*kept: dict[str, Any]) -> object:
        lines = [run_line(STATE), *(facts_line(RECORD.address, one) for one in kept)]
        found = replay(lines, replace(STATE, records=state_of(replace(RECORD, local={"ours": 1})).records))[0]
        return dict(found.records[RECORD.address].local)

    assert facts({"a": 1}, {"b": (2, 3)}) == {"ours": 1, FACTS: {"a": 1, "b": (2, 3)}}
    assert facts({"a": 1}, {"a": None, "b": 2}) == {"ours": 1, FACTS: {"b": 2}}


def test_facts_of_what_is_not_recorded_are_dropped() -> None:
    lines = [run_line(STATE), facts_line("myorg/shop:integrations.other", {"a": 1})]

    assert replay(lines, STATE) == (STATE, ())


@pytest.mark.parametrize("line", ["{", "[]", '{"run":{"serial":3}}', '{"run":1}'])
def test_a_journal_of_somebody_else_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 is none of ours"):
        replay([run_line(STATE), line], STATE)


def test_a_journal_of_another_state_says_nothing() -> None:
    other = State("another", STATE.salt, STATE.serial)
    lines = [run_line(other), intent_line(Intent(1, STEP, AFTER)), done_line(Done(1, AFTER))]

    assert replay(lines, STATE) == (STATE, ())


def test_lines_before_a_run_has_begun_say_nothing() -> None:
    lines = [facts_line(RECORD.address, {"a": 1}), intent_line(Intent(1, STEP, AFTER)), done_line(Done(1, AFTER))]

    assert replay(lines, STATE) == (STATE, ())


def test_a_record_put_in_or_taken_out_leaves_the_others() -> None:
    other = replace(RECORD, address="myorg/shop:integrations.other")
    both = STATE.with_record(other)

    assert both == state_of(RECORD, other)
    assert both.without(other.address.upper().replace("INTEGRATIONS.OTHER", "integrations.other")) == STATE
