"""Readers of small manifests for tests, with the real catalogue and with a small one of odd fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import dedent

from reconciler.core.address import ScopeType
from reconciler.core.entry import Declarations, Entry, Template
from reconciler.core.errors import Problem
from reconciler.core.load import load_declarations
from reconciler.core.resource import NOTHING, Catalogue, Field, FieldType, Kind, Primitive, Shape
from reconciler.core.source import Source
from reconciler.core.value import Value
from reconciler.integrations import catalogue as real

CATALOGUE = real.load(None)

ODD = Shape(
    "odd",
    Primitive.INTEGRATION,
    (
        Field("url", required=True),
        Field("level", FieldType.INTEGER, choices=(0, 20, 30)),
        Field("count", FieldType.INTEGER),
        Field("colour", choices=("red", "green")),
        Field("labels", FieldType.STRINGS),
        Field("sides", FieldType.STRINGS, choices=("left", "right")),
        Field("on", FieldType.BOOLEAN),
        Field("options", FieldType.MAP),
        Field("token", secret=True),
        Field("tokens", FieldType.MAP, secret=True),
        Field("topic", group_only=True),
        Field("broken", unstorable="GitLab answers 500 when it is sent"),
        Field("model_config", summary="a name that pydantic keeps for itself"),
        Field("events", FieldType.EVENTS),
        Field("note", ours=True),
    ),
    events={"push": "push_events", "issue": "issues_events"},
)


def _kind(shape: Shape, **more: object) -> Kind:
    return Kind(shape.name, shape.name.title(), "", "", shape, shape.fields, **more)  # type: ignore[arg-type]


def _no_fours(values: Mapping[str, Value]) -> Iterable[tuple[str, str, str]]:
    if values.get("url") in ("", "four"):
        yield "url", "is the number four", "write another"


catalogue_shapes = real.load(()).shapes
SMALL = Catalogue(
    kinds={
        "odd": _kind(ODD, renamed={"address": "url"}, check=_no_fours),
        "own-variable": _kind(catalogue_shapes["variable"]),
        "webhook": real.load(()).kinds["webhook"],
        "system_hook": real.load(()).kinds["system_hook"],
        "oauth_application": real.load(()).kinds["oauth_application"],
        "instance-only": Kind(
            "instance-only", "Instance only", "", "", None, (), scopes=frozenset({ScopeType.INSTANCE})
        ),
    },
    shapes={**real.load(()).shapes, "odd": ODD},
)


def source(text: str, file: str = "m.yaml") -> Source:
    """A manifest's source; its indentation is taken away."""
    return Source(file, dedent(text).encode())


def read(
    *texts: str,
    catalogue: Catalogue = CATALOGUE,
    plaintext: bool = False,
    templates: Mapping[str, Template] = NOTHING,
) -> tuple[Declarations, tuple[Problem, ...]]:
    """What manifests declare, and everything wrong with them; the first file is `m.yaml`, further ones `m2.yaml`, …"""
    sources = [source(text, f"m{n if n > 1 else ''}.yaml") for n, text in enumerate(texts, 1)]

    def some(_names: Iterable[str] | None) -> Catalogue:
        return catalogue

    return load_declarations(sources, some, plaintext_secrets=plaintext, builtin_templates=templates)


def entries(*texts: str, catalogue: Catalogue = CATALOGUE, plaintext: bool = False) -> tuple[Entry, ...]:
    """The entries of manifests that must be right."""
    declarations, problems = read(*texts, catalogue=catalogue, plaintext=plaintext)
    assert [str(problem) for problem in problems] == []
    return declarations.entries


def said(*texts: str, catalogue: Catalogue = CATALOGUE, plaintext: bool = False) -> list[str]:
    """Everything wrong with manifests, as text."""
    return [str(problem) for problem in read(*texts, catalogue=catalogue, plaintext=plaintext)[1]]
