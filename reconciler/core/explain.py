"""Where an entry's values come from: the entry itself, its template, the glob that matched. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.entry import Declarations, Entry
from reconciler.core.errors import Place
from reconciler.core.refs import written
from reconciler.core.resource import Catalogue
from reconciler.core.value import Secret, Text, Value


@dataclass(frozen=True, slots=True)
class Origin:
    """One value in effect: the field, the value as it may be shown, and where it was written."""

    field: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an entry is and why: `notes` say what is not visible in its own lines."""

    address: str
    kind: str
    place: Place | None
    values: tuple[Origin, ...] = ()
    notes: tuple[str, ...] = ()


def explain(entry: Entry, declarations: Declarations, catalogue: Catalogue) -> Explanation:
    """Every value of an entry with its source. Secrets show as the references they are."""
    known = catalogue.kinds[entry.kind].by_name
    values = []
    for name, value in entry.values.items():
        secret = name in known and known[name].secret
        values.append(Origin(name, _shown(value, secret), _source(entry, name, declarations)))
    return Explanation(entry.address, entry.kind, entry.place, tuple(values), tuple(_notes(entry)))


# ---------------------------------------------------------------------------------------------------------------------


def _source(entry: Entry, name: str, declarations: Declarations) -> str:
    file = entry.place.file if entry.place else ""
    if name not in entry.defaulted:
        line = entry.lines.get(name)
        return f"{file}:{line[0]}" if line else file or str(entry.origin)
    template = declarations.templates[entry.template]
    where = template.lines.get(name)
    at = f", {template.place.file}:{where[0]}" if template.place and where else ", built in"
    return f"template `{template.name}`{at}"


def _notes(entry: Entry) -> list[str]:
    notes = []
    if entry.targets:
        patterns = ", ".join(f"`{pattern}`" for pattern in entry.targets.projects)
        topics = f", where it has the topics {', '.join(entry.targets.topics)}" if entry.targets.topics else ""
        notes.append(f"the project is matched by {patterns} ({entry.targets.place}){topics}")
    if entry.replaces:
        notes.append(f"replaces the entry at {entry.replaces} as a whole, which targets would put here")
    if entry.inherit:
        notes.append("uses the settings of the group above")
    if entry.lifecycle.ignore:
        notes.append(f"changes of {', '.join(f'`{name}`' for name in entry.lifecycle.ignore)} are ignored")
    if entry.lifecycle.prevent_destroy:
        notes.append("is protected from deletion (`prevent_destroy`)")
    return notes


def _shown(value: Value, secret: bool) -> str:
    match value:
        case Text():
            return value.source
        case Secret():
            return value.reference or "(secret)"
        case Mapping():
            return "{" + ", ".join(f"{key}: {_shown(item, secret)}" for key, item in value.items()) + "}"
        case tuple():
            return "[" + ", ".join(_shown(item, secret) for item in value) + "]"
        case bool():
            return str(value).lower()
        case None:
            return "(empty)"
        case str():
            return "(secret)" if secret else written(value)
        case _:
            return str(value)
