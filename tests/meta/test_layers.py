"""The import arrows of ARCHITECTURE.md, as data and as a check."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "reconciler"
LEAVES = {"engine", "providers", "integrations", "backends", "secrets", "history", "output"}
ARROWS: dict[str, set[str]] = {
    "core": set(),
    **{leaf: {"core"} for leaf in LEAVES},
    "sandbox": set(),
    "wiring": LEAVES - {"output"} | {"core", "sandbox"},
    "cli": {"wiring", "engine", "output", "sandbox", "core"},
    "integration_management": {"wiring", "engine", "core"},
    "api": {"wiring", "engine", "core"},
    "__init__": {"api"},
    "__main__": {"cli"},
}
STRANGERS = {"integrations", "backends", "secrets", "output"}
"""Siblings here do not meet, except through what the layer shares."""
SHARED = {
    "integrations": {
        "base",
        "catalogue",
        "index",
        "rules",
        "native",
        "native_chat",
        "native_trackers",
        "objects",
        "webhook",
        "flows",
        "__init__",
    },
    "backends": {"journal", "place", "objects", "gitlab_store", "jobs", "gitlab_journal", "__init__"},
    "secrets": {"files", "__init__"},
    "output": set(),
}
OUTSIDE = {  # package -> the only places that may import it
    "click": {"cli"},
    "deepdiff": {"core/diff.py"},
    "filelock": {"backends/file.py"},
    "obstore": {"backends/objects.py", "backends/objectstore.py"},
    "pydantic": {"core"},
    "pydantic_core": {"core"},
    "typing_extensions": {"core/value.py"},
    "requests": {"providers/deadline.py", "providers/transport.py", "sandbox", "secrets/vault.py"},
    "urllib3": {"providers/deadline.py", "providers/transport.py"},
    "yaml": {"core/yamltree.py"},
    "rich": {"cli", "output"},
    "jinja2": {"output"},
    "prometheus_client": {"output", "integrations"},
    "hvac": {"secrets"},
    "boto3": {"secrets"},
    "botocore": {"secrets"},
}
PURE = {"core", "integrations"}
EFFECTS = {
    "datetime",
    "http",
    "logging",
    "os",
    "pathlib",
    "random",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "uuid",
}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every (line, dotted name) a file imports, with relative imports resolved."""
    package = ("reconciler", *path.relative_to(PACKAGE).parent.parts)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [
                only for only in node.body if "reconciler" in ast.unparse(only)
            ]  # types of others cost nothing
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*above, *filter(None, [node.module])])
            yield from ((node.lineno, f"{stem}.{alias.name}") for alias in node.names)


def allowed(place: str, name: str) -> bool:
    layer, _, inner = place.removesuffix(".py").partition("/")
    top, *rest = name.split(".")
    if top == "reconciler":
        if rest[:1] != [layer]:
            inside = not rest or rest[0] in ARROWS[layer] or rest[0].startswith("__")
            return inside and not (layer == "wiring" and rest[:1] == ["sandbox"] and rest[1:2] != ["fronts"])
        if layer not in STRANGERS or layer == "output":
            return True
        own = inner.split("/")[0]
        return own in SHARED[layer] or rest[1:2] == [own] or bool({*rest[1:2]} & SHARED[layer])
    if top in sys.stdlib_module_names:
        return not (layer in PURE and top in EFFECTS) and not (layer in PURE and name.startswith("urllib.request"))
    return bool({layer, place} & OUTSIDE.get(top, set()))


@pytest.mark.parametrize("place", sorted(p.relative_to(PACKAGE).as_posix() for p in PACKAGE.rglob("*.py")))
def test_a_file_imports_only_along_the_arrows(place: str) -> None:
    wrong = [f"line {line}: {name}" for line, name in imported(PACKAGE / place) if not allowed(place, name)]

    assert wrong == []


@pytest.mark.parametrize("package", sorted(LEAVES | {"core", "sandbox"}))
def test_files_of_a_package_do_not_import_each_other_in_a_circle(package: str) -> None:
    modules = {_module(path): path for path in (PACKAGE / package).rglob("*.py")}
    left = {
        name: {known for _, said in imported(path) if (known := _nearest(said, modules)) and known != name}
        for name, path in modules.items()
    }

    while free := [name for name, wanted in left.items() if not wanted & left.keys()]:
        for name in free:
            del left[name]

    assert sorted(left) == []


def _module(path: Path) -> str:
    return ".".join(("reconciler", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def _nearest(said: str, modules: Collection[str]) -> str | None:
    """The module that an import of `said`, a module or a name in one, reads."""
    return next((name for name in (said, said.rpartition(".")[0]) if name in modules), None)
