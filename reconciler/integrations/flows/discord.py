"""Discord: whether webhooks live, and posting to them.

Pure. Reading a webhook shows its token, so nothing of that answer is told but the channel's ids. Vain requests get an
address banned, so each webhook is asked once and never again after a refusal. Source:
https://discord.com/developers/docs/resources/webhook
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.core.errors import ReconcilerError
from reconciler.core.flow import Answer, Flow, Request, Response
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Secret, Value
from reconciler.integrations.flows.answers import mapping, objects, shown
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
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    GONE,
    MISLEADING,
    Sign,
    degraded,
    healthy,
    judge,
    unhealthy,
)

_NAME = "Discord"
_AGENT = {"User-Agent": "DiscordBot (reconciler, 1)"}
"""The form in which Discord wants callers to name themselves; others may be turned away at its edge."""

CONTENT_LIMIT, EMBEDS_LIMIT, EMBEDS_TEXT_LIMIT = 2000, 10, 6000
_EMBED_LIMITS = {"title": 256, "description": 4096}
_FIELDS_LIMIT, _FIELD_LIMITS = 25, {"name": 256, "value": 1024}
_INNER_LIMITS = (("footer", "text", 2048), ("author", "name", 256))

_UNKNOWN, _WRONG_TOKEN, _EDGE, _NO_THREAD = 10015, 50027, 40333, 220001
_SIGNS = (
    Sign((404,), (str(_UNKNOWN),), Health.UNHEALTHY, "the webhook was deleted in Discord", GONE),
    Sign((401,), (str(_WRONG_TOKEN),), Health.UNHEALTHY, "Discord does not accept the webhook's token", CREDENTIAL),
    Sign((403,), (str(_EDGE),), Health.UNKNOWN, "Discord's edge turns the request away", MISLEADING),
    Sign((200, 201, 202, 204), (), Health.UNHEALTHY, "something other than Discord answers", MISLEADING),
)
_WHY = {
    _UNKNOWN: "the webhook was deleted",
    _WRONG_TOKEN: "it does not accept the webhook's token",
    _NO_THREAD: "the channel is a forum: state `thread_id` or `thread_name`",
    50006: "the message is empty",
    50035: "it finds a value wrong",
    50109: "it cannot read the message",
}


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether Discord knows the webhook, and those that events have of their own."""
    main = need_secret(subject.values, "webhook_url")
    answer = yield from ask(look("GET", main, headers=_AGENT))
    verdict = _judged(answer)
    if verdict.status is not Health.HEALTHY:
        return verdict
    broken: list[str] = []
    asked = {main}
    for name, url in _of_events(subject.values):
        if url in asked:
            continue
        asked.add(url)
        if _judged((yield from ask(look("GET", url, headers=_AGENT)))).status is Health.UNHEALTHY:
            broken.append(name)
    if broken:
        names = ", ".join(f"`{name}`" for name in broken)
        return degraded(f"Discord knows the webhook, but not that of {names}", GONE, broken=tuple(broken))
    return verdict


def notify(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Post a message; nobody is pinged unless `allowed_mentions` says so.

    Raises `RemoteError`, `UnclearWrite`; `ReconcilerError` for what Discord would refuse.
    """
    content = text_of(parameters, "text")
    embeds = structure(parameters, "embeds", of=list)
    choose(content, embeds)
    within(CONTENT_LIMIT, content, "`text`")
    _check(embeds or ())
    username = text_of(parameters, "username") or text_of(subject.values, "username")
    if any(word in username.lower() for word in ("clyde", "discord")):
        raise ReconcilerError("`username` may hold neither `clyde` nor `discord`", hint="choose another name")
    body = without_nothing(
        content=content,
        embeds=embeds,
        username=username,
        avatar_url=text_of(parameters, "avatar_url"),
        thread_name=text_of(parameters, "thread_name"),
    )
    mentions = structure(parameters, "allowed_mentions", of=dict)
    body["allowed_mentions"] = {"parse": []} if mentions is None else mentions
    query = {"wait": "true", **without_nothing(thread_id=text_of(parameters, "thread_id"))}
    url = need_secret(subject.values, "webhook_url")
    answer = yield from ask(Request("POST", url, _AGENT, query, body, writes=True))
    made = mapping(taken(_NAME, "post the message", answer, said=_said(answer)).data())
    if not str(made.get("id")).isdigit():
        raise answered_by_another(_NAME)
    return {"posted": True, "message_id": str(made["id"])}


ACTIONS = (
    Action(
        "notify",
        "Post a message",
        notify,
        (
            TEXT,
            Field("embeds", FieldType.DATA, "Embeds, up to 10 and 6,000 characters."),
            USERNAME,
            Field("avatar_url", FieldType.STRING, "Picture beside the message."),
            Field("thread_id", FieldType.STRING, "Thread that is posted to; forums need one."),
            Field("thread_name", FieldType.STRING, "Thread that is opened, in a forum."),
            Field(
                "allowed_mentions", FieldType.DATA, "Whom mentions may ping, as Discord writes it; nobody by default."
            ),
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


def _judged(answer: Answer) -> Verdict:
    hook = shown(answer) if isinstance(answer, Response) and answer.status == 200 else {}
    if hook.get("type") == 1 and hook.get("id"):
        ids = {name: str(hook[name]) for name in ("channel_id", "guild_id") if hook.get(name)}
        return healthy("Discord knows the webhook", **ids)
    if hook.get("id") and "type" in hook:
        return unhealthy("it is no incoming webhook, but one that follows a channel or an application", MISLEADING)
    return judge(_NAME, answer, _SIGNS)


def _of_events(values: Mapping[str, Value]) -> Iterator[tuple[str, Secret]]:
    for name in sorted(values):
        value = values[name]
        if name.endswith("_channel") and isinstance(value, Secret) and value.known and value.reveal():
            yield name, value


def _said(answer: Answer) -> str:
    code = shown(answer).get("code")
    return _WHY.get(code, "") if isinstance(code, int) else ""


def _check(embeds: Any) -> None:
    within(EMBEDS_LIMIT, embeds, "`embeds`")
    total = 0
    for embed in objects(embeds):
        fields = objects(embed.get("fields"))
        within(_FIELDS_LIMIT, fields, "an embed's `fields`")
        texts = [(name, embed.get(name), most) for name, most in _EMBED_LIMITS.items()]
        texts += [(f"{outer}.{name}", mapping(embed.get(outer)).get(name), n) for outer, name, n in _INNER_LIMITS]
        texts += [(f"fields.{name}", one.get(name), most) for one in fields for name, most in _FIELD_LIMITS.items()]
        for name, text, most in texts:
            within(most, text, f"an embed's `{name}`")
            total += len(text) if isinstance(text, str) else 0
    if total > EMBEDS_TEXT_LIMIT:
        hint = "shorten or drop some"
        raise ReconcilerError(f"`embeds` have {total} characters; {EMBEDS_TEXT_LIMIT} are allowed", hint=hint)
