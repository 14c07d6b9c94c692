"""The plan as JSON: the file of `plan --out` and the output of `plan -o json`, one format for both. No secrets."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reconciler.core.address import key_of
from reconciler.core.errors import InputError, Problem
from reconciler.core.graph import waves
from reconciler.core.plan import FORMAT_VERSION, Plan, Step
from reconciler.core.value import plain


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """The plan as JSON data, `format_version` first. Empty members are left out."""
    return {"format_version": FORMAT_VERSION, **_written(plan)}


def plan_to_bytes(plan: Plan) -> bytes:
    """The plan as it is stored."""
    return (json.dumps(plan_to_dict(plan), indent=1, ensure_ascii=False) + "\n").encode()


def plan_from_bytes(body: bytes, where: str) -> Plan:
    """The plan that a file holds; raises `InputError` saying what is wrong with it."""
    try:
        document = json.loads(body)
        if not isinstance(document, dict):
            raise TypeError("it is no JSON object")
        version = document.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise TypeError(f"its format is {version!r}, this reconciler reads {FORMAT_VERSION}")
        json.dumps(document, ensure_ascii=False).encode()  # half a character can be read, and never written
        plan: Plan = _tidy(_adapter(Plan).validate_python(document))
        _check_steps(plan)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in detail["loc"])
        raise InputError([Problem(f"{where} is not a plan", f"{place}: {detail['msg']}")]) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError([Problem(f"{where} is not a plan", str(error), "make one with `plan --out`")]) from error
    return plan


def step_to_dict(step: Step) -> dict[str, Any]:
    """A step as JSON data, for the journal."""
    return _written(step)


def step_from_dict(data: Mapping[str, Any]) -> Step:
    """A step from JSON data; raises ValueError when it is none."""
    step: Step = _tidy(_adapter(Step).validate_python(dict(data)))
    return step


def _check_steps(plan: Plan) -> None:
    """Raise ValueError for steps that could never be carried out: one that stands twice, or that waits for itself."""
    needs: dict[str, list[str]] = {}
    for step in plan.steps:
        key = key_of(step.address)
        if key in needs:
            raise ValueError(f"the step `{step.address[:100]}` stands twice")
        needs[key] = [key_of(need) for need in step.needs]
    waves(needs)


@lru_cache(maxsize=2)
def _adapter(type_: type[Any]) -> TypeAdapter[Any]:
    """What reads values of a type, made once: it costs more than a hundred steps."""
    return TypeAdapter(type_)


def _written(value: Any) -> dict[str, Any] | Any:
    """Dataclasses as objects without their empty members, enums as their text, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {}
        for field in dataclasses.fields(value):
            item = getattr(value, field.name)
            if not _is_default(field, item):
                found[field.name] = _written(item)
        return found
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return value


def _is_default(field: dataclasses.Field[Any], item: Any) -> bool:
    if field.default is dataclasses.MISSING:
        return False
    return bool(item == field.default)


def _tidy(value: Any) -> Any:
    """Lists inside plain data back to tuples, as frozen values hold them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {f.name: _tidy(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(_tidy(item) for item in value)
    if isinstance(value, Mapping):
        return {key: _tidy(item) for key, item in value.items()}
    return plain(value) if isinstance(value, list) else value
