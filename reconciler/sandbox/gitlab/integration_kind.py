"""What one integration slug is made of: fields, events, defaults, and where its values are kept.

Pure. Sources: a running GitLab's own description, GitLab's documentation of integrations and a running GitLab 18.9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .params import Coercion, Param, boolean, integer, listed_strings, string

FLAGS: Mapping[str, bool] = MappingProxyType(
    {
        "commit_events": True,
        "push_events": True,
        "issues_events": True,
        "incident_events": False,
        "alert_events": True,
        "confidential_issues_events": True,
        "merge_requests_events": True,
        "tag_push_events": True,
        "deployment_events": False,
        "note_events": True,
        "confidential_note_events": True,
        "pipeline_events": True,
        "wiki_page_events": True,
        "job_events": True,
        "comment_on_event_enabled": True,
        "vulnerability_events": False,
    }
)
"""The flags that every integration shows, with their values on a new record."""

NOT_NULL = frozenset(
    (
        "archive_trace_events",
        "comment_on_event_enabled",
        "commit_events",
        "confidential_issues_events",
        "deployment_events",
        "incident_events",
        "job_events",
        "note_events",
        "pipeline_events",
        "vulnerability_events",
    )
)
"""Flags whose database column refuses null."""


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of an integration.

    `shown`: part of `properties`; `exposes`: changing it without the secrets in the same request erases them;
    `storable`: false for what is declared but cannot be assigned (500); `declared`: a parameter of PUT;
    `group_only`: shown at group scope alone; `top_level`: shown beside `properties`, kept with the flags.
    """

    name: str
    type: Coercion = string
    required: bool = False
    secret: bool = False
    shown: bool = True
    exposes: bool = False
    storable: bool = True
    declared: bool = True
    group_only: bool = False
    top_level: bool = False

    @property
    def param(self) -> Param:
        """The parameter of PUT that sets this field."""
        return Param(self.name, self.type, required=self.required)


@dataclass(frozen=True, slots=True)
class Kind:
    """One slug.

    `broken_events`: declared flags that cannot be stored; `ignored_events`: declared flags without effect;
    `flags`: flags of a new record that differ from `FLAGS`; `initial`: values of a new record; `renewed`: values
    that take the place of null whenever the record is loaded; `columns`: the columns of a kind that keeps its
    values in a table of its own (data fields) with their defaults, None for the others; `supported`: the
    events a chat integration looks at, in GitLab's order; `licensed`: needs a licence; `nowhere`: never
    available on the instance; `groups_only`: not available on projects.
    """

    slug: str
    title: str
    fields: Sequence[Field]
    events: Sequence[str] = ()
    broken_events: Sequence[str] = ()
    ignored_events: Sequence[str] = ()
    flags: Mapping[str, bool] = field(default_factory=dict)
    initial: Mapping[str, Any] = field(default_factory=dict)
    renewed: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, Any] | None = None
    tracker: bool = False
    supported: Sequence[str] = ()
    channel_limit: int = 0
    project_only: bool = False
    groups_only: bool = False
    licensed: bool = False
    nowhere: bool = False
    named: Mapping[str, Field] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "named", MappingProxyType({f.name: f for f in self.fields}))

    @property
    def params(self) -> tuple[Param, ...]:
        """What PUT declares: the fields, the events, and the switch to inherited settings."""
        events = (*self.events, *self.broken_events, *self.ignored_events)
        return (
            *(f.param for f in self.fields if f.declared),
            *(Param(name, boolean) for name in events if name not in self.named),
            Param("use_inherited_settings", boolean),
        )

    @property
    def unstorable(self) -> frozenset[str]:
        """Declared parameters that GitLab fails to assign."""
        return frozenset((*self.broken_events, *(f.name for f in self.fields if not f.storable)))

    @property
    def flag_names(self) -> frozenset[str]:
        """The parameters that are kept as flags."""
        return frozenset((*self.events, *(f.name for f in self.fields if f.top_level))) & FLAGS.keys()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The fields that a change of an exposing field erases."""
        return tuple(f.name for f in self.fields if f.secret)

    def blank(self) -> dict[str, Any]:
        """The values of a record that was never configured."""
        return dict(self.initial if self.columns is None else self.columns)

    def reset(self) -> dict[str, Any]:
        """What DELETE leaves of the values: every field at its column's default, else null."""
        columns = self.columns or {}
        cleared = {f.name: columns.get(f.name) for f in self.fields if f.storable and not f.top_level}
        return cleared | ({"archive_trace_events": False} if "archive_trace_events" in self.named else {})


def text(name: str, **more: Any) -> Field:
    """A setting that is text."""
    return Field(name, **more)


def need(name: str, **more: Any) -> Field:
    """Text that every PUT must carry."""
    return Field(name, required=True, **more)


def hidden(name: str, **more: Any) -> Field:
    """A secret that every PUT must carry and that is never shown."""
    return Field(name, required=True, secret=True, shown=False, **more)


def switch(name: str, **more: Any) -> Field:
    """A setting that is a truth value."""
    return Field(name, boolean, **more)


def whole(name: str, **more: Any) -> Field:
    """A setting that is a whole number."""
    return Field(name, integer, **more)


def names(name: str, **more: Any) -> Field:
    """A setting that is a list of texts."""
    return Field(name, listed_strings, **more)
