"""From documents to entries and templates: types, fields, secrets, events, templates, lifecycle, all checked offline.

Everything that is wrong is collected; a wrong entry is left out, so that one mistake hides no other. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field as FormField

from reconciler.core.address import ScopeType
from reconciler.core.entry import Entry, Template
from reconciler.core.errors import Severity
from reconciler.core.fit import Form, data_of, fit
from reconciler.core.manifest import Document
from reconciler.core.refs import OUTSIDE, SECRET_STORES, BadReference, parse
from reconciler.core.resource import Kind, Lifecycle, OnDrift, Primitive, Shape
from reconciler.core.source import Findings, closest, said
from reconciler.core.spec import RESERVED, Spec, Specs, kind_of_section
from reconciler.core.trim import trimmed
from reconciler.core.value import Text, Value
from reconciler.core.yamltree import Node


class LifecycleForm(Form):
    """The form of `lifecycle`."""

    prevent_destroy: bool = False
    allow_replace: bool = False
    on_drift: Literal["fix", "report"] = "fix"
    ignore: tuple[str, ...] = ()


class TemplateForm(Form):
    """The form of one template."""

    type: str
    description: str = ""
    default_config: dict[str, Any] = FormField(default_factory=dict)
    required_fields: tuple[str, ...] = ()


class VariablesForm(Form):
    """Two CI/CD variables of one project or group that get an application's credentials."""

    project: str = ""
    group: str = ""
    client_id: str
    client_secret: str
    environment_scope: str = "*"


class CredentialsForm(Form):
    """The form of an OAuth application's `credentials`: a file of mode 0600, or CI/CD variables."""

    file: str = ""
    variables: VariablesForm | None = None


@dataclass(slots=True)
class Declaring:
    """What checking needs to know: the kinds, the templates, and whether secrets may be written out.

    `broken` are templates that are wrong themselves: entries that use them are not told so again.
    """

    specs: Specs
    templates: dict[str, Template] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    plaintext: bool = False

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Every kind by name."""
        return self.specs.catalogue.kinds


def declare_template(name: str, node: Node, findings: Findings, using: Declaring) -> Template | None:
    """One template, or None when anything is wrong with it."""
    before = len(findings.problems)
    form = fit(TemplateForm, node, findings, f"template `{name}`")
    if form is None:
        return None
    kind = using.kinds.get(form.type)
    if kind is None:
        _unknown_kind(form.type, node.value["type"], findings, using.kinds)
        return None
    spec = using.specs.of(form.type, _widest(kind))
    given: dict[str, Node] = node.value["default_config"].value if "default_config" in node.value else {}
    for key in ("template", "type", "inherit", "lifecycle"):
        if key in given:
            detail = f"`default_config` of template `{name}` cannot have `{key}`"
            findings.add("a key that templates cannot set", detail, "write it in the entries", at=given[key].key_at)
    fields = {key: item for key, item in given.items() if key not in RESERVED}
    values = _values(fields, spec, findings)
    _check_values(values, fields, spec, findings, using)
    for item in node.value["required_fields"].value if "required_fields" in node.value else ():
        if item.value not in spec.fields:
            hint = closest(item.value, spec.fields)
            findings.add("an unknown field", f"{kind.title} has no `{item.value[:80]}`", hint, at=item.at)
    if len(findings.problems) > before:
        return None
    return Template(
        name,
        form.type,
        form.description,
        values,
        form.required_fields,
        findings.source.place(*node.key_at),
        {key: item.key_at for key, item in fields.items()},
    )


def declare_entries(document: Document, findings: Findings, using: Declaring) -> Iterable[Entry]:
    """A document's entries that are right."""
    for section, name, node in document.entries:
        before = len(findings.problems)
        entry = _entry(section, name, node, document, findings, using)
        new = findings.problems[before:]
        if entry and not any(problem.severity is Severity.ERROR for problem in new):
            yield entry


# ---------------------------------------------------------------------------------------------------------------------


