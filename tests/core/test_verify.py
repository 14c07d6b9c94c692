"""Receivers tell GitLab's deliveries from others."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.verify import signature, verify

NOW = 1_790_000_000.0
KEY = bytes(range(32))
SIGNING = "whsec_" + base64.b64encode(KEY).decode()
BODY = '{"object_kind":"pipeline","name":"Grüße"}'.encode()
RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "facts" / "webhook-deliveries.json"


def signed(**changed: str) -> dict[str, str]:
    """The headers of a delivery with token and signature, made by the standard library alone."""
    made = hmac.new(KEY, b"d-1." + str(int(NOW)).encode() + b"." + BODY, hashlib.sha256).digest()
    headers = {
        "X-Gitlab-Event": "Pipeline Hook",
        "X-Gitlab-Token": "hush",
        "webhook-id": "d-1",
        "webhook-timestamp": str(int(NOW)),
        "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }
    return {name: value for name, value in {**headers, **changed}.items() if value}


@pytest.mark.parametrize(
    ("headers", "secrets", "reason"),
    [
        (signed(), {"secret_token": "hush"}, ""),
        (signed(), {"signing_token": SIGNING}, ""),
        (signed(), {"secret_token": "hush", "signing_token": SIGNING}, ""),
        ({name.upper(): value for name, value in signed().items()}, {"signing_token": SIGNING}, ""),
        (signed(), {"signing_token": SIGNING.removeprefix("whsec_")}, ""),
        (signed(), {"secret_token": "Hush"}, "its X-Gitlab-Token is another"),
        (signed(), {"secret_token": "hüsh"}, "its X-Gitlab-Token is another"),
        (signed(**{"X-Gitlab-Token": ""}), {"secret_token": "hush"}, "it has no X-Gitlab-Token"),
        (signed(), {"secret_token": "other", "signing_token": SIGNING}, "its X-Gitlab-Token is another"),
        (signed(**{"webhook-id": ""}), {"signing_token": SIGNING}, "it has no webhook-id"),
        (signed(**{"webhook-signature": ""}), {"signing_token": SIGNING}, "it has no webhook-signature"),
        (signed(**{"webhook-timestamp": ""}), {"signing_token": SIGNING}, "it has no webhook-timestamp"),
        (signed(**{"webhook-timestamp": "soon"}), {"signing_token": SIGNING}, "its webhook-timestamp is no time"),
        (signed(**{"webhook-timestamp": "٣"}), {"signing_token": SIGNING}, "its webhook-timestamp is no time"),
        (signed(**{"webhook-timestamp": "1" * 13}), {"signing_token": SIGNING}, "its webhook-timestamp is no time"),
        (signed(**{"webhook-id": "d-2"}), {"signing_token": SIGNING}, "its signature does not fit"),
        (signed(**{"webhook-signature": "v2,AAAA"}), {"signing_token": SIGNING}, "its signature does not fit"),
        (signed(), {"secret_token": "", "signing_token": None}, "there is nothing to compare with"),
    ],
)
def test_a_delivery_is_genuine_when_every_given_secret_is_right(
    headers: dict[str, str], secrets: dict[str, Any], reason: str
) -> None:
    found = verify(headers, BODY, now=NOW, **secrets)

    assert (bool(found), found.genuine) == (not reason, not reason)
    assert found.reason.startswith(reason)


def test_a_changed_body_does_not_fit_its_signature() -> None:
    assert not verify(signed(), BODY + b" ", now=NOW, signing_token=SIGNING)


@pytest.mark.parametrize(("age", "genuine"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_a_signed_delivery_is_believed_for_five_minutes(age: float, genuine: bool) -> None:
    found = verify(signed(), BODY, now=NOW + age, signing_token=SIGNING)

    assert found.genuine is genuine
    assert genuine or ("old" in found.reason) is (age > 0)


def test_one_of_several_signatures_is_enough() -> None:
    both = f"v1,AAAA {signed()['webhook-signature']}"

    assert verify(signed(**{"webhook-signature": both}), BODY, now=NOW, signing_token=SIGNING)


@pytest.mark.parametrize("token", ["whsec_not base64!", "whsec_"])
def test_what_is_no_signing_token_is_said_aloud(token: str) -> None:
    with pytest.raises(ValueError, match="no signing token"):
        signature(token, "d-1", int(NOW), BODY)


def test_no_reason_tells_a_secret() -> None:
    found = [
        verify(signed(), BODY, now=NOW, secret_token="canary-1"),
        verify(signed(), BODY + b"x", now=NOW, signing_token=SIGNING),
    ]

    assert not any("canary-1" in one.reason or SIGNING in one.reason or "hush" in one.reason for one in found)


def test_deliveries_of_a_real_gitlab_are_genuine() -> None:
    if not RECORDED.exists():
        pytest.skip("the recorded deliveries (../shared/facts/webhook-deliveries.json) are not here")
    deliveries = [one["delivery"] for one in json.loads(RECORDED.read_text()) if one.get("delivery")]

    found = [verify(one["headers"], b"", now=NOW, secret_token="canary-hook-token") for one in deliveries]

    assert found
    assert all(found)
