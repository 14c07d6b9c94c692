"""Entries of the build, monitoring, quality and cloud kinds, and stages on which their services play."""

from __future__ import annotations

from typing import Any

from reconciler.core.resource import Subject
from reconciler.core.value import Secret
from reconciler.integrations.catalogue import load
from tests.integrations.flows.running import Stage, subject

TOKEN, OTHER, KEY = "hushhushhush", "quietquietquiet", "PROJ-PLAN"
LICENCE, USER_KEY = "0123456789abcdef0123456789abcdefFFFFNRAL", "NRAK-SECRETSECRET"


def _secret(text: str, name: str = "TOKEN") -> Secret:
    return Secret(text, f"${{env:{name}}}")


SUBJECTS: dict[str, Subject] = {
    "jenkins": subject(
        "jenkins",
        jenkins_url="https://ci.acme.test/jenkins/",
        project_name="folder/app",
        username="gitlab",
        api_token=_secret(TOKEN),
        jobs=("smoke",),
    ),
    "bamboo": subject(
        "bamboo",
        bamboo_url="https://bamboo.acme.test/",
        build_key=_secret(KEY, "PLAN"),
        username="gitlab",
        password=_secret(TOKEN),
    ),
    "teamcity": subject(
        "teamcity",
        teamcity_url="https://tc.acme.test/",
        build_type="Shop_Build",
        username="gitlab",
        password=_secret(TOKEN),
    ),
    "datadog": subject(
        "datadog",
        api_key=_secret(TOKEN),
        app_key=_secret(OTHER, "APP_KEY"),
        site="datadoghq.eu",
        env="production",
        service="shop",
        tags="team:shop\nstage:eu",
    ),
    "sentry": subject(
        "sentry",
        dsn=_secret("https://publickey1@o1.ingest.sentry.io/7", "DSN"),
        auth_token=_secret(TOKEN),
        organization="acme",
        project="shop",
        environment="production",
        release="v1.2.3",
    ),
    "newrelic": subject(
        "newrelic",
        license_key=_secret(LICENCE, "LICENCE"),
        api_key=_secret(USER_KEY, "USER_KEY"),
        account_id="42",
        region="US",
        entity_guid="MXxBUE18QVBQTElDQVRJT058MQ",
    ),
    "prometheus": subject(
        "prometheus",
        pushgateway_url="https://push.acme.test/",
        job="shop",
        grouping={"instance": "eu/1"},
        username="gitlab",
        password=_secret(TOKEN),
        prometheus_url="https://prom.acme.test",
    ),
    "sonarqube": subject("sonarqube", url="https://sonar.acme.test/", token=_secret(TOKEN), project_key="acme_shop"),
    "snyk": subject("snyk", token=_secret(TOKEN), organization="4a18d42f-0706-4ad0-b127-24078731fbed"),
    "whitesource": subject(
        "whitesource", url="https://saas.mend.io", email="bot@acme.example", user_key=_secret(TOKEN)
    ),
    "aws-codecommit": subject(
        "aws-codecommit",
        region="eu-central-1",
        repository="shop",
        git_username="gitlab-at-1",
        git_password=_secret(TOKEN),
    ),
    "azure-devops": subject(
        "azure-devops", organization="acme", project="Web Shop", pat=_secret(TOKEN), pipeline_id=12
    ),
    "google-cloud-build": subject(
        "google-cloud-build",
        project="acme-project",
        location="europe-west1",
        trigger="shop-deploy",
        access_token=_secret(TOKEN),
        api_key=_secret(OTHER, "API_KEY"),
        webhook_secret=_secret("hooksecrethooksecret", "HOOK"),
    ),
}
KINDS = load(SUBJECTS).kinds
SERVICES = {
    "prometheus": "pushgateway",
    "whitesource": "mend",
    "aws-codecommit": "codecommit",
    "azure-devops": "azure_devops",
    "google-cloud-build": "cloud_build",
}
"""Stand-ins that are called otherwise than their kinds."""
HOSTS = {
    "ci.acme.test": "jenkins",
    "bamboo.acme.test": "bamboo",
    "tc.acme.test": "teamcity",
    "push.acme.test": "pushgateway",
    "prom.acme.test": "prometheus",
    "sonar.acme.test": "sonarqube",
}
STATES: dict[str, dict[str, Any]] = {
    "sentry": {"projects": {"acme/shop": {"id": "7", "keys": [{"public": "publickey1", "isActive": True}]}}}
}
MIRRORS = {
    "aws-codecommit": "https://gitlab-at-1:x@git-codecommit.eu-central-1.amazonaws.com/v1/repos/shop",
    "azure-devops": "https://gitlab:x@dev.azure.com/acme/Web%20Shop/_git/Web%20Shop",
}


def stage_of(kind: str, **state: Any) -> Stage:
    """A stage with the kind's service in this state, and with the kind's mirror where it has one."""
    service = SERVICES.get(kind, kind)
    stage = Stage(hosts=HOSTS, states={service: {**STATES.get(kind, {}), **state}})
    if kind in MIRRORS:
        stage.gitlab_has("POST", "/api/v4/projects/acme%2Fshop/remote_mirrors", url=MIRRORS[kind], enabled=True)
    return stage


def state_of(stage: Stage, kind: str) -> dict[str, Any]:
    """The service's part of the world."""
    return stage.states[SERVICES.get(kind, kind)]


def act(kind: str, stage: Stage, action: str, /, **parameters: Any) -> Any:
    """Ask for an action of the kind's entry."""
    return stage.run(KINDS[kind].actions[action].run(SUBJECTS[kind], parameters))
