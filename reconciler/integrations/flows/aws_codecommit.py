"""AWS CodeCommit: whether the Git credentials may push, how GitLab's mirror is, and pushing now.

Pure flows. What Git asks before a push changes nothing and needs the same rights; the API needs other credentials,
which an entry does not have. Source: https://docs.aws.amazon.com/codecommit/
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.flow import Basic, Flow, Response
from reconciler.core.resource import Action, Health, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows import mirrors
from reconciler.integrations.flows.asking import ask, look
from reconciler.integrations.flows.values import need, need_secret, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    GONE,
    MISLEADING,
    THROTTLED,
    Sign,
    healthy,
    trouble,
    unhealthy,
)

_NAME = "CodeCommit"
_ADVERTISED = "application/x-git-receive-pack-advertisement"
_REFUSED = "CodeCommit does not accept the Git credentials for a push (they are no AWS keys)"
_SIGNS = (
    Sign((400, 429), ("throttling", "rate exceeded"), Health.UNKNOWN, f"{_NAME} refuses for now", THROTTLED),
    Sign((401, 403), (), Health.UNHEALTHY, _REFUSED, CREDENTIAL),
    Sign((404,), (), Health.UNHEALTHY, "CodeCommit has no such repository in this region", GONE),
)


def address_of(subject: Subject) -> str:
    """The repository's address, without credentials."""
    region = need(subject.values, "region")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://git-codecommit.{region}.{suffix}/v1/repos/{need(subject.values, 'repository')}"


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether a push would be let in, and how GitLab's last one went."""
    address = address_of(subject)
    auth = Basic(text_of(subject.values, "git_username"), need_secret(subject.values, "git_password"))
    answer = yield from ask(look("GET", f"{address}/info/refs", query={"service": "git-receive-pack"}, auth=auth))
    if wrong := trouble(_NAME, answer, _SIGNS):
        return wrong
    assert isinstance(answer, Response)
    if _ADVERTISED not in answer.headers.get("content-type", ""):
        return unhealthy("something answers that is no Git server", MISLEADING)
    verdict = yield from mirrors.trouble_of(subject, address, _NAME)
    return verdict or healthy("CodeCommit accepts the Git credentials, and GitLab's mirror is well")


def sync(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Push now."""
    return (yield from mirrors.sync(subject, address_of(subject), _NAME, parameters))


ACTIONS = (Action("sync", "Push to CodeCommit now", sync, mirrors.SYNCING),)
