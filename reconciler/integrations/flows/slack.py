"""Slack: whether a webhook lives, and posting to it.

Pure. The probe posts what is no JSON: Slack looks at the hook first and at the body after, so a live hook calls the
body invalid and a dead one names its own trouble; nothing is posted. Addresses of workflows are never asked: that would
start one. Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.errors import ReconcilerError
from reconciler.core.flow import Answer, Failure, Flow, Request, Response
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Value
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
from reconciler.integrations.flows.values import need_secret, path_of, secret_of, text_of
from reconciler.integrations.flows.verdicts import CREDENTIAL, GONE, MISLEADING, SETTINGS, Sign, judge, unhealthy

_NAME = "Slack"
TEXT_LIMIT, BLOCKS_LIMIT, ATTACHMENTS_LIMIT, BLOCK_TEXT_LIMIT = 40_000, 50, 100, 3000
_STARTERS = ("/workflows/", "/triggers/")

_ALIVE = ("invalid_payload", "no_text", "missing_text", "invalid_blocks")
_SIGNS = (
    Sign((), ("no_service", "no_active_hooks"), Health.UNHEALTHY, "Slack has removed or disabled the webhook", GONE),
    Sign((), ("no_team", "team_disabled"), Health.UNHEALTHY, "the webhook's Slack workspace is gone", GONE),
    Sign((), ("invalid_token",), Health.UNHEALTHY, "Slack does not accept the webhook's key", CREDENTIAL),
    Sign((), ("channel_is_archived",), Health.UNHEALTHY, "the webhook's channel is archived", SETTINGS),
    Sign((400, 500), _ALIVE, Health.HEALTHY, "Slack knows the webhook"),
    Sign((200, 201, 202, 204), (), Health.UNHEALTHY, "something other than Slack answers at the address", MISLEADING),
)
_WHY = (
    ("channel_not_found", "it knows no such channel, or the webhook may not choose one"),
    ("channel_is_archived", "the channel is archived"),
    ("no_service", "it has removed or disabled the webhook"),
    ("no_active_hooks", "it has removed or disabled the webhook"),
    ("invalid_token", "it does not accept the webhook's key"),
    ("invalid_blocks", "it finds the blocks wrong"),
    ("too_many_attachments", "there are too many attachments"),
    ("posting_to_general_channel_denied", "the webhook may not post to the general channel"),
    ("action_prohibited", "the workspace's administrator forbids it"),
    ("user_not_found", "it knows no such user"),
    ("no_team", "the workspace is gone"),
    ("team_disabled", "the workspace is gone"),
)


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether Slack knows the webhook; whether its channel takes messages cannot be told without one."""
    url = secret_of(subject.values, "webhook_url")
    if url is None or path_of(url).startswith(_STARTERS):
        return unhealthy("the address starts a workflow of Slack; it is no incoming webhook", SETTINGS)
    request = look("POST", url, headers={"Content-Type": "application/json"}, body=b"{health check")
    return judge(_NAME, (yield from ask(request)), _SIGNS)


def notify(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Post a message. Raises `RemoteError`, `UnclearWrite`; `ReconcilerError` for what Slack would refuse or cut."""
    url = need_secret(subject.values, "webhook_url")
    if path_of(url).startswith(_STARTERS):
        raise ReconcilerError("the address starts a workflow of Slack", hint="take an incoming webhook (/services/…)")
    body = _message(subject, parameters)
    answer = yield from ask(Request("POST", url, json=body, writes=True))
    if isinstance(answer, Failure) or answer.text.strip() != "ok":
        taken(_NAME, "post the message", _plain(answer), said=_said(answer))
        raise answered_by_another(_NAME)
    return {"posted": True}


ACTIONS = (
    Action(
        "notify",
        "Post a message",
        notify,
        (
            TEXT,
            Field("blocks", FieldType.DATA, "Blocks of Slack's Block Kit, up to 50."),
            Field("attachments", FieldType.DATA, "Attachments, up to 100."),
            Field("thread_ts", FieldType.STRING, "Message whose thread is answered."),
            Field("channel", FieldType.STRING, "Channel; only with `webhook_kind: legacy`."),
            USERNAME,
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


def _message(subject: Subject, parameters: Mapping[str, Value]) -> dict[str, object]:
    text = text_of(parameters, "text")
    blocks, attachments = (structure(parameters, name, of=list) for name in ("blocks", "attachments"))
    choose(text, blocks, attachments)
    within(TEXT_LIMIT, text, "`text`")
    within(BLOCKS_LIMIT, blocks, "`blocks`")
    within(ATTACHMENTS_LIMIT, attachments, "`attachments`")
    for block in blocks or ():
        inner = block.get("text") if isinstance(block, Mapping) else None
        within(BLOCK_TEXT_LIMIT, inner.get("text") if isinstance(inner, Mapping) else inner, "a block's text")
    return {
        **without_nothing(text=text, blocks=blocks, attachments=attachments),
        **without_nothing(thread_ts=text_of(parameters, "thread_ts")),
        **_overrides(subject, parameters),
    }


def _overrides(subject: Subject, parameters: Mapping[str, Value]) -> dict[str, object]:
    """Channel and name: webhooks of apps refuse or ignore them, so only those said to be legacy are sent them."""
    if text_of(subject.values, "webhook_kind", "app") == "legacy":
        return without_nothing(
            channel=text_of(parameters, "channel") or text_of(subject.values, "channel"),
            username=text_of(parameters, "username") or text_of(subject.values, "username"),
        )
    if text_of(parameters, "channel"):
        hint = "a webhook of an app posts to its own channel; for an older one state `webhook_kind: legacy`"
        raise ReconcilerError("`channel` cannot be chosen with this webhook", hint=hint)
    return {}


def _said(answer: Answer) -> str:
    text = answer.text if isinstance(answer, Response) else ""
    return next((reason for word, reason in _WHY if word in text), "")


def _plain(answer: Answer) -> Answer:
    """Slack calls its plain words `text/html`: without that, a page is told by its looks."""
    if isinstance(answer, Failure):
        return answer
    return Response(answer.status, {}, answer.body, answer.elapsed_ms, answer.url)
