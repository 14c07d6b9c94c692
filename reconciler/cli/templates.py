"""`reconciler templates`: declared ones and the built-in set, to set things up quickly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.command import group
from reconciler.core.errors import ExitCode, ReconcilerError
from reconciler.output.document import BLANK, line, plural, table

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.core.entry import Template


@group(
    "templates",
    "List the templates that entries can use",
    examples=[
        ("reconciler templates list --type slack", "templates for Slack"),
        ("reconciler templates show team-chat", "what it sets, and what an entry must still say"),
    ],
)
def cli() -> None:
    """List the templates that entries can use.

    Those of your manifests and the built-in ones.
    """


@cli.command(
    "list",
    short_help="List templates",
    examples=[
        ("reconciler templates list", "all of them"),
        ("reconciler templates list --type jira -o json", "those for one kind, for a program"),
    ],
)
@click.option("--type", "kind", metavar="KIND", help="Only templates for this kind.")
def list_(session: Session, kind: str | None) -> int:
    """List templates, declared and built-in."""
    from reconciler.output import machine

    with session.workspace() as workspace:
        every = session.engine.templates(workspace)
    found = [one for one in every.values() if kind in (None, one.kind)]
    rows = [(one.name, one.kind, str(one.place) if one.place else "built in", one.description) for one in found]
    session.answer(
        lambda: [table(("TEMPLATE", "KIND", "FROM", "WHAT"), rows), BLANK, line(plural(len(rows), "template"))],
        lambda: machine.document("templates", templates=[_data(one) for one in found]),
    )
    return ExitCode.DONE


@cli.command(
    "show",
    short_help="Show one template",
    examples=[
        ("reconciler templates show team-chat", "its defaults and required fields"),
        ("reconciler templates show team-chat -o json", "the same for a program"),
    ],
)
@click.argument("name")
def show(session: Session, name: str) -> int:
    """Show what a template sets, and what an entry must still say."""
    from reconciler.output import machine
    from reconciler.output.human import record

    with session.workspace() as workspace:
        every = session.engine.templates(workspace)
    found = every.get(name)
    if found is None:
        raise ReconcilerError(f"there is no template `{name}`", hint=f"there are {', '.join(sorted(every)) or 'none'}")
    data = _data(found)
    session.answer(lambda: record.nested(data), lambda: machine.document("template", **data))
    return ExitCode.DONE


# ---------------------------------------------------------------------------------------------------------------------


def _data(one: Template) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": one.kind,
        "description": one.description,
        "default_config": {name: _written(value) for name, value in one.default_config.items()},
        "required_fields": list(one.required_fields),
        "from": str(one.place) if one.place else "built in",
    }


def _written(value: Any) -> Any:
    """A value as it stands in the manifest: text with references as it was written."""
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items()}
    return getattr(value, "source", value)
