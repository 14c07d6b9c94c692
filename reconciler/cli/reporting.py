"""The `--report KIND=PATH` option: what may be asked for, and writing it when a command ends.

Reports are written whatever the outcome: GitLab uploads them from failed jobs too. Only counts of a plan that was not
made are not written, because zeros would say that nothing changes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from reconciler.cli.writing import write_file
from reconciler.core.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.output.summary import Summary

KINDS = ("terraform", "codequality", "junit", "metrics", "dotenv", "annotations", "json", "markdown", "html")


class ReportTarget(click.ParamType[tuple[str, str]]):
    """`KIND=PATH`, of the kinds that a command can write."""

    name = "report"

    def __init__(self, kinds: Sequence[str]) -> None:
        self.kinds = kinds

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The kind and the path."""
        if isinstance(value, tuple):
            return value
        kind, _, path = str(value).partition("=")
        if kind not in self.kinds:
            self.fail(f"`{kind}` is no report of this command; there are {', '.join(self.kinds)}", param, ctx)
        if not path:
            self.fail(f"`{value}` names no file; write {kind}=PATH", param, ctx)
        return kind, path


def report_option(*without: str) -> Callable[[Any], Any]:
    """The option for one command, without the kinds that make no sense for it."""
    kinds = [kind for kind in KINDS if kind not in without]
    return click.option(
        "--report",
        "reports",
        type=ReportTarget(kinds),
        multiple=True,
        metavar="KIND=PATH",
        help=f"Write a report, repeatable: {', '.join(kinds)}.",
    )


class Reports:
    """The reports that were asked for; a command hands its summary in."""

    def __init__(self, wanted: Sequence[tuple[str, str]], environ: Mapping[str, str]) -> None:
        self._wanted, self._environ = wanted, environ
        self._written = False

    def write(self, summary: Callable[[], Summary]) -> None:
        """Write every report; raises `ReconcilerError` when a file cannot be written."""
        self._written = True
        if not self._wanted:
            return
        from reconciler.output.reports import WRITERS

        facts = summary().named(self._in_repository)
        links = self._links()
        for kind, path in self._wanted:
            if kind == "terraform" and facts.counts is None:
                Path(path).unlink(missing_ok=True)  # that of an earlier run would stand for this one
            else:
                write_file(path, WRITERS[kind](facts, links), "report")

    def failed(self, raised: ReconcilerError) -> None:
        """Write what reports can say of a command that was stopped."""
        if not self._written:
            from reconciler.output.machine import problems_of
            from reconciler.output.summary import of_problems

            self.write(lambda: of_problems(problems_of(raised), raised.exit_code))

    def _in_repository(self, path: str) -> str:
        """A path as GitLab counts it in a pipeline: from the repository's root, wherever we work."""
        root, absolute = self._environ.get("CI_PROJECT_DIR"), os.path.abspath(path)
        if root and Path(absolute).is_relative_to(root):
            return Path(absolute).relative_to(root).as_posix()
        return os.path.normpath(path)

    def _links(self) -> dict[str, str]:
        job = self._environ.get("CI_JOB_URL", "")
        if not job:
            return {}
        files = {kind: path for kind, path in self._wanted if kind in ("html", "markdown", "json")}
        links = {
            f"Report ({kind})": f"{job}/artifacts/file/{quote(self._in_repository(path))}"
            for kind, path in files.items()
        }
        return {**links, "Job": job}


@contextmanager
def reporting(
    wanted: Sequence[tuple[str, str]], environ: Mapping[str, str], *, out: str | None = None
) -> Iterator[Reports]:
    """Reports of a running command; what stops it is reported first. `out` is another file that it writes."""
    paths = [path for _kind, path in wanted] + ([out] if out else [])
    for number, path in enumerate(paths):
        if any(os.path.realpath(path) == os.path.realpath(other) for other in paths[:number]):
            raise UsageError(f"{path}: two answers cannot go to one file", hint="give each a name of its own")
    reports = Reports(wanted, environ)
    try:
        yield reports
    except UsageError:
        raise
    except ReconcilerError as raised:
        reports.failed(raised)
        raise
