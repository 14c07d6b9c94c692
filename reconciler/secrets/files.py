"""References to files beside the manifests: `${file:path}`, counted from the manifests' folders and never outside."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from reconciler.core.errors import ReconcilerError
from reconciler.core.value import Reference

MAX_BYTES = 256 * 1024


class FileSecrets:
    """Answers with the text of files in some folders, the first that has the file."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [root if root.is_dir() else root.parent for root in roots]
        self._read: dict[str, str | None] = {}

    def get(self, reference: Reference) -> str | None:
        """The file's text, with one newline at its end left out; None when there is no such file."""
        if reference.name not in self._read:
            self._read[reference.name] = self._find(reference.name)
        return self._read[reference.name]

    def _find(self, name: str) -> str | None:
        for root in self._roots:
            path = root / name
            if not os.path.lexists(path):
                continue
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
                raise ReconcilerError(f"`{name}` leads out of the manifests", hint="copy the file, or use `env_file`")
            try:
                return text_of(str(path))
            except ReconcilerError as error:
                raise ReconcilerError(f"`{name}` {error.message}", hint=error.hint) from error
        return None


def text_of(path: str) -> str:
    """A small file's text, with one newline at its end left out; raises `ReconcilerError` saying what is wrong."""
    if os.path.lexists(path) and not os.path.isfile(path):
        raise ReconcilerError("is no ordinary file", hint="name a file")
    try:
        with open(path, "rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ReconcilerError(f"cannot be read: {reason}", hint="check its path and permissions") from error
    except ValueError as error:
        raise ReconcilerError("cannot be read: its name cannot be", hint="check its path") from error
    if len(body) > MAX_BYTES:
        raise ReconcilerError(f"has more than {MAX_BYTES} bytes", hint="secrets are small; check the path")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise ReconcilerError("is no UTF-8 text", hint="save it as UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")
