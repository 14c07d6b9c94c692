"""`reconciler kinds`: what can be declared, with every field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.command import group
from reconciler.core.errors import ExitCode, ReconcilerError

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@group(
    "kinds",
    "List what can be declared, with every field",
    examples=[
        ("reconciler kinds list", "every kind of integration"),
        ("reconciler kinds show slack", "its fields, events and actions, and an example to copy"),
    ],
)
def cli() -> None:
    """List what can be declared, with every field."""


@cli.command(
    "list",
    short_help="List every kind",
    examples=[
        ("reconciler kinds list", "by category"),
        ("reconciler kinds list --category communication -o json", "one category, with every field, for a program"),
    ],
)
@click.option("--category", metavar="NAME", help="Only kinds of this category.")
def list_(session: Session, category: str | None) -> int:
    """List every kind."""
    from reconciler.output import machine
    from reconciler.output.human import kinds as view

    found = [k for k in session.engine.catalogue().kinds.values() if category in (None, k.category)]
    if not found:
        known = sorted({kind.category for kind in session.engine.catalogue().kinds.values()})
        raise ReconcilerError(f"there is no category `{category}`", hint=f"there are {', '.join(known)}")
    session.answer(
        lambda: view.kinds(found), lambda: machine.document("kinds", kinds=[machine.kind(one) for one in found])
    )
    return ExitCode.DONE


@cli.command(
    "show",
    short_help="Show one kind with every field",
    examples=[
        ("reconciler kinds show jira", "fields, events, actions and an example"),
        ("reconciler kinds show webhook -o json", "the same for a program"),
    ],
)
@click.argument("kind")
def show(session: Session, kind: str) -> int:
    """Show one kind with its fields, events and actions, and an example to copy."""
    from reconciler.core.source import closest
    from reconciler.output import machine
    from reconciler.output.human import kinds as view

    every = session.engine.catalogue().kinds
    found = every.get(kind)
    if found is None:
        hint = closest(kind, every) or "see `reconciler kinds list`"
        raise ReconcilerError(f"there is no kind `{kind}`", hint=hint)
    session.answer(lambda: view.kind(found), lambda: machine.document("kind", **machine.kind(found)))
    return ExitCode.DONE
