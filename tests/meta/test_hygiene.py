"""What must not stand in the repository: paths of machines, hosts of package registries, notes to ourselves."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = re.compile(
    r"\.git|\.venv|\.reconciler|\.hypothesis|\.\w+_cache|__pycache__|build|dist|.*\.egg-info|\.coverage.*"
)
BINARY = {".gz", ".png", ".pyc", ".db"}
FORBIDDEN = {
    "the path of a machine": re.compile(rb"(?<![\w.}~$/-])/(?:work|root|Users|home/[a-z]+|mnt|opt)/[\w.-]+"),
    "the host of a package registry": re.compile(
        rb"pypi\.(?:org|python\.org)|pythonhosted\.org|registry\.(?:npmjs|yarnpkg)\.\w+|conda\.anaconda\.org", re.I
    ),
    "a source that readers do not have": re.compile(rb"\bDESIGN" + rb"\.md|`fac" + rb"ts/"),
    "a note to ourselves": re.compile(rb"\b(?:TO" + rb"DO|FIX" + rb"ME)\b"),
}


def ours() -> Iterator[Path]:
    """Every text file of the repository, what `.gitignore` names left out."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if not SKIPPED.fullmatch(name))
        for name in sorted(files):
            path = Path(folder, name)
            if not SKIPPED.fullmatch(name) and path.suffix not in BINARY and path != Path(__file__).resolve():
                yield path


FILES = list(ours())


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = []
    for path in FILES:
        body = path.read_bytes()
        for match in FORBIDDEN[what].finditer(body):
            line = body.count(b"\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(ROOT)}:{line}: {match[0].decode(errors='replace')}")

    assert found == []


def test_text_ends_with_one_newline_and_lines_without_blanks() -> None:
    texts = [path for path in FILES if path.suffix in (".py", ".md", ".yaml", ".yml", ".toml")]
    bodies = {path: path.read_bytes() for path in texts if "corpus" not in path.parts}  # malformed on purpose
    untidy = re.compile(rb"\r|[ \t]+$|[^\n]\Z|\n\n\Z", re.M)

    assert [str(path.relative_to(ROOT)) for path, body in bodies.items() if untidy.search(body)] == []
