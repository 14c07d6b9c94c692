"""From live objects to drafts of manifest entries: names, stated fields, references for secrets. Pure.

What is stated, so that a manifest is faithful and still readable: every field that GitLab requires, the set of events
(or the kind's own switches, where these say all of it), and every optional field that differs from GitLab's default.
Secrets are stated as references: the required ones, and the optional ones that GitLab says are set. Where it does not
say, they are named in a comment, because stating one that is not set would make a later apply write it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.address import NAME, Scope, ScopeType, address_of
from reconciler.core.compile import identity_of
from reconciler.core.live import Item
from reconciler.core.normal import is_secret_map, normal
from reconciler.core.refs import parse
from reconciler.core.resource import NOTHING, Catalogue, Field, FieldType, Kind, Primitive, Shape
from reconciler.core.spec import Spec, Specs, kind_of_section
from reconciler.core.value import Plain, Value

SECTIONS: Mapping[Primitive, str] = {
    Primitive.INTEGRATION: "integrations",
    Primitive.HOOK: "webhooks",
    Primitive.APPLICATION: "oauth_applications",
}
"""What can be adopted, and where it stands in manifests."""


@dataclass(frozen=True, slots=True)
class Found:
    """One live object in full, at a scope whose id is known."""

    scope: Scope
    scope_id: int
    item: Item


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that is to be written for a live object.

    `stated` names every stated field in the kind's order; `values` are those that are no secrets. `secrets` names the
    others as digests do (`token`, `custom_headers.X-Team`). `unsure` are optional secrets of which GitLab does not say
    whether they are set.
    """

    found: Found
    section: str
    name: str
    kind: str
    stated: tuple[str, ...] = ()
    values: Mapping[str, Plain] = NOTHING
    secrets: tuple[str, ...] = ()
    inherit: bool = False
    unsure: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The entry's address."""
        return address_of(self.found.scope.path, self.section, self.name)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was not adopted, or a field that is not stated; and why."""

    scope: str
    what: str
    why: str


class Drafting:
    """Turns objects into drafts, one after the other; what it cannot turn, it says in `left_out`.

    `taken` holds the names that are given away, by scope key and section. `every` states all readable fields, not only
    those that differ from the default; `inherited` takes integrations that use settings from above.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        taken: Mapping[tuple[str, str], Iterable[str]],
        *,
        every: bool = False,
        inherited: bool = False,
    ) -> None:
        self.drafts: list[Draft] = []
        self.left_out: list[LeftOut] = []
        self._catalogue, self._specs = catalogue, Specs(catalogue)
        self._every, self._inherited = every, inherited
        self._taken = {place: set(names) for place, names in taken.items()}
        self._seen: set[tuple[object, ...]] = set()
        self._kinds = {
            kind.shape.name: kind for kind in catalogue.kinds.values() if kind.section == "integrations" and kind.shape
        }

    def add(self, found: Found) -> None:
        """Make a draft of one object, or say why it cannot be adopted."""
        kind, shape = self.kind_of(found.item, found.scope), self._catalogue.shapes.get(found.item.shape)
        if kind is None or shape is None:
            self._leave(found, "this reconciler does not know it; a newer one may")
        elif found.item.inherited:
            self._inheriting(found, kind)
        elif self._repeats(found):
            self._leave(found, "another one there has the same name and address; name one of them in GitLab")
        else:
            self._draft(found, kind, shape)

    def kind_of(self, item: Item, scope: Scope) -> Kind | None:
        """The kind that a live object at a scope is of."""
        if item.primitive is Primitive.INTEGRATION:
            return self._kinds.get(item.shape)
        name = kind_of_section(SECTIONS[item.primitive], scope.type)
        return self._catalogue.kinds.get(name) if name else None

    # -----------------------------------------------------------------------------------------------------------------

    def _draft(self, found: Found, kind: Kind, shape: Shape) -> None:
        spec = self._specs.of(kind.name, found.scope.type)
        values = dict(_stated(shape, found, every=self._every))
        secrets, unsure = _secrets(shape, found)
        why = self._fit(found, spec, values, secrets)
        if why:
            self._leave(found, why)
            return
        name = self._name(found, kind)
        if shape.primitive is not Primitive.INTEGRATION and values.get("name") == name:
            del values["name"]
        order = {field: n for n, field in enumerate(spec.fields)}
        stated = sorted({*values, *map(owner_of, secrets)}, key=lambda each: order[each])
        secrets = sorted(secrets, key=lambda each: (order[owner_of(each)], each))
        unsure = [each for each in unsure if each not in secrets]
        section = SECTIONS[found.item.primitive]
        self.drafts.append(
            Draft(found, section, name, kind.name, tuple(stated), values, tuple(secrets), unsure=tuple(unsure))
        )

    def _inheriting(self, found: Found, kind: Kind) -> None:
        if not self._inherited:
            self._leave(found, "it uses the settings of a group or of the instance; --inherited adopts it as such")
        elif found.scope.type is not ScopeType.PROJECT or ScopeType.GROUP not in kind.scopes:
            self._leave(found, "it uses settings from above, which only a project's entry can say")
        else:
            self.drafts.append(Draft(found, "integrations", self._name(found, kind), kind.name, inherit=True))

    def _fit(self, found: Found, spec: Spec, values: dict[str, Plain], secrets: list[str]) -> str:
        """Make the values such as `validate` takes, optional fields left out where they stand in the way.

        Gives why there is no such way; empty when there is.
        """
        while True:
            missing = [name for name in spec.required if name not in values and name not in secrets]
            if missing:
                return f"GitLab does not show its `{missing[0]}`; declare it by hand, and `apply` adopts it"
            stated: dict[str, Value] = {**values, **_references(secrets)}
            objection = next(((str(each.path[0]), each.detail) for each in spec.objections(stated)), None)
            if objection is None:
                found_wrong = next(iter(spec.kind.check(stated)), None)
                if found_wrong is None:
                    return ""
                objection = (found_wrong[0], f"`{found_wrong[0]}` {found_wrong[1]}")
            name, why = objection
            known = spec.fields.get(name)
            if known and known.secret and not is_secret_map(known) and name not in secrets:
                secrets.append(name)
            elif name in values and name not in ("name", "events") and not (known and known.required):
                del values[name]
                self.left_out.append(LeftOut(found.scope.path, f"{title(found.item)}: {name}", why))
            else:
                return why

    def _name(self, found: Found, kind: Kind) -> str:
        taken = self._taken.setdefault((found.scope.key, SECTIONS[found.item.primitive]), set())
        first = kind.name if found.item.primitive is Primitive.INTEGRATION else _slug(found.item)
        name, number = first, 1
        while name in taken:
            number += 1
            name = f"{first[:58]}-{number}"
        taken.add(name)
        return name

    def _repeats(self, found: Found) -> bool:
        """Whether an earlier object has the same natural name, so that manifests cannot tell them apart."""
        item = found.item
        if item.primitive is Primitive.INTEGRATION:
            return False
        identity = identity_of(item.primitive, item.shape, item.fields)
        named = item.primitive is Primitive.HOOK and "name" in identity
        what = ("name", identity["name"]) if named else tuple(sorted(identity.items()))
        key = (found.scope.key, item.primitive, what)
        seen = key in self._seen
        self._seen.add(key)
        return seen

    def _leave(self, found: Found, why: str) -> None:
        self.left_out.append(LeftOut(found.scope.path, title(found.item), why))


