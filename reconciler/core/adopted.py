"""From drafts to manifests: a file for each scope, what many projects share as one template or one entry. Pure.

Equal settings on several scopes become a template; entries then state their secrets only. Where every project below an
adopted group has an equal entry without secrets, one entry under `targets` stands for all of them: only then it says
exactly what is there.
"""

from __future__ import annotations

import json
import posixpath
import re
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.address import NAME, ScopeType
from reconciler.core.adopt import Draft, owner_of
from reconciler.core.refs import is_forbidden, written
from reconciler.core.resource import NOTHING
from reconciler.core.value import Plain
from reconciler.core.yamltext import entries, text

TEMPLATES = "templates.yaml"
INSTANCE = "instance.yaml"
_LONGEST_VARIABLE = 255


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that a written reference names, for the secret of one entry."""

    name: str
    address: str
    field: str


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A file to write. `lines` gives the entries that begin at a line (several under `targets`)."""

    path: str
    text: str
    lines: Mapping[int, tuple[str, ...]]

    def at(self, line: int) -> tuple[str, ...]:
        """The addresses of the entry in which a line stands; all of them above the first."""
        above = [number for number in self.lines if number <= line]
        return self.lines[max(above)] if above else tuple(a for found in self.lines.values() for a in found)


@dataclass(frozen=True, slots=True)
class Manifests:
    """Everything to write. `templates` counts the entries of each template; `fleets` those under `targets`."""

    files: tuple[ManifestFile, ...] = ()
    variables: tuple[Variable, ...] = ()
    templates: Mapping[str, int] = NOTHING
    fleets: Mapping[str, int] = NOTHING


def write(
    drafts: Sequence[Draft],
    *,
    folder: str,
    schema_from: Callable[[str], str],
    fleets: Mapping[str, frozenset[str]] = NOTHING,
    templates: Iterable[str] = (),
) -> Manifests:
    """The manifests of some drafts, below `folder`.

    `schema_from` gives the way from a file to the schema. `fleets` are groups with the keys of every project that
    targets below them match. `templates` are names that are given away.
    """
    variables = _variables(drafts)
    references = {(each.address, each.field): f"${{env:{each.name}}}" for each in variables}
    paths = _Paths(folder)
    files: list[_File] = []
    counted: dict[str, int] = {}
    for group, keys in fleets.items():
        shared = _of_fleet(drafts, keys)
        if shared:
            file = _File(paths.of(f"{group}.projects"), f"Every project below `{group}`, new ones included.")
            file.add('targets:\n  projects: ["' + group + '/**"]')
            _sections(file, [(same[0], same, None) for same in shared], references)
            files.append(file)
            gone = {draft.address for same in shared for draft in same}
            drafts = [draft for draft in drafts if draft.address not in gone]
            counted[group] = len(gone)
    named = _templates(drafts, set(templates))
    if named:
        file = _File(paths.of(TEMPLATES), "Settings that several adopted entries share.")
        file.add("templates:")
        for name, same in named.items():
            file.at([draft.address for draft in same])
            file.add("\n".join(_template(name, same)))
        files.append(file)
    template_of = {draft.address: name for name, same in named.items() for draft in same}
    by_scope: dict[tuple[str, str], list[Draft]] = defaultdict(list)
    for draft in drafts:
        by_scope[draft.found.scope.type, draft.found.scope.path].append(draft)
    for (type_, path), own in by_scope.items():
        instance = type_ == ScopeType.INSTANCE
        file = _File(paths.of(INSTANCE if instance else path))
        file.add("instance: true" if instance else f"{type_}: {text(path)}")
        _sections(file, [(draft, [draft], template_of.get(draft.address)) for draft in own], references)
        files.append(file)
    return Manifests(
        tuple(file.done(schema_from(file.path)) for file in files),
        tuple(variables),
        {name: len(same) for name, same in named.items()},
        counted,
    )


# ---------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _File:
    """A file in the making; its first line is the way to the schema, the second may say what it is."""

    path: str
    about: str = ""
    rows: list[str] = field(default_factory=list)
    lines: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def add(self, block: str) -> None:
        """Further lines."""
        self.rows += block.split("\n")

    def at(self, addresses: Iterable[str]) -> None:
        """What follows is about these entries."""
        self.lines[self._head + len(self.rows) + 1] = tuple(addresses)

    def done(self, schema: str) -> ManifestFile:
        """The file."""
        head = [f"# yaml-language-server: $schema={schema}", *([f"# {self.about}"] if self.about else [])]
        return ManifestFile(self.path, "\n".join([*head, *self.rows]) + "\n", self.lines)

    @property
    def _head(self) -> int:
        return 2 if self.about else 1


class _Paths:
    """Paths of files, each given once; none is hidden, because hidden files are no manifests."""

    def __init__(self, folder: str) -> None:
        self._folder, self._given = folder, set[str]()

    def of(self, name: str) -> str:
        """The path for a scope's file."""
        parts = [f"_{part}" if part.startswith(".") else part for part in name.removesuffix(".yaml").split("/")]
        stem = posixpath.normpath(posixpath.join(self._folder, *parts))
        path, number = f"{stem}.yaml", 1
        while path.lower() in self._given:
            number += 1
            path = f"{stem}-{number}.yaml"
        self._given.add(path.lower())
        return path


