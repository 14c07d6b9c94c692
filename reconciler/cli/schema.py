"""`reconciler schema`: the JSON Schema of manifests, for editors and for checks without us."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.core.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.cli.session import Session

NAMES = ("manifest", "settings", "plan", "state")


@command(
    "schema",
    "Write the JSON Schema of manifests for editors",
    examples=[
        ("reconciler schema --out schemas/manifest.schema.json", "write it where manifests' first lines point"),
        ("reconciler schema plan | jq .properties", "look at what a saved plan holds"),
    ],
)
@click.argument("name", type=click.Choice(NAMES), default="manifest", metavar="[manifest|settings|plan|state]")
@click.option("--out", metavar="FILE", help="Write it to a file instead of stdout.")
def cli(session: Session, name: str, out: str | None) -> int:
    """Write the JSON Schema of manifests for editors.

    It is of draft-07, which every editor reads. Begin a manifest with `# yaml-language-server: $schema=PATH` and the
    editor completes and checks it. Settings, saved plans and states have schemas too.
    """
    text = session.engine.schema(name)
    if out is None:
        session.write(text)
    else:
        session.save(out, text, "schema")
    return ExitCode.DONE
