"""Kinds, shapes and resources: what may be declared, how it maps to GitLab, and what somebody declared.

A `Shape` is the table of one GitLab object type (for integrations: of one slug); the planner, the compiler and the
provider all read it, so a rule stands in one place. A `Kind` is what a manifest may name; it becomes one main resource
of its shape, or parts of other shapes, or both. Fields are called by their manifest names everywhere; GitLab's names
stand in `Field.wire` and are used by the provider only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import Place
from reconciler.core.flow import Flow
from reconciler.core.quick import quick
from reconciler.core.value import Plain, Value


class _Nothing(Mapping[str, Any]):
    """The empty mapping, hashable, so that it can stand as a default in frozen values."""

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"


NOTHING: Mapping[str, Any] = _Nothing()


class Primitive(StrEnum):
    """The GitLab object types that resources are made of."""

    INTEGRATION = "integration"
    HOOK = "hook"
    APPLICATION = "application"
    VARIABLE = "variable"
    MIRROR = "mirror"
    ERROR_TRACKING = "error_tracking"


class FieldType(StrEnum):
    """What a field holds. EVENTS is the one owned set of event names; MAP is text to text; DATA is any JSON.

    DATA is for parameters of actions only: as it is from a program, as JSON text on a command line.
    """

    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    STRINGS = "strings"
    EVENTS = "events"
    MAP = "map"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in manifests, its name at GitLab, and the rules that hold for it.

    - `wire`: GitLab's name; empty where it is `name`.
    - `required`: GitLab wants it in every write; manifests must state it.
    - `secret`: stated by reference only, kept as a digest only, never shown. Of a secret MAP the keys are no secret.
    - `readable`: GitLab shows it; otherwise it is compared with the record only.
    - `default`: what GitLab gives a new object; also what a field goes back to when it is given up.
    - `exposes`: changing it makes GitLab want (or forget) the object's secrets, so they are all sent along.
    - `fixed`: cannot be changed in place; a change is a replacement.
    - `ours`: used by actions and probes only; recorded under `local`, never sent to GitLab.
    - `top_level`: GitLab shows it beside an integration's `properties` (event flags are).
    - `unstorable`: GitLab declares it but cannot store it; the reason, told to whoever states it.
    - `fallback`: the field whose value GitLab shows when this one is not set.
    - `slash`: GitLab strips a trailing slash.
    - `event`: this boolean is one event's flag under a name of its own (`trigger_on_push`). It and `events` are not
      both stated; where both come from defaults, the set is written first and single flags over it.
    - `group_only`, `since`: where, and from which GitLab version, it exists.
    """

    name: str
    type: FieldType = FieldType.STRING
    summary: str = ""
    wire: str = ""
    required: bool = False
    secret: bool = False
    readable: bool = True
    choices: tuple[str | int, ...] = ()
    default: Plain = None
    exposes: bool = False
    fixed: bool = False
    ours: bool = False
    top_level: bool = False
    unstorable: str = ""
    fallback: str = ""
    slash: bool = False
    event: str = ""
    group_only: bool = False
    since: tuple[int, int] | None = None
    example: Plain = None

    @property
    def at_gitlab(self) -> str:
        """What GitLab calls it."""
        return self.wire or self.name


INHERIT = Field(
    "inherit",
    FieldType.BOOLEAN,
    "use the settings of the group above (or of the instance) instead of own ones",
    wire="use_inherited_settings",
    default=False,
    top_level=True,
)
"""The field that every integration has besides its shape's: an own integration states false, always."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The table of one GitLab object type.

    `name` is the slug for integrations, else the object type (`hook`, `group_hook`, `system_hook`, `application`,
    `variable`, `mirror`, `error_tracking`). `events` maps event names of manifests to GitLab's flags;
    `default_events` are those that a new object has switched on. `identity` names the fields that tell two objects of
    one scope apart when no id is recorded. `unstorable_events` are events that GitLab declares and cannot store, with
    the reason; they are refused, never sent. `updated_at_proves` says that GitLab moves `updated_at` on every
    write, so that an unchanged one proves the object untouched. `unavailable` is why no GitLab can have it by API
    (or only where an administrator has prepared it).
    """

    name: str
    primitive: Primitive
    fields: tuple[Field, ...] = ()
    events: Mapping[str, str] = NOTHING
    default_events: frozenset[str] = frozenset()
    scopes: frozenset[ScopeType] = frozenset({ScopeType.PROJECT, ScopeType.GROUP})
    identity: tuple[str, ...] = ()
    tracker: bool = False
    updated_at_proves: bool = False
    unavailable: str = ""
    since: tuple[int, int] | None = None
    unstorable_events: Mapping[str, str] = NOTHING
    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False, default=NOTHING)

    def __post_init__(self) -> None:
        every = (*self.fields, INHERIT) if self.primitive is Primitive.INTEGRATION else self.fields
        object.__setattr__(self, "by_name", MappingProxyType({f.name: f for f in every}))

    @property
    def secrets(self) -> tuple[Field, ...]:
        """The fields that hold secrets."""
        return tuple(f for f in self.fields if f.secret)

    def field(self, name: str) -> Field | None:
        """The field of a manifest name; every integration also has `inherit`."""
        return self.by_name.get(name)


