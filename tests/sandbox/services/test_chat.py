"""The chat stand-ins: what their probes see, what a post leaves behind, and the traps of each."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

SLACK = "https://hooks.slack.com/services/T00/B00/XXX"
HOOK = "https://chat.acme.test/hooks/abcdefghijklmnopqrstuvwxyz"
CONNECTOR = "https://acme.webhook.office.com/webhookb2/guid@guid/IncomingWebhook/key/owner"
FLOW = "https://x.0d.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/0a/triggers/manual/paths/invoke"
OLD_FLOW = "https://prod-1.westeurope.logic.azure.com/workflows/0a/triggers/manual/paths/invoke"
SIGNED = "?api-version=1&sp=%2Ftriggers&sv=1.0&sig=SIGNATURE"
DISCORD = "https://discord.com/api/webhooks/42/TOKEN"
CARD = {
    "type": "message",
    "attachments": [
        {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": "hi"}]},
        }
    ],
}


@pytest.mark.parametrize(
    ("switches", "body", "status", "text"),
    [
        ({}, b"{not json", 400, "invalid_payload"),
        ({}, {}, 400, "no_text"),
        ({}, {"text": ""}, 400, "no_text"),
        ({}, {"text": "hi"}, 200, "ok"),
        ({}, b"payload=" + quote('{"text": "hi"}').encode(), 200, "ok"),
        ({}, {"text": "hi", "channel": "#deploy"}, 404, "channel_not_found"),
        ({"legacy": True}, {"text": "hi", "channel": "#deploy"}, 200, "ok"),
        ({"legacy": ["T00/B00/XXX"]}, {"text": "hi", "channel": "#deploy"}, 200, "ok"),
        ({}, {"blocks": [{"no": "type"}]}, 400, "invalid_blocks"),
        ({}, {"blocks": [{"type": "divider"}] * 51}, 400, "invalid_blocks"),
        ({}, {"attachments": [{"text": "x"}] * 101}, 400, "too_many_attachments"),
        ({"gone": True}, b"{not json", 404, "no_service"),
        ({"gone": ["T00/B00/XXX"]}, b"{not json", 404, "no_service"),
        ({"strict": True}, b"{not json", 404, "no_service"),
        ({"hooks": {"T00/B00/XXX": "no_active_hooks"}}, b"{not json", 404, "no_active_hooks"),
        ({"hooks": {"T00/B00/XXX": "team_disabled"}}, {"text": "hi"}, 404, "team_disabled"),
        ({"bad_credentials": ["T00/B00/XXX"]}, b"{not json", 403, "invalid_token"),
        ({"bad_credentials": [SLACK]}, b"{not json", 403, "invalid_token"),
        ({"hooks": {"T00/B00/XXX": "channel_is_archived"}}, b"{not json", 400, "invalid_payload"),
        ({"hooks": {"T00/B00/XXX": "channel_is_archived"}}, {"text": "hi"}, 410, "channel_is_archived"),
        ({"hooks": {"T00/B00/XXX": "action_prohibited"}}, {"text": "hi"}, 403, "action_prohibited"),
        ({"hooks": {"T00/B00/XXX": "throttled"}}, {"text": "hi"}, 429, "rate_limited"),
        ({"throttled": True, "retry_after": 30}, {"text": "hi"}, 429, "rate_limited"),
    ],
)
def test_a_slack_webhook_checks_the_hook_then_the_body_then_the_channel(
    ask: Any, switches: dict[str, Any], body: object, status: int, text: str
) -> None:
    response = ask(SLACK, switches, body=body)

    assert (response.status, response.body.decode()) == (status, text)
    assert ("messages" in switches) == (status == 200)


def test_a_slack_post_is_remembered_without_the_hook_s_secret(ask: Any, state: Any, now: float) -> None:
    response = ask(SLACK, state, body={"text": "hi", "username": "bot", "icon_emoji": ":x:", "link_names": True})

    assert response.headers["Content-Type"] == "text/html"
    assert state["messages"] == [{"hook": "T00/B00", "at": now, "text": "hi", "link_names": True}]
    assert "XXX" not in str(state)


def test_a_slack_workflow_starts_at_any_post(ask: Any, state: Any) -> None:
    response = ask("https://hooks.slack.com/triggers/T/1/x", state, body=b"{not json")

    assert response.status == 200
    assert len(state["workflow_starts"]) == 1


@pytest.mark.parametrize(
    ("switches", "bearer", "answer"),
    [
        ({}, "xoxb-1", True),
        ({}, None, "not_authed"),
        ({"bad_credentials": ["xoxb-1"]}, "xoxb-1", "invalid_auth"),
        ({"bad_credentials": ["xoxb-1"], "token_error": "token_revoked"}, "xoxb-1", "token_revoked"),
    ],
)
def test_slack_s_web_api_says_errors_inside_a_200(
    ask: Any, read: Any, switches: Any, bearer: str | None, answer: object
) -> None:
    response = ask("https://slack.com/api/auth.test", switches, method="POST", bearer=bearer)

    assert response.status == 200
    assert read(response).get("error", read(response)["ok"]) == answer


def test_a_slack_bot_s_message_has_a_time_stamp_as_its_id(ask: Any, read: Any, state: Any) -> None:
    first, second = (
        read(ask("https://slack.com/api/chat.postMessage", state, body={"channel": "C1", "text": t}, bearer="xoxb"))
        for t in "ab"
    )

    assert (first["ts"], second["ts"]) == ("1760000000.000001", "1760000000.000002")
    assert [m["text"] for m in state["messages"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("switches", "body", "status", "name"),
    [
        ({}, {"text": "hi", "channel": "no such/channel!"}, 404, "web.incoming_webhook.channel.app_error"),
        ({}, {}, 400, "web.incoming_webhook.text.app_error"),
        ({"gone": True}, {}, 400, "web.incoming_webhook.text.app_error"),
        ({"gone": True}, {"text": "hi", "channel": "no such/channel!"}, 400, "web.incoming_webhook.invalid.app_error"),
        (
            {"bad_credentials": ["abcdefghijklmnopqrstuvwxyz"]},
            {"text": "hi"},
            400,
            "web.incoming_webhook.invalid.app_error",
        ),
        ({"disabled": True}, b"{", 501, "web.incoming_webhook.disabled.app_error"),
        ({}, b"{", 400, "web.incoming_webhook.parse.app_error"),
        (
            {"hooks": {"abcdefghijklmnopqrstuvwxyz": {"channel": "dev", "channel_locked": True}}},
            {"text": "hi", "channel": "no such/channel!"},
            403,
            "web.incoming_webhook.channel_locked.app_error",
        ),
        ({"channels": ["dev"]}, {"text": "hi", "channel": "ops"}, 404, "web.incoming_webhook.channel.app_error"),
        ({}, {"text": "hi", "type": "system_join"}, 400, "web.incoming_webhook.parse.app_error"),
    ],
)
def test_mattermost_checks_in_the_order_of_its_server(
    ask: Any, read: Any, switches: Any, body: object, status: int, name: str
) -> None:
    response = ask(HOOK, switches, body=body)

    assert (response.status, read(response)["id"]) == (status, name)
    assert "messages" not in switches


@pytest.mark.parametrize("body", [{"text": "hi"}, {"attachments": []}, b"payload=%7B%22text%22%3A%22hi%22%7D"])
def test_mattermost_posts_and_takes_even_empty_attachments_for_something(ask: Any, state: Any, body: object) -> None:
    response = ask(HOOK, state, body=body)

    assert (response.status, response.body) == (200, b"ok")
    assert len(state["messages"]) == 1


@pytest.mark.parametrize(("overrides", "kept"), [(False, False), (True, True)])
def test_mattermost_ignores_a_user_name_unless_the_server_allows_it(ask: Any, overrides: bool, kept: bool) -> None:
    state: dict[str, Any] = {"overrides": overrides}

    ask(HOOK, state, body={"text": "hi", "username": "bot"})

    assert ("username" in state["messages"][0]) == kept


def test_a_mattermost_hook_can_be_made_used_and_deleted_over_rest(ask: Any, read: Any) -> None:
    state: dict[str, Any] = {"strict": True}
    url = "https://chat.acme.test/mm/api/v4/hooks/incoming"
    made = ask(url, state, body={"channel_id": "dev", "channel_locked": True}, bearer="t")
    name = read(made)["id"]

    posted = ask(f"https://chat.acme.test/hooks/{name}", state, body={"text": "hi"})
    removed = ask(f"{url}/{name}", state, method="DELETE", bearer="t")

    assert (made.status, posted.status, removed.status) == (201, 200, 200)
    assert len(name) == 26
    assert ask(f"https://chat.acme.test/hooks/{name}", state, body={"text": "hi"}).status == 400


@pytest.mark.parametrize(
    ("path", "bearer", "switches", "status"),
    [
        ("users/me", "t", {}, 200),
        ("users/me", None, {}, 401),
        ("users/me", "t", {"bad_credentials": ["t"]}, 401),
        ("system/ping", None, {}, 200),
        ("system/ping", None, {"unavailable": True}, 503),
        ("system/ping", None, {"throttled": 1}, 429),
    ],
)
def test_mattermost_s_rest_calls_need_a_token_but_for_the_ping(
    ask: Any, path: str, bearer: str | None, switches: Any, status: int
) -> None:
    assert ask(f"https://chat.acme.test/api/v4/{path}", switches, bearer=bearer).status == status


@pytest.mark.parametrize(
    ("switches", "body", "status", "text"),
    [
        ({}, {"text": ""}, 400, "Text is required"),
        ({}, {"text": "hi"}, 200, "1"),
        ({}, CARD, 200, "1"),
        ({"throttled": True}, {"text": "hi"}, 200, "HTTP error 429"),
        ({}, {"text": "x" * 30_000}, 200, "HTTP error 413"),
        ({"gone": True}, {"text": ""}, 404, "not found"),
        ({"hooks": {"/webhookb2/guid@guid/IncomingWebhook/key/owner": "removed"}}, {"text": ""}, 410, "removed"),
        ({}, b"{", 400, "Bad payload"),
    ],
)
def test_a_teams_connector_answers_200_to_more_than_a_post(
    ask: Any, switches: Any, body: object, status: int, text: str
) -> None:
    response = ask(CONNECTOR, switches, body=body)

    assert response.status == status
    assert text in response.body.decode()
    assert ("messages" in switches) == (response.body == b"1")


@pytest.mark.parametrize("flow", [FLOW, OLD_FLOW, FLOW.replace("direct/", "direct/cu/01/")])
@pytest.mark.parametrize(
    ("body", "is_posted"),
    [
        ({"text": ""}, False),
        ({"text": "hi"}, False),
        ({"type": "message", "attachments": []}, False),
        (
            {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.teams.card.o365connector"}]},
            False,
        ),
        (CARD, True),
    ],
)
def test_a_teams_workflow_accepts_what_it_then_does_not_post(
    ask: Any, state: Any, flow: str, body: object, is_posted: bool
) -> None:
    response = ask(flow + SIGNED, state, body=body)

    assert (response.status, response.body) == (202, b"")
    assert [run["posted"] for run in state["runs"]] == [is_posted]
    assert ("messages" in state) == is_posted


@pytest.mark.parametrize(
    ("query", "switches", "status", "code"),
    [
        ("", {}, 400, "MissingApiVersionParameter"),
        ("?api-version=1", {}, 401, "DirectApiAuthorizationRequired"),
        (SIGNED, {"bad_credentials": ["SIGNATURE"]}, 401, "DirectApiAuthorizationRequired"),
        (SIGNED, {"gone": True}, 404, "WorkflowNotFound"),
        (
            SIGNED,
            {"hooks": {"/workflows/0a/triggers/manual/paths/invoke": "disabled"}},
            400,
            "WorkflowTriggerIsNotEnabled",
        ),
        (SIGNED, {"throttled": True}, 429, "WorkflowRunActionsThrottled"),
    ],
)
def test_a_teams_workflow_that_cannot_start_says_so(
    ask: Any, read: Any, query: str, switches: Any, status: int, code: str
) -> None:
    response = ask(OLD_FLOW + query, switches, body={"text": ""})

    assert (response.status, read(response)["error"]["code"]) == (status, code)
    assert "runs" not in switches


def test_discord_shows_a_webhook_with_its_token_which_a_client_must_hide(ask: Any, read: Any) -> None:
    state = {"hooks": {"42": {"channel_id": "7", "name": "deploys"}}}

    shown = read(ask(DISCORD, state))

    assert (shown["id"], shown["channel_id"], shown["type"]) == ("42", "7", 1)
    assert shown["token"] == "TOKEN"


@pytest.mark.parametrize(
    ("switches", "headers", "status", "code"),
    [
        ({"gone": True}, {}, 404, 10015),
        ({"strict": True}, {}, 404, 10015),
        ({"bad_credentials": ["TOKEN"]}, {}, 401, 50027),
        ({"hooks": {"42": {"token": "OTHER"}}}, {}, 401, 50027),
        ({}, {"user-agent": ""}, 403, 40333),
    ],
)
def test_discord_says_what_is_wrong_by_code(
    ask: Any, read: Any, switches: Any, headers: Any, status: int, code: int
) -> None:
    response = ask(DISCORD, switches, headers=headers)

    assert (response.status, read(response)["code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"content": "hi"}, 204, None),
        ({"embeds": [{"title": "t", "description": "d"}]}, 204, None),
        ({"content": ""}, 400, 50006),
        (b"{", 400, 50109),
        ({"content": "x" * 2001}, 400, 50035),
        ({"embeds": [{"title": "t"}] * 11}, 400, 50035),
        ({"embeds": [{"description": "x" * 4097}]}, 400, 50035),
        ({"embeds": [{"description": "x" * 3001}] * 2}, 400, 50035),
        ({"embeds": [{"title": "t", "fields": [{"name": "", "value": "v"}]}]}, 400, 50035),
        ({"content": "hi", "username": "Discord bot"}, 400, 50035),
    ],
)
def test_discord_holds_a_message_to_its_limits(
    ask: Any, read: Any, state: Any, body: object, status: int, code: int | None
) -> None:
    response = ask(DISCORD, state, body=body)

    assert response.status == status
    assert (read(response)["code"] if response.body else None) == code
    assert ("messages" in state) == (status == 204)
    assert "X-RateLimit-Bucket" in response.headers or status == 400


def test_a_discord_message_can_be_edited_and_deleted_if_one_waited_for_it(ask: Any, read: Any, state: Any) -> None:
    message = read(ask(f"{DISCORD}?wait=true", state, body={"content": "one"}))
    url = f"{DISCORD}/messages/{message['id']}"

    edited = ask(url, state, method="PATCH", body={"content": "two"})
    texts = [m["content"] for m in state["messages"]]
    deleted = ask(url, state, method="DELETE")

    assert (edited.status, texts, deleted.status, state["messages"]) == (200, ["two"], 204, [])


def test_a_discord_forum_wants_a_thread(ask: Any, read: Any) -> None:
    state = {"hooks": {"42": {"forum": True}}}

    refused = ask(DISCORD, state, body={"content": "hi"})

    assert read(refused)["code"] == 220001
    assert ask(f"{DISCORD}?thread_id=9", state, body={"content": "hi"}).status == 204


def test_discord_bans_who_keeps_asking_for_what_is_gone(ask: Any, read: Any) -> None:
    state = {"gone": True, "invalid_request_limit": 3}

    answers = [ask(DISCORD, state) for _ in range(4)]

    assert [answer.status for answer in answers] == [404, 404, 404, 429]
    assert read(answers[3])["retry_after"] == pytest.approx(599.65)
    assert answers[3].headers["Retry-After"] == "600"


def test_discord_takes_slack_s_and_github_s_forms(ask: Any, state: Any) -> None:
    slack = ask(f"{DISCORD}/slack", state, body={"text": "hi"})
    github = ask(f"{DISCORD}/github", state, body={}, headers={"x-github-event": "push"})

    assert (slack.body, github.status) == (b"ok", 204)
    assert [m["content"] for m in state["messages"]] == ["hi", "github: push"]


def test_slack_reads_json_whatever_the_body_is_said_to_be(ask: Any, state: Any) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}

    assert ask(SLACK, state, body=b'{"text": "hi"}', headers=headers).body == b"ok"
