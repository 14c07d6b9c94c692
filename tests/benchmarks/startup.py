"""How long `--version` and `--help` take beside an interpreter that does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.measure import ROOT, Figure, run

TITLE = "startup"
REPEATED = 15


def figures(_arguments: Sequence[str] = ()) -> list[Figure]:
    """Times of computing, medians: waiting for the disk and for other programs says nothing of ours."""
    bare = _seconds(["-c", "pass"])
    return [
        Figure("bare interpreter", bare * 1000, "ms"),
        Figure("--version", _seconds(["-m", "reconciler", "--version"]) / bare, "× bare", 3),
        Figure("--help", _seconds(["-m", "reconciler", "--help"]) / bare, "× bare", 5),
        Figure("plan --help", _seconds(["-m", "reconciler", "plan", "--help"]) * 1000, "ms", 400),
    ]


def _seconds(arguments: Sequence[str], folder: Path = ROOT) -> float:
    return median(run(arguments, folder=folder).seconds for _ in range(REPEATED))
