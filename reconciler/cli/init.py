"""`reconciler init`: a folder to start from; it passes `validate` as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.cli.writing import write_file
from reconciler.core.errors import ExitCode, ReconcilerError
from reconciler.output.document import BLANK, Span, Style, line

if TYPE_CHECKING:
    from reconciler.cli.session import Session

_SCAFFOLD = Path(__file__).parent / "scaffold"


@command(
    "init",
    "Start a folder with a manifest, settings and a pipeline",
    examples=[
        ("reconciler init --project myorg/shop", "settings, a manifest for one project, and the schema for editors"),
        ("reconciler init infra --project myorg/shop --ci", "in a new folder, with a GitLab pipeline"),
    ],
)
@click.argument("directory", default=".", metavar="[FOLDER]")
@click.option("--project", default="myorg/shop", show_default=True, metavar="PATH", help="The project to begin with.")
@click.option("--ci", is_flag=True, help="Also write .gitlab-ci.yml.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def cli(session: Session, directory: str, project: str, ci: bool, force: bool) -> int:
    """Start a folder with a manifest, settings and a pipeline.

    To turn what already exists in GitLab into manifests, use `reconciler adopt` instead.
    """
    from reconciler.output import machine

    name = project.rsplit("/", 1)[-1]
    manifest = (_SCAFFOLD / "manifest.yaml").read_text(encoding="utf-8").format(project=json.dumps(project).strip('"'))
    files = {
        "reconciler.yaml": (_SCAFFOLD / "reconciler.yaml").read_text(encoding="utf-8"),
        f"manifests/{name}.yaml": manifest,
        "schemas/manifest.schema.json": session.engine.schema("manifest"),
    }
    if ci:
        files[".gitlab-ci.yml"] = (_SCAFFOLD / "gitlab-ci.yml").read_text(encoding="utf-8")
    folder = Path(directory)
    taken = [path for path in files if (folder / path).exists()]
    if taken and not force:
        raise ReconcilerError(f"already there: {', '.join(taken)}", hint="give --force to overwrite, or another folder")
    for path, text in files.items():
        write_file(folder / path, text, "file")
    session.answer(
        lambda: [
            *(line(Span("wrote ", Style.GOOD), str(folder / path)) for path in files),
            BLANK,
            line("Next: edit the manifest, then `reconciler validate` and `reconciler plan`."),
        ],
        lambda: machine.document("init", files=list(files)),
    )
    return ExitCode.DONE
