"""The table of verbs: all of them exist, and a command imports its own only."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.engine import VERBS

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_stands_where_the_table_says(name: str) -> None:
    module, _, function = VERBS[name].partition(":")

    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize(
    ("command", "needless"),
    [
        (["validate"], {"planning", "applying", "health", "acting", "adopting"}),
        (["plan", "--no-refresh"], {"applying", "health", "acting", "applications", "adopting", "repair"}),
        (["state", "history"], {"declared", "planning", "applying", "health", "acting"}),
    ],
)
def test_a_command_imports_no_verb_and_no_kind_but_its_own(
    tmp_path: Path, command: list[str], needless: set[str]
) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "shop.yaml").write_text(
        "project: myorg/shop\nwebhooks: {deploy: {url: https://a.example, events: [push]}}\n", encoding="utf-8"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(PROJECT)!r}); from reconciler.cli.main import run\n"
        f"code = run({['--sandbox', *command]!r}); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )

    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)

    imported = set(ended.stderr.splitlines()[-1].split())
    others = {"reconciler.integrations.jira", *(f"reconciler.engine.{name}" for name in needless)}
    assert imported & others == set()
