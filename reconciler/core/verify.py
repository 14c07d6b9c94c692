"""Whether a received webhook delivery is GitLab's: its token, its signature, its age. Pure.

Source: https://docs.gitlab.com/user/project/integrations/webhooks/#verify-the-source-of-webhook-requests
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

TOLERANCE = 300.0
"""How many seconds a signed delivery's time may be away from ours."""

_PREFIX = "whsec_"
_VERSION = "v1"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found: whether the delivery is genuine, and a sentence why not. It is true where it is genuine."""

    genuine: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.genuine


def verify(
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    secret_token: str | None = None,
    signing_token: str | None = None,
    tolerance: float = TOLERANCE,
) -> Verification:
    """Whether a delivery carries the secrets that its webhook was given.

    `body` is what came, byte by byte; `now` is in epoch seconds. Every secret that is given must be right, and at least
    one must be given. Secrets are compared in constant time. Raises `ValueError` for what is no signing token.
    """
    named = {name.lower(): value for name, value in headers.items()}
    if not secret_token and not signing_token:
        return Verification(False, "there is nothing to compare with: give `secret_token` or `signing_token`")
    if secret_token:
        given = named.get("x-gitlab-token")
        if given is None:
            return Verification(False, "it has no X-Gitlab-Token")
        if not _same(given, secret_token):
            return Verification(False, "its X-Gitlab-Token is another")
    return _signed(named, body, now, signing_token, tolerance) if signing_token else Verification(True)


def signature(signing_token: str, delivery: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` of a delivery (its `webhook-id`); raises `ValueError` for what is no signing token."""
    try:
        key = base64.b64decode(signing_token.strip().removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("this is no signing token: `whsec_` and base64 are wanted") from None
    if not key:
        raise ValueError("this is no signing token: it is empty")
    made = hmac.new(key, f"{delivery}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"{_VERSION},{base64.b64encode(made).decode()}"


# ---------------------------------------------------------------------------------------------------------------------


def _signed(named: Mapping[str, str], body: bytes, now: float, token: str, tolerance: float) -> Verification:
    lacking = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not named.get(name)]
    if lacking:
        return Verification(False, f"it has no {lacking[0]}")
    written = named["webhook-timestamp"]
    if not (written.isascii() and written.isdigit() and len(written) < 13):
        return Verification(False, "its webhook-timestamp is no time")
    made = signature(token, named["webhook-id"], int(written), body)
    if not any(_same(one, made) for one in named["webhook-signature"].split()):
        return Verification(False, "its signature does not fit: another key, or a changed body")
    age = now - int(written)
    if abs(age) > tolerance:
        said = f"{age:.0f} seconds old" if age > 0 else f"{-age:.0f} seconds ahead of this machine's clock"
        return Verification(False, f"it is {said}, {tolerance:.0f} are allowed")
    return Verification(True)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
