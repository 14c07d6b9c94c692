"""`reconciler run`: ask something of a declared entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.asking import ask, parameters_option, stated
from reconciler.cli.command import command
from reconciler.core.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@command(
    "run",
    "Ask something of an entry: notify, sync, build, push",
    examples=[
        ("reconciler run myorg/shop:integrations.chat notify -p text='Deployed v1.2.3'", "post a message"),
        (
            "reconciler run myorg/shop:integrations.builds build -p branch=main -p parameters.DEPLOY=yes",
            "and follow it",
        ),
        ("reconciler run myorg/shop:integrations.tracker", "list what may be asked, with the parameters"),
    ],
)
@click.argument("address")
@click.argument("action", required=False)
@parameters_option
def cli(session: Session, address: str, action: str | None, parameters: tuple[str, ...]) -> int:
    """Ask something of an entry: notify, sync, build, push.

    Without an action, what may be asked is listed. A build is followed to its end. Exits 1 when what was asked for
    failed.
    """
    if action is not None:
        return ask(session, address, action, stated(parameters))
    from reconciler.output import machine
    from reconciler.output.human import kinds as view

    with session.workspace() as workspace:
        actions = session.engine.actions_of(workspace, address)
    session.answer(
        lambda: view.actions(actions),
        lambda: machine.document("actions", address=address, actions=machine.actions(actions)),
    )
    return ExitCode.DONE
