"""Writes the files that people ask for: whole or not at all, so that a reader never sees half of one."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from pathlib import Path

from reconciler.core.errors import ReconcilerError


def write_file(path: str | Path, text: str, what: str) -> None:
    """Write a file of text in one move; raises `ReconcilerError` saying that `what` cannot be written.

    Pipes and devices (`/dev/stdout`) are written to as they are; a link is followed.
    """
    given = Path(path)
    try:
        body = text.encode("utf-8")
        given.parent.mkdir(parents=True, exist_ok=True)
        if (given.exists() and not given.is_file()) or given.is_relative_to("/dev"):
            given.write_bytes(body)
        else:
            _replace(given.resolve(), body)
    except UnicodeEncodeError as error:
        raise ReconcilerError(f"{path}: the {what} cannot be written: it holds what is no text") from error
    except OSError as error:
        raise ReconcilerError(f"{path}: the {what} cannot be written: {error.strerror}") from error


# ---------------------------------------------------------------------------------------------------------------------


def _replace(path: Path, body: bytes) -> None:
    beside = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        with beside.open("xb") as file:
            file.write(body)
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
