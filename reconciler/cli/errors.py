"""Turns whatever ends a command into words and an exit code.

Foreseen errors say where, what and what to do. Unforeseen ones leave a report to paste: it holds no values, because
any of them might be a secret.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from reconciler.cli.front import COMMANDS
from reconciler.cli.stopping import Terminated, raise_on_sigterm
from reconciler.core.errors import ExitCode, InputError, Interrupted, Problem, ReconcilerError

if TYPE_CHECKING:
    from reconciler.output.document import Document

TELLING = (AttributeError, NameError, ImportError, TypeError, NotImplementedError, RecursionError)
"""Errors whose messages speak of code. Other messages may quote values and are left out of crash reports."""


def guarded(run: Callable[[], object], arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; everything that it raises is said and mapped."""
    try:
        with raise_on_sigterm() as terminated:
            return _guarded(run, arguments, terminated)
    except Terminated:
        return _foreseen(Interrupted("terminated", exit_code=ExitCode.TERMINATED), arguments)


def wants(arguments: Sequence[str], option: str) -> str:
    """The value of `-o` or `--color` in arguments that may be too broken to parse: the last one, or a variable's."""
    found = ""
    for n, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == f"--{option}" or argument == f"-{option[0]}":
            found = value if equals else "".join(arguments[n + 1 : n + 2])
        elif option == "output" and argument.startswith("-o"):
            found = argument.removeprefix("-o")
    return found or _from_environment(arguments, option)


# ---------------------------------------------------------------------------------------------------------------------


def _guarded(run: Callable[[], object], arguments: Sequence[str], terminated: threading.Event) -> int:
    try:
        code = run()
        return int(code) if isinstance(code, int) else ExitCode.DONE
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.exceptions.NoArgsIsHelpError as raised:
        click.echo(raised.ctx.get_help() if raised.ctx else raised.message, err=True)
        return ExitCode.USAGE
    except click.UsageError as raised:
        return _usage(raised, arguments)
    except click.ClickException as raised:
        return _foreseen(ReconcilerError(raised.format_message()), arguments)
    except ReconcilerError as raised:
        return _foreseen(raised, arguments)
    except BrokenPipeError:
        from reconciler.cli.session import silence_stdout

        silence_stdout()
        return ExitCode.FAILED
    except (KeyboardInterrupt, click.Abort):
        return _foreseen(Interrupted("interrupted"), arguments)
    except Exception as raised:
        if terminated.is_set():
            raise Terminated from raised
        return _unforeseen(raised, arguments)


def _from_environment(arguments: Sequence[str], option: str) -> str:
    """What variables say: `RECONCILER_<COMMAND>_<NAME>` before `RECONCILER_<NAME>`."""
    first = next((n for n, argument in enumerate(arguments) if argument in COMMANDS), len(arguments))
    words = ["RECONCILER", *arguments[first : first + 2]]
    names = ["_".join([*words[:count], option]).replace("-", "_").upper() for count in (3, 2, 1)]
    return next((value for name in names if (value := os.environ.get(name))), "")


def _usage(raised: click.UsageError, arguments: Sequence[str]) -> int:
    from reconciler.output.document import Span, Style, hint, line

    path = raised.ctx.command_path if raised.ctx else "reconciler"
    message = raised.format_message()
    message = message[:1].lower() + message[1:].rstrip(".")
    return _tell(
        [Problem(message, hint=f"`{path} --help` shows what can be given")],
        [line(Span("usage error: ", Style.BAD), message), hint(f"`{path} --help` shows what can be given", indent=2)],
        ExitCode.USAGE,
        arguments,
    )


def _foreseen(raised: ReconcilerError, arguments: Sequence[str]) -> int:
    from reconciler.output.human.problems import error, problems
    from reconciler.output.machine import problems_of

    document: list[object] = []
    if isinstance(raised, InputError):
        document += problems(raised.problems)
    return _tell(problems_of(raised), [*document, *error(raised)], raised.exit_code, arguments)  # type: ignore[list-item]


def _unforeseen(raised: Exception, arguments: Sequence[str]) -> int:
    import traceback

    from reconciler.output.document import Span, Style, hint, line

    try:
        path = _crash_report(raised, arguments)
        way_out = f"please report it with the contents of {path} (no values of yours are in it)"
    except OSError:
        path, way_out = "", "please report it"
    where = traceback.extract_tb(raised.__traceback__)[-1:]
    place = f" in {os.path.basename(where[0].filename)}:{where[0].lineno}" if where else ""
    message = f"a fault of reconciler itself: {type(raised).__name__}{place}"
    problem = Problem("a fault of reconciler itself", detail=f"{type(raised).__name__}{place}", hint=way_out)
    return _tell(
        [problem], [line(Span("error: ", Style.BAD), message), hint(way_out, indent=2)], ExitCode.BUG, arguments
    )


def _tell(problems: Sequence[Problem], document: Document, code: int, arguments: Sequence[str]) -> int:
    from reconciler.output.colour import wants_colour
    from reconciler.output.terminal import Screen

    try:
        if wants(arguments, "output") == "json":
            from reconciler.output.machine import diagnostics, text

            sys.stdout.write(text(diagnostics(problems, int(code))))
            sys.stdout.flush()
        else:
            coloured = wants_colour(wants(arguments, "color") or "auto", os.environ, sys.stderr.isatty())
            sys.stdout.flush()
            Screen(sys.stderr, coloured).write(document)
    except (OSError, ValueError):
        pass  # nobody listens any more; the exit code still tells
    return int(code)


def _crash_report(raised: Exception, arguments: Sequence[str]) -> str:
    import platform
    import tempfile

    from reconciler import __version__

    rows = [
        f"reconciler {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"arguments: {' '.join(_shape(argument) for argument in arguments)}",
        "",
        *_frames(raised),
    ]
    descriptor, path = tempfile.mkstemp(prefix="reconciler-crash-", suffix=".txt")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(rows) + "\n")
    return path


def _shape(argument: str) -> str:
    """Option names and commands; every other argument only as its length."""
    if argument.startswith("-"):
        return argument.partition("=")[0]
    return (
        argument
        if argument.isalpha() and argument.islower() and len(argument) < 12
        else f"<{len(argument)} characters>"
    )


def _frames(raised: BaseException) -> list[str]:
    import traceback

    chain = [raised]
    while (before := chain[-1].__cause__ or chain[-1].__context__) is not None and before not in chain:
        chain.append(before)
    rows = []
    for one in reversed(chain):
        rows += [row.rstrip("\n") for row in traceback.format_tb(one.__traceback__)]
        rows.append(
            f"{type(one).__module__}.{type(one).__qualname__}" + (f": {one}" if isinstance(one, TELLING) else "")
        )
        rows.append("")
    return rows
