"""Webhooks beyond what was recorded: secrets of newer versions, switching off, repeating, templates."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest

from reconciler.sandbox.gitlab.hook_model import is_ref_name
from reconciler.sandbox.message import Delivered
from tests.sandbox.asking import HOOKS, Asking

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
TEST = f"{HOOKS}/1/test/push_events"


def with_hook(lab: Asking, **more: object) -> Asking:
    lab.json("POST", HOOKS, {"url": "http://127.0.0.1:9000/in", **more})
    return lab


def test_a_delivery_is_signed_by_versions_that_know_signing_tokens() -> None:
    lab = with_hook(Asking(version="19.0.0-ee"), signing_token=SECRET, token="plain")
    lab.json("POST", TEST)
    sent = lab.deliveries[0]

    message = f"{sent.headers['webhook-id']}.{sent.headers['webhook-timestamp']}.".encode() + sent.body
    digest = base64.b64encode(hmac.new(b"k" * 32, message, hashlib.sha256).digest()).decode()

    assert sent.headers["webhook-signature"] == f"v1,{digest}"
    assert sent.headers["webhook-id"] == sent.headers["Idempotency-Key"]
    assert sent.headers["X-Gitlab-Token"] == "plain"


def test_only_versions_that_know_signing_tokens_take_and_tell_them() -> None:
    older, newer = with_hook(Asking()), with_hook(Asking(version="19.0.0"))

    assert older.refusal("PUT", f"{HOOKS}/1", {"signing_token": SECRET})[1] == {"error": "No parameters provided"}
    assert "token_present" not in older.json("GET", f"{HOOKS}/1")
    shown = newer.json("PUT", f"{HOOKS}/1", {"signing_token": SECRET})
    assert (shown["token_present"], shown["signing_token_present"]) == (False, True)
    assert newer.refusal("PUT", f"{HOOKS}/1", {"signing_token": "short"}) == (
        422,
        {"message": {"signing_token": ["is invalid"]}},
    )


def test_failures_switch_a_hook_off_for_longer_and_longer_and_at_last_for_good() -> None:
    lab = with_hook(Asking())
    lab.world.features["auto_disabling_web_hooks"] = True
    lab.receiver = Delivered(404, {}, b"gone")
    statuses, pauses = [], []
    for _ in range(40):
        lab.wait(86_401)
        assert lab.refusal("POST", TEST) == (422, {"message": "gone"})
        hook = lab.json("GET", f"{HOOKS}/1")
        statuses.append(hook["alert_status"])
        until = lab.world.table("hooks").rows[1]["disabled_until"]
        pauses.append(None if until is None else round(until - lab.sandbox.clock.now()))

    assert statuses[:4] == ["executable"] * 3 + ["temporarily_disabled"]
    assert pauses[:8] == [None, None, None, 60, 120, 240, 480, 960]
    assert max(pause for pause in pauses if pause) == 86_400
    assert (statuses[38], statuses[39]) == ("temporarily_disabled", "disabled")

    lab.receiver = Delivered(200)
    lab.wait(60)
    lab.json("POST", TEST)
    assert lab.json("GET", f"{HOOKS}/1")["alert_status"] == "executable"


def test_a_pause_ends_by_itself() -> None:
    lab = with_hook(Asking())
    lab.world.features["auto_disabling_web_hooks"] = True
    lab.receiver = Delivered(500)
    for _ in range(4):
        lab.ask("POST", TEST)
    assert lab.json("GET", f"{HOOKS}/1")["alert_status"] == "temporarily_disabled"

    lab.wait(61)

    assert lab.json("GET", f"{HOOKS}/1")["alert_status"] == "executable"


def test_the_log_tells_what_was_sent_but_no_secret() -> None:
    lab = with_hook(Asking(), token="canary-1", custom_headers=[{"key": "X-Team", "value": "canary-2"}])
    lab.json("POST", TEST)

    (entry,) = lab.json("GET", f"{HOOKS}/1/events")

    assert lab.deliveries[0].headers["X-Team"] == "canary-2"
    assert "canary" not in json.dumps(entry)
    assert entry["request_headers"]["X-Team"] == entry["request_headers"]["X-Gitlab-Token"] == "[REDACTED]"
    assert (entry["response_status"], entry["response_body"], entry["execution_duration"]) == ("200", "ok", 0.25)


def test_a_delivery_that_got_no_answer_is_an_internal_error() -> None:
    lab = with_hook(Asking())
    lab.receiver = Delivered(None, error="Failed to open TCP connection to 127.0.0.1:9000")

    assert lab.refusal("POST", TEST) == (422, {"message": "Failed to open TCP connection to 127.0.0.1:9000"})
    (entry,) = lab.json("GET", f"{HOOKS}/1/events?status=server_failure")
    assert (entry["response_status"], entry["response_headers"]) == ("internal error", {})
    assert lab.json("GET", f"{HOOKS}/1/events?status=successful,404") == []


def test_sending_again_keeps_the_key_and_is_refused_once_the_url_has_changed() -> None:
    lab = with_hook(Asking())
    lab.json("POST", TEST)
    again = f"{HOOKS}/1/events/1/resend"

    assert lab.json("POST", again) == {"response_status": 200}
    keys = [delivery.headers["Idempotency-Key"] for delivery in lab.deliveries]
    assert keys[0] == keys[1]
    lab.receiver = Delivered(500)
    assert lab.json("POST", again) == {"response_status": 500}
    lab.json("PUT", f"{HOOKS}/1", {"url": "http://127.0.0.1:9000/other"})
    assert lab.refusal("POST", again)[0] == 422
    assert lab.refusal("POST", f"{HOOKS}/1/events/77/resend")[0] == 404
    assert [lab.refusal("POST", again)[0] for _ in range(2)] == [422, 429]
    assert len(lab.json("GET", f"{HOOKS}/1/events")) == 3


@pytest.mark.parametrize(
    ("template", "body"),
    [
        ('{"kind": "{{object_kind}}", "who": {{user_id}}}', {"kind": "push", "who": 2}),
        ('{"at": "{{project.path_with_namespace}}"}', {"at": "acme/shop"}),
        ('{"none": {{nothing.here}}}', {"none": None}),
        ('{"whole": {{repository}}}', None),
    ],
)
def test_a_template_is_filled_from_the_payload(template: str, body: object) -> None:
    lab = with_hook(Asking(), custom_webhook_template=template)
    lab.json("POST", TEST)

    assert body is None or json.loads(lab.deliveries[0].body) == body


@pytest.mark.parametrize("template", ["{{object_kind}}", '{"c": "{{commits.id}}"}', "{"])
def test_a_template_that_becomes_no_json_delivers_nothing(template: str) -> None:
    lab = with_hook(Asking(), custom_webhook_template=template)

    status, answer = lab.refusal("POST", TEST)

    assert (status, lab.deliveries) == (422, [])
    assert answer["message"].startswith("Error while parsing rendered custom webhook template: ")
    assert lab.json("GET", f"{HOOKS}/1/events")[0]["response_status"] == "internal error"


def test_a_password_in_the_url_becomes_a_header_and_is_masked_in_the_log() -> None:
    lab = with_hook(Asking(), url="http://user:canary%21@127.0.0.1:9000/in")
    lab.json("POST", TEST)

    assert lab.deliveries[0].url == "http://127.0.0.1:9000/in"
    assert base64.b64decode(lab.deliveries[0].headers["Authorization"].split()[1]) == b"user:canary!"
    assert lab.json("GET", f"{HOOKS}/1/events")[0]["url"] == "http://*****:*****@127.0.0.1:9000/in"


def test_variables_are_filled_into_the_url_of_a_delivery_only() -> None:
    pairs = [{"key": "key", "value": "canary"}]
    lab = with_hook(Asking(), url="http://127.0.0.1:9000/{key}", url_variables=pairs)
    lab.json("POST", TEST)

    assert lab.deliveries[0].url == "http://127.0.0.1:9000/canary"
    assert lab.json("GET", f"{HOOKS}/1/events")[0]["url"] == "http://127.0.0.1:9000/{key}"


def test_losing_a_variable_that_the_new_url_needs_is_one_of_gitlabs_own_errors() -> None:
    lab = with_hook(Asking(), url_variables=[{"key": "w", "value": "1"}])

    assert lab.refusal("PUT", f"{HOOKS}/1", {"url": "http://127.0.0.1:9000/{v}"})[0] == 500
    assert lab.json("GET", f"{HOOKS}/1")["url_variables"] == [{"key": "w"}]


def test_several_mistakes_of_a_new_hook_come_in_one_sentence() -> None:
    hook = {"url": "https://x.example.test", "token": "a\nb", "name": "n" * 256, "description": "d" * 2049}

    assert Asking().refusal("POST", HOOKS, hook)[1] == {
        "error": "Token is invalid, Name is too long (maximum is 255 characters),"
        " and Description is too long (maximum is 2048 characters)"
    }


def test_a_system_hook_is_tested_with_one_fixed_sample() -> None:
    lab = Asking()
    lab.json("POST", "/hooks", {"url": "http://127.0.0.1:9000/in"}, "root")
    lab.receiver = replace(lab.receiver, status=500)

    assert lab.json("POST", "/hooks/1", None, "root")["event_name"] == "project_create"
    assert lab.deliveries[0].headers["X-Gitlab-Event"] == "System Hook"


def test_a_groups_hook_is_tested_with_its_first_project_that_has_commits() -> None:
    lab = Asking()
    lab.json("POST", "/groups/acme/hooks", {"url": "http://127.0.0.1:9000/in"})
    lab.json("POST", "/groups/acme/hooks/1/test/push_events")

    assert json.loads(lab.deliveries[0].body)["project"]["path_with_namespace"] == "acme/shop"


def test_group_hooks_need_a_licence() -> None:
    lab = Asking(settings={"url": "http://gitlab.example.test", "licensed": False})

    assert lab.refusal("GET", "/groups/acme/hooks")[0] == 403


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("main", True),
        ("release/x", True),
        ("((", True),
        ("a b", False),
        ("a..b", False),
        ("^v", False),
        (".a", False),
        ("a.lock", False),
        ("a/", False),
        ("-a", False),
        ("HEAD", False),
        ("refs/heads/a", False),
        ("a@{b", False),
    ],
)
def test_a_branch_filter_must_be_the_name_of_a_branch(name: str, good: bool) -> None:
    assert is_ref_name(name) is good


@pytest.mark.parametrize("path", [f"{HOOKS}/x/events/1/resend", f"{HOOKS}/1/events/x/resend"])
def test_an_id_that_is_no_number_is_not_found_where_deliveries_are_sent_again(path: str) -> None:
    assert with_hook(Asking()).refusal("POST", path) == (404, {"message": "404 Not found"})


@pytest.mark.parametrize(
    ("query", "problems"),
    [
        ("per_page=0", "per_page does not have a valid value, per_page has a value not allowed"),
        ("per_page=x", "per_page is invalid, per_page does not have a valid value"),
        ("status=418", "status does not have a valid value"),
    ],
)
def test_everything_that_is_wrong_with_a_parameter_is_told(query: str, problems: str) -> None:
    assert with_hook(Asking()).refusal("GET", f"{HOOKS}/1/events?{query}") == (400, {"error": problems})


def test_of_several_mistakes_bad_headers_are_told_first() -> None:
    sent = {"url": "https://api.example.test", "name": "n" * 256, "custom_headers": [{"key": "bad name", "value": "1"}]}
    told = Asking().refusal("POST", HOOKS, sent)
    assert told == (422, {"error": "Custom headers must be a valid json schema"})


def test_an_empty_pair_is_refused_by_the_model_only() -> None:
    told = Asking().refusal("POST", HOOKS, {"url": "https://api.example.test", "custom_headers": [{}]})
    assert told == (422, {"error": "Custom headers must be a valid json schema"})


def test_a_hook_that_may_not_be_stored_any_more_keeps_its_header() -> None:
    lab = with_hook(Asking(), custom_headers=[{"key": "X-A", "value": "1"}])
    lab.world.settings["allow_local_requests"] = False
    told = lab.refusal("DELETE", f"{HOOKS}/1/custom_headers/X-A")
    assert told == (422, {"error": "Could not unset custom header"})
