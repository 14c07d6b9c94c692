"""Builds that have been started, followed to their end, with their states told to GitLab.

Pure: a flow, which yields requests and pauses; time is counted from the pauses and the answers. Whoever starts builds
hands in one `Running` for each; this module knows no service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.flow import Flow, Pause
from reconciler.core.resource import Field, FieldType, Subject
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.commits import CommitStatus

FINAL = frozenset({"success", "failed", "canceled"})
_TOLD = {"queued": "pending", "running": "running", "success": "success", "failed": "failed", "canceled": "canceled"}
_WORST = ("failed", "canceled", "unknown", "running", "queued", "success")

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 1.0, 15.0, 1.5
_BLIND_LOOKS = 15
"""Vain looks in a row until a build's state is unknown: some minutes, in which a server can be started anew."""
_UNFINISHED: Mapping[str, Plain] = {"finished": False, "success": False}
_DEFAULT_TIMEOUT = 3600

BRANCH = Field("branch", FieldType.STRING, "Branch that is built.", example="main")
COMMIT = Field("commit_sha", FieldType.STRING, "Commit that is built; its status at GitLab follows the build.")
PARAMETERS = Field("parameters", FieldType.MAP, "Further parameters of the build.", example={"DEPLOY": "yes"})
FOLLOWING = (
    Field(
        "wait",
        FieldType.STRING,
        "Whether to follow the build to its end, or to leave once it is queued.",
        choices=("finished", "queued"),
        default="finished",
    ),
    Field("timeout", FieldType.INTEGER, "Seconds that the build is followed.", default=_DEFAULT_TIMEOUT),
)
"""What every action that starts a build lets people say about following it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a build found.

    `state` is `queued`, `running`, `success`, `failed` or `canceled`; None where the look was in vain.
    """

    state: str | None
    url: str = ""
    number: str = ""
    detail: str = ""


@dataclass(slots=True)
class Running:
    """A build that has been started. `look` asks how it is; `name` is that of its job, plan or pipeline."""

    name: str
    look: Callable[[], Flow[Seen]]
    status: CommitStatus
    state: str = "queued"
    url: str = ""
    number: str = ""
    detail: str = ""
    blind: int = 0

    def take(self, seen: Seen) -> None:
        """Remember what was seen; after several vain looks in a row the build's state is unknown."""
        if seen.state is None:
            self.blind += 1
            if self.blind >= _BLIND_LOOKS:
                self.state, self.detail = "unknown", seen.detail
            return
        self.blind, self.state = 0, seen.state
        self.url, self.number = seen.url or self.url, seen.number or self.number
        self.detail = seen.detail

    @property
    def is_open(self) -> bool:
        """Whether there is something left to follow."""
        return self.state in ("queued", "running")

    def shown(self) -> Mapping[str, Plain]:
        """For results."""
        fields = {"name": self.name, "status": self.state, "number": self.number, "url": self.url}
        more = {"detail": self.detail, "commit_status": self.status.outcome}
        return {name: text for name, text in {**fields, **more}.items() if text}


def status_of(subject: Subject, parameters: Mapping[str, Value], name: str) -> CommitStatus:
    """The commit status of a build of this name (`jenkins/app`), silent where no commit was named."""
    return CommitStatus(subject, parameters.get("commit_sha"), name)


def follow(builds: Sequence[Running], parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Tell GitLab that the builds wait, look at them in turn until all have ended or time is up, and sum up.

    The result's `status` is the worst of the builds'; `finished` says whether none is left open. Where the end was to
    be waited for and is not known, it has `success` false: nobody may take that for a build that went well.
    """
    to_the_end = parameters.get("wait", "finished") == "finished"
    for build in builds:
        yield from _tell(build)
    if to_the_end:
        yield from _to_the_end(builds, float(parameters.get("timeout") or _DEFAULT_TIMEOUT))
    states = {build.state for build in builds}
    finished = states <= FINAL
    ended: Mapping[str, Plain] = {"finished": finished} if finished or not to_the_end else _UNFINISHED
    if len(builds) == 1:
        return {**builds[0].shown(), **ended}
    status = next(state for state in _WORST if state in states)
    return {"status": status, **ended, "builds": tuple(build.shown() for build in builds)}


# ---------------------------------------------------------------------------------------------------------------------


def _to_the_end(builds: Sequence[Running], timeout: float) -> Flow[None]:
    waited = 0.0
    for pause in _pauses():
        waiting = [build for build in builds if build.is_open]
        if not waiting or waited >= timeout:
            return
        pause = min(pause, timeout - waited)
        yield Pause(pause, _note(waiting))
        waited += pause
        for build in waiting:
            build.take((yield from build.look()))
            yield from _tell(build)


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)


def _note(waiting: Sequence[Running]) -> str:
    return ", ".join(f"{b.name}{f' #{b.number}' if b.number else ''} {b.state}" for b in waiting)


def _tell(build: Running) -> Flow[None]:
    if build.state in _TOLD:
        text = f"{build.name}: {build.detail or build.state}"
        yield from build.status.tell(_TOLD[build.state], build.url, text)
