"""Words with which the catalogue is written: constructors of fields, shapes and kinds.

Pure: values in, values out. Rules about values stand in `rules`; nothing here knows a service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from reconciler.core.address import ScopeType
from reconciler.core.flow import Flow
from reconciler.core.resource import (
    INHERIT,
    NOTHING,
    Action,
    Field,
    FieldType,
    Kind,
    Part,
    Primitive,
    Shape,
    Subject,
    Verdict,
)
from reconciler.core.value import Reference, Text, Value
from reconciler.integrations.index import INDEX
from reconciler.integrations.rules import Rule, not_twice, objections

PROJECT = frozenset({ScopeType.PROJECT})
GROUP = frozenset({ScopeType.GROUP})
PROJECT_AND_GROUP = PROJECT | GROUP

OFF_WHEN_NEW = frozenset({"incident", "deployment", "vulnerability"})
"""Events that a new integration has switched off; all others are on (`flags_of_a_new_record` of the recorded table)."""

_PLURAL = {
    "issue": "issues_events",
    "merge_request": "merge_requests_events",
    "confidential_issue": "confidential_issues_events",
    "release": "releases_events",
}


def flag_of(event: str) -> str:
    """GitLab's flag of an event of manifests; three integrations events and releases are plural."""
    return _PLURAL.get(event, f"{event}_events")


def text(name: str, summary: str, **more: Any) -> Field:
    """A text field."""
    return Field(name, FieldType.STRING, summary, **more)


def secret(name: str, summary: str, **more: Any) -> Field:
    """A text field that is stated by reference. GitLab may show it (private keys): it is never taken from there."""
    return Field(name, FieldType.STRING, summary, secret=True, readable=False, **more)


def boolean(name: str, summary: str, default: bool = False, **more: Any) -> Field:
    """A switch; GitLab never gets a null for one."""
    return Field(name, FieldType.BOOLEAN, summary, default=default, **more)


def number(name: str, summary: str, **more: Any) -> Field:
    """A whole number."""
    return Field(name, FieldType.INTEGER, summary, **more)


def texts(name: str, summary: str, **more: Any) -> Field:
    """A set of texts."""
    return Field(name, FieldType.STRINGS, summary, default=(), **more)


def pairs(name: str, summary: str, **more: Any) -> Field:
    """Text by text."""
    return Field(name, FieldType.MAP, summary, **more)


def events_field(events: Iterable[str], default: Iterable[str], summary: str = "") -> Field:
    """The one owned set of events."""
    said = summary or "Events that are sent. The whole set: supported events that are not listed are switched off."
    return Field(
        "events", FieldType.EVENTS, said, choices=tuple(sorted(events)), default=tuple(sorted(default)), top_level=True
    )


def integration(
    slug: str,
    *fields: Field,
    events: str = "",
    off: Iterable[str] = OFF_WHEN_NEW,
    unstorable_events: Mapping[str, str] = NOTHING,
    scopes: frozenset[ScopeType] = PROJECT_AND_GROUP,
    tracker: bool = False,
    data_fields: bool = False,
    unavailable: str = "",
) -> Shape:
    """The shape of one slug.

    `events` are names, blank-separated; those in `off` are switched off on a new record. `data_fields`: GitLab keeps
    the settings in columns of their own, so that `updated_at` proves nothing.
    """
    names = tuple(events.split())
    on = frozenset(names) - frozenset(off)
    own = (events_field(names, on),) if names else ()
    return Shape(
        slug,
        Primitive.INTEGRATION,
        (*sorted(fields, key=lambda field: not field.required), *own),
        events=MappingProxyType({name: flag_of(name) for name in names}),
        default_events=on,
        scopes=scopes,
        identity=("slug",),
        tracker=tracker,
        updated_at_proves=not data_fields,
        unavailable=unavailable,
        unstorable_events=unstorable_events,
    )


def renamed(shape: Shape, names: Mapping[str, str], flags: Mapping[str, str] = NOTHING) -> Shape:
    """A shape with fields called as manifests call them.

    `names` maps GitLab's names to ours; `flags` gives single events a switch of their own (`trigger_on_push`: `push`).
    """
    fields = [replace(f, name=names[f.name], wire=f.at_gitlab) if f.name in names else f for f in shape.fields]
    own = [
        Field(
            name,
            FieldType.BOOLEAN,
            f"Send {event.replace('_', ' ')} events; says the same as `{event}` in `events`.",
            wire=shape.events[event],
            default=event in shape.default_events,
            top_level=True,
            event=event,
        )
        for name, event in flags.items()
    ]
    return replace(shape, fields=(*fields, *own))


def kind(
    name: str,
    shape: Shape | None,
    *own: Field,
    section: str = "integrations",
    renamed: Mapping[str, str] = NOTHING,
    parts: Callable[[Mapping[str, Value]], Iterable[Part]] | None = None,
    rules: Iterable[Rule] = (),
    probe: Callable[[Subject], Flow[Verdict]] | None = None,
    actions: Iterable[Action] = (),
    manual: tuple[str, ...] = (),
    credential: tuple[str, ...] = (),
    scopes: frozenset[ScopeType] | None = None,
    documentation: str = "",
) -> Kind:
    """A kind; title, category and summary come from the index. `own` are the fields beside the shape's."""
    row = INDEX[name]
    fields = (*(shape.fields if shape else ()), *own)
    flags = {f.name: f.event for f in fields if f.event}
    every = (*rules, not_twice(flags)) if flags else tuple(rules)
    hints = dict.fromkeys(shape.events.values(), "events") if shape else {}
    hints |= {f.at_gitlab: f.name for f in fields if f.event}
    if shape and shape.primitive is Primitive.INTEGRATION:
        hints["use_inherited_settings"] = INHERIT.name
    more: dict[str, Any] = {"parts": parts} if parts else {}
    return Kind(
        name=name,
        title=row.title,
        summary=row.summary,
        category=row.category,
        shape=shape,
        fields=fields,
        section=section,
        renamed=MappingProxyType({**hints, **renamed}),
        check=objections(every),
        probe=probe,
        actions=MappingProxyType({action.name: action for action in actions}),
        manual=manual,
        credential=credential,
        scopes=scopes if scopes is not None else (shape.scopes if shape else PROJECT_AND_GROUP),
        documentation=documentation or row.documentation,
        **more,
    )


def kinds_of(module: str, shapes: Mapping[str, Shape], rules: Mapping[str, tuple[Rule, ...]]) -> Mapping[str, Kind]:
    """The slugs of a table module that are kinds by themselves, with GitLab's names."""
    names = [name for name, row in INDEX.items() if row.module == module]
    return MappingProxyType({name: kind(name, shapes[name], rules=rules.get(name, ())) for name in names})


def join(*pieces: Value) -> Value:
    """Text put together from text and text with references, references kept.

    A piece that is not stated (None) makes the whole None.
    """
    if any(piece is None for piece in pieces):
        return None
    if not any(isinstance(piece, Text) for piece in pieces):
        return "".join(str(piece) for piece in pieces)
    parts: list[str | Reference] = []
    for piece in pieces:
        parts.extend(piece.pieces if isinstance(piece, Text) else (str(piece),))
    return Text(tuple(parts), "".join(piece.source if isinstance(piece, Text) else str(piece) for piece in pieces))
