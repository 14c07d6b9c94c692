"""What a workspace is put together from: options, settings and environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.errors import UsageError
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
