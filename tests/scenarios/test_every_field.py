"""Every field that GitLab was seen to take can be declared: it applies, and then there is nothing to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.core.report import StepStatus
from reconciler.core.resource import FieldType, Shape
from reconciler.integrations.catalogue import load, rows
from tests.scenarios.harness import Story

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "facts" / "gitlab-recordings" / "integrations"
CATALOGUE = load()
KEY = "-----BEGIN PRIVATE KEY-----canary-----END PRIVATE KEY-----"
EVERYTHING = "every parameter, every flag true"
READ = {FieldType.INTEGER: int, FieldType.BOOLEAN: lambda said: said in (True, "true")}
SHAPES = {name: kind.shape for name, kind in CATALOGUE.kinds.items() if name in rows() and kind.shape}
NAMES = [name for name, shape in SHAPES.items() if not shape.unavailable]


def recorded(slug: str) -> dict[str, Any]:
    """The body with everything that a running GitLab accepted."""
    path = RECORDINGS / f"{slug}.json"
    if not path.exists():
        pytest.skip(f"{slug} was not recorded, or the recordings are not at hand")
    for exchange in json.loads(path.read_text(encoding="utf-8"))["exchanges"]:
        if exchange["name"] == EVERYTHING and exchange["response"]["status"] == 200:
            body: dict[str, Any] = exchange["request"]["json"]
            return body
    pytest.skip(f"no body with everything was recorded for {slug}")


def stated(shape: Shape, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """An entry that states the whole body, and the variables that its references need."""
    entry: dict[str, Any] = {}
    environ: dict[str, str] = {}
    for field in shape.fields:
        value = body.get(field.at_gitlab)
        if value is None or field.event or field.type is FieldType.EVENTS:
            continue
        if field.secret:
            environ[field.name.upper()] = KEY if "PEM" in str(value) else str(value)
            value = f"${{env:{field.name.upper()}}}"
        entry[field.name] = READ.get(field.type, lambda said: said)(value)
    if shape.events:
        entry["events"] = sorted(shape.events)
    return entry, environ


@pytest.mark.parametrize("scope", ["project", "group"])
@pytest.mark.parametrize("name", NAMES)
def test_everything_declared_is_applied_and_stays(name: str, scope: str, tmp_path: Path) -> None:
    shape = SHAPES[name]
    if scope not in shape.scopes:
        pytest.skip(f"{name} is not for a {scope}")
    entry, environ = stated(shape, recorded(shape.name))
    told = Story(tmp_path, environ)
    path = "myorg/shop" if scope == "project" else "myorg"
    told.write("m.yaml", yaml.safe_dump({scope: path, "integrations": {"it": {"type": name, **entry}}}))

    report = told.apply()

    assert [(o.address, o.message) for o in report.outcomes if o.status is not StepStatus.DONE] == []
    assert [(s.address, s.changes) for s in told.plan().steps] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_longer_stated_goes_back_to_the_default(name: str, tmp_path: Path) -> None:
    shape = SHAPES[name]
    entry, environ = stated(shape, recorded(shape.name))
    scope = {"project": "myorg/shop"} if "project" in shape.scopes else {"group": "myorg"}
    told = Story(tmp_path, environ)
    told.write("m.yaml", yaml.safe_dump({**scope, "integrations": {"it": {"type": name, **entry}}}))
    told.apply()
    least = {k: v for k, v in entry.items() if shape.by_name[k].required or k in ("username", "api_token")}
    told.write("m.yaml", yaml.safe_dump({**scope, "integrations": {"it": {"type": name, **least}}}))

    report = told.apply()

    assert [(o.address, o.message) for o in report.outcomes if o.status is not StepStatus.DONE] == []
    assert [(s.address, s.changes) for s in told.plan().steps] == []
