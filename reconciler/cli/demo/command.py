"""`reconciler demo`: the whole story on a pretend GitLab, in a folder of its own."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@command(
    "demo",
    "Watch the whole story run on a pretend GitLab",
    examples=[
        ("reconciler demo", "in a new temporary folder, which is named at the end"),
        ("reconciler demo --directory story", "in a folder of your choice"),
    ],
)
@click.option("--directory", metavar="FOLDER", help="An empty or new folder for everything that is written.")
def cli(session: Session, directory: str | None) -> int:
    """Watch the whole story run on a pretend GitLab.

    Validate, plan, apply, an edit by hand, drift, repair, a killed apply, and how it is resumed. No account and no
    network are needed; it takes less than half a minute.
    """
    from reconciler.cli.demo.stage import Stage
    from reconciler.cli.demo.story import Teller, tell
    from reconciler.output.document import BLANK, Document, Span, Style, heading, line

    folder = _folder(directory)
    began = time.monotonic()
    screen = session.screen(sys.stdout)

    def show(document: Document) -> None:
        screen.write(document)
        sys.stdout.flush()

    teller = Teller(
        say=lambda text: show([line(text), BLANK]),
        heading=lambda text: show([BLANK, heading(f"== {text}"), BLANK]),
        quote=lambda text: show([*(line(Span(row, Style.MOVED), indent=2) for row in text.split("\n")), BLANK]),
        gap=lambda: show([BLANK]),
    )
    with Stage(folder) as stage:
        tell(stage, teller)
    show([line(f"Done in {time.monotonic() - began:.0f} s. Everything that was written is in {folder}")])
    return ExitCode.DONE


# ---------------------------------------------------------------------------------------------------------------------


def _folder(directory: str | None) -> Path:
    if directory is None:
        return Path(tempfile.mkdtemp(prefix="reconciler-demo-"))
    folder = Path(directory).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{directory} is not an empty folder", hint="name one that does not exist yet")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
