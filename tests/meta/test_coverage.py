"""The table that traces the description to tests is complete and true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
DESCRIPTION = ROOT.parent / "shared" / "seed" / "integration-management.md"
ROWS = [row.strip("| ").split(" | ") for row in TABLE.splitlines() if row.startswith("| ") and "| --- |" not in row]
ROWS = [row for row in ROWS if row != ["said", "held by"]]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TABLE)))
NO_ROW = frozenset(
    {"Features", "Supported Integrations", "Best Practices", "Requirements", "Troubleshooting", "Author"}
)
"""Headings that only hold others, or say nothing that could be held."""


@cache
def functions_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[f"{path}::{name}" for path, name in NAMED])
def test_a_named_test_exists(path: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in functions_in(path)


@pytest.mark.parametrize(("said", "held"), ROWS, ids=[said for said, _ in ROWS])
def test_everything_is_held_by_a_test_or_says_why_not(said: str, held: str) -> None:
    assert said
    assert held.replace("`", "").strip()


def test_nothing_of_the_description_is_missing() -> None:
    if not DESCRIPTION.exists():
        pytest.skip("the description (../shared/seed/integration-management.md) is not here")
    traced = {(heading, said) for heading, said in rows_by_heading()}
    sentences = {said.replace("**", "") for _, said in traced} | {heading for heading, _ in traced}

    wanted = set(statements(DESCRIPTION.read_text(encoding="utf-8")))

    assert sorted(one for one in wanted if one not in sentences) == []


def rows_by_heading() -> Iterator[tuple[str, str]]:
    heading = ""
    for line in TABLE.splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("| ") and not line.startswith(("| ---", "| said")):
            yield heading, line.strip("| ").split(" | ")[0]


def statements(text: str) -> Iterator[str]:
    """Every bullet of the description, and every heading that has an example under it."""
    prose = re.sub(r"```.*?```", "<code>", text, flags=re.S)
    heading = ""
    for line in prose.splitlines():
        if match := re.match(r"##+ (.*)", line):
            heading = match[1]
        elif match := re.match(r"(?:- |\d\. )(.*)", line):
            yield match[1].replace("**", "")
        elif line == "<code>" and heading not in NO_ROW:
            yield heading
