"""The build servers' stand-ins: who calls, what is queued, and builds that progress with the clock."""

from __future__ import annotations

from typing import Any

import pytest

CI = "https://ci.acme.test"
BAMBOO = "https://bamboo.acme.test/rest/api/latest"
TEAMCITY = "https://tc.acme.test/app/rest"
USER = "bot:11token"
JSON = {"accept": "application/json"}
GUARDED: dict[str, Any] = {"jobs": {"apps/shop": {"webhook_token": "T"}}}


@pytest.mark.parametrize(
    ("user", "switches", "status", "anonymous"),
    [
        (USER, {}, 200, False),
        (None, {}, 200, True),
        (USER, {"bad_credentials": [USER]}, 401, None),
        (USER, {"denied": ["Overall/Read"]}, 403, None),
        (USER, {"unavailable": True}, 503, None),
    ],
)
def test_jenkins_tells_who_calls_and_answers_anonymous_callers_too(
    ask: Any, read: Any, user: str | None, switches: Any, status: int, anonymous: bool | None
) -> None:
    response = ask(f"{CI}/whoAmI/api/json", switches, user=user)

    assert response.status == status
    assert anonymous is None or read(response)["anonymous"] is anonymous
    assert response.headers["X-Jenkins"]


@pytest.mark.parametrize(
    ("method", "path", "switches", "status"),
    [
        ("POST", "/job/deploy/build", {}, 201),
        ("POST", "/job/deploy/build?delay=0sec", {}, 201),
        ("POST", "/job/apps/job/shop/job/deploy/build", {"strict": True, "jobs": {"apps/shop/deploy": {}}}, 201),
        ("GET", "/job/deploy/build", {}, 405),
        ("GET", "/job/deploy/build?token=T", {"jobs": {"deploy": {"token": "T"}}}, 201),
        ("GET", "/job/deploy/build?token=X", {"jobs": {"deploy": {"token": "T"}}}, 403),
        ("POST", "/job/deploy/build", {"gone": ["deploy"]}, 404),
        ("POST", "/job/deploy/build", {"strict": True}, 404),
        ("POST", "/job/deploy/build", {"jobs": {"deploy": {"buildable": False}}}, 409),
        ("POST", "/job/deploy/build", {"jobs": {"deploy": {"parameters": {"ENV": "test"}}}}, 400),
        ("POST", "/job/deploy/build", {"denied": ["Job/Build"]}, 403),
        (
            "POST",
            "/job/deploy/buildWithParameters?ENV=prod",
            {"jobs": {"deploy": {"parameters": {"ENV": "test"}}}},
            201,
        ),
        ("POST", "/job/deploy/buildWithParameters?ENV=prod", {"jobs": {"deploy": {}}}, 400),
        ("POST", "/job/deploy/buildWithParameters?ENV=prod", {}, 201),
        ("GET", "/job/deploy/buildWithParameters", {}, 405),
        ("POST", "/job/deploy/build", {"crumb": "all"}, 403),
        ("POST", "/job/deploy/build", {"passwords": [USER]}, 403),
        ("GET", "/crumbIssuer/api/json", {"crumb": "off"}, 404),
        ("GET", "/job/deploy/api/json", {}, 200),
        ("GET", "/job/deploy/7/api/json", {}, 404),
        ("GET", "/queue/item/1/api/json", {}, 404),
        ("POST", "/createItem?name=new", {}, 200),
    ],
)
def test_jenkins_answers_a_caller_it_knows(ask: Any, method: str, path: str, switches: Any, status: int) -> None:
    response = ask(CI + path, switches, method=method, user=USER)

    assert response.status == status
    assert status != 201 or response.headers["Location"] == f"{CI}/queue/item/1/"
    assert status != 405 or response.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/job/deploy/api/json", "/queue/api/json"])
def test_jenkins_shows_nobody_in_particular_nothing_unless_it_is_open(ask: Any, path: str) -> None:
    refused = ask(CI + path)

    assert (refused.status, refused.headers["X-You-Are-Authenticated-As"]) == (403, "anonymous")
    assert ask(CI + path, {"anonymous_read": True}).status == 200


