"""References to AWS Secrets Manager: `${aws-sm:id}` for the whole secret, `${aws-sm:id#field}` for a field of its JSON.

Region and credentials come from where boto3 takes them: `AWS_REGION`, keys, profiles, web identity (GitLab's
`id_tokens`), instance roles; `AWS_ENDPOINT_URL` for another address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import Lock
from typing import Any

from reconciler.core.errors import ReconcilerError
from reconciler.core.value import Reference

TIMEOUT = 15


class AwsSecrets:
    """Answers from Secrets Manager; each secret is read once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._lock = Lock()
        self._clients: dict[str, Any] = {}
        self._secrets: dict[str, str | None] = {}

    def get(self, reference: Reference) -> str | None:
        """The secret's text or one field of it; None when there is no such secret or field."""
        name, _, field = reference.name.partition("#")
        with self._lock:
            if name not in self._secrets:
                self._secrets[name] = self._read(name)
            text = self._secrets[name]
        if text is None or not field:
            return text
        try:
            fields = json.loads(text)
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            hint = "refer to it without `#`"
            raise ReconcilerError(f"the secret `{name}` is no JSON object and has no fields", hint=hint)
        value = fields.get(field)
        if isinstance(value, dict | list):
            raise ReconcilerError(
                f"the field `{field}` of `{name}` is no text", hint="refer to a field that holds text"
            )
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def _read(self, name: str) -> str | None:
        client = self._client(_region_of(name) or self._environ.get("AWS_REGION") or "")
        import botocore.exceptions

        try:
            answer = client.get_secret_value(SecretId=name)
        except botocore.exceptions.ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code == "ResourceNotFoundException":
                return None
            hint = "check that the role may call secretsmanager:GetSecretValue"
            raise ReconcilerError(f"AWS refuses `{name}`: {code}", hint=hint) from error
        except botocore.exceptions.BotoCoreError as error:
            hint = "check the region, the credentials and the network"
            raise ReconcilerError(f"AWS cannot be asked: {type(error).__name__}", hint=hint) from error
        text = answer.get("SecretString")
        if text is not None:
            return str(text)
        try:
            return bytes(answer.get("SecretBinary", b"")).decode("utf-8")
        except UnicodeDecodeError:
            raise ReconcilerError(f"the secret `{name}` is no text", hint="store it as text") from None

    def _client(self, region: str) -> Any:
        if region not in self._clients:
            self._clients[region] = self._open(region)
        return self._clients[region]

    def _open(self, region: str) -> Any:
        try:
            import boto3
            import botocore.config
            import botocore.exceptions
        except ImportError as error:
            raise ReconcilerError("AWS's library is not installed", hint="install `reconciler[aws]`") from error
        own = self._environ
        config = botocore.config.Config(
            connect_timeout=TIMEOUT, read_timeout=TIMEOUT, retries={"total_max_attempts": 3, "mode": "standard"}
        )
        try:
            return boto3.session.Session().client(
                "secretsmanager",
                region_name=region or own.get("AWS_DEFAULT_REGION") or None,
                endpoint_url=own.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") or own.get("AWS_ENDPOINT_URL") or None,
                aws_access_key_id=own.get("AWS_ACCESS_KEY_ID") or None,
                aws_secret_access_key=own.get("AWS_SECRET_ACCESS_KEY") or None,
                aws_session_token=own.get("AWS_SESSION_TOKEN") or None,
                config=config,
            )
        except (botocore.exceptions.BotoCoreError, ValueError) as error:
            hint = "set AWS_REGION and the credentials"
            raise ReconcilerError(f"AWS cannot be asked: {type(error).__name__}", hint=hint) from error


def _region_of(name: str) -> str:
    """The region that an ARN names; empty for a plain name."""
    parts = name.split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else ""
