"""Looks at an estate at a glance, from what is kept; GitLab is asked only about drift, on request. Writes nothing."""

from __future__ import annotations

from reconciler.core.address import Address, key_of
from reconciler.core.errors import ReconcilerError
from reconciler.core.health import TOKEN
from reconciler.core.overview import Overview
from reconciler.engine.books import open_books
from reconciler.engine.drifting import DriftOptions, drift
from reconciler.engine.health import last_results
from reconciler.engine.workspace import Workspace


def overview(ws: Workspace, *, ask: bool = False) -> Overview:
    """An estate as the state, the journal and the kept health tell it; `ask` compares with GitLab as `drift` does."""
    books = open_books(ws)
    recorded = {key_of(Address.parse(record.address).entry) for record in books.state.records.values()}
    health = last_results(ws)
    return Overview(
        books.state,
        ws.timestamp(),
        ws.environment,
        ws.gitlab_url,
        _written_at(ws, books.state.serial),
        tuple(intent.step.address for intent in books.open),
        tuple(health[key] for key in sorted(health) if key in recorded or key == TOKEN),
        drift(ws, DriftOptions()) if ask else None,
    )


# ---------------------------------------------------------------------------------------------------------------------


def _written_at(ws: Workspace, serial: int) -> str:
    try:
        return next((version.at for version in ws.backend.versions() if version.serial == serial), "")
    except ReconcilerError:
        return ""
