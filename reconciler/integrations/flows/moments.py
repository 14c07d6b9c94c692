"""Moments as services write them (ISO 8601) and as epoch seconds.

Pure arithmetic; the standard library's calendars without its clocks.
"""

from __future__ import annotations

import re
from calendar import timegm
from email.utils import formatdate, parsedate

_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?", re.IGNORECASE
)
DAY = 86_400


def seconds_of(text: object) -> float | None:
    """Epoch seconds of a date or a moment (UTC where no zone is said); None where it is none."""
    found = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour <= 24 and minute < 60 and second <= 60 and year >= 1970):
        return None
    zone = (found[8] or "Z").upper()
    ahead = 0
    if zone[0] in "+-":
        ahead = (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60) * (1 if zone[0] == "+" else -1)
    return timegm((year, month, day, hour, minute, second)) + float(found[7] or 0) - ahead


def iso_of(seconds: float) -> str:
    """A moment as ISO 8601 in UTC, in whole seconds."""
    parts = parsedate(formatdate(seconds, usegmt=True))
    assert parts is not None
    return "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(*parts[:6])
