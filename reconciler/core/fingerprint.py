"""Fingerprints of what a plan was made from, so that a saved plan notices when it moved. Without secrets."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from reconciler.core.live import ABSENT, Live
from reconciler.core.state import Record
from reconciler.core.value import Plain


def fingerprint(record: Record | None, live: Live) -> str:
    """One text for an object's record and its live side.

    Of the live side the identity and the owned readable fields count: an unrelated change of the same object does not
    move it.
    """
    owned = record.owned if record else None
    shown = {name: value for name, value in live.fields.items() if owned is None or name in owned}
    return f"{_digest(_record_part(record))}.{_digest([live.presence, live.item.id if live.item else None, shown])}"


def parts(text: str) -> tuple[str, str]:
    """The record's and the live object's part of a fingerprint."""
    recorded, _, seen = text.partition(".")
    return recorded, seen


def _record_part(record: Record | None) -> Plain:
    if record is None:
        return None
    return (record.address, str(record.id), record.fields, record.digests, record.condition)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


NOTHING_THERE = fingerprint(None, ABSENT)
"""The fingerprint of what is neither recorded nor live: that of every new object."""
