"""Shows records of the state, and any other nested facts, as indented text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.core.state import Record, State
from reconciler.output.changes import shown
from reconciler.output.document import BLANK, Document, Line, Span, Style, Table, heading, line, plural, table


def records(state: State) -> Document:
    """The records of a state as a table."""
    rows = [
        (
            r.address,
            r.kind,
            str(r.id if r.id is not None else ""),
            r.origin + (f", {r.condition}" if r.condition else ""),
        )
        for r in state.records.values()
    ]
    last = line(f"{plural(len(rows), 'resource')}, serial {state.serial}, lineage {state.lineage}")
    return [table(("ADDRESS", "KIND", "ID", "ORIGIN"), rows), last] if rows else [last]


def record(one: Record) -> Document:
    """One record in full; secrets by name only."""
    facts: dict[str, Any] = {"kind": one.kind, "primitive": one.primitive.value, "id": one.id, "source": one.source}
    facts |= {"fields": dict(one.fields), "secrets": sorted(one.digests), "local": dict(one.local)}
    facts |= {"alias": one.alias, "condition": one.condition, "updated_at": one.updated_at}
    return [heading(one.address), *nested({k: v for k, v in facts.items() if v not in (None, "", {}, [])}, indent=2)]


def explanation(address: str, facts: Mapping[str, Any]) -> Document:
    """Where an entry's values come from, as a table, and what is recorded of it."""
    where = f", declared at {facts['declared_at']}" if facts.get("declared_at") else ", declared nowhere"
    blocks: list[Line | Table] = [heading(address)]
    blocks += [line(f"{facts['kind']}{where}")] if "kind" in facts else []
    if values := facts.get("values"):
        rows = [(name, str(one["value"]), one["from"]) for name, one in values.items()]
        blocks += [BLANK, table(("FIELD", "VALUE", "FROM"), rows)]
    blocks += [line(Span("note: ", Style.NAME), note) for note in facts.get("notes", ())]
    if recorded := facts.get("recorded"):
        kept = [(name, shown(value)) for name, value in recorded["fields"].items()]
        kept += [(name, "(secret)") for name in recorded["secrets"]]
        number = f", id {recorded['id']}" if recorded["id"] is not None else ""
        blocks += [BLANK, line(f"recorded{number}"), table(("FIELD", "VALUE"), kept)]
    return blocks


def nested(facts: Mapping[str, Any], indent: int = 0) -> list[Line]:
    """Facts as `name: value` lines, maps and lists of maps indented below their names."""
    rows: list[Line] = []
    for name, value in facts.items():
        label = Span(f"{name}: ", Style.NAME)
        if isinstance(value, Mapping) and value:
            rows += [Line((label,), indent), *nested(value, indent + 2)]
        elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
            rows.append(Line((label,), indent))
            for item in value:
                inner = (
                    nested(item, indent + 4) if isinstance(item, Mapping) else [line(shown(item), indent=indent + 4)]
                )
                first = Line((Span("- "), *inner[0].spans), indent + 2) if inner else line("-", indent=indent + 2)
                rows += [first, *inner[1:]]
        else:
            rows.append(
                line(label, value if isinstance(value, str) else shown(value), indent=indent, hang=len(name) + 2)
            )
    return rows
