"""`reconciler validate`: every problem of the manifests at once, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.cli.reporting import report_option, reporting
from reconciler.core.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@command(
    "validate",
    "Check manifests offline, all problems at once",
    examples=[
        ("reconciler validate", "check ./manifests"),
        (
            "reconciler validate team-a --report codequality=gl-codequality.json",
            "check a folder; show findings in merge requests",
        ),
    ],
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@report_option("terraform")
def cli(session: Session, paths: tuple[str, ...], strict: bool, reports: tuple[tuple[str, str], ...]) -> int:
    """Check manifests offline, all problems at once.

    Nothing is asked of GitLab and no reference is resolved. Each problem comes with its file, line and column, and with
    what to do about it.
    """
    from reconciler.output import machine, summary
    from reconciler.output.human import problems

    with reporting(reports, session.environ) as wanted, session.workspace() as workspace:
        outcome = session.engine.validate(workspace, paths)
        wanted.write(lambda: summary.of_validation(outcome))
    following = "reconciler plan" if session.hints else ""
    session.answer(lambda: problems.validation(outcome, following=following), lambda: machine.validation(outcome))
    failed = not outcome.ok or (strict and bool(outcome.problems))
    return ExitCode.FAILED if failed else ExitCode.DONE
