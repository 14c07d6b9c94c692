"""The parameters of actions: what people give, checked against what an action takes and turned into its types.

Pure. A command line gives text, a program gives values; both end in the same form. `name.key` gives one item of a MAP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reconciler.core.errors import UsageError
from reconciler.core.resource import Action, Field, FieldType
from reconciler.core.source import closest, said
from reconciler.core.value import Secret, Value

_TRUTHS: Mapping[str, bool] = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_WANTED: Mapping[FieldType, str] = {
    FieldType.STRING: "text",
    FieldType.BOOLEAN: "true or false",
    FieldType.INTEGER: "a whole number",
    FieldType.STRINGS: "a list of texts",
    FieldType.EVENTS: "a list of texts",
    FieldType.MAP: "a JSON object, or given item by item as `{name}.KEY=VALUE`",
    FieldType.DATA: "JSON",
}


def typed(action: Action, given: Mapping[str, object]) -> dict[str, Value]:
    """The parameters of one call, with defaults; raises `UsageError` that says everything wrong with them."""
    fields = {field.name: field for field in action.parameters}
    wrong: list[tuple[str, str]] = []
    stated: dict[str, object] = {}
    for name, value in given.items():
        head, dot, key = name.partition(".")
        if name in fields:
            stated[name] = value
        elif dot and key and head in fields and fields[head].type is FieldType.MAP:
            before = stated.get(head)
            stated[head] = {**(before if isinstance(before, Mapping) else {}), key: value}
        else:
            wrong.append((f"`{action.name}` has no parameter `{name[:80]}`", _known(name, fields)))
    found: dict[str, Value] = {name: field.default for name, field in fields.items() if field.default is not None}
    for name, value in stated.items():
        if value is None:
            continue
        try:
            found[name] = _typed(fields[name], value)
        except ValueError as error:
            found[name] = value
            wrong.append((f"`{name}` {error}", fields[name].summary))
    missing = [name for name, field in fields.items() if field.required and found.get(name) in (None, "", (), {})]
    wrong += [(f"`{action.name}` needs `{name}`", fields[name].summary) for name in missing]
    if wrong:
        raise UsageError("; ".join(message for message, _ in wrong), hint=wrong[0][1])
    return found


# ---------------------------------------------------------------------------------------------------------------------


def _known(name: str, fields: Mapping[str, Field]) -> str:
    names = ", ".join(f"`{field}`" for field in fields)
    return closest(name, fields) or (f"it takes {names}" if names else "it takes none")


def _typed(field: Field, value: object) -> Value:
    """A value in its field's type; raises ValueError with what is wrong, without the value of a secret."""
    found = _of_type(field, value)
    if field.secret and isinstance(found, str):
        return Secret(found, f"[{field.name}]")
    if field.choices and not field.secret:
        items: Iterable[Any] = found if isinstance(found, tuple) else (found,)
        for item in items:
            if item not in field.choices:
                choices = ", ".join(f"`{choice}`" for choice in field.choices)
                raise ValueError(f"cannot be `{str(item)[:60]}`; choices are {choices}")
    return found


def _of_type(field: Field, value: object) -> Value:
    if isinstance(value, Secret):
        return value
    found = _READ[field.type](value)
    if found is None:
        given = said(list(value) if isinstance(value, tuple) else value)
        raise ValueError(f"must be {_WANTED[field.type].format(name=field.name)}, not {given}")
    return found


def _text(value: object) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _boolean(value: object) -> Value:
    return _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else value if isinstance(value, bool) else None


def _integer(value: object) -> Value:
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value.strip()) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _texts(value: object) -> Value:
    if isinstance(value, str):
        value = _json(value) if value.lstrip().startswith("[") else value.split(",")
        return tuple(str(item).strip() for item in value if str(item).strip())
    return tuple(str(item) for item in value) if isinstance(value, list | tuple | set | frozenset) else None


def _map(value: object) -> Value:
    if isinstance(value, str):
        value = _json(value) if value.lstrip().startswith("{") else None
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else None


def _data(value: object) -> Value:
    return _json(value) if isinstance(value, str) else value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None


_READ: Mapping[FieldType, Callable[[object], Value]] = {
    FieldType.STRING: _text,
    FieldType.BOOLEAN: _boolean,
    FieldType.INTEGER: _integer,
    FieldType.STRINGS: _texts,
    FieldType.EVENTS: _texts,
    FieldType.MAP: _map,
    FieldType.DATA: _data,
}
"""How a value is read for each type; None where it is none of that type."""
