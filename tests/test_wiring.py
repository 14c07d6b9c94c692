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
