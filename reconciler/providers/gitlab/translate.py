"""Between manifest names and GitLab's: bodies of writes from values, and values from answers, by a shape's table.

Pure. What comes from GitLab is brought into the one form in which sides are compared (`core.normal`); what goes there
is trimmed, never null for a boolean, and complete for event sets. Sources:
https://docs.gitlab.com/api/project_integrations/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.core.normal import is_secret_map, normal
from reconciler.core.resource import INHERIT, Field, FieldType, Primitive, Shape
from reconciler.core.value import Plain, Secret, Value

Raw = Mapping[str, Any]
"""An object as GitLab's JSON shows it."""

EVENTS = "events"
UNTRIMMED = frozenset({"value", "custom_webhook_template", "description"})
"""GitLab's names of texts that are sent exactly as they are."""


def to_wire(shape: Shape, names: Iterable[str], values: Mapping[str, Value]) -> dict[str, Value]:
    """The body of a write: the named fields under GitLab's names. Secrets stay secrets; the sender reveals them.

    The set of events goes first and single flags over it, so that a flag stated under its own name wins.
    """
    wanted = set(names)
    body: dict[str, Value] = {}
    if EVENTS in wanted and shape.events:
        chosen = set(values.get(EVENTS) or ())
        body.update({flag: event in chosen for event, flag in sorted(shape.events.items())})
    for field in shape.fields:
        sendable = not field.ours and not field.unstorable and field.name != INHERIT.name
        if field.name in wanted and sendable and field.type is not FieldType.EVENTS:
            body[field.at_gitlab] = _sent(shape, field, values.get(field.name))
    return body


def from_wire(shape: Shape, raw: Raw) -> dict[str, Plain]:
    """The readable fields of an answer by manifest name, in the form in which sides are compared.

    Fields that this sort of answer does not show (an integration's `properties` in a list) are left out.
    """
    nested = raw.get("properties") if shape.primitive is Primitive.INTEGRATION else raw
    fields: dict[str, Plain] = {}
    for field in shape.fields:
        source = raw if field.top_level else nested
        if field.type is FieldType.EVENTS:
            if any(flag in raw for flag in shape.events.values()):
                fields[field.name] = tuple(sorted(event for event, flag in shape.events.items() if raw.get(flag)))
        elif isinstance(source, Mapping) and _is_shown(shape, field, source):
            fields[field.name] = normal(field, _read(field, source.get(field.at_gitlab)))
    return fields


def shows_more(shape: Shape | None, raw: Raw) -> bool:
    """Whether the object has readable fields that this answer does not show.

    For these the record speaks: the list of integrations has no `properties`, that of project hooks neither headers nor
    URL variables, and an older GitLab never shows an application's scopes.
    """
    if shape is None:
        return True
    if shape.primitive is Primitive.INTEGRATION:
        hidden = (f for f in shape.fields if f.readable and not (f.top_level or f.ours or f.secret))
        return "properties" not in raw and any(hidden)
    watched = (f for f in shape.fields if is_secret_map(f) or f.type is FieldType.STRINGS)
    return any(f.at_gitlab not in raw for f in watched)


# ---------------------------------------------------------------------------------------------------------------------


def _is_shown(shape: Shape, field: Field, source: Raw) -> bool:
    if field.ours or field.name == INHERIT.name:
        return False
    if is_secret_map(field):
        return field.at_gitlab in source
    if field.secret or not field.readable:
        return False
    # An older GitLab leaves out of `properties` what was never stored: missing is null there.
    return field.at_gitlab in source or (shape.primitive is Primitive.INTEGRATION and not field.top_level)


def _read(field: Field, value: Any) -> Any:
    match field.type:
        case FieldType.BOOLEAN if isinstance(value, str):
            return value.strip().lower() in ("true", "1", "t", "yes", "on")
        case FieldType.INTEGER if isinstance(value, str):
            return int(value) if value.strip().lstrip("-").isdigit() else None
        case FieldType.STRINGS if isinstance(value, str):
            return value.split()
        case _:
            return value


def _sent(shape: Shape, field: Field, value: Value) -> Value:
    match field.type:
        case FieldType.BOOLEAN:
            return bool(field.default) if value is None else value
        case FieldType.STRINGS:
            texts = sorted(str(item) for item in value or ())
            return " ".join(texts) if shape.primitive is Primitive.APPLICATION else texts
        case FieldType.MAP:
            entries = value.items() if isinstance(value, Mapping) else ()
            return [{"key": str(key), "value": item} for key, item in sorted(entries)]
        case FieldType.INTEGER:
            return value
        case _:
            return _text(field, value)


def _text(field: Field, value: Value) -> Value:
    if value is None or value == "":
        return "" if field.required else None
    trimmed = field.at_gitlab not in UNTRIMMED
    if isinstance(value, Secret):
        if not (trimmed and value.known):
            return value
        text = value.reveal().strip()
        return value if "\n" in text else Secret(text, value.reference)
    return str(value).strip() if trimmed else value
