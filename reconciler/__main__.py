"""The command `reconciler`; `--version` and `--help` are answered before anything else is imported."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _give_streams()
    if arguments == ["--version"]:
        from reconciler import __version__

        return _say(f"reconciler {__version__}")
    if arguments in (["--help"], ["-h"], ["help"]):
        from reconciler.cli.front import help_text

        return _say(help_text())
    gc.set_threshold(1_000_000, 20, 50)  # a command is short and holds much: collecting often costs a third of its time
    from reconciler.cli.main import run

    return run(arguments)


def command() -> None:
    """Run the command line and end the process at once.

    Everything is written by then. Taking a large plan apart object by object would take a tenth of a command's time,
    and after an interruption no thread is waited for: what one was asking or waiting for nobody wants any more, and it
    may take an hour.
    """
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


# ---------------------------------------------------------------------------------------------------------------------


def _give_streams() -> None:
    """A stream that was closed before we began is one that nobody reads."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _say(text: str) -> int:
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    command()
