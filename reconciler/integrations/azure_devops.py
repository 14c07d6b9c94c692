"""Azure DevOps: the repository pushed to Azure Repos; pipelines run on request.

Becomes a push mirror with a personal access token. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from reconciler.core.resource import Part
from reconciler.core.value import Value
from reconciler.integrations.base import PROJECT, join, kind, number, secret, text
from reconciler.integrations.flows.azure_devops import ACTIONS, probe
from reconciler.integrations.objects import MIRROR_OPTIONS, mirror
from reconciler.integrations.rules import Objection, Values, one_of, web_url

_USER = "gitlab"
"""Azure DevOps ignores the user name beside a token, but there must be one."""


def _piece(value: Value) -> Value:
    return quote(value.strip(), safe="") if isinstance(value, str) else value


def address(values: Values) -> Value:
    """The address of the repository, without credentials."""
    collection = values.get("collection_url")
    if isinstance(collection, str):
        collection = collection.strip().rstrip("/")
    base = collection or join("https://dev.azure.com/", _piece(values.get("organization")))
    repository = values.get("repository") or values.get("project")
    return join(base, "/", _piece(values.get("project")), "/_git/", _piece(repository))


def parts(values: Values) -> Iterator[Part]:
    """The push mirror."""
    yield mirror(values, address(values), _USER, values.get("pat"))


def _pipeline(values: Values) -> Iterator[Objection]:
    pipeline = values.get("pipeline_id")
    if isinstance(pipeline, int) and pipeline < 1:
        yield "pipeline_id", "is no pipeline's number", "take it from the pipeline's address (definitionId)"


KIND = kind(
    "azure-devops",
    None,
    text("organization", "Name of the organisation at dev.azure.com."),
    text(
        "collection_url", "Address of the collection, for Azure DevOps Server.", example="https://tfs.example.org/Main"
    ),
    text("project", "Name of the project.", required=True),
    text("repository", "Name of the repository; the project's name when not stated."),
    secret("pat", "Personal access token with Code (read and write).", required=True),
    number("pipeline_id", "Number of the pipeline that is run on request.", ours=True),
    *MIRROR_OPTIONS,
    parts=parts,
    rules=(one_of("organization", "collection_url"), web_url("collection_url"), _pipeline),
    manual=("In Azure DevOps: make the repository and a personal access token; no API makes tokens.",),
    scopes=PROJECT,
    credential=("organization", "collection_url", "pat"),
    probe=probe,
    actions=ACTIONS,
)
