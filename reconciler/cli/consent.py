"""Asks before something is done, and refuses to go on where nobody can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.core.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.cli.session import Session


auto_approve_option = click.option("--auto-approve", is_flag=True, help="Do not ask.")
"""Adds `--auto-approve`."""


def require_someone(session: Session, *, auto_approve: bool, instead: str = "") -> None:
    """Raise a usage error where nobody can be asked and consent was not given; called before any work."""
    if not (auto_approve or session.interactive):
        raise UsageError("there is no terminal to ask on", hint=f"give --auto-approve{instead}")


def ask(session: Session, question: str, *, auto_approve: bool) -> None:
    """Ask for a typed `yes`; anything else raises `ReconcilerError`."""
    if auto_approve:
        return
    if session.question(f"{question} Only `yes` goes on: ").lower() != "yes":
        raise ReconcilerError("declined, nothing was changed")
