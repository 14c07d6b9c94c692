"""Documents are complete and fresh: commands, settings, variables, names of code, links."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from reconciler.backends import SCHEMES
from reconciler.cli.front import COMMANDS
from reconciler.cli.main import root
from reconciler.cli.reporting import KINDS as REPORTS
from reconciler.core.address import SECTIONS
from reconciler.core.forms import LifecycleForm, TemplateForm, VariablesForm
from reconciler.core.manifest import HEADERS, TargetsForm
from reconciler.core.refs import OF_SCOPE, OUTSIDE
from reconciler.core.settings import Settings
from reconciler.sandbox.control import CALLS
from reconciler.sandbox.faults import DEEDS, MATCHES, check_faults
from reconciler.sandbox.seed import world_from_seed

from .documents import CATALOGUE, PARTS, REFRESH, ROOT, WHOLE, WRITTEN, whole, with_parts

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def prose(name: str) -> str:
    """A document without its fenced blocks."""
    return re.sub(r"```.*?```", "", text(name), flags=re.DOTALL)


# Generated parts


@pytest.mark.parametrize("name", WHOLE)
def test_a_generated_document_is_fresh(name: str) -> None:
    assert text(name) == whole(name), f"run `{REFRESH}`"


@pytest.mark.parametrize("name", WRITTEN)
def test_the_generated_parts_of_a_document_are_fresh(name: str) -> None:
    assert text(name) == with_parts(text(name)), f"run `{REFRESH}`"


@pytest.mark.parametrize("part", PARTS)
def test_every_generated_part_stands_somewhere(part: str) -> None:
    assert any(f"<!-- {part} -->" in text(name) for name in WRITTEN)


# Completeness


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_section_and_is_in_the_readme(command: str) -> None:
    assert f"\n## {command}\n" in text("docs/commands.md")
    assert f"[`{command}`](docs/commands.md#{command})" in text("README.md")


@pytest.mark.parametrize("kind", sorted(CATALOGUE.kinds))
def test_every_kind_has_a_section_and_is_in_the_readme(kind: str) -> None:
    assert f"\n## {kind}\n" in text("docs/kinds.md")
    assert f"(docs/kinds.md#{kind})" in text("README.md")


@pytest.mark.parametrize("key", Settings.model_fields)
def test_every_settings_key_is_documented(key: str) -> None:
    assert re.search(rf"^\| `{key}[`.]", text("docs/settings.md"), re.MULTILINE)


@pytest.mark.parametrize(
    "word",
    [
        *(f"`{name}:" for name in HEADERS),
        *(f"\n{name}:" for name in (*SECTIONS, "templates")),
        *LifecycleForm.model_fields,
        *TargetsForm.model_fields,
        *TemplateForm.model_fields,
        *VariablesForm.model_fields,
        *(f"${{{name}" for name in sorted(OUTSIDE | {"var"} | OF_SCOPE)),
    ],
)
def test_everything_that_a_manifest_may_say_is_documented(word: str) -> None:
    assert word in text("docs/manifests.md")


@pytest.mark.parametrize("word", [*DEEDS, *MATCHES, *(f"{path}`" for _, path in CALLS)])
def test_everything_that_the_sandbox_can_be_told_is_documented(word: str) -> None:
    assert re.search(rf"`(?:\w+ )?{word}|`{word}`", text("docs/sandbox.md"))


def test_the_sandbox_takes_the_seed_and_the_faults_that_are_shown() -> None:
    seed, faults = (json.loads(found) for found in re.findall(r"```json\n(.*?)```", text("docs/sandbox.md"), re.DOTALL))

    assert world_from_seed(seed, 0.0).version == (18, 9)
    assert len(check_faults(faults)) == len(faults)


@pytest.mark.parametrize("kind", REPORTS)
def test_every_report_is_documented(kind: str) -> None:
    assert f"`{kind}`" in text("docs/ci.md")


@pytest.mark.parametrize("scheme", [name for name in SCHEMES if name not in ("azure", "memory")])
def test_every_place_for_a_state_is_documented(scheme: str) -> None:
    assert f"{scheme}:" in text("README.md")


PLACES = ("wiring.py", "cli", "output", "backends", "secrets", "providers", "engine", "history")
VARIABLE = re.compile(
    r"(?:GITLAB|CI|RECONCILER|VAULT|AWS|NO|FORCE|CLICOLOR|HTTPS?|ALL|REQUESTS|CURL|SSL)_[A-Z_]+|CI|TERM|[a-z]+_proxy"
)
BY_THE_WAY = {"CI_SERVER_", "AWS_DEFAULT_", "RECONCILER_", "CI_JOB_"}
OURS_TO_WRITE = {"CI_PROJECT_PATH"}


def variables() -> Iterator[str]:
    """Environment variables that the code names, the catalogue's CI/CD variables and the sandbox left out."""
    package = ROOT / "reconciler"
    for place in PLACES:
        for path in sorted((package / place).rglob("*.py")) if place[-3:] != ".py" else [package / place]:
            if "demo" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and VARIABLE.fullmatch(node.value):
                    yield node.value


