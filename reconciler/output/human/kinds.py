"""Shows what can be declared: kinds, their fields, and an example to copy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from reconciler.core.resource import Action, Field, FieldType, Kind
from reconciler.output.document import BLANK, Document, Line, Span, Style, Table, heading, line, plural, table

_SAMPLES = {
    FieldType.BOOLEAN: "true",
    FieldType.INTEGER: "1",
    FieldType.STRINGS: "[…]",
    FieldType.MAP: "{…: …}",
    FieldType.EVENTS: "[push]",
    FieldType.STRING: "…",
}


def kinds(found: Sequence[Kind]) -> Document:
    """Kinds as a table by category."""
    rows = [(one.name, one.category, one.summary) for one in sorted(found, key=lambda k: (k.category, k.name))]
    last = line(f"{plural(len(rows), 'kind')}. `reconciler kinds show NAME` shows one.")
    return [table(("KIND", "CATEGORY", "WHAT"), rows), BLANK, last]


def kind(one: Kind) -> Document:
    """One kind: what it is, its fields, events, actions, and an example."""
    blocks: list[Line | Table] = [heading(f"{one.title} ({one.name})"), line(one.summary), BLANK]
    scopes = ", ".join(sorted(scope.value for scope in one.scopes))
    blocks.append(line(Span("stands in: ", Style.NAME), f"{one.section} of a {scopes}"))
    if one.documentation:
        blocks.append(line(Span("documentation: ", Style.NAME), one.documentation))
    if one.shape and one.shape.unavailable:
        blocks.append(line(Span("not to be had: ", Style.WARNING), one.shape.unavailable))
    rows = [(f.name, f.type.value, _marks(f), _what(f)) for f in one.fields if f.type is not FieldType.EVENTS]
    blocks += [BLANK, heading("Fields"), table(("FIELD", "TYPE", "", "WHAT"), rows, indent=2)]
    if one.shape and one.shape.events:
        blocks += [BLANK, heading("Events"), line(", ".join(sorted(one.shape.events)), indent=2, hang=0)]
    if one.actions:
        blocks += [BLANK, heading("Actions"), *(actions(one.actions, indent=2))]
    blocks += [BLANK] if one.manual else []
    blocks += [line(Span("by hand: ", Style.NAME), step) for step in one.manual]
    return [*blocks, BLANK, heading("Example"), *(line(row, indent=2) for row in example(one))]


def actions(found: Mapping[str, Action], indent: int = 0) -> Document:
    """What may be asked, with the parameters."""
    if not found:
        return [line("Nothing may be asked of it.", indent=indent)]
    blocks: list[Line | Table] = []
    for name, action in sorted(found.items()):
        blocks.append(line(Span(name, Style.NAME), f"  {action.summary}", indent=indent))
        rows = [(f"-p {f.name}", _form(f), _marks(f), f.summary) for f in action.parameters]
        blocks += [table(("", "", "", ""), rows, indent=indent + 2)] if rows else []
    return blocks


def example(one: Kind) -> list[str]:
    """The smallest manifest entry of a kind: its required fields, secrets as references."""
    rows = [f"{one.section}:", "  my-name:"]
    if one.section == "integrations":
        rows.append(f"    type: {one.name}")
    rows += [f"    {field.name}: {_sample(one, field)}" for field in one.fields if field.required]
    if one.shape and one.shape.events and not any(row.strip().startswith("events:") for row in rows):
        usual = [name for name in ("push", "merge_request", "pipeline") if name in one.shape.events]
        names = usual or sorted(one.shape.default_events or one.shape.events)[:3]
        rows.append(f"    events: [{', '.join(names)}]")
    return rows


# ---------------------------------------------------------------------------------------------------------------------


def _what(field: Field) -> str:
    choices = ", ".join(str(choice) for choice in field.choices)
    return f"{field.summary} One of {choices}." if choices else field.summary


def _marks(field: Field) -> str:
    marks = [
        ("required", field.required),
        ("secret", field.secret),
        ("not shown by GitLab", not field.readable and not field.secret),
        ("groups only", field.group_only),
        ("cannot be stored", bool(field.unstorable)),
    ]
    return ", ".join(words for words, holds in marks if holds)


def _form(parameter: Field) -> str:
    choices = "|".join(str(choice) for choice in parameter.choices)
    return choices or {FieldType.DATA: "JSON"}.get(parameter.type, parameter.type.value)


def _sample(one: Kind, field: Field) -> str:
    if field.secret:
        return f"${{env:{one.name.upper().replace('-', '_')}_{field.name.upper()}}}"
    if field.example is not None:
        return json.dumps(field.example)
    if field.choices:
        return str(field.choices[0])
    return _SAMPLES[field.type]
