"""Validates manifests: everything that can be wrong without asking anybody, all at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reconciler.core.compile import compile_entries, to_do_by_hand
from reconciler.core.report import Validation
from reconciler.engine.declared import read_manifests
from reconciler.engine.workspace import Workspace


def validate(ws: Workspace, paths: Sequence[str] = ()) -> Validation:
    """Check manifests offline; nothing is resolved and nothing asked. Problems come in the answer."""
    read = read_manifests(ws, paths)
    entries = read.declarations.entries
    catalogue = ws.catalogue({entry.kind for entry in entries})
    compiled = compile_entries((entry for entry in entries if entry.scope), catalogue)
    kinds = Counter(entry.kind for entry in entries)
    return Validation(
        (*read.problems, *compiled.problems),
        read.declarations.files,
        len(entries),
        dict(kinds),
        to_do_by_hand(compiled.manual),
    )
