"""What each figure of a metrics report counts: name to help text, documented in docs/ci.md."""

from __future__ import annotations

METRICS = {
    "reconciler_problems": "Problems found in manifests, by severity.",
    "reconciler_entries": "Declared entries, of a report by kind.",
    "reconciler_pending": "Steps that a plan would carry out, by action.",
    "reconciler_unchanged": "Resources that are as declared.",
    "reconciler_recorded": "Resources in the state.",
    "reconciler_drifted": "Resources that somebody changed or removed outside.",
    "reconciler_blocked": "Resources that cannot be decided, because they cannot be read or written safely.",
    "reconciler_forecast_requests": "Requests that carrying out the plan is expected to take.",
    "reconciler_steps": "Steps of an apply, by how they ended.",
    "reconciler_requests": "Requests that were sent.",
    "reconciler_seconds": "Seconds that an apply took.",
    "reconciler_health": "Addresses at the last health check, by status.",
    "reconciler_up": "Whether an address works: 1 healthy or degraded, 0 unhealthy; left out where unknown.",
    "reconciler_response_seconds": "Seconds that an address took to answer its probe.",
    "reconciler_scopes": "Projects, groups and instances with something recorded.",
    "reconciler_state_serial": "Serial of the state, which each write raises by one.",
    "reconciler_open_steps": "Steps that an interrupted apply left open.",
    "reconciler_condition": "Recorded resources in a condition of their own, like revoked.",
}
