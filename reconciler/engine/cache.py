"""Keeps what unchanged manifests declare, so that they need not be read and checked again.

One file for each set of roots, under `.reconciler/cache/`. It is used only when the manifests' contents, the tool's
version and its own files are those it was made from, and only when nobody else can have written it. Nothing is kept of
manifests with problems, of those that may hold secrets, and of small ones. A cache that cannot be read or written is
no error.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.core.entry import Declarations, Template
from reconciler.core.entryformat import from_plain, to_plain
from reconciler.core.resource import NOTHING
from reconciler.core.source import Source

SMALLEST = 64 * 1024
"""Bytes of manifests below which reading them is as quick as reading the cache."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Declarations kept in a folder. `code` are the folders of the tool's own files that decide what is declared."""

    folder: Path
    version: str
    code: Sequence[Path] = ()

    def load(self, sources: Sequence[Source], templates: Mapping[str, Template] = NOTHING) -> Declarations | None:
        """What these manifests declare, if it is known."""
        if _size(sources) < SMALLEST:
            return None
        data = _read(self._path(sources))
        if not isinstance(data, dict) or data.get("key") != self._key(sources, templates):
            return None
        try:
            return from_plain(data.get("declarations"), templates=templates)
        except ValueError:
            return None

    def store(
        self, sources: Sequence[Source], declarations: Declarations, templates: Mapping[str, Template] = NOTHING
    ) -> None:
        """Remember what these manifests declare; they must be without problems and without secrets."""
        if _size(sources) < SMALLEST:
            return
        plain = to_plain(declarations, without=templates)
        body = json.dumps({"key": self._key(sources, templates), "declarations": plain}, ensure_ascii=False)
        with suppress(OSError, UnicodeEncodeError):
            _prepare(self.folder)
            path = self._path(sources)
            beside = path.with_name(f"{path.name}.{os.getpid()}")
            beside.write_text(body, "utf-8")
            beside.chmod(0o600)
            beside.replace(path)

    def _path(self, sources: Sequence[Source]) -> Path:
        names = "\n".join(sorted(source.file for source in sources))
        return self.folder / f"declared-{hashlib.sha256(names.encode('utf-8', 'replace')).hexdigest()[:16]}.json"

    def _key(self, sources: Sequence[Source], templates: Mapping[str, Template]) -> str:
        digest = hashlib.sha256(f"{self.version}\n{_stamp(self.code)}\n{sorted(templates)}\n".encode())
        for source in sources:
            name = source.file.encode("utf-8", "replace")
            digest.update(len(name).to_bytes(8, "big") + name + hashlib.sha256(source.body).digest())
        return digest.hexdigest()


# ---------------------------------------------------------------------------------------------------------------------


def _size(sources: Sequence[Source]) -> int:
    return sum(len(source.body) for source in sources)


def _read(path: Path) -> Any:
    """A file's JSON, None when there is none or others could have written it."""
    with suppress(OSError, ValueError):
        if all(_is_ours(path_) for path_ in (path, path.parent)):
            return json.loads(path.read_bytes())
    return None


def _is_ours(path: Path) -> bool:
    """Whether only we can write to a file or folder."""
    found = path.lstat()
    kind_is_right = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    return kind_is_right and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _prepare(folder: Path) -> None:
    """The folder, for us alone, and left out of git."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = folder.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", "utf-8")


def _stamp(folders: Iterable[Path]) -> int:
    """When the tool's own files were changed last: between releases the version stays and the rules move."""
    newest = 0
    for folder in folders:
        with suppress(OSError):
            for found in os.scandir(folder):
                newest = max(newest, found.stat().st_mtime_ns)
    return newest
