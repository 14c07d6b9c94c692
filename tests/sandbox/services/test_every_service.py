"""What holds for all stand-ins: found by host, deterministic, without crashes, and with a JSON state."""

from __future__ import annotations

import ast
import base64
import copy
import importlib
import json
import re
from pathlib import Path

import pytest

from reconciler.sandbox import services
from reconciler.sandbox.message import Request, Response

FOLDER = Path(services.__file__).parent
NOW = 1_760_000_000.0
BODIES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"{}",
    b"\xff\xfe",
    b'{"text": 7, "attachments": {}, "blocks": [1], "fields": "x", "update": {"labels": [1, {"add": []}]}}',
    b'{"data": [], "issue": [], "series": [{"metric": "m", "points": [{"timestamp": 1'
    + b"0" * 400
    + b', "value": 1}]}]}',
    b'{"fields": {"project": {"key": "PROJ"}, "issuetype": {"name": "Task"}, "summary": "s", "labels": 3}}',
    b'{"version": "1.0", "projects": [{}], "environment": [], "embeds": [[]], "content": "x", "query": {}}',
    b"payload=%7B%7D&url=x&name=y&Action=GetCallerIdentity",
    b'# TYPE a counter\na{b="c"} 1\n',
    b'{"dsn": 1}\n{"type": "event"}\n{}\n',
    b"<build><buildType id='A'/></build>",
    b'{"repositoryName": "shop", "SecretId": "a", "role": "r", "jwt": "j", "email": "e", "userKey": "u"}',
)
HEADERS = (
    {},
    {
        "authorization": "Basic dXNlcjpwYXNz",
        "user-agent": "t",
        "content-type": "application/json",
        "accept": "application/json",
    },
    {
        "authorization": "token abc",
        "user-agent": "t",
        "x-redmine-api-key": "k",
        "dd-api-key": "k",
        "api-key": "NRAK-k",
        "x-vault-token": "t",
        "wss-refresh-token": "refresh.x",
    },
    {"authorization": "Bearer abc", "content-type": "application/json", "user-agent": "t", "api-key": "license"},
    {
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20250101/eu-west-1/codecommit/aws4_request, Signature=0",
        "x-amz-target": "CodeCommit_20150413.GetRepository",
    },
)


def route_paths(name: str) -> list[tuple[str, str]]:
    routes = importlib.import_module(services.SERVICES[name]).SERVICE.routes
    assert routes
    fill = {"version": "2", "grouping": "job/x", "locator": "revision:abc", "path": "a/b", "plan": "PROJ-PLAN"}
    return [
        (method, re.sub(r"\{(\w+)\*?\}", lambda match: fill.get(match[1], "1"), route.template))
        for route in routes
        for method in sorted(route.methods)
    ]


def exchanges(name: str) -> list[Request]:
    return [
        Request(method, path, query, headers, body, "https://stand-in.test")
        for method, path in route_paths(name)
        for query in (
            "",
            "api-version=7.1&sig=s&version=2024-06-10&key=k&secret=s&jql=project%3DPROJ&service=git-receive-pack",
        )
        for headers in HEADERS
        for body in (BODIES if method in ("POST", "PUT", "PATCH") else BODIES[:1])
    ]


def play(name: str, requests: list[Request], state: dict[str, object]) -> list[Response]:
    return [services.handle(name, request, state, NOW + count / 7) for count, request in enumerate(requests)]


@pytest.mark.parametrize("name", services.SERVICES)
def test_a_stand_in_answers_anything_alike_each_time_and_remembers_json(name: str) -> None:
    requests = exchanges(name)
    first: dict[str, object] = {"invalid_request_limit": 10**9}
    second = copy.deepcopy(first)

    answers = play(name, requests, first)

    assert answers == play(name, requests, second)
    assert first == second == json.loads(json.dumps(first))
    assert any(answer.status < 300 for answer in answers)


@pytest.mark.parametrize("name", services.SERVICES)
def test_a_restored_state_goes_on_where_it_was(name: str) -> None:
    requests = exchanges(name)[::3]
    half = len(requests) // 2
    whole: dict[str, object] = {}
    answers = play(name, requests, whole)
    parted: dict[str, object] = {}
    play(name, requests[:half], parted)
    restored = json.loads(json.dumps(parted))

    rest = [services.handle(name, r, restored, NOW + (half + n) / 7) for n, r in enumerate(requests[half:])]

    assert rest == answers[half:]
    assert restored == whole


@pytest.mark.parametrize("name", services.SERVICES)
def test_an_unavailable_service_says_503_as_often_as_told(name: str) -> None:
    method, path = route_paths(name)[0]
    state: dict[str, object] = {"unavailable": 2}
    request = Request(method, path, "", {"user-agent": "t"}, b"", "https://stand-in.test")

    statuses = [services.handle(name, request, state, NOW).status for _ in range(3)]

    assert statuses[:2] == [503, 503]
    assert statuses[2] != 503


