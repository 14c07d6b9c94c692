"""The error tree, problems and exit codes: the only place where errors are defined.

A `Problem` is something wrong with input, found together with its siblings and shown with them. Everything that is
raised across a package boundary is a `ReconcilerError`; exceptions of other libraries are chained, never leaked.
Message order is where, what is wrong, what to do: lower-case start, no full stop on a single sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from reconciler.core.quick import quick


class ExitCode(IntEnum):
    """What a process says when it ends."""

    DONE = 0
    FAILED = 1
    PENDING = 2
    PARTIAL = 3
    USAGE = 64
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


class Severity(StrEnum):
    """How bad a problem is: errors stop the command, warnings are said and passed."""

    ERROR = "error"
    WARNING = "warning"


@quick
@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file: 1-based line and column, and the line's text for showing it."""

    file: str
    line: int = 0
    column: int = 0
    text: str = ""

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input, and what to do about it.

    `summary` is constant text for this sort of problem (it doubles as the check's name in reports), the particulars are
    in `detail`, the way out in `hint`.
    """

    summary: str
    detail: str = ""
    hint: str = ""
    place: Place | None = None
    address: str | None = None
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = str(self.place) if self.place else (self.address or "")
        text = f"{where}: {self.summary}" if where else self.summary
        if self.detail:
            text += f": {self.detail}"
        return f"{text} (hint: {self.hint})" if self.hint else text


class ReconcilerError(Exception):
    """Anything foreseen that stops a command.

    `hint` says what to do; `exit_code` is what the process ends with.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ReconcilerError):
    """The command line asks for something that cannot be."""

    exit_code = ExitCode.USAGE


class InputError(ReconcilerError):
    """The manifests, settings, state or plan given are not acceptable; holds every problem found."""

    def __init__(self, problems: Sequence[Problem], *, hint: str = "") -> None:
        errors = [p for p in problems if p.severity is Severity.ERROR]
        super().__init__(f"{len(errors)} problem{'s' if len(errors) != 1 else ''} found", hint=hint)
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.problems,), {"hint": self.hint}

    def __str__(self) -> str:
        """Everything that is wrong, for programs: views show `problems`."""
        errors = (problem for problem in self.problems if problem.severity is Severity.ERROR)
        return "\n".join([self.message, *(f"- {problem}" for problem in errors)])


class UnsafePlan(ReconcilerError):
    """A brake or a staleness check refused the plan."""


class StateError(ReconcilerError):
    """The state cannot be read, written or trusted."""


class StateLocked(StateError):
    """Somebody else holds the state's lock; `lock_id` names it for `state unlock`."""

    def __init__(self, message: str, *, lock_id: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.lock_id = lock_id


class RemoteError(ReconcilerError):
    """A server refused or failed; says which call, what it answered, and whether repeating may help."""

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        url: str = "",
        status: int | None = None,
        request_id: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.method, self.url, self.status, self.request_id = method, url, status, request_id


class UnclearWrite(RemoteError):
    """A write was sent and its fate is unknown: only a look at the server can tell. Never repeated blindly."""


class SecretUnavailable(ReconcilerError):
    """A secret that an operation needs cannot be had in this process; names what would supply it."""


class AlreadyExists(ReconcilerError):
    """A second integration of a kind that a scope can hold only once."""


class Interrupted(ReconcilerError):
    """A signal asked us to stop; what was in flight has been finished and recorded."""

    exit_code = ExitCode.INTERRUPTED

    def __init__(self, message: str, *, exit_code: ExitCode = ExitCode.INTERRUPTED, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code