def title(item: Item) -> str:
    """What a live object is called to people: `webhook "Deploy"`, `slack`."""
    if item.primitive is Primitive.INTEGRATION:
        return item.shape
    what = "webhook" if item.primitive is Primitive.HOOK else "OAuth application"
    return f'{what} "{item.identity.get("name") or item.identity.get("url") or item.id}"'


def owner_of(secret: str) -> str:
    """The field that a secret is, or is in (`custom_headers.X-Team`)."""
    return secret.partition(".")[0]


# ---------------------------------------------------------------------------------------------------------------------

_SAYS: Mapping[str, str] = {"secret_token": "token_present", "signing_token": "signing_token_present"}
"""Where GitLab says whether a webhook's secret is set."""


def _stated(shape: Shape, found: Found, *, every: bool) -> Iterable[tuple[str, Plain]]:
    """The fields to state that are no secrets."""
    switches = {spec.event for spec in shape.fields if spec.event}
    by_switch = bool(switches) and switches == set(shape.events)
    for spec in shape.fields:
        value = found.item.fields.get(spec.name)
        if spec.secret or spec.ours or spec.unstorable or (spec.group_only and found.scope.type is ScopeType.PROJECT):
            continue
        if spec.type is FieldType.EVENTS or spec.event:
            if spec.name in found.item.fields and bool(spec.event) is by_switch:
                yield spec.name, value
        elif spec.name == "name" and shape.primitive is Primitive.HOOK:
            # Without it the entry's own name would be written to a webhook that has none.
            yield spec.name, value
        elif value not in (None, ()) and (spec.required or _is_worth_saying(spec, value, found.item, every=every)):
            yield spec.name, value


def _is_worth_saying(spec: Field, value: Plain, item: Item, *, every: bool) -> bool:
    if spec.fallback and value == item.fields.get(spec.fallback):
        return False
    return value != normal(spec, spec.default) or (every and not spec.since)


def _secrets(shape: Shape, found: Found) -> tuple[list[str], list[str]]:
    """The secrets to state, and the optional ones of which it is not known whether they are set."""
    stated, unsure = [], []
    for spec in shape.secrets:
        if spec.ours or spec.unstorable:
            continue
        if is_secret_map(spec):
            keys = found.item.fields.get(spec.name)
            stated += [f"{spec.name}.{key}" for key in keys] if isinstance(keys, tuple) else []
            continue
        says = found.item.status.get(_SAYS.get(spec.name, ""))
        if spec.required or says is True:
            stated.append(spec.name)
        elif says is None:
            unsure.append(spec.name)
    return stated, unsure


def _references(secrets: Iterable[str]) -> dict[str, Value]:
    """Stand-ins for secrets, whose content is not known."""
    values: dict[str, Value] = {}
    for name in secrets:
        owner, dot, key = name.partition(".")
        if dot:
            values.setdefault(owner, {})[key] = parse("${env:SECRET}")
        else:
            values[owner] = parse("${env:SECRET}")
    return values


def _slug(item: Item) -> str:
    """A name for an entry, from the object's own, else from its address."""
    own = item.identity.get("name") or re.sub(r"^[a-z]+://(www\.)?", "", item.identity.get("url", ""))
    plain = unicodedata.normalize("NFKD", own).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9_]+", "-", plain.lower()).strip("-_")[:48].strip("-_")
    return slug if NAME.fullmatch(slug) else item.primitive.value
