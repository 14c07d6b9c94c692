"""Planning 10,000 declared webhooks without asking GitLab, nothing being recorded yet: the most there is to show."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.measure import Figure, quickest, reconciler, settled

TITLE = "plan --no-refresh of 10,000 webhooks"
HOOKS, FILES = 10_000, 100
REPEATED = 3


def figures(_arguments: Sequence[str] = ()) -> list[Figure]:
    """The quickest of a few runs, with all caches gone and with unchanged files."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_manifests(folder, HOOKS, FILES)
        environ = {**settled("http://gitlab.example.test"), "HOOK_TOKEN": "hush"}
        plan = ["plan", "--no-refresh", "-q"]
        cold = [reconciler([*plan, "--no-cache"], folder=folder, environ=environ) for _ in range(REPEATED)]
        reconciler(plan, folder=folder, environ=environ)
        warm = [reconciler(plan, folder=folder, environ=environ) for _ in range(REPEATED)]
        assert f"{HOOKS:,}" in warm[0].said or str(HOOKS) in warm[0].said, warm[0].said[-500:]
    return [
        Figure("cold", quickest(cold).seconds, "s", 3, f"computing {quickest(cold).computing:.2f} s"),
        Figure("unchanged files", quickest(warm).seconds, "s", 1, f"computing {quickest(warm).computing:.2f} s"),
        Figure("memory, cold", max(one.megabytes for one in cold), "MB", 200),
        Figure("memory, unchanged files", max(one.megabytes for one in warm), "MB", 200),
    ]


def write_manifests(folder: Path, hooks: int, files: int, *, project: str = "big/p{:05}") -> None:
    """Webhooks spread over projects, one file each."""
    (folder / "manifests").mkdir()
    each = hooks // files
    for number in range(files):
        lines = [f"project: {project.format(number)}", "webhooks:"]
        for hook in range(each):
            lines += [
                f"  hook-{hook}:",
                f"    url: https://receiver-{number}.example/in/{hook}",
                "    events: [push, merge_request, pipeline]",
                "    secret_token: ${env:HOOK_TOKEN}",
                "    enable_ssl_verification: true",
            ]
        (folder / "manifests" / f"{number:03}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
