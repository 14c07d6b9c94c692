"""The whole life of every example: apply, drift of every readable field, repair, destruction proven by a read."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.plan import StepAction
from reconciler.core.report import ExitCode
from reconciler.core.resource import Field, FieldType, Primitive, Shape
from reconciler.core.state import Record
from reconciler.integrations.catalogue import load
from tests.scenarios.harness import Story
from tests.scenarios.test_examples import FOLDERS, NAMES, story

SHAPES = load().shapes
TABLES = {
    Primitive.INTEGRATION: "integrations",
    Primitive.HOOK: "hooks",
    Primitive.VARIABLE: "variables",
    Primitive.MIRROR: "mirrors",
    Primitive.ERROR_TRACKING: "error_tracking",
    Primitive.APPLICATION: "applications",
}
IDENTITY = {"name", "key", "environment_scope", "url", "redirect_uri"}
"""Fields by which objects are found again: moved by hand, they make another object (other tests)."""


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_an_example_lives_drifts_is_repaired_and_ends(folder: Path, tmp_path: Path) -> None:
    told = story(folder, tmp_path)
    told.apply()
    settle(told)
    records = list(told.state().records.values())
    wanted = {record.address: moved for record in records if (moved := move(told, record))}

    settle(told)
    found = {address: {change.field for change in changes} for address, changes in told.drift().drift.items()}
    assert found == wanted

    assert told.apply().exit_code is ExitCode.DONE
    settle(told)
    assert told.plan().is_empty
    assert not told.drift().drift
    destroy(told, records)


def settle(told: Story) -> None:
    """Let what GitLab does in the background be done (a group's settings reach its projects)."""
    told.clock.advance(1)
    told.plan()


def destroy(told: Story, records: list[Record]) -> None:
    plan = told.plan(destroy=True)
    assert {step.action for step in plan.steps} <= {StepAction.DELETE}
    assert told.apply(destroy=True).exit_code is ExitCode.DONE
    told.clock.advance(1)
    assert told.state().records == {}
    assert live(told, records) == []


def live(told: Story, records: list[Record]) -> list[str]:
    """Which of the recorded objects are still there."""
    found = []
    for record in records:
        row = row_of(told, record)
        switched_off = record.primitive is Primitive.ERROR_TRACKING and row is not None and not row["active"]
        if row is not None and row.get("active", True) and not switched_off:
            found.append(record.address)
    return found


def row_of(told: Story, record: Record) -> dict[str, Any] | None:
    """The pretend GitLab's own row of a recorded object."""
    table = told.sandbox.world.tables[TABLES[record.primitive]]
    for row in table.rows.values() if hasattr(table, "rows") else table:
        same = row.get("id") == record.id
        if record.primitive is Primitive.VARIABLE:
            owner = row["owner"].partition(":")[2] == str(record.scope_id)
            same = owner and row["key"] == record.identity["key"]
        elif record.primitive is Primitive.ERROR_TRACKING:
            same = row["owner"].partition(":")[2] == str(record.scope_id)
        if same:
            return row  # type: ignore[no-any-return]
    return None


def move(told: Story, record: Record) -> set[str]:
    """Change every readable field of a live object behind everybody's back; the names of those fields."""
    row, shape = row_of(told, record), SHAPES[record.shape]
    assert row is not None, record.address
    moved = set()
    for name, value in record.fields.items():
        spec = shape.field(name)
        if spec is None or not spec.readable or spec.fixed or spec.secret or name in IDENTITY or name == "inherit":
            continue
        if put(row, shape, spec, another(spec, copy.deepcopy(value), shape)):
            moved.add(name)
    if moved and "updated_at" in row:
        row["updated_at"] = "2026-10-01T00:00:00.000Z"
    return moved


def another(spec: Field, value: Any, shape: Shape) -> Any:
    """A value that a field does not have."""
    if spec.choices and spec.type in (FieldType.STRING, FieldType.INTEGER):
        return next(choice for choice in spec.choices if choice != value)
    match spec.type:
        case FieldType.BOOLEAN:
            return not value
        case FieldType.INTEGER:
            return int(value or 0) + 1
        case FieldType.EVENTS:
            return set(shape.events) - set(value)
        case FieldType.STRINGS:
            return [*(value or ()), "OTHER"]
        case _:
            return f"{value or ''}-moved"


def put(row: dict[str, Any], shape: Shape, spec: Field, value: Any) -> bool:
    """Write a value into a row, wherever this one keeps it."""
    flags = row.get("flags", row)
    if spec.type is FieldType.EVENTS:
        for event, flag in shape.events.items():
            flags[flag] = event in value
        return True
    wire = spec.at_gitlab
    if wire in shape.events.values():
        flags[wire] = value
        return True
    for place in (row.get("values"), row.get("flags"), row):
        if isinstance(place, dict) and (wire in place or place is row.get("values")):
            place[wire] = value
            return True
    return False


EXPOSING = [
    (name, shape)
    for name, shape in sorted(SHAPES.items())
    if shape.primitive is Primitive.INTEGRATION and shape.secrets and any(f.exposes for f in shape.fields)
]


def _example_of(name: str) -> Path | None:
    for folder in FOLDERS:
        if f"type: {name}\n" in (folder / "manifest.yaml").read_text(encoding="utf-8"):
            return folder
    return None


@pytest.mark.parametrize(("name", "shape"), EXPOSING, ids=[name for name, _ in EXPOSING])
def test_a_changed_address_keeps_every_secret(name: str, shape: Shape, tmp_path: Path) -> None:
    folder = _example_of(name)
    if folder is None:
        pytest.skip(f"{name} cannot be created by API")
    told = story(folder, tmp_path)
    told.apply()
    record = next(r for r in told.state().records.values() if r.shape == name)
    before = json.dumps(secrets_in(row_of(told, record), shape), sort_keys=True)
    exposing = [f for f in shape.fields if f.exposes and isinstance(record.fields.get(f.name), str)]
    if not exposing:
        pytest.skip(f"the example of {name} states no exposing field")
    manifest = told.folder / "manifests" / "manifest.yaml"
    old = str(record.fields[exposing[0].name])
    new = old.rstrip("/") + ("/other" if "://" in old else "-other" if "." not in old else "")
    new = {"datadoghq.eu": "datadoghq.com", "datadoghq.com": "datadoghq.eu"}.get(old, new)
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    assert told.apply().exit_code is ExitCode.DONE

    assert json.dumps(secrets_in(row_of(told, record), shape), sort_keys=True) == before
    assert told.plan().is_empty


def secrets_in(row: dict[str, Any] | None, shape: Shape) -> dict[str, Any]:
    assert row is not None
    found = {f.at_gitlab: row["values"].get(f.at_gitlab) for f in shape.secrets if row["values"].get(f.at_gitlab)}
    assert found
    return found
