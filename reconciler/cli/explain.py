"""`reconciler explain`: where every value of a declared entry comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.core.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@command(
    "explain",
    "Say where every value of a declared entry comes from",
    examples=[
        ("reconciler explain myorg/shop:integrations.chat", "its file and line, template, references and record"),
        ("reconciler explain myorg/shop:webhooks.deploy -o json", "the same for a program"),
    ],
)
@click.argument("address")
def cli(session: Session, address: str) -> int:
    """Say where every value of a declared entry comes from.

    The manifest's file and line, the template's part, unresolved references, and what is recorded.
    """
    from reconciler.output import machine
    from reconciler.output.human import record

    with session.workspace() as workspace:
        facts = session.engine.explain(workspace, address)
    session.answer(
        lambda: record.explanation(address, facts), lambda: machine.document("explanation", address=address, **facts)
    )
    return ExitCode.DONE
