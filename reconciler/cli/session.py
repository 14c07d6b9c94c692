"""What a running command holds: the global options as given, the streams, the engine, and how answers are shown.

stdout is data, stderr is words. A reader that has gone away (`| head`) silences stdout and changes nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

import click

from reconciler.core.errors import ExitCode, ReconcilerError
from reconciler.core.switches import in_automation
from reconciler.output.document import Document
from reconciler.output.terminal import Screen

if TYPE_CHECKING:
    from reconciler.cli.engine import Engine
    from reconciler.engine.workspace import Workspace
    from reconciler.wiring import Options


@dataclass(slots=True)
class Session:
    """One run of one command."""

    given: Mapping[str, Any]
    make_engine: Callable[[], Engine]
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _engine: Engine | None = None
    _pause: Callable[[], None] = lambda: None

    @property
    def engine(self) -> Engine:
        """The engine, made when first asked for."""
        if self._engine is None:
            self._engine = self.make_engine()
        return self._engine

    @property
    def output(self) -> str:
        """`human`, `json` or `markdown`."""
        return str(self.given.get("output") or "human")

    @property
    def verbosity(self) -> int:
        """-1 for quiet, 0, or how often `-v` was given."""
        return -1 if self.given.get("quiet") else int(self.given.get("verbose") or 0)

    @property
    def environment(self) -> str | None:
        """The environment that was asked for."""
        return self.given.get("environment")

    @property
    def interactive(self) -> bool:
        """Whether somebody sits there to be asked."""
        return bool(sys.stdin and sys.stdin.isatty())

    @property
    def hints(self) -> bool:
        """Whether the command to run next is said: not in automation, where nobody would run it."""
        return not in_automation(self.environ)

    def options(self, *, environment: str | None = None) -> Options:
        """The options for opening a workspace; `environment` stands where none was given."""
        from reconciler.wiring import Options

        return Options(
            settings=self.given.get("settings"),
            environment=self.environment or environment,
            manifests=tuple(self.given.get("manifests") or ()),
            state=self.given.get("state"),
            sandbox=bool(self.given.get("sandbox")),
            parallelism=self.given.get("parallelism"),
            timeout=self.given.get("timeout"),
            lock_timeout=self.given.get("lock_timeout"),
            cache=not self.given.get("no_cache"),
        )

    @contextmanager
    def workspace(self, *, environment: str | None = None) -> Iterator[Workspace]:
        """An open workspace; while it is open, progress is shown on stderr."""
        from reconciler.output.progress import BarProgress, LineProgress

        screen = self.screen(sys.stderr)
        watched = screen.stream.isatty() and self.hints and self.verbosity == 0
        progress = (BarProgress if watched else LineProgress)(screen, level=self.verbosity)
        self._pause = progress.pause
        with (
            progress as listener,
            self.engine.open_workspace(self.options(environment=environment), listener) as workspace,
        ):
            yield workspace

    def screen(self, stream: TextIO) -> Screen:
        """A stream with its colours and width."""
        from reconciler.output.colour import wants_colour

        terminal = stream.isatty()
        width = _columns(stream) if terminal else None
        return Screen(stream, wants_colour(self.given.get("color") or "auto", self.environ, terminal), width)

    def answer(
        self,
        human: Callable[[], Document],
        machine: Callable[[], Mapping[str, Any] | str],
        markdown: Callable[[], str] | None = None,
    ) -> None:
        """Print the answer on stdout in the form that was asked for."""
        self._pause()
        if self.output == "json":
            from reconciler.output.machine import text

            data = machine()
            self.write(data if isinstance(data, str) else text(data))
        elif self.output == "markdown":
            from reconciler.output.markdown import of_document

            self.write(markdown() if markdown else of_document(human()))
        else:
            self._guarded(lambda: self.screen(sys.stdout).write(human()))

    def answer_text(self, text: str, machine: Callable[[], Mapping[str, Any]]) -> None:
        """Print an answer that is a file's text as it is, in JSON where that was asked for."""
        if self.output == "json":
            from reconciler.output.machine import text as as_json

            text = as_json(machine())
        self.write(text)

    def done(self, said: str) -> ExitCode:
        """Answer in a sentence that what was asked for is done."""
        from reconciler.output.document import Span, Style, line
        from reconciler.output.machine import document

        self.answer(lambda: [line(Span(said, Style.GOOD))], lambda: document("done", message=said))
        return ExitCode.DONE

    def save(self, path: str, text: str, what: str, said: str = "") -> None:
        """Write a file that was asked for, and answer so: in JSON on stdout, else at most in words on stderr."""
        from reconciler.cli.writing import write_file
        from reconciler.output import machine
        from reconciler.output.document import line

        write_file(path, text, what)
        if self.output == "json":
            self.write(machine.text(machine.document("wrote", file=path)))
        elif said and self.verbosity >= 0:
            self.warn([line(said)])

    def write(self, text: str) -> None:
        """Print text on stdout as it is."""
        self._guarded(lambda: sys.stdout.write(text))

    def question(self, text: str) -> str:
        """Ask on stderr; the line that was typed."""
        self._pause()
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()
        return sys.stdin.readline().strip()

    def warn(self, document: Document) -> None:
        """Print words on stderr."""
        self._pause()
        self.screen(sys.stderr).write(document)

    def _guarded(self, write: Callable[[], object]) -> None:
        from reconciler.output.human.problems import error as told

        try:
            write()
            sys.stdout.flush()
        except BrokenPipeError:
            silence_stdout()
        except OSError as error:
            silence_stdout()
            self.warn(told(ReconcilerError(f"the answer cannot be written: {error.strerror}")))
            raise click.exceptions.Exit(ExitCode.FAILED) from error


def silence_stdout() -> None:
    """Send what is still to be printed nowhere, so that the interpreter does not complain when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    finally:
        os.close(nowhere)


# ---------------------------------------------------------------------------------------------------------------------


def _columns(stream: TextIO) -> int | None:
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None
