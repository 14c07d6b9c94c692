"""What the stand-ins for Amazon's services share: the JSON protocol's faults, and whose key signed a request.

Pure. Signatures are not checked: the access key's id is the credential. Switch in the state: `aws_fault` (the name of
a general fault for every call, such as "AccessDeniedException" or "ExpiredTokenException").
"""

from __future__ import annotations

import re

from reconciler.sandbox.message import Response
from reconciler.sandbox.services.base import Call, RefusalError
from reconciler.sandbox.services.memory import uuid_of

_SIGNED = re.compile(r"Credential=(?P<key>[^/,\s]+)/(?P<day>\d+)/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_TYPE = "application/x-amz-json-1.1"


def answer(value: object) -> Response:
    """A successful answer of the JSON protocol."""
    return Response.of_json(200, value, {"Content-Type": _TYPE, "x-amzn-RequestId": uuid_of("request")})


def fault(name: str, message: str, status: int = 400) -> Response:
    """A refusal of the JSON protocol."""
    headers = {"Content-Type": _TYPE, "x-amzn-ErrorType": name, "x-amzn-RequestId": uuid_of("request")}
    return Response.of_json(status, {"__type": name, "message": message, "Message": message}, headers)


def throttled(_call: Call) -> Response:
    """Throttling as the JSON protocol puts it."""
    return fault("ThrottlingException", "Rate exceeded")


def signer(call: Call) -> tuple[str, str]:
    """Access key id and region of the caller; ends the call with the fault that a bad or absent signature earns."""
    signed = _SIGNED.search(call.header("authorization"))
    if signed is None:
        raise RefusalError(fault("MissingAuthenticationTokenException", "Missing Authentication Token"))
    if call.is_bad(signed["key"]):
        raise RefusalError(
            fault("UnrecognizedClientException", "The security token included in the request is invalid.")
        )
    name = call.state.get("aws_fault")
    if name:
        raise RefusalError(fault(str(name), f"The request was refused: {name}"))
    return signed["key"], signed["region"]
