"""A tree against a pydantic model: an instance, or problems at their places.

For the parts of files that have a fixed form (settings, targets, templates, lifecycle). What entries state is `spec`.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from reconciler.core.source import Findings, closest, said
from reconciler.core.yamltree import Node


class Form(BaseModel):
    """A part of a file with a fixed form: strict, closed, frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


M = TypeVar("M", bound=BaseModel)


def data_of(node: Node) -> Any:
    """A tree as plain data, lists as tuples."""
    value = node.value
    if isinstance(value, dict):
        return {key: data_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(data_of(item) for item in value)
    return value


def fit(model: type[M], node: Node, findings: Findings, what: str) -> M | None:
    """An instance of the model, or None and everything that is wrong in `findings`. `what` names the part."""
    if not isinstance(node.value, dict):
        hint = "its keys are " + ", ".join(f"`{name}`" for name in _names(model))
        findings.add("a value of the wrong type", f"{what} must be a mapping, not {said(node.value)}", hint, at=node.at)
        return None
    try:
        return model.model_validate(data_of(node))
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            _explain(item, model, node, findings, what)
        return None


# ---------------------------------------------------------------------------------------------------------------------

_WANTED: Mapping[str, tuple[str, str]] = {
    "bool_type": ("`true` or `false`", "write it without quotes"),
    "string_type": ("text", "put it in quotes"),
    "int_type": ("a whole number", "write it without quotes"),
    "int_from_float": ("a whole number", "write it without a fraction"),
    "float_type": ("a number", "write it without quotes"),
    "tuple_type": ("a list", "write `[one, two]`"),
    "dict_type": ("a mapping", "write `key: value` lines under it"),
    "model_type": ("a mapping", "write `key: value` lines under it"),
}


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _explain(item: ErrorDetails, model: type[BaseModel], root: Node, findings: Findings, what: str) -> None:
    location = item["loc"]
    node, on_key = _find(root, location)
    harmless = location[-1] != "token" and "vars" not in location
    name = f"`{'.'.join(str(part) for part in location)}`"
    match item["type"]:
        case "extra_forbidden":
            names = _names(_model_at(model, location[:-1]))
            hint = closest(str(location[-1]), names) or "keys are " + ", ".join(f"`{n}`" for n in names)
            findings.add("an unknown key", f"{what} has no {name}", hint, at=node.key_at)
        case "missing":
            findings.add("a required key is missing", f"{what} needs {name}", f"add `{location[-1]}`", at=node.key_at)
        case "literal_error":
            expected = str(item.get("ctx", {}).get("expected", "")).replace("'", "`").replace(" or ", ", ")
            detail = f"{name} cannot be {f'`{node.value[:60]}`' if isinstance(node.value, str) else said(node.value)}"
            findings.add("not one of the choices", detail, f"choices are {expected}", at=node.at, harmless=True)
        case kind if kind in _WANTED:
            wanted, hint = _WANTED[kind]
            detail = f"{name} must be {wanted}, not {said(node.value)}"
            findings.add(
                "a value of the wrong type", detail, hint, at=node.key_at if on_key else node.at, harmless=harmless
            )
        case "value_error":
            cause = item.get("ctx", {}).get("error")
            findings.add("a value that cannot be", f"{name}: {cause}", at=node.at)
        case _:
            message = item["msg"]
            findings.add("a value that cannot be", f"{name}: {message[:1].lower()}{message[1:]}", at=node.at)


def _find(root: Node, location: tuple[int | str, ...]) -> tuple[Node, bool]:
    """The node of an error, or the nearest one above it; and whether it has no value of its own to point at."""
    node = root
    for part in location:
        children = dict(enumerate(node.value)) if isinstance(node.value, list) else node.value
        if not isinstance(children, dict) or part not in children:
            return node, True
        node = children[part]
    return node, node.value is None


def _model_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that stands at a place within another one."""
    for part in location:
        field = next((f for n, f in model.model_fields.items() if (f.alias or n) == part), None)
        if field is None:
            continue
        inner = [field.annotation, *get_args(field.annotation)]
        model = next((a for a in inner if isinstance(a, type) and issubclass(a, BaseModel)), model)
    return model
