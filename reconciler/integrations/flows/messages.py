"""What messages to chats have in common: parameters, limits, and posting once.

Pure. A message whose fate is unknown is never posted again: no chat has a key by which a second one would be noticed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.core.errors import ReconcilerError, RemoteError
from reconciler.core.resource import Field, FieldType
from reconciler.core.value import Value

TEXT = Field("text", FieldType.STRING, "What is said.", example="Deployed v1.2.3")
USERNAME = Field("username", FieldType.STRING, "Name that the message appears under, where the service allows it.")


def structure(parameters: Mapping[str, Value], name: str, *, of: type[list[Any]] | type[dict[str, Any]]) -> Any:
    """A parameter that is a JSON array or object: as it is, or as text. None where it is not given.

    Raises `ReconcilerError` for anything else.
    """
    value = parameters.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else None
        except ValueError:
            raise ReconcilerError(f"`{name}` is no JSON", hint="write it as JSON, in quotes") from None
    if value is None:
        return None
    form, shape = ("list", (list, tuple)) if of is list else ("mapping", (Mapping,))
    if not isinstance(value, shape):
        raise ReconcilerError(f"`{name}` is no {form}", hint=f"write a JSON {'array' if of is list else 'object'}")
    return value


def choose(*given: object) -> None:
    """At least one of what makes a message; raises `ReconcilerError` where there is nothing to say."""
    if not any(given):
        raise ReconcilerError("the message is empty", hint="state `text`")


def answered_by_another(service: str) -> RemoteError:
    """The error of a post whose answer is not what the service answers."""
    return RemoteError(f"could not post the message: something other than {service} answers at the address")


def within(limit: int, value: object, what: str) -> None:
    """A text (in characters) or a list (in entries) within a service's limit; raises `ReconcilerError`."""
    size = len(value) if isinstance(value, str | list | tuple) else 0
    if size > limit:
        unit = "characters" if isinstance(value, str) else "entries"
        raise ReconcilerError(f"{what} has {size} {unit}; {limit} are allowed", hint="shorten it")


def lines(parts: Iterable[object]) -> str:
    """The parts that say something, one below the other."""
    return "\n".join(str(part) for part in parts if part)


def without_nothing(**fields: Any) -> dict[str, Any]:
    """The fields that are stated."""
    return {name: value for name, value in fields.items() if value not in (None, "", (), [], {})}
