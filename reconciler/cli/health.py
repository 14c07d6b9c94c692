"""`reconciler health`: whether what is declared works, how that went over time, and what is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.command import group
from reconciler.cli.reporting import report_option, reporting
from reconciler.cli.selection import selection
from reconciler.core.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.core.health import HealthReport
    from reconciler.engine.workspace import Workspace


@group(
    "health",
    "Ask whether what is declared works",
    examples=[
        ("reconciler health check", "ask every integration, webhook and application, and our own token"),
        ("reconciler health history myorg/shop:integrations.chat", "how one of them fared"),
    ],
)
def cli() -> None:
    """Ask whether what is declared works."""


@cli.command(
    "check",
    short_help="Ask everything that is declared",
    examples=[
        ("reconciler health check", "no question has a visible effect"),
        ("reconciler health check --detailed-exitcode --report junit=health.xml", "in a scheduled pipeline"),
        ("reconciler health check -t 'myorg/*:webhooks.*' -o json", "some, for a program"),
    ],
)
@selection
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when something is unhealthy or degraded.")
@click.option("--no-alerts", is_flag=True, help="Tell no chat of changes.")
@click.option("--push", metavar="ADDRESS", help="Push the counts through this prometheus, datadog or newrelic entry.")
@report_option("terraform")
def check(
    session: Session,
    targets: tuple[str, ...],
    exclude: tuple[str, ...],
    detailed_exitcode: bool,
    no_alerts: bool,
    push: str | None,
    reports: tuple[tuple[str, str], ...],
) -> int:
    """Ask everything that is declared.

    The services themselves are asked, GitLab about its webhooks and applications, and about our own token. One
    credential is asked once. Results are kept; changes are told through the chat that the settings name.
    """
    from reconciler.engine.health import HealthOptions
    from reconciler.output import health as data
    from reconciler.output.human import health as view

    options = HealthOptions(targets=targets, exclude=exclude, alert=not no_alerts)
    with reporting(reports, session.environ) as wanted, session.workspace() as workspace:
        found = session.engine.check_health(workspace, options)
        wanted.write(lambda: data.summary(found))
        if push:
            _push(session, workspace, push, found)
    first = next(iter(found.broken), None)
    following = f"reconciler health history {first.address}" if first and session.hints else ""
    session.answer(
        lambda: view.report(found, verbose=session.verbosity > 0, following=following),
        lambda: data.data(found),
        lambda: _markdown(found),
    )
    return ExitCode.PENDING if detailed_exitcode and found.broken else ExitCode.DONE


@cli.command(
    "history",
    short_help="Show how one address fared",
    examples=[
        ("reconciler health history myorg/shop:integrations.chat", "figures, a plot, the last results"),
        ("reconciler health history @token --limit 500 -o json", "of our own token, for a program"),
    ],
)
@click.argument("address")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many results.")
def history(session: Session, address: str, limit: int) -> int:
    """Show how one address fared: percentiles, a plot, the newest results."""
    from reconciler.output import health as data
    from reconciler.output.human import health as view

    with session.workspace() as workspace:
        found = session.engine.health_history(workspace, address, limit)
    session.answer(lambda: view.history(found), lambda: data.history(found))
    return ExitCode.DONE


@cli.command(
    "unhealthy",
    short_help="List what was broken at the last check",
    examples=[
        ("reconciler health unhealthy", "from what is kept; nothing is asked"),
        ("reconciler health unhealthy --detailed-exitcode", "exit 2 when something is"),
    ],
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when something is unhealthy.")
def unhealthy(session: Session, detailed_exitcode: bool) -> int:
    """List what was broken at the last check."""
    from reconciler.output import health as data
    from reconciler.output.human import health as view

    with session.workspace() as workspace:
        found = session.engine.unhealthy(workspace)
    session.answer(lambda: view.unhealthy(found), lambda: data.unhealthy(found))
    return ExitCode.PENDING if detailed_exitcode and found else ExitCode.DONE


# ---------------------------------------------------------------------------------------------------------------------


def _push(session: Session, workspace: Workspace, address: str, found: HealthReport) -> None:
    """Push the counts by status through an entry whose kind takes metrics."""
    from reconciler.core.resource import Health

    figures = {f"reconciler_health_{status.value}": len(found.of(status)) for status in Health}
    session.engine.act(workspace, address, "push-metrics", {"metrics": figures})


def _markdown(found: HealthReport) -> str:
    from reconciler.output import health as data
    from reconciler.output.reports import as_markdown

    return as_markdown(data.summary(found), {})
