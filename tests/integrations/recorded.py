"""The recorded table of integrations, and the lines in which ours differs from it on purpose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FACTS = Path(__file__).resolve().parents[2].parent / "shared" / "facts" / "gitlab-integrations.json"


def recorded() -> dict[str, dict[str, Any]]:
    """The table by slug; skips the test where the facts are not at hand."""
    if not FACTS.exists():
        pytest.skip("../shared/facts/gitlab-integrations.json is not at hand")
    return {row["slug"]: row for row in json.loads(FACTS.read_text(encoding="utf-8"))}


TYPES = {"string": "string", "boolean": "boolean", "integer": "integer", "string[]": "strings"}
TYPED_OTHERWISE = {
    ("jira", "issues_enabled"): "boolean",
    ("pushover", "priority"): "integer",
}
"""Fields that GitLab takes as text and that are something else: jira answers a boolean, priorities are numbers."""
