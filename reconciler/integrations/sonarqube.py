"""SonarQube (Server and Cloud): CI/CD variables for scans; the quality gate read on request.

GitLab has no SonarQube integration, so an entry becomes variables only. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.resource import Part
from reconciler.integrations.base import kind, secret, text
from reconciler.integrations.flows.sonarqube import ACTIONS, probe
from reconciler.integrations.objects import VARIABLE_OPTIONS, variables
from reconciler.integrations.rules import Values, maskable, matches, web_url


def parts(values: Values) -> Iterator[Part]:
    """The variables."""
    return variables(
        values,
        plain={"SONAR_HOST_URL": "url", "SONAR_REGION": "region", "SONAR_ORGANIZATION": "organization"},
        masked={"SONAR_TOKEN": "token"},
    )


KIND = kind(
    "sonarqube",
    None,
    text("url", "Address of the server.", required=True, example="https://sonarqube.example.org"),
    secret("token", "Analysis token (`sqa_…`, `sqp_…`), or a user's (`squ_…`) for reading the gate.", required=True),
    text("project_key", "Key of the project, for reading its quality gate.", ours=True),
    text("organization", "Organisation, for SonarQube Cloud."),
    text("region", "Region, for SonarQube Cloud.", choices=("us",)),
    *VARIABLE_OPTIONS,
    parts=parts,
    rules=(
        web_url("url"),
        matches(
            "project_key",
            r"[\w.:-]*[A-Za-z_.:-][\w.:-]*",
            "is no project key",
            "letters, digits and `-_.:`, not all digits",
        ),
        maskable("token"),
    ),
    manual=("In SonarQube: bind the project to GitLab for merge-request decoration (Developer Edition or higher).",),
    credential=("url", "token"),
    probe=probe,
    actions=ACTIONS,
)
