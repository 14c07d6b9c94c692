"""Manifests as text in, entries and problems out, for tests of what kinds accept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.core.entry import Declarations
from reconciler.core.errors import Problem
from reconciler.core.load import load_declarations
from reconciler.core.resource import Catalogue, FieldType, Shape
from reconciler.core.source import Source
from reconciler.integrations.catalogue import load
from reconciler.integrations.templates import TEMPLATES

CATALOGUE: Catalogue = load()


def declared(text: str) -> tuple[Declarations, tuple[Problem, ...]]:
    """What a manifest declares, and what is wrong with it."""
    return load_declarations([Source("m.yaml", text.encode())], lambda _: CATALOGUE, builtin_templates=TEMPLATES)


def entry(kind: str, values: Mapping[str, Any], scope: str = "project: myorg/shop") -> tuple[Problem, ...]:
    """The problems of one entry of a kind; JSON is YAML."""
    body = json.dumps({"it": {"type": kind, **values}})
    return declared(f"{scope}\nintegrations: {body}\n")[1]


def from_gitlab(shape: Shape, body: Mapping[str, Any]) -> dict[str, Any]:
    """A body of GitLab's as a manifest would state it: our names, references for secrets."""
    stated: dict[str, Any] = {}
    for field in shape.fields:
        if field.at_gitlab not in body or field.event or field.type is FieldType.EVENTS:
            continue
        value = body[field.at_gitlab]
        if field.secret:
            stated[field.name] = f"${{env:{field.name.upper()}}}"
        else:
            stated[field.name] = int(value) if field.type is FieldType.INTEGER else value
    return stated
