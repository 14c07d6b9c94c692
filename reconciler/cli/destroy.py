"""`reconciler destroy`: delete everything that is recorded; the list it shows is its own consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.apply import carry_out, finish, preview
from reconciler.cli.command import command
from reconciler.cli.consent import ask, auto_approve_option, require_someone
from reconciler.cli.reporting import report_option, reporting
from reconciler.cli.selection import selection
from reconciler.core.plan import StepAction
from reconciler.output.document import plural

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@command(
    "destroy",
    "Delete everything that is recorded, after showing it",
    examples=[
        ("reconciler destroy", "show the list, ask, and delete"),
        (
            "reconciler destroy -t 'myorg/old:*' --auto-approve",
            "delete what is recorded for one project, without asking",
        ),
    ],
)
@selection
@auto_approve_option
@report_option()
def cli(
    session: Session,
    targets: tuple[str, ...],
    exclude: tuple[str, ...],
    auto_approve: bool,
    reports: tuple[tuple[str, str], ...],
) -> int:
    """Delete everything that is recorded, after showing it.

    Only objects that reconciler created or adopted are deleted, and none whose lifecycle says `prevent_destroy`. To
    leave objects in GitLab and only stop keeping them, use `reconciler state forget`.
    """
    from reconciler.engine.planning import PlanOptions

    require_someone(session, auto_approve=auto_approve)
    with reporting(reports, session.environ) as wanted:
        with session.workspace() as workspace, workspace.lock("destroy"):
            options = PlanOptions(targets=targets, exclude=exclude, destroy=True, writing=True)
            plan = session.engine.plan(workspace, options)
            deletions = plan.count(StepAction.DELETE)
            preview(session, workspace, plan, deletions)
            if not plan.is_empty:
                ask(session, f"Delete {plural(deletions, 'resource')} from GitLab?", auto_approve=auto_approve)
            outcome = carry_out(session, workspace, plan, saved=False, allow_deletes=deletions)
        return finish(session, plan, outcome, wanted, resume="reconciler destroy", previewed=True)
