"""Applying 1,000 webhooks to a GitLab that answers at once, with the state on the local disk."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.measure import Figure, estate, quickest, reconciler, requests_of, sandbox, settled, writes
from tests.benchmarks.plan_offline import write_manifests

TITLE = "apply of 1,000 webhooks, no latency"
HOOKS, PROJECTS = 1000, 20
REPEATED = 3


def figures(_arguments: Sequence[str] = ()) -> list[Figure]:
    """The quickest of a few runs, each in a world of its own; the sandbox computes beside it on the same machine."""
    runs, sent = [], []
    for _ in range(REPEATED):
        with tempfile.TemporaryDirectory() as place, sandbox(estate("big", PROJECTS)) as url:
            folder = Path(place)
            write_manifests(folder, HOOKS, PROJECTS)
            environ = {**settled(url), "HOOK_TOKEN": "hush"}
            requests_of(url)
            runs.append(reconciler(["apply", "--auto-approve"], folder=folder, environ=environ))
            sent.append(requests_of(url))
    best = quickest(runs)
    return [
        Figure("apply", best.seconds, "s", 5, f"computing {best.computing:.2f} s"),
        Figure("writes", writes(sent[-1]), "requests", HOOKS),
        Figure("reads", len(sent[-1]) - writes(sent[-1]), "requests"),
        Figure("memory", max(one.megabytes for one in runs), "MB", 200),
    ]