def test_a_jenkins_build_waits_runs_and_ends_as_its_job_says(ask: Any, read: Any, now: float) -> None:
    job = {"parameters": {"ENV": "test", "TAG": "v0"}, "result": "UNSTABLE"}
    state = {"queue_seconds": 5, "build_seconds": 10, "jobs": {"apps/deploy": job}}
    url = f"{CI}/job/apps/job/deploy"
    queued = ask(f"{url}/buildWithParameters", state, method="POST", body=b"ENV=prod&UNKNOWN=1", user=USER)
    item = queued.headers["Location"]

    waiting = read(ask(f"{item}api/json", state, user=USER))
    started = read(ask(f"{item}api/json", state, user=USER, now=now + 5))
    tree = "?tree=number,building,result,actions[parameters[name,value]]"
    running = read(ask(f"{started['executable']['url']}api/json{tree}", state, user=USER, now=now + 6))
    ended = read(ask(f"{started['executable']['url']}api/json", state, user=USER, now=now + 15))

    assert (waiting["executable"], bool(waiting["why"])) == (None, True)
    assert started["executable"] == {"number": 1, "url": f"{url}/1/"}
    values = [{"name": "ENV", "value": "prod"}, {"name": "TAG", "value": "v0"}]
    assert running == {"number": 1, "building": True, "result": None, "actions": [{"parameters": values}, {}]}
    assert (ended["building"], ended["result"], ended["queueId"], ended["duration"]) == (False, "UNSTABLE", 1, 10_000)
    assert ask(f"{item}api/json", state, user=USER, now=now + 306).status == 404


def test_jenkins_queues_the_same_job_with_the_same_parameters_once(ask: Any, state: Any, now: float) -> None:
    def build(values: str, after: float = 0) -> Any:
        url = f"{CI}/job/deploy/buildWithParameters?{values}"
        return ask(url, state, method="POST", user=USER, now=now + after)

    answers = [build("ENV=a"), build("ENV=a"), build("ENV=b"), build("ENV=a", after=60)]

    assert [a.status for a in answers] == [201, 303, 201, 201]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert [b["parameters"]["ENV"] for b in state["builds"]["deploy"]] == ["a", "b"]


def test_a_jenkins_crumb_belongs_to_the_session_that_asked_for_it(ask: Any, read: Any) -> None:
    state = {"passwords": ["bot:pw"]}
    issued = ask(f"{CI}/crumbIssuer/api/json", state, user="bot:pw")
    crumb = {"jenkins-crumb": read(issued)["crumb"]}
    cookie = {"cookie": issued.headers["Set-Cookie"].partition(";")[0]}

    statuses = [
        ask(f"{CI}/job/deploy/build", state, method="POST", user="bot:pw", headers=headers).status
        for headers in ({}, crumb, cookie, crumb | cookie)
    ]

    assert statuses == [403, 403, 403, 201]


def test_jenkins_may_point_elsewhere_with_its_location(ask: Any) -> None:
    state = {"root_url": "http://localhost:8080/wrong"}

    response = ask(f"{CI}/jenkins/job/deploy/build", state, method="POST", user=USER)

    assert response.headers["Location"] == "http://localhost:8080/wrong/queue/item/1/"


def test_jenkins_builds_on_a_context_path_of_the_declared_url(ask: Any) -> None:
    response = ask(f"{CI}/jenkins/job/deploy/build", {}, method="POST", user=USER)

    assert response.headers["Location"] == f"{CI}/jenkins/queue/item/1/"


@pytest.mark.parametrize(
    ("method", "headers", "switches", "user", "status", "builds"),
    [
        ("GET", {}, {}, None, 200, 0),
        ("POST", {}, {}, None, 200, 0),
        ("POST", {"x-gitlab-event": "Push Hook"}, {}, None, 200, 1),
        ("POST", {"x-gitlab-event": "Push Hook"}, dict(GUARDED), None, 401, 0),
        ("POST", {"x-gitlab-event": "Push Hook", "x-gitlab-token": "T"}, dict(GUARDED), None, 200, 1),
        ("POST", {"x-gitlab-event": "Push Hook"}, {"endpoint_authentication": True}, None, 403, 0),
        ("POST", {"x-gitlab-event": "Push Hook"}, {"endpoint_authentication": True}, USER, 200, 1),
        ("POST", {"x-gitlab-event": "Note Hook"}, {"jobs": {"apps/shop": {"multibranch": True}}}, None, 200, 0),
        ("POST", {"x-gitlab-event": "Push Hook"}, {"jobs": {"apps/shop": {"buildable": False}}}, None, 200, 0),
        ("GET", {}, {"gone": ["apps/shop"]}, None, 404, 0),
        ("GET", {}, {"plugin": False}, None, 404, 0),
    ],
)
def test_the_gitlab_plugin_of_jenkins_builds_on_events_only(
    ask: Any, method: str, headers: Any, switches: Any, user: str | None, status: int, builds: int
) -> None:
    response = ask(f"{CI}/project/apps/shop", switches, method=method, headers=headers, user=user)

    assert response.status == status
    assert len(switches.get("queue", {})) == builds


