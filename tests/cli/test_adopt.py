"""The adopt command on the pretend GitLab: what was applied, forgotten and adopted again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.test_on_the_sandbox import Sandboxed, data, sandboxed

__all__ = ["sandboxed"]


@pytest.fixture
def forgotten(sandboxed: Sandboxed, tmp_path: Path) -> Sandboxed:
    """An estate that was applied, whose manifests and state are lost."""
    assert sandboxed("apply", "--auto-approve")[0] == 0
    shutil.rmtree(tmp_path / "manifests")
    (tmp_path / ".reconciler" / "sandbox" / "state.json").unlink()
    return sandboxed


def test_a_project_is_adopted_and_the_plan_is_empty(forgotten: Sandboxed) -> None:
    code, out, _ = forgotten("adopt", "myorg/shop")

    assert code == 0
    assert out.startswith("wrote manifests/myorg/shop.yaml\n")
    assert "MYORG_SHOP_SLACK_WEBHOOK_URL" in out
    assert "the next plan is empty" in out.splitlines()[-1]
    assert forgotten("plan", "--detailed-exitcode")[0] == 0
    assert forgotten("validate")[0] == 0


def test_json_holds_files_variables_and_proof(forgotten: Sandboxed) -> None:
    answer = data(forgotten("adopt", "myorg/shop", "@instance", "--dry-run", "-o", "json"))

    assert (answer["proven"], answer["written"], answer["recorded"]) == (True, False, False)
    assert "manifests/myorg/shop.yaml" in [file["path"] for file in answer["files"]]
    assert {"name", "address", "field"} == set(answer["variables"][0])
    assert answer["planned"] == []


def test_a_dry_run_shows_the_manifests(forgotten: Sandboxed, tmp_path: Path) -> None:
    code, out, _ = forgotten("adopt", "myorg/shop", "--dry-run")

    assert code == 0
    assert "would write manifests/myorg/shop.yaml\n  # yaml-language-server: $schema=../../schemas/" in out
    assert "Would adopt" in out
    assert not (tmp_path / "manifests").exists()


def test_without_state_the_next_step_is_said(forgotten: Sandboxed) -> None:
    _, out, _ = forgotten("adopt", "myorg/shop", "--no-state")

    assert "`reconciler apply` adopts them" in out


def test_an_unreadable_scope_fails_and_names_it(forgotten: Sandboxed) -> None:
    code, _, err = forgotten("adopt", "myorg/nowhere")

    assert code == 1
    assert "myorg/nowhere" in err
    assert "--skip-unreadable" in err


def test_nothing_to_adopt_is_said(sandboxed: Sandboxed) -> None:
    code, out, _ = sandboxed("adopt", "myorg/web")

    assert (code, out) == (0, "Nothing to adopt.\n")


def test_without_a_path_the_command_line_is_wrong(sandboxed: Sandboxed) -> None:
    assert sandboxed("adopt")[0] == 64