@pytest.mark.parametrize("name", services.SERVICES)
def test_a_path_that_no_route_has_is_not_found_or_not_allowed(name: str) -> None:
    request = Request("PATCH", "/certainly/not/here", "", {"user-agent": "t"}, b"", "https://stand-in.test")

    assert services.handle(name, request, {}, NOW).status in (404, 405)


def test_every_module_named_in_the_table_is_there_and_no_service_is_left_out() -> None:
    parts = {
        "__init__",
        "base",
        "memory",
        "markup",
        "exposition",
        "aws",
        "jira_issue",
        "jira_site",
        "jira_text",
        "jenkins_build",
    }

    assert {path.stem for path in FOLDER.glob("*.py")} - parts == set(services.SERVICES)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_a_stand_in_imports_nothing_with_effects(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert not {name.split(".")[0] for name in names} & {"time", "random", "os", "pathlib", "socket", "secrets", "uuid"}
    assert all(name.startswith("reconciler.sandbox") for name in names if name.startswith("reconciler"))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("hooks.slack.com", "slack"),
        ("slack.com:443", "slack"),
        ("acme.webhook.office.com", "teams"),
        ("prod-12.westeurope.logic.azure.com:443", "teams"),
        ("a1b2.0d.environment.api.powerplatform.com", "teams"),
        ("discord.com", "discord"),
        ("Acme.Atlassian.Net", "jira"),
        ("api.atlassian.com", "jira"),
        ("app.asana.com", "asana"),
        ("api.us5.datadoghq.com", "datadog"),
        ("http-intake.logs.datadoghq.eu", "datadog"),
        ("webhook-intake.ap1.datadoghq.com", "datadog"),
        ("o1.ingest.de.sentry.io", "sentry"),
        ("insights-collector.eu01.nr-data.net", "newrelic"),
        ("metric-api.newrelic.com", "newrelic"),
        ("api.eu.snyk.io", "snyk"),
        ("sonarcloud.io", "sonarqube"),
        ("api-saas.mend.io", "mend"),
        ("saas.whitesourcesoftware.com", "mend"),
        ("git-codecommit.eu-west-1.amazonaws.com", "codecommit"),
        ("codecommit.eu-west-1.amazonaws.com", "codecommit"),
        ("secretsmanager.eu-west-1.amazonaws.com", "aws_secrets"),
        ("sts.amazonaws.com", "aws_secrets"),
        ("dev.azure.com", "azure_devops"),
        ("cloudbuild.googleapis.com", "cloud_build"),
        ("oauth2.googleapis.com", "cloud_build"),
        ("example.com", None),
        ("notslack.com", None),
        ("discord.com.example.org", None),
        ("[::1]:8080", None),
    ],
)
def test_a_host_belongs_to_its_service(host: str, name: str | None) -> None:
    assert services.service_for_host(host, {}) == name


def test_a_declared_host_goes_before_the_well_known_ones_with_or_without_its_port() -> None:
    extra = {"ci.acme.test": "jenkins", "acme.atlassian.net": "bamboo", "ci.acme.test:8081": "teamcity"}

    found = [
        services.service_for_host(host, extra)
        for host in ("ci.acme.test:8080", "acme.atlassian.net", "ci.acme.test:8081")
    ]

    assert found == ["jenkins", "bamboo", "teamcity"]


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        services.handle("myspace", Request("GET", "/"), {}, NOW)


CANARY = "canary4711"
CANARIES = (
    {"authorization": f"Bearer {CANARY}"},
    {"authorization": f"token {CANARY}"},
    {"authorization": "Basic " + base64.b64encode(f"bot:{CANARY}".encode()).decode(), "cookie": f"JSESSIONID={CANARY}"},
    dict.fromkeys(("x-redmine-api-key", "dd-api-key", "dd-application-key", "api-key", "x-vault-token"), CANARY),
)
ECHOING = {"redmine": {"/users/current.json", "/my/account.json"}, "vault": {"/v1/auth/token/lookup-self"}}


@pytest.mark.parametrize("name", services.SERVICES)
def test_no_state_and_only_the_answers_known_for_it_show_the_caller_s_credential(name: str) -> None:
    state: dict[str, object] = {"invalid_request_limit": 10**9}
    echoing = set()
    for method, path in route_paths(name):
        for headers in CANARIES:
            body = {"data": {"name": "x", "workspace": "1"}, "version": "1", "projects": ["shop"], "text": "hi"}
            sent = {"content-type": "application/json", "accept": "application/json", "user-agent": "t", **headers}
            query = "api-version=7.1&version=2024-06-10&os_authType=basic&sig=s&key=k&secret=s"
            request = Request(method, path, query, sent, json.dumps(body).encode(), "https://stand-in.test")
            answer = services.handle(name, request, state, NOW)
            if CANARY in f"{answer.headers}{answer.body!r}":
                echoing.add(path)

    assert echoing == ECHOING.get(name, set())
    assert CANARY not in json.dumps(state)