def test_a_jenkins_job_shows_its_parameters_and_last_build(ask: Any, read: Any, now: float) -> None:
    state = {"jobs": {"deploy": {"parameters": {"ENV": "test"}}}}
    url = f"{CI}/job/deploy"
    ask(f"{url}/buildWithParameters", state, method="POST", user=USER)

    tree = "name,buildable,inQueue,nextBuildNumber,lastBuild[number,result],property[parameterDefinitions[name]]"
    waiting = read(ask(f"{url}/api/json?tree={tree}", state, user=USER))
    done = read(ask(f"{url}/api/json?tree={tree}", state, user=USER, now=now + 9))

    assert waiting == {
        "name": "deploy",
        "buildable": True,
        "inQueue": True,
        "nextBuildNumber": 1,
        "lastBuild": None,
        "property": [{"parameterDefinitions": [{"name": "ENV"}]}],
    }
    assert (done["inQueue"], done["nextBuildNumber"], done["lastBuild"]) == (
        False,
        2,
        {"number": 1, "result": "SUCCESS"},
    )


def test_a_queued_jenkins_item_can_be_cancelled_and_a_running_build_stopped(ask: Any, read: Any, now: float) -> None:
    state: dict[str, Any] = {"queue_seconds": 5, "build_seconds": 60}
    ask(f"{CI}/job/one/build", state, method="POST", user=USER)
    ask(f"{CI}/job/two/build", state, method="POST", user=USER)

    ask(f"{CI}/queue/cancelItem?id=1", state, method="POST", user=USER)
    ask(f"{CI}/job/two/1/stop", state, method="POST", user=USER, now=now + 10)

    assert read(ask(f"{CI}/queue/item/1/api/json", state, user=USER, now=now + 11))["cancelled"] is True
    assert read(ask(f"{CI}/job/two/lastBuild/api/json", state, user=USER, now=now + 11))["result"] == "ABORTED"
    assert "one" not in state["builds"]


@pytest.mark.parametrize(
    ("path", "auth", "switches", "status"),
    [
        ("/currentUser.json", {"bearer": "pat"}, {}, 200),
        ("/currentUser.json?os_authType=basic", {"user": "bot:pw"}, {}, 200),
        ("/currentUser.json", {"user": "bot:pw"}, {}, 401),
        ("/currentUser.json", {}, {"guest": True}, 401),
        ("/currentUser.json", {"bearer": "pat"}, {"bad_credentials": ["pat"]}, 401),
        ("/currentUser.json", {"bearer": "pat"}, {"captcha": True}, 403),
        ("/info.json", {}, {}, 200),
        ("/plan/PROJ-PLAN.json", {}, {}, 401),
        ("/plan/PROJ-PLAN.json", {"user": "bot:pw"}, {"guest": True, "bad_credentials": ["bot:pw"]}, 200),
        ("/plan/PROJ-PLAN.json", {"bearer": "pat"}, {"gone": ["PROJ-PLAN"]}, 404),
        ("/result/PROJ-PLAN-1.json", {"bearer": "pat"}, {}, 404),
    ],
)
def test_bamboo_looks_at_basic_credentials_only_when_told_to(
    ask: Any, path: str, auth: Any, switches: Any, status: int
) -> None:
    assert ask(BAMBOO + path, switches, **auth).status == status


@pytest.mark.parametrize(("path", "kind"), [("/info", "xml"), ("/info.json", "json")])
def test_bamboo_answers_xml_unless_json_is_asked_for(ask: Any, path: str, kind: str) -> None:
    response = ask(BAMBOO + path)

    assert kind in response.headers["Content-Type"]
    assert response.body.startswith({"xml": b"<?xml", "json": b"{"}[kind])
    assert "json" in ask(f"{BAMBOO}/info", headers=JSON).headers["Content-Type"]


