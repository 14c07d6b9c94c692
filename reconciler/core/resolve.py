"""Fills references in: resources with `Text` become resources with plain values and `Secret`s.

Whoever answers for the stores comes in as a function. What a reference of a non-secret field gives is turned into the
field's type. Pure but for that function, which is asked once for each distinct reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.address import Scope, ScopeType
from reconciler.core.compile import identity_filled
from reconciler.core.entry import Entry
from reconciler.core.errors import Place, Problem, ReconcilerError, Severity
from reconciler.core.refs import BadReference, parse
from reconciler.core.resource import NOTHING, Catalogue, Field, FieldType, Resource
from reconciler.core.source import closest
from reconciler.core.trim import trims
from reconciler.core.value import Reference, Secret, Text, Value, shows_password

Get = Callable[[Reference], str | None]
"""Answers references of the stores outside; raises `ReconcilerError` when a store cannot be asked."""


@dataclass
class Resolver:
    """Resolves references, remembering each answer for the run.

    `variables` are the settings' `vars`; `require_secrets` makes an unset secret an error instead of a warning;
    `plaintext` lets passwords stand in addresses that are shown.
    """

    catalogue: Catalogue
    get: Get
    variables: Mapping[str, str] = NOTHING
    require_secrets: bool = False
    plaintext: bool = False
    _answers: dict[str, str | None] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)
    _noted: dict[tuple[str, str], list[Problem]] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be filled in; the same thing in many entries is said once."""
        return tuple(_once(problems) for problems in self._noted.values())

    def resource(self, resource: Resource) -> Resource:
        """A resource with its references filled in."""
        shape = self.catalogue.shapes.get(resource.shape)
        kind = self.catalogue.kinds.get(resource.kind)
        fields = self._fields(resource.fields, shape.by_name if shape else NOTHING, resource)
        local = self._fields(resource.local, kind.by_name if kind else NOTHING, resource)
        if fields is resource.fields and local is resource.local:
            return resource
        return resource.filled(fields, local, identity_filled(resource, fields))

    def values(self, entry: Entry) -> Mapping[str, Value]:
        """An entry's values with their references filled in, for probes and actions."""
        kind = self.catalogue.kinds[entry.kind]
        scope = entry.scope or Scope.instance()
        return self._fields(entry.values, kind.by_name, _Spot(entry.address, scope, entry.place))

    def secret(self, reference: str, *, scope: Scope, address: str = "") -> Secret:
        """The secret that a plan names by its reference text; raises `ReconcilerError` where that is none."""
        try:
            parsed = parse(reference)
        except BadReference as error:
            raise ReconcilerError(f"the plan names a reference that cannot be: {error}", hint=error.hint) from error
        return self._secret(parsed, "", _Spot(address, scope, None))

    def text(self, text: str, *, scope: Scope | None = None) -> str | None:
        """Any text with its references filled in (settings); None when one is not set."""
        parsed = parse(text, own=True)
        return self._join(parsed, _Spot("", scope, None))[0] if isinstance(parsed, Text) else parsed

    def _fields(self, values: Mapping[str, Value], known: Mapping[str, Field], spot: Spot) -> Mapping[str, Value]:
        changed: dict[str, Value] = {}
        for name, value in values.items():
            spec = known.get(name)
            if spec is not None and spec.secret:
                changed[name] = self._secret_value(value, name, spot)
            elif type(value) is not str and type(value) is not bool:
                found = self._plain_value(value, spec or Field(name), spot)
                if found is not value:
                    changed[name] = found
        return {**values, **changed} if changed else values

    def _secret_value(self, value: Value, name: str, spot: Spot) -> Value:
        if isinstance(value, str | Text):
            return self._secret(value, name, spot)
        if isinstance(value, Mapping):
            return {key: self._secret_value(item, f"{name}.{key}", spot) for key, item in value.items()}
        return value

    def _secret(self, value: str | Text, name: str, spot: Spot) -> Secret:
        if isinstance(value, str):
            return Secret(value, "")
        text, failed = self._join(value, spot)
        if text is None and not failed:
            severity = Severity.ERROR if self.require_secrets else Severity.WARNING
            detail = f"`{name}`: {self._unset(value)} is not set here"
            hint = "set it" if self.require_secrets else "it is not compared; set it to compare, and before applying"
            self._note("a secret that is not set", detail, hint, spot, severity)
        return Secret(text.strip() if text is not None and name in _TRIMMED else text, value.source)

    def _plain_value(self, value: Value, spec: Field, spot: Spot) -> Value:
        if isinstance(value, tuple):
            return tuple([self._plain_item(item, spec, spot) for item in value]) if _holds(value) else value
        if isinstance(value, Mapping):
            whole = {key: self._plain_item(item, spec, spot) for key, item in value.items()}
            return whole if _holds(value.values()) else value
        if not isinstance(value, Text):
            return value
        text = self._shown(value, spec, spot)
        if text is None:
            return None
        found = _typed(text, spec)
        wrong = "" if found is not None else f"must be {_WANTED[spec.type]}"
        if not wrong and spec.choices and any(item not in spec.choices for item in _items(found)):
            wrong = "must be one of " + ", ".join(f"`{choice}`" for choice in spec.choices)
        if wrong:
            detail = f"what `{value.source}` gives to `{spec.name}` {wrong}"
            self._note("a reference that gives a wrong value", detail, "correct what it refers to", spot)
        return found

    def _plain_item(self, item: Value, spec: Field, spot: Spot) -> Value:
        return (self._shown(item, spec, spot) or "") if isinstance(item, Text) else item

    def _shown(self, value: Text, spec: Field, spot: Spot) -> str | None:
        """The text of a field that is no secret, where an unset reference is an error."""
        text, failed = self._join(value, spot)
        if text is None and not failed:
            detail = f"`{spec.name}`: {self._unset(value)} is not set"
            self._note("a reference that is not set", detail, "set it, or give a default: `${env:NAME:-default}`", spot)
        if not self.plaintext and shows_password(text):
            detail = f"`{spec.name}` is no secret: the password in what `{value.source}` gives would be shown"
            hint = "take it out of the address: into a field that is a secret, or a webhook's `url_variables`"
            self._note("a password in a field that is shown", detail, hint, spot)
            return None
        return text

    def _join(self, value: Text, spot: Spot) -> tuple[str | None, bool]:
        """The whole text, None when a reference is not set; and whether one failed, which has been said then."""
        pieces: list[str] = []
        failed = missing = False
        for piece in value.pieces:
            text = piece if isinstance(piece, str) else self._answer(piece, spot)
            if text is None:
                missing = True
                failed = failed or piece.text in self._failed  # type: ignore[union-attr]
            else:
                pieces.append(text)
        return None if missing else "".join(pieces), failed

    def _answer(self, reference: Reference, spot: Spot) -> str | None:
        if reference.store in ("project", "group"):
            return self._of_scope(reference, spot)
        if reference.text in self._answers:
            return self._answers[reference.text]
        try:
            found = self._variable(reference) if reference.store == "var" else self.get(reference)
        except ReconcilerError as error:
            found = None
            self._failed.add(reference.text)
            detail = f"`{reference.text}`: {error.message}"
            self._note("a reference that cannot be followed", detail, error.hint, spot)
        if found is None:
            found = reference.default
        self._answers[reference.text] = found
        return found

    def _variable(self, reference: Reference) -> str | None:
        """A variable of the settings, which may itself refer to the outside; None when that is not set."""
        written = self.variables.get(reference.name)
        if written is None:
            if reference.default is not None:
                return None
            hint = closest(reference.name, self.variables) or "add it to `vars` in the settings"
            raise ReconcilerError(f"there is no variable `{reference.name}` in this environment", hint=hint)
        parsed = parse(written, own=True)
        if isinstance(parsed, str):
            return parsed
        texts = [piece if isinstance(piece, str) else self._inner(piece) for piece in parsed.pieces]
        return None if None in texts else "".join(text for text in texts if text is not None)

    def _inner(self, reference: Reference) -> str | None:
        """A reference within a variable."""
        if reference.store in ("var", "project", "group"):
            hint = "write its value, or a reference to the outside"
            raise ReconcilerError(f"a variable of the settings cannot hold `{reference.text}`", hint=hint)
        found = self.get(reference)
        return reference.default if found is None else found

    def _of_scope(self, reference: Reference, spot: Spot) -> str | None:
        scope = spot.scope
        if scope is not None and scope.type is ScopeType.PROJECT:
            group, _, name = scope.path.rpartition("/")
            return {"project.path": scope.path, "project.name": name}.get(f"{reference.store}.{reference.name}", group)
        if scope is not None and scope.type is ScopeType.GROUP and reference.store == "group":
            return scope.path
        detail = f"`{reference.text}` has no meaning on {scope or 'settings'}"
        self._failed.add(reference.text)
        self._note("a reference that cannot be followed", detail, "write the value itself", spot)
        return None

    def _note(self, summary: str, detail: str, hint: str, spot: Spot, severity: Severity = Severity.ERROR) -> None:
        problem = Problem(summary, detail, hint, spot.place, spot.address or None, severity)
        self._noted.setdefault((summary, detail), []).append(problem)

    def _unset(self, value: Text) -> str:
        names = [f"`{r.text}`" for r in value.references if self._answers.get(r.text, "") is None]
        return " and ".join(dict.fromkeys(names)) or f"`{value.source}`"


