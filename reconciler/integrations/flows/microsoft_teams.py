"""Microsoft Teams: whether a webhook lives, and posting a card to it; old connectors and Workflows.

Pure. A connector that gets an empty text refuses it and posts nothing. A Workflows address can only be tried by
starting its flow, which then fails and stays in its history: that is done only where the entry says `verify_workflow`.
Success has no one form: a connector says `1`, and names throttling in a 200; Workflows says 202 and nothing more.
Source: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.core.errors import ReconcilerError, RemoteError
from reconciler.core.flow import Failure, Flow, Request, Response
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.asking import ask, look, taken, unclear
from reconciler.integrations.flows.messages import TEXT, answered_by_another, choose, structure
from reconciler.integrations.flows.values import host_of, need_secret, path_of, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    FAILING,
    GONE,
    MISLEADING,
    SETTINGS,
    THROTTLED,
    Sign,
    judge,
    unknown,
)

_NAME = "Teams"
SIZE_LIMIT = 28 * 1024
CARD = "application/vnd.microsoft.card.adaptive"
_CONNECTOR_HOSTS = (".webhook.office.com", "outlook.office.com", "outlook.office365.com")
_CONNECTOR_PATH = "/incomingwebhook/"
_ENDPOINT_429, _ENDPOINT_413, _ENDPOINT_ERROR = "http error 429", "http error 413", "endpoint returned http error"

_CONNECTOR = (
    Sign((400,), ("text is required",), Health.HEALTHY, "Teams knows the webhook"),
    Sign((200,), (_ENDPOINT_429,), Health.UNKNOWN, "Teams refuses for now: too many requests", THROTTLED),
    Sign((200,), (_ENDPOINT_ERROR,), Health.UNKNOWN, "Teams has trouble of its own", FAILING),
    Sign((404, 410), (), Health.UNHEALTHY, "Teams has removed the connector", GONE),
    Sign((400, 403), ("invalid webhook",), Health.UNHEALTHY, "Teams does not know the connector's address", CREDENTIAL),
    Sign((), ("connector", "removed"), Health.UNHEALTHY, "Teams has removed the connector", GONE),
    Sign((200, 201, 202, 204), (), Health.UNHEALTHY, "something other than Teams answers", MISLEADING),
)
_WORKFLOW = (
    Sign((202,), (), Health.HEALTHY, "the workflow starts; whether it posts cannot be seen from here"),
    Sign((401, 403), (), Health.UNHEALTHY, "the workflow does not accept the address's signature", CREDENTIAL),
    Sign(
        (400,), ("missingapiversion",), Health.UNHEALTHY, "the address is cut short: its query is missing", CREDENTIAL
    ),
    Sign((400, 404, 410), (), Health.UNHEALTHY, "the workflow is switched off or deleted", GONE),
    Sign((200, 201, 204), (), Health.UNHEALTHY, "something other than Teams answers", MISLEADING),
)
_WHY = {
    400: "it finds the message wrong, or the workflow is switched off",
    401: "it does not accept the address's signature",
    404: "the webhook was removed",
    410: "the connector was removed",
}


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether Teams knows the webhook; a workflow is asked only with `verify_workflow`."""
    url = need_secret(subject.values, "webhook_url")
    connector = host_of(url).endswith(_CONNECTOR_HOSTS) or _CONNECTOR_PATH in path_of(url)
    if not connector and not subject.values.get("verify_workflow"):
        return unknown("a workflow cannot be tried without a failed run in its history", SETTINGS)
    answer = yield from ask(look("POST", url, json={"text": ""}))
    return judge(_NAME, answer, _CONNECTOR if connector else _WORKFLOW)


def notify(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Post a card, which both sorts of webhooks take; `posted` is false where Teams only took it on.

    Raises `RemoteError`, `UnclearWrite`; `ReconcilerError` for what Teams would drop.
    """
    body = {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": _card(parameters)}]}
    size = len(json.dumps(body, ensure_ascii=False).encode())
    if size > SIZE_LIMIT:
        raise ReconcilerError(f"the message has {size} bytes; Teams takes {SIZE_LIMIT}", hint="shorten it")
    url = need_secret(subject.values, "webhook_url")
    answer = yield from ask(Request("POST", url, json=body, writes=True))
    if isinstance(answer, Failure) or not answer.ok:
        taken(_NAME, "post the message", answer, why=_WHY)
    assert isinstance(answer, Response)
    return {"posted": _posted(answer)}


ACTIONS = (
    Action(
        "notify",
        "Post a card",
        notify,
        (
            TEXT,
            Field("title", FieldType.STRING, "Heading of the card."),
            Field("link", FieldType.STRING, "Address behind a button on the card."),
            Field("card", FieldType.DATA, "A whole Adaptive Card, in place of `title` and `text`."),
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


def _posted(answer: Response) -> bool:
    text = answer.text.strip().lower()
    if text == "1":
        return True
    if _ENDPOINT_429 in text:
        raise RemoteError("could not post the message: Teams: too many requests", status=429)
    if _ENDPOINT_413 in text:
        raise RemoteError("could not post the message: Teams: the message is too large", status=413)
    if _ENDPOINT_ERROR in text:
        raise unclear("could not post the message: Teams has trouble of its own", answer.status)
    if answer.status == 202 or not text:
        return False
    raise answered_by_another(_NAME)


def _card(parameters: Mapping[str, Value]) -> Mapping[str, Any]:
    card: Mapping[str, Any] | None = structure(parameters, "card", of=dict)
    title, text, link = (text_of(parameters, name) for name in ("title", "text", "link"))
    if card is None:
        choose(title, text)
        blocks = [{"type": "TextBlock", "text": title, "weight": "Bolder", "size": "Medium", "wrap": True}]
        more = [{"type": "TextBlock", "text": text, "wrap": True}]
        card = {"body": [*(blocks if title else ()), *(more if text else ())]}
    if not card.get("body"):
        raise ReconcilerError("the card is empty", hint="state its `body`")
    if any(isinstance(one, Mapping) and one.get("type") == "Action.Submit" for one in card.get("actions") or ()):
        raise ReconcilerError("the card has an Action.Submit, which webhooks do not take", hint="use Action.OpenUrl")
    frame = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4"}
    open_ = {"actions": [{"type": "Action.OpenUrl", "title": "Open", "url": link}]} if link else {}
    return {**frame, "msteams": {"width": "Full"}, **open_, **card}