def _entry(
    section: str, name: str, node: Node, document: Document, findings: Findings, using: Declaring
) -> Entry | None:
    given = node.value
    if not isinstance(given, dict):
        what = "has no settings" if given is None else f"must be a mapping, not {said(given)}"
        hint = "write its settings under it, or remove it"
        findings.add("an entry of the wrong form", f"`{name}` {what}", hint, at=node.key_at)
        return None
    template, known = _template(given, findings, using)
    kind_name = kind_of_section(section, document.type) or _type(name, node, template, findings, using)
    if kind_name is None:
        return None
    kind = using.kinds[kind_name]
    spec = using.specs.of(kind_name, document.type)
    _check_place(kind, spec, node, findings)
    if template and template.kind != kind_name:
        detail = f"template `{template.name}` is for `{template.kind}`, `{name}` is `{kind_name}`"
        findings.add("a template for another type", detail, "use a template of this type", at=given["template"].at)
        template = None
    fields = {key: item for key, item in given.items() if key not in _reserved(section)}
    own = _values(fields, spec, findings)
    inherit = _inherit(given, fields, spec, findings)
    values: Mapping[str, Value] = own
    if template and not inherit:
        values = {**template.default_config, **own}
    _check_values(own, fields, spec, findings, using)
    if not inherit and known:
        _check_whole(name, values, fields, node, spec, template, findings)
    lifecycle = _lifecycle(given["lifecycle"], spec, findings) if "lifecycle" in given else _PLAIN
    return Entry(
        section,
        name,
        kind_name,
        document.scope,
        values,
        document.targets,
        inherit,
        template.name if template else "",
        _credentials(given, section, findings),
        lifecycle,
        findings.source.place(*node.key_at, harmless=False),
        {key: item.key_at for key, item in fields.items()},
        frozenset(template.default_config.keys() - own.keys()) if template else frozenset(),
    )


_PLAIN = Lifecycle()


def _reserved(section: str) -> frozenset[str]:
    return _RESERVED[section]


_RESERVED = {
    "integrations": frozenset({"type", "template", "lifecycle", "inherit"}),
    "webhooks": frozenset({"template", "lifecycle"}),
    "oauth_applications": frozenset({"template", "lifecycle", "credentials"}),
}


def _template(given: Mapping[str, Node], findings: Findings, using: Declaring) -> tuple[Template | None, bool]:
    """The template that an entry names, and whether what the entry lacks can be told."""
    node = given.get("template")
    if node is None:
        return None, True
    name = node.value
    if not isinstance(name, str):
        findings.add("a value of the wrong type", f"`template` must be a name, not {said(name)}", at=node.key_at)
        return None, False
    if name in using.broken:
        return None, False
    template = using.templates.get(name)
    if template is None:
        hint = closest(name, using.templates) or "declare it under `templates`"
        detail = f"there is no template `{name[:80]}`"
        findings.add("an unknown template", detail, hint, at=node.at, harmless=True)
    return template, template is not None


def _type(name: str, node: Node, template: Template | None, findings: Findings, using: Declaring) -> str | None:
    """The kind that an entry under `integrations` names, or its template's."""
    given = node.value.get("type")
    if given is None:
        if template:
            return template.kind
        findings.add(
            "an entry without a type", f"`{name}` needs `type`", "add `type: slack`, for example", at=node.key_at
        )
        return None
    kind = using.kinds.get(given.value) if isinstance(given.value, str) else None
    if kind and kind.section == "integrations":
        return kind.name
    _unknown_kind(given.value, given, findings, {n: k for n, k in using.kinds.items() if k.section == "integrations"})
    return None


def _unknown_kind(name: object, node: Node, findings: Findings, kinds: Mapping[str, Kind]) -> None:
    if not isinstance(name, str):
        at = node.key_at if node.value is None else node.at
        findings.add("a value of the wrong type", f"`type` must be a name, not {said(name)}", at=at)
        return
    spelled = name.lower().replace("_", "-").replace(" ", "-")
    hint = f"did you mean `{spelled}`?" if spelled in kinds else closest(spelled, kinds)
    hint = hint or "`reconciler kinds list` shows all types"
    findings.add("an unknown type", f"there is no `{name[:80]}`", hint, at=node.at, harmless=True)


def _widest(kind: Kind) -> ScopeType:
    """The scope type at which a kind has most fields."""
    order = (ScopeType.GROUP, ScopeType.PROJECT, ScopeType.INSTANCE)
    return next((type_ for type_ in order if type_ in kind.scopes), ScopeType.PROJECT)


