"""The command `reconciler`; `--version` and `--help` are answered before anything else is imported."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        from reconciler import __version__

        print(f"reconciler {__version__}")
        return 0
    if arguments in (["--help"], ["-h"], ["help"]):
        from reconciler.cli.front import help_text

        print(help_text())
        return 0
    from reconciler.cli.main import run

    gc.set_threshold(100_000, 20, 50)  # a command is short and holds much: collecting often costs a third of its time
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
