"""Hypothesis strategies for the core's values: plain data, records, states, steps and plans."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from reconciler.core.address import Scope, ScopeType, address_of, key_of
from reconciler.core.errors import Place, Problem, Severity
from reconciler.core.plan import Blocked, Change, Mover, Plan, Reason, SecretUse, Step, StepAction
from reconciler.core.resource import Lifecycle, OnDrift, Origin, Primitive
from reconciler.core.state import Record, State

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PATHS = st.lists(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,5}", fullmatch=True), min_size=2, max_size=3).map("/".join)
SCOPES = st.builds(Scope, st.sampled_from([ScopeType.PROJECT, ScopeType.GROUP]), PATHS)
IDS = st.none() | st.integers(1, 10**9) | NAMES
LEAVES = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | WORDS
PLAIN: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(NAMES, PLAIN, max_size=4)
LIFECYCLES = st.builds(
    Lifecycle, st.booleans(), st.booleans(), st.sampled_from(list(OnDrift)), st.lists(NAMES, max_size=2).map(tuple)
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    scope = draw(SCOPES)
    part = draw(st.sampled_from(["", "variable.KEY"]))
    return Record(
        address_of(scope.path, draw(st.sampled_from(["integrations", "webhooks"])), draw(NAMES), part),
        draw(st.sampled_from(list(Primitive))),
        draw(NAMES),
        draw(NAMES),
        scope,
        draw(IDS),
        draw(st.none() | st.integers(1, 10**6)),
        draw(st.sampled_from(list(Origin))),
        draw(WORDS),
        draw(st.dictionaries(NAMES, WORDS, max_size=2)),
        draw(FIELDS),
        draw(st.dictionaries(NAMES, WORDS, max_size=2)),
        draw(FIELDS),
        draw(FIELDS),
        draw(st.none() | WORDS),
        draw(LIFECYCLES),
        draw(WORDS),
        draw(st.sampled_from(["", "revoked", "undelivered"])),
    )


STATES = st.builds(
    lambda found, lineage, serial, roots: State(
        lineage, "5a17", serial, "https://gitlab.example", tuple(roots), {key_of(r.address): r for r in found}, "check"
    ),
    st.lists(records(), max_size=4),
    NAMES,
    st.integers(0, 10**6),
    st.lists(WORDS, max_size=2),
)

CHANGES = st.builds(Change, NAMES, PLAIN, PLAIN, PLAIN, st.sampled_from(list(Mover)), st.booleans(), st.booleans())


@st.composite
def steps(draw: st.DrawFn) -> Step:
    record = draw(records())
    return Step(
        record.address,
        draw(st.sampled_from(list(StepAction))),
        tuple(draw(st.lists(st.sampled_from(list(Reason)), max_size=2))),
        record.primitive,
        record.kind,
        record.shape,
        record.scope,
        record.scope_id,
        record.id,
        record.identity,
        record.fields,
        draw(st.dictionaries(NAMES, st.builds(SecretUse, WORDS, st.booleans()), max_size=2)),
        tuple(draw(st.lists(NAMES, max_size=3))),
        draw(FIELDS),
        tuple(draw(st.lists(CHANGES, max_size=2))),
        record.local,
        record.deliver,
        draw(NAMES),
        tuple(draw(st.lists(st.integers(1, 99), max_size=3))),
        inherited=draw(st.booleans()),
        updated_at=record.updated_at,
        lifecycle=record.lifecycle,
        origin=record.origin,
        source=record.source,
    )


PROBLEMS = st.builds(
    Problem,
    WORDS,
    WORDS,
    WORDS,
    st.none() | st.builds(Place, WORDS, st.integers(0, 9), st.integers(0, 9), WORDS),
    st.none() | WORDS,
    st.sampled_from(list(Severity)),
)
PLANS = st.builds(
    Plan,
    steps=st.lists(steps(), max_size=3, unique_by=lambda step: key_of(step.address)).map(tuple),
    bookkeeping=st.lists(steps(), max_size=1).map(tuple),
    unchanged=st.lists(WORDS, max_size=2).map(tuple),
    blocked=st.lists(st.builds(Blocked, WORDS, WORDS), max_size=2).map(tuple),
    drift=st.dictionaries(WORDS, st.lists(CHANGES, max_size=2).map(tuple), max_size=2),
    unmanaged=st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=2).map(tuple),
    uncompared=st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=2).map(tuple),
    problems=st.lists(PROBLEMS, max_size=2).map(tuple),
    notes=st.lists(WORDS, max_size=2).map(tuple),
    serial=st.integers(0, 10**6),
    lineage=WORDS,
    destroy=st.booleans(),
    records=st.integers(0, 100),
)
