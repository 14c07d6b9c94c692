"""Builds are started once, followed to their end, and told to GitLab as the commit's status."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import RemoteError, UnclearWrite, UsageError
from reconciler.core.flow import Failure, Pause, Request, Response
from reconciler.core.value import Secret
from reconciler.integrations.flows.commits import CommitStatus
from tests.integrations.flows.entries import KEY, KINDS, SUBJECTS, TOKEN, act, stage_of, state_of
from tests.integrations.flows.running import SHA, Stage, fed, json_answer

ONE_JOB = ["folder/app"]
BUILDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("jenkins", "build", {"jobs": ONE_JOB}),
    ("bamboo", "build", {}),
    ("teamcity", "build", {}),
    ("azure-devops", "run-pipeline", {}),
    ("google-cloud-build", "run-trigger", {}),
)
FAILING: dict[str, dict[str, Any]] = {
    "jenkins": {"jobs": {"folder/app": {"result": "FAILURE"}}},
    "bamboo": {"plans": {KEY: {"result": "Failed"}}},
    "teamcity": {"build_types": {"Shop_Build": {"result": "FAILURE"}}},
    "azure-devops": {"pipelines": {"12": {"result": "failed"}}},
    "google-cloud-build": {"triggers": {"shop-deploy": {"result": "TIMEOUT"}}},
}


def statuses(stage: Stage) -> list[tuple[str, str]]:
    """Every status of the commit, with what became of it."""
    rows = stage.gitlab_has("GET", f"/api/v4/projects/acme%2Fshop/repository/commits/{SHA}/statuses?all=true")
    return [(row["name"], row["status"]) for row in rows]


def told(stage: Stage) -> list[str]:
    """The states that GitLab was told, in order."""
    return [request.json["state"] for request in stage.sent if "/statuses/" in str(request.url)]


@pytest.mark.parametrize(("kind", "action", "parameters"), BUILDS)
def test_a_build_is_followed_to_its_end_and_told_to_gitlab(kind: str, action: str, parameters: dict[str, Any]) -> None:
    stage = stage_of(kind)
    result = act(kind, stage, action, commit_sha=SHA, branch="main", **parameters)
    assert (result["status"], result["finished"], result["commit_status"]) == ("success", True, "success")
    assert [status for _, status in statuses(stage)] == ["success"]
    assert told(stage)[0] == "pending"
    assert told(stage) == sorted(set(told(stage)), key=["pending", "running", "success"].index)
    assert all(pause.note for pause in stage.pauses)


def test_a_build_of_jenkins_can_be_looked_at_later() -> None:
    stage = stage_of("jenkins", **FAILING["jenkins"])
    made = act("jenkins", stage, "build", jobs=ONE_JOB)

    last = act("jenkins", stage, "build-status", job="folder/app")
    by_number = act("jenkins", stage, "build-status", job="folder/app", number=made["number"])

    assert last == by_number
    assert (last["status"], last["number"], last["finished"]) == ("failed", made["number"], True)
    with pytest.raises(RemoteError, match="no such job or build"):
        act("jenkins", stage, "build-status", job="folder/app", number="99")


@pytest.mark.parametrize(("kind", "action", "parameters"), BUILDS)
def test_a_failed_build_is_no_error_of_ours_and_fails_the_commits_status(
    kind: str, action: str, parameters: dict[str, Any]
) -> None:
    stage = stage_of(kind, **FAILING[kind])
    result = act(kind, stage, action, commit_sha=SHA, **parameters)
    assert (result["status"], result["finished"]) == ("failed", True)
    assert [status for _, status in statuses(stage)] == ["failed"]


@pytest.mark.parametrize(("kind", "action", "parameters"), BUILDS)
def test_a_slow_build_goes_through_all_states_and_is_looked_at_less_and_less_often(
    kind: str, action: str, parameters: dict[str, Any]
) -> None:
    stage = stage_of(kind, queue_seconds=5, build_seconds=60, run_seconds=60)
    result = act(kind, stage, action, commit_sha=SHA, **parameters)
    assert result["status"] == "success"
    assert told(stage) == ["pending", "running", "success"]
    pauses = [pause.seconds for pause in stage.pauses]
    assert pauses == sorted(pauses)
    assert pauses[-1] <= 15


@pytest.mark.parametrize(("kind", "action", "parameters"), BUILDS)
def test_following_ends_when_time_is_up(kind: str, action: str, parameters: dict[str, Any]) -> None:
    stage = stage_of(kind, queue_seconds=1000, build_seconds=1000, run_seconds=1000)
    result = act(kind, stage, action, timeout=30, **parameters)
    assert result["finished"] is False
    assert result["status"] in ("queued", "running")
    assert result["success"] is False
    assert sum(pause.seconds for pause in stage.pauses) == pytest.approx(30)


@pytest.mark.parametrize(("kind", "action", "parameters"), BUILDS)
def test_a_build_may_be_left_once_it_is_queued(kind: str, action: str, parameters: dict[str, Any]) -> None:
    stage = stage_of(kind)
    result = act(kind, stage, action, wait="queued", commit_sha=SHA, **parameters)
    assert (result["status"], stage.pauses) == ("queued", [])
    assert "success" not in result
    assert told(stage) == ["pending"]


@pytest.mark.parametrize(("kind", "action", "parameters"), BUILDS)
@pytest.mark.parametrize("reached", [True, False], ids=["after", "before"])
def test_a_start_whose_answer_is_lost_is_not_repeated(
    kind: str, action: str, parameters: dict[str, Any], reached: bool
) -> None:
    def lose(request: Request) -> Failure | None:
        return Failure("the connection was reset", sent=reached) if request.writes else None

    stage = stage_of(kind)
    if reached:
        stage.lost = lose
    else:
        stage.never_sent = lose
    with pytest.raises(RemoteError) as caught:
        act(kind, stage, action, **parameters)
    assert isinstance(caught.value, UnclearWrite) is reached
    assert len([request for request in stage.sent if request.writes]) == 1


@pytest.mark.parametrize(("kind", "action", "parameters"), BUILDS)
def test_a_server_that_fails_while_a_build_runs_is_asked_again(
    kind: str, action: str, parameters: dict[str, Any]
) -> None:
    stage = stage_of(kind, build_seconds=20, run_seconds=20)

    def lose(request: Request) -> Failure | None:
        return Failure("timed out") if not request.writes and 3 < stage.now - start < 12 else None

    start = stage.now
    stage.lost = lose
    assert act(kind, stage, action, **parameters)["status"] == "success"


@pytest.mark.parametrize(("kind", "action", "parameters"), BUILDS)
def test_a_server_that_is_started_anew_while_a_build_runs_is_waited_for(
    kind: str, action: str, parameters: dict[str, Any]
) -> None:
    stage = stage_of(kind, build_seconds=200, run_seconds=200)

    def lose(request: Request) -> Failure | None:
        return Failure("refused") if not request.writes and 10 < stage.now - start < 110 else None

    start = stage.now
    stage.lost = lose
    assert act(kind, stage, action, **parameters)["status"] == "success"


@pytest.mark.parametrize(("kind", "action", "parameters"), BUILDS)
def test_a_server_that_stays_away_leaves_the_builds_state_unknown(
    kind: str, action: str, parameters: dict[str, Any]
) -> None:
    stage = stage_of(kind)
    started = False

    def lose(request: Request) -> Failure | None:
        nonlocal started
        lost, started = started, started or request.writes
        return Failure("timed out") if lost else None

    stage.lost = lose
    result = act(kind, stage, action, **parameters)
    assert (result["status"], result["finished"], result["success"]) == ("unknown", False, False)
    assert result["detail"]


@pytest.mark.parametrize(
    ("kind", "action", "state", "words"),
    [
        ("jenkins", "build", {"bad_credentials": [TOKEN]}, "does not accept the credential"),
        ("jenkins", "build", {"gone": ["folder/app"]}, "no such job"),
        ("jenkins", "build", {"denied": ["Job/Build"]}, "lacks Job/Build"),
        ("jenkins", "build", {"jobs": {"folder/app": {"buildable": False}}}, "switched off"),
        ("bamboo", "build", {"bad_credentials": [TOKEN]}, "does not accept"),
        ("bamboo", "build", {"plans": {KEY: {"enabled": False}}}, "switched off"),
        ("bamboo", "build", {"denied": True}, "may not build"),
        ("bamboo", "build", {"gone": [KEY]}, "no such plan"),
        ("teamcity", "build", {"bad_credentials": [TOKEN]}, "does not accept"),
        ("teamcity", "build", {"denied": True}, "may not run"),
        ("teamcity", "build", {"gone": ["Shop_Build"]}, "no such build configuration"),
        ("azure-devops", "run-pipeline", {"expired_credentials": [TOKEN]}, "does not accept the token"),
        ("azure-devops", "run-pipeline", {"denied": ["pipelines"]}, "lacks the scope Build"),
        ("azure-devops", "run-pipeline", {"gone": ["12"]}, "no such project or pipeline"),
        ("google-cloud-build", "run-trigger", {"bad_credentials": [TOKEN]}, "does not accept the access token"),
        ("google-cloud-build", "run-trigger", {"gone": ["shop-deploy"]}, "no such trigger"),
        ("google-cloud-build", "run-trigger", {"triggers": {"shop-deploy": {"disabled": True}}}, "switched off"),
    ],
)
def test_a_refused_start_says_why(kind: str, action: str, state: dict[str, Any], words: str) -> None:
    stage = stage_of(kind, **state)
    parameters = {"jobs": ONE_JOB} if kind == "jenkins" else {}
    with pytest.raises(RemoteError, match=words) as caught:
        act(kind, stage, action, **parameters)
    assert not isinstance(caught.value, UnclearWrite)


@pytest.mark.parametrize("kind", ["bamboo", "teamcity", "azure-devops", "google-cloud-build"])
def test_a_start_that_does_not_say_which_build_it_is_cannot_be_followed(kind: str) -> None:
    action = next(action for name, action, _ in BUILDS if name == kind)
    with pytest.raises(RemoteError, match="did not say"):
        fed(KINDS[kind].actions[action].run(SUBJECTS[kind], {}), [json_answer(200, {"hello": "world"})])


# Jenkins -------------------------------------------------------------------------------------------------------------


def test_all_jobs_of_the_entry_are_built_and_the_worst_result_is_told() -> None:
    stage = stage_of("jenkins", jobs={"folder/app": {}, "smoke": {"result": "UNSTABLE"}})
    result = act("jenkins", stage, "build", commit_sha=SHA)
    assert (result["status"], result["finished"]) == ("failed", True)
    assert [(row["name"], row["status"], row["number"]) for row in result["builds"]] == [
        ("folder/app", "success", "1"),
        ("smoke", "failed", "1"),
    ]
    assert sorted(statuses(stage)) == [("jenkins/folder/app", "success"), ("jenkins/smoke", "failed")]


def test_nothing_is_started_before_every_job_is_known() -> None:
    stage = stage_of("jenkins", gone=["smoke"])
    with pytest.raises(RemoteError, match="no such job"):
        act("jenkins", stage, "build")
    assert "queue" not in state_of(stage, "jenkins")


def test_one_job_that_cannot_be_started_does_not_stop_the_others() -> None:
    stage = stage_of("jenkins", jobs={"folder/app": {"buildable": False}, "smoke": {}})
    result = act("jenkins", stage, "build")
    assert [(row["name"], row["status"]) for row in result["builds"]] == [
        ("folder/app", "failed"),
        ("smoke", "success"),
    ]
    assert "switched off" in result["builds"][0]["detail"]


def test_parameters_reach_a_job_under_its_own_names() -> None:
    defaults = {"GIT_BRANCH": "main", "commit": "", "DEPLOY": "no"}
    stage = stage_of("jenkins", jobs={"folder/app": {"parameters": defaults}})
    given = {"branch": "fix", "commit_sha": SHA, "parameters": {"DEPLOY": "yes"}}
    act("jenkins", stage, "build", jobs=ONE_JOB, **given)
    (made,) = state_of(stage, "jenkins")["builds"]["folder/app"]
    assert made["parameters"] == {"GIT_BRANCH": "fix", "commit": SHA, "DEPLOY": "yes"}


def test_a_job_with_parameters_takes_its_defaults_where_none_are_given() -> None:
    stage = stage_of("jenkins", jobs={"folder/app": {"parameters": {"DEPLOY": "no"}}})
    assert act("jenkins", stage, "build", jobs=ONE_JOB)["status"] == "success"
    (made,) = state_of(stage, "jenkins")["builds"]["folder/app"]
    assert made["parameters"] == {"DEPLOY": "no"}


def test_a_parameter_that_no_job_has_is_refused_because_jenkins_would_ignore_it() -> None:
    stage = stage_of("jenkins", jobs={"folder/app": {"parameters": {"DEPLOY": "no"}}})
    with pytest.raises(UsageError, match="no job has the parameter `DEPLOI`"):
        act("jenkins", stage, "build", jobs=ONE_JOB, parameters={"DEPLOI": "yes"})
    assert "queue" not in state_of(stage, "jenkins")


def test_a_job_without_parameters_is_built_plainly_when_it_takes_no_branch() -> None:
    stage = stage_of("jenkins", jobs={"folder/app": {}})
    assert act("jenkins", stage, "build", jobs=ONE_JOB, branch="fix")["status"] == "success"
    with pytest.raises(RemoteError, match="takes no parameters"):
        act("jenkins", stage_of("jenkins", jobs={"folder/app": {}}), "build", jobs=ONE_JOB, parameters={"A": "1"})


def test_a_password_gets_a_crumb_and_its_session() -> None:
    stage = stage_of("jenkins", crumb="all")
    assert act("jenkins", stage, "build", jobs=ONE_JOB)["status"] == "success"
    stage = stage_of("jenkins", crumb="off")
    assert act("jenkins", stage, "build", jobs=ONE_JOB)["status"] == "success"


def test_of_a_wrong_location_only_the_queue_items_number_counts() -> None:
    stage = stage_of("jenkins", root_url="http://localhost:8080")
    result = act("jenkins", stage, "build", jobs=ONE_JOB)
    assert result["url"] == "https://ci.acme.test/jenkins/job/folder/job/app/1/"


def test_an_equal_build_that_still_waits_is_followed_in_its_place() -> None:
    stage = stage_of("jenkins", queue_seconds=60)
    assert act("jenkins", stage, "build", jobs=ONE_JOB, wait="queued")["status"] == "queued"
    assert act("jenkins", stage, "build", jobs=ONE_JOB)["status"] == "success"
    assert len(state_of(stage, "jenkins")["queue"]) == 1


def test_a_build_whose_queue_item_is_forgotten_is_found_by_its_number_in_the_queue() -> None:
    start = [
        json_answer(200, {"name": "app", "property": []}),
        Response(404),
        Response(201, {"location": "https://ci.acme.test/queue/item/9/"}),
    ]
    flow = KINDS["jenkins"].actions["build"].run(SUBJECTS["jenkins"], {"jobs": ONE_JOB})
    result, _ = fed(
        flow,
        [
            *start,
            Response(404),
            json_answer(200, {"builds": [{"number": 4, "queueId": 8}, {"number": 5, "queueId": 9}]}),
            json_answer(200, {"number": 5, "building": False, "result": "ABORTED"}),
        ],
    )
    assert (result["status"], result["number"]) == ("canceled", "5")


def test_a_build_taken_out_of_the_queue_is_canceled() -> None:
    answers = [
        json_answer(200, {"name": "app"}),
        Response(404),
        Response(201, {"location": "/queue/item/9/"}),
        json_answer(200, {"cancelled": True}),
    ]
    result, _ = fed(KINDS["jenkins"].actions["build"].run(SUBJECTS["jenkins"], {"jobs": "folder/app"}), answers)
    assert result["status"] == "canceled"


def test_an_answer_without_a_place_in_the_queue_cannot_be_followed() -> None:
    answers = [json_answer(200, {"name": "app"}), Response(404), Response(201)]
    with pytest.raises(RemoteError, match="did not say where in the queue"):
        fed(KINDS["jenkins"].actions["build"].run(SUBJECTS["jenkins"], {"jobs": ONE_JOB}), answers)


# The others ----------------------------------------------------------------------------------------------------------


def test_bamboos_plan_gets_variables_and_revision_and_its_key_is_told_nobody() -> None:
    stage = stage_of("bamboo", xsrf=True)
    result = act("bamboo", stage, "build", branch="fix", commit_sha=SHA, parameters={"deploy": "yes"})
    (made,) = state_of(stage, "bamboo")["builds"]
    assert (made["variables"], made["revision"]) == ({"deploy": "yes", "branch": "fix"}, SHA)
    assert result["number"] == "1"
    assert KEY not in repr([request.json for request in stage.sent])


def test_bamboo_builds_up_to_a_stage() -> None:
    stage = stage_of("bamboo")
    act("bamboo", stage, "build", stage="Test")
    assert state_of(stage, "bamboo")["builds"][0]["stage"] == "Test"
    assert next(request for request in stage.sent if request.writes).query["executeAllStages"] == "false"


@pytest.mark.parametrize(
    ("changed", "versions"),
    [({}, ["7.1", "7.1"]), ({"collection_url": "https://tfs.acme.test/Main", "organization": None}, ["5.0", "7.0"])],
)
def test_azure_devops_is_asked_in_a_version_that_it_knows(changed: dict[str, Any], versions: list[str]) -> None:
    kind, subject = KINDS["azure-devops"], SUBJECTS["azure-devops"]
    here = replace(subject, values={k: v for k, v in {**subject.values, **changed}.items() if v is not None})
    assert kind.probe is not None
    asked = [next(kind.probe(here)), next(kind.actions["run-pipeline"].run(here, {"pipeline_id": 3}))]
    assert [step.query["api-version"] for step in asked if isinstance(step, Request)] == versions


def test_a_build_that_teamcity_shows_in_its_queue_only_is_followed_there() -> None:
    queued, done = {"id": 7, "state": "queued"}, {"id": 7, "state": "finished", "status": "SUCCESS", "number": "12"}
    answers = [queued, None, queued, None, queued, done]
    result, steps = fed(
        KINDS["teamcity"].actions["build"].run(SUBJECTS["teamcity"], {}),
        [Response(404) if row is None else json_answer(200, row) for row in answers],
    )
    asked = [str(step.url).rpartition("/rest/")[2] for step in steps if isinstance(step, Request)]
    assert asked[1:] == [*("builds/id:7", "buildQueue/id:7") * 2, "builds/id:7"]
    assert (result["status"], result["number"]) == ("success", "12")


def test_teamcity_builds_another_configuration_with_branch_parameters_and_comment() -> None:
    stage = stage_of("teamcity")
    given = {"branch": "fix", "build_type": "Shop_Smoke", "comment": "why", "parameters": {"a": "1"}}
    result = act("teamcity", stage, "build", commit_sha=SHA, **given)
    (made,) = state_of(stage, "teamcity")["builds"]
    assert (made["buildType"], made["branchName"], made["comment"]) == ("Shop_Smoke", "fix", "why")
    assert made["properties"] == {"a": "1", "commit_sha": SHA}
    assert result["name"] == "Shop_Smoke"


def test_azure_runs_a_pipeline_on_a_branch_and_commit_with_parameters_and_variables() -> None:
    stage = stage_of("azure-devops")
    given = {"branch": "fix", "parameters": {"stage": "eu"}, "variables": {"A": "1"}, "pipeline_id": 7}
    result = act("azure-devops", stage, "run-pipeline", commit_sha=SHA, **given)
    (run,) = state_of(stage, "azure-devops")["runs"]
    own = {"refName": "refs/heads/fix", "version": SHA}
    assert (run["pipeline"], run["resources"]) == ("7", {"repositories": {"self": own}})
    assert (run["templateParameters"], run["variables"]) == ({"stage": "eu"}, {"A": "1"})
    assert result["url"].endswith("buildId=1")


def test_azure_without_a_pipeline_says_what_to_state() -> None:
    subject = SUBJECTS["azure-devops"]
    values = {name: value for name, value in subject.values.items() if name != "pipeline_id"}
    with pytest.raises(UsageError, match="no pipeline is named"):
        fed(KINDS["azure-devops"].actions["run-pipeline"].run(replace(subject, values=values), {}), [])


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({}, {}),
        ({"branch": "main"}, {"branchName": "main"}),
        ({"branch": "main", "tag": "v1"}, {"tagName": "v1"}),
        ({"branch": "main", "commit_sha": SHA}, {"commitSha": SHA}),
        ({"substitutions": {"_STAGE": "eu"}}, {"substitutions": {"_STAGE": "eu"}}),
    ],
)
def test_cloud_build_is_told_the_most_exact_source(given: dict[str, Any], source: dict[str, Any]) -> None:
    stage = stage_of("google-cloud-build")
    result = act("google-cloud-build", stage, "run-trigger", **given)
    (build,) = state_of(stage, "google-cloud-build")["builds"]
    assert (build["source"], build["via"]) == (source, "run")
    assert (result["number"], result["status"]) == (build["id"], "success")


# Commit statuses -----------------------------------------------------------------------------------------------------


def test_a_commit_that_gitlab_does_not_know_does_not_stop_the_build() -> None:
    stage = stage_of("teamcity")
    result = act("teamcity", stage, "build", commit_sha="abc123")
    assert result["status"] == "success"
    assert result["commit_status"] == "not set: GitLab does not know this commit"
    assert told(stage) == ["pending"]


@pytest.mark.parametrize(
    ("scope", "sha", "outcome"),
    [
        (Scope(ScopeType.PROJECT, "acme/shop"), None, "not set: no commit was named"),
        (Scope(ScopeType.GROUP, "acme"), SHA, "not set: the entry is not a project's"),
    ],
)
def test_without_a_projects_commit_gitlab_is_told_nothing(scope: Scope, sha: str | None, outcome: str) -> None:
    status = CommitStatus(replace(SUBJECTS["teamcity"], scope=scope), sha, "x")
    fed(status.tell("pending"), [])
    assert status.outcome == outcome


NO_STEP = json_answer(400, {"message": "Cannot transition status via :run from :running (Reason(s): …)"})


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([json_answer(201, {})], "running"),
        ([NO_STEP], "running"),
        ([json_answer(409, {}), json_answer(201, {})], "running"),
        ([Failure("timed out"), NO_STEP], "running"),
        ([json_answer(500, {})] * 3, "not set: GitLab answered 500"),
        ([Failure("timed out")] * 3, "not set: GitLab cannot be reached: timed out"),
        ([json_answer(401, {})], "not set: GitLab does not accept the token"),
        ([json_answer(403, {})], "not set: the token's user may not set statuses"),
        ([json_answer(400, {"message": {"name": ["has already been taken"]}})], "not set: GitLab answered 400"),
    ],
)
def test_what_gitlab_says_to_a_status(answers: list[Response | Failure], outcome: str) -> None:
    status = CommitStatus(SUBJECTS["teamcity"], SHA, "teamcity/x")
    _, steps = fed(status.tell("running"), answers)
    assert status.outcome.startswith(outcome)
    assert len([step for step in steps if isinstance(step, Pause)]) == len(answers) - 1


def test_a_status_is_told_once_and_never_goes_back() -> None:
    status = CommitStatus(SUBJECTS["teamcity"], SHA, "teamcity/x")
    fed(status.tell("running", "https://tc.acme.test/1", "x" * 300), [json_answer(201, {})])
    fed(status.tell("running"), [])
    fed(status.tell("pending"), [])
    _, steps = fed(status.tell("success", "javascript:alert(1)"), [json_answer(201, {})])
    (sent,) = steps
    assert isinstance(sent, Request)
    assert "target_url" not in sent.json


def test_no_secret_of_an_entry_is_sent_to_gitlab() -> None:
    for kind, action, parameters in BUILDS:
        stage = stage_of(kind)
        act(kind, stage, action, commit_sha=SHA, **parameters)
        sent = repr([request.json for request in stage.sent if str(request.url).startswith("/api/v4")])
        secrets = [value.reveal() for value in SUBJECTS[kind].values.values() if isinstance(value, Secret)]
        assert not [secret for secret in secrets if secret in sent]
