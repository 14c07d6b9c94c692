"""The catalogue is found by name, loads no more than is asked for, and is complete in words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.core.resource import FieldType, Primitive
from reconciler.integrations.catalogue import load, names, rows
from reconciler.integrations.index import INDEX, SECTION_KINDS
from tests.integrations.declaring import CATALOGUE

PACKAGE = Path(__file__).resolve().parents[2] / "reconciler" / "integrations"
TABLES = {"native", "native_chat", "native_trackers"}
BESIDES = {"__init__", "base", "catalogue", "index", "map_rules", "objects", "rules", "templates"}


def test_names_are_in_alphabetical_order_and_all_there() -> None:
    assert list(names()) == sorted(names())
    assert set(names()) | SECTION_KINDS == set(load().kinds)
    assert set(rows()) == set(names())


def test_every_module_of_kinds_is_in_the_index() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")} - BESIDES

    assert modules == {row.module for row in INDEX.values()}


def test_some_kinds_load_alone() -> None:
    script = (
        "import sys; from reconciler.integrations.catalogue import load; c = load(['slack']); "
        "print(sorted(set(c.kinds))); print('reconciler.integrations.jira' in sys.modules)"
    )

    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert run.stdout.splitlines() == ["['oauth_application', 'slack', 'system_hook', 'webhook']", "False"]


def test_listing_kinds_imports_none() -> None:
    script = (
        "import sys; from reconciler.integrations.index import INDEX; "
        "print([m for m in sys.modules if m.startswith('reconciler.')])"
    )

    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "['reconciler.integrations', 'reconciler.integrations.index']"


def test_names_that_are_no_kinds_are_left_out() -> None:
    assert "nonsense" not in load(["nonsense"]).kinds


@pytest.mark.parametrize("name", sorted(CATALOGUE.kinds))
def test_every_kind_and_field_is_explained(name: str) -> None:
    kind = CATALOGUE.kinds[name]

    assert kind.title
    assert kind.summary
    assert kind.category
    assert [f.name for f in kind.fields if not f.summary] == []
    assert len({f.name for f in kind.fields}) == len(kind.fields)


@pytest.mark.parametrize("name", sorted(CATALOGUE.kinds))
def test_hints_and_credentials_name_fields_that_exist(name: str) -> None:
    kind = CATALOGUE.kinds[name]
    own = set(kind.by_name)

    assert set(kind.renamed.values()) <= own | {"inherit"}
    assert not set(kind.renamed) & own
    assert set(kind.credential) <= own


@pytest.mark.parametrize("name", sorted(CATALOGUE.shapes))
def test_shapes_follow_their_own_rules(name: str) -> None:
    shape = CATALOGUE.shapes[name]

    for field in shape.fields:
        map_ = field.type is FieldType.MAP
        assert not (field.secret and field.readable) or map_, field.name
        assert (
            not field.choices
            or field.default is None
            or field.type in {FieldType.EVENTS, FieldType.STRINGS}
            or (field.default in field.choices)
        )
        if field.type is FieldType.BOOLEAN:
            assert isinstance(field.default, bool), field.name
        assert not field.fallback or field.fallback in shape.by_name
        assert not field.event or shape.events[field.event] == field.at_gitlab
    assert shape.default_events <= set(shape.events)
    assert set(shape.identity) <= {*shape.by_name, "slug"}
    assert (shape.primitive is Primitive.INTEGRATION) == (shape.identity == ("slug",))
