"""What a workspace is put together from: options, settings and environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import SecretUnavailable, UsageError
from reconciler.core.events import Silent
from reconciler.engine.workspace import Workspace
from reconciler.wiring import Options, open_workspace


def opened(folder: Path, environ: dict[str, str] | None = None, **options: str) -> Workspace:
    return open_workspace(Options(cwd=str(folder), **options), Silent(), environ=environ or {})  # type: ignore[arg-type]


@pytest.mark.parametrize("said", ["no", "off", "0", "FALSE", ""])
def test_a_sandbox_that_is_switched_off_is_none(tmp_path: Path, said: str) -> None:
    with opened(tmp_path, {"RECONCILER_SANDBOX": said}) as workspace:
        assert workspace.gitlab_url == "https://gitlab.com"


def test_a_sandbox_that_is_neither_on_nor_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="RECONCILER_SANDBOX"):
        opened(tmp_path, {"RECONCILER_SANDBOX": "maybe"})


def test_paths_of_a_settings_file_count_from_its_folder_and_those_of_options_from_ours(tmp_path: Path) -> None:
    (tmp_path / "infra" / "teams").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    manifest = "project: myorg/shop\nwebhooks: {x: {url: 'https://x.example', events: [push]}}\n"
    (tmp_path / "infra" / "teams" / "a.yaml").write_text(manifest, encoding="utf-8")
    (tmp_path / "here" / "b.yaml").write_text(manifest, encoding="utf-8")
    (tmp_path / "infra" / "ours.yaml").write_text("manifests: teams\n", encoding="utf-8")

    with opened(tmp_path, settings="infra/ours.yaml") as workspace:
        assert [source.file for source in workspace.read_sources(())[0]] == ["infra/teams/a.yaml"]
        assert [source.file for source in workspace.read_sources(("here",))[0]] == ["here/b.yaml"]
        assert workspace.backend.url.endswith("/infra/.reconciler/state.json")
    with opened(tmp_path, settings=str(tmp_path / "infra" / "ours.yaml"), state="mine.json") as workspace:
        assert [source.file for source in workspace.read_sources(())[0]] == ["infra/teams/a.yaml"]
        assert workspace.backend.url == f"file:{tmp_path / 'mine.json'}"


def test_without_a_token_the_first_question_to_gitlab_says_what_to_set(tmp_path: Path) -> None:
    with (
        opened(tmp_path, {"GITLAB_URL": "http://127.0.0.1:9", "GITLAB_TOKEN": " "}) as workspace,
        pytest.raises(SecretUnavailable, match=r"there is no token for GitLab: \$\{env:GITLAB_TOKEN\} is not set"),
    ):
        workspace.estate.version()


def test_a_token_of_the_settings_that_is_not_set_stops_only_what_asks_gitlab(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("gitlab: {token: '${env:OURS}'}\n", encoding="utf-8")
    with opened(tmp_path) as workspace, pytest.raises(SecretUnavailable, match=r"\$\{env:OURS\} is not set"):
        workspace.estate.scope(Scope(ScopeType.PROJECT, "myorg/shop"))
