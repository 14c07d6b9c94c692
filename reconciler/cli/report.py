"""`reconciler report`: the estate at a glance, for people and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.core.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.cli.session import Session

FORMS = ("html", "markdown", "json", "metrics")


@command(
    "report",
    "Show the estate at a glance: counts, health, drift",
    examples=[
        ("reconciler report html --drift --out public/index.html", "a page for everybody, GitLab asked about drift"),
        ("reconciler report metrics", "figures for Prometheus, from what is kept"),
    ],
)
@click.argument("form", type=click.Choice(FORMS), metavar="html|markdown|json|metrics")
@click.option("--out", metavar="FILE", help="Write it to a file instead of stdout.")
@click.option("--drift", is_flag=True, help="Ask GitLab what somebody changed outside.")
def cli(session: Session, form: str, out: str | None, drift: bool) -> int:
    """Show the estate at a glance: counts, health, drift.

    Made from the state, its journal and the last results of `health check`; nothing is asked of anybody but with
    --drift. No secret is in it.
    """
    from reconciler.output import machine
    from reconciler.output.overview import of_overview
    from reconciler.output.reports import WRITERS

    with session.workspace() as workspace:
        found = session.engine.overview(workspace, drift)
    text = WRITERS[form](of_overview(found), {})
    if out is not None:
        session.save(out, text, "report")
    elif form == "json":
        session.write(text)
    else:
        session.answer_text(text, lambda: machine.document("report_text", form=form, text=text))
    return ExitCode.DONE
