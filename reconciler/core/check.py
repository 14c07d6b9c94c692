"""Checks of an entry's or a template's values: types, secrets, stores, events, what is missing, the kind's own rules.

Pure; everything that is wrong goes to the findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.core.address import ScopeType
from reconciler.core.entry import Template
from reconciler.core.refs import OUTSIDE, SECRET_STORES
from reconciler.core.resource import Field, FieldType
from reconciler.core.source import Findings
from reconciler.core.spec import Spec
from reconciler.core.value import Text, Value, shows_password
from reconciler.core.yamltext import scalar
from reconciler.core.yamltree import Node

_FROM_OUTSIDE = OUTSIDE | {"var"}

UNREADABLE = Text((), "")
"""Stands for text whose reference is wrong, so that nothing else is said about it."""


def check_values(
    values: Mapping[str, Value],
    fields: Mapping[str, Node],
    spec: Spec,
    findings: Findings,
    *,
    keys: Iterable[str],
    plaintext: bool,
) -> set[str]:
    """Check what is stated in one place, value by value; returns the fields that are wrong or were meant.

    `keys` are those that an entry may have besides fields; `plaintext` lets secrets stand there.
    """
    wrong: set[str] = set()
    for objection in spec.objections(values, frozenset(keys)):
        name = str(objection.path[0])
        node = fields[name]
        for part in objection.path[1:]:
            node = node.value[part]
        known = spec.fields.get(name)
        harmless = known is not None and not known.secret
        at = node.key_at if objection.on_key else node.at
        findings.add(objection.summary, objection.detail, objection.hint, at=at, harmless=harmless)
        wrong.add(name if known else spec.guess(name))
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
            if not plaintext:
                _check_secret(name, value, node, findings)
            continue
        if suspects := [text for text in _texts(value) if type(text) is not str or "@" in text]:
            if not plaintext:
                _check_passwords(name, suspects, node, spec, findings)
            _check_stores(name, suspects, node, findings)
    return wrong


def check_whole(
    name: str,
    values: Mapping[str, Value],
    fields: Mapping[str, Node],
    node: Node,
    spec: Spec,
    template: Template | None,
    findings: Findings,
    wrong: set[str],
) -> None:
    """Check an entry together with its template: what is missing, and the kind's own rules.

    `wrong` are fields about which something has been said already.
    """
    wanted = (*spec.required, *(template.required_fields if template else ()))
    missing = [key for key in dict.fromkeys(wanted) if _is_blank(values.get(key)) and key not in wrong]
    for key in missing:
        why = f" (template `{template.name}`)" if template and key not in spec.required else ""
        at = fields[key].key_at if key in fields else node.key_at
        findings.add("a required field is missing", f"`{name}` needs `{key}`{why}", _to_add(spec, key), at=at)
    if template:
        _check_template(template, fields, node, spec, findings)
    if wrong:
        return
    for key, objection, todo in spec.kind.check(values):
        if key not in missing:
            given = template is not None and key in template.default_config and key not in fields
            said = f"from template `{template.name}`: " if template and given else ""
            at = node.value["template"].at if given else fields[key].key_at if key in fields else node.key_at
            findings.add("a value that GitLab would refuse", f"{said}`{key}` {objection}", todo, at=at)


# ---------------------------------------------------------------------------------------------------------------------


def _is_blank(value: Value) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _check_template(template: Template, fields: Mapping[str, Node], node: Node, spec: Spec, findings: Findings) -> None:
    """What a template gives may be right for another scope and wrong here."""
    given = {key: value for key, value in template.default_config.items() if key not in fields}
    for objection in spec.objections(given):
        detail = f"from template `{template.name}`: {objection.detail}"
        findings.add(objection.summary, detail, objection.hint, at=node.value["template"].at)


def _check_secret(name: str, value: Value, node: Node, findings: Findings) -> None:
    """A secret is stated by reference: no literal, no default that is one."""
    if isinstance(value, dict):
        for key, item in value.items():
            _check_secret(f"{name}.{key}", item, node.value[key], findings)
        return
    if not value or value is UNREADABLE:
        return
    references = value.references if isinstance(value, Text) else ()
    if any(reference.default for reference in references):
        detail = f"the default in `{name}` would stand in the manifest"
        findings.add("a secret written out", detail, "leave the default out", at=node.key_at)
    elif isinstance(value, str | Text) and _FROM_OUTSIDE.isdisjoint([reference.store for reference in references]):
        detail = f"`{name}` holds a secret, and nothing in it comes from outside"
        hint = f"write `${{env:{name.replace('.', '_').replace('-', '_').upper()}}}` and set that variable"
        findings.add("a secret written out", detail, hint, at=node.key_at)


def _check_passwords(name: str, texts: Iterable[Value], node: Node, spec: Spec, findings: Findings) -> None:
    """An address in a field that is shown holds no password."""
    if any(shows_password(text) for text in texts):
        detail = f"`{name}` is no secret: the password in its address would be shown"
        way_out = "write `{password}` in its place and `password` in `url_variables`"
        hint = way_out if "url_variables" in spec.fields else "leave it out, and use a field for credentials"
        findings.add("a password in a field that is shown", detail, hint, at=node.at)


def _check_stores(name: str, texts: Iterable[Value], node: Node, findings: Findings) -> None:
    """Secret stores are for secret fields only."""
    for text in texts:
        for reference in text.references if isinstance(text, Text) else ():
            if reference.store in SECRET_STORES:
                detail = f"`{reference.store}` cannot be used in `{name}`, which is no secret and would be shown"
                findings.add("a secret in a field that is shown", detail, "use `${env:…}` or `${var:…}`", at=node.at)


def _texts(value: Value) -> Iterable[Value]:
    """What may hold text: a value itself, or what is in it."""
    if type(value) is bool:
        return ()
    return value if isinstance(value, tuple) else value.values() if isinstance(value, dict) else (value,)


def _to_add(spec: Spec, key: str) -> str:
    field = spec.fields.get(key, Field(key))
    if field.secret and field.type is FieldType.STRING:
        return f"add `{key}: ${{env:{key.upper()}}}`"
    if isinstance(field.example, str | int):
        return f"add `{key}: {scalar(field.example)}`"
    return f"add `{key}`: {field.summary}" if field.summary else f"add `{key}`"
