"""What an entry of a kind may state, as a pydantic model made from the kind's fields.

The models are strict and closed, and every field is optional in them: what is missing is only known once the template
is merged in. pydantic says which value is wrong; what people read is written here, from the field's own description.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic import Field as FormField

from reconciler.core.address import ScopeType
from reconciler.core.resource import Catalogue, Field, FieldType, Kind, Shape
from reconciler.core.source import MOST_PROBLEMS, called, closest, said
from reconciler.core.trim import trims
from reconciler.core.value import Text, Value

Path = tuple[str | int, ...]

_OF_SECTION: Mapping[tuple[str, ScopeType], str] = {
    ("webhooks", ScopeType.PROJECT): "webhook",
    ("webhooks", ScopeType.GROUP): "webhook",
    ("webhooks", ScopeType.INSTANCE): "system_hook",
    ("oauth_applications", ScopeType.INSTANCE): "oauth_application",
}
"""Kinds that are given by the section and by what it is for."""


RESERVED = frozenset({"type", "template", "lifecycle", "inherit", "credentials"})
"""Keys of an entry that are no fields."""


@dataclass(frozen=True, slots=True)
class Objection:
    """One wrong value: where in the entry, what sort of problem, the particulars, and what to do."""

    path: Path
    summary: str
    detail: str
    hint: str = ""
    on_key: bool = False
    """The key itself is wrong, and its value could be anything."""


def kind_of_section(section: str, scope: ScopeType) -> str | None:
    """The kind that a section's entries have, None where they say it by `type` or cannot stand."""
    return _OF_SECTION.get((section, scope))


def shape_of(kind: Kind, scope: ScopeType, catalogue: Catalogue) -> Shape | None:
    """The table of a kind's main resource at a scope: groups have webhooks of their own."""
    if kind.shape and kind.shape.name == "hook" and scope is ScopeType.GROUP:
        return catalogue.shapes.get("group_hook", kind.shape)
    return kind.shape


