"""`reconciler version`: what runs here, and the versions of the file formats it speaks."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.cli.command import command
from reconciler.core.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@command(
    "version",
    "Print the version and those of the file formats",
    examples=[
        ("reconciler version", "for people"),
        ("reconciler version -o json", "for programs"),
    ],
)
def cli(session: Session) -> int:
    """Print the version and those of the file formats."""
    from reconciler.core import plan, state
    from reconciler.output import machine
    from reconciler.output.human import record

    facts = {
        "reconciler": __version__,
        "state_format": state.FORMAT_VERSION,
        "plan_format": plan.FORMAT_VERSION,
        "json_format": machine.FORMAT_VERSION,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    session.answer(lambda: record.nested(facts), lambda: machine.document("version", **facts))
    return ExitCode.DONE
