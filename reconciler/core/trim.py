"""Blanks around values: GitLab answers 500 for blanks around some URLs and tokens, so they never get that far. Pure."""

from __future__ import annotations

import re
from typing import Any

from reconciler.core.resource import Field, FieldType
from reconciler.core.value import Reference, Text

_NAMES = re.compile(r"(?:.*_)?(?:url|uri|webhook|dsn|token|hostname|server|channel|username|api_key)")


def trims(field: Field) -> bool:
    """Whether blanks around a field's value mean nothing."""
    return field.type is FieldType.STRING and bool(_NAMES.fullmatch(field.name))


def trimmed(value: Any) -> Any:
    """Text without the blanks around it, references kept; everything else as it is."""
    if isinstance(value, str):
        return value.strip()
    if not isinstance(value, Text) or not value.pieces or value.source == value.source.strip():
        return value
    first, last = value.pieces[0], value.pieces[-1]
    pieces: list[str | Reference] = list(value.pieces)
    if isinstance(last, str):
        pieces[-1] = last.rstrip()
    if isinstance(first, str):
        pieces[0] = str(pieces[0]).lstrip()
    return Text(tuple(piece for piece in pieces if piece != ""), value.source.strip())
