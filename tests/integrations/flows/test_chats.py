"""Chats: every probe tells the ways of being broken apart and leaves nothing to see; messages are posted once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.core.errors import ReconcilerError, RemoteError, UnclearWrite
from reconciler.core.flow import Failure, Flow, Request, Response
from reconciler.core.resource import Health, Kind, Subject, Verdict
from reconciler.core.value import Secret
from reconciler.integrations.catalogue import load
from tests.integrations.flows.running import Stage, fed, subject

KINDS = load(("slack", "mattermost", "microsoft-teams", "discord")).kinds

SLACK = "https://hooks.slack.com/services/T000/B000/hushhushhushhush"
MATTERMOST = "https://chat.acme.test/hooks/hushhushhushhushhushhushhu"
CONNECTOR = "https://acme.webhook.office.com/webhookb2/a@b/IncomingWebhook/hushhush/c"
WORKFLOW = (
    "https://env.06.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/0123"
    "/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers&sv=1.0&sig=hushhushhush"
)
DISCORD = "https://discord.com/api/webhooks/100/hushhushhushhush"
CONNECTOR_PATH = CONNECTOR.removeprefix("https://acme.webhook.office.com")
WORKFLOW_PATH = WORKFLOW.removeprefix("https://env.06.environment.api.powerplatform.com").partition("?")[0]
PAGE = Response(200, {"content-type": "text/html; charset=utf-8"}, b"<!DOCTYPE html><title>Sign in</title>")


@dataclass(frozen=True)
class Chat:
    """One way to a chat: the kind, its webhook, the stand-in, and the effects that a probe must not have."""

    kind: str
    url: str
    service: str
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        return subject(self.kind, webhook_url=Secret(self.url, "${env:HOOK}"), **self.more)

    @property
    def row(self) -> Kind:
        return KINDS[self.kind]

    def probe(self) -> Flow[Verdict]:
        assert self.row.probe is not None
        return self.row.probe(self.subject)

    def notify(self, **parameters: Any) -> Flow[Any]:
        return self.row.actions["notify"].run(self.subject, parameters)

    def stage(self, **state: Any) -> Stage:
        return Stage(hosts={"chat.acme.test": "mattermost"}, states={self.service: dict(state)})


CHATS = {
    "slack": Chat("slack", SLACK, "slack"),
    "mattermost": Chat("mattermost", MATTERMOST, "mattermost"),
    "connector": Chat("microsoft-teams", CONNECTOR, "teams"),
    "workflow": Chat("microsoft-teams", WORKFLOW, "teams", {"verify_workflow": True}),
    "discord": Chat("discord", DISCORD, "discord"),
}

H, U, N = Health.HEALTHY, Health.UNHEALTHY, Health.UNKNOWN
PROBES: tuple[tuple[str, dict[str, Any], Health, str], ...] = (
    ("slack", {}, H, ""),
    ("slack", {"bad_credentials": ["hushhushhushhush"]}, U, "credential"),
    ("slack", {"hooks": {"T000/B000/hushhushhushhush": "no_service"}}, U, "gone"),
    ("slack", {"hooks": {"T000/B000/hushhushhushhush": "no_active_hooks"}}, U, "gone"),
    ("slack", {"hooks": {"T000/B000/hushhushhushhush": "team_disabled"}}, U, "gone"),
    ("slack", {"throttled": True}, N, "throttled"),
    ("slack", {"unavailable": True}, N, "failing"),
    ("mattermost", {}, H, ""),
    ("mattermost", {"hooks": {"hushhushhushhushhushhushhu": {"channel": "ops", "channel_locked": True}}}, H, ""),
    ("mattermost", {"bad_credentials": ["hushhushhushhushhushhushhu"]}, U, "gone"),
    ("mattermost", {"strict": True}, U, "gone"),
    ("mattermost", {"disabled": True}, U, "settings"),
    ("mattermost", {"throttled": True}, N, "throttled"),
    ("mattermost", {"unavailable": True}, N, "failing"),
    ("connector", {}, H, ""),
    ("connector", {"bad_credentials": [CONNECTOR_PATH]}, U, "gone"),
    ("connector", {"hooks": {CONNECTOR_PATH: "removed"}}, U, "gone"),
    ("connector", {"throttled": True}, N, "throttled"),
    ("connector", {"unavailable": True}, N, "failing"),
    ("workflow", {}, H, ""),
    ("workflow", {"bad_credentials": ["hushhushhush"]}, U, "credential"),
    ("workflow", {"hooks": {WORKFLOW_PATH: "disabled"}}, U, "gone"),
    ("workflow", {"hooks": {WORKFLOW_PATH: "deleted"}}, U, "gone"),
    ("workflow", {"throttled": True}, N, "throttled"),
    ("workflow", {"unavailable": True}, N, "failing"),
    ("discord", {}, H, ""),
    ("discord", {"bad_credentials": ["hushhushhushhush"]}, U, "credential"),
    ("discord", {"gone": ["100"]}, U, "gone"),
    ("discord", {"throttled": True}, N, "throttled"),
    ("discord", {"unavailable": True}, N, "failing"),
)


@pytest.mark.parametrize(("name", "state", "status", "cause"), PROBES)
def test_a_probe_tells_what_is_wrong_and_posts_nothing(
    name: str, state: dict[str, Any], status: Health, cause: str
) -> None:
    chat = CHATS[name]
    stage = chat.stage(**state)

    verdict = stage.run(chat.probe())

    assert (verdict.status, verdict.facts.get("cause", "")) == (status, cause)
    assert verdict.sentence
    assert "messages" not in stage.states[chat.service]
    assert len(stage.sent) == 1
    assert not stage.sent[0].writes


@pytest.mark.parametrize("name", CHATS)
@pytest.mark.parametrize(
    ("answer", "status", "cause"),
    [
        (Failure("no answer within the time allowed"), U, "unreachable"),
        (PAGE, U, "misleading"),
        (Response(302, {"location": "https://login.test"}), U, "misleading"),
        (Response(200, {}, b'{"ok":true}'), U, "misleading"),
        (Response(429, {}, b"slow down"), N, "throttled"),
        (Response(503), N, "failing"),
    ],
)
def test_a_probe_is_not_misled(name: str, answer: Response | Failure, status: Health, cause: str) -> None:
    verdict, _ = fed(CHATS[name].probe(), [answer])

    assert (verdict.status, verdict.facts["cause"]) == (status, cause)


def test_a_throttling_connector_says_so_in_a_success() -> None:
    text = b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"

    verdict, _ = fed(CHATS["connector"].probe(), [Response(200, {}, text)])

    assert (verdict.status, verdict.facts["cause"]) == (N, "throttled")


def test_a_cut_workflow_address_is_told_from_a_deleted_one() -> None:
    chat = Chat("microsoft-teams", WORKFLOW.partition("?")[0], "teams", {"verify_workflow": True})

    assert chat.stage().run(chat.probe()).facts["cause"] == "credential"


@pytest.mark.parametrize("host", ["https://outlook.office365.com", "http://127.0.0.1:8080"])
def test_a_connector_is_told_from_a_workflow_wherever_it_is(host: str) -> None:
    chat = Chat("microsoft-teams", f"{host}/webhookb2/a@b/IncomingWebhook/c/d", "teams")

    verdict, _ = fed(chat.probe(), [Response(400, {}, b"Summary or Text is required.")])

    assert verdict.status is H


def test_a_connector_that_does_not_know_the_address_says_so() -> None:
    verdict, _ = fed(CHATS["connector"].probe(), [Response(400, {}, b"Invalid webhook URL")])

    assert (verdict.status, verdict.facts["cause"]) == (U, "credential")


def test_discord_is_called_under_a_name_of_the_form_that_it_wants() -> None:
    stage = CHATS["discord"].stage()

    stage.run(CHATS["discord"].probe())
    stage.run(CHATS["discord"].notify(text="done"))

    assert all(str(request.headers["User-Agent"]).startswith("DiscordBot (") for request in stage.sent)


def test_a_workflow_is_not_started_unless_wanted() -> None:
    chat = Chat("microsoft-teams", WORKFLOW, "teams")
    stage = chat.stage()

    verdict = stage.run(chat.probe())

    assert (verdict.status, stage.sent) == (N, [])


@pytest.mark.parametrize("host", ["hooks.slack.com", "hooks.slack-gov.com"])
@pytest.mark.parametrize("path", ["workflows/T0/A0/1/x", "triggers/T0/1/x"])
def test_a_workflow_of_slack_is_never_asked(host: str, path: str) -> None:
    chat = Chat("slack", f"https://{host}/{path}", "slack")
    stage = chat.stage()

    verdict = stage.run(chat.probe())
    with pytest.raises(ReconcilerError, match="workflow"):
        stage.run(chat.notify(text="x"))

    assert (verdict.status, verdict.facts["cause"], stage.sent) == (U, "settings", [])


def test_webhooks_of_single_discord_events_are_probed_too() -> None:
    more = {
        "push_channel": Secret(DISCORD, "${env:HOOK}"),
        "note_channel": Secret("https://discord.com/api/webhooks/200/hushhushhushhush"),
        "issue_channel": Secret("https://discord.com/api/webhooks/300/hushhushhushhush"),
    }
    chat = Chat("discord", DISCORD, "discord", more)
    stage = chat.stage(gone=["200"])

    verdict = stage.run(chat.probe())

    assert verdict.status is Health.DEGRADED
    assert verdict.facts["broken"] == ("note_channel",)
    assert len(stage.sent) == 3


# ---------------------------------------------------------------------------------------------------------------------

EMBED = {"title": "Build", "description": "green"}
MESSAGES: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("slack", {"text": "done 🚀"}, {"text": "done 🚀"}),
    ("slack", {"text": "x", "attachments": [{"color": "good"}]}, {"text": "x", "attachments": [{"color": "good"}]}),
    ("slack", {"blocks": '[{"type":"divider"}]'}, {"blocks": [{"type": "divider"}]}),
    ("mattermost", {"text": "done", "channel": "#ops"}, {"text": "done", "channel": "ops"}),
    ("mattermost", {"attachments": [{"text": "a"}]}, {"attachments": [{"text": "a"}], "channel": "town-square"}),
    ("discord", {"text": "done"}, {"content": "done", "allowed_mentions": {"parse": []}}),
    ("discord", {"embeds": [EMBED], "username": "CI"}, {"embeds": [EMBED], "username": "CI"}),
)


@pytest.mark.parametrize(("name", "parameters", "seen"), MESSAGES)
def test_a_message_arrives(name: str, parameters: dict[str, Any], seen: dict[str, Any]) -> None:
    chat = CHATS[name]
    stage = chat.stage()

    result = stage.run(chat.notify(**parameters))

    (message,) = stage.states[chat.service]["messages"]
    assert seen.items() <= message.items()
    assert result["posted"] is True
    assert stage.sent[0].writes


@pytest.mark.parametrize("name", ["slack", "mattermost", "connector", "discord"])
def test_a_success_that_is_not_the_chats_own_is_no_posted_message(name: str) -> None:
    with pytest.raises(RemoteError, match="something other than"):
        fed(CHATS[name].notify(text="done"), [Response(200, {}, b'{"status":"success"}')])


@pytest.mark.parametrize(("name", "posted"), [("connector", True), ("workflow", False)])
@pytest.mark.parametrize(
    "parameters",
    [
        {"text": "done", "title": "Deployment", "link": "https://gitlab.test/1"},
        {"card": {"body": [{"type": "TextBlock", "text": "done"}]}},
    ],
)
def test_a_card_arrives_by_both_sorts_of_webhooks(name: str, posted: bool, parameters: dict[str, Any]) -> None:
    stage = CHATS[name].stage()

    result = stage.run(CHATS[name].notify(**parameters))

    (message,) = stage.states["teams"]["messages"]
    assert "done" in json.dumps(message)
    assert result == {"posted": posted}


def test_a_legacy_webhook_may_choose_channel_and_name() -> None:
    more = {"webhook_kind": "legacy", "channel": "#deployments", "username": "Deploy Bot"}
    chat = Chat("slack", SLACK, "slack", more)
    stage = chat.stage(legacy=True)

    stage.run(chat.notify(text="x"))

    (message,) = stage.states["slack"]["messages"]
    assert (message["channel"], message["username"]) == ("#deployments", "Deploy Bot")


def test_a_channel_of_the_entry_is_not_sent_to_the_webhook_of_an_app() -> None:
    chat = Chat("slack", SLACK, "slack", {"channel": "#deployments"})
    stage = chat.stage()

    stage.run(chat.notify(text="x"))

    assert "channel" not in stage.sent[0].json


TOO_MUCH: tuple[tuple[str, dict[str, Any], str], ...] = (
    *((name, {}, "empty") for name in CHATS),
    ("slack", {"text": "x" * 40_001}, "40001 characters"),
    ("slack", {"blocks": [{"type": "divider"}] * 51}, "51 entries"),
    ("slack", {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]}, "3001"),
    ("slack", {"attachments": [{}] * 101}, "101 entries"),
    ("slack", {"text": "x", "channel": "#ops"}, "cannot be chosen"),
    ("slack", {"attachments": "[{"}, "no JSON"),
    ("slack", {"attachments": {"a": 1}}, "no list"),
    ("mattermost", {"text": "x" * 16_384}, "16384"),
    ("connector", {"text": "x" * 29_000}, "bytes"),
    ("workflow", {"card": {"body": [{}], "actions": [{"type": "Action.Submit"}]}}, "Action.Submit"),
    ("workflow", {"card": {"body": []}}, "empty"),
    ("discord", {"text": "x" * 2001}, "2001"),
    ("discord", {"embeds": [EMBED] * 11}, "11 entries"),
    ("discord", {"embeds": [{"title": "x" * 257}]}, "257"),
    ("discord", {"embeds": [{"fields": [{"name": "n", "value": "x" * 1025}]}]}, "1025"),
    ("discord", {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]}, "6001"),
    ("discord", {"text": "x", "username": "Discord Bot"}, "username"),
)


@pytest.mark.parametrize(("name", "parameters", "match"), TOO_MUCH)
def test_what_a_chat_would_refuse_or_cut_is_not_sent(name: str, parameters: dict[str, Any], match: str) -> None:
    stage = CHATS[name].stage()

    with pytest.raises(ReconcilerError, match=match):
        stage.run(CHATS[name].notify(**parameters))

    assert stage.sent == []


REFUSALS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("slack", {"hooks": {"T000/B000/hushhushhushhush": "channel_is_archived"}}, "archived"),
    ("slack", {"bad_credentials": ["hushhushhushhush"]}, "key"),
    ("mattermost", {"strict": True}, "does not know the webhook"),
    ("mattermost", {"channels": ["ops"]}, "no such channel"),
    ("connector", {"hooks": {CONNECTOR_PATH: "removed"}}, "removed"),
    ("connector", {"throttled": True}, "too many requests"),
    ("workflow", {"bad_credentials": ["hushhushhush"]}, "signature"),
    ("discord", {"gone": ["100"]}, "deleted"),
    ("discord", {"hooks": {"100": {"forum": True}}}, "thread"),
)


@pytest.mark.parametrize(("name", "state", "match"), REFUSALS)
def test_a_refusal_names_its_reason(name: str, state: dict[str, Any], match: str) -> None:
    stage = CHATS[name].stage(**state)

    with pytest.raises(RemoteError, match=match) as raised:
        stage.run(CHATS[name].notify(text="x"))

    assert not isinstance(raised.value, UnclearWrite)


@pytest.mark.parametrize("name", CHATS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Failure("the connection broke before the whole answer came"), UnclearWrite),
        (Failure("the connection was refused", sent=False), RemoteError),
        (Response(502), UnclearWrite),
        (Response(302), RemoteError),
        (PAGE, RemoteError),
    ],
)
def test_a_message_whose_fate_is_unknown_is_not_sent_again(
    name: str, answer: Response | Failure, error: type[RemoteError]
) -> None:
    with pytest.raises(RemoteError) as raised:
        fed(CHATS[name].notify(text="x"), [answer])

    assert type(raised.value) is error


@pytest.mark.parametrize("name", CHATS)
def test_no_sentence_shows_what_a_service_echoes(name: str, told: Callable[[Flow[Any]], str]) -> None:
    chat = CHATS[name]

    assert "hushhush" not in told(chat.probe())
    assert "hushhush" not in told(chat.notify(text="x"))


@pytest.fixture(params=[200, 400, 401, 403, 404, 410, 500])
def told(request: pytest.FixtureRequest) -> Callable[[Flow[Any]], str]:
    def run(flow: Flow[Any]) -> str:
        body = json.dumps({"message": SLACK, "token": "hushhushhushhush", "id": "hushhush", "type": 1}).encode()
        step = next(flow)
        assert isinstance(step, Request)
        try:
            flow.send(Response(request.param, {"content-type": "application/json"}, body))
        except StopIteration as end:
            return repr(end.value)
        except RemoteError as error:
            return repr(error) + repr(error.__dict__)
        raise AssertionError("one request was to be enough")

    return run
