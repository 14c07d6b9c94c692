"""An estate with a canary in every secret field of every kind, and a look for canaries in everything left behind.

Each canary is sixteen hexadecimal digits of its own, so that it fits into keys, tokens, URLs and private keys alike,
and a find says which field leaked.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from reconciler.core.address import ScopeType
from reconciler.core.resource import Field, Kind
from reconciler.integrations.catalogue import load
from reconciler.sandbox.seed import DEFAULT_SEED

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CATALOGUE = load(None)
SEED_CANARY = "cafe4711beef"
FIND = re.compile(rb"cafe-?4711-?beef-?[0-9]{3}", re.IGNORECASE)
ENCODED = [base64.b64encode(b" " * shift + SEED_CANARY.encode())[shift and shift + 1 :][:12] for shift in range(3)]
"""What a canary looks like in base64 at each of its three alignments, without the ends that depend on neighbours."""

ELSEWHERE = {"build_key": "API-{}", "dsn": "https://{}@sentry.io/1"}
SIGNING = "whsec_"
"""Forms of secrets that stand in no example, or that the example's form cannot show."""


@dataclass
class Estate:
    """Manifests by file name, the variables that they refer to, and whose canary is which."""

    manifests: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    projects: list[str] = field(default_factory=list)

    def canary(self, owner: str, like: str = "") -> str:
        """A reference to a new canary in a value of some form."""
        marker = f"{SEED_CANARY}{len(self.owners):03}a"
        self.owners[marker[:-1]] = owner
        name = "C_" + re.sub(r"\W", "_", owner).upper()
        self.environ[name] = _formed(marker, like)
        return f"${{env:{name}}}"

    def seed(self) -> dict[str, Any]:
        """A world with a project for each kind, on a GitLab that has signing tokens."""
        projects = [{"path": f"myorg/{name}"} for name in ("portal", *self.projects)]
        return {**DEFAULT_SEED, "version": "19.0.0-ee", "projects": projects}


def estate() -> Estate:
    """Every kind that GitLab can have, each on a project of its own; hooks at every scope; an application."""
    made = Estate()
    values = _example_values()
    for kind in CATALOGUE.kinds.values():
        if kind.section == "integrations" and not (kind.shape and kind.shape.unavailable):
            _add(made, kind, values)
    hook = _hook(made, "project")
    made.manifests["hooks.yaml"] = yaml.safe_dump_all(
        [
            {
                "project": "myorg/portal",
                "webhooks": {"everything": {**hook, "signing_token": made.canary("signing", SIGNING)}},
            },
            {"group": "myorg", "webhooks": {"everything": _hook(made, "group")}},
            {"instance": True, "webhooks": {"everything": _hook(made, "system")}},
        ]
    )
    variables = {"project": "myorg/portal", "client_id": "APP_ID", "client_secret": "APP_SECRET"}
    made.manifests["applications.yaml"] = yaml.safe_dump(
        {
            "instance": True,
            "oauth_applications": {
                "portal": {
                    "redirect_uri": "https://portal.example/callback",
                    "scopes": ["api"],
                    "credentials": {"variables": variables},
                }
            },
        }
    )
    return made


def found(text: str | bytes, owners: Mapping[str, str]) -> list[str]:
    """Whose canaries are in a text, in the plain or in base64."""
    body = text.encode() if isinstance(text, str) else text
    plain = {match.decode().lower().replace("-", "") for match in FIND.findall(body)}
    encoded = ["something, in base64"] if any(one in body for one in ENCODED) else []
    return sorted(owners.get(marker, marker) for marker in plain) + encoded


def leaks(folder: Path, owners: Mapping[str, str]) -> dict[str, list[str]]:
    """Every file below a folder that holds a canary, in its name or its contents."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): what for path in files if (what := found(path.read_bytes() + str(path).encode(), owners))}


# ---------------------------------------------------------------------------------------------------------------------


def _add(made: Estate, kind: Kind, values: Mapping[str, str]) -> None:
    entry = _example(kind.name)
    scope = "project" if ScopeType.PROJECT in kind.scopes else "group"
    for name, spec in kind.by_name.items():
        if spec.secret and not spec.unstorable:
            stated = str(entry.get(name, ""))
            entry[name] = made.canary(f"{kind.name}.{name}", _form(spec, values.get(stated, ""), entry))
    for value in entry.values():
        if isinstance(value, str) and value in values:
            made.environ[value[6:-1]] = values[value]
    made.projects.append(f"k-{kind.name}")
    path = f"myorg/k-{kind.name}" if scope == "project" else "myorg"
    made.manifests[f"{kind.name}.yaml"] = yaml.safe_dump({scope: path, "integrations": {"it": entry}})


def _form(spec: Field, value: str, entry: Mapping[str, Any]) -> str:
    if spec.name in ELSEWHERE:
        return ELSEWHERE[spec.name]
    if not value and spec.name.endswith("_channel"):
        return "https://discord.com/api/webhooks/1/{}"
    return value


def _hook(made: Estate, where: str) -> dict[str, Any]:
    return {
        "url": "https://in.example/{key}",
        "events": ["push"],
        "secret_token": made.canary(f"{where} hook token"),
        "custom_headers": {"X-Team": made.canary(f"{where} hook header")},
        "url_variables": {"key": made.canary(f"{where} hook variable")},
    }


def _formed(marker: str, like: str) -> str:
    """A value of the form of another one, with a canary in it."""
    if like == SIGNING:
        return SIGNING + base64.b64encode(marker.encode() * 2).decode()
    if "{}" in like:
        return like.format(marker.upper() if like[:1].isupper() else marker)
    for part in ("0123456789abcdef", "example"):
        if part in like:
            return like.replace(part, marker, 1)
    return marker + "xyz"


def _documents() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(EXAMPLES.rglob("manifest.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            yield path, document or {}


def _example(kind: str) -> dict[str, Any]:
    """An entry of a kind from the examples, its own folder's first."""
    entries = [
        (path.parent.name != kind, n, entry)
        for n, (path, document) in enumerate(_documents())
        for entry in document.get("integrations", {}).values()
        if entry.get("type") == kind and "template" not in entry and not entry.get("inherit")
    ]
    entry: dict[str, Any] = dict(min(entries)[2])
    return {name: value for name, value in entry.items() if name != "lifecycle"}


def _example_values() -> dict[str, str]:
    """What the references of the examples stand for, by reference."""
    found: dict[str, str] = {}
    for path in sorted(EXAMPLES.rglob("env")):
        for word in shlex.split(path.read_text(encoding="utf-8")):  # as a shell reads it
            name, _, value = word.partition("=")
            found[f"${{env:{name}}}"] = value
    return found


def of_world(world: Any) -> set[str]:
    """Which canaries a sandbox's world holds: those that were sent."""
    text = json.dumps(world.to_json()).lower()
    return set(re.findall(SEED_CANARY + "[0-9]{3}", text))
