"""One form per value, so that two spellings of the same setting never look like a difference.

The rules are GitLab's (seen on 18.9): null, missing and empty text are one; blanks around text are trimmed; a null
boolean reads as false; some URLs lose their trailing slash; sets have no order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.core.resource import Field, FieldType
from reconciler.core.value import Plain, Secret, Text, plain


def normal(field: Field, value: Any) -> Plain:
    """A field's value in the form in which sides are compared and recorded.

    Of a map with secret values only the keys are compared here; the values have digests.
    """
    return _FORMS[field.type](field, value)


def is_secret_map(field: Field) -> bool:
    """Whether a field maps plain keys to secret values (custom headers, URL variables)."""
    return field.secret and field.type is FieldType.MAP


def carries_secret(value: Any) -> bool:
    """Whether a resolved or unresolved value holds text that must not be shown."""
    if isinstance(value, Secret | Text):
        return True
    return isinstance(value, Mapping) and any(carries_secret(item) for item in value.values())


def _set(_field: Field, value: Any) -> Plain:
    return tuple(sorted({str(item) for item in value or ()}))


def _map(field: Field, value: Any) -> Plain:
    if field.secret:
        return tuple(sorted([_key(item) for item in value or ()]))
    return {str(k): _text(v) for k, v in sorted((value or {}).items())}


def _string(field: Field, value: Any) -> Plain:
    text = _text(value)
    return text.rstrip("/") if text and field.slash else text


_FORMS: Mapping[FieldType, Callable[[Field, Any], Plain]] = {
    FieldType.BOOLEAN: lambda _, value: bool(value),
    FieldType.EVENTS: _set,
    FieldType.STRINGS: _set,
    FieldType.MAP: _map,
    FieldType.INTEGER: lambda _, value: value if value is None else int(value),
    FieldType.STRING: _string,
    FieldType.DATA: lambda _, value: plain(value),
}


def _text(value: Any) -> str | None:
    return None if value is None else str(value).strip() or None


def _key(item: Any) -> str:
    return str(item["key"]) if isinstance(item, Mapping) else str(item)
