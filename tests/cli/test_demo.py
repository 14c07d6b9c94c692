"""The guided run, for real: processes, a loopback server, and a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_demo_plays_to_its_end_and_leaves_nothing_outside_its_folder(tmp_path: Path) -> None:
    folder, around = tmp_path / "story", tmp_path / "around"
    around.mkdir()
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(around)}
    command = [sys.executable, "-m", "reconciler", "demo", "--directory", str(folder)]
    ended = subprocess.run(command, cwd=around, env=environ, capture_output=True, text=True, timeout=120, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "16 of 16 webhooks, none lost, none twice." in ended.stdout
    assert ended.stdout.count("No changes") == 2
    assert list(around.iterdir()) == []
    assert "demo-only" not in ended.stdout + ended.stderr


def test_the_demo_plays_the_quickstart() -> None:
    root = Path(__file__).parents[2]
    carried = (root / "reconciler/cli/demo/quickstart.yaml").read_text(encoding="utf-8")

    assert carried == (root / "examples/quickstart/manifest.yaml").read_text(encoding="utf-8")


def test_the_demo_takes_no_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("", encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "reconciler", "demo", "--directory", str(tmp_path)]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 64
