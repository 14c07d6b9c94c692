"""Reads manifests and settings from folders: what is found, what is skipped, and what is refused.

A folder that is missing, empty or unreadable is an error, because "nothing is declared" would mean "delete everything".
Links that lead out of the folder are refused rather than skipped, for the same reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.core.errors import InputError, Place, Problem
from reconciler.core.settings import DEFAULT_MANIFESTS, FILE_NAME
from reconciler.core.source import Source
from reconciler.core.yamltree import MAX_BYTES

ENDINGS = (".yaml", ".yml")
MAX_FILES = 20_000
NO_MANIFESTS = "no manifests"
"""The summary of the problem that a folder is missing or empty."""


def read_manifests(
    paths: Sequence[str], *, base: Path, skip: Path | None = None
) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Every manifest below the paths (files or folders, `manifests` when none are given), in order of their names.

    Paths count from `base`, and so do the names under which files are shown. `skip` is the settings file. The second
    value are the roots: the paths that were read, in one spelling. Raises `InputError` with everything that is wrong.
    """
    problems: list[Problem] = []
    found: dict[Path, Path] = {}
    roots: list[str] = []
    for given in paths or (DEFAULT_MANIFESTS,):
        root = base / given
        roots.append(named(root, base))
        try:
            files = list(_files(root, base, problems))
        except OSError as error:
            problems.append(_unreadable(named(root, base), error))
            continue
        files = [file for file in files if not skip or _real(file) != _real(skip)]
        if not files and not problems:
            detail = f"`{roots[-1]}` holds no {' or '.join(f'*{ending}' for ending in ENDINGS)} file"
            hint = "an empty folder never means that everything shall be deleted; `destroy` does that"
            problems.append(Problem(NO_MANIFESTS, detail, hint, Place(roots[-1])))
        found |= {_real(file): file for file in files}
    if len(found) > MAX_FILES:
        detail = f"{len(found)} files, the limit is {MAX_FILES}"
        problems.append(Problem("too many manifests", detail, "name a smaller folder"))
    sources = [] if problems else [_read(file, base, problems) for file in found.values()]
    if problems:
        raise InputError(problems)
    ordered = sorted((source for source in sources if source), key=lambda source: source.file)
    return tuple(ordered), tuple(dict.fromkeys(roots))


def find_settings(given: str | None, *, base: Path) -> Source | None:
    """The settings file that is named, counted from `base`; else `reconciler.yaml` there, if there is one.

    Raises `InputError` when the named one is missing, or when it cannot be read.
    """
    path = base / (given or FILE_NAME)
    if given is None and not os.path.lexists(path):
        return None
    problems: list[Problem] = []
    source = _read(path, base, problems)
    if source is None:
        raise InputError(problems)
    return source


def named(path: Path, base: Path) -> str:
    """How a path is shown and compared: from `base` where it lies below it, with slashes, as text in any locale."""
    plain, home = Path(os.path.abspath(path)), Path(os.path.abspath(base))
    name = (plain.relative_to(home) if plain.is_relative_to(home) else plain).as_posix()
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


# ---------------------------------------------------------------------------------------------------------------------


def _files(root: Path, base: Path, problems: list[Problem]) -> Iterator[Path]:
    """The manifests at a path: itself when it is a file, else those below it, hidden ones left out."""
    if not root.is_dir():
        if not root.exists():
            detail = f"there is no `{named(root, base)}`"
            hint = "name the folder with `--manifests`, or create it with `reconciler init`"
            problems.append(Problem(NO_MANIFESTS, detail, hint, Place(named(root, base))))
            return
        yield root
        return
    real = _real(root)

    def failed(error: OSError) -> None:
        problems.append(_unreadable(named(Path(error.filename or root), base), error))

    for folder, folders, files in os.walk(root, onerror=failed):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in folders if (here / name).is_symlink()]
        for name in (*linked, *sorted(files)):
            path = here / name
            if name.startswith(".") or (name not in linked and path.suffix.lower() not in ENDINGS):
                continue
            if path.is_symlink() and not _real(path).is_relative_to(real):
                detail = f"`{named(path, base)}` leads out of `{named(root, base)}`"
                hint = "copy the file, or name its folder with `--manifests` as well"
                problems.append(Problem("a link that is not followed", detail, hint, Place(named(path, base))))
            elif name not in linked:
                yield path


def _real(path: Path) -> Path:
    """Where a path leads; that of links that lead round in a circle is their own, and reading it says so."""
    return Path(os.path.realpath(path))


def _read(path: Path, base: Path, problems: list[Problem]) -> Source | None:
    """One file, as much of it as may be; None and a problem when it cannot be read."""
    name = named(path, base)
    try:
        if not path.is_file():
            missing = not path.exists()
            detail = f"there is no `{name}`" if missing else f"`{name}` is no ordinary file"
            problems.append(Problem("a file that cannot be read", detail, "correct the path", Place(name)))
            return None
        with path.open("rb") as file:
            return Source(name, file.read(MAX_BYTES + 1))
    except OSError as error:
        problems.append(_unreadable(name, error))
        return None


def _unreadable(name: str, error: OSError) -> Problem:
    reason = (error.strerror or type(error).__name__).lower()
    return Problem("a file that cannot be read", f"`{name}`: {reason}", "check its permissions", Place(name))
