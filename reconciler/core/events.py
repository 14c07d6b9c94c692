"""What the engine says while it works: frozen records that views print. None of them can hold a secret."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True)
class RefreshStarted(Event):
    """Reading GitLab begins; `total` lists are to be read."""

    total: int


@dataclass(frozen=True, slots=True)
class Refreshed(Event):
    """One list of one scope has been read."""

    scope: str
    primitive: str


@dataclass(frozen=True, slots=True)
class ApplyStarted(Event):
    """Carrying out begins; `total` steps."""

    total: int


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A step's intent is durable and its requests are about to be sent."""

    address: str
    action: str


@dataclass(frozen=True, slots=True)
class StepDone(Event):
    """A step is done and recorded."""

    address: str
    action: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class StepFailed(Event):
    """A step failed; independent ones go on."""

    address: str
    action: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class StepSkipped(Event):
    """A step was not tried, because something it needs failed, or because the run was interrupted."""

    address: str
    action: str
    because: str


@dataclass(frozen=True, slots=True)
class Settled(Event):
    """An intent that an earlier run left open has been settled by looking at GitLab."""

    address: str
    action: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Waiting(Event):
    """The server asked for patience, or a lock is held."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """Something slow goes on; `done` of `total` when known."""

    text: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something the person should know that stops nothing."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class RequestSent(Event):
    """One HTTP request was answered (or failed: status 0). `path` holds no secret."""

    method: str
    path: str
    status: int
    milliseconds: int
    attempt: int = 1
    request_id: str = ""


class Silent:
    """A listener that nobody hears."""

    def on_event(self, event: Event) -> None:
        """Nothing."""