def _check_place(kind: Kind, spec: Spec, node: Node, findings: Findings) -> None:
    type_ = node.value.get("type") or node
    if spec.scope not in kind.scopes:
        where = " or ".join(f"a {scope}" for scope in sorted(kind.scopes))
        detail = f"{kind.title} cannot stand on a {spec.scope}"
        findings.add("a type in the wrong place", detail, f"declare it for {where}", at=type_.key_at)
    if kind.shape and kind.shape.unavailable:
        detail = f"{kind.title}: {kind.shape.unavailable}"
        summary = "a type that may not be available"
        findings.add(summary, detail, at=type_.key_at, severity=Severity.WARNING)


def _values(fields: Mapping[str, Node], spec: Spec, findings: Findings) -> dict[str, Value]:
    """The values of fields, references recognised and blanks trimmed."""
    values: dict[str, Value] = {}
    for name, node in fields.items():
        value = node.value
        if type(value) is not bool:
            value = _value(node, name, findings)
            if name in spec.trims:
                value = trimmed(value)
        values[name] = value
    return values


def _value(node: Node, name: str, findings: Findings) -> Value:
    value = node.value
    if isinstance(value, str):
        try:
            return parse(value)
        except BadReference as error:
            findings.add("a reference that cannot be", f"`{name}`: {error}", error.hint, at=node.at)
            return _UNREADABLE
    if isinstance(value, list):
        return tuple(_value(item, name, findings) for item in value)
    if isinstance(value, dict):
        return {key: _value(item, name, findings) for key, item in value.items()}
    return value


_UNREADABLE = Text((), "")
"""Stands for text whose reference is wrong, so that nothing else is said about it."""


def _check_values(
    values: Mapping[str, Value], fields: Mapping[str, Node], spec: Spec, findings: Findings, using: Declaring
) -> None:
    """Check what is stated here, value by value."""
    for objection in spec.objections(values, frozenset(RESERVED)):
        node = fields[str(objection.path[0])]
        for part in objection.path[1:]:
            node = node.value[part]
        at = node.key_at if objection.on_key else node.at
        known = spec.fields.get(str(objection.path[0]))
        harmless = known is not None and not known.secret
        findings.add(objection.summary, objection.detail, objection.hint, at=at, harmless=harmless)
    for name, value in values.items():
        field = spec.fields.get(name)
        if field is None:
            continue
        node = fields[name]
        if field.unstorable:
            detail = f"`{name}`: {field.unstorable}"
            findings.add("a field that GitLab cannot store", detail, "remove it", at=node.key_at)
        if field.group_only and spec.scope is ScopeType.PROJECT:
            findings.add("a field of groups only", f"`{name}` cannot stand on a project", "remove it", at=node.key_at)
        if field.secret:
            _check_secret(name, value, node, findings, using)
        elif type(value) is not str and type(value) is not bool:
            _check_stores(name, value, node, findings)


def _check_secret(name: str, value: Value, node: Node, findings: Findings, using: Declaring) -> None:
    """A secret is stated by reference: no literal, no default that is one."""
    if isinstance(value, dict):
        for key, item in value.items():
            _check_secret(f"{name}.{key}", item, node.value[key], findings, using)
        return
    if using.plaintext or not value or value is _UNREADABLE:
        return
    hint = f"write `${{env:{name.replace('.', '_').replace('-', '_').upper()}}}` and set that variable"
    if isinstance(value, str):
        detail = f"`{name}` holds a secret, which cannot stand in a manifest"
        findings.add("a secret written out", detail, hint, at=node.key_at)
    elif isinstance(value, Text):
        if not any(reference.store in OUTSIDE or reference.store == "var" for reference in value.references):
            detail = f"`{name}` holds a secret, and nothing in it comes from outside"
            findings.add("a secret written out", detail, hint, at=node.key_at)
        elif any(reference.default for reference in value.references):
            detail = f"the default in `{name}` would stand in the manifest"
            findings.add("a secret written out", detail, "leave the default out", at=node.key_at)


def _check_stores(name: str, value: Value, node: Node, findings: Findings) -> None:
    """Secret stores are for secret fields only."""
    texts = value if isinstance(value, tuple) else value.values() if isinstance(value, dict) else (value,)
    for text in texts:
        for reference in text.references if isinstance(text, Text) else ():
            if reference.store in SECRET_STORES:
                detail = f"`{reference.store}` cannot be used in `{name}`, which is no secret and would be shown"
                findings.add("a secret in a field that is shown", detail, "use `${env:…}` or `${var:…}`", at=node.at)


