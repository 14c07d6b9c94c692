"""stdout and stderr that are full, closed or nobody's: words and an exit code, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.core.plan import Plan

from ..output.samples import CREATE
from .conftest import Command, Stand

ROOT = Path(__file__).parents[2]


def shell(line: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "RECONCILER_SANDBOX": "1", "PYTHONWARNINGS": "error"}
    script = line.replace("reconciler", f"'{sys.executable}' -m reconciler")
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, env=environ, check=False)


@pytest.mark.parametrize("arguments", ["version", "version -o json"])
def test_an_answer_that_finds_no_room_is_a_failure_that_is_said(arguments: str) -> None:
    ran = shell(f"reconciler {arguments} > /dev/full")

    assert ran.returncode == 1
    assert ran.stderr == "error: the answer cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("reconciler version >&-", 0),
        ("reconciler version 2>&-", 0),
        ("reconciler versoin >&-", 64),
        ("reconciler versoin 2>&-", 64),
        ("reconciler versoin -o json >&- 2>&-", 64),
        ("reconciler validate -q 2>&- <&-", 1),
    ],
)
def test_closed_streams_change_nothing_but_what_is_heard(line: str, code: int, tmp_path: Path) -> None:
    ran = shell(line)

    assert ran.returncode == code
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("environ", "arguments"),
    [
        ({}, ("-o", "human", "plan", "-o", "json")),
        ({"RECONCILER_OUTPUT": "json"}, ("plan",)),
        ({"RECONCILER_PLAN_OUTPUT": "json"}, ("-q", "plan")),
        ({"RECONCILER_STATE_SHOW_OUTPUT": "json"}, ("state", "show")),
    ],
)
def test_errors_are_json_wherever_that_was_asked_for(
    reconciler: Command, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], arguments: tuple[str, ...]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    ran = reconciler(*arguments, "--no-such-option")

    assert (ran.code, ran.data["what"], ran.err) == (64, "diagnostics", "")


def test_nobody_is_told_what_to_run_next_in_automation(
    reconciler: Command, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.planned = Plan(steps=(CREATE,))
    assert "Next: reconciler plan" in reconciler("validate").out
    monkeypatch.setenv("CI", "true")

    assert [name for name in ("validate", "plan", "drift") if "Next:" in reconciler(name).out] == []


def test_what_a_script_reads_is_an_answer_in_json(reconciler: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    data = reconciler("completion", "bash", "-o", "json").data

    assert (data["what"], data["shell"]) == ("completion", "bash")
    assert json.dumps(data["script"]).startswith('"_reconciler_completion()')
