"""The plan: the frozen value between deciding and doing.

A plan is ordered, complete and without secrets; every view reads the same one and apply carries out exactly that. How
a plan comes about is `decide`; how it is written down is `planformat`; whether it may be applied is `policy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.address import Scope
from reconciler.core.errors import Problem
from reconciler.core.quick import quick
from reconciler.core.resource import NOTHING, Lifecycle, Origin, Primitive
from reconciler.core.value import Plain

FORMAT_VERSION = 1
"""Of plan files and of `plan -o json`."""


class StepAction(StrEnum):
    """What a step does."""

    CREATE = "create"
    ADOPT = "adopt"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    MOVE = "move"
    RECORD = "record"
    """Only the record changes, without a request. Never among `Plan.steps`, see `Plan.bookkeeping`."""


MUTATING = frozenset({StepAction.CREATE, StepAction.UPDATE, StepAction.REPLACE, StepAction.DELETE})
"""Actions that always write to GitLab (an adoption writes only where something differs)."""


class Reason(StrEnum):
    """Why a step is there."""

    NEW = "newly declared"
    NOT_OURS_YET = "exists, not ours yet"
    REMOVED_OUTSIDE = "removed outside"
    DECLARED = "declared value changed"
    DRIFTED = "drifted"
    ROTATED = "secret changed"
    GIVEN_UP = "no longer stated, back to the default"
    FIXED = "cannot change in place"
    REASSERTED = "secrets written again on request"
    UNDECLARED = "no longer declared"
    UNMATCHED = "no longer matched by any target"
    GONE = "already gone"
    RENAMED = "the same object under another name"
    DESTROYED = "destroy was asked for"
    INHERITED = "inherited from what is deleted"
    UNDELIVERED = "credentials were not delivered"
    RECORDED = "only our record changes"
    REVOKED = "revoked, to stay away until restored"


class Mover(StrEnum):
    """Who moved a field away from the record."""

    AUTHOR = "author"
    OUTSIDE = "outside"
    BOTH = "both"


@quick
@dataclass(frozen=True, slots=True)
class Change:
    """One owned field that differs. For secret fields the three values are None and only `secret` speaks."""

    field: str
    recorded: Plain = None
    live: Plain = None
    desired: Plain = None
    mover: Mover = Mover.AUTHOR
    secret: bool = False
    reset: bool = False
    """The field is given up: `desired` is GitLab's default."""


@quick
@dataclass(frozen=True, slots=True)
class SecretUse:
    """What a step does with one secret field: its reference as text, and whether it is written.

    Each key of a map of secrets has one of its own, called `custom_headers.<key>` in `Step.secrets`.
    """

    reference: str
    write: bool


@quick
@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, complete in itself.

    - `fields`: the owned plain fields as they shall be recorded; `secrets` the secret ones, by digest name (`token`,
      `custom_headers.X-Team`).
    - `send`: names of the fields that are written (for a create: all of `fields`, `secrets` and `defaults`).
    - `defaults`: fields that nobody stated, sent with a create so that no leftover speaks.
    - `fingerprint`: of the live object; one that has moved makes a saved plan stale.
    - `needs`: addresses of steps that must be done before.
    - `ids_before`: for a create, the ids of the scope's objects that existed, so that a lost answer is found.
    """

    address: str
    action: StepAction
    reasons: tuple[Reason, ...]
    primitive: Primitive
    kind: str
    shape: str
    scope: Scope
    scope_id: int | None = None
    id: int | str | None = None
    identity: Mapping[str, str] = NOTHING
    fields: Mapping[str, Plain] = NOTHING
    secrets: Mapping[str, SecretUse] = NOTHING
    send: tuple[str, ...] = ()
    defaults: Mapping[str, Plain] = NOTHING
    changes: tuple[Change, ...] = ()
    local: Mapping[str, Plain] = NOTHING
    deliver: Mapping[str, Plain] = NOTHING
    fingerprint: str = ""
    ids_before: tuple[int | str, ...] = ()
    needs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    inherited: bool = False
    """The live integration uses its group's settings: it is made its own before it is deleted."""
    updated_at: str | None = None
    """GitLab's time of the object before the step: a later one proves that the write arrived."""
    previous: str = ""
    """For a move: the address that the record has now."""
    alias: str = ""
    lifecycle: Lifecycle = Lifecycle()
    origin: Origin = Origin.MANIFEST
    source: str = ""
    """Where the entry stands, as `file:line`. Records keep the `file` only: a moved line is no change."""

    @property
    def file(self) -> str:
        """The manifest in which the entry stands; empty for what no manifest declares."""
        name, colon, line = self.source.rpartition(":")
        return name if colon and line.isdigit() else self.source

    @property
    def writes(self) -> bool:
        """Whether this step sends a write to GitLab."""
        return self.action in MUTATING or (self.action is StepAction.ADOPT and bool(self.send))


@dataclass(frozen=True, slots=True)
class Blocked:
    """An address that cannot be decided, because its live side is unknown; says why."""

    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be done, and everything a person should know about it.

    - `bookkeeping`: records to be refreshed without a request (fields that are ours only, a digest now known). They
      are no changes: a plan that holds nothing else is empty.
    - `unchanged`: addresses for which nothing is to be done.
    - `drift`: per address the owned fields that somebody else moved, whether or not a step repairs them.
    - `gone`: addresses that are recorded and that somebody deleted; `touched`: those that somebody wrote to, where
      GitLab does not show what.
    - `unmanaged`: live objects that are not ours, asked for by `drift --unmanaged`, as (scope, what, name).
    - `unverified`: addresses with unreadable fields that were taken as equal without proof.
    - `uncompared`: secret fields whose reference is not set here, as (address, field, reference).
    - `matched` / `unmatched`: projects newly and no longer matched by targets.
    - `problems`: what should be known, and errors that stop applying; the brakes' own are `core.policy.objections`.
    - `forecast`: how many requests applying is expected to cost.
    """

    steps: tuple[Step, ...] = ()
    bookkeeping: tuple[Step, ...] = ()
    unchanged: tuple[str, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    drift: Mapping[str, tuple[Change, ...]] = NOTHING
    gone: tuple[str, ...] = ()
    unmanaged: tuple[tuple[str, str, str], ...] = ()
    unverified: tuple[str, ...] = ()
    uncompared: tuple[tuple[str, str, str], ...] = ()
    touched: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    lineage: str = ""
    serial: int = 0
    manifests: str = ""
    roots: tuple[str, ...] = ()
    """The manifest roots that were read: what a later run over less than these must not delete."""
    tool_version: str = ""
    gitlab_url: str = ""
    environment: str = ""
    destroy: bool = False
    partial: bool = False
    forecast: int = 0
    records: int = 0
    """How many records the state held: the brakes' whole."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.steps

    def count(self, *actions: StepAction) -> int:
        """How many steps have one of these actions."""
        return sum(step.action in actions for step in self.steps)
