"""Laws of the core, held over generated values: round trips, and what no order and no repetition may change."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from reconciler.core.address import key_of
from reconciler.core.diff import changed_fields, differences
from reconciler.core.errors import InputError, Problem, StateError
from reconciler.core.graph import waves
from reconciler.core.journal import Done, Intent, done_line, facts_line, intent_line, replay, run_line
from reconciler.core.normal import normal
from reconciler.core.pair import pair
from reconciler.core.plan import FORMAT_VERSION, Plan, Step, StepAction
from reconciler.core.planformat import plan_from_bytes, plan_to_bytes
from reconciler.core.policy import objections
from reconciler.core.resource import Field, FieldType, Resource
from reconciler.core.settings import Policy
from reconciler.core.state import Record, State
from reconciler.core.stateformat import state_from_bytes, state_to_bytes
from tests.core.inputs import read
from tests.core.values import FIELDS, NAMES, PLAIN, PLANS, STATES, WORDS, records, steps

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(STATES)
def test_a_state_is_read_as_it_was_written(state: State) -> None:
    assert state_from_bytes(state_to_bytes(state), "it") == state


@given(STATES)
def test_the_same_state_is_the_same_bytes(state: State) -> None:
    backwards = replace(state, records=dict(reversed(list(state.records.items()))))

    assert state_to_bytes(backwards) == state_to_bytes(state)


@given(PLANS)
def test_a_plan_is_read_as_it_was_written(plan: Plan) -> None:
    again = plan_from_bytes(plan_to_bytes(plan), "it")

    assert again == plan
    assert plan_to_bytes(again) == plan_to_bytes(plan)


def damaged(document: dict[str, Any], path: list[int], value: Any) -> dict[str, Any]:
    """A document with something else put in at a place within it."""
    place: Any = document
    for turn in path:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place))) if isinstance(place, list) else []
        if not keys:
            break
        key = keys[turn % len(keys)]
        if not isinstance(place[key], dict | list) or turn % 3 == 0:
            place[key] = value
            break
        place = place[key]
    return document


PATHS = st.lists(st.integers(0, 30), min_size=1, max_size=5)


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"format_version": 1e999}')
@example(b"9" * 5000)
def test_any_bytes_as_state_or_plan_are_a_clear_error(body: bytes) -> None:
    with pytest.raises(StateError, match="it "):
        state_from_bytes(body, "it")
    with pytest.raises(InputError):
        plan_from_bytes(body, "it")


@given(STATES, PATHS, JSON)
def test_a_damaged_state_is_read_or_refused(state: State, path: list[int], value: Any) -> None:
    body = json.dumps(damaged(json.loads(state_to_bytes(state)), path, value)).encode()

    try:
        again = state_from_bytes(body, "it")
    except StateError:
        return
    assert state_from_bytes(state_to_bytes(again), "it") == again


@given(PLANS, PATHS, JSON)
def test_a_damaged_plan_is_read_or_refused(plan: Plan, path: list[int], value: Any) -> None:
    body = json.dumps(damaged(json.loads(plan_to_bytes(plan)), path, value)).encode()

    try:
        again = plan_from_bytes(body, "it")
    except InputError:
        return
    assert plan_from_bytes(plan_to_bytes(again), "it") == again


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"needs": ["a/b:webhooks.x"]}, "need each other"),
        ({"source": "\ud800"}, "surrogates"),
        ({"address": "A/B:webhooks.y"}, "stands twice"),
    ],
    ids=["waits for itself", "half a character", "twice"],
)
def test_a_plan_that_could_never_be_carried_out_is_refused(changes: dict[str, Any], says: str) -> None:
    step = {"action": "create", "reasons": [], "primitive": "hook", "kind": "webhook", "shape": "hook"}
    step["scope"] = {"type": "project", "path": "a/b"}  # type: ignore[assignment]
    steps = [{**step, "address": "a/b:webhooks.x", **changes}, {**step, "address": "a/b:webhooks.y"}]

    with pytest.raises(InputError, match=says):
        plan_from_bytes(json.dumps({"format_version": FORMAT_VERSION, "steps": steps}).encode(), "it")


@pytest.mark.parametrize("version", [0, FORMAT_VERSION + 1, "1", None])
def test_a_plan_of_another_format_is_refused_by_name(version: Any) -> None:
    body = json.dumps({"format_version": version}).encode()

    with pytest.raises(InputError) as caught:
        plan_from_bytes(body, "plan.json")

    assert f"its format is {version!r}" in str(caught.value.problems[0])


JOURNALS = st.lists(
    st.one_of(
        st.builds(lambda n, step, record: intent_line(Intent(n, step, record)), st.integers(1, 4), steps(), records()),
        st.builds(
            lambda n, record, gone: done_line(Done(n, record, tuple(gone))),
            st.integers(1, 4),
            st.none() | records(),
            st.lists(records().map(lambda record: record.address), max_size=1),
        ),
        st.builds(lambda record, facts: facts_line(record.address, facts), records(), FIELDS),
    ),
    max_size=6,
)


@given(STATES, JOURNALS)
def test_a_journal_folded_in_twice_is_folded_in_once(state: State, lines: list[str]) -> None:
    lines = [run_line(state), *lines]
    once, still_open = replay(lines, state)

    assert replay(lines, once) == (once, still_open)


@given(STATES, JOURNALS)
def test_a_journal_of_an_older_state_adds_nothing_and_one_of_another_is_ignored(state: State, lines: list[str]) -> None:
    lines = [run_line(state), *lines]
    later = replace(state, serial=state.serial + 1)

    assert replay(lines, later)[0] == later
    assert replay(lines, later)[1] == replay(lines, state)[1]
    assert replay(lines, replace(state, lineage="another")) == (replace(state, lineage="another"), ())


@given(STATES, st.lists(WORDS | JSON.map(json.dumps), max_size=3), JOURNALS, PATHS, JSON)
def test_any_journal_is_read_or_refused(
    state: State, foreign: list[str], lines: list[str], path: list[int], value: Any
) -> None:
    broken = [json.dumps(damaged(json.loads(line), path, value)) for line in lines[:1]]

    for journal in (foreign, [run_line(state), *foreign], [run_line(state), *broken]):
        with suppress(ValueError):
            replay(journal, state)


@given(FIELDS, FIELDS)
def test_differences_have_no_side_and_miss_nothing(before: dict[str, Any], after: dict[str, Any]) -> None:
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)}

    assert changed_fields(before, after) == changed_fields(after, before) == names
    assert differences(before, before) == ()
    assert {d.field for d in differences(before, {**before, **after})} <= set(after)


@given(FIELDS, NAMES)
def test_a_field_that_is_missing_is_one_without_a_value(fields: dict[str, Any], name: str) -> None:
    assume(name not in fields)

    assert differences(fields, {**fields, name: None}) == ()


SPECS = st.builds(Field, NAMES, st.sampled_from(list(FieldType)), secret=st.just(False), slash=st.booleans())
OF_TYPE: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.STRING: st.none() | WORDS,
    FieldType.INTEGER: st.none() | st.integers() | st.integers().map(str),
    FieldType.BOOLEAN: st.none() | st.booleans(),
    FieldType.STRINGS: st.none() | st.lists(WORDS),
    FieldType.EVENTS: st.none() | st.lists(NAMES),
    FieldType.MAP: st.none() | st.dictionaries(NAMES, WORDS),
    FieldType.DATA: PLAIN,
}


@given(SPECS, st.data())
def test_a_normal_form_is_its_own(spec: Field, data: st.DataObject) -> None:
    value = normal(spec, data.draw(OF_TYPE[spec.type]))

    assert normal(spec, value) == value


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[list[Resource], State]:
    """Declared resources and a state in which some addresses, and some identities, are the same."""
    recorded = draw(st.lists(records(), max_size=5, unique_by=lambda record: key_of(record.address)))
    names = st.sampled_from(["one", "two", "three"])
    found: dict[str, Resource] = {}
    for record in recorded:
        address = record.address if draw(st.booleans()) else f"{record.scope}:webhooks.{draw(names)}"
        found[key_of(address)] = Resource(
            address, record.primitive, record.kind, record.shape, record.scope, {}, record.identity
        )
    declared = list(found.values())[: draw(st.integers(0, 5))]
    return declared, State("lineage", "5a17", records={key_of(record.address): record for record in recorded})


@given(neighbours())
def test_pairing_uses_everything_declared_and_everything_recorded_once(given_: tuple[list[Resource], State]) -> None:
    declared, state = given_
    cases = pair(declared, state)

    assert Counter(id(case.resource) for case in cases if case.resource) == Counter(map(id, declared))
    assert Counter(id(case.record) for case in cases if case.record) == Counter(map(id, state.records.values()))
    assert all(case.resource or case.record for case in cases)
    assert len({key_of(case.address) for case in cases}) == len(cases)
    assert pair(reversed(declared), state) == cases


def deleting(deletions: int, recorded: int, step: Step) -> Plan:
    return Plan(steps=(replace(step, action=StepAction.DELETE),) * deletions, records=recorded)


SOME_STEP = Step("a/b:webhooks.c", StepAction.DELETE, (), None, "", "", None)  # type: ignore[arg-type]


@given(st.integers(0, 40), st.integers(0, 60), st.integers(0, 30), st.floats(0, 1), st.none() | st.integers(0, 40))
def test_a_brake_holds_whatever_a_looser_one_holds(
    deletions: int, recorded: int, most: int, share: float, allowed: int | None
) -> None:
    recorded = max(recorded, deletions)
    policy = Policy(max_deletes=most, max_delete_share=share)
    looser = Policy(max_deletes=most + 1, max_delete_share=min(1.0, share + 0.1))

    def stops(plan: Plan, by: Policy) -> bool:
        return bool(objections(plan, by, allowed))

    plan = deleting(deletions, recorded, SOME_STEP)
    assert stops(plan, policy) or not stops(plan, looser)
    assert not stops(plan, policy) or stops(deleting(deletions + 1, recorded, SOME_STEP), policy) or deletions + 1 == 2
    assert not stops(deleting(0, recorded, SOME_STEP), policy)
    assert not stops(replace(plan, destroy=True), policy)
    assert objections(replace(plan, problems=(Problem("protected"),)), policy, 1000)


@given(st.dictionaries(st.integers(0, 9), st.lists(st.integers(0, 12), max_size=3), max_size=8))
def test_waves_hold_everything_once_after_what_it_needs_or_name_a_cycle(needs: dict[int, list[int]]) -> None:
    named = {str(key): [str(one) for one in wanted] for key, wanted in needs.items()}
    try:
        order = waves(named)
    except ValueError:
        return
    place = {name: n for n, wave in enumerate(order) for name in wave}

    assert sorted(place) == sorted(named)
    assert all(place[need] < place[name] for name, wanted in named.items() for need in wanted if need in place)


DOCUMENTS = [
    "project: myorg/shop\nwebhooks: {a: {url: 'https://a.example'}}\n",
    "project: myorg/web\nintegrations: {chat: {type: slack, webhook_url: '${env:S}', template: plain}}\n",
    "templates: {plain: {type: slack, default_config: {channel: '#x'}}}\n",
    "group: myorg\nwebhooks: {b: {url: 'https://b.example', events: [push]}}\n",
]


@given(st.permutations(DOCUMENTS))
@settings(max_examples=24)
def test_the_order_of_documents_and_files_does_not_matter(order: list[str]) -> None:
    wanted, _ = read(*DOCUMENTS)
    declared, problems = read(*order)
    joined, _ = read("---\n".join(order))

    def told(found: Any) -> dict[str, Any]:
        return {entry.address: (entry.kind, entry.values, entry.template) for entry in found.entries}

    assert problems == ()
    assert told(declared) == told(joined) == told(wanted)
    assert declared.digest == wanted.digest


@given(records())
def test_a_record_that_is_put_in_is_found_and_gone_when_taken_out(record: Record) -> None:
    state = State("lineage", "5a17").with_record(record)

    assert state.find(record.address.replace(record.scope.path, record.scope.path.upper(), 1)) == record
    assert state.scopes() == (record.scope,)
    assert state.without(record.address).records == {}
