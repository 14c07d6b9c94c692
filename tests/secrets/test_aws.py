"""AWS Secrets Manager, against the stand-in: whole secrets, fields, and what can go wrong."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from reconciler.core.errors import ReconcilerError
from reconciler.sandbox.services.aws_secrets import handle
from reconciler.secrets.aws import AwsSecrets
from tests.secrets.serving import reference, served

pytest.importorskip("boto3", reason="the extra `aws` is not installed")

SECRETS: dict[str, Any] = {
    "plain": "s3cret",
    "shop": '{"token": "s3cret", "port": 8443, "tree": {"a": 1}, "none": null}',
    "binary": {"binary": "czNjcmV0"},
    "noise": {"binary": "//8="},
    "locked": {"fault": "AccessDeniedException"},
}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1"}


def _get(text: str, **environ: str) -> str | None:
    with served(handle, {"secrets": SECRETS}) as aws:
        return AwsSecrets({"AWS_ENDPOINT_URL": aws.url, **KEYS, **environ}).get(reference(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${aws-sm:plain}", "s3cret"),
        ("${aws-sm:shop#token}", "s3cret"),
        ("${aws-sm:shop#port}", "8443"),
        ("${aws-sm:shop#none}", None),
        ("${aws-sm:shop#nothing}", None),
        ("${aws-sm:nothing}", None),
        ("${aws-sm:nothing#x}", None),
        ("${aws-sm:binary}", "s3cret"),
    ],
)
def test_secrets_and_their_fields_are_read(text: str, value: str | None) -> None:
    assert _get(text) == value


def test_each_secret_is_read_once_and_an_arn_says_its_region() -> None:
    with served(handle, {"secrets": SECRETS}) as aws:
        secrets = AwsSecrets({"AWS_ENDPOINT_URL": aws.url, **KEYS})
        for _ in range(3):
            secrets.get(reference("${aws-sm:shop#token}"))
        secrets.get(reference("${aws-sm:arn:aws:secretsmanager:us-east-2:123456789012:secret:shop-AbCdEf#token}"))

        assert len(aws.asked) == 2
        assert "/us-east-2/secretsmanager/" in aws.asked[1][2]["authorization"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${aws-sm:plain#token}", "the secret `plain` is no JSON object"),
        ("${aws-sm:shop#tree}", "the field `tree` of `shop` is no text"),
        ("${aws-sm:noise}", "the secret `noise` is no text"),
        ("${aws-sm:locked}", "AWS refuses `locked`: AccessDeniedException"),
    ],
)
def test_what_goes_wrong_is_said_with_a_way_out(text: str, says: str) -> None:
    with pytest.raises(ReconcilerError) as caught:
        _get(text)

    assert says in caught.value.message
    assert caught.value.hint


def test_an_unreachable_address_is_said() -> None:
    with pytest.raises(ReconcilerError, match="AWS cannot be asked: EndpointConnectionError"):
        _get("${aws-sm:plain}", AWS_ENDPOINT_URL="http://127.0.0.1:1")


def test_the_library_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(ReconcilerError) as caught:
        _get("${aws-sm:plain}")

    assert "reconciler[aws]" in caught.value.hint


@pytest.mark.parametrize("environ", [{"AWS_REGION": ""}, {"AWS_ENDPOINT_URL": "nowhere"}])
def test_without_a_region_or_with_a_wrong_address_nothing_is_asked(environ: dict[str, str]) -> None:
    with pytest.raises(ReconcilerError, match="AWS cannot be asked") as caught:
        _get("${aws-sm:plain}", **environ)

    assert "AWS_REGION" in caught.value.hint
