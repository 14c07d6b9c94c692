"""Posting to a webhook's receiver as GitLab would, without GitLab.

Pure. GitLab is not asked and logs nothing; the receiver sees GitLab's headers, the webhook's token, its own headers
and, with a signing token, a signature. Source: https://docs.gitlab.com/user/project/integrations/webhooks/
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from reconciler.core.errors import ReconcilerError
from reconciler.core.flow import Failure, Flow, Request
from reconciler.core.resource import Action, Field, FieldType, Subject
from reconciler.core.value import Plain, Secret, Value
from reconciler.core.verify import signature
from reconciler.integrations.flows.answers import mapping
from reconciler.integrations.flows.asking import ask
from reconciler.integrations.flows.messages import structure
from reconciler.integrations.flows.values import need, secret_of, text_of
from reconciler.integrations.flows.webhooks import LONGEST, events, resend, stats, test

_VARIABLE = re.compile(r"\{([A-Za-z0-9_.-]+)\}")
_NAMES = {"build": "job", "access_token": "resource_access_token"}
"""What payloads call some events."""


def trigger(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Post a payload to the webhook's address; `success` says whether the receiver took it."""
    payload = structure(parameters, "payload", of=dict)
    if payload is None:
        raise ReconcilerError("there is no payload", hint="state `payload` as a JSON object")
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    event = text_of(parameters, "event") or _event_of(payload)
    headers = _headers(subject, event, body)
    answer = yield from ask(Request("POST", _address(subject), headers, body=body, writes=True))
    if isinstance(answer, Failure):
        return {"success": False, "event": event, "detail": f"the receiver cannot be reached: {answer.summary}"}
    return {"success": answer.ok, "event": event, "status": answer.status, "milliseconds": answer.elapsed_ms}


_EVENT = Field("event", FieldType.STRING, "Event that is sent, as `events` calls it.", example="push")

ACTIONS = (
    Action("test", "Let GitLab send a sample to the receiver; five a minute", test, (_EVENT,)),
    Action(
        "events",
        "Show the last deliveries",
        events,
        (
            Field("limit", FieldType.INTEGER, f"How many, {LONGEST} at most.", default=20),
            Field("status", FieldType.STRING, "Only such: a code, `successful`, `client_failure`, `server_failure`."),
        ),
    ),
    Action("stats", "Count the deliveries of the last 7 days", stats),
    Action(
        "resend",
        "Let GitLab send a delivery again; five a minute",
        resend,
        (Field("event", FieldType.STRING, "Id of the delivery; the last that failed when not stated."),),
    ),
    Action(
        "trigger",
        "Post a payload to the receiver as GitLab would",
        trigger,
        (
            Field("payload", FieldType.DATA, "What is posted, as a JSON object.", required=True),
            Field("event", FieldType.STRING, "Event in the headers; what the payload says when not stated."),
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


def _address(subject: Subject) -> str | Secret:
    """The webhook's address with its variables filled in, which are secrets and make it one."""
    url, variables = need(subject.values, "url"), mapping(subject.values.get("url_variables"))
    names = _VARIABLE.findall(url)
    if not names:
        return url
    known = {name: secret_of(variables, name) for name in names}
    if missing := [name for name, secret in known.items() if secret is None]:
        raise ReconcilerError(f"the address needs `{missing[0]}`", hint="state it in `url_variables`")
    filled = _VARIABLE.sub(lambda match: known[match[1]].reveal(), url)  # type: ignore[union-attr]
    return Secret(filled, url)


def _headers(subject: Subject, event: str, body: bytes) -> dict[str, str | Secret]:
    delivery = _uuid(str(subject.now), subject.address, body)
    headers: dict[str, str | Secret] = {}
    for name in mapping(subject.values.get("custom_headers")):
        secret = secret_of(mapping(subject.values["custom_headers"]), str(name))
        headers[str(name)] = secret if secret is not None else ""
    headers |= {
        "Content-Type": "application/json",
        "User-Agent": "GitLab/reconciler",
        "X-Gitlab-Event": _title(subject, event),
        "X-Gitlab-Webhook-UUID": _uuid("webhook", subject.address, b""),
        "X-Gitlab-Event-UUID": delivery,
        "Idempotency-Key": delivery,
    }
    if (token := secret_of(subject.values, "secret_token")) is not None:
        headers["X-Gitlab-Token"] = token
    signing = secret_of(subject.values, "signing_token")
    if signing is not None and signing.known:
        try:
            signed = signature(signing.reveal(), delivery, int(subject.now), body)
        except ValueError as error:
            raise ReconcilerError(f"`signing_token`: {error}") from None
        stamped = {"webhook-id": delivery, "webhook-timestamp": str(int(subject.now)), "webhook-signature": signed}
        headers |= stamped
    return headers


def _event_of(payload: Mapping[str, object]) -> str:
    named = next((payload[key] for key in ("event_type", "object_kind", "event_name") if payload.get(key)), "push")
    return _NAMES.get(str(named), str(named))


def _title(subject: Subject, event: str) -> str:
    if subject.kind == "system_hook":
        return "System Hook"
    words = [word for word in re.split(r"[\s_]+", event) if word and word.isascii() and word.isalnum()]
    return " ".join([*(word.capitalize() for word in words), "Hook"])


def _uuid(*parts: str | bytes) -> str:
    """A UUID that depends on its parts: of one moment, one delivery."""
    joined = b"\0".join(part if isinstance(part, bytes) else part.encode() for part in parts)
    text = hashlib.sha256(joined).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"
