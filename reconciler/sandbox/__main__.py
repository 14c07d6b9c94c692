"""`python -m reconciler.sandbox`: the sandbox on a port, without the rest of the program."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .faults import seconds
from .server import serve


def main() -> int:
    """Serve until stopped; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m reconciler.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="0 for any free one")
    parser.add_argument("--world", type=Path, help="file that keeps the contents")
    parser.add_argument("--seed", type=Path, help="file that says what is there at the beginning")
    parser.add_argument("--latency", type=seconds, default=0.0, help="how long every answer takes, as in 50ms")
    parser.add_argument("--faults", type=Path, help="file with what goes wrong on purpose")
    given = parser.parse_args()
    try:
        serve(
            given.port,
            given.world,
            given.seed,
            given.latency,
            given.faults,
            lambda line: print(line, flush=True),
        )
    except (ValueError, OSError) as mistake:
        print(mistake, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
