"""What GitLab puts on a delivery, and whether a received one is GitLab's.

Pure. Source: facts, section 4; https://docs.gitlab.com/user/project/integrations/webhooks/#verify-the-source-of-webhook-requests
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from reconciler.core.value import Secret

TOLERANCE_SECONDS = 300.0
"""How old a signed delivery may be."""
_PREFIX = "whsec_"


def signature(signing_token: str, delivery: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` of a delivery; raises ValueError for what is no signing token."""
    try:
        key = base64.b64decode(signing_token.strip().removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("this is no signing token: `whsec_` and base64 are wanted") from None
    made = hmac.new(key, f"{delivery}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


def is_genuine(
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    secret_token: str | Secret | None = None,
    signing_token: str | Secret | None = None,
) -> bool:
    """Whether a received delivery carries the secrets that its webhook was given.

    `body` is what came, byte by byte; `now` is in epoch seconds: a signed delivery that is older than five minutes is
    not believed. Every secret that is given must be right; with none given nothing can be, and the answer is False.
    """
    named = {name.lower(): value for name, value in headers.items()}
    checks: list[bool] = []
    if token := _text(secret_token):
        checks.append(_same(named.get("x-gitlab-token", ""), token))
    if token := _text(signing_token):
        checks.append(_is_signed(named, body, now, token))
    return bool(checks) and all(checks)


def _is_signed(named: Mapping[str, str], body: bytes, now: float, token: str) -> bool:
    delivery, timestamp = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 13):
        return False
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    made = signature(token, delivery, int(timestamp), body)
    return any(_same(one, made) for one in named.get("webhook-signature", "").split())


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _text(secret: str | Secret | None) -> str:
    if isinstance(secret, Secret):
        return secret.reveal() if secret.known else ""
    return secret or ""
