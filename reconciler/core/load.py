"""Manifests in, declarations out: reads every file, collects everything wrong in all of them. Pure.

The order is: documents of all files, then templates, then entries (which may use templates of other files), then what
only shows when all entries are seen together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from reconciler.core.conflict import conflicts
from reconciler.core.declare import Declaring, declare_entries, declare_template
from reconciler.core.entry import Declarations, Entry, Template
from reconciler.core.errors import Problem
from reconciler.core.manifest import Document, documents
from reconciler.core.resource import NOTHING, Catalogue
from reconciler.core.source import Findings, Source, TooMany
from reconciler.core.spec import Specs


def load_declarations(
    sources: Sequence[Source],
    catalogue: Callable[[Iterable[str] | None], Catalogue],
    *,
    plaintext_secrets: bool = False,
    builtin_templates: Mapping[str, Template] = NOTHING,
) -> tuple[Declarations, tuple[Problem, ...]]:
    """What the manifests declare, and everything wrong with them; entries that are wrong are left out.

    `catalogue` gives the catalogue of some kinds, or of all (None).
    """
    read = [(findings, documents(findings)) for findings in map(Findings, sources)]
    declared = [document for _, found in read for document in found]
    types, used = _named("type", declared), _named("template", declared)
    known = catalogue({*types, *(builtin_templates[name].kind for name in used & builtin_templates.keys())})
    if not types <= known.kinds.keys():
        known = catalogue(None)
    using = Declaring(Specs(known), dict(builtin_templates), plaintext=plaintext_secrets)
    for findings, found in read:
        with suppress(TooMany):
            _templates(found, findings, using)
    entries: list[Entry] = []
    for findings, found in read:
        with suppress(TooMany):
            for document in found:
                entries.extend(declare_entries(document, findings, using))
    # Aliases and merge keys bring one mistake to several entries: it is said once.
    problems = list(dict.fromkeys(problem for findings, _ in read for problem in findings.problems))
    if not problems and not any(found for _, found in read):
        problems.append(_NOTHING)
    problems += _twice(entries)
    problems += conflicts([entry for entry in entries if entry.scope], known)
    declarations = Declarations(
        tuple(entries), using.templates, tuple(source.file for source in sources), digest_of(sources)
    )
    return declarations, tuple(problems)


def digest_of(sources: Iterable[Source]) -> str:
    """A digest of the contents of files, whatever their order and names."""
    each = sorted(hashlib.sha256(source.body).digest() for source in sources)
    return hashlib.sha256(b"".join(each)).hexdigest()


# ---------------------------------------------------------------------------------------------------------------------


_NOTHING = Problem(
    "no declarations",
    "the manifests hold nothing but blanks and comments",
    "an empty folder never means that everything shall be deleted; `destroy` does that",
)


def _named(key: str, found: Iterable[Document]) -> set[str]:
    """Every type, or template, that is named anywhere."""
    nodes = (node for document in found for _, _, node in (*document.entries, *(("", *t) for t in document.templates)))
    named = (node.value[key].value for node in nodes if isinstance(node.value, dict) and key in node.value)
    return {name for name in named if isinstance(name, str)}


def _templates(found: list[Document], findings: Findings, using: Declaring) -> None:
    for document in found:
        for name, node in document.templates:
            known = using.templates.get(name)
            if known:
                where = f"at {known.place}" if known.place else "among the built-in templates"
                detail = f"template `{name}` stands {where} already"
                findings.add("a name that stands twice", detail, "rename one of them", at=node.key_at)
                continue
            template = declare_template(name, node, findings, using)
            if template:
                using.templates[name] = template
            else:
                using.broken.add(name)


def _twice(entries: list[Entry]) -> list[Problem]:
    """Entries of one name in one section of one scope, or of the same targets."""
    first: dict[tuple[object, str, str], Entry] = {}
    problems = []
    for entry in entries:
        what = entry.scope.key if entry.scope else entry.targets
        key = (what, entry.section, entry.name)
        known = first.setdefault(key, entry)
        if known is not entry:
            detail = f"`{entry.address}` stands at {known.place} already"
            hint = "rename one of them, or remove it"
            problems.append(Problem("a name that stands twice", detail, hint, entry.place, entry.address))
    return problems
