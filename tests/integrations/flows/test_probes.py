"""Probes of the build, monitoring, quality and cloud kinds tell apart what can be wrong, and leave no trace."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.flow import Failure, Request, Response
from reconciler.core.resource import Health, Verdict
from tests.integrations.flows.entries import (
    KEY,
    KINDS,
    LICENCE,
    OTHER,
    SERVICES,
    SUBJECTS,
    TOKEN,
    USER_KEY,
    stage_of,
    state_of,
)
from tests.integrations.flows.running import Stage, fed, json_answer

H, D, U, N = Health.HEALTHY, Health.DEGRADED, Health.UNHEALTHY, Health.UNKNOWN
PAGE = Response(200, {"content-type": "text/html"}, b"<!DOCTYPE html><title>Sign in</title>")


def probed(kind: str, stage: Stage, **changed: Any) -> Verdict:
    probe = KINDS[kind].probe
    assert probe is not None
    subject = SUBJECTS[kind]
    values = {name: value for name, value in {**subject.values, **changed}.items() if value is not None}
    return stage.run(probe(replace(subject, values=values)))


PROBES: tuple[tuple[str, dict[str, Any], Health, str], ...] = (
    ("jenkins", {}, H, ""),
    ("jenkins", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("jenkins", {"denied": ["Overall/Read"]}, U, "credential"),
    ("jenkins", {"gone": ["folder/app"]}, U, "gone"),
    ("jenkins", {"gone": ["smoke"]}, U, "gone"),
    ("jenkins", {"jobs": {"folder/app": {"buildable": False}}}, D, "settings"),
    ("jenkins", {"plugin": False}, U, "settings"),
    ("bamboo", {}, H, ""),
    ("bamboo", {"bad_credentials": [TOKEN], "guest": True}, U, "credential"),
    ("bamboo", {"captcha": True}, U, "credential"),
    ("bamboo", {"gone": [KEY]}, U, "gone"),
    ("bamboo", {"plans": {KEY: {"enabled": False}}}, D, "settings"),
    ("teamcity", {}, H, ""),
    ("teamcity", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("teamcity", {"gone": ["Shop_Build"]}, U, "gone"),
    ("teamcity", {"build_types": {"Shop_Build": {"paused": True}}}, D, "settings"),
    ("datadog", {}, H, ""),
    ("datadog", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("datadog", {"bad_credentials": [OTHER]}, D, "credential"),
    ("datadog", {"sites": {TOKEN: "datadoghq.com"}}, U, "credential"),
    ("sentry", {}, H, ""),
    ("sentry", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("sentry", {"denied_scopes": ["project:read"]}, N, "settings"),
    ("sentry", {"gone": ["acme/shop"]}, U, "gone"),
    ("sentry", {"projects": {"acme/shop": {"id": "7", "keys": [{"public": "another"}]}}}, U, "gone"),
    ("sentry", {"projects": {"acme/shop": {"keys": [{"public": "publickey1", "isActive": False}]}}}, U, "settings"),
    ("newrelic", {}, H, ""),
    ("newrelic", {"bad_credentials": [LICENCE]}, U, "credential"),
    ("newrelic", {"bad_credentials": [USER_KEY]}, U, "credential"),
    ("newrelic", {"region": "EU"}, U, "credential"),
    ("newrelic", {"account_region": "EU"}, U, "credential"),
    ("prometheus", {}, H, ""),
    ("prometheus", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("prometheus", {"starting": True}, D, "settings"),
    ("sonarqube", {}, H, ""),
    ("sonarqube", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("sonarqube", {"bad_credentials": [TOKEN], "force_authentication": True}, U, "credential"),
    ("sonarqube", {"gone": ["acme_shop"]}, U, "gone"),
    ("sonarqube", {"status": "DB_MIGRATION_RUNNING"}, D, "failing"),
    ("sonarqube", {"status": "DOWN"}, U, "failing"),
    ("snyk", {}, H, ""),
    ("snyk", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("snyk", {"regions": {TOKEN: "api.eu.snyk.io"}}, U, "credential"),
    ("snyk", {"plan": "free"}, N, "settings"),
    ("snyk", {"gone": ["4a18d42f-0706-4ad0-b127-24078731fbed"]}, U, "gone"),
    ("whitesource", {}, H, ""),
    ("whitesource", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("aws-codecommit", {}, H, ""),
    ("aws-codecommit", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("aws-codecommit", {"gone": ["shop"]}, U, "gone"),
    ("aws-codecommit", {"repositories": {"shop": {"region": "us-east-1"}}}, U, "gone"),
    ("azure-devops", {}, H, ""),
    ("azure-devops", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("azure-devops", {"expired_credentials": [TOKEN]}, U, "credential"),
    ("azure-devops", {"expired_credentials": [TOKEN], "sign_in": "302"}, U, "credential"),
    ("azure-devops", {"expired_credentials": [TOKEN], "sign_in": "200"}, U, "credential"),
    ("azure-devops", {"denied": ["code"]}, U, "credential"),
    ("azure-devops", {"gone": ["Web Shop"]}, U, "gone"),
    ("azure-devops", {"gone": ["acme"]}, U, "gone"),
    ("google-cloud-build", {}, H, ""),
    ("google-cloud-build", {"bad_credentials": [TOKEN]}, U, "credential"),
    ("google-cloud-build", {"denied": True}, U, "credential"),
    ("google-cloud-build", {"gone": ["shop-deploy"]}, U, "gone"),
    ("google-cloud-build", {"triggers": {"shop-deploy": {"disabled": True}}}, D, "settings"),
    ("google-cloud-build", {"triggers": {"shop-deploy": {"secret_state": "SECRET_DELETED"}}}, U, "settings"),
    *((kind, {"throttled": True}, N, "throttled") for kind in SUBJECTS),
    *((kind, {"unavailable": True}, N, "failing") for kind in SUBJECTS),
)


@pytest.mark.parametrize(("kind", "state", "status", "cause"), PROBES)
def test_a_probe_tells_what_is_wrong_and_changes_nothing(
    kind: str, state: dict[str, Any], status: Health, cause: str
) -> None:
    stage = stage_of(kind, **state)
    before = copy.deepcopy(state_of(stage, kind))
    verdict = probed(kind, stage)
    assert (verdict.status, verdict.facts.get("cause", "")) == (status, cause), verdict.sentence
    after = {name: value for name, value in state_of(stage, kind).items() if name != "next"}
    assert after == before
    assert not any(request.writes for request in stage.sent)
    assert not stage.pauses


@pytest.mark.parametrize("kind", SUBJECTS)
def test_an_unreachable_service_is_told_of_in_a_sentence(kind: str) -> None:
    stage = stage_of(kind)
    stage.never_sent = lambda _request: Failure("the name cannot be resolved", sent=False)
    verdict = probed(kind, stage)
    assert (verdict.status, verdict.facts["cause"]) == (U, "unreachable")
    assert "cannot be reached" in verdict.sentence
    assert len(stage.sent) == 1


@pytest.mark.parametrize("kind", SUBJECTS)
@pytest.mark.parametrize(
    "answer",
    [PAGE, Response(200, {}, b""), json_answer(200, {"hello": "world"}), json_answer(200, [1]), Response(204)],
    ids=["page", "nothing", "object", "list", "no content"],
)
def test_a_success_that_is_not_the_services_own_is_not_taken_for_health(kind: str, answer: Response) -> None:
    stage = stage_of(kind)
    probe = KINDS[kind].probe
    assert probe is not None
    flow = probe(SUBJECTS[kind])
    verdict: Verdict | None = None
    try:
        next(flow)
        while True:
            flow.send(answer)
    except StopIteration as end:
        verdict = end.value
    assert verdict is not None
    assert verdict.status is U, verdict.sentence
    assert stage.sent == []


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_redirect_is_not_followed_but_told_of(kind: str) -> None:
    probe = KINDS[kind].probe
    assert probe is not None
    verdict, _ = fed(probe(SUBJECTS[kind]), [Response(302, {"location": f"https://elsewhere.test/?t={TOKEN}"})])
    assert verdict.status is U
    assert TOKEN not in verdict.sentence


def test_jenkins_that_does_not_see_the_credential_is_not_healthy() -> None:
    who = json_answer(200, {"name": "anonymous", "authenticated": True, "anonymous": True})
    probe = KINDS["jenkins"].probe
    assert probe is not None
    verdict, _ = fed(probe(SUBJECTS["jenkins"]), [who])
    assert (verdict.status, verdict.facts["cause"]) == (U, "credential")


def test_jenkins_without_a_credential_is_asked_only_whether_the_plugin_listens() -> None:
    stage = stage_of("jenkins")
    verdict = probed("jenkins", stage, username=None, api_token=None)
    assert verdict.status is H
    assert [request.url for request in stage.sent][1:] == [
        "https://ci.acme.test/jenkins/project/folder/app",
        "https://ci.acme.test/jenkins/project/smoke",
    ]


@pytest.mark.parametrize(
    ("answer", "status", "cause"),
    [(Failure("no answer within the time allowed"), U, "unreachable"), (Response(502), N, "failing")],
)
def test_jenkins_whose_plugin_does_not_answer_is_not_said_to_listen(
    answer: Response | Failure, status: Health, cause: str
) -> None:
    who = json_answer(200, {"name": "gitlab", "authenticated": True, "anonymous": False})
    job = json_answer(200, {"name": "app", "buildable": True})
    probe = KINDS["jenkins"].probe
    assert probe is not None
    verdict, _ = fed(probe(SUBJECTS["jenkins"]), [who, job, answer])
    assert (verdict.status, verdict.facts["cause"]) == (status, cause)


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_probe_does_not_wait_for_a_service_that_is_away(kind: str) -> None:
    probe = KINDS[kind].probe
    assert probe is not None
    request = next(probe(SUBJECTS[kind]))
    assert isinstance(request, Request)
    assert {429, 503} <= request.accept


def test_teamcity_that_takes_the_credential_for_a_guests_is_not_healthy() -> None:
    probe = KINDS["teamcity"].probe
    assert probe is not None
    verdict, _ = fed(probe(SUBJECTS["teamcity"]), [json_answer(200, {"username": "guest", "id": -42})])
    assert (verdict.status, verdict.facts["cause"]) == (U, "credential")


def test_new_relic_that_accepts_without_a_word_accepts() -> None:
    probe = KINDS["newrelic"].probe
    assert probe is not None
    subject = SUBJECTS["newrelic"]
    values = {name: value for name, value in subject.values.items() if name != "api_key"}
    verdict, _ = fed(probe(replace(subject, values=values)), [Response(202)])
    assert verdict.status is H


def test_new_relic_tells_its_errors_in_a_success() -> None:
    probe = KINDS["newrelic"].probe
    assert probe is not None
    answers = [json_answer(202, {"requestId": "1"}), json_answer(200, {"errors": [{"message": "no"}]})]
    verdict, _ = fed(probe(SUBJECTS["newrelic"]), answers)
    assert (verdict.status, verdict.facts["cause"]) == (U, "refused")


@pytest.mark.parametrize(
    ("changed", "state", "status", "words"),
    [
        ({"auth_token": None}, {}, N, "without `auth_token`"),
        ({"auth_token": None}, {"unhealthy": True}, U, "not healthy"),
        ({"organization": None, "project": None}, {}, N, "accepts the token"),
        ({"organization": None, "project": None}, {"bad_credentials": [TOKEN]}, U, "does not accept the token"),
        ({}, {"denied_scopes": ["project:read"]}, N, "accepts the token; it may not see the project"),
        ({"dsn": "not a dsn"}, {}, U, "cannot be read"),
    ],
)
def test_what_sentrys_probe_can_tell_depends_on_what_is_stated(
    changed: dict[str, Any], state: dict[str, Any], status: Health, words: str
) -> None:
    verdict = probed("sentry", stage_of("sentry", **state), **changed)
    assert verdict.status is status
    assert words in verdict.sentence


def test_an_old_pushgateway_without_a_status_page_is_asked_whether_it_lives() -> None:
    probe = KINDS["prometheus"].probe
    assert probe is not None
    subject = replace(SUBJECTS["prometheus"], values={"pushgateway_url": "https://push.acme.test"})
    alive = Response(200, {"content-type": "text/plain"}, b"OK")
    verdict, steps = fed(probe(subject), [Response(404), alive, alive])
    assert verdict.status is H
    assert [step.url for step in steps if isinstance(step, Request)][1] == "https://push.acme.test/-/healthy"


@pytest.mark.parametrize(("state", "status"), [({}, H), ({"starting": True}, D), ({"demand_auth": True}, D)])
def test_prometheus_behind_the_gateway_is_asked_without_the_gateways_password(
    state: dict[str, Any], status: Health
) -> None:
    stage = stage_of("prometheus")
    stage.states["prometheus"] = state
    assert probed("prometheus", stage).status is status
    assert all(request.auth is None for request in stage.sent if "prom.acme.test" in str(request.url))


def test_the_unified_agents_api_refuses_in_a_success() -> None:
    stage = stage_of("whitesource", bad_credentials=[OTHER])
    from_agent = {"scanner": "unified-agent", "url": "https://saas.whitesourcesoftware.com/agent"}
    from_agent |= {"api_key": SUBJECTS["datadog"].values["app_key"], "email": None}
    verdict = probed("whitesource", stage, **from_agent)
    assert (verdict.status, verdict.facts["cause"]) == (U, "credential")
    assert probed("whitesource", stage_of("whitesource"), **from_agent).status is H


def test_a_status_that_is_none_of_sonarqubes_is_anothers() -> None:
    probe = KINDS["sonarqube"].probe
    assert probe is not None
    verdict, _ = fed(probe(SUBJECTS["sonarqube"]), [json_answer(200, {"status": "success"})])
    assert (verdict.status, verdict.facts["cause"]) == (U, "misleading")


def test_sonarqubes_answer_about_the_token_is_read_and_not_only_its_status() -> None:
    verdict = probed("sonarqube", stage_of("sonarqube", bad_credentials=[TOKEN]), project_key=None)
    assert (verdict.status, verdict.facts["cause"]) == (U, "credential")
    assert probed("sonarqube", stage_of("sonarqube"), project_key=None).status is H


def test_sonarqubes_token_goes_as_bearer_to_the_cloud_and_as_user_to_servers() -> None:
    for url, scheme in (("https://sonarcloud.io", "Bearer "), ("https://sonar.acme.test", "Basic ")):
        stage = stage_of("sonarqube")
        assert probed("sonarqube", stage, url=url).status is H
        sent = stage.sent[1].headers["Authorization"]
        assert not isinstance(sent, str)
        assert sent.reveal().startswith(scheme)


@pytest.mark.parametrize("kind", ["aws-codecommit", "azure-devops"])
@pytest.mark.parametrize(
    ("row", "status", "cause"),
    [
        ({"update_status": "finished", "enabled": True}, H, ""),
        ({"update_status": "none", "enabled": False}, D, "settings"),
        ({"update_status": "failed", "last_error": "fatal: Authentication failed", "enabled": True}, U, "credential"),
        ({"update_status": "failed", "last_error": f"odd {TOKEN}", "enabled": True}, U, "failing"),
        ({"update_status": "to_retry", "last_error": "repository not found", "enabled": True}, D, "gone"),
    ],
)
def test_a_mirror_is_as_healthy_as_gitlabs_last_push(
    kind: str, row: dict[str, Any], status: Health, cause: str
) -> None:
    stage = stage_of(kind)
    assert stage.world is not None
    (mirror,) = stage.world.table("mirrors")
    mirror.update(row)
    verdict = probed(kind, stage)
    assert (verdict.status, verdict.facts.get("cause", "")) == (status, cause)
    assert TOKEN not in verdict.sentence


@pytest.mark.parametrize("kind", ["aws-codecommit", "azure-devops"])
def test_a_mirror_that_is_not_there_is_told_of(kind: str) -> None:
    stage = Stage(states={SERVICES[kind]: {}})
    verdict = probed(kind, stage)
    assert (verdict.status, verdict.facts["cause"]) == (U, "gone")


def test_a_recorded_mirror_is_asked_for_by_its_id() -> None:
    kind = "aws-codecommit"
    stage = stage_of(kind)
    assert stage.world is not None
    (mirror,) = stage.world.table("mirrors")
    probe = KINDS[kind].probe
    assert probe is not None
    recorded = {"mirror.push": {"id": mirror["id"]}}
    assert stage.run(probe(replace(SUBJECTS[kind], recorded=recorded))).status is H
    assert str(stage.sent[-1].url).endswith(f"/remote_mirrors/{mirror['id']}")


@pytest.mark.parametrize(
    ("alert_status", "status"), [(None, N), ("executable", N), ("disabled", U), ("temporarily_disabled", U)]
)
def test_without_a_token_cloud_build_is_judged_by_gitlabs_webhook(alert_status: str | None, status: Health) -> None:
    probe = KINDS["google-cloud-build"].probe
    assert probe is not None
    subject = SUBJECTS["google-cloud-build"]
    values = {name: value for name, value in subject.values.items() if name != "access_token"}
    recorded = {"hook.trigger": {"id": 5}} if alert_status else {}
    answers = [json_answer(200, {"id": 5, "alert_status": alert_status})] if alert_status else []
    verdict, _ = fed(probe(replace(subject, values=values, recorded=recorded)), answers)
    assert verdict.status is status
