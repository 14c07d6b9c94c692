"""A journal as a local file: lines are appended and fsynced; a line that a crash tore is no line."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from reconciler.backends.place import fsync_folder, private_folder, replace_file
from reconciler.core.errors import StateError

TAIL = 1 << 20
"""Bytes from the end in which the last line's beginning is looked for at once."""


class FileJournal:
    """Implements `ports.Journal`. Lines of several threads do not mix."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._guard = threading.Lock()

    def append(self, lines: Sequence[str]) -> None:
        """Add lines; on return they are on the disk."""
        if not lines:
            return
        body = _body(lines)
        with self._guard:
            try:
                file = self._file if self._file is not None else self._open()
                while body:
                    body = body[os.write(file, body) :]
                os.fsync(file)
            except OSError as error:
                self._close()  # opening it again cuts off what was torn
                raise StateError(f"{self._path}: cannot be written ({error.strerror})") from error

    def read(self) -> list[str]:
        """Every whole line."""
        try:
            body = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StateError(f"{self._path}: cannot be read ({error.strerror})") from error
        return body.decode("utf-8", "replace").split("\n")[:-1]

    def restart(self, lines: Sequence[str] = ()) -> None:
        """Forget all lines and begin with these, in one step."""
        body = _body(lines)
        with self._guard:
            self._close()
            if body:
                private_folder(self._path.parent)
                replace_file(self._path, body)
                return
            try:
                self._path.unlink(missing_ok=True)
            except OSError as error:
                raise StateError(f"{self._path}: cannot be removed ({error.strerror})") from error
            fsync_folder(self._path.parent)

    def __del__(self) -> None:
        self._close()

    # -----------------------------------------------------------------------------------------------------------------

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        private_folder(self._path.parent)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        size = os.fstat(file).st_size
        if size == 0:
            fsync_folder(self._path.parent)
        elif os.pread(file, 1, size - 1) != b"\n":
            os.ftruncate(file, self._end_of_whole_lines(file, size))
        self._file = file
        return file

    def _end_of_whole_lines(self, file: int, size: int) -> int:
        begin = max(0, size - TAIL)
        found = os.pread(file, size - begin, begin).rfind(b"\n")
        if found < 0 and begin:
            found, begin = os.pread(file, size, 0).rfind(b"\n"), 0
        return begin + found + 1


# ---------------------------------------------------------------------------------------------------------------------


def _body(lines: Sequence[str]) -> bytes:
    if any("\n" in line for line in lines):
        raise ValueError("a journal's line must not hold a line break")
    return "".join(f"{line}\n" for line in lines).encode()
