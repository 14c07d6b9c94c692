"""Compares one declared object with its record and with what is live, field by field, and says who moved what.

Only owned fields are looked at. Secrets are compared as digests against the record; what GitLab does not show is
compared with the record only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.diff import changed_fields
from reconciler.core.digest import UNVERIFIED, Digester
from reconciler.core.live import Live
from reconciler.core.normal import is_secret_map, normal
from reconciler.core.plan import Change, Mover, SecretUse
from reconciler.core.resource import INHERIT, Field, FieldType, Resource, Shape
from reconciler.core.state import Record
from reconciler.core.value import Plain, Secret, Text


@dataclass(slots=True)
class Comparison:
    """What one object's comparison found.

    `fields` are the owned plain fields as they shall be recorded, `secrets` the uses of the secret ones by digest name
    (`token`, `custom_headers.X-Team`). `stale` says that the record differs from what is both declared and live.
    """

    fields: dict[str, Plain] = field(default_factory=dict)
    secrets: dict[str, SecretUse] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    uncompared: list[tuple[str, str]] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    stale: bool = False

    @property
    def changed(self) -> set[str]:
        """The names of the fields that differ."""
        return {change.field for change in self.changes}


def compare(resource: Resource, record: Record | None, live: Live, shape: Shape, digester: Digester) -> Comparison:
    """Everything that differs between a declared object, its record (None when it has none) and the live one."""
    found = Comparison()
    plain: dict[str, Field] = {}
    for name, value in resource.fields.items():
        spec = _spec(shape, name)
        if not spec.secret:
            plain[name] = spec
        elif is_secret_map(spec):
            plain[name] = spec
            _compare_map(found, spec, value, record, digester)
        else:
            _compare_secret(found, name, name, value, record, digester)
    _compare_plain(found, plain, resource, record, live)
    if record and not resource.fields.get(INHERIT.name):
        _give_up(found, resource, record, live, shape)
    return found


def stated(resource: Resource, shape: Shape) -> Comparison:
    """What a new object is made with: every field as it shall be recorded, every secret written."""
    found = Comparison()
    for name, value in resource.fields.items():
        spec = _spec(shape, name)
        if not spec.secret:
            found.fields[name] = normal(spec, value)
        elif is_secret_map(spec):
            found.fields[name] = normal(spec, value)
            entries = value if isinstance(value, Mapping) else {}
            found.secrets |= {
                key: SecretUse(_secret(entries[k]).reference, True) for key, k in digest_names(spec, entries)
            }
        else:
            found.secrets[name] = SecretUse(_secret(value).reference, True)
    return found


def digest_names(spec: Field, value: Mapping[str, object]) -> list[tuple[str, str]]:
    """The names under which a secret map's values are recorded, with the keys they stand for."""
    return [(f"{spec.name}.{key}", key) for key in value]


def _spec(shape: Shape, name: str) -> Field:
    spec = shape.field(name)
    assert spec is not None, f"{shape.name} has no field {name}"
    return spec


def _compare_plain(
    found: Comparison, specs: Mapping[str, Field], resource: Resource, record: Record | None, live: Live
) -> None:
    desired: dict[str, Plain] = {}
    recorded: dict[str, Plain] = {}
    shown: dict[str, Plain] = {}
    for name, spec in specs.items():
        wanted = desired[name] = normal(spec, resource.fields[name])
        if record and name in record.fields:
            recorded[name] = _alike(spec, record.fields[name], wanted)
        shown[name] = _live(spec, live, recorded.get(name) if record else wanted)
    found.fields = desired
    if shown == desired and (not record or recorded == desired):
        return
    new = desired.keys() - recorded.keys()
    author = changed_fields(recorded, desired) | new if record else frozenset()
    outside = changed_fields(recorded, shown) - new if record else frozenset()
    differing = changed_fields(shown, desired)
    for name in sorted(differing):
        mover = Mover.AUTHOR
        if name in outside:
            mover = Mover.BOTH if name in author else Mover.OUTSIDE
        found.changes.append(Change(name, recorded.get(name), shown[name], desired[name], mover))
    found.stale = bool(author - differing)


def _alike(spec: Field, value: Plain, known: Plain) -> Plain:
    """A value in its normal form, which it has already where it equals one that is known to be in it."""
    return known if value == known else normal(spec, value)


def _live(spec: Field, live: Live, recorded: Plain) -> Plain:
    """What is live, as far as it can be known: the record speaks for what was not shown."""
    if spec is INHERIT and live.item:
        return live.item.inherited
    if spec.name in live.fields:
        if spec.fallback and recorded is None and live.fields[spec.name] == live.fields.get(spec.fallback):
            return None  # GitLab shows another field's value for one that is not set
        return _alike(spec, live.fields[spec.name], recorded)
    hidden = not spec.readable and not is_secret_map(spec)
    if hidden or live.item is None or live.item.partial:
        return recorded
    return normal(spec, None)


def _compare_map(found: Comparison, spec: Field, value: object, record: Record | None, digester: Digester) -> None:
    entries = value if isinstance(value, Mapping) else {}
    for name, key in digest_names(spec, entries):
        _compare_secret(found, spec.name, name, entries[key], record, digester)


def _compare_secret(
    found: Comparison, field_name: str, name: str, value: object, record: Record | None, digester: Digester
) -> None:
    secret = _secret(value)
    digest = record.digests.get(name) if record else None
    found.secrets[name] = SecretUse(secret.reference, write=digest is None)
    if digest is None:
        if not secret.known:
            found.uncompared.append((name, secret.reference))
        _add_secret_change(found, field_name)
    elif not secret.known:
        found.uncompared.append((name, secret.reference))
    else:
        same = digester.compare(digest, secret.reveal())
        if same is False:
            found.secrets[name] = SecretUse(secret.reference, write=True)
            _add_secret_change(found, field_name)
        elif same is None and digest == UNVERIFIED:
            found.verified.append(name)
        elif same is None:
            found.uncompared.append((name, secret.reference))
    if digest == UNVERIFIED and not secret.known:
        found.unverified.append(name)


def _secret(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(None, value.source if isinstance(value, Text) else "")


def _add_secret_change(found: Comparison, field_name: str) -> None:
    if not any(change.field == field_name and change.secret for change in found.changes):
        found.changes.append(Change(field_name, secret=True))


def _give_up(found: Comparison, resource: Resource, record: Record, live: Live, shape: Shape) -> None:
    """Fields that were stated at the last apply and no longer are go back to GitLab's default, where there is one."""
    dropped = {owner for name in record.owned if (owner := name.partition(".")[0]) not in resource.fields}
    for name in sorted(dropped):
        spec = shape.field(name)
        if spec is None or spec.required or spec.fixed:
            continue
        default = tuple(sorted(shape.default_events)) if spec.type is FieldType.EVENTS else spec.default
        if default is None and spec.type in (FieldType.BOOLEAN, FieldType.INTEGER):
            continue
        if spec.secret and not is_secret_map(spec):
            found.changes.append(Change(name, secret=True, reset=True))
            continue
        before = normal(spec, record.fields.get(name))
        shown = _live(spec, live, before)
        if shown != normal(spec, default):
            found.changes.append(Change(name, before, shown, normal(spec, default), reset=True))
