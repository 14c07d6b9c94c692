"""`reconciler ci`: what pipelines need besides plan and apply: notes, joined reports, and a pipeline in parts."""

from __future__ import annotations

import glob
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Command, group
from reconciler.cli.reporting import report_option, reporting
from reconciler.cli.writing import write_file
from reconciler.core.errors import ExitCode, UsageError
from reconciler.output.document import line, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.cli.session import Session
    from reconciler.core.plan import Plan

_PLANS = click.argument("plans", nargs=-1, required=True, metavar="PLAN...")


@group(
    "ci",
    "Write merge request notes, joined reports, child pipelines",
    examples=[
        ("reconciler ci note plan.json", "show a saved plan on the merge request, in one note that is kept up to date"),
        ("reconciler ci generate --out child.yml", "a child pipeline that plans a fleet in parts, side by side"),
    ],
)
def cli() -> None:
    """Write merge request notes, joined reports, child pipelines."""


@cli.command(
    "note",
    cls=Command,
    short_help="Show saved plans on the merge request",
    examples=[
        ("reconciler ci note plan.json", "write the note, or bring it up to date"),
        ("reconciler ci note plan-*.json", "several parts in one note"),
    ],
)
@_PLANS
def note(session: Session, plans: tuple[str, ...]) -> int:
    """Show saved plans on the merge request, in one note that is kept up to date.

    Needs a token that may write notes; a job's own token can only read them.
    """
    from reconciler.cli.note import keep_note
    from reconciler.output import machine, markdown

    plan = _joined(plans)
    with session.workspace(environment=plan.environment or None) as workspace:
        said = keep_note(workspace, session.environ, markdown.plan(plan, links=_links(session)))
    session.answer(lambda: [line(said)], lambda: machine.document("done", message=said))
    return ExitCode.DONE


@cli.command(
    "report",
    cls=Command,
    short_help="Write reports over several saved plans",
    examples=[
        ("reconciler ci report plan-*.json --report terraform=tfplan.json", "one row in the plan widget for all parts"),
        ("reconciler ci report plan-*.json --report html=public/index.html", "one page for all parts"),
    ],
)
@_PLANS
@report_option()
def report(session: Session, plans: tuple[str, ...], reports: tuple[tuple[str, str], ...]) -> int:
    """Write reports over several saved plans, and print the count of all."""
    from reconciler.output import machine, summary
    from reconciler.output.human.plan import summary as count

    plan = _joined(plans)
    with reporting(reports, session.environ) as wanted:
        wanted.write(lambda: summary.of_plan(plan))
    session.answer(lambda: [count(plan)], lambda: machine.plan(plan))
    return ExitCode.DONE


@cli.command(
    "generate",
    cls=Command,
    short_help="Write a child pipeline that plans a fleet in parts",
    examples=[
        ("reconciler ci generate --out child.yml", "a part for every file and folder below ./manifests"),
        ("reconciler ci generate --shared manifests/templates.yaml", "templates that every part reads"),
    ],
)
@click.option(
    "--shared", multiple=True, metavar="PATH", help="Manifests that every part reads (templates), repeatable."
)
@click.option("--out", metavar="FILE", help="Write it to a file instead of stdout.")
def generate(session: Session, shared: tuple[str, ...], out: str | None) -> int:
    """Write a child pipeline that plans and applies a fleet in parts, side by side.

    Every file and folder directly below the manifest folders is a part with a state of its own, called like it. So
    do not move entries between parts without `state mv`: to its old part a moved entry is one that is gone.
    """
    from reconciler.cli.pipeline import pipeline

    with session.workspace() as workspace:
        roots = session.given.get("manifests") or workspace.settings.manifests or ("manifests",)
        state = session.given.get("state") or workspace.settings.state or _state(session.environ)
    parts = _parts(roots, shared)
    text = pipeline(parts, shared, state=state, environment=session.environment)
    if out is None:
        session.write(text)
        return ExitCode.DONE
    write_file(out, text, "pipeline")
    sys.stderr.write(f"{plural(len(parts), 'part')} in {out}\n")
    return ExitCode.DONE


# ---------------------------------------------------------------------------------------------------------------------


def _joined(patterns: Sequence[str]) -> Plan:
    from reconciler.cli.saved import read
    from reconciler.output.joined import join

    paths = [path for pattern in patterns for path in (sorted(glob.glob(pattern)) or [pattern])]
    return join([read(path) for path in dict.fromkeys(paths)])


def _links(session: Session) -> dict[str, str]:
    named = (("Job", "CI_JOB_URL"), ("Pipeline", "CI_PIPELINE_URL"))
    return {label: session.environ[name] for label, name in named if session.environ.get(name)}


def _state(environ: Mapping[str, str]) -> str:
    """Where states of parts are kept when nobody says: in the project that the pipeline is of."""
    project = environ.get("CI_PROJECT_PATH")
    if not project:
        hint = "say where, for example `--state gitlab:myorg/infrastructure/reconciler`"
        raise UsageError("the parts need states that outlive their jobs", hint=hint)
    return f"gitlab:{project}/reconciler"


def _parts(roots: Sequence[str], shared: Sequence[str]) -> list[Path]:
    left_out = {Path(path) for path in shared}
    found = [
        entry
        for root in roots
        for entry in (sorted(Path(root).iterdir()) if Path(root).is_dir() else [Path(root)])
        if entry not in left_out and (entry.is_dir() or entry.suffix in (".yaml", ".yml"))
    ]
    parts = [entry for entry in found if not entry.name.startswith(".")]
    if not parts:
        raise UsageError(f"there are no manifests below {', '.join(roots)}", hint="an empty child pipeline is an error")
    return parts