def resolve(
    resources: Iterable[Resource],
    catalogue: Catalogue,
    get: Get,
    *,
    variables: Mapping[str, str] = NOTHING,
    require_secrets: bool = False,
) -> tuple[tuple[Resource, ...], tuple[Problem, ...]]:
    """Resources with everything filled in, and what could not be. Secrets that are not set are there, but not known."""
    resolver = Resolver(catalogue, get, variables, require_secrets)
    found = tuple(resolver.resource(resource) for resource in resources)
    return found, resolver.problems


# ---------------------------------------------------------------------------------------------------------------------

_TRIMMED = frozenset({"webhook", "webhook_url", "token", "api_token", "api_key", "secret_token", "dsn", "url"})
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_WANTED: Mapping[FieldType, str] = {
    FieldType.BOOLEAN: "`true` or `false`",
    FieldType.INTEGER: "a whole number",
    FieldType.MAP: "a mapping",
    FieldType.STRING: "text",
    FieldType.STRINGS: "a list",
    FieldType.EVENTS: "a list of events",
}


@dataclass(frozen=True, slots=True)
class _Spot:
    """What a value belongs to, for problems and for references to the scope."""

    address: str
    scope: Scope | None
    place: Place | None


Spot = _Spot | Resource


def _typed(text: str, spec: Field) -> Value:
    """Text as a value of a field's type; None when it is none. Lists are separated by commas."""
    match spec.type:
        case FieldType.BOOLEAN:
            return {"true": True, "false": False}.get(text.strip().lower())
        case FieldType.INTEGER:
            return int(text) if _WHOLE.fullmatch(text.strip()) else None
        case FieldType.STRINGS | FieldType.EVENTS:
            return tuple(item.strip() for item in text.split(",") if item.strip())
        case FieldType.MAP:
            return None
        case FieldType.STRING:
            return text.strip() if trims(spec) else text


def _holds(values: Iterable[Value]) -> bool:
    return Text in map(type, values)


def _once(problems: list[Problem]) -> Problem:
    """One problem for the same thing in several entries."""
    first, more = problems[0], len({problem.address for problem in problems}) - 1
    if not more:
        return first
    return replace(first, detail=f"{first.detail} (and in {more} more {'entry' if more == 1 else 'entries'})")


def _items(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)
