"""Quality gates and self checks are read; mirrors are pushed now and waited for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.cli.asking import went_wrong
from reconciler.core.errors import ReconcilerError, RemoteError, UnclearWrite
from reconciler.core.flow import Failure, Request
from tests.integrations.flows.entries import KINDS, OTHER, SUBJECTS, TOKEN, act, stage_of
from tests.integrations.flows.running import Stage, fed, json_answer

MIRRORED = ("aws-codecommit", "azure-devops")


def test_the_quality_gate_is_read_with_what_fails_it() -> None:
    conditions = [
        {"status": "ERROR", "metricKey": "coverage", "comparator": "LT", "errorThreshold": "80", "actualValue": "61.5"},
        {"status": "OK", "metricKey": "bugs", "comparator": "GT", "errorThreshold": "0", "actualValue": "0"},
    ]
    answer = json_answer(200, {"projectStatus": {"status": "ERROR", "conditions": conditions}})
    flow = KINDS["sonarqube"].actions["quality-gate"].run(SUBJECTS["sonarqube"], {"branch": "fix"})
    result, (sent,) = fed(flow, [answer])
    assert (result["quality_gate"], result["success"]) == ("ERROR", False)
    assert result["failed"] == ("coverage: 61.5 (LT 80)",)
    assert isinstance(sent, Request)
    assert sent.query == {"projectKey": "acme_shop", "branch": "fix"}


@pytest.mark.parametrize(("gate", "passed"), [("OK", True), ("WARN", False), ("ERROR", False), ("NONE", False)])
def test_only_an_ok_gate_is_a_success_and_any_other_fails_the_job(gate: str, passed: bool) -> None:
    stage = stage_of("sonarqube", projects={"acme_shop": {"gate": gate}})
    result = act("sonarqube", stage, "quality-gate")
    assert (result["project"], result["success"]) == ("acme_shop", passed)
    assert went_wrong(result) is not passed


def test_a_gate_that_cannot_be_read_says_why() -> None:
    with pytest.raises(RemoteError, match="no such project"):
        act("sonarqube", stage_of("sonarqube", strict=True), "quality-gate", merge_request="7")
    with pytest.raises(RemoteError, match="does not accept the token"):
        act("sonarqube", stage_of("sonarqube", bad_credentials=[TOKEN]), "quality-gate", project_key="other")


def test_snyks_check_tells_whose_the_token_is_and_whether_gitlab_is_connected() -> None:
    organization = SUBJECTS["snyk"].values["organization"]
    held = {organization: {"gitlab": {"id": "1"}, "docker-hub": {"id": "2"}}}
    result = act("snyk", stage_of("snyk", integrations=held), "check")
    assert (result["organization"], result["gitlab"]) == (organization, True)
    assert result["integrations"] == ("docker-hub", "gitlab")
    assert act("snyk", stage_of("snyk"), "check")["gitlab"] is False


@pytest.mark.parametrize("organization", ["", "acme"])
def test_snyks_check_needs_no_organisation_id(organization: str) -> None:
    subject = SUBJECTS["snyk"]
    flow = (
        KINDS["snyk"]
        .actions["check"]
        .run(replace(subject, values={**subject.values, "organization": organization}), {})
    )
    assert stage_of("snyk").run(flow)["region"] == "api.snyk.io"


@pytest.mark.parametrize("kind", ["snyk", "whitesource"])
def test_a_check_with_a_bad_token_fails(kind: str) -> None:
    with pytest.raises(RemoteError):
        act(kind, stage_of(kind, bad_credentials=[TOKEN]), "check")


def test_mends_check_logs_in_as_the_scanner_would() -> None:
    assert act("whitesource", stage_of("whitesource"), "check") == {"environment": "saas.mend.io", "scanner": "cli"}
    subject, key = SUBJECTS["whitesource"], SUBJECTS["datadog"].values["app_key"]
    agent = {"scanner": "unified-agent", "url": "https://saas.whitesourcesoftware.com/agent", "api_key": key}
    check = KINDS["whitesource"].actions["check"].run
    as_agent = replace(subject, values={**subject.values, **agent})
    assert stage_of("whitesource").run(check(as_agent, {}))["organization"] == "Acme"
    with pytest.raises(RemoteError, match="organisation's API key"):
        stage_of("whitesource", bad_credentials=[OTHER]).run(check(as_agent, {}))


# Mirrors -------------------------------------------------------------------------------------------------------------


def the_mirror(stage: Stage) -> Any:
    assert stage.world is not None
    (row,) = stage.world.table("mirrors")
    return row


@pytest.mark.parametrize("kind", MIRRORED)
def test_a_mirror_is_pushed_now_and_waited_for(kind: str) -> None:
    stage = stage_of(kind)
    result = act(kind, stage, "sync")
    assert (result["status"], result["mirror"]) == ("success", the_mirror(stage)["id"])
    assert the_mirror(stage)["last_successful_update_at"] == result["at"]
    assert act(kind, stage, "sync")["at"] > result["at"]


@pytest.mark.parametrize("kind", MIRRORED)
def test_a_push_may_be_asked_for_without_waiting(kind: str) -> None:
    stage = stage_of(kind)
    assert act(kind, stage, "sync", wait="queued")["status"] == "queued"
    assert stage.pauses == []


@pytest.mark.parametrize("kind", MIRRORED)
def test_a_mirror_that_is_off_is_not_pushed(kind: str) -> None:
    stage = stage_of(kind)
    the_mirror(stage)["enabled"] = False
    with pytest.raises(RemoteError, match="switched off"):
        act(kind, stage, "sync")


@pytest.mark.parametrize("kind", MIRRORED)
def test_an_entry_without_a_mirror_has_to_be_applied_first(kind: str) -> None:
    with pytest.raises(ReconcilerError, match="has no mirror"):
        act(kind, Stage(), "sync")


def _mirror(status: str, at: str | None = None, error: str | None = None) -> Any:
    shown = {"id": 3, "enabled": True, "update_status": status, "last_update_at": at, "last_error": error}
    return json_answer(200, {**shown, "last_update_started_at": at, "last_successful_update_at": at})


@pytest.mark.parametrize(
    ("looks", "status", "detail"),
    [
        ([_mirror("finished", "T1"), _mirror("started", "T2"), _mirror("finished", "T2")], "success", None),
        ([_mirror("failed", "T2", "Authentication failed")], "failed", "the credential was not accepted"),
        ([_mirror("to_retry", "T2", f"pre-receive hook declined {TOKEN}")], "failed", "a branch was not accepted"),
        ([_mirror("started", "T2"), Failure("timed out"), _mirror("finished", "T3")], "success", None),
    ],
)
def test_an_earlier_push_is_not_taken_for_this_one(looks: list[Any], status: str, detail: str | None) -> None:
    subject = replace(SUBJECTS["aws-codecommit"], recorded={"mirror.push": {"id": 3}})
    flow = KINDS["aws-codecommit"].actions["sync"].run(subject, {})
    result, _ = fed(flow, [_mirror("finished", "T1"), json_answer(204, None), *looks])
    assert (result["status"], result.get("detail")) == (status, detail)
    assert TOKEN not in repr(result)


def test_a_push_that_fails_as_it_did_before_is_given_up_after_a_while() -> None:
    subject = replace(SUBJECTS["aws-codecommit"], recorded={"mirror.push": 3})
    flow = KINDS["aws-codecommit"].actions["sync"].run(subject, {})
    failed = _mirror("failed", "T1", "could not resolve host")
    answers = [failed, json_answer(204, None), *[failed] * 5]
    result, _ = fed(flow, answers)
    assert (result["status"], result["detail"]) == ("failed", "it cannot be reached")


def test_a_push_that_never_ends_is_left_when_time_is_up() -> None:
    subject = replace(SUBJECTS["aws-codecommit"], recorded={"mirror.push": 3})
    flow = KINDS["aws-codecommit"].actions["sync"].run(subject, {"timeout": 4})
    result, _ = fed(flow, [_mirror("none"), json_answer(204, None), _mirror("started", "T1"), _mirror("started", "T1")])
    assert (result["status"], result["success"]) == ("running", False)


@pytest.mark.parametrize(
    ("status", "words"), [(401, "must be a Maintainer"), (403, "must be a Maintainer"), (500, "trouble of its own")]
)
def test_gitlabs_refusals_of_a_push_are_told(status: int, words: str) -> None:
    subject = replace(SUBJECTS["aws-codecommit"], recorded={"mirror.push": 3})
    flow = KINDS["aws-codecommit"].actions["sync"].run(subject, {})
    with pytest.raises(RemoteError, match=words) as caught:
        fed(flow, [_mirror("none"), json_answer(status, {})])
    assert isinstance(caught.value, UnclearWrite) is (status == 500)


def test_a_recorded_mirror_that_was_made_anew_is_found_by_its_address() -> None:
    stage = stage_of("azure-devops")
    subject = replace(SUBJECTS["azure-devops"], recorded={"mirror.push": {"id": 999}})
    result = stage.run(KINDS["azure-devops"].actions["sync"].run(subject, {}))
    assert (result["status"], result["mirror"]) == ("success", the_mirror(stage)["id"])
