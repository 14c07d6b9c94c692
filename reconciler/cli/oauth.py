"""`reconciler oauth`: new secrets for OAuth applications, revoking them, allowing them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.command import group
from reconciler.cli.consent import ask, auto_approve_option, require_someone

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.core.report import Report

_ADDRESS = "@instance:oauth_applications.portal"


@group(
    "oauth",
    "Rotate and revoke OAuth applications",
    examples=[
        (f"reconciler oauth rotate {_ADDRESS}", "a new client secret, delivered where the entry says"),
        (f"reconciler oauth revoke {_ADDRESS}", "delete it, and with it every token given through it"),
    ],
)
def cli() -> None:
    """Rotate and revoke OAuth applications."""


@cli.command(
    "rotate",
    short_help="Give an application a new secret",
    examples=[
        (f"reconciler oauth rotate {_ADDRESS}", "after asking: the old secret is void at once"),
        (f"reconciler oauth rotate {_ADDRESS} --auto-approve", "in a pipeline"),
    ],
)
@click.argument("address")
@auto_approve_option
def rotate(session: Session, address: str, auto_approve: bool) -> int:
    """Give an application a new secret, and deliver it where its `credentials` say."""
    require_someone(session, auto_approve=auto_approve)
    ask(session, f"Renew the secret of {address}? The old one is void at once.", auto_approve=auto_approve)
    with session.workspace() as workspace:
        report = session.engine.oauth_rotate(workspace, address)
    return _answered(session, report)


@cli.command(
    "revoke",
    short_help="Delete an application, and keep it away",
    examples=[
        (f"reconciler oauth revoke {_ADDRESS}", "after asking: all its tokens are void at once"),
        (f"reconciler oauth revoke {_ADDRESS} --auto-approve", "without asking"),
    ],
)
@click.argument("address")
@auto_approve_option
def revoke(session: Session, address: str, auto_approve: bool) -> int:
    """Delete an application, and keep it away: `apply` does not make it again until `oauth restore`."""
    require_someone(session, auto_approve=auto_approve)
    ask(session, f"Revoke {address}? Every token given through it is void at once.", auto_approve=auto_approve)
    with session.workspace() as workspace:
        report = session.engine.oauth_revoke(workspace, address)
    return _answered(session, report)


@cli.command(
    "restore",
    short_help="Let a revoked application be made again",
    examples=[
        (f"reconciler oauth restore {_ADDRESS}", "the next apply makes it, with a new id and secret"),
        (f"reconciler oauth restore {_ADDRESS} -o json", "the same, answered for a program"),
    ],
)
@click.argument("address")
def restore(session: Session, address: str) -> int:
    """Let a revoked application be made again, with a new client id and a new secret."""
    with session.workspace() as workspace:
        session.engine.oauth_restore(workspace, address)
    return session.done(f"{address} may be made again; `reconciler apply` does it")


# ---------------------------------------------------------------------------------------------------------------------


def _answered(session: Session, report: Report) -> int:
    from reconciler.output import machine
    from reconciler.output.human import outcome

    session.answer(lambda: outcome.report(report), lambda: machine.report(report))
    return report.exit_code