def _inherit(given: Mapping[str, Node], fields: Mapping[str, Node], spec: Spec, findings: Findings) -> bool:
    """Whether an entry uses its group's integration; it states nothing else then."""
    node = given.get("inherit")
    if node is None or node.value is False or spec.kind.section != "integrations":
        return False
    if node.value is not True:
        detail = f"`inherit` must be `true` or `false`, not {said(node.value)}"
        findings.add("a value of the wrong type", detail, at=node.key_at)
        return False
    shape = spec.shape
    if spec.scope is not ScopeType.PROJECT or not _can_inherit(shape):
        detail = f"{spec.kind.title} on a {spec.scope} has no group's settings to use"
        findings.add("nothing to inherit", detail, "remove `inherit`", at=node.key_at)
        return False
    for name in (*fields, *(key for key in ("template",) if key in given)):
        detail = f"`{name}` cannot stand beside `inherit: true`"
        hint = "the group's settings are used; remove it, or `inherit`"
        findings.add("settings beside `inherit`", detail, hint, at=given[name].key_at)
    return True


def _can_inherit(shape: Shape | None) -> bool:
    return shape is not None and shape.primitive is Primitive.INTEGRATION and ScopeType.GROUP in shape.scopes


def _check_whole(
    name: str,
    values: Mapping[str, Value],
    fields: Mapping[str, Node],
    node: Node,
    spec: Spec,
    template: Template | None,
    findings: Findings,
) -> None:
    """Check an entry together with its template: what is missing, and the kind's own rules."""
    wanted = dict.fromkeys(spec.required, "") | dict.fromkeys(
        template.required_fields if template else (), f" (template `{template.name}`)" if template else ""
    )
    for key, why in wanted.items():
        if values.get(key) in (None, "") and (key not in fields or values.get(key) == ""):
            at = fields[key].key_at if key in fields else node.key_at
            detail = f"`{name}` needs `{key}`{why}"
            findings.add("a required field is missing", detail, _to_add(spec, key), at=at)
    if template:
        inherited = {k: v for k, v in template.default_config.items() if k not in fields}
        at = node.value["template"].at
        for objection in spec.objections(inherited):
            detail = f"from template `{template.name}`: {objection.detail}"
            findings.add(objection.summary, detail, objection.hint, at=at)
    for key, wrong, todo in spec.kind.check(values):
        at = fields[key].key_at if key in fields else node.key_at
        findings.add("a value that GitLab would refuse", f"`{key}` {wrong}", todo, at=at)


def _to_add(spec: Spec, key: str) -> str:
    field = spec.fields.get(key)
    if field is None:
        return f"add `{key}`"
    example = f"${{env:{key.upper()}}}" if field.secret else field.example
    return (
        f"add `{key}: {example}`" if example else f"add `{key}`: {field.summary}" if field.summary else f"add `{key}`"
    )


def _lifecycle(node: Node, spec: Spec, findings: Findings) -> Lifecycle:
    form = fit(LifecycleForm, node, findings, "`lifecycle`")
    if form is None:
        return _PLAIN
    for item in node.value["ignore"].value if "ignore" in node.value else ():
        if item.value not in spec.fields:
            hint = closest(item.value, spec.fields)
            detail = f"{spec.kind.title} has no `{item.value[:80]}` to ignore"
            findings.add("an unknown field", detail, hint, at=item.at)
    return Lifecycle(form.prevent_destroy, form.allow_replace, OnDrift(form.on_drift), form.ignore)


def _credentials(given: Mapping[str, Node], section: str, findings: Findings) -> Mapping[str, Any]:
    node = given.get("credentials")
    if node is None or section != "oauth_applications":
        return {}
    form = fit(CredentialsForm, node, findings, "`credentials`")
    if form is None:
        return {}
    variables = form.variables
    wrong = bool(form.file) is bool(variables) or (variables and bool(variables.project) is bool(variables.group))
    if wrong:
        detail = "credentials go to one place: `file`, or `variables` of a `project` or a `group`"
        findings.add("a place that is not clear", detail, "state one of them", at=node.at)
        return {}
    return {name: data_of(item) for name, item in node.value.items()}
