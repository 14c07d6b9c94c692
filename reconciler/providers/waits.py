"""How long a refusal for rate lasts, in the several ways in which servers say it.

Pure: the time is handed in. GitLab says `Retry-After` and `RateLimit-Reset`; Datadog only `X-RateLimit-Reset`, in
seconds from now; Jira the same as a date, Azure as an epoch; Discord is more exact in the body than in the header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from reconciler.core.flow import Response

MARGIN = 0.1
"""Seconds waited beyond a reset, so that clocks a little apart do not cost a refusal."""
AGREE = 1.5
"""Seconds by which `Retry-After` (whole ones) and a finer word may differ and mean the same moment."""
_EPOCHS = 1e9
"""From here on a number is a moment and not a count of seconds."""


def asked_wait(response: Response, now: float) -> float | None:
    """Seconds that a 429 asks to be left alone; None where it does not say, or nothing that can be read."""
    headers = response.headers
    asked = retry_after(headers, now)
    finer = [_in_body(response), _with_margin(_until(headers.get("ratelimit-reset", ""), now))]
    for seconds in finer:
        if seconds is not None and (asked is None or abs(asked - seconds) <= AGREE + MARGIN):
            return seconds
    if asked is not None:
        return asked
    elsewhere = (_until(headers.get(name, ""), now) for name in ("x-ratelimit-reset-after", "x-ratelimit-reset"))
    return _with_margin(next((seconds for seconds in elsewhere if seconds is not None), None))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a `Retry-After` asks for (both of its forms), None when there is none that can be read."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None


# ---------------------------------------------------------------------------------------------------------------------


def _in_body(response: Response) -> float | None:
    data = response.data()
    said = data.get("retry_after") if isinstance(data, dict) else None
    return float(said) if isinstance(said, int | float) and not isinstance(said, bool) and 0 <= said < _EPOCHS else None


def _until(text: str, now: float) -> float | None:
    """Seconds until a reset that is written as seconds from now, as an epoch, or as a date."""
    text = text.strip()
    if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        number = float(text)
        return number if number < _EPOCHS else max(0.0, number - now)
    try:
        moment = datetime.fromisoformat(text)
        return max(0.0, moment.timestamp() - now) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _with_margin(seconds: float | None) -> float | None:
    return None if seconds is None else seconds + MARGIN
