"""`reconciler sandbox`: the pretend GitLab and services on a port, for any client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.cli.options import Duration
from reconciler.core.errors import ExitCode, InputError, Problem, ReconcilerError

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@command(
    "sandbox",
    "Serve a pretend GitLab with pretend services",
    examples=[
        ("reconciler sandbox", "on http://127.0.0.1:8080, token `sandbox-token`"),
        (
            "reconciler sandbox --port 0 --world world.json --latency 50ms",
            "any free port, kept contents, a slow network",
        ),
        ("reconciler --sandbox plan", "any command against it, without a server"),
    ],
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 for any free one.")
@click.option("--world", metavar="FILE", help="Keep the contents in this file.")
@click.option("--seed", metavar="FILE", help="What is there at the beginning.")
@click.option("--latency", type=Duration(), default=0.0, metavar="TIME", help="How long every answer takes.")
@click.option("--faults", metavar="FILE", help="What goes wrong on purpose.")
def cli(session: Session, port: int, world: str | None, seed: str | None, latency: float, faults: str | None) -> int:
    """Serve a pretend GitLab with pretend services.

    Everything runs on this machine, until interrupted; no account and no network
    are needed. Binds the loopback address only and prints `listening on URL` when
    it is ready.
    """
    from reconciler.sandbox import fronts

    try:
        fronts.serve(
            port,
            Path(world) if world else None,
            Path(seed) if seed else None,
            latency,
            Path(faults) if faults else None,
            lambda said: session.write(f"{said}\n"),
        )
    except fronts.SeedError as error:
        raise InputError([_problem(line) for line in error.problems]) from error
    except (ValueError, OSError) as error:
        raise ReconcilerError(f"the sandbox cannot be served: {error}") from error
    return ExitCode.DONE


def _problem(line: str) -> Problem:
    """A line `where: what; what to do` of a seed's mistakes."""
    what, _, todo = line.rpartition("; ")
    return Problem(what or todo, hint=todo if what else "")
