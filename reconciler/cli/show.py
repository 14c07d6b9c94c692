"""`reconciler show`: a saved plan, one recorded resource, or all of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.core.errors import ExitCode, ReconcilerError

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@command(
    "show",
    "Show a saved plan, or what is recorded",
    examples=[
        ("reconciler show plan.json -o markdown", "a saved plan as a note for a merge request"),
        ("reconciler show myorg/shop:integrations.chat", "what is recorded for one address"),
    ],
)
@click.argument("what", required=False, metavar="[PLAN|ADDRESS]")
def cli(session: Session, what: str | None) -> int:
    """Show a saved plan, or what is recorded.

    Without an argument everything that is recorded is listed. Nothing is asked of GitLab.
    """
    if what and (os.path.isfile(what) or what.endswith(".json")):
        from reconciler.cli import plan, saved

        plan.show(session, saved.read(what), (), following=f"reconciler apply {what}")
        return ExitCode.DONE
    return show_record(session, what) if what else show_records(session)


def show_records(session: Session) -> int:
    """List everything that is recorded."""
    from reconciler.output import machine
    from reconciler.output.human import record

    with session.workspace() as workspace:
        state = session.engine.show_state(workspace)
    session.answer(lambda: record.records(state), lambda: machine.state(state))
    return ExitCode.DONE


def show_record(session: Session, address: str) -> int:
    """Show what is recorded for one address; raises `ReconcilerError` when nothing is."""
    from reconciler.core.source import closest
    from reconciler.output import machine
    from reconciler.output.human import record

    with session.workspace() as workspace:
        state = session.engine.show_state(workspace)
    found = state.find(address)
    if found is None:
        known = [one.address for one in state.records.values()]
        hint = closest(address, known) or "`reconciler state list` lists what is recorded"
        raise ReconcilerError(f"{address}: nothing is recorded under this address", hint=hint)
    session.answer(lambda: record.record(found), lambda: machine.document("record", resource=machine.record(found)))
    return ExitCode.DONE
