"""AWS CodeCommit: the repository pushed to a CodeCommit repository.

Becomes a push mirror with the IAM user's Git credentials, which are no AWS keys. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.resource import Part
from reconciler.integrations.base import PROJECT, join, kind, secret, text
from reconciler.integrations.flows.aws_codecommit import ACTIONS, probe
from reconciler.integrations.objects import MIRROR_OPTIONS, mirror
from reconciler.integrations.rules import Values, matches


def address(values: Values) -> object:
    """The address of the repository, without credentials."""
    region = values.get("region")
    suffix = "amazonaws.com.cn" if str(region).startswith("cn-") else "amazonaws.com"
    return join("https://git-codecommit.", region, f".{suffix}/v1/repos/", values.get("repository"))


def parts(values: Values) -> Iterator[Part]:
    """The push mirror."""
    yield mirror(values, address(values), values.get("git_username"), values.get("git_password"))


KIND = kind(
    "aws-codecommit",
    None,
    text("region", "Region of the repository.", required=True, example="eu-central-1"),
    text("repository", "Name of the repository.", required=True),
    text("git_username", "User name of the IAM user's HTTPS Git credentials.", required=True),
    secret("git_password", "Password of these Git credentials.", required=True),
    *MIRROR_OPTIONS,
    parts=parts,
    rules=(
        matches("region", r"[a-z]{2}(-[a-z]+)+-\d", "is no region", "write one like eu-central-1"),
        matches(
            "repository",
            r"(?!.*\.git$)[\w.-]{1,100}",
            "is no repository name",
            "letters, digits and `._-`, without `.git`",
        ),
        matches(
            "git_username", r"(?!AKIA|ASIA).+", "is an access key id", "make HTTPS Git credentials for the IAM user"
        ),
    ),
    manual=("In AWS: an IAM user with GitPull and GitPush, and HTTPS Git credentials for it.",),
    scopes=PROJECT,
    credential=("region", "git_username", "git_password"),
    probe=probe,
    actions=ACTIONS,
)
