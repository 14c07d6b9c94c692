"""Runs benchmarks and prints a table: `python -m tests.benchmarks [NAME…] [--large]`; exit 1 when a budget is missed.

Without names all are run. The machine's own speed is printed beside them, because budgets are meant for a quiet one.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module

from tests.benchmarks.measure import Figure, show

NAMES = ("startup", "plan_offline", "apply_hooks", "fleet")


def speed() -> Figure:
    """How long a fixed computation takes here and now: twice as long means twice as slow a machine for all figures."""
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        sum(n * n for n in range(1_000_000))
        best = min(best, time.perf_counter() - begun)
    return Figure("a million squares summed", best * 1000, "ms", note="about 60 on a quiet desktop machine")


def main(arguments: list[str]) -> int:
    """Run what was asked for; 0 when every budget was kept."""
    asked = [one for one in arguments if not one.startswith("-")]
    if unknown := set(asked) - set(NAMES):
        print(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 64
    kept = show("this machine, now", [speed()])
    for name in asked or NAMES:
        benchmark = import_module(f"tests.benchmarks.{name}")
        kept &= show(benchmark.TITLE, benchmark.figures(arguments))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