@pytest.mark.parametrize(
    ("switches", "headers", "status"),
    [
        ({"plans": {"PROJ-PLAN": {"enabled": False}}}, {}, 400),
        ({"denied": True}, {}, 403),
        ({"xsrf": True}, {}, 403),
        ({"xsrf": True}, {"x-atlassian-token": "no-check"}, 200),
        ({"gone": ["PROJ-PLAN"]}, {}, 404),
    ],
)
def test_bamboo_refuses_to_queue(ask: Any, switches: Any, headers: Any, status: int) -> None:
    url = f"{BAMBOO}/queue/PROJ-PLAN.json"

    assert ask(url, switches, method="POST", bearer="pat", headers=headers).status == status


def test_a_bamboo_build_is_queued_with_variables_and_followed_to_its_end(ask: Any, read: Any, now: float) -> None:
    state: dict[str, Any] = {"plans": {"PROJ-PLAN": {"result": "Failed"}}, "queue_seconds": 1, "build_seconds": 2}
    url = f"{BAMBOO}/queue/PROJ-PLAN.json?bamboo.variable.ENV=prod&customRevision=abc"
    queued = read(ask(url, state, method="POST", bearer="pat"))

    def result(after: float) -> tuple[str, str]:
        shown = read(ask(f"{BAMBOO}/result/{queued['buildResultKey']}.json", state, bearer="pat", now=now + after))
        return shown["lifeCycleState"], shown["buildState"]

    assert [result(after) for after in (0, 1, 3)] == [
        ("Queued", "Unknown"),
        ("InProgress", "Unknown"),
        ("Finished", "Failed"),
    ]
    assert state["builds"][0]["variables"] == {"ENV": "prod"}
    assert ask(f"{BAMBOO}/result/byChangeset/abc.json", state, bearer="pat").status == 200
    assert ask(f"{BAMBOO}/result/byChangeset/def.json", state, bearer="pat").status == 404
    assert ask(f"{BAMBOO}/queue/{queued['buildResultKey']}", state, method="DELETE", bearer="pat").status == 204
    assert ask(f"{BAMBOO}/result/{queued['buildResultKey']}.json", state, bearer="pat").status == 404


def test_gitlab_s_own_call_makes_bamboo_build(ask: Any, state: Any) -> None:
    url = "https://bamboo.acme.test/updateAndBuild.action?buildKey=PROJ-PLAN&os_authType=basic"

    assert ask(url, state, user="bot:pw").status == 200
    assert state["builds"][0]["plan"] == "PROJ-PLAN"


@pytest.mark.parametrize(
    ("url", "auth", "switches", "status"),
    [
        (f"{TEAMCITY}/server", {"bearer": "t"}, {}, 200),
        (f"{TEAMCITY}/server", {"user": "bot:pw"}, {}, 200),
        (f"{TEAMCITY}/server", {}, {}, 401),
        (f"{TEAMCITY}/server", {}, {"guest": True}, 200),
        (f"{TEAMCITY}/server", {"bearer": "t"}, {"bad_credentials": ["t"]}, 401),
        ("https://tc.acme.test/httpAuth/app/rest/server", {"bearer": "t"}, {}, 401),
        ("https://tc.acme.test/httpAuth/app/rest/server", {"user": "bot:pw"}, {}, 200),
        ("https://tc.acme.test/guestAuth/app/rest/server", {}, {}, 401),
        ("https://tc.acme.test/guestAuth/app/rest/server", {}, {"guest": True}, 200),
        ("https://tc.acme.test/ctx/app/rest/server", {"bearer": "t"}, {}, 200),
        (f"{TEAMCITY}/buildTypes/id:Shop_Build", {"bearer": "t"}, {}, 200),
        (f"{TEAMCITY}/buildTypes/id:Shop%20Build", {"bearer": "t"}, {}, 404),
        (f"{TEAMCITY}/buildTypes/id:Shop_Build", {"bearer": "t"}, {"gone": ["Shop_Build"]}, 404),
        (f"{TEAMCITY}/builds/id:9", {"bearer": "t"}, {}, 404),
    ],
)
def test_teamcity_has_three_doors(ask: Any, url: str, auth: Any, switches: Any, status: int) -> None:
    response = ask(url, switches, headers=JSON, **auth)

    assert response.status == status
    assert status != 401 or "Bearer" in response.headers["WWW-Authenticate"]


