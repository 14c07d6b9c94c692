"""Figures that people push: one form for all services that take metrics.

Pure: values in, values out. A figure is a number (or text that is one), or an object of `value`, `type` and `labels`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.errors import UsageError
from reconciler.core.resource import Field, FieldType
from reconciler.core.value import Value
from reconciler.integrations.flows.answers import mapping
from reconciler.integrations.flows.values import text_of

GAUGE, COUNT = "gauge", "count"
_TYPES = (GAUGE, COUNT)

PUSHED = (
    Field(
        "metrics",
        FieldType.MAP,
        "Figures by name: a number, or an object of `value`, `type` and `labels`.",
        required=True,
        example={"deployments": "1"},
    ),
    Field("type", FieldType.STRING, "What the figures are, where they do not say.", choices=_TYPES, default=GAUGE),
    Field("labels", FieldType.MAP, "Labels of every figure.", example={"stage": "production"}),
)
"""What every action that pushes metrics lets people say."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number and what it is of."""

    name: str
    value: float
    type: str
    labels: Mapping[str, str]


def figures_of(parameters: Mapping[str, Value]) -> tuple[Figure, ...]:
    """The figures to push; raises `UsageError` for one that is no number, and where there are none."""
    stated = mapping(parameters.get("metrics"))
    if not stated:
        raise UsageError("there are no metrics to push", hint="say `-p metrics.NAME=NUMBER`")
    labels = mapping(parameters.get("labels"))
    return tuple(_figure(str(name), said, text_of(parameters, "type", GAUGE), labels) for name, said in stated.items())


# ---------------------------------------------------------------------------------------------------------------------


def _figure(name: str, said: Value, type_: str, labels: Mapping[str, Value]) -> Figure:
    row = said if isinstance(said, Mapping) else {"value": said}
    kind = str(row.get("type") or type_)
    if kind not in _TYPES:
        raise UsageError(f"the metric `{name}` cannot be a {kind}", hint=f"it is {' or '.join(_TYPES)}")
    own = {**labels, **mapping(row.get("labels") or row.get("tags"))}
    return Figure(name, _number(name, row.get("value")), kind, {str(k): str(v) for k, v in own.items()})


def _number(name: str, said: Value) -> float:
    try:
        value = math.nan if isinstance(said, bool) or said is None else float(said)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"the metric `{name}` has no number as its value")
    return value
