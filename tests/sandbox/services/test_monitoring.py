"""The stand-ins that take numbers and events: Datadog, Sentry, New Relic, Prometheus and its Pushgateway."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

DATADOG = "https://api.datadoghq.eu"
KEY = {"dd-api-key": "k1"}
SENTRY = "https://sentry.io/api/0"
INGEST = "https://o1.ingest.sentry.io/api/42/envelope/"
METRICS = "https://metric-api.newrelic.com/metric/v1"
EVENTS = "https://insights-collector.newrelic.com/v1/accounts/1/events"
GRAPH = "https://api.newrelic.com/graphql"
LICENSE = {"api-key": "0" * 32 + "FFFFNRAL"}
EU_LICENSE = {"api-key": "eu01xx" + "0" * 34}
USER_KEY = {"api-key": "NRAK-1"}
PUSH = "https://push.acme.test"


@pytest.mark.parametrize(
    ("path", "headers", "switches", "status"),
    [
        ("/api/v1/validate", KEY, {}, 200),
        ("/api/v1/validate", {}, {}, 403),
        ("/api/v1/validate", KEY, {"bad_credentials": ["k1"]}, 403),
        ("/api/v1/validate", KEY, {"sites": {"k1": "datadoghq.com"}}, 403),
        ("/api/v1/validate", KEY, {"sites": {"k1": "datadoghq.eu"}}, 200),
        ("/api/v1/validate", KEY, {"throttled": True}, 429),
        ("/api/v2/validate", KEY, {}, 200),
        ("/api/v2/validate_keys", KEY, {}, 403),
        ("/api/v2/validate_keys", KEY | {"dd-application-key": "a1"}, {}, 200),
        ("/api/v2/validate_keys", KEY | {"dd-application-key": "a1"}, {"bad_credentials": ["a1"]}, 403),
    ],
)
def test_datadog_takes_a_key_on_its_own_site_only(
    ask: Any, path: str, headers: Any, switches: Any, status: int
) -> None:
    response = ask(DATADOG + path, switches, headers=headers)

    assert response.status == status
    assert status != 429 or response.headers["X-RateLimit-Reset"] == "1"


@pytest.mark.parametrize(
    ("series", "status"),
    [
        ([{"metric": "m", "type": 3, "points": [{"timestamp": 1_760_000_000, "value": 1}]}], 202),
        ([{"metric": "m", "type": 9, "points": [{"timestamp": 1_760_000_000, "value": 1}]}], 400),
        ([{"metric": "m", "points": []}], 400),
        ([{"metric": "m", "points": [[1_760_000_000, 1]]}], 400),
        ([{"points": [{"timestamp": 1_760_000_000, "value": 1}]}], 400),
        ("x", 400),
    ],
)
def test_datadog_checks_the_form_of_metrics(ask: Any, state: Any, series: object, status: int) -> None:
    response = ask(f"{DATADOG}/api/v2/series", state, body={"series": series}, headers=KEY)

    assert response.status == status
    assert ("series" in state) == (status == 202)


@pytest.mark.parametrize(
    ("shift", "effects"),
    [(0, "series"), (-3600, "series"), (600, "series"), (-3601, "dropped"), (601, "dropped"), (1e12, "dropped")],
)
def test_datadog_accepts_points_of_the_wrong_time_and_drops_them(
    ask: Any, state: Any, now: float, shift: float, effects: str
) -> None:
    series = [{"metric": "m", "points": [{"timestamp": now + shift, "value": 1}]}]
    body = gzip.compress(json.dumps({"series": series}).encode())

    response = ask(f"{DATADOG}/api/v2/series", state, body=body, headers=KEY | {"content-encoding": "gzip"})

    assert response.status == 202
    assert list(state) == [effects]


def test_datadog_takes_logs_on_another_host_and_gitlab_s_deliveries_without_keeping_the_key(
    ask: Any, state: Any
) -> None:
    logs = ask("https://http-intake.logs.datadoghq.eu/api/v2/logs", state, body=[{"message": "m"}], headers=KEY)
    url = "https://webhook-intake.datadoghq.eu/api/v2/webhook?dd-api-key=k1&service=shop"
    hook = ask(url, state, body={"object_kind": "build"}, headers={"x-gitlab-event": "Job Hook"})

    assert (logs.status, hook.status) == (202, 202)
    assert state["logs"] == [{"message": "m"}]
    assert state["webhooks"] == [{"query": {"service": "shop"}, "event": "Job Hook", "kind": "build"}]
    assert "k1" not in str(state)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 202),
        ({"title": ""}, 400),
        ({"text": "x" * 4001}, 400),
        ({"alert_type": "fatal"}, 400),
        ({"priority": "high"}, 400),
        ({"date_happened": 1_760_000_000 - 19 * 3600}, 400),
    ],
)
def test_datadog_takes_an_event_within_its_limits(ask: Any, read: Any, state: Any, change: Any, status: int) -> None:
    response = ask(f"{DATADOG}/api/v1/events", state, body={"title": "t", "text": "x", **change}, headers=KEY)

    assert response.status == status
    assert status != 202 or read(response)["event"]["url"]


@pytest.mark.parametrize(
    ("path", "bearer", "switches", "status"),
    [
        ("/projects/acme/shop/", "sntrys_1", {}, 200),
        ("/projects/acme/shop", "sntrys_1", {}, 404),
        ("/projects/acme/shop/", None, {}, 401),
        ("/projects/acme/shop/", "sntrys_1", {"bad_credentials": ["sntrys_1"]}, 401),
        ("/projects/acme/shop/", "sntrys_1", {"denied_scopes": ["project:read"]}, 403),
        ("/projects/acme/shop/", "sntrys_1", {"strict": True}, 404),
        ("/auth/validate/", "sntrys_1", {}, 200),
        ("/auth/validate", "sntrys_1", {}, 404),
        ("/projects/acme/shop/keys/", "sntrys_1", {"throttled": True}, 429),
    ],
)
def test_sentry_answers_by_token_scope_and_slug(
    ask: Any, path: str, bearer: str | None, switches: Any, status: int
) -> None:
    response = ask(SENTRY + path, switches, bearer=bearer)

    assert response.status == status
    assert status != 429 or {"Retry-After", "X-Sentry-Rate-Limits"} <= set(response.headers)


@pytest.mark.parametrize(
    ("path", "switches", "status"),
    [
        ("/_health/", {}, 200),
        ("/api/relay/healthcheck/live/", {}, 200),
        ("/api/relay/healthcheck/ready/", {"unhealthy": True}, 503),
    ],
)
def test_a_self_hosted_sentry_tells_its_health_to_anybody(ask: Any, path: str, switches: Any, status: int) -> None:
    assert ask(f"https://sentry.acme.test{path}", switches).status == status


def test_sentry_lists_the_client_keys_that_the_state_gives_a_project(ask: Any, read: Any) -> None:
    keys = [{"public": "abc"}, {"public": "off", "isActive": False}]
    state = {"projects": {"acme/shop": {"id": "42", "keys": keys}}}

    shown = read(ask(f"{SENTRY}/projects/acme/shop/keys/", state, bearer="t"))

    assert [(key["public"], key["isActive"]) for key in shown] == [("abc", True), ("off", False)]
    assert shown[0]["dsn"]["public"] == "https://abc@sentry.io/42"


@pytest.mark.parametrize(
    ("version", "projects", "status"),
    [
        ("shop@1.0", ["shop"], 201),
        ("feature/x", ["shop"], 400),
        ("latest", ["shop"], 400),
        ("..", ["shop"], 400),
        ("1.0", [], 400),
        ("1.0", ["nope"], 400),
    ],
)
def test_a_sentry_release_needs_a_fit_name_and_known_projects(
    ask: Any, state: Any, version: str, projects: list[str], status: int
) -> None:
    state["gone"] = ["acme/nope"]

    response = ask(
        f"{SENTRY}/organizations/acme/releases/", state, body={"version": version, "projects": projects}, bearer="t"
    )

    assert response.status == status


def test_a_sentry_release_is_made_once_and_its_deploys_every_time(ask: Any, read: Any, state: Any) -> None:
    url = f"{SENTRY}/organizations/acme/releases/"
    releases = [ask(url, state, body={"version": "1.0", "projects": ["shop"]}, bearer="t").status for _ in range(2)]

    deploys = [
        ask(f"{url}1.0/deploys/", state, body=body, bearer="t").status for body in ({"environment": "prod"},) * 2
    ]
    refused = ask(f"{url}1.0/deploys/", state, body={}, bearer="t").status
    missing = ask(f"{url}2.0/deploys/", state, body={"environment": "prod"}, bearer="t").status

    assert (releases, deploys, refused, missing) == ([201, 208], [201, 201], 400, 404)
    assert len(read(ask(f"{url}1.0/deploys/", state, bearer="t"))) == 2
    assert read(ask(f"{url}1.0/", state, bearer="t"))["version"] == "1.0"


EMPTY = b"{}\n"
EVENT = b'{"event_id": "9ec79c33ec9942ab8353589fcb2e04dc"}\n{"type": "event"}\n{"message": "hi"}\n'
AUTH = {"x-sentry-auth": "Sentry sentry_version=7, sentry_key=abc, sentry_client=tests/1"}


@pytest.mark.parametrize(
    ("body", "headers", "switches", "status"),
    [
        (EMPTY, {}, {}, 200),
        (EMPTY, AUTH, {"closed_keys": ["abc"]}, 200),
        (EVENT, AUTH, {}, 200),
        (EVENT, {}, {}, 401),
        (EVENT, AUTH, {"closed_keys": ["abc"]}, 403),
        (EVENT, AUTH, {"open_keys": ["def"]}, 403),
        (EVENT, AUTH, {"bad_credentials": ["abc"]}, 403),
        (EVENT, AUTH, {"projects": {"acme/shop": {"id": "7", "keys": [{"public": "abc"}]}}}, 403),
        (EVENT, AUTH, {"projects": {"acme/shop": {"id": "42", "keys": [{"public": "abc"}]}}}, 200),
        (EVENT.replace(b'"event"', b'"event", "length": 3'), AUTH, {}, 400),
        (b"{\n", AUTH, {}, 400),
        (b'{"dsn": "https://abc@o1.ingest.sentry.io/42"}\n{"type": "event"}\n{}\n', {}, {}, 200),
        (b'{}\n{"type": "event"}\n"' + b"x" * 1024 * 1024 + b'"\n', AUTH, {}, 413),
    ],
)
def test_a_sentry_envelope_is_checked_once_it_holds_something(
    ask: Any, body: bytes, headers: Any, switches: Any, status: int
) -> None:
    response = ask(INGEST, switches, body=body, headers=headers)

    assert response.status == status
    assert ("events" in switches) == (status == 200 and body != EMPTY)


@pytest.mark.parametrize(
    ("url", "headers", "switches", "body", "status"),
    [
        (METRICS, LICENSE, {}, b"", 202),
        (METRICS, {}, {}, b"", 403),
        (METRICS, USER_KEY, {}, b"", 403),
        (METRICS, EU_LICENSE, {}, b"", 403),
        (METRICS.replace("api.new", "api.eu.new"), EU_LICENSE, {}, b"", 202),
        (METRICS.replace("api.new", "api.eu.new"), LICENSE, {}, b"", 403),
        (METRICS, LICENSE, {"bad_credentials": list(LICENSE.values())}, b"", 403),
        (METRICS, LICENSE, {"throttled": True}, b"", 429),
        (METRICS, LICENSE, {}, b"{", 400),
        (EVENTS, LICENSE, {}, b"{", 200),
        (EVENTS, USER_KEY, {}, b"[]", 403),
        ("https://insights-collector.eu01.nr-data.net/v1/accounts/1/events", EU_LICENSE, {}, b"[]", 200),
        (GRAPH, USER_KEY, {}, {"query": "{ requestContext { userId } }"}, 200),
        (GRAPH, LICENSE, {}, {"query": "{ requestContext { userId } }"}, 401),
        (GRAPH, USER_KEY, {"account_region": "EU"}, {"query": "{ requestContext { userId } }"}, 403),
        (GRAPH, USER_KEY, {}, {"query": "{ nonsense }"}, 200),
    ],
)
def test_new_relic_checks_the_kind_of_key_and_the_region(
    ask: Any, url: str, headers: Any, switches: Any, body: object, status: int
) -> None:
    assert ask(url, switches, method="POST", body=body, headers=headers).status == status


def test_new_relic_accepts_metrics_and_finds_fault_later(ask: Any, state: Any) -> None:
    metrics = [{"name": "good", "type": "gauge", "value": 1}, {"name": "bad", "type": "count", "value": 1}]

    response = ask(METRICS, state, body=[{"common": {"attributes": {"a": 1}}, "metrics": metrics}], headers=LICENSE)

    assert response.status == 202
    assert [m["name"] for m in state["metrics"]] == ["good"]
    assert state["integration_errors"][0]["message"] == "interval.ms is required"


def test_new_relic_says_success_to_an_event_that_it_drops(ask: Any, read: Any, state: Any) -> None:
    response = ask(EVENTS, state, body=[{"eventType": "Deploy"}, {"eventType": "a b"}], headers=LICENSE)

    assert read(response)["success"] is True
    assert [e["eventType"] for e in state["events"]] == ["Deploy"]
    assert len(state["integration_errors"]) == 1


@pytest.mark.parametrize(
    ("shift", "is_made"),
    [(0, True), (-23 * 3600, True), (25 * 3600, False)],
)
def test_a_change_is_tracked_for_an_entity_near_now(
    ask: Any, read: Any, state: Any, now: float, shift: int, is_made: bool
) -> None:
    query = "mutation($event: Event!) { changeTrackingCreateEvent(changeTrackingEvent: $event) { messages } }"
    event = {"entitySearch": {"query": "id = 'GUID1'"}, "timestamp": int((now + shift) * 1000)}

    response = ask(GRAPH, state, body={"query": query, "variables": {"event": event}}, headers=USER_KEY)

    assert response.status == 200
    assert ("errors" in read(response)) == (not is_made)
    assert [change["entity"] for change in state.get("changes", [])] == (["GUID1"] if is_made else [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"# TYPE up gauge\nup 1\n", 200),
        (b'up{a="x\\"y",b="z"} 1.5e3\n', 200),
        (b'# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n', 200),
        (b"up NaN\n", 200),
        (b"", 200),
        (b"up 1", 400),
        (b"up 1 1700000000000\n", 400),
        (b"up one\n", 400),
        (b"up{a=x} 1\n", 400),
        (b"# TYPE up nonsense\nup 1\n", 400),
        (b"up 1\n# TYPE up gauge\n", 400),
        (b"up 1\nup 2\n", 400),
        (b"push_time_seconds 1\n", 200),
    ],
)
def test_a_pushgateway_reads_the_text_format(ask: Any, state: Any, body: bytes, status: int) -> None:
    response = ask(f"{PUSH}/metrics/job/shop", state, method="PUT", body=body)

    assert response.status == status
    assert bool(state["groups"].get("job=shop", {}).get("push_time")) == (status == 200)


@pytest.mark.parametrize(("body", "marked"), [(b"up one\n", False), (b"up 1 1700000000000\n", True)])
def test_a_pushgateway_remembers_a_push_that_does_not_fit_but_none_that_it_cannot_read(
    ask: Any, state: Any, body: bytes, marked: bool
) -> None:
    ask(f"{PUSH}/metrics/job/shop", state, method="PUT", body=body)

    assert [group["failure_time"] > 0 for group in state["groups"].values()] == [True] * marked


def test_a_put_replaces_its_group_a_post_the_same_metrics_and_a_delete_all(ask: Any, state: Any) -> None:
    url = f"{PUSH}/metrics/job/shop/instance/1"

    def names() -> list[str]:
        return sorted(state["groups"]["instance=1,job=shop"]["families"])

    ask(url, state, method="PUT", body=b"a 1\nb 1\n")
    ask(url, state, method="POST", body=b"b 2\nc 3\n")
    after_post = names()
    ask(url, state, method="PUT", body=b"d 1\n")
    after_put = names()
    ask(url, state, method="PUT", body=b"")

    assert (after_post, after_put, names()) == (["a", "b", "c"], ["d"], [])
    assert ask(url, state, method="DELETE").status == 202
    assert ask(url, state, method="DELETE").status == 202
    assert state["groups"] == {}


def test_a_group_can_block_another_one_s_push(ask: Any, state: Any) -> None:
    ask(f"{PUSH}/metrics/job/one", state, method="PUT", body=b"# TYPE a counter\na 1\n")

    response = ask(f"{PUSH}/metrics/job/two", state, method="PUT", body=b"# TYPE a gauge\na 1\n")

    assert response.status == 400
    assert state["groups"]["job=two"]["failure_time"] > 0


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("job/shop/ref@base64/" + base64.urlsafe_b64encode(b"feature/x").decode(), {"job": "shop", "ref": "feature/x"}),
        ("job/shop/ref@base64/=", {"job": "shop", "ref": ""}),
        ("job@base64/c2hvcA", {"job": "shop"}),
        ("job/shop/job/other", {"job": "shop"}),
    ],
)
def test_a_grouping_label_may_be_encoded(ask: Any, state: Any, path: str, labels: dict[str, str]) -> None:
    response = ask(f"{PUSH}/metrics/{path}", state, method="PUT", body=b"a 1\n")

    assert response.status == 200
    assert [group["labels"] for group in state["groups"].values()] == [labels]


@pytest.mark.parametrize(
    "path", ["job", "job/shop/ref", "instance/1", "job@base64/=", "job/a/__x/1", "job/a/b@base64/%%%"]
)
def test_an_odd_grouping_is_refused(ask: Any, path: str) -> None:
    assert ask(f"{PUSH}/metrics/{path}", method="PUT", body=b"a 1\n").status in (400, 404)


def test_a_pushgateway_shows_what_it_holds_and_when_it_came(ask: Any, read: Any, state: Any) -> None:
    ask(f"{PUSH}/metrics/job/shop", state, method="PUT", body=b'# HELP a An a.\n# TYPE a counter\na{x="1"} 1\n')

    text = ask(f"{PUSH}/metrics", state).body.decode()
    group = read(ask(f"{PUSH}/api/v1/metrics", state))["data"][0]

    assert '# TYPE a counter\na{instance="",job="shop",x="1"} 1\n' in text
    assert 'push_time_seconds{instance="",job="shop"} 1760000000.0\n' in text
    assert group["push_time_seconds"]["metrics"][0]["value"] == "1760000000.0"
    assert group["a"]["metrics"] == [{"labels": {"instance": "", "x": "1", "job": "shop"}, "value": "1"}]


@pytest.mark.parametrize(
    ("url", "switches", "auth", "status"),
    [
        (f"{PUSH}/-/healthy", {}, {}, 200),
        (f"{PUSH}/-/ready", {"starting": 1}, {}, 503),
        (f"{PUSH}/api/v1/status", {}, {}, 200),
        (f"{PUSH}/api/v1/status", {"demand_auth": True}, {}, 401),
        (f"{PUSH}/api/v1/status", {"demand_auth": True}, {"user": "bot:pw"}, 200),
        (f"{PUSH}/api/v1/status", {"bad_credentials": ["bot:pw"]}, {"user": "bot:pw"}, 401),
        ("https://prom.acme.test/-/healthy", {}, {}, 200),
        ("https://prom.acme.test/-/ready", {"starting": True}, {}, 503),
        ("https://prom.acme.test/api/v1/status/buildinfo", {}, {}, 200),
        ("https://prom.acme.test/api/v1/query?query=up", {}, {}, 200),
        ("https://prom.acme.test/api/v1/query?query=up(", {}, {}, 400),
        ("https://prom.acme.test/api/v1/query?query=up", {"demand_auth": True}, {}, 401),
    ],
)
def test_prometheus_and_its_gateway_tell_their_health(
    ask: Any, url: str, switches: Any, auth: Any, status: int
) -> None:
    assert ask(url, switches, **auth).status == status


def test_a_gateway_without_the_consistency_check_only_queues(ask: Any) -> None:
    assert ask(f"{PUSH}/metrics/job/a", {"consistency_check": False}, method="PUT", body=b"a 1\n").status == 202


def test_prometheus_s_own_client_is_understood(ask: Any, state: Any) -> None:
    from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

    registry = CollectorRegistry()
    Counter("deploys", "How many", ["env"], registry=registry).labels('pr"od\n').inc()
    Histogram("seconds", "How long", registry=registry).observe(0.2)

    response = ask(f"{PUSH}/metrics/job/shop", state, method="PUT", body=generate_latest(registry))

    assert response.status == 200
    families = state["groups"]["job=shop"]["families"]
    assert families["deploys_total"]["samples"][0]["labels"] == {"env": 'pr"od\n'}
    assert len(families["seconds"]["samples"]) == 17
