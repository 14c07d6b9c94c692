"""What is known of an estate at a glance: what is recorded, what an interrupted run left, health, drift. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.address import Address
from reconciler.core.digest import UNVERIFIED
from reconciler.core.health import HealthResult
from reconciler.core.plan import Plan
from reconciler.core.resource import Health
from reconciler.core.state import State


@dataclass(frozen=True, slots=True)
class Overview:
    """An estate at one moment (`at`, ISO 8601).

    `written_at` is when the newest state was written ("" where nobody keeps that); `open` are addresses whose step an
    interrupted run left unsettled. `health` are the newest results of what is recorded. `drift` is None where GitLab
    was not asked.
    """

    state: State
    at: str
    environment: str = ""
    gitlab_url: str = ""
    written_at: str = ""
    open: tuple[str, ...] = ()
    health: tuple[HealthResult, ...] = ()
    drift: Plan | None = None

    @property
    def kinds(self) -> Mapping[str, int]:
        """How many entries are recorded of each kind; the parts of an entry count with it."""
        entries = {Address.parse(key).entry: record.kind for key, record in self.state.records.items()}
        return dict(sorted(Counter(entries.values()).items()))

    @property
    def scopes(self) -> Mapping[str, int]:
        """How many resources are recorded at each scope."""
        return dict(sorted(Counter(record.scope.path for record in self.state.records.values()).items()))

    @property
    def conditions(self) -> Mapping[str, int]:
        """How many resources are in a condition of which people should know."""
        found = Counter(record.condition for record in self.state.records.values() if record.condition)
        found["unverified"] = sum(UNVERIFIED in record.digests.values() for record in self.state.records.values())
        return {name: count for name, count in sorted(found.items()) if count}

    @property
    def statuses(self) -> Mapping[Health, int]:
        """How many entries were in each state of health when they were checked last."""
        found = Counter(result.status for result in self.health)
        return {status: found[status] for status in Health if found[status]}

    def of(self, status: Health) -> tuple[HealthResult, ...]:
        """The results with one status."""
        return tuple(result for result in self.health if result.status is status)
