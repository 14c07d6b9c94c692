"""What verbs answer: the outcome of validating and of applying, as values that views print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.errors import ExitCode, Problem, Severity
from reconciler.core.plan import Blocked
from reconciler.core.resource import NOTHING
from reconciler.core.value import Plain


@dataclass(frozen=True, slots=True)
class Validation:
    """What `validate` found. `kinds` counts the declared entries by kind, `notes` are manual steps."""

    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()
    entries: int = 0
    kinds: Mapping[str, int] = NOTHING
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong (warnings aside)."""
        return not any(p.severity is Severity.ERROR for p in self.problems)


class StepStatus(StrEnum):
    """What became of a step."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one step; `message` says why it failed or was skipped."""

    address: str
    action: str
    status: StepStatus
    message: str = ""
    hint: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an apply. `settled` are intents of an earlier run that were settled first."""

    outcomes: tuple[Outcome, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    settled: tuple[tuple[str, str], ...] = ()
    serial: int = 0
    seconds: float = 0.0
    requests: int = 0
    interrupted: ExitCode | None = None
    outputs: Mapping[str, Plain] = NOTHING
    """Facts that people want to see after an apply (client ids of OAuth applications); never secrets."""

    def of(self, status: StepStatus) -> tuple[Outcome, ...]:
        """The outcomes with one status."""
        return tuple(o for o in self.outcomes if o.status is status)

    @property
    def exit_code(self) -> ExitCode:
        """0 when all is done, 3 when some is (the state is consistent), 1 when nothing is, or the signal's."""
        if self.interrupted is not None:
            return self.interrupted
        undone = bool(self.of(StepStatus.FAILED) or self.of(StepStatus.SKIPPED))
        if not undone and not self.blocked:
            return ExitCode.DONE
        if undone and not self.of(StepStatus.DONE):
            return ExitCode.FAILED
        return ExitCode.PARTIAL
