"""What is pushed to monitoring services arrives as it was meant, and no more often than it should."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.errors import ReconcilerError, RemoteError, SecretUnavailable, UnclearWrite, UsageError
from reconciler.core.flow import Failure, Request, Response
from reconciler.core.resource import Subject
from reconciler.core.value import Secret
from tests.integrations.flows.entries import KINDS, LICENCE, SUBJECTS, TOKEN, USER_KEY, act, stage_of, state_of
from tests.integrations.flows.running import NOW, Stage, fed, json_answer

EVERY: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("datadog", "push-metrics", {"metrics": {"deploys": "1"}}),
    ("datadog", "send-logs", {"message": "deployed"}),
    ("datadog", "send-event", {"title": "deployed"}),
    ("newrelic", "push-metrics", {"metrics": {"deploys": "1"}}),
    ("newrelic", "event", {"event_type": "Deploy"}),
    ("newrelic", "deployment-marker", {"version": "v1"}),
    ("prometheus", "push-metrics", {"metrics": {"deploys": "1"}}),
    ("sentry", "release", {}),
    ("sentry", "deploy", {}),
    ("sentry", "event", {"message": "broken"}),
)
AT_MOST_ONCE = [row for row in EVERY if row[0] in ("datadog", "newrelic")]
BAD = {"newrelic": [LICENCE, USER_KEY], "sentry": [TOKEN, "publickey1"]}
PREPARED = {"sentry": {"releases": {"acme/v1.2.3": {"version": "v1.2.3", "projects": []}}}}


def prepared(kind: str, **state: Any) -> Stage:
    """A stage on which what an action needs is there already."""
    return stage_of(kind, **{**PREPARED.get(kind, {}), **state})


def writes(stage: Stage) -> list[Request]:
    return [request for request in stage.sent if request.writes]


def losing(stage: Stage, times: int, *, reached: bool = True) -> None:
    """Lose the answers of the first writes, or the writes themselves."""
    left = [times]

    def lose(request: Request) -> Failure | None:
        if not request.writes or not left[0]:
            return None
        left[0] -= 1
        return Failure("the connection was reset", sent=reached)

    if reached:
        stage.lost = lose
    else:
        stage.never_sent = lose


@pytest.mark.parametrize(("kind", "action", "parameters"), EVERY)
def test_a_bad_credential_is_told_of(kind: str, action: str, parameters: dict[str, Any]) -> None:
    stage = prepared(kind, bad_credentials=BAD.get(kind, [TOKEN]))
    with pytest.raises(RemoteError) as caught:
        act(kind, stage, action, **parameters)
    assert not isinstance(caught.value, UnclearWrite)
    assert caught.value.status in (401, 403)


@pytest.mark.parametrize(("kind", "action", "parameters"), EVERY)
def test_a_service_with_trouble_of_its_own_leaves_a_write_unclear(
    kind: str, action: str, parameters: dict[str, Any]
) -> None:
    stage = prepared(kind, unavailable=True)
    with pytest.raises(RemoteError) as caught:
        act(kind, stage, action, **parameters)
    assert isinstance(caught.value, UnclearWrite) is bool(writes(stage))


@pytest.mark.parametrize(("kind", "action", "parameters"), AT_MOST_ONCE)
def test_what_has_no_natural_key_is_sent_once_whatever_becomes_of_the_answer(
    kind: str, action: str, parameters: dict[str, Any]
) -> None:
    stage = prepared(kind)
    losing(stage, 1)
    with pytest.raises(UnclearWrite):
        act(kind, stage, action, **parameters)
    assert len(stage.sent) == 1


@pytest.mark.parametrize(("kind", "action", "parameters"), EVERY)
def test_an_action_says_that_a_web_page_answered(kind: str, action: str, parameters: dict[str, Any]) -> None:
    page = Response(200, {"content-type": "text/html"}, b"<html>")
    flow = KINDS[kind].actions[action].run(SUBJECTS[kind], parameters)
    with pytest.raises(RemoteError, match="sign-in page or another server"):
        fed(flow, [page])


# Datadog -------------------------------------------------------------------------------------------------------------


def test_datadog_gets_points_of_now_with_the_entrys_tags() -> None:
    stage = stage_of("datadog")
    metrics = {"shop.deploys": "1", "shop.load": {"value": 2.5, "labels": {"node": "a"}}}
    result = act("datadog", stage, "push-metrics", metrics=metrics, type="count", labels={"by": "ci"}, host="runner")
    assert result == {"sent": 2, "refused": 0, "site": "datadoghq.eu"}
    first, second = state_of(stage, "datadog")["series"]
    assert first["points"] == [{"timestamp": int(NOW), "value": 1.0}]
    assert first["tags"] == ["env:production", "service:shop", "team:shop", "stage:eu", "by:ci"]
    assert (first["type"], first["resources"]) == (1, [{"type": "host", "name": "runner"}])
    assert second["tags"][-2:] == ["by:ci", "node:a"]
    assert "dropped" not in state_of(stage, "datadog")


def test_datadog_gets_logs_in_requests_of_limited_size() -> None:
    stage = stage_of("datadog")
    lines = tuple(f"line {n}" for n in range(1201))
    result = act("datadog", stage, "send-logs", messages=lines, level="error", labels={"by": "ci"})
    assert result["sent"] == 1201
    assert len(writes(stage)) == 3
    logs = state_of(stage, "datadog")["logs"]
    assert [row["message"] for row in logs] == list(lines)
    assert logs[0]["ddtags"] == "env:production,service:shop,team:shop,stage:eu,by:ci"
    assert (logs[0]["service"], logs[0]["status"], logs[0]["ddsource"]) == ("shop", "error", "gitlab")
    assert str(stage.sent[0].url).startswith("https://http-intake.logs.datadoghq.eu/")


def test_datadog_gets_long_logs_in_requests_that_it_takes() -> None:
    stage = stage_of("datadog")
    lines = tuple(letter * 900_000 for letter in "abcdefgh")
    assert act("datadog", stage, "send-logs", messages=lines)["sent"] == 8
    assert [row["message"][0] for row in state_of(stage, "datadog")["logs"]] == list("abcdefgh")
    assert all(len(json.dumps(request.json)) < 5_000_000 for request in writes(stage))


def test_metrics_that_datadog_refuses_in_a_success_are_told_as_a_failure() -> None:
    refused = json_answer(202, {"errors": ["Payload is not in the expected format"]})
    result, _ = fed(KINDS["datadog"].actions["push-metrics"].run(SUBJECTS["datadog"], {"metrics": {"a": 1}}), [refused])
    assert (result["refused"], result["success"]) == (1, False)


def test_an_event_that_new_relic_does_not_take_is_told_as_a_failure() -> None:
    answer = json_answer(200, {"success": False})
    flow = KINDS["newrelic"].actions["event"].run(SUBJECTS["newrelic"], {"event_type": "Deployment"})
    result, _ = fed(flow, [answer])
    assert (result["accepted"], result["success"]) == (False, False)


def test_datadog_gets_an_event() -> None:
    stage = stage_of("datadog")
    given = {"text": "all of it", "alert_type": "error", "priority": "low", "aggregation_key": "v1", "host": "h"}
    result = act("datadog", stage, "send-event", title="Deployed", **given)
    (event,) = state_of(stage, "datadog")["events"]
    assert {name: event[name] for name in given} == given
    assert (event["title"], event["date_happened"], result["id"]) == ("Deployed", int(NOW), "1")


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("push-metrics", {}),
        ("push-metrics", {"metrics": {"a": "many"}}),
        ("push-metrics", {"metrics": {"a": "nan"}}),
        ("push-metrics", {"metrics": {"a": True}}),
        ("push-metrics", {"metrics": {"a": {"value": 1, "type": "summary"}}}),
        ("send-logs", {}),
        ("send-logs", {"message": "x" * 1_000_001}),
        ("send-event", {"title": "x", "text": "x" * 4001}),
        ("send-event", {}),
    ],
)
def test_what_datadog_would_drop_is_refused_before_it_is_sent(action: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ReconcilerError):
        fed(KINDS["datadog"].actions[action].run(SUBJECTS["datadog"], parameters), [])


@pytest.mark.parametrize(
    ("stated", "url"),
    [
        ({}, "https://api.datadoghq.com/api/v2/series"),
        ({"site": "us3.datadoghq.com"}, "https://api.us3.datadoghq.com/api/v2/series"),
        ({"api_url": "https://webhook-intake.datadoghq.eu/api/v2/webhook"}, "https://api.datadoghq.eu/api/v2/series"),
        ({"api_url": "https://dd.acme.test:8443/hook"}, "https://dd.acme.test:8443/api/v2/series"),
    ],
)
def test_datadogs_address_follows_from_site_or_address(stated: dict[str, Any], url: str) -> None:
    subject = replace(SUBJECTS["datadog"], values={"api_key": Secret(TOKEN), **stated})
    flow = KINDS["datadog"].actions["push-metrics"].run(subject, {"metrics": {"a": 1}})
    _, (sent,) = fed(flow, [json_answer(202, {"errors": []})])
    assert isinstance(sent, Request)
    assert sent.url == url


# New Relic -----------------------------------------------------------------------------------------------------------


def test_new_relic_gets_metrics_whose_counts_have_an_interval() -> None:
    stage = stage_of("newrelic")
    metrics = {"deploys": {"value": "1", "type": "count"}, "load": "0.5"}
    result = act("newrelic", stage, "push-metrics", metrics=metrics, labels={"stage": "eu"}, interval=30)
    assert (result["sent"], result["region"]) == (2, "US")
    assert result["request"]
    count, gauge = state_of(stage, "newrelic")["metrics"]
    assert (count["interval.ms"], count["timestamp"], count["value"]) == (30_000, int(NOW * 1000), 1.0)
    assert (gauge["type"], gauge["attributes"]) == ("gauge", {"stage": "eu"})
    assert "integration_errors" not in state_of(stage, "newrelic")


def test_new_relic_gets_an_event() -> None:
    stage = stage_of("newrelic")
    assert act("newrelic", stage, "event", event_type="Deploy", attributes={"stage": "eu"})["accepted"] is True
    (event,) = state_of(stage, "newrelic")["events"]
    assert (event["eventType"], event["stage"], event["account"]) == ("Deploy", "eu", "42")
    with pytest.raises(UsageError):
        act("newrelic", stage, "event", event_type="no blanks")


def test_new_relic_gets_a_deployment_marker_with_any_text() -> None:
    stage = stage_of("newrelic")
    given = {"changelog": 'said "it\'s done"\nand left', "commit_sha": "9f1c", "user": "dev", "url": "https://x.test"}
    result = act("newrelic", stage, "deployment-marker", version="v1.2.3", **given)
    (change,) = state_of(stage, "newrelic")["changes"]
    assert (change["entity"], change["id"]) == (SUBJECTS["newrelic"].values["entity_guid"], result["id"])
    assert 'version: "v1.2.3"' in change["query"]
    assert r'changelog: "said \"it' in change["query"]
    assert change["query"].count("{") == change["query"].count("}")


def test_new_relics_errors_in_a_success_fail_the_marker() -> None:
    flow = KINDS["newrelic"].actions["deployment-marker"].run(SUBJECTS["newrelic"], {"version": "v1"})
    with pytest.raises(RemoteError, match="finds something wrong"):
        fed(flow, [json_answer(200, {"data": None, "errors": [{"message": "no"}]})])


@pytest.mark.parametrize(
    ("action", "parameters", "host"),
    [
        ("push-metrics", {"metrics": {"a": 1}}, "metric-api.eu.newrelic.com"),
        ("event", {"event_type": "A"}, "insights-collector.eu01.nr-data.net"),
        ("deployment-marker", {"version": "1"}, "api.eu.newrelic.com"),
    ],
)
def test_new_relics_european_accounts_have_hosts_of_their_own(
    action: str, parameters: dict[str, Any], host: str
) -> None:
    subject = SUBJECTS["newrelic"]
    flow = (
        KINDS["newrelic"].actions[action].run(replace(subject, values={**subject.values, "region": "EU"}), parameters)
    )
    sent = next(flow)
    assert isinstance(sent, Request)
    assert f"https://{host}/" in str(sent.url)


# Prometheus ----------------------------------------------------------------------------------------------------------


def test_the_pushgateway_gets_figures_in_the_group_of_job_and_labels() -> None:
    stage = stage_of("prometheus")
    metrics = {
        "shop_load": {"value": "0.5", "labels": {"node": 'a "b"\n'}},
        "shop_deploys": {"value": 3, "type": "count"},
    }
    result = act("prometheus", stage, "push-metrics", metrics=metrics, grouping={"stage": "eu"})
    assert result == {"pushed": 2, "job": "shop", "grouping": {"instance": "eu/1", "stage": "eu"}}
    (group,) = state_of(stage, "prometheus")["groups"].values()
    assert group["labels"] == {"job": "shop", "instance": "eu/1", "stage": "eu"}
    families = group["families"]
    assert families["shop_load"]["samples"][0]["labels"] == {"node": 'a "b"\n'}
    assert families["shop_deploys_total"]["type"] == "counter"


@pytest.mark.parametrize(("mode", "left"), [("merge", {"a", "b"}), ("replace", {"b"})])
def test_other_metrics_of_the_group_stay_or_go(mode: str, left: set[str]) -> None:
    stage = stage_of("prometheus")
    act("prometheus", stage, "push-metrics", metrics={"a": 1})
    act("prometheus", stage, "push-metrics", metrics={"b": 1}, mode=mode)
    (group,) = state_of(stage, "prometheus")["groups"].values()
    assert set(group["families"]) == left


@pytest.mark.parametrize("reached", [True, False])
def test_a_push_whose_answer_is_lost_is_repeated_once_because_it_changes_nothing(reached: bool) -> None:
    stage = stage_of("prometheus")
    losing(stage, 1, reached=reached)
    assert act("prometheus", stage, "push-metrics", metrics={"a": 1})["pushed"] == 1
    losing(stage, 2)
    with pytest.raises(UnclearWrite):
        act("prometheus", stage, "push-metrics", metrics={"a": 1})


def test_a_metric_that_does_not_fit_other_groups_is_refused_in_words() -> None:
    stage = stage_of("prometheus")
    act("prometheus", stage, "push-metrics", metrics={"a_total": 1})
    with pytest.raises(RemoteError, match="name or type does not fit"):
        act("prometheus", stage, "push-metrics", metrics={"a": {"value": 1, "type": "count"}}, job="other")


@pytest.mark.parametrize(
    "parameters",
    [
        {"metrics": {"a-b": 1}},
        {"metrics": {"a": {"value": 1, "labels": {"b c": "d"}}}},
        {"metrics": {"a": 1}, "labels": {"job": "x"}},
        {"metrics": {"a": 1}, "labels": {"instance": "x"}},
    ],
)
def test_names_that_prometheus_would_change_or_refuse_are_refused_before(parameters: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        fed(KINDS["prometheus"].actions["push-metrics"].run(SUBJECTS["prometheus"], parameters), [])


def test_an_empty_value_of_a_group_is_written_in_base64() -> None:
    stage = stage_of("prometheus")
    act("prometheus", stage, "push-metrics", metrics={"a": 1}, grouping={"instance": ""}, job="a/b")
    (group,) = state_of(stage, "prometheus")["groups"].values()
    assert group["labels"] == {"job": "a/b", "instance": ""}


# Sentry --------------------------------------------------------------------------------------------------------------


def test_sentry_gets_a_release_once() -> None:
    stage = stage_of("sentry")
    given = {"commit_sha": "9f1c", "repository": "acme/shop", "url": "https://x.test", "finalize": True}
    result = act("sentry", stage, "release", **given)
    assert result == {"version": "v1.2.3", "projects": ("shop",), "existed": False}
    release = state_of(stage, "sentry")["releases"]["acme/v1.2.3"]
    assert release["refs"] == [{"repository": "acme/shop", "commit": "9f1c"}]
    assert release["dateReleased"] == "2026-01-01T00:00:00Z"
    assert act("sentry", stage, "release")["existed"] is True
    assert len(state_of(stage, "sentry")["releases"]) == 1


def test_a_release_whose_answer_is_lost_is_made_again_because_its_version_names_it() -> None:
    stage = stage_of("sentry")
    losing(stage, 1)
    assert act("sentry", stage, "release")["existed"] is True
    assert len(state_of(stage, "sentry")["releases"]) == 1


@pytest.mark.parametrize("version", ["feature/x", "a\\b", "latest", "..", "x" * 201])
def test_versions_that_sentry_refuses_are_refused_before(version: str) -> None:
    with pytest.raises(UsageError):
        fed(KINDS["sentry"].actions["release"].run(SUBJECTS["sentry"], {"version": version}), [])


def test_a_deploy_is_recorded_once_for_its_name() -> None:
    stage = prepared("sentry")
    first = act("sentry", stage, "deploy", name="pipeline 7", url="https://x.test")
    assert (first["environment"], first["existed"]) == ("production", False)
    assert act("sentry", stage, "deploy", name="pipeline 7")["existed"] is True
    assert act("sentry", stage, "deploy", name="pipeline 7", environment="staging")["existed"] is False
    assert len(state_of(stage, "sentry")["deploys"]["acme/v1.2.3"]) == 2


@pytest.mark.parametrize("name", ["pipeline 7", ""])
def test_a_deploy_whose_answer_is_lost_is_looked_for_and_not_repeated(name: str) -> None:
    stage = prepared("sentry")
    losing(stage, 1)
    assert act("sentry", stage, "deploy", name=name)["id"] == "1"
    assert len(writes(stage)) == 1
    losing(stage, 1, reached=False)
    with pytest.raises(RemoteError, match="cannot be reached"):
        act("sentry", stage, "deploy", name="another")
    assert len(state_of(stage, "sentry")["deploys"]["acme/v1.2.3"]) == 1


def test_a_deploy_of_a_release_that_is_not_there_says_so() -> None:
    with pytest.raises(RemoteError, match="no such organisation, project or release"):
        act("sentry", stage_of("sentry"), "deploy")


def test_an_event_reaches_the_project_of_the_dsn_with_environment_and_release() -> None:
    stage = stage_of("sentry")
    result = act("sentry", stage, "event", message="broken ☃", level="error", tags={"job": "7"})
    (event,) = state_of(stage, "sentry")["events"]
    assert (event["project"], event["key"], event["id"]) == ("7", "publickey1", result["id"])
    said = event["payload"]
    assert (said["message"], said["level"], said["environment"]) == ("broken ☃", "error", "production")
    assert (said["release"], said["tags"]) == ("v1.2.3", {"gitlab.project": "acme/shop", "job": "7"})
    assert said["timestamp"] == NOW


def test_an_event_sent_again_has_the_same_id_so_that_sentry_keeps_one() -> None:
    stage = stage_of("sentry")
    losing(stage, 1)
    act("sentry", stage, "event", message="broken")
    assert len({event["id"] for event in state_of(stage, "sentry")["events"]}) == 1


@pytest.mark.parametrize(
    ("dsn", "envelope"),
    [
        ("https://key@sentry.io/7", "https://sentry.io/api/7/envelope/"),
        ("https://key:old@sentry.acme.test:9000/at/7", "https://sentry.acme.test:9000/at/api/7/envelope/"),
        ("https://sentry.io/7", ""),
        ("nonsense", ""),
        ("https://key@sentry.io:x/7", ""),
    ],
)
def test_a_dsn_leads_to_an_envelope_address(dsn: str, envelope: str) -> None:
    subject: Subject = replace(SUBJECTS["sentry"], values={"dsn": Secret(dsn)})
    flow = KINDS["sentry"].actions["event"].run(subject, {"message": "x"})
    if not envelope:
        with pytest.raises(UsageError, match="cannot be read"):
            next(flow)
        return
    sent = next(flow)
    assert isinstance(sent, Request)
    assert sent.url == envelope


def test_a_dsn_that_is_not_at_hand_is_asked_for_by_its_reference() -> None:
    subject = replace(SUBJECTS["sentry"], values={"dsn": Secret(None, "${env:DSN}")})
    with pytest.raises(SecretUnavailable, match="env:DSN"):
        fed(KINDS["sentry"].actions["event"].run(subject, {"message": "x"}), [])


@pytest.mark.parametrize("missing", ["auth_token", "organization", "project", "release"])
def test_what_a_release_needs_is_named(missing: str) -> None:
    subject = SUBJECTS["sentry"]
    values = {name: value for name, value in subject.values.items() if name != missing}
    with pytest.raises(ReconcilerError, match=f"`{missing}` is not stated"):
        fed(KINDS["sentry"].actions["release"].run(replace(subject, values=values), {}), [])
