"""Writes `schemas/` afresh: `python -m tests.meta.write_schemas`."""

from __future__ import annotations

from pathlib import Path

from reconciler.core.jsonformats import NAMES, schema_of, to_text
from reconciler.integrations.catalogue import load

if __name__ == "__main__":
    for name in NAMES:
        path = Path(__file__).resolve().parents[2] / "schemas" / f"{name}.schema.json"
        path.write_text(to_text(schema_of(name, load())), encoding="utf-8", newline="\n")
