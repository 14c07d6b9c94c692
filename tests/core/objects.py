"""Small shapes and makers of values for tests of deciding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.core.address import Scope, ScopeType, key_of
from reconciler.core.digest import Digester
from reconciler.core.live import Item, Live, Presence
from reconciler.core.resource import Field, FieldType, Lifecycle, Origin, Primitive, Resource, Shape
from reconciler.core.state import Record, State
from reconciler.core.value import Secret

SHOP = Scope(ScopeType.PROJECT, "myorg/shop")
KEY = "a state key"
SALT = "5a17"
DIGESTER = Digester(SALT, KEY)

CHAT = Shape(
    "chat",
    Primitive.INTEGRATION,
    (
        Field("webhook_url", wire="webhook", required=True, secret=True, readable=False),
        Field("channel"),
        Field("secret_channel", fallback="channel"),
        Field("quiet", FieldType.BOOLEAN, default=True),
        Field("hidden_switch", FieldType.BOOLEAN, default=False, readable=False),
        Field("url", exposes=True, slash=True),
        Field("events", FieldType.EVENTS, top_level=True),
    ),
    events={"push": "push_events", "issue": "issues_events", "pipeline": "pipeline_events"},
    default_events=frozenset({"push", "issue"}),
    updated_at_proves=True,
)
TRACKER_A = Shape("tracker-a", Primitive.INTEGRATION, (Field("url", required=True),), tracker=True)
TRACKER_B = Shape("tracker-b", Primitive.INTEGRATION, (Field("url", required=True),), tracker=True)
HOOK = Shape(
    "hook",
    Primitive.HOOK,
    (
        Field("url", required=True, exposes=True),
        Field("name"),
        Field("secret_token", wire="token", secret=True, readable=False),
        Field("custom_headers", FieldType.MAP, secret=True),
        Field("url_variables", FieldType.MAP, secret=True),
        Field("signing_token", secret=True, readable=False, since=(19, 0)),
        Field("events", FieldType.EVENTS),
    ),
    events={"push": "push_events", "pipeline": "pipeline_events"},
    default_events=frozenset({"push"}),
)
APPLICATION = Shape(
    "application",
    Primitive.APPLICATION,
    (Field("name", required=True, fixed=True), Field("redirect_uri", required=True, fixed=True)),
    scopes=frozenset({ScopeType.INSTANCE}),
)
SHAPES = {shape.name: shape for shape in (CHAT, TRACKER_A, TRACKER_B, HOOK, APPLICATION)}
SECTION = {
    Primitive.INTEGRATION: "integrations",
    Primitive.HOOK: "webhooks",
    Primitive.APPLICATION: "oauth_applications",
}


def secret(text: str | None, reference: str = "${env:SECRET}") -> Secret:
    return Secret(text, reference)


def resource(shape: Shape, entry: str = "it", *, scope: Scope = SHOP, **fields: Any) -> Resource:
    if shape.primitive is Primitive.INTEGRATION:
        fields.setdefault("inherit", False)
    lifecycle = fields.pop("lifecycle", Lifecycle())
    identity = _identity(shape, entry, fields)
    return Resource(
        f"{scope.path}:{SECTION[shape.primitive]}.{entry}",
        shape.primitive,
        shape.name,
        shape.name,
        scope,
        fields,
        identity,
        lifecycle=lifecycle,
    )


def record_of(declared: Resource, **changes: Any) -> Record:
    """The record that an apply of a resource leaves."""
    shape = SHAPES[declared.shape]
    fields, digests = {}, {}
    for name, value in declared.fields.items():
        spec = shape.field(name)
        assert spec is not None
        if isinstance(value, Secret):
            digests[name] = DIGESTER.of(value.reveal())
        elif isinstance(value, dict) and spec.secret:
            fields[name] = tuple(sorted(value))
            digests |= {f"{name}.{key}": DIGESTER.of(item.reveal()) for key, item in value.items()}
        else:
            fields[name] = tuple(sorted(value)) if isinstance(value, list | tuple) else value
    found = Record(
        declared.address,
        declared.primitive,
        declared.kind,
        declared.shape,
        declared.scope,
        id=7,
        scope_id=12,
        origin=Origin.MANIFEST,
        identity=declared.identity,
        fields=fields,
        digests=digests,
        updated_at="2026-01-01T00:00:00.000Z",
        lifecycle=declared.lifecycle,
    )
    return replace(found, **changes)


def live_of(declared: Resource, **shown: Any) -> Live:
    """The live object that an apply of a resource leaves, with some readable fields moved."""
    shape = SHAPES[declared.shape]
    item_changes = {name: shown.pop(name) for name in ("inherited", "id", "updated_at", "partial") if name in shown}
    fields = {}
    for name, value in {**declared.fields, **shown}.items():
        spec = shape.field(name)
        assert spec is not None
        if name == "inherit" or not spec.readable:
            continue
        fields[name] = tuple(sorted(value)) if isinstance(value, dict | list | tuple) else value
    item = Item(
        declared.primitive,
        declared.shape,
        7,
        fields,
        declared.identity,
        updated_at="2026-01-01T00:00:00.000Z",
        scope_id=12,
    )
    return Live(Presence.PRESENT, replace(item, **item_changes))


def state_of(*records: Record) -> State:
    return State("lineage", SALT, 3, "https://gitlab.example", records={key_of(r.address): r for r in records})


def _identity(shape: Shape, name: str, fields: dict[str, Any]) -> dict[str, str]:
    match shape.primitive:
        case Primitive.INTEGRATION:
            return {"slug": shape.name}
        case Primitive.HOOK:
            return {"name": str(fields.get("name", name)), "url": str(fields["url"])}
        case _:
            return {"name": str(fields["name"]), "redirect_uri": str(fields["redirect_uri"])}
