"""The clouds' stand-ins: CodeCommit, Azure DevOps, Cloud Build, and the stores of secrets."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

GIT = "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos"
REFS = "info/refs?service=git-receive-pack"
AZURE = "https://dev.azure.com/acme"
BUILD = "https://cloudbuild.googleapis.com/v1/projects/p"
VAULT = "https://vault.acme.test/v1"
TOKEN = {"x-vault-token": "hvs.1"}
SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=AKIA1/20260101/eu-west-1/x/aws4_request, Signature=0"}


LOCKED: dict[str, Any] = {"repositories": {"shop": {"fault": "EncryptionKeyDisabledException"}}}


def signed(target: str) -> dict[str, str]:
    return {**SIGNED, "x-amz-target": target, "content-type": "application/x-amz-json-1.1"}


@pytest.mark.parametrize(
    ("repository", "user", "switches", "status"),
    [
        ("shop", "git-at-1:pw", {}, 200),
        ("shop", None, {}, 401),
        ("shop", "git-at-1:pw", {"bad_credentials": ["git-at-1:pw"]}, 403),
        ("shop", "git-at-1:pw", {"gone": ["shop"]}, 404),
        ("shop.git", "git-at-1:pw", {}, 404),
        ("shop", "git-at-1:pw", {"repositories": {"shop": {"region": "us-east-1"}}}, 404),
    ],
)
def test_codecommit_s_git_side_asks_for_git_credentials(
    ask: Any, repository: str, user: str | None, switches: Any, status: int
) -> None:
    response = ask(f"{GIT}/{repository}/{REFS}", switches, user=user)

    assert response.status == status
    assert status != 200 or response.body.startswith(b"001f# service=git-receive-pack\n0000")


@pytest.mark.parametrize(
    ("name", "headers", "switches", "fault"),
    [
        ("shop", SIGNED, {}, None),
        ("shop", {}, {}, "MissingAuthenticationTokenException"),
        ("shop", SIGNED, {"bad_credentials": ["AKIA1"]}, "UnrecognizedClientException"),
        ("shop", SIGNED, {"aws_fault": "ExpiredTokenException"}, "ExpiredTokenException"),
        ("shop", SIGNED, {"gone": ["shop"]}, "RepositoryDoesNotExistException"),
        ("shop", SIGNED, {"repositories": {"shop": {"region": "us-east-1"}}}, "RepositoryDoesNotExistException"),
        ("shop", SIGNED, LOCKED, "EncryptionKeyDisabledException"),
        ("shop.git", SIGNED, {}, "InvalidRepositoryNameException"),
        ("", SIGNED, {}, "RepositoryNameRequiredException"),
        ("shop", SIGNED, {"throttled": True}, "ThrottlingException"),
    ],
)
def test_codecommit_s_api_names_its_faults(
    ask: Any, read: Any, name: str, headers: Any, switches: Any, fault: str | None
) -> None:
    target = {"x-amz-target": "CodeCommit_20150413.GetRepository", **headers}

    response = ask(
        "https://codecommit.eu-west-1.amazonaws.com/", switches, body={"repositoryName": name}, headers=target
    )

    assert read(response).get("__type") == fault
    assert response.status == (400 if fault else 200)


def test_a_codecommit_repository_may_lack_a_default_branch(ask: Any, read: Any) -> None:
    state = {"repositories": {"shop": {"default_branch": None}}}
    headers = signed("CodeCommit_20150413.GetRepository")

    shown = read(
        ask("https://codecommit.eu-west-1.amazonaws.com/", state, body={"repositoryName": "shop"}, headers=headers)
    )

    assert "defaultBranch" not in shown["repositoryMetadata"]
    assert shown["repositoryMetadata"]["cloneUrlHttp"] == f"{GIT}/shop"


def test_the_amazon_client_of_python_is_understood(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    botocore_session = pytest.importorskip("botocore.session")
    from botocore.awsrequest import AWSResponse

    class Raw:
        def __init__(self, body: bytes) -> None:
            self.body = body

        def stream(self, **_: object) -> Any:
            yield self.body

    def answer(request: Any, **_: object) -> AWSResponse:
        headers = {k.lower(): v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
        body = request.body.encode() if isinstance(request.body, str) else request.body
        response = ask(request.url, state, method="POST", body=body, headers=headers)
        return AWSResponse(request.url, response.status, response.headers, Raw(response.body))

    state = {"secrets": {"team/slack": '{"url": "https://x"}'}}
    session = botocore_session.Session()
    session.set_credentials("AKIA1", "secret")
    clients = {n: session.create_client(n, region_name="eu-west-1") for n in ("secretsmanager", "codecommit", "sts")}
    for name, client in clients.items():
        client.meta.events.register(f"before-send.{name}", answer)

    assert clients["secretsmanager"].get_secret_value(SecretId="team/slack")["SecretString"] == '{"url": "https://x"}'
    with pytest.raises(clients["secretsmanager"].exceptions.ResourceNotFoundException):
        clients["secretsmanager"].get_secret_value(SecretId="nope")
    assert clients["codecommit"].get_repository(repositoryName="shop")["repositoryMetadata"]["defaultBranch"] == "main"
    assert clients["sts"].get_caller_identity()["Account"] == "123456789012"
    role = {"RoleArn": "arn:aws:iam::1:role/ci", "RoleSessionName": "job-1", "WebIdentityToken": "jwt-1"}
    assert clients["sts"].assume_role_with_web_identity(**role)["Credentials"]["AccessKeyId"].startswith("ASIA")


@pytest.mark.parametrize(
    ("asked", "secrets", "answer"),
    [
        ({"SecretId": "a"}, {"a": "text"}, "text"),
        ({"SecretId": "a"}, {"a": {"string": "text"}}, "text"),
        (
            {"SecretId": "a", "VersionStage": "AWSPREVIOUS"},
            {"a": {"string": "new", "stages": {"AWSPREVIOUS": "old"}}},
            "old",
        ),
        ({"SecretId": "a", "VersionStage": "AWSPREVIOUS"}, {"a": "new"}, "ResourceNotFoundException"),
        ({"SecretId": "a", "VersionId": "v1"}, {"a": {"string": "new", "versions": {"v1": "first"}}}, "first"),
        ({"SecretId": "b"}, {"a": "text"}, "ResourceNotFoundException"),
        ({"SecretId": "a"}, {"a": {"string": "x", "region": "us-east-1"}}, "ResourceNotFoundException"),
        ({"SecretId": "a"}, {"a": {"fault": "DecryptionFailure"}}, "DecryptionFailure"),
        ({}, {}, "InvalidParameterException"),
    ],
)
def test_secrets_manager_gives_a_secret_by_name_version_and_stage(
    ask: Any, read: Any, asked: Any, secrets: Any, answer: str
) -> None:
    url = "https://secretsmanager.eu-west-1.amazonaws.com/"
    response = ask(url, {"secrets": secrets}, body=asked, headers=signed("secretsmanager.GetSecretValue"))

    assert answer in (read(response).get("SecretString"), read(response).get("__type"))


def test_a_secret_answers_to_its_arn_too(ask: Any, read: Any) -> None:
    url, headers = "https://secretsmanager.eu-west-1.amazonaws.com/", signed("secretsmanager.GetSecretValue")
    state = {"secrets": {"a": "text"}}
    arn = read(ask(url, state, body={"SecretId": "a"}, headers=headers))["ARN"]

    found = [read(ask(url, state, body={"SecretId": name}, headers=headers))["Name"] for name in (arn, arn[:-7])]

    assert found == ["a", "a"]


@pytest.mark.parametrize(
    ("path", "user", "switches", "status", "kind"),
    [
        ("/_apis/projects?api-version=7.1&$top=1", ":pat", {}, 200, "json"),
        ("/_apis/projects?api-version=7.1&$top=1", None, {}, 302, "html"),
        ("/_apis/projects", ":pat", {"expired_credentials": ["pat"]}, 203, "html"),
        ("/_apis/projects", ":pat", {"expired_credentials": ["pat"], "sign_in": "302"}, 302, "html"),
        ("/_apis/projects", ":pat", {"expired_credentials": ["pat"], "sign_in": "200"}, 200, "html"),
        ("/_apis/projects", ":pat", {"bad_credentials": ["pat"]}, 401, "html"),
        ("/_apis/projects", ":pat", {"denied": ["projects"]}, 403, "json"),
        ("/_apis/projects", ":pat", {"gone": ["acme"]}, 404, "html"),
        ("/_apis/projects", ":pat", {"throttled": True}, 429, "json"),
        ("/_apis/projects/shop", ":pat", {"gone": ["shop"]}, 404, "json"),
        ("/my%20shop/_apis/git/repositories/r", ":pat", {"strict": True, "projects": {"my shop": {}}}, 200, "json"),
        ("/shop/_apis/git/repositories/shop", ":pat", {"denied": ["code"]}, 403, "json"),
        ("/shop/_git/shop/info/refs?service=git-receive-pack", "any:pat", {}, 200, "git"),
        ("/shop/_apis/pipelines/1/runs/9", ":pat", {}, 404, "json"),
    ],
)
def test_azure_devops_hides_a_refusal_behind_a_sign_in_page(
    ask: Any, path: str, user: str | None, switches: Any, status: int, kind: str
) -> None:
    response = ask(AZURE + path, switches, user=user)

    assert response.status == status
    assert kind in response.headers["Content-Type"]
    assert status != 429 or {"Retry-After", "X-RateLimit-Reset"} <= set(response.headers)


def test_the_sign_in_page_that_azure_devops_redirects_to_is_a_200(ask: Any) -> None:
    location = ask(f"{AZURE}/_apis/projects").headers["Location"]

    assert ask(location).status == 200


def test_an_azure_pipeline_runs_to_its_result_and_a_preview_queues_nothing(ask: Any, read: Any, now: float) -> None:
    state: dict[str, Any] = {"pipelines": {"5": {"result": "failed"}}, "run_seconds": 10}
    url = f"{AZURE}/shop/_apis/pipelines/5/runs"
    variables = {"ENV": {"value": "prod"}, "KEY": {"value": "s3cret", "isSecret": True}}

    preview = read(ask(f"{url}?api-version=7.1", state, body={"previewRun": True}, user=":pat"))
    run = read(ask(f"{url}?api-version=7.1", state, body={"variables": variables}, user=":pat"))
    ended = read(ask(run["url"], state, user=":pat", now=now + 10))

    assert "finalYaml" in preview
    assert (run["state"], ended["state"], ended["result"]) == ("inProgress", "completed", "failed")
    assert [r["variables"] for r in state["runs"]] == [{"ENV": "prod", "KEY": None}]
    assert ask(url, state, body={}, user=":pat").status == 400


def test_azure_service_hooks_are_made_listed_and_removed(ask: Any, read: Any, state: Any) -> None:
    url = f"{AZURE}/_apis/hooks/subscriptions"
    body = {"publisherId": "tfs", "eventType": "git.push", "consumerId": "webHooks", "consumerActionId": "httpRequest"}

    made = read(ask(f"{url}?api-version=7.1", state, body=body, user=":pat"))
    count = read(ask(url, state, user=":pat"))["count"]
    removed = ask(f"{url}/{made['id']}?api-version=7.1", state, method="DELETE", user=":pat")

    assert (count, removed.status, state["subscriptions"]) == (1, 204, [])
    assert ask(f"{url}?api-version=7.1", state, body={}, user=":pat").status == 400


def test_an_azure_server_is_reached_under_its_collection(ask: Any) -> None:
    assert ask("https://tfs.acme.test/tfs/DefaultCollection/_apis/projects", user=":pat").status == 200


@pytest.mark.parametrize(
    ("path", "bearer", "switches", "status"),
    [
        ("/triggers/t", "ya29", {}, 200),
        ("/locations/europe-west1/triggers/t", "ya29", {}, 200),
        ("/triggers/t", None, {}, 401),
        ("/triggers/t", "ya29", {"bad_credentials": ["ya29"]}, 401),
        ("/triggers/t", "ya29", {"denied": True}, 403),
        ("/triggers/t", "ya29", {"gone": ["t"]}, 404),
        ("/builds/b", "ya29", {}, 404),
    ],
)
def test_cloud_build_answers_by_token(
    ask: Any, read: Any, path: str, bearer: str | None, switches: Any, status: int
) -> None:
    response = ask(BUILD + path, switches, bearer=bearer)

    assert response.status == status
    assert status == 200 or read(response)["error"]["code"] == status


def test_a_cloud_build_trigger_shows_whether_it_is_off_and_its_secret_usable(ask: Any, read: Any) -> None:
    state = {"triggers": {"t": {"disabled": True, "secret_state": "SECRET_DELETED"}}}

    shown = read(ask(f"{BUILD}/triggers/t", state, bearer="ya29"))

    assert (shown["disabled"], shown["webhookConfig"]["state"]) == (True, "SECRET_DELETED")


def test_a_cloud_build_trigger_is_run_and_followed(ask: Any, read: Any, now: float) -> None:
    state: dict[str, Any] = {"triggers": {"t": {"result": "FAILURE"}}, "queue_seconds": 1, "build_seconds": 2}
    source = {"branchName": "main", "substitutions": {"_A": "1"}}
    run = read(ask(f"{BUILD}/triggers/t:run", state, body={"source": source}, bearer="ya29"))
    name = run["metadata"]["build"]["id"]

    seen = [read(ask(f"{BUILD}/builds/{name}", state, bearer="ya29", now=now + s))["status"] for s in (0, 1, 3)]

    assert seen == ["QUEUED", "WORKING", "FAILURE"]
    assert state["builds"][0]["source"] == source


@pytest.mark.parametrize(
    ("query", "switches", "status", "builds"),
    [
        ("key=K&secret=S", {}, 200, 1),
        ("key=K&secret=S", {"triggers": {"t": {"key": "K", "secret": "S"}}}, 200, 1),
        ("key=X&secret=S", {"triggers": {"t": {"key": "K"}}}, 400, 0),
        ("key=K&secret=X", {"triggers": {"t": {"secret": "S"}}}, 401, 0),
        ("secret=S", {}, 403, 0),
        ("key=K&secret=S", {"bad_credentials": ["K"]}, 400, 0),
        ("key=K&secret=S", {"triggers": {"t": {"disabled": True}}}, 200, 0),
        ("key=K&secret=S", {"gone": True}, 404, 0),
    ],
)
def test_cloud_build_s_webhook_address_builds_at_every_post(
    ask: Any, query: str, switches: Any, status: int, builds: int
) -> None:
    response = ask(f"{BUILD}/locations/r/triggers/t:webhook?{query}&trigger=t&projectId=p", switches, body={})

    assert response.status == status
    assert len(switches.get("builds", [])) == builds


def test_google_s_token_endpoint_and_a_host_connection(ask: Any, read: Any) -> None:
    grant = urlencode({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "jwt"}).encode()
    token = read(ask("https://oauth2.googleapis.com/token", body=grant))["access_token"]
    url = "https://cloudbuild.googleapis.com/v2/projects/p/locations/r/connections/c"

    shown = read(ask(url, {"connections": {"c": {"stage": "PENDING_USER_OAUTH"}}}, bearer=token))

    assert shown["installationState"]["stage"] == "PENDING_USER_OAUTH"
    assert ask("https://oauth2.googleapis.com/token", {"bad_credentials": ["jwt"]}, body=grant).status == 400


WORLD: dict[str, Any] = {
    "mounts": {
        "secret": {"version": 2, "secrets": {"team/slack": {"url": "https://x"}, "old": {"a": "1"}}},
        "kv/one": {"version": 1, "secrets": {"team": {"key": "k"}}},
    },
    "namespaces": {"ops": {"mounts": {"secret": {"version": 2, "secrets": {"team/slack": {"url": "https://ops"}}}}}},
    "deleted": ["secret/old"],
    "denied": ["secret/closed"],
    "bad_credentials": ["hvs.bad", "jwt-bad"],
    "roles": ["ci"],
}


@pytest.mark.parametrize(
    ("path", "headers", "status", "found"),
    [
        ("secret/data/team/slack", TOKEN, 200, {"url": "https://x"}),
        ("secret/data/team/slack", {"authorization": "Bearer hvs.1"}, 200, {"url": "https://x"}),
        ("secret/data/team/slack", {**TOKEN, "x-vault-namespace": "ops/"}, 200, {"url": "https://ops"}),
        ("secret/data/team/slack", {**TOKEN, "x-vault-namespace": "dev"}, 404, None),
        ("secret/data/team/slack", {}, 403, None),
        ("secret/data/team/slack", {"x-vault-token": "hvs.bad"}, 403, None),
        ("secret/data/team/none", TOKEN, 404, None),
        ("secret/data/old", TOKEN, 404, None),
        ("secret/data/closed", TOKEN, 403, None),
        ("secret/team/slack", TOKEN, 404, None),
        ("secret/data/team/slack?version=2", TOKEN, 404, None),
        ("kv/one/team", TOKEN, 200, {"key": "k"}),
        ("nowhere/team", TOKEN, 404, None),
    ],
)
def test_vault_reads_both_versions_of_its_engine(
    ask: Any, read: Any, path: str, headers: Any, status: int, found: object
) -> None:
    response = ask(f"{VAULT}/{path}", dict(WORLD), headers=headers)

    assert response.status == status
    value = read(response).get("data") or {}
    assert found is None or found == (value.get("data") if "/data/" in path else value)


def test_a_deleted_secret_of_vault_leaves_its_metadata(ask: Any, read: Any) -> None:
    gone = read(ask(f"{VAULT}/secret/data/old", dict(WORLD), headers=TOKEN))["data"]

    assert gone["data"] is None
    assert gone["metadata"]["deletion_time"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("jwt", {"role": "ci", "jwt": "j1"}, 200),
        ("gitlab/ci", {"role": "ci", "jwt": "j1"}, 200),
        ("jwt", {"role": "ci", "jwt": "jwt-bad"}, 400),
        ("jwt", {"role": "other", "jwt": "j1"}, 400),
        ("jwt", {"role": "ci"}, 400),
        ("approle", {"role_id": "ci", "secret_id": "s"}, 200),
        ("approle", {"role_id": "ci"}, 400),
    ],
)
def test_vault_logs_a_job_in_by_jwt_or_approle(ask: Any, read: Any, path: str, body: Any, status: int) -> None:
    state = dict(WORLD)

    response = ask(f"{VAULT}/auth/{path}/login", state, body=body)

    assert response.status == status
    if status == 200:
        token = {"x-vault-token": read(response)["auth"]["client_token"]}
        assert ask(f"{VAULT}/auth/token/lookup-self", state, headers=token).status == 200


@pytest.mark.parametrize("path", ["secret/data/team/slack", "sys/health"])
def test_a_sealed_vault_says_503(ask: Any, path: str) -> None:
    assert ask(f"{VAULT}/{path}", {"sealed": True}, headers=TOKEN).status == 503


def test_vault_tells_the_version_of_a_mount(ask: Any, read: Any) -> None:
    shown = read(ask(f"{VAULT}/sys/internal/ui/mounts/kv/one/team", dict(WORLD), headers=TOKEN))

    assert (shown["data"]["path"], shown["data"]["options"]) == ("kv/one/", {"version": "1"})


def test_vault_s_client_of_python_is_understood(ask: Any) -> None:
    hvac = pytest.importorskip("hvac")
    import requests
    from requests.adapters import BaseAdapter

    class Front(BaseAdapter):
        def send(self, request: Any, **_: object) -> requests.Response:
            headers = {name.lower(): text for name, text in request.headers.items()}
            body = request.body.encode() if isinstance(request.body, str) else request.body or b""
            answer = ask(request.url, state, method=request.method, body=body, headers=headers)
            response = requests.Response()
            response.status_code, response.url, response._content = answer.status, request.url, answer.body
            response.headers.update(answer.headers)
            return response

        def close(self) -> None:
            pass

    state = dict(WORLD)
    session = requests.Session()
    session.mount("https://", Front())
    client = hvac.Client(url="https://vault.acme.test", session=session)
    client.auth.jwt.jwt_login(role="ci", jwt="j1", path="jwt")
    second = client.secrets.kv.v2.read_secret_version(path="team/slack", raise_on_deleted_version=True)

    assert client.is_authenticated()
    assert second["data"]["data"] == {"url": "https://x"}
    assert client.secrets.kv.v1.read_secret(path="team", mount_point="kv/one")["data"] == {"key": "k"}
    with pytest.raises(hvac.exceptions.InvalidPath):
        client.secrets.kv.v2.read_secret_version(path="none", raise_on_deleted_version=True)
    client.token = "hvs.bad"
    assert not client.is_authenticated()
