"""The corpus of malformed manifests: each says one thing, at the right place, in the words that it should."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.errors import Severity
from reconciler.core.load import load_declarations
from reconciler.core.source import MOST_PROBLEMS, Source
from reconciler.core.yamltree import MAX_BYTES, MAX_DOCUMENTS, MAX_NODES
from reconciler.integrations import catalogue

CORPUS = Path(__file__).parent.parent / "corpus"
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((CORPUS / "malformed.toml").read_text("utf-8"))


def _problems(body: bytes) -> list[Any]:
    _, problems = load_declarations([Source("m.yaml", body)], catalogue.load)
    return [problem for problem in problems if problem.severity is Severity.ERROR]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_malformed_manifest_says_what_is_wrong_and_where(name: str) -> None:
    expected = EXPECTED[name]

    problems = _problems((CORPUS / "malformed" / f"{name}.yaml").read_bytes())

    assert len(problems) == 1, [str(problem) for problem in problems]
    problem = problems[0]
    assert f"{problem.place.line}:{problem.place.column}" == expected["at"]
    assert problem.summary == expected["says"]
    for words in expected.get("also", []):
        assert words in str(problem)


def test_every_file_of_the_corpus_is_in_its_table() -> None:
    files = {path.stem for path in (CORPUS / "malformed").iterdir()}

    assert files == set(EXPECTED)
    assert len(files) >= 100


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"# " + b"x" * MAX_BYTES, "the file is too large"),
        (b"---\n{}\n" * (MAX_DOCUMENTS + 1), "too many documents"),
        (b"a: [" + b"1," * MAX_NODES + b"1]", "too many values"),
        (b"[" * 1_000_000, "too deeply nested"),
        (b"{a: " * 500_000, "too deeply nested"),
        (b"? " * 500_000, "a list or mapping as a key"),
        (b'"' + b"\\n" * 1_000_000, "a quote that is not closed"),
    ],
    ids=["bytes", "documents", "values", "brackets", "braces", "keys", "quote"],
)
def test_a_file_beyond_a_limit_is_refused_with_the_limit_named(body: bytes, says: str) -> None:
    assert [problem.summary for problem in _problems(body)] == [says]


@pytest.mark.parametrize(
    "body",
    [
        b"".join(b"key%d: 1\n" % n for n in range(100_000)),
        b"project: myorg/shop\nwebhooks:\n" + b"".join(b"  Name%d: 1\n" % n for n in range(100_000)),
        b"project: myorg/shop\nwebhooks:\n" + b"".join(b"  name%d: 1\n" % n for n in range(100_000)),
        b"project: myorg/shop\nwebhooks:\n a:\n" + b"".join(b"  name%d: 1\n" % n for n in range(100_000)),
        b"templates:\n" + b"".join(b"  name%d: 1\n" % n for n in range(100_000)),
        b"a: 1\n" * 100_000,
        b"targets:\n" + b"".join(b"  name%d: 1\n" % n for n in range(100_000)),
    ],
    ids=["keys", "names", "entries", "fields", "templates", "duplicates", "targets"],
)
def test_of_very_many_problems_the_first_are_told(body: bytes) -> None:
    found = _problems(body)

    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1].summary == "too many problems"


def test_a_very_long_name_is_not_repeated_in_full() -> None:
    (problem,) = _problems(b"project: myorg/shop\n" + b"x" * 1_000_000 + b": 1\n")

    assert len(str(problem)) < 3000


@pytest.mark.parametrize("body", [b"", b"# nothing\n", b"---\n---\n"])
def test_manifests_without_any_declaration_are_an_error(body: bytes) -> None:
    assert [problem.summary for problem in _problems(body)] == ["no declarations"]


def test_all_problems_of_all_files_are_found_at_once() -> None:
    bodies = [(CORPUS / "malformed" / f"{name}.yaml").read_bytes() for name in sorted(EXPECTED)]
    sources = [Source(f"{n}.yaml", body) for n, body in enumerate(bodies)]

    _, problems = load_declarations(sources, catalogue.load)

    assert len({problem.place.file for problem in problems if problem.place}) == len(sources)
