"""Health of what was created, and of what manifests declare at the manager's scope."""

from __future__ import annotations

from reconciler.core.address import Address, key_of
from reconciler.core.errors import UsageError
from reconciler.core.health import TOKEN, HealthResult
from reconciler.core.resource import Health
from reconciler.core.state import State
from reconciler.engine.books import read_state
from reconciler.engine.health import HealthOptions, check_health, health_history, unhealthy
from reconciler.engine.workspace import Workspace
from reconciler.integration_management import records
from reconciler.integration_management.configs import kind_name
from reconciler.integration_management.session import Session, Shown
from reconciler.integration_management.types import IntegrationType


class HealthMonitoring:
    """Whether things work. Checks have no visible effect; their results are kept for `reconciler health`, too."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def check_integration_health(
        self, integration_id: str, integration_type: IntegrationType | str | None = None
    ) -> Shown:
        """Check one thing now: `status` (healthy, degraded, unhealthy, unknown), `response_time_ms`, `last_check`."""
        with self._session.workspace() as ws:
            address = self._session.at_hand(ws, integration_id)
            report = check_health(ws, HealthOptions(targets=(address,)))
            result = report.results[0]
            if integration_type is not None and kind_name(integration_type) != result.kind:
                raise UsageError(f"`{integration_id}` is of the type `{result.kind}`, not `{integration_type}`")
            return _shown(result, read_state(ws))

    def check_all(self) -> list[Shown]:
        """Check everything at the manager's scope and for the instance."""
        with self._session.workspace() as ws:
            return [_shown(result, read_state(ws)) for result in self._checked(ws, self._addresses(ws))]

    def get_health_history(self, integration_id: str, limit: int = 50) -> list[Shown]:
        """The results that are kept of one thing, newest first."""
        with self._session.workspace() as ws:
            state = read_state(ws)
            address = integration_id if ":" in integration_id else records.find(state, integration_id).address
            return [_shown(result, state) for result in health_history(ws, address, limit).results]

    def get_unhealthy_integrations(self) -> list[str]:
        """The ids of what did not work when it was checked last; what was never checked is checked now."""
        with self._session.workspace() as ws:
            addresses = self._addresses(ws)
            self._checked(ws, [one for one in addresses if not health_history(ws, one, 1).results])
            state, meant = read_state(ws), {key_of(address) for address in addresses}
            broken = [result for result in unhealthy(ws) if key_of(result.address) in meant]
            return [_id(result.address, state) for result in broken]

    def _addresses(self, ws: Workspace) -> list[str]:
        """What is recorded at the manager's scope and for the instance."""
        scopes = {self._session.scope(ws).key, "@instance"}
        return [one.address for one in records.everything(read_state(ws)) if one.home.scope.key in scopes]

    def _checked(self, ws: Workspace, addresses: list[str]) -> tuple[HealthResult, ...]:
        if not addresses:
            return ()
        self._session.at_hand(ws, addresses[0])
        return check_health(ws, HealthOptions(targets=tuple(addresses))).results


# ---------------------------------------------------------------------------------------------------------------------


def _shown(result: HealthResult, state: State) -> Shown:
    return {
        "status": str(result.status.value if isinstance(result.status, Health) else result.status),
        "response_time_ms": result.response_time_ms,
        "last_check": result.last_check,
        "message": result.sentence,
        "integration_id": _id(result.address, state),
    }


def _id(address: str, state: State) -> str:
    """The id of an address; the address itself for what no program created."""
    if address == TOKEN:
        return TOKEN
    entry = key_of(Address.parse(address).entry)
    return next((one.id for one in records.everything(state) if key_of(one.address) == entry), address)
