"""Webhooks, OAuth applications and our own token: GitLab is asked, and its answers are told in sentences."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import ReconcilerError, RemoteError
from reconciler.core.flow import Failure, Request, Response
from reconciler.core.resource import Health, Subject
from reconciler.core.value import Secret
from reconciler.core.verify import verify
from reconciler.integrations.catalogue import load
from reconciler.integrations.flows.gitlab_access import own_token
from tests.integrations.flows.running import NOW, Stage, fed, json_answer
from tests.sandbox.lab import SHOP, Lab

KINDS = load(()).kinds
WEBHOOK, SYSTEM, APPLICATION = (KINDS[name] for name in ("webhook", "system_hook", "oauth_application"))
H, D, U, N = Health.HEALTHY, Health.DEGRADED, Health.UNHEALTHY, Health.UNKNOWN
THRESHOLDS = {"degraded_below": 0.95, "unhealthy_below": 0.5, "token_days": 14}


def hook(values: dict[str, Any] | None = None, /, scope: Scope | None = None, **recorded: Any) -> Subject:
    where = scope or Scope(ScopeType.PROJECT, "acme/shop")
    facts = {"id": 1, "thresholds": THRESHOLDS, **recorded}
    held = {"url": "https://receiver.test/in", "events": ("pipeline", "push"), **(values or {})}
    return Subject(f"{where}:webhooks.deploy", "webhook", where, held, facts, NOW)


def delivery(status: str, number: int = 1) -> dict[str, Any]:
    return {
        "id": number,
        "url": "https://receiver.test/hush",
        "trigger": "push_hooks",
        "request_headers": {"X-Gitlab-Token": "hushhush"},
        "response_body": "hushhush",
        "response_status": status,
        "execution_duration": 0.5,
        "created_at": f"2026-01-01T00:00:{60 - number:02d}.000Z",
    }


def statuses(*counts: tuple[str, int]) -> list[dict[str, Any]]:
    flat = [status for status, count in counts for _ in range(count)]
    return [delivery(status, number) for number, status in enumerate(flat, 1)]


LIVE = {"id": 1, "alert_status": "executable", "disabled_until": None}


@pytest.mark.parametrize(
    ("answers", "status", "cause"),
    [
        ([json_answer(200, LIVE), json_answer(200, [])], H, ""),
        ([json_answer(200, LIVE), json_answer(200, statuses(("200", 20)))], H, ""),
        ([json_answer(200, LIVE), json_answer(200, statuses(("500", 2), ("200", 18)))], D, "failing"),
        ([json_answer(200, LIVE), json_answer(200, statuses(("internal error", 11), ("201", 9)))], U, "failing"),
        ([json_answer(200, LIVE), json_answer(404, {"error": "404 Not Found"})], H, ""),
        ([json_answer(200, {**LIVE, "alert_status": "disabled"})], U, "failing"),
        ([json_answer(200, {**LIVE, "alert_status": "temporarily_disabled", "disabled_until": "x"})], U, "failing"),
        ([json_answer(404, {"message": "404 Not found"})], U, "gone"),
        ([json_answer(404, {"message": "404 Project Not Found"})], N, "credential"),
        ([json_answer(401, {"message": "401 Unauthorized"})], N, "credential"),
        ([json_answer(403, {"message": "403 Forbidden"})], N, "credential"),
        ([Response(429, {}, b"Retry later\n")], N, "throttled"),
        ([Response(502)], N, "failing"),
        ([Failure("the connection was refused", sent=False)], U, "unreachable"),
        ([Response(200, {"content-type": "text/html"}, b"<html>")], U, "misleading"),
        ([Response(301)], U, "misleading"),
    ],
)
def test_a_webhook_s_health_is_told(answers: list[Response | Failure], status: Health, cause: str) -> None:
    assert WEBHOOK.probe is not None

    verdict, steps = fed(WEBHOOK.probe(hook()), answers)

    assert (verdict.status, verdict.facts.get("cause", "")) == (status, cause)
    assert "hush" not in repr(verdict)
    assert all(isinstance(step, Request) and step.method == "GET" for step in steps)


def test_a_webhook_that_was_never_applied_is_unknown() -> None:
    assert WEBHOOK.probe is not None

    verdict, steps = fed(WEBHOOK.probe(replace(hook(), recorded={})), [])

    assert (verdict.status, steps) == (N, [])


def test_the_figures_of_a_webhook_come_along() -> None:
    assert WEBHOOK.probe is not None
    answers = [json_answer(200, LIVE), json_answer(200, statuses(("500", 1), ("200", 19)))]

    verdict, _ = fed(WEBHOOK.probe(hook()), answers)

    assert verdict.facts["success_rate"] == 0.95
    assert (verdict.facts["last_status"], verdict.facts["deliveries"]) == ("500", 20)


def test_other_scopes_are_asked_at_their_own_places() -> None:
    assert SYSTEM.probe is not None
    group = hook(scope=Scope(ScopeType.GROUP, "acme/sub"))
    answers = [json_answer(200, LIVE), json_answer(200, [])]

    _, steps = fed(SYSTEM.probe(group), answers)
    system, of_system = fed(SYSTEM.probe(hook(scope=Scope.instance())), answers[:1])

    assert [step.url for step in steps if isinstance(step, Request)] == [
        "/api/v4/groups/acme%2Fsub/hooks/1",
        "/api/v4/groups/acme%2Fsub/hooks/1/events",
    ]
    assert [step.url for step in of_system if isinstance(step, Request)] == ["/api/v4/hooks/1"]
    assert system.status is H


# ---------------------------------------------------------------------------------------------------------------------


def staged(**more: Any) -> tuple[Stage, Subject]:
    lab = Lab()
    made = lab.post(f"{SHOP}/hooks", {"url": "https://receiver.test/in", "pipeline_events": True})
    assert made.status == 201
    return Stage(world=lab.world), hook(id=made.json["id"], scope_id=made.json["project_id"], **more)


def act(stage: Stage, subject: Subject, name: str, /, **parameters: Any) -> Any:
    return stage.run(WEBHOOK.actions[name].run(subject, parameters))


def test_a_test_is_delivered_counted_and_shown() -> None:
    stage, subject = staged()

    tested = act(stage, subject, "test", event="push")
    shown = act(stage, subject, "events")
    counted = act(stage, subject, "stats")
    resent = act(stage, subject, "resend", event=str(shown["events"][0]["id"]))

    assert tested["success"] is True
    assert [(one["status"], one["trigger"]) for one in shown["events"]] == [("200", "push_hooks")]
    assert (counted["trigger_count"], counted["success_rate"], counted["failures"]) == (1, 1.0, 0)
    assert counted["last_triggered"] == shown["events"][0]["at"]
    assert (resent["resent"], resent["success"]) == (True, True)
    assert {request.budget for request in stage.sent if request.writes} == {
        "hook_test:acme/shop",
        "hook_resend:acme/shop",
    }
    assert act(stage, subject, "resend")["resent"] is False


@pytest.mark.parametrize(
    ("answers", "detail"),
    [
        ([json_answer(422, {"message": "Ensure the project has issues."})], "Ensure the project has issues."),
        ([json_answer(422, {"message": "hushhush"}), json_answer(200, [delivery("503")])], "the receiver answered 503"),
        (
            [json_answer(422, {"message": "hushhush"}), json_answer(200, [delivery("internal error")])],
            "the receiver cannot be reached",
        ),
        ([json_answer(422, {"message": "hush"}), Response(500)], "the receiver cannot be reached, or refuses"),
    ],
)
def test_a_failed_test_says_why_without_the_receiver_s_words(answers: list[Response], detail: str) -> None:
    result, _ = fed(WEBHOOK.actions["test"].run(hook(), {}), answers)

    assert (result["success"], result["event"], result["detail"]) == (False, "push", detail)


def test_a_refused_test_is_an_error() -> None:
    with pytest.raises(RemoteError, match="does not know this event"):
        fed(WEBHOOK.actions["test"].run(hook(), {"event": "x"}), [json_answer(400, {"error": "trigger does not"})])


def test_the_log_is_read_page_by_page_up_to_a_limit() -> None:
    pages = [json_answer(200, statuses(("200", 20))), json_answer(200, statuses(("500", 5)))]

    counted, _ = fed(WEBHOOK.actions["stats"].run(hook(), {}), pages)
    listed, steps = fed(WEBHOOK.actions["events"].run(hook(), {"limit": 10, "status": "server_failure"}), pages[:1])

    assert (counted["trigger_count"], counted["failures"], counted["by_status"]) == (25, 5, {"200": 20, "500": 5})
    assert len(listed["events"]) == 10
    assert isinstance(steps[0], Request)
    assert steps[0].query["status"] == "server_failure"
    assert "hush" not in repr(listed) + repr(counted)


def test_the_last_failed_delivery_is_resent_when_none_is_named() -> None:
    log = json_answer(200, [delivery("200", 9), delivery("500", 8), delivery("500", 7)])

    result, steps = fed(WEBHOOK.actions["resend"].run(hook(), {}), [log, json_answer(201, {"response_status": 204})])

    assert (result["event"], result["success"]) == ("8", True)
    assert isinstance(steps[-1], Request)
    assert str(steps[-1].url).endswith("/hooks/1/events/8/resend")


def test_system_hooks_have_no_log_to_show() -> None:
    assert set(SYSTEM.actions) == {"test", "trigger"}
    with pytest.raises(ReconcilerError, match="keeps no deliveries"):
        fed(WEBHOOK.actions["stats"].run(hook(scope=Scope.instance()), {}), [])


# ---------------------------------------------------------------------------------------------------------------------

SIGNING = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def test_a_payload_is_posted_as_gitlab_would() -> None:
    values = {
        "url": "https://receiver.test/{room}/in",
        "url_variables": {"room": Secret("hushroom")},
        "custom_headers": {"X-Team": Secret("hushteam")},
        "secret_token": Secret("hushtoken"),
        "signing_token": Secret(SIGNING),
    }
    payload = {"event_type": "merge_request", "status": "success"}

    result, (step,) = fed(
        WEBHOOK.actions["trigger"].run(hook(values), {"payload": payload}), [Response(204, elapsed_ms=5)]
    )

    assert result == {"success": True, "event": "merge_request", "status": 204, "milliseconds": 5}
    assert isinstance(step, Request)
    assert isinstance(step.url, Secret)
    assert step.url.reveal() == "https://receiver.test/hushroom/in"
    assert step.headers["X-Gitlab-Event"] == "Merge Request Hook"
    assert step.headers["X-Team"] == Secret("hushteam")
    assert step.body is not None
    assert json.loads(step.body) == payload
    sent = {name: value.reveal() if isinstance(value, Secret) else value for name, value in step.headers.items()}
    assert verify(sent, step.body, now=NOW, secret_token="hushtoken", signing_token=SIGNING)
    assert "hush" not in repr(step)


@pytest.mark.parametrize(
    ("payload", "title"),
    [
        ({"object_kind": "build"}, "Job Hook"),
        ({"event_type": "pipeline"}, "Pipeline Hook"),
        ({}, "Push Hook"),
        ({"event_type": "bad\r\nX: y"}, "Bad Y Hook"),
    ],
)
def test_the_event_is_named_as_gitlab_names_it(payload: dict[str, str], title: str) -> None:
    _, (step,) = fed(WEBHOOK.actions["trigger"].run(hook(), {"payload": json.dumps(payload)}), [Response(200)])

    assert isinstance(step, Request)
    assert step.headers["X-Gitlab-Event"] == title


def test_a_receiver_that_fails_is_no_error_but_an_answer() -> None:
    refused, _ = fed(WEBHOOK.actions["trigger"].run(hook(), {"payload": {}}), [Response(500, {}, b"hush")])
    lost, _ = fed(WEBHOOK.actions["trigger"].run(hook(), {"payload": {}}), [Failure("no answer")])

    assert (refused["success"], refused["status"], lost["success"]) == (False, 500, False)


# ---------------------------------------------------------------------------------------------------------------------

APP = {"id": 5, "application_name": "portal", "callback_url": "https://portal.test/cb"}


@pytest.mark.parametrize(
    ("recorded", "answer", "status", "cause"),
    [
        ({"id": 5}, json_answer(200, [APP]), H, ""),
        ({}, json_answer(200, [{**APP, "callback_url": "x"}, APP]), H, ""),
        ({"id": 5}, json_answer(200, [{**APP, "scopes": ["api", "read_user"]}]), H, ""),
        ({"id": 5}, json_answer(200, [{**APP, "scopes": ["api"]}]), D, "settings"),
        ({"id": 5}, json_answer(200, [{**APP, "callback_url": "https://evil.test"}]), U, "settings"),
        ({"id": 6}, json_answer(200, [APP]), U, "gone"),
        ({"id": 5}, json_answer(403, {"message": "403 Forbidden"}), N, "credential"),
        ({"id": 5}, Response(429), N, "throttled"),
        ({"id": 5}, Failure("no answer"), U, "unreachable"),
        ({"id": 5}, Response(200, {"content-type": "text/html"}, b"<html>"), U, "misleading"),
    ],
)
def test_an_application_s_health_is_told(
    recorded: dict[str, Any], answer: Response | Failure, status: Health, cause: str
) -> None:
    values = {"name": "portal", "redirect_uri": "https://portal.test/cb\n", "scopes": ("read_user", "api")}
    entry = Subject("@instance:oauth_applications.portal", "oauth_application", Scope.instance(), values, recorded)
    assert APPLICATION.probe is not None

    verdict, _ = fed(APPLICATION.probe(entry), [answer])

    assert (verdict.status, verdict.facts.get("cause", "")) == (status, cause)


TOKEN = {"id": 1, "scopes": ["api"], "active": True, "revoked": False, "expires_at": "2027-01-01"}


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (json_answer(200, TOKEN), H, "365 days"),
        (json_answer(200, {**TOKEN, "expires_at": None}), H, "does not expire"),
        (json_answer(200, {**TOKEN, "expires_at": "2026-01-02"}), D, "in 1 day"),
        (json_answer(200, {**TOKEN, "expires_at": "2025-12-31"}), U, "expired"),
        (json_answer(200, {**TOKEN, "active": False}), U, "revoked"),
        (json_answer(200, {**TOKEN, "scopes": ["read_api"]}), D, "read only"),
        (json_answer(200, {**TOKEN, "scopes": ["read_user"]}), U, "lacks"),
        (json_answer(401, {"message": "401 Unauthorized"}), U, "does not accept"),
        (json_answer(404, {}), N, "nothing"),
        (Response(429), N, "too many"),
        (Failure("no answer"), U, "reached"),
        (Response(200, {"content-type": "text/html"}, b"<html>"), U, "web page"),
    ],
)
def test_our_own_token_is_told_of(answer: Response | Failure, status: Health, words: str) -> None:
    entry = Subject("@token", "token", Scope.instance(), {}, {"thresholds": THRESHOLDS}, NOW)

    verdict, _ = fed(own_token(entry), [answer])

    assert verdict.status is status
    assert words in verdict.sentence


def test_our_own_token_is_asked_of_the_sandbox() -> None:
    verdict = Stage().run(own_token(Subject("@token", "token", Scope.instance(), {}, {}, NOW)))

    assert verdict.status is H
    assert verdict.facts["scopes"] == ("api",)
