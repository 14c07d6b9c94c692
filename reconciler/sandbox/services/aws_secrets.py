"""A stand-in for AWS Secrets Manager (`GetSecretValue`) and for the STS calls by which a job comes to its keys.

State: `secrets` {name: text, or {string, binary, versions {id: text}, stages {stage: text}, fault, region}};
`bad_credentials` lists access key ids and web identity tokens; `aws_fault` see `aws`.
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services import aws
from reconciler.sandbox.services.base import Call, Service, serve, table
from reconciler.sandbox.services.markup import element
from reconciler.sandbox.services.memory import State, digest, iso, mapping, number, uuid_of

_ACCOUNT = "123456789012"
_ROLE_SECONDS = 3600


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Secrets Manager or STS."""
    return serve(SERVICE, request, state, now)


def _dispatch(call: Call) -> Response:
    if "action" in {name.lower() for name in call.form}:
        return _STS.get(call.form.get("Action", ""), _unknown_action)(call)
    _, region = aws.signer(call)
    if call.header("x-amz-target") != "secretsmanager.GetSecretValue":
        return aws.fault("UnknownOperationException", "")
    asked = mapping(call.json(aws.fault("SerializationException", "")))
    if not isinstance(asked.get("SecretId"), str) or not asked["SecretId"]:
        return aws.fault("InvalidParameterException", "You must provide a SecretId.")
    return _secret_value(call, asked, region)


def _secret_value(call: Call, asked: State, region: str) -> Response:
    name, secret = _found(call, asked["SecretId"], region)
    if secret is None:
        return aws.fault("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    if secret.get("fault"):
        return aws.fault(secret["fault"], f"The secret cannot be read: {secret['fault']}")
    version, stage = asked.get("VersionId"), asked.get("VersionStage", "AWSCURRENT")
    text, binary = secret.get("string"), secret.get("binary")
    if version is not None:
        text = mapping(secret.get("versions")).get(version)
    elif stage != "AWSCURRENT":
        text = mapping(secret.get("stages")).get(stage)
    if text is None and (binary is None or version is not None or stage != "AWSCURRENT"):
        what = f"VersionId: {version}" if version else f"staging label: {stage}"
        message = f"Secrets Manager can't find the specified secret value for {what}"
        return aws.fault("ResourceNotFoundException", message)
    kind = {"SecretBinary": binary} if text is None else {"SecretString": text}
    shown = {"ARN": _arn(name, region), "Name": name, "VersionId": version or uuid_of("version", name), **kind}
    return aws.answer({**shown, "VersionStages": [stage], "CreatedDate": 1_700_000_000.0})


def _identity(call: Call) -> Response:
    aws.signer(call)
    result = {"Arn": [f"arn:aws:iam::{_ACCOUNT}:user/gitlab"], "UserId": ["AIDAEXAMPLE"], "Account": [_ACCOUNT]}
    return _xml("GetCallerIdentity", result)


def _assume_role(call: Call) -> Response:
    token, role = call.form.get("WebIdentityToken", ""), call.form.get("RoleArn", "")
    if not token or not role or call.is_bad(token, role):
        error = {"Code": ["InvalidIdentityToken"], "Message": ["The web identity token could not be validated"]}
        return Response(400, {"Content-Type": "text/xml"}, element("ErrorResponse", {"Error": error}).encode())
    seed = number(call.state, "session")
    keys = {
        "AccessKeyId": [f"ASIA{digest('key', seed)[:16].upper()}"],
        "SecretAccessKey": [digest("secret", seed)[:40]],
        "SessionToken": [digest("session", seed)],
        "Expiration": [iso(call.now + _ROLE_SECONDS)],
    }
    user = {"Arn": [f"{role}/{call.form.get('RoleSessionName', 'job')}"], "AssumedRoleId": ["AROAEXAMPLE:job"]}
    return _xml("AssumeRoleWithWebIdentity", {"Credentials": keys, "AssumedRoleUser": user})


def _unknown_action(_call: Call) -> Response:
    error = {"Code": ["InvalidAction"], "Message": ["Could not find operation"]}
    return Response(400, {"Content-Type": "text/xml"}, element("ErrorResponse", {"Error": error}).encode())


_STS = {"GetCallerIdentity": _identity, "AssumeRoleWithWebIdentity": _assume_role}

SERVICE = Service(routes=table(("POST", "/", _dispatch)), throttled=aws.throttled)


# ---------------------------------------------------------------------------------------------------------------------


def _arn(name: str, region: str) -> str:
    return f"arn:aws:secretsmanager:{region}:{_ACCOUNT}:secret:{name}-{digest('arn', name)[:6]}"


def _found(call: Call, wanted: str, region: str) -> tuple[str, State | None]:
    """A secret by name or ARN, with or without the six characters at the ARN's end."""
    for name, held in mapping(call.state.get("secrets")).items():
        secret = {"string": held} if isinstance(held, str) else mapping(held)
        is_there = secret.get("region", region) == region
        if is_there and wanted in (name, _arn(name, region), _arn(name, region)[:-7]):
            return name, secret
    return wanted, None


def _xml(action: str, result: State) -> Response:
    inner = {f"{action}Result": result, "ResponseMetadata": {"RequestId": [uuid_of("request")]}}
    return Response(200, {"Content-Type": "text/xml"}, element(f"{action}Response", inner).encode())
