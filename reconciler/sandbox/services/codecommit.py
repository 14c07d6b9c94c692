"""A stand-in for AWS CodeCommit: the Git side that a mirror pushes to, and `GetRepository` of the API.

State: `repositories` {name: {region, default_branch, fault}}; `bad_credentials` lists `user:password` for Git and
access key ids for the API; `aws_fault` see `aws`.
"""

from __future__ import annotations

import re

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services import aws
from reconciler.sandbox.services.base import Call, Service, serve, table
from reconciler.sandbox.services.memory import State, digest, entry, mapping, uuid_of

_NAME = re.compile(r"[\w.-]{1,100}")
_HEAD = digest("head")[:40]
_SERVICES = ("git-receive-pack", "git-upload-pack")


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to CodeCommit."""
    return serve(SERVICE, request, state, now)


def _refs(call: Call) -> Response:
    account = call.account()
    if account == "":
        return Response.of_text(401, "", {"WWW-Authenticate": 'Basic realm="CodeCommit"'})
    if account is None or not call.basic():
        return Response.of_text(403, "")
    name, service = call.names["repository"], call.query.get("service", "")
    if _repository(call, name, _region(call.host)) is None:
        return Response.of_text(404, "repository not found")
    if service not in _SERVICES:
        return Response.of_text(400, "only the smart protocol is supported")
    lines = [
        f"# service={service}\n",
        None,
        f"{_HEAD} refs/heads/main\0report-status delete-refs side-band-64k\n",
        None,
    ]
    body = "".join("0000" if line is None else f"{len(line) + 4:04x}{line}" for line in lines)
    headers = {"Content-Type": f"application/x-{service}-advertisement", "Cache-Control": "no-cache"}
    return Response(200, headers, body.encode())


def _call_api(call: Call) -> Response:
    _, region = aws.signer(call)
    operation = call.header("x-amz-target").removeprefix("CodeCommit_20150413.")
    if operation != "GetRepository":
        return aws.fault("UnknownOperationException", "")
    name = mapping(call.json(aws.fault("SerializationException", ""))).get("repositoryName")
    if not isinstance(name, str) or not name:
        return aws.fault("RepositoryNameRequiredException", "Repository name is required")
    if not _NAME.fullmatch(name) or name.endswith(".git"):
        return aws.fault("InvalidRepositoryNameException", f"The repository name {name} is not valid.")
    repository = _repository(call, name, region)
    if repository is None:
        return aws.fault("RepositoryDoesNotExistException", f"{name} does not exist")
    if repository.get("fault"):
        return aws.fault(repository["fault"], "The repository's encryption key cannot be used")
    shown: State = {
        "accountId": "123456789012",
        "repositoryId": uuid_of("repository", name),
        "repositoryName": name,
        "lastModifiedDate": call.now,
        "creationDate": 1_700_000_000.0,
        "cloneUrlHttp": f"https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}",
        "cloneUrlSsh": f"ssh://git-codecommit.{region}.amazonaws.com/v1/repos/{name}",
        "Arn": f"arn:aws:codecommit:{region}:123456789012:{name}",
    }
    if repository["default_branch"]:
        shown["defaultBranch"] = repository["default_branch"]
    return aws.answer({"repositoryMetadata": shown})


SERVICE = Service(
    routes=table(("GET", "/v1/repos/{repository}/info/refs", _refs), ("POST", "/", _call_api)),
    throttled=aws.throttled,
)


# ---------------------------------------------------------------------------------------------------------------------


def _region(host: str) -> str | None:
    match = re.fullmatch(r"git-codecommit(?:-fips)?\.([\w-]+)\.amazonaws\.com", host)
    return match[1] if match else None


def _repository(call: Call, name: str, region: str | None) -> State | None:
    """A repository in the region that was asked; one that the state puts elsewhere is not there."""
    repository = entry(call.state, "repositories", name, region=region, default_branch="main")
    if repository is None or not _NAME.fullmatch(name) or name.endswith(".git"):
        return None
    return repository if region in (None, repository["region"]) else None