class OnDrift(StrEnum):
    """What to do about a field that somebody else moved."""

    FIX = "fix"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What an entry's `lifecycle` says."""

    prevent_destroy: bool = False
    allow_replace: bool = False
    on_drift: OnDrift = OnDrift.FIX
    ignore: tuple[str, ...] = ()


class Origin(StrEnum):
    """Who declared a resource: manifests, or a program through the Python API."""

    MANIFEST = "manifest"
    PYTHON = "python"


@quick
@dataclass(frozen=True, slots=True)
class Resource:
    """One object that shall exist, with the fields that its declaration owns.

    `kind` is the manifest's kind; `shape` names the table in which the fields are explained. `fields` hold `Plain`
    data, `Text` before resolution, `Secret` after. `local` are fields that are ours only. `identity` is the
    object's natural name at its scope (`{"slug": "slack"}`, `{"key": …, "environment_scope": …}`). `deliver` says
    where generated credentials go (OAuth applications). `needs` are addresses that must be in place before.
    """

    address: str
    primitive: Primitive
    kind: str
    shape: str
    scope: Scope
    fields: Mapping[str, Value]
    identity: Mapping[str, str] = NOTHING
    local: Mapping[str, Value] = NOTHING
    deliver: Mapping[str, Any] = NOTHING
    needs: tuple[str, ...] = ()
    lifecycle: Lifecycle = Lifecycle()
    place: Place | None = None
    origin: Origin = Origin.MANIFEST
    alias: str = ""

    def filled(self, fields: Mapping[str, Value], local: Mapping[str, Value], identity: Mapping[str, str]) -> Resource:
        """The same resource with its references filled in; spelt out, because a fleet makes ten thousand."""
        return Resource(
            self.address,
            self.primitive,
            self.kind,
            self.shape,
            self.scope,
            fields,
            identity,
            local,
            self.deliver,
            self.needs,
            self.lifecycle,
            self.place,
            self.origin,
            self.alias,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """What an entry becomes besides (or instead of) its kind's main resource.

    `key` makes the address: `<entry>/<primitive>.<key>`. `secret_fields` of the shape decide what is kept secret.
    """

    shape: str
    key: str
    fields: Mapping[str, Value]
    identity: Mapping[str, str] = NOTHING
    local: Mapping[str, Value] = NOTHING


@dataclass(frozen=True, slots=True)
class Subject:
    """What a probe or an action is about: an entry's values, resolved, and where it stands.

    `values` are the entry's manifest fields (`Secret` where secret), those that are ours only included. `project` is
    the scope's path. `recorded` are further facts from the state (ids of parts, keys of synced issues). `now` is the
    time at which the conversation begins, in epoch seconds: flows have no clock.
    """

    address: str
    kind: str
    scope: Scope
    values: Mapping[str, Value]
    recorded: Mapping[str, Any] = NOTHING
    now: float = 0.0


class Health(StrEnum):
    """The answer of a probe."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a probe found: a status and a sentence, without secrets. `facts` are figures worth keeping."""

    status: Health
    sentence: str
    facts: Mapping[str, Plain] = NOTHING


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person may ask of a kind: `run ADDRESS <name> -p key=value`.

    `parameters` are described as fields; `run` takes the subject and the validated parameters and converses.
    """

    name: str
    summary: str
    run: Callable[[Subject, Mapping[str, Value]], Flow[Mapping[str, Plain]]]
    parameters: tuple[Field, ...] = ()


def _no_parts(_values: Mapping[str, Value]) -> Iterable[Part]:
    return ()


def _no_objections(_values: Mapping[str, Value]) -> Iterable[tuple[str, str, str]]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """What a manifest may declare.

    - `shape`: the main resource's table, or None where a kind becomes only parts.
    - `fields`: every field that a manifest may state: the shape's and those that are ours only.
    - `renamed`: GitLab names that are called otherwise here, for the hint "called X here".
    - `parts`: from an entry's values, what it becomes besides.
    - `check`: from an entry's values, offline, objections as (field, what is wrong, what to do); values may hold
      `Text`, whose content is not known yet.
    - `probe`: a conversation with no visible effect that tells whether the integration works.
    - `actions`: what people may ask of it.
    - `manual`: steps that no API offers, said in `validate` and `plan`.
    - `credential`: the fields that together are the credential (one credential is probed once a run).
    """

    name: str
    title: str
    summary: str
    category: str
    shape: Shape | None
    fields: tuple[Field, ...]
    section: str = "integrations"
    renamed: Mapping[str, str] = NOTHING
    parts: Callable[[Mapping[str, Value]], Iterable[Part]] = _no_parts
    check: Callable[[Mapping[str, Value]], Iterable[tuple[str, str, str]]] = _no_objections
    probe: Callable[[Subject], Flow[Verdict]] | None = None
    actions: Mapping[str, Action] = NOTHING
    manual: tuple[str, ...] = ()
    credential: tuple[str, ...] = ()
    scopes: frozenset[ScopeType] = frozenset({ScopeType.PROJECT, ScopeType.GROUP})
    documentation: str = ""
    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False, default=NOTHING)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", MappingProxyType({f.name: f for f in self.fields}))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that may be declared and everything it may become, by name.

    `kinds` are keyed by manifest kind for integrations, and `webhook`, `system_hook`, `oauth_application` for the
    other sections; `shapes` by `Shape.name`.
    """

    kinds: Mapping[str, Kind]
    shapes: Mapping[str, Shape]
