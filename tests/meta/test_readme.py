"""The README's commands are carried out: the tour against a served sandbox, the first two as `.ci/run` has them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.compile(r"(?:<!-- tour: (?P<part>\w+) -->\n)?```(?P<language>\w*)\n(?P<body>.*?)```", re.DOTALL)
BLOCKS = list(FENCED.finditer(README))
FIRST_SCREEN = 30
PORT = ":8080"


def blocks(part: str | None) -> list[str]:
    return [found["body"] for found in BLOCKS if found["language"] == "sh" and found["part"] == part]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The sandbox as the README serves it, on a free port; its address, and an environment that finds `reconciler`."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "reconciler").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n', encoding="utf-8")
    (programs / "reconciler").chmod(0o755)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("GITLAB_", "RECONCILER_", "CI"))}
    environ = {**plain, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    (line,) = blocks("serve")
    command = ["bash", "-c", f"exec {line.strip().replace(PORT[1:], '0')}"]
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            said = server.stdout.readline()
            yield said.removeprefix("listening on ").strip(), environ
        finally:
            server.terminate()


def test_the_tour_runs_as_it_is_written(served: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("the tour uses curl, which is not installed")
    url, environ = served
    script = "\n".join(blocks("run")).replace(f"http://127.0.0.1{PORT}", url)
    ran = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 to create" in ran.stdout
    assert "No changes" in ran.stdout
    assert "https://elsewhere.example.org/deploy" in ran.stdout
    assert "exampleexampleexample000" not in ran.stdout


def test_the_first_screen_has_the_two_commands_that_the_checks_run() -> None:
    screen = "\n".join(README.splitlines()[:FIRST_SCREEN])
    checks = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    first, second = blocks(None)[:2]

    assert first in screen
    assert second in screen
    assert first.strip() in checks
    assert second.strip() in checks


def test_what_is_shown_as_settings_and_manifest_is_right(tmp_path: Path) -> None:
    texts = [found["body"] for found in BLOCKS if found["language"] == "yaml"]
    manifest = next(text for text in texts if "integrations:" in text)
    settings = next(text for text in texts if "environments:" in text)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "shop.yaml").write_text(manifest, encoding="utf-8")
    (tmp_path / "reconciler.yaml").write_text(settings, encoding="utf-8")
    command = [sys.executable, "-m", "reconciler", "validate"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "GITLAB_URL": "https://gitlab.example.test"}
    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
