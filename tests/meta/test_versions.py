"""The version is one, and the changelog knows it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from reconciler import __version__

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)


def test_the_version_has_three_numbers() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_the_package_takes_its_version_from_the_code() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "reconciler/__init__.py"


def test_the_changelog_is_about_this_version() -> None:
    released = [heading.split(" ")[0] for heading in HEADINGS if heading != "Unreleased"]
    unreleased = CHANGELOG.partition("## Unreleased")[2].partition("\n## ")[0]

    assert HEADINGS[0] == "Unreleased" or released[0] == __version__
    assert __version__ in unreleased or released[:1] == [__version__]


def test_releases_stand_newest_first() -> None:
    numbers = [tuple(map(int, found)) for found in re.findall(r"^## (\d+)\.(\d+)\.(\d+)", CHANGELOG, re.MULTILINE)]

    assert numbers == sorted(numbers, reverse=True)


def test_decisions_are_numbered_in_order() -> None:
    text = (ROOT / "DECISIONS.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"^## (\d+)\. .+ \(\d{4}-\d\d-\d\d\)$", text, re.MULTILINE)]

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == len(re.findall(r"^## ", text, re.MULTILINE))


def test_the_pre_commit_example_names_a_version_that_is_or_will_be() -> None:
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")

    assert f"rev: v{__version__}" in text
