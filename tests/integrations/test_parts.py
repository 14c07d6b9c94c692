"""What entries become besides, or instead of, their integration."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.compile import compile_entries
from reconciler.core.resource import Resource
from reconciler.core.value import Text
from tests.integrations.declaring import CATALOGUE, declared


def become(kind: str, values: str, scope: str = "project: myorg/shop") -> dict[str, Resource]:
    """The resources of one entry, by the last part of their addresses."""
    declarations, problems = declared(f"{scope}\nintegrations:\n  it: {{type: {kind}, {values}}}\n")
    assert [str(p) for p in problems] == []
    compiled = compile_entries(declarations.entries, CATALOGUE)
    assert compiled.problems == ()
    return {r.address.partition("integrations.")[2]: r for r in compiled.resources}


def test_each_further_jenkins_job_is_a_webhook_with_the_same_events() -> None:
    found = become(
        "jenkins",
        "jenkins_url: https://j.example.org/, project_name: a, jobs: [folder/b], job_token: '${env:J}', "
        "trigger_on_tag_push: true",
    )

    hook = found["it/hook.folder-b"]
    assert hook.fields["url"] == "https://j.example.org/project/folder/b"
    assert set(hook.fields["events"]) == {"push", "tag_push"}
    assert isinstance(hook.fields["secret_token"], Text)
    assert hook.needs == ("myorg/shop:integrations.it",)
    assert not {"jobs", "job_token"} & set(found["it"].fields)


def test_a_jenkins_server_named_by_reference_stays_one_in_the_webhooks() -> None:
    found = become("jenkins", "jenkins_url: '${var:j}', project_name: a, jobs: ['${var:b}']")

    url = found["it/hook.var-b"].fields["url"]
    assert isinstance(url, Text)
    assert url.source == "${var:j}/project/${var:b}"


VARIABLES = (
    (
        "sentry",
        "dsn: '${env:D}', environment: production, release: v1",
        {"SENTRY_DSN": "variable", "SENTRY_ENVIRONMENT": "plain_variable", "SENTRY_RELEASE": "plain_variable"},
    ),
    (
        "prometheus",
        "pushgateway_url: https://p.example.org",
        {"PROMETHEUS_PUSHGATEWAY_URL": "plain_variable"},
    ),
    (
        "newrelic",
        "account_id: '1', license_key: '${env:L}'",
        {"NEW_RELIC_LICENSE_KEY": "variable", "NEW_RELIC_ACCOUNT_ID": "plain_variable"},
    ),
    (
        "sonarqube",
        "url: https://s.example.org, token: '${env:T}', project_key: shop",
        {"SONAR_TOKEN": "variable", "SONAR_HOST_URL": "plain_variable"},
    ),
    ("snyk", "token: '${env:T}', organization: acme", {"SNYK_TOKEN": "variable", "SNYK_CFG_ORG": "plain_variable"}),
    (
        "whitesource",
        "url: https://saas.mend.io, email: a@b.example, user_key: '${env:U}'",
        {"MEND_USER_KEY": "variable", "MEND_URL": "plain_variable", "MEND_EMAIL": "plain_variable"},
    ),
    (
        "whitesource",
        "scanner: unified-agent, url: https://saas.whitesourcesoftware.com/agent, api_key: '${env:A}', "
        "user_key: '${env:U}'",
        {"WS_APIKEY": "variable", "WS_USERKEY": "variable", "WS_WSS_URL": "plain_variable"},
    ),
)


@pytest.mark.parametrize(("kind", "values", "wanted"), VARIABLES, ids=[f"{k}-{len(w)}" for k, _, w in VARIABLES])
def test_a_service_without_an_integration_becomes_variables(kind: str, values: str, wanted: dict[str, str]) -> None:
    found = become(kind, values)

    assert {a.partition("/variable.")[2]: r.shape for a, r in found.items()} == wanted
    for resource in found.values():
        assert resource.fields["masked"] is (resource.shape == "variable")
        assert resource.fields["raw"] is True
        assert resource.identity["environment_scope"] == "*"


def test_variables_of_an_environment_named_by_reference_have_no_name_yet() -> None:
    found = become("snyk", "token: '${env:T}', environment_scope: '${var:e}', protected: true")

    variable = found["it/variable.SNYK_TOKEN"]
    assert dict(variable.identity) == {"key": "SNYK_TOKEN"}
    assert variable.fields["protected"] is True


def test_error_tracking_is_left_alone_unless_it_is_stated() -> None:
    assert "it/error_tracking.switch" not in become("sentry", "dsn: '${env:D}'")
    found = become("sentry", "dsn: '${env:D}', error_tracking: false")
    assert found["it/error_tracking.switch"].fields == {"active": False}


MIRRORS = (
    (
        "aws-codecommit",
        "region: cn-north-1, repository: shop, git_username: u, git_password: '${env:P}'",
        "https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/shop",
    ),
    (
        "azure-devops",
        "organization: acme, project: Web Shop, pat: '${env:P}'",
        "https://dev.azure.com/acme/Web%20Shop/_git/Web%20Shop",
    ),
    (
        "azure-devops",
        "collection_url: https://tfs.example.org/Main/, project: Web, repository: shop, pat: '${env:P}'",
        "https://tfs.example.org/Main/Web/_git/shop",
    ),
)


@pytest.mark.parametrize(("kind", "values", "url"), MIRRORS)
def test_a_mirrors_address_has_no_credentials(kind: str, values: str, url: str) -> None:
    mirror = become(kind, values)["it/mirror.push"]

    assert mirror.fields["url"] == url
    assert dict(mirror.identity) == {"url": url}
    assert isinstance(mirror.fields["password"], Text)


@pytest.mark.parametrize(
    ("place", "address"),
    [
        (
            "",
            "https://cloudbuild.googleapis.com/v1/projects/acme-project/triggers/shop:webhook?key={key}&secret={secret}",
        ),
        (
            ", location: europe-west1",
            "https://cloudbuild.googleapis.com/v1/projects/acme-project/locations/europe-west1/triggers/shop:webhook"
            "?key={key}&secret={secret}&trigger=shop&projectId=acme-project",
        ),
    ],
)
def test_cloud_build_gets_its_credentials_as_url_variables(place: str, address: str) -> None:
    values = f"project: acme-project, trigger: shop, api_key: '${{env:K}}', webhook_secret: '${{env:S}}'{place}"

    hook = become("google-cloud-build", values)["it/hook.trigger"]

    fields: dict[str, Any] = dict(hook.fields)
    assert fields["url"] == address
    assert set(fields["url_variables"]) == {"key", "secret"}
    assert fields["events"] == ("push",)
