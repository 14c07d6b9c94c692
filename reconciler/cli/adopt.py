"""`reconciler adopt`: what exists, as manifests and state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.core.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@command(
    "adopt",
    "Turn what exists in GitLab into manifests and state",
    examples=[
        ("reconciler adopt myorg/shop", "one project: ./manifests/myorg/shop.yaml and the record of it"),
        ("reconciler adopt myorg --recursive --dry-run", "show what a group and everything below it would become"),
    ],
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind or section, repeatable.")
@click.option("--out", metavar="DIR", default="", help="Folder for the manifests (the first of --manifests).")
@click.option("--group", "groups", is_flag=True, help="The paths are groups.")
@click.option("-r", "--recursive", is_flag=True, help="Also every group and project below a group.")
@click.option("--all-fields", is_flag=True, help="State fields at GitLab's default, too.")
@click.option("--inherited", is_flag=True, help="Also integrations that use settings from above, as such.")
@click.option("--skip-unreadable", is_flag=True, help="Go on without what cannot be read, and list it.")
@click.option("--no-state", is_flag=True, help="Write manifests only; the next apply adopts.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show the manifests.")
def cli(
    session: Session,
    paths: tuple[str, ...],
    kinds: tuple[str, ...],
    out: str,
    groups: bool,
    recursive: bool,
    all_fields: bool,
    inherited: bool,
    skip_unreadable: bool,
    no_state: bool,
    dry_run: bool,
) -> int:
    """Turn what exists in GitLab into manifests and state.

    PATHs are projects, groups and @instance. Nothing in GitLab is changed, no file is overwritten, and what is declared
    or recorded already is left alone. Secrets become references to variables, which are listed: GitLab shows none of
    them. What many projects share becomes a template. Afterwards a plan over everything that was adopted is made; it
    must be empty.
    """
    from reconciler.engine.adopting import AdoptOptions
    from reconciler.engine.proving import SCHEMA
    from reconciler.output import machine
    from reconciler.output.human import adoption as view

    options = AdoptOptions(
        paths=paths,
        groups=groups,
        recursive=recursive,
        kinds=kinds,
        out=out,
        record=not no_state,
        dry_run=dry_run,
        every=all_fields,
        inherited=inherited,
        skip_unreadable=skip_unreadable,
    )
    with session.workspace() as workspace:
        found = session.engine.adopt(workspace, options)
        schema = "" if (workspace.root / SCHEMA).exists() else SCHEMA
    session.answer(
        lambda: view.adoption(found, texts=dry_run, verbose=session.verbosity > 0, lacking=schema),
        lambda: machine.adoption(found),
    )
    return ExitCode.DONE if found.proven else ExitCode.FAILED
