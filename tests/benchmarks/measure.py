"""Runs commands in processes of their own and measures them; a figure is what was measured beside its budget."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = sys.executable
TOKEN = "sandbox-token"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing. Without a budget it is only told."""

    what: str
    value: float
    unit: str
    budget: float | None = None
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether the budget was kept."""
        return self.budget is None or self.value <= self.budget


@dataclass(frozen=True, slots=True)
class Run:
    """One process: how long it took, how long it computed, its largest memory, what it said."""

    seconds: float
    computing: float
    megabytes: float
    code: int
    said: str
    complained: str


def run(arguments: Sequence[str], *, folder: Path, environ: Mapping[str, str] | None = None) -> Run:
    """Run an interpreter with arguments in a folder."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [PYTHON, *arguments], cwd=folder, env=surroundings(environ or {}), stdout=out, stderr=err
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said, complained = out.read().decode(), err.read().decode()
    code = process.returncode
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, code, said, complained)


def reconciler(
    arguments: Sequence[str], *, folder: Path, environ: Mapping[str, str], codes: Sequence[int] = (0,)
) -> Run:
    """Run the command line; a code that is none of `codes` ends the benchmark with what was said."""
    done = run(["-m", "reconciler", *arguments], folder=folder, environ=environ)
    if done.code not in codes:
        raise SystemExit(f"reconciler {' '.join(arguments)}: exit {done.code}\n{done.said[-3000:]}\n{done.complained}")
    return done


def quickest(runs: Sequence[Run]) -> Run:
    """The run that was disturbed least: the machine does other things as well."""
    return min(runs, key=lambda one: one.seconds)


def surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment with nothing of ours in it but what is given."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), **environ}


def settled(url: str) -> dict[str, str]:
    """The environment of a run against a GitLab at a URL."""
    return {"GITLAB_URL": url, "GITLAB_TOKEN": TOKEN, "RECONCILER_STATE_KEY": "a state key for benchmarks"}


@contextmanager
def sandbox(seed: Mapping[str, Any], *, latency: str = "0ms") -> Iterator[str]:
    """A sandbox in a process of its own; its URL."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "seed.json"
        path.write_text(json.dumps(seed), encoding="utf-8")
        command = [PYTHON, "-m", "reconciler", "sandbox", "--port", "0", "--seed", str(path), "--latency", latency]
        with subprocess.Popen(command, cwd=place, env=surroundings({}), stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                found = re.search(r"http://\S+", process.stdout.readline())
                assert found, "the sandbox did not start"
                yield found.group()
            finally:
                process.terminate()


def requests_of(url: str) -> list[str]:
    """The requests that a sandbox has seen, as `METHOD path`, forgotten by that."""
    place = f"{url}/_sandbox/requests"
    with urllib.request.urlopen(place) as answer:
        rows = json.load(answer)
    with urllib.request.urlopen(urllib.request.Request(place, method="DELETE")):
        return [f"{row['method']} {row['path']}" for row in rows]


def writes(requests: Sequence[str]) -> int:
    """How many of some requests change something."""
    return sum(not one.startswith(("GET ", "HEAD ")) for one in requests)


def estate(group: str, projects: int) -> dict[str, Any]:
    """A seed: one group with numbered projects, and an administrator's token."""
    return {
        "settings": {"auto_disabling_web_hooks": False},
        "users": [{"username": "root", "name": "Administrator", "admin": True}],
        "tokens": [{"as": "root", "token": TOKEN, "user": "root", "scopes": ["api"], "expires_at": "2099-12-31"}],
        "groups": [{"path": group}],
        "projects": [{"path": f"{group}/p{number:05}"} for number in range(projects)],
    }


def show(title: str, figures: Sequence[Figure]) -> bool:
    """Print figures as a table; whether every budget was kept."""
    print(f"\n{title}")
    width = max(len(figure.what) for figure in figures)
    for figure in figures:
        value = f"{figure.value:,.2f}" if figure.value % 1 else f"{figure.value:,.0f}"
        budget = "" if figure.budget is None else f"≤ {figure.budget:g}"
        verdict = "" if figure.budget is None else "kept" if figure.kept else "MISSED"
        print(
            f"  {figure.what:<{width}}  {value:>10} {figure.unit:<9} {budget:>8}  {verdict:<6} {figure.note}".rstrip()
        )
    return all(figure.kept for figure in figures)