class Spec:
    """The fields that a kind has at a scope, and the model that checks them."""

    def __init__(self, kind: Kind, shape: Shape | None, scope: ScopeType) -> None:
        self.kind, self.shape, self.scope = kind, shape, scope
        own = shape.by_name if shape else {}
        self.fields: dict[str, Field] = {f.name: own.get(f.name, f) for f in kind.fields if f.name not in RESERVED}
        if shape and kind.shape and shape is not kind.shape:
            self.fields |= {f.name: f for f in shape.fields if f.name not in self.fields and f.name not in RESERVED}
        self.trims = frozenset(name for name, f in self.fields.items() if trims(f))
        self.required = tuple(name for name, f in self.fields.items() if f.required)
        # Attributes are numbered: names in manifests may be names that pydantic keeps for itself.
        members: dict[str, Any] = {
            f"field_{n}": (self._type(f), FormField(None, alias=f.name)) for n, f in enumerate(self.fields.values())
        }
        config = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True)
        model: type[BaseModel] = create_model("Entry", __config__=config, **members)
        self._validate = model.__pydantic_validator__.validate_python

    def events(self, field: Field) -> tuple[str, ...]:
        """The events that a field may list."""
        return tuple(str(c) for c in field.choices) or (tuple(self.shape.events) if self.shape else ())

    def objections(self, values: Mapping[str, Value], extra: frozenset[str] = frozenset()) -> list[Objection]:
        """Everything wrong with single values; `extra` are further keys that an entry may have, for hints."""
        try:
            self._validate(values)
        except ValidationError as error:
            paths: dict[Path, None] = {}
            for item in error.errors(include_url=False, include_context=False, include_input=False):
                paths[self._path(item["loc"])] = None
            inner = {path[:1] for path in paths if len(path) > 1}
            wrong = (path for path in paths if path not in inner)
            return [self._explained(path, values, extra) for path in islice(wrong, MOST_PROBLEMS)]
        return []

    def _type(self, field: Field) -> Any:
        match field.type:
            case FieldType.STRING if field.choices and not field.secret:
                return _one_of((*field.choices, None)) | Text
            case FieldType.STRING:
                return str | Text if field.secret else str | Text | None
            case FieldType.BOOLEAN:
                return bool | Text
            case FieldType.INTEGER if field.choices:
                return _one_of(field.choices) | Text
            case FieldType.INTEGER:
                return int | Text
            case FieldType.STRINGS if field.choices:
                return _list_of(_one_of(field.choices) | Text) | Text
            case FieldType.STRINGS:
                return tuple[str | Text, ...] | Text
            case FieldType.EVENTS:
                return _list_of(_one_of(self.events(field))) | Text
            case FieldType.MAP:
                return dict[str, str | Text]

    def _path(self, location: tuple[str | int, ...]) -> Path:
        """An error's place without the names of union members: the field, and the item or key within it."""
        name = str(location[0])
        field = self.fields.get(name)
        if field is None:
            return (name,)
        if field.type is FieldType.MAP and len(location) > 1:
            return (name, str(location[1]))
        index = next((part for part in location[1:] if isinstance(part, int)), None)
        return (name,) if index is None else (name, index)

    def _explained(self, path: Path, values: Mapping[str, Value], extra: frozenset[str]) -> Objection:
        name = str(path[0])
        field = self.fields.get(name)
        if field is None:
            return self._unknown(name, extra)
        value = values[name]
        if len(path) > 1:
            value = value[path[1]]
        if value is None:
            detail = f"`{'.'.join(str(part) for part in path)}` has none"
            return Objection(path, "a field without a value", detail, _NO_VALUE, on_key=True)
        if field.type is FieldType.EVENTS and len(path) > 1 and isinstance(value, str):
            return self._bad_event(path, name, value, field)
        scalar = len(path) > 1 or field.type in (FieldType.STRING, FieldType.INTEGER)
        if field.choices and scalar and type(value) is type(field.choices[0]) and not field.secret:
            choices = ", ".join(f"`{c}`" for c in field.choices)
            near = closest(value, map(str, field.choices)) if isinstance(value, str) else ""
            hint = near or f"choices are {choices}"
            return Objection(path, "not one of the choices", f"`{name}` cannot be `{str(value)[:60]}`", hint)
        wanted, hint = _WANTED[field.type if len(path) == 1 else FieldType.STRING]
        inner = f" `{path[1]}`" if field.type is FieldType.MAP and len(path) > 1 else ""
        what = f"an item of `{name}`" if len(path) > 1 and not inner else f"`{name}`{inner}"
        return Objection(path, "a value of the wrong type", f"{what} must be {wanted}, not {said(value)}", hint)

    def guess(self, name: str) -> str:
        """The field that an unknown one was meant to be; empty when that cannot be told."""
        return self.kind.renamed.get(name) or next(iter(get_close_matches(name[:80], self.fields, n=1)), "")

    def _unknown(self, name: str, extra: frozenset[str]) -> Objection:
        title = self.kind.title
        ours = self.kind.renamed.get(name)
        if ours:
            hint = f"called `{ours}` here"
        else:
            hint = closest(name, (*self.fields, *extra))
            if not hint:
                known = ", ".join(f"`{n}`" for n in list(self.fields)[:12])
                hint = f"fields are {known}" + (", …" if len(self.fields) > 12 else "")
        return Objection((name,), "an unknown field", f"{title} has no `{name}`", hint, on_key=True)

    def _bad_event(self, path: Path, name: str, event: str, field: Field) -> Objection:
        reason = self.shape.unstorable_events.get(event) if self.shape else None
        if reason:
            return Objection(path, "an event that GitLab cannot store", f"`{event}`: {reason}", "remove it")
        events = self.events(field)
        wires = {wire: ours for ours, wire in (self.shape.events if self.shape else {}).items()}
        ours = wires.get(event) or wires.get(f"{event}_events") or wires.get(event.removesuffix("s"))
        if ours:
            hint = f"called `{ours}` here"
        else:
            hint = closest(event, events) or "events are " + ", ".join(f"`{e}`" for e in sorted(events))
        detail = f"{self.kind.title} has no event `{event[:60]}` on {called(self.scope)}"
        return Objection(path, "an unknown event", detail, hint)


class Specs:
    """The specs of a catalogue, each made once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._made: dict[tuple[str, ScopeType], Spec] = {}

    def of(self, kind: str, scope: ScopeType) -> Spec:
        """The spec of a kind at a scope; raises KeyError for an unknown kind."""
        found = self._made.get((kind, scope))
        if found is None:
            known = self.catalogue.kinds[kind]
            found = self._made[(kind, scope)] = Spec(known, shape_of(known, scope, self.catalogue), scope)
        return found


# ---------------------------------------------------------------------------------------------------------------------

_NO_VALUE = "state a value, or remove the line; GitLab never gets a null for it"
_WANTED: Mapping[FieldType, tuple[str, str]] = {
    FieldType.STRING: ("text", "put it in quotes"),
    FieldType.BOOLEAN: ("`true` or `false`", "write it without quotes"),
    FieldType.INTEGER: ("a whole number", "write it without quotes"),
    FieldType.STRINGS: ("a list of texts", "write `[one, two]`"),
    FieldType.EVENTS: ("a list of events", "write `[push, …]`"),
    FieldType.MAP: ("a mapping from text to text", "write `key: value` lines under it"),
}


def _one_of(choices: tuple[Any, ...]) -> Any:
    return Literal[choices]


def _list_of(item: Any) -> Any:
    return tuple[item, ...]
