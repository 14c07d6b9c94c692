"""`reconciler plan`: what apply would change, and why; the product's front page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.cli.reporting import report_option, reporting
from reconciler.cli.selection import selection
from reconciler.core.errors import ExitCode, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.cli.session import Session
    from reconciler.core.errors import Problem
    from reconciler.core.plan import Plan
    from reconciler.output.summary import Summary


@command(
    "plan",
    "Show what apply would change, and why",
    examples=[
        ("reconciler plan", "compare ./manifests, the record and GitLab"),
        (
            "reconciler plan --out plan.json --detailed-exitcode",
            "save it for `apply plan.json`; exit 2 when something would change",
        ),
    ],
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@selection
@click.option("--out", metavar="FILE", help="Save the plan for `reconciler apply FILE`.")
@click.option("--no-refresh", is_flag=True, help="Ask GitLab nothing; compare with the record only.")
@click.option("--destroy", is_flag=True, help="Plan to delete everything that is recorded.")
@click.option("--require-secrets", is_flag=True, help="A secret that is not set here is an error.")
@click.option("--reassert-secrets", is_flag=True, help="Write every secret again.")
@click.option("--allow-deletes", type=click.IntRange(min=0), metavar="N", help="Let this run delete up to N resources.")
@click.option("--note", is_flag=True, help="Show the plan on the merge request that this pipeline is for.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when something would change.")
@report_option()
def cli(
    session: Session,
    paths: tuple[str, ...],
    targets: tuple[str, ...],
    exclude: tuple[str, ...],
    out: str | None,
    no_refresh: bool,
    destroy: bool,
    require_secrets: bool,
    reassert_secrets: bool,
    allow_deletes: int | None,
    note: bool,
    detailed_exitcode: bool,
    reports: tuple[tuple[str, str], ...],
) -> int:
    """Show what apply would change, and why.

    Nothing is changed. Each field says what it is now, what it would become, and whether the manifest or somebody else
    moved it. No secret is shown or saved.
    """
    from reconciler.engine.planning import PlanOptions

    wanted_plan = PlanOptions(
        paths=paths,
        targets=targets,
        exclude=exclude,
        refresh=not no_refresh,
        destroy=destroy,
        require_secrets=require_secrets,
        reassert_secrets=reassert_secrets,
    )
    with reporting(reports, session.environ, out=out) as wanted, session.workspace() as workspace:
        plan = session.engine.plan(workspace, wanted_plan)
        brakes = session.engine.objections(workspace, plan, allow_deletes)
        wanted.write(lambda: _summary(plan, brakes))
        if out:
            from reconciler.cli import saved

            saved.write(plan, out)
        if note:
            from reconciler.cli.note import show_on_merge_request

            show_on_merge_request(session, workspace, plan, brakes)
    show(session, plan, brakes, following=f"reconciler apply {out or ''}".rstrip())
    return exit_code(plan, brakes, detailed=detailed_exitcode)


def show(session: Session, plan: Plan, brakes: Sequence[Problem], *, following: str) -> None:
    """Print a plan; as JSON it is exactly the file that `--out` writes."""
    from reconciler.output import machine, markdown
    from reconciler.output.human.plan import plan as human

    session.answer(
        lambda: human(plan, brakes=brakes, verbose=session.verbosity > 0, following=following if session.hints else ""),
        lambda: machine.plan(plan),
        lambda: markdown.plan(plan, brakes=brakes),
    )


def _summary(plan: Plan, brakes: Sequence[Problem]) -> Summary:
    from reconciler.output.summary import of_plan

    return of_plan(plan, brakes)


def exit_code(plan: Plan, brakes: Sequence[Problem], *, detailed: bool) -> ExitCode:
    """1 when something is unknown or would be refused, 2 for changes when asked for, else 0."""
    refused = any(problem.severity is Severity.ERROR for problem in (*plan.problems, *brakes))
    if plan.blocked or refused:
        return ExitCode.FAILED
    return ExitCode.PENDING if detailed and not plan.is_empty else ExitCode.DONE
