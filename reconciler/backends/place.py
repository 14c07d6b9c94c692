"""Writing files so that a crash leaves either the old or the new, readable by nobody else."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
from pathlib import Path

from reconciler.core.errors import StateError

OURS = ".reconciler"
"""The folder that is ours, and which keeps itself out of repositories."""


def private_folder(folder: Path) -> None:
    """Make a folder for our eyes only, if it is not there; `.reconciler` keeps itself out of git."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours = next((one for one in (folder, *folder.parents) if one.name == OURS), None)
        if ours is not None and not (ours / ".gitignore").exists():
            (ours / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StateError(f"{folder}: cannot be made ({error.strerror})") from error


def replace_file(path: Path, body: bytes, *, keep: Path | None = None) -> None:
    """Write beside, fsync, rename, fsync the folder. `keep` is a second name that the new content gets first."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        if keep is not None:
            _second_name(beside, keep, body)
        beside.replace(path)
        fsync_folder(path.parent)
    except OSError as error:
        raise StateError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what killed writers of a file left beside it; nobody may be writing it now."""
    with contextlib.suppress(OSError):
        for stray in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}.new"):
            stray.unlink(missing_ok=True)


def fsync_folder(folder: Path) -> None:
    """Make a folder's entries durable, where the file system can."""
    with contextlib.suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


# ---------------------------------------------------------------------------------------------------------------------


def _second_name(path: Path, name: Path, body: bytes) -> None:
    name.unlink(missing_ok=True)
    try:
        name.hardlink_to(path)
    except OSError:
        replace_file(name, body)
