"""What `adopt` answers: the manifests, the records, what was left out, and the proof. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.adopt import LeftOut
from reconciler.core.adopted import Manifests
from reconciler.core.errors import Severity
from reconciler.core.plan import Plan
from reconciler.core.state import Record


@dataclass(frozen=True, slots=True)
class Adoption:
    """What `adopt` wrote, or would write; `plan` is the plan over exactly what was adopted, made afterwards.

    `ours` are objects that were recorded or declared before. `written` and `recorded` say whether manifests and state
    have been written. `beside` is the folder of the manifests where no other command reads it by itself.
    """

    manifests: Manifests
    records: tuple[Record, ...]
    ours: tuple[LeftOut, ...]
    left_out: tuple[LeftOut, ...]
    plan: Plan
    written: bool = False
    recorded: bool = False
    serial: int = 0
    beside: str = ""

    @property
    def proven(self) -> bool:
        """Whether the plan is empty, with nothing undecided."""
        errors = any(problem.severity is Severity.ERROR for problem in self.plan.problems)
        return self.plan.is_empty and not self.plan.blocked and not errors
