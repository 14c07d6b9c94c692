"""`reconciler ci`: what pipelines need besides plan and apply: notes, joined reports, and a pipeline in parts."""

from __future__ import annotations

import glob
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.command import group
from reconciler.cli.note import pipeline_links, show_on_merge_request
from reconciler.cli.reporting import report_option, reporting
from reconciler.core.errors import ExitCode, Problem, UsageError
from reconciler.output.document import line, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.cli.session import Session
    from reconciler.core.plan import Plan

NO_PLAN = "a part has no plan"
"""The summary of the problem that a named plan is not there."""

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
    from reconciler.output.human.problems import problems

    plan = _joined(plans)
    with session.workspace(environment=plan.environment or None) as workspace:
        brakes = session.engine.objections(workspace, plan, None)
        body = markdown.plan(plan, brakes=brakes, links=pipeline_links(session.environ))
        said = keep_note(workspace, session.environ, body)
    missing = _missing(plan)
    session.answer(lambda: [*problems(missing), line(said)], lambda: machine.document("done", message=said))
    return ExitCode.FAILED if missing else ExitCode.DONE


@cli.command(
    "report",
    short_help="Write reports over several saved plans",
    examples=[
        ("reconciler ci report plan-*.json --report terraform=tfplan.json", "one row in the plan widget for all parts"),
        ("reconciler ci report plan-*.json --report html=plan.html --note", "one page and one note for all parts"),
    ],
)
@_PLANS
@click.option("--note", is_flag=True, help="Show the plans on the merge request that this pipeline is for.")
@report_option()
def report(session: Session, plans: tuple[str, ...], note: bool, reports: tuple[tuple[str, str], ...]) -> int:
    """Write reports over several saved plans, and print the count of all.

    A plan that is named and not there is the part of a fleet that failed: the reports say so, and the exit code is 1.
    """
    from reconciler.output import machine, summary
    from reconciler.output.human.plan import summary as count
    from reconciler.output.human.problems import problems

    with reporting(reports, session.environ) as wanted:
        plan = _joined(plans)
        wanted.write(lambda: summary.of_plan(plan))
        if note:
            with session.workspace(environment=plan.environment or None) as workspace:
                show_on_merge_request(session, workspace, plan, ())
    missing = _missing(plan)
    session.answer(lambda: [*problems(missing), count(plan)], lambda: machine.plan(plan))
    return ExitCode.FAILED if missing else ExitCode.DONE


@cli.command(
    "generate",
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
    from reconciler.output import machine

    with session.workspace() as workspace:
        folder = Path(session.given.get("settings") or "").parent
        stated = [str(folder / path) for path in workspace.settings.manifests or ("manifests",)]
        roots = session.given.get("manifests") or stated
        state = session.given.get("state") or workspace.settings.state or _state(session.environ)
    parts = _parts(roots, shared)
    settings = str(session.given.get("settings") or "")
    text = pipeline(parts, shared, state=state, environment=session.environment, settings=settings)
    if out is None:
        names = [path.as_posix() for path in parts]
        session.answer_text(text, lambda: machine.document("pipeline", parts=names, text=text))
    else:
        session.save(out, text, "pipeline", f"{plural(len(parts), 'part')} in {out}")
    return ExitCode.DONE


# ---------------------------------------------------------------------------------------------------------------------


def _joined(patterns: Sequence[str]) -> Plan:
    from reconciler.cli.saved import read
    from reconciler.output.joined import join

    paths = [path for pattern in patterns for path in (sorted(glob.glob(pattern)) or [pattern])]
    there = [path for path in dict.fromkeys(paths) if Path(path).exists()]
    missing = [
        Problem(NO_PLAN, f"`{path}` is not there", "its job failed: look at that job's log")
        for path in dict.fromkeys(paths)
        if path not in there
    ]
    plan = join([read(path) for path in there or paths])
    return replace(plan, problems=(*plan.problems, *missing))


def _missing(plan: Plan) -> list[Problem]:
    return [problem for problem in plan.problems if problem.summary == NO_PLAN]


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
