"""From documents to entries and templates: types, fields, secrets, events, templates, lifecycle, all checked offline.

Everything that is wrong is collected; a wrong entry is left out, so that one mistake hides no other. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.address import ScopeType
from reconciler.core.check import UNREADABLE, check_values, check_whole
from reconciler.core.entry import Entry, Template
from reconciler.core.errors import Severity
from reconciler.core.fit import data_of, fit
from reconciler.core.forms import CredentialsForm, LifecycleForm, TemplateForm
from reconciler.core.manifest import Document, wrong_path
from reconciler.core.refs import BadReference, parse
from reconciler.core.resource import Kind, Lifecycle, OnDrift, Primitive, Shape
from reconciler.core.source import Findings, called, closest, said
from reconciler.core.spec import RESERVED, Spec, Specs, kind_of_section
from reconciler.core.trim import trimmed
from reconciler.core.value import Value
from reconciler.core.yamltree import Node


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
    check_values(values, fields, spec, findings, keys=(), plaintext=using.plaintext)
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
        if entry and not any(problem.severity is Severity.ERROR for problem in findings.problems[before:]):
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
    if not known and section == "integrations" and "type" not in given:
        return None  # the template would have said it
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
    keys = _KEYS[section]
    fields = {key: item for key, item in given.items() if key not in keys}
    own = _values(fields, spec, findings)
    inherit = _inherit(given, fields, spec, findings)
    values: Mapping[str, Value] = own
    if template and not inherit:
        values = {**template.default_config, **own}
    wrong = check_values(own, fields, spec, findings, keys=keys, plaintext=using.plaintext)
    if not inherit and known:
        check_whole(name, values, fields, node, spec, template, findings, wrong)
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
        {key: (item.key_line, item.key_column) for key, item in fields.items()},
        frozenset(template.default_config.keys() - own.keys()) if template else frozenset(),
    )


_PLAIN = Lifecycle()
_QUOTE = "put it in quotes, or remove the line"
_KEYS = {
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
    spelled = _spelled(name)
    words = [key for key, kind in kinds.items() if spelled in re.findall("[a-z]+", f"{key} {kind.title}".lower())]
    titled = [key for key, kind in kinds.items() if _spelled(kind.title) == spelled]
    meant = [spelled] if spelled in kinds else titled or words
    hint = f"did you mean {' or '.join(f'`{key}`' for key in meant)}?" if 0 < len(meant) <= 3 else ""
    hint = hint or closest(spelled, kinds) or "`reconciler kinds list` shows all types"
    findings.add("an unknown type", f"there is no `{name[:80]}`", hint, at=node.at, harmless=True)


def _spelled(name: str) -> str:
    """A name as types are spelled."""
    return name.lower().replace("_", "-").replace(" ", "-")


def _widest(kind: Kind) -> ScopeType:
    """The scope type at which a kind has most fields."""
    order = (ScopeType.GROUP, ScopeType.PROJECT, ScopeType.INSTANCE)
    return next((type_ for type_ in order if type_ in kind.scopes), ScopeType.PROJECT)


def _check_place(kind: Kind, spec: Spec, node: Node, findings: Findings) -> None:
    type_ = node.value.get("type") or node
    if spec.scope not in kind.scopes:
        where = " or ".join(called(scope) for scope in sorted(kind.scopes))
        detail = f"{kind.title} cannot stand on {called(spec.scope)}"
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
            if value is None and findings.source.comments_out(*node.key_at):
                detail = f"`{name}` has no value: what begins with `#` is a comment"
                findings.add("a comment for a value", detail, _QUOTE, at=node.key_at, severity=Severity.WARNING)
        values[name] = value
    return values


def _value(node: Node, name: str, findings: Findings) -> Value:
    value = node.value
    if isinstance(value, str):
        try:
            return parse(value)
        except BadReference as error:
            findings.add("a reference that cannot be", f"`{name}`: {error}", error.hint, at=node.at)
            return UNREADABLE
    if isinstance(value, list):
        return tuple([_value(item, name, findings) for item in value])
    if isinstance(value, dict):
        return {key: _value(item, name, findings) for key, item in value.items()}
    return value


def _inherit(given: Mapping[str, Node], fields: Mapping[str, Node], spec: Spec, findings: Findings) -> bool:
    """Whether an entry uses its group's integration; it states nothing else then."""
    node = given.get("inherit")
    if node is None or node.value is False or spec.kind.section != "integrations":
        return False
    if node.value is not True:
        detail = f"`inherit` must be `true` or `false`, not {said(node.value)}"
        findings.add("a value of the wrong type", detail, "write it without quotes", at=node.key_at)
        return True
    shape = spec.shape
    if spec.scope is not ScopeType.PROJECT or not _can_inherit(shape):
        detail = f"{spec.kind.title} on {called(spec.scope)} has no group's settings to use"
        findings.add("nothing to inherit", detail, "remove `inherit`", at=node.key_at)
        return True
    for name in (*fields, *(key for key in ("template",) if key in given)):
        detail = f"`{name}` cannot stand beside `inherit: true`"
        hint = "the group's settings are used; remove it, or `inherit`"
        findings.add("settings beside `inherit`", detail, hint, at=given[name].key_at)
    return True


def _can_inherit(shape: Shape | None) -> bool:
    return shape is not None and shape.primitive is Primitive.INTEGRATION and ScopeType.GROUP in shape.scopes


def _lifecycle(node: Node, spec: Spec, findings: Findings) -> Lifecycle:
    form = fit(LifecycleForm, node, findings, "`lifecycle`")
    ignored = node.value.get("ignore") if isinstance(node.value, dict) else None
    for item in ignored.value if ignored and isinstance(ignored.value, list) else ():
        if isinstance(item.value, str) and item.value not in spec.fields:
            hint = closest(item.value, spec.fields)
            detail = f"{spec.kind.title} has no `{item.value[:80]}` to ignore"
            findings.add("an unknown field", detail, hint, at=item.at)
    if form is None:
        return _PLAIN
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
    for type_, path in (
        ((ScopeType.PROJECT, variables.project), (ScopeType.GROUP, variables.group)) if variables else ()
    ):
        todo = wrong_path(path, type_) if path else ""
        if todo:
            at = node.value["variables"].value[type_].at
            findings.add(f"this is no path of a {type_}", f"`{path[:100]}`", todo, at=at)
    return {name: data_of(item) for name, item in node.value.items()}
