"""From a configuration as a program gives it to an entry, checked by the rules that hold for manifests.

Pure but for asking which variables supply what was left out.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from reconciler.core.address import Scope
from reconciler.core.declare import Declaring, declare_entries, declare_template
from reconciler.core.entry import Entry, Template
from reconciler.core.errors import InputError, Problem, Severity
from reconciler.core.manifest import Document
from reconciler.core.resource import NOTHING, Catalogue, FieldType, Kind, Origin
from reconciler.core.source import Findings, Source
from reconciler.core.spec import Spec, Specs
from reconciler.core.supply import STATED, reference_to, variable_of
from reconciler.core.yamltree import Node

OURS = frozenset({"name", "created_at", STATED})
"""What is kept of an entry besides its fields."""

Supply = Callable[[str], str | None]
"""Who supplies a field that was left out: the text to put there, None where nobody does."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Something that a program wants: `title` is its name for people, `config` everything else that it said.

    `standing` is what a configuration need not repeat of something that is there: what is required, and how its
    service is reached.
    """

    kind: Kind
    scope: Scope
    title: str
    name: str
    config: Mapping[str, Any]
    alias: str
    created_at: str
    standing: Mapping[str, Any] = NOTHING

    @property
    def address(self) -> str:
        """The address that it gets."""
        return f"{self.scope.path}:{self.kind.section}.{self.name}"


def entry_of_config(draft: Draft, catalogue: Catalogue, templates: Mapping[str, Template], supply: Supply) -> Entry:
    """The entry that a draft describes; raises `InputError` with everything that is wrong with it."""
    specs = Specs(catalogue)
    spec = specs.of(draft.kind.name, draft.scope.type)
    config = _without_type(draft)
    template = templates.get(str(config.get("template", "")))
    stated = {**(template.default_config if template else {}), **config}
    missing: list[Problem] = []
    if config.get("inherit") is not True:
        config |= _supplied(draft.kind, spec, stated, supply)
        config = {**{name: value for name, value in draft.standing.items() if name not in stated}, **config}
        missing += _missing(draft, spec, {**stated, **config}, template)
    if draft.kind.section == "integrations":
        config["type"] = draft.kind.name
    findings = Findings(Source(""))
    document = Document(draft.scope, entries=[(draft.kind.section, draft.name, _node(config, findings, ""))])
    entries = list(declare_entries(document, findings, Declaring(specs, dict(templates), plaintext=True)))
    lacked = {name: variable_of(draft.kind.name, name) for name in spec.fields.keys() - stated.keys() - config.keys()}
    told = [_with_variable(problem, lacked) for problem in findings.problems]
    _raise([*missing, *told], draft.address, bool(missing))
    entry = entries[0]
    ours: dict[str, Any] = {"created_at": draft.created_at, STATED: dict(_secrets(spec, entry.values))}
    if "name" not in spec.fields:
        ours["name"] = draft.title
    return replace(
        entry, values={**entry.values, **ours}, place=None, lines=NOTHING, origin=Origin.PYTHON, alias=draft.alias
    )


def template_of_config(name: str, config: Mapping[str, Any], catalogue: Catalogue) -> Template:
    """A template that a program describes; secrets in it must be references, because it is kept."""
    findings = Findings(Source(""))
    given = {key: value for key, value in config.items() if key not in ("name", "integration_type")}
    kind = config.get("integration_type", config.get("type"))
    node = _node({**given, "type": kind_name(kind)}, findings, "")
    template = declare_template(name, node, findings, Declaring(Specs(catalogue)))
    _raise(findings.problems, f"template `{name}`", False)
    assert template is not None
    return replace(template, place=None, lines=NOTHING)


def kind_name(given: object) -> object:
    """The name of a kind in the form of manifests: `microsoft_teams` is `microsoft-teams`."""
    if isinstance(given, Enum):
        given = given.value
    if isinstance(given, str) and given not in ("oauth_application", "system_hook"):
        return given.strip().lower().replace("_", "-").replace(" ", "-")
    return given


def slug_of(title: str) -> str:
    """The name in an address that a title becomes; titles that differ only in case and punctuation share one."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9_]+", "-", plain.lower()).strip("-_")
    if slug and len(slug) <= _LONGEST:
        return slug
    mark = hashlib.sha256(title.encode()).hexdigest()[:8]
    return f"{slug[: _LONGEST - 9]}-{mark}" if slug else f"n-{mark}"


