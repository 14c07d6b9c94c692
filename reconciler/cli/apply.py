"""`reconciler apply`: carry out a plan, a saved one without asking."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.cli.consent import ask, auto_approve_option, require_someone
from reconciler.cli.reporting import report_option, reporting
from reconciler.cli.selection import selection
from reconciler.core.errors import ExitCode, Severity, UnsafePlan, UsageError

if TYPE_CHECKING:
    from reconciler.cli.reporting import Reports
    from reconciler.cli.session import Session
    from reconciler.core.plan import Plan
    from reconciler.core.report import Report
    from reconciler.engine.workspace import Workspace


@command(
    "apply",
    "Make GitLab what the manifests say",
    examples=[
        ("reconciler apply", "plan ./manifests, show it, ask, and do it"),
        ("reconciler apply plan.json", "do exactly what a saved plan says, without asking"),
    ],
)
@click.argument("plan_file", required=False, metavar="[PLAN]")
@selection
@auto_approve_option
@click.option("--require-secrets", is_flag=True, help="A secret that is not set here is an error.")
@click.option("--reassert-secrets", is_flag=True, help="Write every secret again.")
@click.option("--allow-deletes", type=click.IntRange(min=0), metavar="N", help="Let this run delete up to N resources.")
@report_option()
def cli(
    session: Session,
    plan_file: str | None,
    targets: tuple[str, ...],
    exclude: tuple[str, ...],
    auto_approve: bool,
    require_secrets: bool,
    reassert_secrets: bool,
    allow_deletes: int | None,
    reports: tuple[tuple[str, str], ...],
) -> int:
    """Make GitLab what the manifests say.

    Without PLAN a plan is made and shown, and you are asked. Whatever interrupts this command, running it again goes on
    where it stopped: nothing is lost, nothing is done twice.
    """
    with reporting(reports, session.environ) as wanted:
        if plan_file is not None:
            if targets or exclude or reassert_secrets or require_secrets:
                raise UsageError("a saved plan is carried out as it is", hint="give these options to `plan`")
            return _saved(session, plan_file, allow_deletes, wanted)
        from reconciler.engine.planning import PlanOptions

        planned = ", or make a plan with `reconciler plan --out plan.json` and apply that"
        require_someone(session, auto_approve=auto_approve, instead=planned)
        options = PlanOptions(
            targets=targets,
            exclude=exclude,
            require_secrets=require_secrets,
            reassert_secrets=reassert_secrets,
            writing=True,
        )
        with session.workspace() as workspace, workspace.lock("apply"):
            plan = session.engine.plan(workspace, options)
            preview(session, workspace, plan, allow_deletes)
            if not plan.is_empty:
                ask(session, "Do this?", auto_approve=auto_approve)
            outcome = carry_out(session, workspace, plan, saved=False, allow_deletes=allow_deletes)
        return finish(session, plan, outcome, wanted, resume="reconciler apply", previewed=True)


def preview(session: Session, workspace: Workspace, plan: Plan, allow_deletes: int | None) -> None:
    """Show a plan before it is carried out; raises `UnsafePlan` when a brake stops it."""
    from reconciler.cli.plan import show

    brakes = session.engine.objections(workspace, plan, allow_deletes)
    if session.output == "human":
        show(session, plan, brakes, following="")
    if any(problem.severity is Severity.ERROR for problem in brakes):
        hints = [problem.hint for problem in brakes if problem.hint]
        said = "; ".join(problem.summary for problem in brakes)
        raise UnsafePlan(f"the plan is refused: {said}", hint=hints[0] if hints else "")


def carry_out(session: Session, workspace: Workspace, plan: Plan, *, saved: bool, allow_deletes: int | None) -> Report:
    """Carry a plan out; signals ask it to stop."""
    from reconciler.cli.stopping import stop_on_signal
    from reconciler.engine.applying import ApplyOptions

    with stop_on_signal() as stop:
        options = ApplyOptions(saved=saved, allow_deletes=allow_deletes, stop=stop)
        outcome = session.engine.apply(workspace, plan, options)
        return replace(outcome, interrupted=stop.exit_code) if outcome.interrupted is not None else outcome


def finish(
    session: Session, plan: Plan, outcome: Report, wanted: Reports, *, resume: str, previewed: bool = False
) -> ExitCode:
    """Print what became of it, write the reports, and give the exit code; `previewed` as `preview` did."""
    from reconciler.output import machine, summary
    from reconciler.output.human import outcome as view

    wanted.write(lambda: summary.of_report(outcome, plan))
    said, seen = session.verbosity >= 0, previewed and session.output == "human"
    session.answer(
        lambda: view.report(outcome, resume=resume, said=said, previewed=seen), lambda: machine.report(outcome)
    )
    return outcome.exit_code


# ---------------------------------------------------------------------------------------------------------------------


def _saved(session: Session, path: str, allow_deletes: int | None, wanted: Reports) -> ExitCode:
    from reconciler.cli.saved import read

    plan = read(path)
    if session.environment and plan.environment != session.environment:
        raise UsageError(
            f"the plan is for environment `{plan.environment}`, not `{session.environment}`", hint="leave out --env"
        )
    with session.workspace(environment=plan.environment or None) as workspace:
        outcome = carry_out(session, workspace, plan, saved=True, allow_deletes=allow_deletes)
    return finish(session, plan, outcome, wanted, resume="reconciler apply")
