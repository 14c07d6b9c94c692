"""`reconciler drift`: what somebody changed behind the manifests' back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.cli.reporting import report_option, reporting
from reconciler.cli.selection import selection
from reconciler.core.errors import ExitCode, Severity

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@command(
    "drift",
    "Show what somebody changed behind the manifests' back",
    examples=[
        ("reconciler drift", "compare what we left with what GitLab has now"),
        ("reconciler drift --unmanaged --detailed-exitcode", "list what is not ours too; exit 2 when something moved"),
    ],
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@selection
@click.option("--unmanaged", is_flag=True, help="Also list live objects that are not ours.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when something moved.")
@report_option("terraform")
def cli(
    session: Session,
    paths: tuple[str, ...],
    targets: tuple[str, ...],
    exclude: tuple[str, ...],
    unmanaged: bool,
    detailed_exitcode: bool,
    reports: tuple[tuple[str, str], ...],
) -> int:
    """Show what somebody changed behind the manifests' back.

    Compares what we last applied with what GitLab has now, field by field; changes of the manifests are not drift. What
    a plan would do about it is `reconciler plan`'s answer.
    """
    from reconciler.engine.drifting import DriftOptions
    from reconciler.output import summary
    from reconciler.output.human import drift as view

    options = DriftOptions(paths=paths, targets=targets, exclude=exclude, unmanaged=unmanaged)
    with reporting(reports, session.environ) as wanted, session.workspace() as workspace:
        found = session.engine.drift(workspace, options)
        wanted.write(lambda: summary.of_drift(found))
    following = "reconciler plan" if session.hints else ""
    session.answer(
        lambda: view.drift(found, verbose=session.verbosity > 0, following=following),
        lambda: summary.drift_data(found),
    )
    if found.blocked or any(problem.severity is Severity.ERROR for problem in found.problems):
        return ExitCode.FAILED
    return ExitCode.PENDING if detailed_exitcode and view.has_findings(found) else ExitCode.DONE
