"""Declared parameters: their types, and the texts with which GitLab refuses what does not fit.

Pure. Follows the rules of Grape, the library GitLab's API is built with, as far as they were seen: undeclared
parameters are dropped, values are coerced, the errors of all parameters come joined in one text, in order of
declaration. A parameter that was not sent is absent from the result, unless it has a default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final


class Missing(Enum):
    """Stands for "no default"."""

    MISSING = 0


MISSING: Final = Missing.MISSING


class Invalid(ValueError):
    """A value is not of its parameter's type."""


TRUE = frozenset(("1", "on", "On", "ON", "t", "true", "True", "TRUE", "T", "y", "yes", "Yes", "YES", "Y"))
FALSE = frozenset(("0", "off", "Off", "OFF", "f", "false", "False", "FALSE", "F", "n", "no", "No", "NO", "N"))


def string(value: object) -> str:
    """Text; numbers and booleans become their text, lists and objects are refused."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        raise Invalid
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def boolean(value: object) -> bool | None:
    """A truth value, also as `1`, `on`, `yes`, …; empty text is null."""
    if isinstance(value, bool):
        return value
    if value == "":
        return None
    text = str(value) if isinstance(value, str | int) else ""
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise Invalid


def integer(value: object) -> int | None:
    """A whole number, also as decimal text; empty text is null, fractions are cut."""
    if value == "" or value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Invalid
    if isinstance(value, str) and not re.fullmatch(r"\s*[+-]?\d+(_\d+)*\s*", value, re.ASCII):
        raise Invalid
    try:
        return int(value)
    except (ValueError, OverflowError):
        raise Invalid from None


def number(value: object) -> float | None:
    """A number, also as text; empty text is null."""
    if value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Invalid
    try:
        return float(value)
    except ValueError:
        raise Invalid from None


def moment(value: object) -> str | None:
    """A date with or without a time, kept as the text that came."""
    if value == "":
        return None
    if not isinstance(value, str):
        raise Invalid
    try:
        datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        raise Invalid from None
    return value


def strings(value: object) -> list[str] | None:
    """A list of texts, also as one comma-separated text."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")] if value else []
    return listed_strings(value)


def listed_strings(value: object) -> list[str] | None:
    """A list of texts; nothing else."""
    if value == "":
        return None
    if not isinstance(value, list) or any(isinstance(item, list | dict) for item in value):
        raise Invalid
    return [string(item) for item in value]


def integers(value: object) -> list[int | None] | None:
    """A list of whole numbers, also as comma-separated text."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list):
        raise Invalid
    return [integer(item) for item in items]


def mapping(value: object) -> dict[str, Any] | None:
    """An object."""
    if value == "":
        return None
    if not isinstance(value, dict):
        raise Invalid
    return value


def anything(value: object) -> object:
    """Whatever came."""
    return value


Coercion = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Param:
    """One declared parameter.

    `choices`: allowed values (of list types: of the items); `refused`: values that are never allowed;
    `blank`: whether empty text and null may be sent; `items`: for a list of objects, what each object declares;
    `fields`: the same for one object; `between`: a closed range; `pattern`: what text must match as a whole.
    """

    name: str
    type: Coercion = string
    required: bool = False
    choices: Sequence[object] | None = None
    refused: Sequence[object] = ()
    default: object = MISSING
    blank: bool = True
    items: tuple[Param, ...] | None = None
    fields: tuple[Param, ...] = ()
    between: tuple[int, int] | None = None
    pattern: str | None = None


def required(name: str, type: Coercion = string, **more: Any) -> Param:
    """A parameter that must be sent."""
    return Param(name, type, required=True, **more)


def optional(name: str, type: Coercion = string, **more: Any) -> Param:
    """A parameter that may be sent."""
    return Param(name, type, **more)


def booleans(*names: str) -> tuple[Param, ...]:
    """Several optional truth values."""
    return tuple(Param(name, boolean) for name in names)


def validate(declared: Sequence[Param], sent: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The declared values among `sent`, coerced, and the texts of everything that does not fit."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for param in declared:
        _take(param, sent, values, problems, f"{param.name}")
    return values, problems


def _take(param: Param, sent: Mapping[str, Any], values: dict[str, Any], problems: list[str], label: str) -> None:
    if param.name not in sent:
        if param.required:
            problems.append(f"{label} is missing")
            if not param.blank:
                problems.append(f"{label} is empty")
            if param.choices is not None:
                problems.append(f"{label} does not have a valid value")
        elif param.default is not MISSING:
            values[param.name] = param.default
        return
    raw = sent[param.name]
    if param.items is not None:
        _take_objects(param, raw, values, problems, label)
        return
    try:
        value = None if raw is None else param.type(raw)
    except Invalid:
        problems.append(f"{label} is invalid")
        if not _is_allowed(param, raw):
            problems.append(f"{label} does not have a valid value")
        return
    if param.fields and isinstance(value, dict):
        value = _take_object(param.fields, value, problems, label)
    values[param.name] = value
    problems.extend(_unfit(param, value, label))


def _unfit(param: Param, value: object, label: str) -> list[str]:
    if not param.blank and _is_blank(value):
        problems = [f"{label} is empty"]
        return problems + ([f"{label} does not have a valid value"] if param.choices is not None else [])
    if value is None:
        wrong = param.required and param.choices is not None
        return [f"{label} does not have a valid value"] if wrong else []
    problems = [] if _is_allowed(param, value) else [f"{label} does not have a valid value"]
    if any(item in param.refused for item in _listed(value)):
        problems.append(f"{label} has a value not allowed")
    if param.pattern is not None and not re.fullmatch(param.pattern, str(value)):
        problems.append(f"{label} is invalid")
    return problems


def _is_allowed(param: Param, value: object) -> bool:
    """Whether a value is among the choices and within the range; asked of values of another type as well."""
    items = _listed(value)
    if param.choices is not None and any(item not in param.choices for item in items):
        return False
    low, high = param.between or (0, 0)
    return param.between is None or all(isinstance(item, int) and low <= item <= high for item in items)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _is_blank(value: object) -> bool:
    return value is None or value == [] or value == {} or (isinstance(value, str) and not value.strip())


def _take_objects(param: Param, raw: object, values: dict[str, Any], problems: list[str], label: str) -> None:
    assert param.items is not None
    if raw is None or raw == "":
        values[param.name] = None
        return
    if not isinstance(raw, list):
        problems.append(f"{label} is invalid")
        return
    values[param.name] = [
        {} if not param.required and _is_blank(item) else _take_object(param.items, item, problems, f"{label}[{place}]")
        for place, item in enumerate(raw)
    ]


def _take_object(declared: Sequence[Param], raw: object, problems: list[str], label: str) -> dict[str, Any]:
    """The declared members of an object. What is none lacks them all, and is not of their type either."""
    taken: dict[str, Any] = {}
    for part in declared:
        name = f"{label}[{part.name}]"
        if isinstance(raw, Mapping):
            _take(part, raw, taken, problems, name)
        elif part.required:
            problems += [f"{name} is missing", f"{name} is invalid"]
    return taken
