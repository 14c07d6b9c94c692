"""Asks one entry whether it works, and notes how long the answers took and what the question looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from reconciler.core.errors import ReconcilerError
from reconciler.core.flow import Failure, Flow, Pause, Remember, Request, Response
from reconciler.core.resource import Health, Verdict
from reconciler.core.value import Secret, Value
from reconciler.engine.subjects import Known
from reconciler.engine.workspace import Workspace

T = TypeVar("T")


class Watched(Mapping[str, Any]):
    """A mapping that notes which names were looked at."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        self.names |= set(self._values)
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True)
class Found:
    """A probe's verdict, the longest time that one answer took (None: none came), and the names it looked at."""

    verdict: Verdict
    took_ms: int | None = None
    values: frozenset[str] = frozenset()
    recorded: frozenset[str] = frozenset()
    gitlab: bool = False
    shared_with: str = ""

    def looked_at(self, other: Known) -> object:
        """What this probe would have seen of another entry, in a form that can be compared."""
        values, recorded = other.subject.values, other.subject.recorded
        return (
            tuple((name, comparable(values.get(name))) for name in sorted(self.values)),
            tuple((name, comparable(recorded.get(name))) for name in sorted(self.recorded)),
            (other.subject.scope.type, other.subject.scope.key) if self.gitlab else None,
            other.obstacle,
        )


@dataclass(slots=True)
class _Heard:
    """Of a conversation: the longest time that one answer took, and whether GitLab was asked."""

    slowest: int | None = None
    gitlab: bool = False

    def said(self, step: Request | Pause | Remember) -> None:
        if isinstance(step, Request) and isinstance(step.url, str) and step.url.startswith("/"):
            self.gitlab = True

    def took(self, answer: Response | Failure | None) -> None:
        if answer is not None:
            self.slowest = max(self.slowest or 0, answer.elapsed_ms)


def probe(ws: Workspace, known: Known) -> Found:
    """Ask; whatever goes wrong in asking is `unknown`, in words that hold no value."""
    if early := _without_asking(known):
        return Found(early)
    assert known.kind.probe is not None
    values, recorded, heard = Watched(known.subject.values), Watched(known.subject.recorded), _Heard()
    subject = replace(known.subject, values=values, recorded=recorded)
    try:
        verdict = ws.http.run(_heard(known.kind.probe(subject), heard))
    except ReconcilerError as error:
        verdict = Verdict(Health.UNKNOWN, error.message)
    except Exception as error:
        verdict = Verdict(Health.UNKNOWN, f"the question itself failed ({type(error).__name__})")
    return Found(
        verdict, heard.slowest, frozenset(values.names), frozenset(recorded.names - {"thresholds"}), heard.gitlab
    )


def shared(found: Found, address: str) -> Found:
    """What was found for one entry as the answer of another."""
    return replace(found, shared_with=address)


def credential_of(known: Known) -> object:
    """What tells the credentials of two entries apart; None for an entry that shares with nobody."""
    names = known.kind.credential
    if not names or known.obstacle:
        return None
    return (known.kind.name, tuple(comparable(known.subject.values.get(name)) for name in names))


def comparable(value: Value) -> object:
    """A value in a form that can be compared and hashed."""
    if isinstance(value, Mapping):
        return tuple(sorted((str(key), comparable(item)) for key, item in value.items()))
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(comparable(item) for item in value)
    if isinstance(value, Secret):
        return value
    return (type(value).__name__, value)


# ---------------------------------------------------------------------------------------------------------------------


def _without_asking(known: Known) -> Verdict | None:
    """What can be said without a question."""
    condition = known.home.condition if known.home else ""
    if condition == "revoked":
        return Verdict(Health.UNKNOWN, "it is revoked; `oauth restore` brings it back")
    if condition == "undelivered":
        return Verdict(Health.UNHEALTHY, "its credentials were not delivered; `apply` renews and delivers them")
    if known.obstacle:
        return Verdict(Health.UNKNOWN, known.obstacle)
    if known.kind.probe is None:
        return Verdict(Health.UNKNOWN, f"there is no question that {known.kind.title} would answer")
    needed = [spec.name for spec in known.kind.fields if spec.secret and spec.required]
    if secret := known.unknown_secret((*known.kind.credential, *needed)):
        return Verdict(Health.UNKNOWN, f"{secret.reference or 'its secret'} is not set here")
    return None


def _heard(flow: Flow[T], heard: _Heard) -> Flow[T]:
    """The same conversation, listened to."""
    try:
        step = next(flow)
        while True:
            heard.said(step)
            answer = yield step
            heard.took(answer)
            step = flow.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        flow.close()
