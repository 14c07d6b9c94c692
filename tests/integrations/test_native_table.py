"""Our table of GitLab's integrations says what a running GitLab said, and what the sandbox says."""

from __future__ import annotations

import pytest

from reconciler.core.address import ScopeType
from reconciler.core.resource import FieldType, Shape
from reconciler.integrations import native, native_chat, native_trackers
from reconciler.integrations.base import flag_of
from reconciler.sandbox.gitlab.integration_table import KINDS as SANDBOX
from tests.integrations.recorded import TYPED_OTHERWISE, TYPES, recorded

SHAPES: dict[str, Shape] = {**native.SHAPES, **native_chat.SHAPES, **native_trackers.SHAPES}
ENUMERATED = {"work_item_events", "confidential_work_item_events", "build_events", "subgroup_events", "project_events"}
SHOWN_SECRETS = {"app_store_private_key", "service_account_key"}
AS_A_FIELD = {"archive_trace_events"}


def options(shape: Shape) -> dict[str, object]:
    return {f.at_gitlab: f for f in shape.fields if f.type is not FieldType.EVENTS}


def test_there_are_exactly_the_recorded_slugs() -> None:
    assert sorted(SHAPES) == sorted(recorded())


@pytest.mark.parametrize("slug", sorted(SHAPES))
def test_a_slug_has_exactly_the_recorded_declarable_fields(slug: str) -> None:
    said = {f["name"] for f in recorded()[slug]["fields"] if not f.get("read_only")}

    assert set(options(SHAPES[slug])) == said


@pytest.mark.parametrize("slug", sorted(SHAPES))
def test_a_fields_rules_are_the_recorded_ones(slug: str) -> None:
    own = {f.at_gitlab: f for f in SHAPES[slug].fields}
    for said in recorded()[slug]["fields"]:
        if said.get("read_only"):
            continue
        field = own[said["name"]]
        shown = not said.get("hidden") and said["name"] not in SHOWN_SECRETS

        assert field.type == TYPED_OTHERWISE.get((slug, field.name), TYPES[said["type"]])
        assert field.required == said.get("required", False)
        assert field.exposes == said.get("exposes_secrets", False)
        assert field.readable == shown
        assert bool(field.unstorable) == said.get("unassignable", False)
        assert field.top_level == said.get("top_level", False)
        assert field.choices == tuple(c for c in said.get("choices", ()) if c is not None)


@pytest.mark.parametrize("slug", sorted(SHAPES))
def test_secret_is_what_gitlab_says_and_what_we_know_better(slug: str) -> None:
    expected = set()
    for said in recorded()[slug]["fields"]:
        channel = slug == "discord" and said["name"].endswith("_channel")
        if said.get("secret") or said["name"] == "webhook" or said["name"] in SHOWN_SECRETS or channel:
            expected.add(said["name"])

    assert {f.at_gitlab for f in SHAPES[slug].secrets} == expected


@pytest.mark.parametrize("slug", sorted(SHAPES))
def test_events_are_the_recorded_ones_and_unstorable_ones_are_refused(slug: str) -> None:
    said = recorded()[slug]
    flags = {e if e.endswith("_events") else f"{e}_events" for e in said["events"]} - AS_A_FIELD

    assert set(SHAPES[slug].events.values()) == flags
    assert {flag_of(e) for e in SHAPES[slug].unstorable_events} >= set(said["unassignable_events"])


@pytest.mark.parametrize("slug", sorted(SHAPES))
def test_the_defaults_are_those_of_a_new_record(slug: str) -> None:
    said = recorded()[slug]
    shape = SHAPES[slug]
    if not said["available_when_recorded"]:
        pytest.skip("never seen as a new record")
    on = {event for event, flag in shape.events.items() if said["flags_of_a_new_record"][flag]}
    known = {**(said["columns_of_a_new_record"] or {}), **said["properties_of_a_new_record"]}

    assert shape.default_events == on
    for name, value in known.items():
        field = next((f for f in shape.fields if f.at_gitlab == name), None)
        if field:
            empty = (None, [], False)
            assert field.default == value or (value in empty and field.default in (None, (), False)), name


@pytest.mark.parametrize("slug", sorted(SHAPES))
def test_scopes_trackers_and_what_updated_at_proves(slug: str) -> None:
    said = recorded()[slug]
    shape = SHAPES[slug]
    groups_only = said["available_when_recorded"] == "groups only"

    assert (ScopeType.GROUP not in shape.scopes) == said["project_only"]
    assert (ScopeType.PROJECT not in shape.scopes) == groups_only
    assert shape.tracker == (said["category"] == "issue_tracker")
    assert shape.updated_at_proves == said["updated_at_moves_on_every_write"]
    assert bool(shape.unavailable) == (said["available_when_recorded"] is False)


@pytest.mark.parametrize("slug", sorted(SHAPES))
def test_the_sandbox_has_the_same_table(slug: str) -> None:
    theirs = SANDBOX[slug]
    own = {f.at_gitlab: f for f in SHAPES[slug].fields if f.type is not FieldType.EVENTS}
    declared = {f.name: f for f in theirs.fields if f.declared}

    assert set(own) == set(declared)
    assert {n for n, f in own.items() if f.required} == {n for n, f in declared.items() if f.required}
    assert {n for n, f in own.items() if f.exposes} == {n for n, f in declared.items() if f.exposes}
    assert {n for n, f in own.items() if f.unstorable} == {n for n, f in declared.items() if not f.storable}
