"""Mattermost: whether a webhook lives, and posting to it.

Pure. The probe posts a text for a channel whose name cannot be one: the server looks for the hook first and for the
channel after, so a live hook misses the channel and nothing is posted. Without a text, live and dead hooks answer the
same. Messages are translated, so only the error's `id` is read. Source:
https://developers.mattermost.com/integrate/webhooks/incoming/
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.flow import Answer, Flow, Request
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.messages import (
    TEXT,
    USERNAME,
    answered_by_another,
    choose,
    structure,
    within,
    without_nothing,
)
from reconciler.integrations.flows.values import need_secret, text_of
from reconciler.integrations.flows.verdicts import GONE, MISLEADING, SETTINGS, Sign, judge

_NAME = "Mattermost"
TEXT_LIMIT = 16_383
_NO_CHANNEL = "no such/channel!"
_ERROR = "web.incoming_webhook."

_SIGNS = (
    Sign((404,), (f"{_ERROR}channel.app_error",), Health.HEALTHY, "Mattermost knows the webhook"),
    Sign((403,), ("channel_locked",), Health.HEALTHY, "Mattermost knows the webhook, which is kept to its channel"),
    Sign((), (f"{_ERROR}invalid.app_error",), Health.UNHEALTHY, "Mattermost does not know the webhook", GONE),
    Sign(
        (501,),
        (f"{_ERROR}disabled.app_error",),
        Health.UNHEALTHY,
        "incoming webhooks are switched off on the Mattermost server",
        SETTINGS,
    ),
    Sign((200, 201, 202, 204), (), Health.UNHEALTHY, "something other than Mattermost answers", MISLEADING),
    Sign((400, 404), (), Health.UNHEALTHY, "no Mattermost server answers at the address", MISLEADING),
)
_WHY = {
    f"{_ERROR}invalid.app_error": "it does not know the webhook",
    f"{_ERROR}disabled.app_error": "incoming webhooks are switched off",
    f"{_ERROR}channel.app_error": "it knows no such channel",
    f"{_ERROR}user.app_error": "it knows no such user",
    f"{_ERROR}channel_locked.app_error": "the webhook is kept to its channel",
    f"{_ERROR}text.app_error": "the message is empty",
    f"{_ERROR}parse.app_error": "it cannot read the message",
}


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether the server knows the webhook."""
    url = need_secret(subject.values, "webhook_url")
    body = {"text": "A health check; it is meant for no channel.", "channel": _NO_CHANNEL}
    return judge(_NAME, (yield from ask(look("POST", url, json=body))), _SIGNS)


def notify(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Post a message. Raises `RemoteError`, `UnclearWrite`; `ReconcilerError` for what the server would cut."""
    text = text_of(parameters, "text")
    attachments, props = structure(parameters, "attachments", of=list), structure(parameters, "props", of=dict)
    choose(text, attachments)
    within(TEXT_LIMIT, text, "`text`")
    body = without_nothing(
        text=text,
        attachments=attachments,
        props=props,
        channel=text_of(parameters, "channel").lstrip("#"),
        username=text_of(parameters, "username") or text_of(subject.values, "username"),
        icon_url=text_of(parameters, "icon_url"),
        priority=without_nothing(priority=text_of(parameters, "priority")),
    )
    url = need_secret(subject.values, "webhook_url")
    answer = yield from ask(Request("POST", url, json=body, writes=True))
    if taken(_NAME, "post the message", answer, said=_said(answer)).text.strip() != "ok":
        raise answered_by_another(_NAME)
    return {"posted": True}


ACTIONS = (
    Action(
        "notify",
        "Post a message",
        notify,
        (
            TEXT,
            Field("attachments", FieldType.DATA, "Message attachments."),
            Field("channel", FieldType.STRING, "Channel, in place of the webhook's own; or `@user`."),
            USERNAME,
            Field("icon_url", FieldType.STRING, "Picture beside the message, where the server allows it."),
            Field("priority", FieldType.STRING, "Priority of the message.", choices=("important", "urgent")),
            Field("props", FieldType.DATA, "Further properties, as a JSON object."),
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


def _said(answer: Answer) -> str:
    found = shown(answer).get("id")
    return _WHY.get(found, "") if isinstance(found, str) else ""