def title_of_url(url: object) -> str:
    """A title for something that has none but an address."""
    parts = urlsplit(url) if isinstance(url, str) else None
    return f"{parts.hostname}{parts.path}".rstrip("/") if parts and parts.hostname else ""


# ---------------------------------------------------------------------------------------------------------------------

_LONGEST = 63
_MISSING = "a required field is missing"
_ONE_OF_MANY = frozenset({"webhooks", "oauth_applications"})
"""Sections of which a scope has many entries: what is common to all of a kind supplies only what they must state."""


def _without_type(draft: Draft) -> dict[str, Any]:
    config = dict(draft.config)
    type_ = config.pop("type", config.pop("integration_type", draft.kind.name))
    if kind_name(type_) != draft.kind.name:
        detail = f"`type` says `{type_}`, this creates `{draft.kind.name}`"
        raise InputError([Problem("another type", detail, "leave `type` away", address=draft.address)])
    return config


def _supplied(kind: Kind, spec: Spec, stated: Mapping[str, Any], supply: Supply) -> dict[str, str]:
    """What was left out and some variable supplies."""
    found = {}
    for name, field in spec.fields.items():
        if name in stated or name in OURS or field.type is FieldType.MAP:
            continue
        if field.required or kind.section not in _ONE_OF_MANY:
            text = supply(name)
            if text is not None:
                found[name] = text
    return found


def _secrets(spec: Spec, values: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The secrets that an entry states, each with the reference that gives it."""
    for name, value in sorted(values.items()):
        if name not in spec.fields or not spec.fields[name].secret:
            continue
        if isinstance(value, Mapping):
            yield from ((f"{name}.{key}", reference_to(item)) for key, item in sorted(value.items()))
        else:
            yield name, reference_to(value)


def _missing(draft: Draft, spec: Spec, stated: Mapping[str, Any], template: Template | None) -> Iterable[Problem]:
    wanted = dict.fromkeys((*spec.required, *(template.required_fields if template else ())))
    for name in wanted:
        if stated.get(name) in (None, ""):
            hint = f"give `{name}`, or set {variable_of(draft.kind.name, name)}"
            why = "" if name in spec.required else " (its template wants it)"
            yield Problem(_MISSING, f"{draft.kind.title} needs `{name}`{why}", hint, address=draft.address)


def _with_variable(problem: Problem, lacked: Mapping[str, str]) -> Problem:
    """A problem with the variable of the field that it is about, where that field was left out."""
    name = problem.detail[1:].partition("`")[0] if problem.detail.startswith("`") else ""
    return replace(problem, hint=f"{problem.hint}, or set {lacked[name]}") if name in lacked else problem


def _raise(problems: Iterable[Problem], address: str, told: bool) -> None:
    """Raise everything that is wrong; what is missing has been told in a program's words already."""
    wrong = [
        replace(problem, place=None, address=address)
        for problem in problems
        if problem.severity is Severity.ERROR and not (told and problem.place and problem.summary == _MISSING)
    ]
    if wrong:
        raise InputError(wrong)


def _node(value: object, findings: Findings, path: str) -> Node:
    """A value as the checks read it: without a position."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Mapping):
        inner = {str(key): _node(item, findings, f"{path}.{key}".lstrip(".")) for key, item in value.items()}
        return Node(inner, 0, 0)
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return Node([_node(item, findings, path) for item in items], 0, 0)
    if value is not None and not isinstance(value, bool | int | float | str):
        detail = f"`{path}` must be text, a number, true or false, a list or a mapping, not {type(value).__name__}"
        findings.add("a value of the wrong type", detail, at=(0, 0))
        value = None
    return Node(value if value is None or isinstance(value, bool) else _base(value), 0, 0)


def _base(value: Any) -> object:
    """Text and numbers of derived classes as what they are."""
    return next((base(value) for base in (str, int, float) if isinstance(value, base)), value)
