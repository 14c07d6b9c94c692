"""The stand-ins that judge code: SonarQube, Snyk, Mend."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

SONAR = "https://sonar.acme.test"
SNYK = "https://api.snyk.io"
MEND = "https://api-saas.mend.io/api"
FORM = {"content-type": "application/x-www-form-urlencoded"}
TOKEN = {"authorization": "token t1"}
SELF = f"{SNYK}/rest/self?version=2024-06-10"


def form(**values: str) -> bytes:
    return urlencode(values).encode()


@pytest.mark.parametrize(
    ("auth", "switches", "valid"),
    [
        ({"bearer": "squ_1"}, {}, True),
        ({"user": "squ_1:"}, {}, True),
        ({}, {}, True),
        ({}, {"force_authentication": True}, False),
        ({"bearer": "squ_1"}, {"bad_credentials": ["squ_1"]}, False),
        ({"user": "squ_1:"}, {"bad_credentials": ["squ_1"]}, False),
    ],
)
def test_sonarqube_always_answers_200_and_calls_even_nobody_valid(
    ask: Any, read: Any, auth: Any, switches: Any, valid: bool
) -> None:
    response = ask(f"{SONAR}/api/authentication/validate", switches, **auth)

    assert (response.status, read(response)) == (200, {"valid": valid})


@pytest.mark.parametrize(
    ("path", "auth", "switches", "status"),
    [
        ("/api/system/status", {}, {}, 200),
        ("/api/qualitygates/project_status?projectKey=shop", {"bearer": "t"}, {}, 200),
        ("/api/qualitygates/project_status?projectKey=shop", {"bearer": "t"}, {"bad_credentials": ["t"]}, 401),
        ("/api/qualitygates/project_status?projectKey=shop", {"bearer": "t"}, {"gone": ["shop"]}, 404),
        ("/api/qualitygates/project_status", {"bearer": "t"}, {}, 404),
        ("/api/components/show?component=shop", {}, {"force_authentication": True}, 401),
        ("/api/system/health", {"bearer": "sqp_1"}, {}, 403),
        ("/api/system/health", {"user": "sqa_1:"}, {}, 403),
        ("/api/system/health", {"bearer": "squ_1"}, {}, 200),
        ("/api/alm_settings/list_definitions", {}, {}, 401),
        ("/api/alm_settings/get_binding?project=shop", {"bearer": "squ_1"}, {}, 404),
        ("/api/alm_settings/get_binding?project=shop", {"bearer": "squ_1"}, {"edition": "community"}, 404),
        ("/api/nothing", {}, {}, 404),
    ],
)
def test_sonarqube_answers_by_token_kind_and_project(
    ask: Any, path: str, auth: Any, switches: Any, status: int
) -> None:
    assert ask(SONAR + path, switches, **auth).status == status


def test_sonarqube_shows_the_status_and_gates_that_the_state_says(ask: Any, read: Any) -> None:
    state = {"status": "DB_MIGRATION_RUNNING", "projects": {"shop": {"gate": "ERROR"}}}

    status = read(ask(f"{SONAR}/api/system/status", state))["status"]
    gate = read(ask(f"{SONAR}/api/qualitygates/project_status?projectKey=shop", state, bearer="t"))

    assert (status, gate["projectStatus"]["status"]) == ("DB_MIGRATION_RUNNING", "ERROR")


def test_sonarqube_takes_ten_webhooks_for_a_project_and_ten_for_all(ask: Any, read: Any, state: Any) -> None:
    url = f"{SONAR}/api/webhooks/create"

    def create(**more: str) -> int:
        body = form(name="n", url="https://hook.test", secret="s3cret", **more)
        return int(ask(url, state, body=body, headers=FORM, bearer="squ_1").status)

    statuses = [create(project="shop") for _ in range(11)] + [create()]
    rows = read(ask(f"{SONAR}/api/webhooks/list?project=shop", state, bearer="squ_1"))["webhooks"]
    removed = ask(
        f"{SONAR}/api/webhooks/delete", state, body=form(webhook=rows[0]["key"]), headers=FORM, bearer="squ_1"
    )

    assert statuses == [200] * 10 + [400, 200]
    assert rows[0]["hasSecret"] is True
    assert (removed.status, len(state["webhooks"])) == (204, 10)
    assert "s3cret" not in str(state)


@pytest.mark.parametrize(
    ("url", "repository", "setting_ok", "binding_status"),
    [
        ("https://gitlab.test/api/v4", "42", True, 204),
        ("https://gitlab.test", "42", False, 204),
        ("https://gitlab.test/api/v4", "acme/shop", True, 200),
    ],
)
def test_a_sonarqube_binding_is_made_of_a_setting_and_a_gitlab_id(
    ask: Any, read: Any, state: Any, url: str, repository: str, setting_ok: bool, binding_status: int
) -> None:
    def call(path: str, **values: str) -> Any:
        return ask(f"{SONAR}/api/alm_settings/{path}", state, body=form(**values), headers=FORM, bearer="squ_1")

    made = call("create_gitlab", key="gl", url=url, personalAccessToken="glpat-1")
    bound = call("set_gitlab_binding", project="shop", almSetting="gl", repository=repository)
    checked = ask(f"{SONAR}/api/alm_settings/validate?key=gl", state, bearer="squ_1")
    validated = ask(f"{SONAR}/api/alm_settings/validate_binding?project=shop", state, bearer="squ_1")

    assert (made.status, bound.status, validated.status) == (204, 204, binding_status)
    assert (read(checked)["errors"] == []) == setting_ok
    assert "glpat-1" not in str(state)


@pytest.mark.parametrize(
    ("url", "headers", "switches", "status"),
    [
        (SELF, TOKEN, {}, 200),
        (SELF, {"authorization": "Bearer t1"}, {}, 200),
        (SELF, {}, {}, 401),
        (SELF, TOKEN, {"bad_credentials": ["t1"]}, 401),
        (SELF, TOKEN, {"regions": {"t1": "api.eu.snyk.io"}}, 401),
        (SELF.replace("api.", "api.eu."), TOKEN, {"regions": {"t1": "api.eu.snyk.io"}}, 200),
        (SELF.replace("https", "http"), TOKEN, {}, 404),
        (f"{SNYK}/rest/self", TOKEN, {}, 400),
        (SELF, TOKEN, {"plan": "free"}, 403),
        (SELF, TOKEN, {"throttled": True}, 429),
        (f"{SNYK}/rest/orgs/o1?version=2024-06-10", TOKEN, {"gone": ["o1"]}, 404),
        (f"{SNYK}/v1/user/me", TOKEN, {}, 200),
        (f"{SNYK}/v1/user/me", {}, {}, 401),
    ],
)
def test_snyk_answers_by_token_region_and_plan(ask: Any, url: str, headers: Any, switches: Any, status: int) -> None:
    assert ask(url, switches, headers=headers).status == status


def test_snyk_keeps_one_integration_of_a_type_and_never_shows_its_credentials(ask: Any, read: Any, state: Any) -> None:
    url = f"{SNYK}/v1/org/o1/integrations"
    body = {"type": "gitlab", "credentials": {"token": "glpat-1", "url": "https://gitlab.test"}}

    made = ask(url, state, body=body, headers=TOKEN)
    again = ask(url, state, body=body, headers=TOKEN)
    name = read(made)["id"]
    changed = ask(f"{url}/{name}", state, method="PUT", body=body, headers=TOKEN)
    job = ask(f"{url}/{name}/import", state, body={"target": {"id": 42}}, headers=TOKEN)

    assert (made.status, again.status, changed.status, job.status) == (200, 409, 200, 201)
    assert read(ask(url, state, headers=TOKEN)) == {"gitlab": name}
    assert ask(job.headers["Location"], state, headers=TOKEN).status == 200
    assert "glpat-1" not in str(state)


LOGIN = {"email": "e@acme.test", "userKey": "u1", "orgToken": "o1"}


@pytest.mark.parametrize(
    ("path", "body", "switches", "status"),
    [
        ("/v3.0/login", LOGIN, {}, 200),
        ("/v3.0/login", {"email": "e@acme.test"}, {}, 401),
        ("/v3.0/login", LOGIN, {"bad_credentials": ["u1"]}, 401),
        ("/v2.0/login", LOGIN, {}, 200),
        ("/v2.0/login", LOGIN, {"bad_credentials": ["o1"]}, 401),
        ("/v2.0/login", b"{", {}, 400),
        ("/v3.0/login/accessToken", {}, {}, 401),
        ("/v1.4", LOGIN, {"bad_credentials": ["u1"]}, 200),
    ],
)
def test_mend_s_login_is_its_probe(ask: Any, path: str, body: object, switches: Any, status: int) -> None:
    assert ask(MEND + path, switches, body=body).status == status


def test_mend_exchanges_a_refresh_token_for_a_short_one(ask: Any, read: Any, state: Any) -> None:
    refresh = read(ask(f"{MEND}/v3.0/login", state, body=LOGIN))["response"]["refreshToken"]

    token = read(ask(f"{MEND}/v3.0/login/accessToken", state, method="POST", headers={"wss-refresh-token": refresh}))

    assert token["response"]["jwtToken"].startswith("jwt.")
    assert "u1" not in str(state)


def test_mend_s_oldest_api_says_errors_inside_a_200(ask: Any, read: Any) -> None:
    url = "https://saas.whitesourcesoftware.com/api/v1.4"
    body = {"requestType": "getOrganizationDetails", "userKey": "u1", "orgToken": "o1"}

    assert "errorCode" not in read(ask(url, {}, body=body))
    assert read(ask(url, {"bad_credentials": ["u1"]}, body=body))["errorCode"] == 5001