@pytest.mark.parametrize("variable", sorted(set(variables()) - BY_THE_WAY - OURS_TO_WRITE))
def test_every_environment_variable_is_documented(variable: str) -> None:
    said = "".join(text(name) for name in NAMES)

    assert variable in said or variable.upper() in said


# Truth


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    here = (ROOT / name).parent
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(name)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        where = (here / path).resolve() if path else ROOT / name
        if not where.exists() or (anchor and anchor not in anchors(where)):
            dead.append(target)

    assert dead == []


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


PACKAGES = {path.name for path in (ROOT / "reconciler").iterdir() if (path / "__init__.py").exists()}
PACKAGES |= {path.stem for path in (ROOT / "reconciler").glob("*.py")} | {"reconciler"}


def references(name: str) -> Iterator[str]:
    """Dotted names of ours in a document (`core.plan.Plan`)."""
    for found in re.findall(r"`([A-Za-z_]+(?:\.[A-Za-z_]+)+)`", prose(name)):
        if found.split(".")[0] in PACKAGES and not found.endswith((".py", ".md", ".yaml", ".json", ".db")):
            yield found


def resolved(dotted: str) -> Any:
    names = dotted.removeprefix("reconciler.").split(".")
    for length in range(len(names), -1, -1):
        try:
            found: Any = importlib.import_module(".".join(["reconciler", *names[:length]]))
        except ModuleNotFoundError:
            continue
        for name in names[length:]:
            found = getattr(found, name)
        return found
    raise AttributeError(dotted)


@pytest.mark.parametrize("dotted", sorted({one for name in NAMES for one in references(name)}))
def test_every_name_of_code_in_the_documents_exists(dotted: str) -> None:
    resolved(dotted)


def paths(name: str) -> Iterator[str]:
    for found in re.findall(r"`([\w./*-]+)`", prose(name)):
        first = found.split("/")[0]
        if "/" in found and (first in ("tests", "examples", "schemas", "docs") or first in PACKAGES):
            yield found


@pytest.mark.parametrize("path", sorted({one for name in NAMES for one in paths(name)}))
def test_every_path_in_the_documents_exists(path: str) -> None:
    base = ROOT if path.split("/")[0] in ("tests", "examples", "schemas", "docs") else ROOT / "reconciler"

    assert list(base.glob(path.rstrip("/"))) != []


def command_lines() -> Iterator[str]:
    for name in NAMES:
        for block in re.findall(r"```(?:sh|yaml)\n(.*?)```", text(name), re.DOTALL):
            for line in block.splitlines():
                if found := re.match(r"\s*(?:- |script: \[)?(reconciler [^#\]]*)", line):
                    yield found[1].strip()


@pytest.mark.parametrize("line", sorted(set(command_lines())))
def test_every_command_line_in_the_documents_parses(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = root()
    context = command.make_context("reconciler", words)
    while isinstance(command, click.Group):
        found, below, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert below is not None
        command, context = below, below.make_context(found, rest, parent=context)


ANSWERS = sorted(
    {
        found
        for folder in ("cli", "output")
        for path in (ROOT / "reconciler" / folder).rglob("*.py")
        for found in re.findall(r'\bdocument\(\s*"([a-z_]+)"', path.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("what", ANSWERS)
def test_every_answer_in_json_is_documented(what: str) -> None:
    assert f"`{what}`" in text("docs/json.md")
