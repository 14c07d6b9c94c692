"""The schemas that are shipped are fresh, described, and accept what is accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from reconciler.core.jsonformats import NAMES, schema_of, to_text
from reconciler.core.plan import Plan
from reconciler.core.planformat import plan_to_dict
from reconciler.core.state import State
from reconciler.core.stateformat import state_to_bytes
from reconciler.integrations.catalogue import load

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load()


def stored(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return found


def objections(name: str, document: Any) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(stored(name)).iter_errors(document)]


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_schema_is_the_one_that_is_made_now(name: str) -> None:
    text = (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")

    assert text == to_text(schema_of(name, CATALOGUE)), "run `python -m tests.meta.write_schemas`"


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_draft_07(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(stored(name))

    assert stored(name)["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "$defs" not in json.dumps(stored(name))


def _undescribed(schema: Any, path: str = "") -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    for name, each in {**schema.get("properties", {}), **schema.get("definitions", {})}.items():
        nested = name in schema.get("definitions", {})
        if not nested and isinstance(each, dict) and not {"description", "$ref"} & set(each):
            yield f"{path}.{name}"
        yield from _undescribed(each, f"{path}.{name}")


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_described(name: str) -> None:
    assert list(_undescribed(stored(name))) == []


EXAMPLES = sorted((ROOT / "examples").rglob("manifest.yaml")) + sorted((ROOT / "examples" / "native").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=[str(path.relative_to(ROOT)) for path in EXAMPLES])
def test_every_example_is_accepted(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        assert objections("manifest", document) == []


WRONG = (
    ({"integrations": {}}, "is not valid under any of the given schemas"),
    ({"project": "a/b", "integrations": {"it": {"type": "slak"}}}, "'slak' is not one of"),
    ({"project": "a/b", "integrations": {"it": {"type": "slack"}}}, "'webhook_url' is a required property"),
    ({"project": "a/b", "integrations": {"it": {"type": "slack", "webhook_url": "x", "chanel": "y"}}}, "'chanel'"),
    ({"project": "a/b", "webhooks": {"it": {"url": "https://x", "events": ["member"]}}}, "under any of the given"),
    ({"project": "a/b", "oauth_applications": {}}, "False schema"),
    ({"instance": True, "integrations": {}}, "False schema"),
    ({"project": "a/b", "group": "a"}, "is valid under each of"),
    ({}, "is not valid under any of the given schemas"),
    ({"project": "shop"}, "does not match"),
    ({"project": "a/../b"}, "does not match"),
    ({"group": "a/b.git"}, "does not match"),
    ({"project": "a/b", "integrations": {"it": {"type": "slack", "inherit": True, "channel": "x"}}}, "'channel'"),
)


@pytest.mark.parametrize(("document", "said"), WRONG)
def test_a_wrong_manifest_is_told_what_is_wrong(document: dict[str, Any], said: str) -> None:
    assert any(said in message for message in objections("manifest", document))


def test_a_reference_stands_where_a_switch_or_a_list_could() -> None:
    entry = {
        "type": "slack",
        "webhook_url": "${env:U}",
        "events": "${var:events}",
        "notify_only_broken_pipelines": "${var:q}",
    }

    assert objections("manifest", {"project": "a/b", "integrations": {"it": entry}}) == []


def test_groups_have_webhook_events_of_their_own() -> None:
    hook = {"url": "https://x.example.org", "events": ["member", "subgroup"]}

    assert objections("manifest", {"group": "a", "webhooks": {"it": hook}}) == []


def test_an_empty_plan_and_an_empty_state_are_accepted() -> None:
    assert objections("plan", plan_to_dict(Plan())) == []
    assert objections("state", json.loads(state_to_bytes(State("lineage", "salt")))) == []