def _sections(
    file: _File, wanted: Iterable[tuple[Draft, list[Draft], str | None]], references: Mapping[tuple[str, str], str]
) -> None:
    """Entries under their sections: a draft, all that it stands for, and its template."""
    by_section: dict[str, list[tuple[Draft, list[Draft], str | None]]] = defaultdict(list)
    for each in wanted:
        by_section[each[0].section].append(each)
    for section, members in by_section.items():
        file.add(f"\n{section}:")
        for draft, same, template in members:
            file.at([each.address for each in same])
            file.add("\n".join(_entry(draft, template, references)))


def _entry(draft: Draft, template: str | None, references: Mapping[tuple[str, str], str]) -> Iterator[str]:
    stated: dict[str, Plain] = {}
    if template:
        stated["template"] = template
    elif draft.section == "integrations":
        stated["type"] = draft.kind
    if draft.inherit:
        stated["inherit"] = True
    for name in draft.stated:
        if name in draft.values:
            if not template:
                stated[name] = _as_written(draft.values[name])
            continue
        held = {each: references[draft.address, each] for each in draft.secrets if owner_of(each) == name}
        whole = held.get(name)
        stated[name] = whole if whole else {each.partition(".")[2]: said for each, said in held.items()}
    yield f"  {text(draft.name)}:" if stated else f"  {text(draft.name)}: {{}}"
    yield from entries(stated, 4)
    if draft.unsure:
        told = f"GitLab does not say whether these are set: {', '.join(draft.unsure)}"
        yield from textwrap.wrap(told, 110, initial_indent="    # ", subsequent_indent="    # ", break_on_hyphens=False)


def _template(name: str, same: Sequence[Draft]) -> Iterator[str]:
    first = same[0]
    secrets = tuple(dict.fromkeys(map(owner_of, first.secrets)))
    config = {each: _as_written(first.values[each]) for each in first.stated if each in first.values}
    yield f"  {text(name)}:"
    yield from entries(
        {
            "type": first.kind,
            "description": f"Adopted from {len(same)} places that had the same settings.",
            "default_config": config,
            **({"required_fields": secrets} if secrets else {}),
        },
        4,
    )


def _as_written(value: Plain) -> Plain:
    """A value as manifests must write it, so that nothing in it is taken for a reference."""
    if isinstance(value, str):
        return written(value)
    return tuple(_as_written(item) for item in value) if isinstance(value, tuple) else value


def _settings(draft: Draft) -> tuple[str, ...]:
    """By which entries are told to be equal, their names and secrets' values apart."""
    values = json.dumps([[name, draft.values.get(name)] for name in draft.stated], sort_keys=True)
    return (draft.kind, draft.found.item.shape, values, *draft.secrets, str(draft.inherit))


def _of_fleet(drafts: Iterable[Draft], projects: frozenset[str]) -> list[list[Draft]]:
    """Drafts that every project of a group has, and that hold no secret, for whether those are equal is not known."""
    same: dict[tuple[str, ...], list[Draft]] = defaultdict(list)
    for draft in drafts:
        scope = draft.found.scope
        hidden = draft.secrets or draft.unsure
        if scope.type is ScopeType.PROJECT and scope.key in projects and not hidden:
            same[draft.section, draft.name, *_settings(draft)].append(draft)
    return [each for each in same.values() if len(each) > 1 and len(each) == len(projects)]


def _templates(drafts: Iterable[Draft], taken: set[str]) -> dict[str, list[Draft]]:
    """Templates by name, for settings that several scopes share."""
    same: dict[tuple[str, ...], list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.values:
            same[_settings(draft)].append(draft)
    found: dict[str, list[Draft]] = {}
    for members in same.values():
        if len({member.found.scope.key for member in members}) < 2:
            continue
        first = members[0].name
        name, number = first, 1
        while name in taken or not NAME.fullmatch(name):
            number += 1
            name = f"{first[:58]}-{number}"
        taken.add(name)
        found[name] = members
    return found


def _variables(drafts: Iterable[Draft]) -> list[Variable]:
    """A variable for each secret, named after scope, entry and field; no two are the same."""
    given: set[str] = set()
    found = []
    for draft in drafts:
        for secret in draft.secrets:
            words = f"{draft.found.scope.path}_{draft.name}_{secret}".upper()
            first = re.sub(r"[^A-Z0-9]+", "_", words).strip("_")[: _LONGEST_VARIABLE - 12]
            if is_forbidden(first) or not first[:1].isalpha():
                first = f"SECRET_{first}"
            name, number = first, 1
            while name in given:
                number += 1
                name = f"{first}_{number}"
            given.add(name)
            found.append(Variable(name, draft.address, secret))
    return found
