"""Every example can be used as it stands: it validates, applies on the default world, and leaves nothing to do."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from reconciler.core.report import StepStatus
from reconciler.integrations.catalogue import load, rows
from reconciler.integrations.index import SECTION_KINDS
from tests.scenarios.harness import Story

ROOT = Path(__file__).resolve().parents[2] / "examples"
FOLDERS = sorted(path.parent for path in ROOT.rglob("manifest.yaml"))
OWN = sorted({*SECTION_KINDS, *(n for n, r in rows().items() if not r.module.startswith("native"))} - {"system_hook"})
NAMES = [str(folder.relative_to(ROOT)) for folder in FOLDERS]


def variables(folder: Path) -> dict[str, str]:
    """The values for the example's references."""
    words = shlex.split((folder / "env").read_text(encoding="utf-8"))  # as `. env` in a shell reads it
    return dict(word.split("=", 1) for word in words)


def story(folder: Path, tmp_path: Path) -> Story:
    (tmp_path / "manifests").mkdir()
    shutil.copy(folder / "manifest.yaml", tmp_path / "manifests")
    return Story(tmp_path, variables(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_an_example_applies_and_then_there_is_nothing_to_do(folder: Path, tmp_path: Path) -> None:
    told = story(folder, tmp_path)

    report = told.apply()

    assert [(o.address, o.message) for o in report.outcomes if o.status is not StepStatus.DONE] == []
    assert report.outcomes
    again = told.plan()
    assert [step.address for step in again.steps] == []
    assert again.blocked == ()


def test_every_kind_that_gitlab_can_have_has_an_example() -> None:
    text = "\n".join((folder / "manifest.yaml").read_text(encoding="utf-8") for folder in FOLDERS)
    shapes = load().shapes
    missing = [name for name in rows() if f"type: {name}\n" not in text]

    assert [name for name in missing if not shapes[name].unavailable] == []
    assert len(missing) == 4


@pytest.mark.parametrize("name", OWN)
def test_every_kind_of_its_own_has_a_folder_of_its_own(name: str) -> None:
    assert (ROOT / name / "manifest.yaml").exists()


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_an_examples_variables_are_the_ones_that_it_refers_to(folder: Path) -> None:
    text = (folder / "manifest.yaml").read_text(encoding="utf-8")

    for name, value in variables(folder).items():
        assert f"${{env:{name}}}" in text
        assert value
    assert text.count("${env:") >= len(variables(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_each_document_of_an_example_points_its_editor_to_the_schema(folder: Path) -> None:
    for document in (folder / "manifest.yaml").read_text(encoding="utf-8").split("\n---\n"):
        first = document.splitlines()[0]
        where = first.partition("$schema=")[2]

        assert (folder / where).resolve() == ROOT.parent / "schemas" / "manifest.schema.json"
