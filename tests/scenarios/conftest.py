"""Fixtures of the scenarios."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.harness import Story


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)