def test_only_teamcity_s_user_tells_a_guest(ask: Any, read: Any) -> None:
    names = [
        read(ask(f"{TEAMCITY}/users/current", {"guest": True}, headers=JSON, bearer=token))["username"]
        for token in (None, "t")
    ]

    assert names == ["guest", "token"]


def test_a_teamcity_build_type_may_be_paused_and_is_xml_by_default(ask: Any, read: Any) -> None:
    state = {"build_types": {"Shop_Build": {"paused": True}}}
    url = f"{TEAMCITY}/buildTypes/id:Shop_Build?fields=id,name,paused,projectId"

    assert read(ask(url, state, bearer="t", headers=JSON))["paused"] is True
    assert b'paused="true"' in ask(url, state, bearer="t").body


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (
            {
                "buildType": {"id": "Shop_Build"},
                "branchName": "main",
                "properties": {"property": [{"name": "a", "value": "1"}]},
            },
            JSON,
        ),
        (
            b"<build branchName='main'><buildType id='Shop_Build'/>"
            b"<properties><property name='a' value='1'/></properties></build>",
            JSON | {"content-type": "application/xml"},
        ),
    ],
)
def test_a_teamcity_build_is_queued_in_either_form_and_followed(
    ask: Any, read: Any, now: float, body: Any, headers: Any
) -> None:
    state: dict[str, Any] = {
        "build_types": {"Shop_Build": {"result": "FAILURE"}},
        "queue_seconds": 1,
        "build_seconds": 2,
    }
    queued = read(ask(f"{TEAMCITY}/buildQueue", state, body=body, bearer="t", headers=headers))

    def seen(after: float) -> tuple[str, str | None]:
        shown = read(ask(f"{TEAMCITY}/builds/id:{queued['id']}", state, bearer="t", headers=JSON, now=now + after))
        return shown["state"], shown.get("status")

    assert queued["state"] == "queued"
    assert [seen(after) for after in (0, 1, 3)] == [("queued", None), ("running", "SUCCESS"), ("finished", "FAILURE")]
    located = ask(f"{TEAMCITY}/builds?locator=property:(name:a,value:1)", state, bearer="t", headers=JSON)
    assert read(located)["count"] == 1
    assert (state["builds"][0]["branchName"], state["builds"][0]["properties"]) == ("main", {"a": "1"})


def test_teamcity_finds_a_build_by_revision_as_gitlab_does(ask: Any, read: Any, state: Any) -> None:
    ask(f"{TEAMCITY}/buildQueue", state, body={"buildType": {"id": "A"}}, bearer="t", headers=JSON)
    state["builds"][0]["revision"] = "abc"
    url = "https://tc.acme.test/httpAuth/app/rest/builds/branch:unspecified:any,revision:"

    assert ask(f"{url}abc", state, user="bot:pw").status == 200
    assert ask(f"{url}def", state, user="bot:pw").status == 404


@pytest.mark.parametrize(
    ("switches", "body", "status"),
    [
        ({"denied": True}, {"buildType": {"id": "A"}}, 403),
        ({"gone": ["A"]}, {"buildType": {"id": "A"}}, 404),
        ({}, b"<build", 400),
        ({}, b"<!DOCTYPE x [<!ENTITY a 'b'>]><build/>", 400),
    ],
)
def test_teamcity_refuses_to_queue(ask: Any, switches: Any, body: Any, status: int) -> None:
    assert ask(f"{TEAMCITY}/buildQueue", switches, body=body, bearer="t").status == status
    assert "builds" not in switches


def test_a_teamcity_build_can_be_cancelled(ask: Any, read: Any, state: Any) -> None:
    ask(f"{TEAMCITY}/buildQueue", state, body={"buildType": {"id": "A"}}, bearer="t", headers=JSON)

    shown = read(ask(f"{TEAMCITY}/buildQueue/id:1001", state, body={"comment": "no"}, bearer="t", headers=JSON))

    assert (shown["state"], shown["statusText"]) == ("finished", "Canceled")
