"""The JSON Schema (draft-07) of manifests, for editors and for checking without this software.

Made from the catalogue, so that it cannot fall behind it. It accepts everything that `validate` accepts, and is weaker:
rules between fields are not in it. Kinds are told apart by `if`/`then`, because validators then name the real mistake
(draft-07, `enum` and `if`/`then`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.core.address import NAME, ScopeType
from reconciler.core.resource import Catalogue, Field, FieldType, Kind, OnDrift, Shape

DRAFT = "http://json-schema.org/draft-07/schema#"
Schema = dict[str, Any]

_HEADERS = ("project", "group", "instance", "targets")
_SEGMENT = r"(?!\.+(/|$))[A-Za-z0-9_.][A-Za-z0-9_.-]*"
_GROUP = rf"^(?!.*\.([gG][iI][tT]|[aA][tT][oO][mM])$){_SEGMENT}(/{_SEGMENT})*$"
_PROJECT = rf"{_GROUP.removesuffix('*$')}+$"
_SECTION_KINDS = ("webhook", "group_webhook", "system_hook", "oauth_application")


def manifest_schema(catalogue: Catalogue) -> Schema:
    """The schema of one document of a manifest."""
    integrations = {n: k for n, k in sorted(catalogue.kinds.items()) if k.section == "integrations"}
    others = {n: k for n, k in sorted(catalogue.kinds.items()) if k.section != "integrations"}
    definitions = {**_COMMON, **{name: _kind(kind, kind.shape) for name, kind in integrations.items()}}
    definitions |= {name: _kind(kind, kind.shape) for name, kind in others.items()}
    definitions["group_webhook"] = _kind(others["webhook"], catalogue.shapes["group_hook"])
    definitions["integration"] = _integration(integrations)
    definitions["template"] = _template({**integrations, **others})
    return {
        "$schema": DRAFT,
        "title": "Manifest of reconciler",
        "description": "Declares integrations, webhooks, OAuth applications and templates for a project, a group, "
        "the instance, or every project that matches.",
        "type": "object",
        "properties": {
            "project": {"type": "string", "pattern": _PROJECT, "description": "Full path of a project."},
            "group": {"type": "string", "pattern": _GROUP, "description": "Full path of a group."},
            "instance": {"const": True, "description": "For the whole instance; needs an administrator's token."},
            "targets": _ref("targets"),
            "integrations": _named(_ref("integration"), "Integrations by name; each has a `type`."),
            "webhooks": {"type": "object", "description": "Webhooks by name; system hooks under `instance: true`."},
            "oauth_applications": _named(_ref("oauth_application"), "OAuth applications of the instance by name."),
            "templates": _named(_ref("template"), "Settings that entries share, by name."),
        },
        "additionalProperties": False,
        "allOf": [*_scope_rules()],
        "definitions": definitions,
    }


# ---------------------------------------------------------------------------------------------------------------------


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _named(item: Schema, description: str) -> Schema:
    names = {"pattern": f"^{NAME.pattern}$"}
    return {"type": "object", "description": description, "propertyNames": names, "additionalProperties": item}


def _scope_rules() -> Iterable[Schema]:
    sections = ("integrations", "webhooks", "oauth_applications")
    one = [{"required": [header]} for header in _HEADERS]
    stated = [*one, *({"required": [section]} for section in sections), {"not": {"required": ["templates"]}}]
    yield {"if": {"anyOf": stated}, "then": {"oneOf": one}}
    for scope, kind in ((ScopeType.GROUP, "group_webhook"), (ScopeType.INSTANCE, "system_hook")):
        yield {
            "if": {"required": [scope.value]},
            "then": {"properties": {"webhooks": _named(_ref(kind), "Webhooks by name.")}},
            **({"else": {"properties": {"oauth_applications": False}}} if scope is ScopeType.INSTANCE else {}),
        }
    yield {"if": {"required": ["instance"]}, "then": {"properties": {"integrations": False}}}
    yield {
        "if": {"anyOf": [{"required": ["project"]}, {"required": ["targets"]}]},
        "then": {"properties": {"webhooks": _named(_ref("webhook"), "Webhooks by name.")}},
    }


def _integration(kinds: Mapping[str, Kind]) -> Schema:
    unspecific = {
        "anyOf": [{"required": ["template"]}, {"properties": {"inherit": {"const": True}}, "required": ["inherit"]}]
    }
    return {
        "type": "object",
        "properties": {"type": _type(kinds)},
        "anyOf": [{"required": ["type"]}, {"required": ["template"]}],
        "allOf": [
            {
                "if": {"properties": {"inherit": {"const": True}}, "required": ["inherit"]},
                "then": {"propertyNames": {"enum": ["type", "inherit", "lifecycle"]}},
            },
            *(
                {
                    "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                    "then": {"allOf": [_ref(name), {"if": unspecific, "else": {"required": _required(kind)}}]},
                }
                for name, kind in kinds.items()
            ),
        ],
    }


def _template(kinds: Mapping[str, Kind]) -> Schema:
    return {
        "type": "object",
        "description": "Settings that entries of one type share.",
        "properties": {
            "type": _type(kinds),
            "description": {"type": "string", "description": "What the template is for."},
            "default_config": {"type": "object", "description": "Goes under what an entry writes itself."},
            "required_fields": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Fields that every entry with this template must have in the end.",
            },
        },
        "required": ["type"],
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                "then": {"properties": {"default_config": _ref(name)}},
            }
            for name in kinds
        ],
    }


def _type(kinds: Mapping[str, Kind]) -> Schema:
    said = "; ".join(f"{name}: {kind.summary}" for name, kind in kinds.items())
    return {"type": "string", "enum": list(kinds), "description": f"What it is. {said}."}


def _required(kind: Kind) -> list[str]:
    return [field.name for field in kind.fields if field.required]


def _kind(kind: Kind, shape: Shape | None) -> Schema:
    fields = {field.name: field for field in (*kind.fields, *(shape.fields if shape else ()))}
    properties = {name: _field(field) for name, field in fields.items()}
    reserved: Schema = {"template": _TEMPLATE_NAME, "lifecycle": _ref("lifecycle")}
    schema: Schema = {
        "type": "object",
        "title": kind.title,
        "description": f"{kind.summary}."
        + (f" Not everywhere: {shape.unavailable}." if shape and shape.unavailable else ""),
    }
    if kind.section == "integrations":
        reserved |= {"type": {"const": kind.name, "description": f"{kind.title}."}, "inherit": _INHERIT}
    elif kind.section == "oauth_applications":
        reserved["credentials"] = _ref("credentials")
    if kind.section != "integrations":
        schema["if"] = {"required": ["template"]}
        schema["else"] = {"required": _required(kind)}
    return {**schema, "properties": {**reserved, **properties}, "additionalProperties": False}


def _field(field: Field) -> Schema:
    described: Schema = {"description": _description(field)}
    if field.default is not None and not field.ours:
        described["default"] = list(field.default) if isinstance(field.default, tuple) else field.default
    if field.example is not None:
        described["examples"] = [field.example]
    return {**described, **_VALUES[field.type](field)}


def _description(field: Field) -> str:
    said = [field.summary.rstrip(".") + "." if field.summary else f"GitLab's `{field.at_gitlab}`."]
    if field.secret:
        said.append("A secret: write a reference, like `${env:NAME}`.")
    if not field.readable and not field.secret:
        said.append("GitLab does not show it, so changes by others are not seen.")
    if field.ours:
        said.append("Used by actions and probes, never sent to GitLab.")
    if field.unstorable:
        said.append(f"Cannot be used: {field.unstorable}.")
    if field.since:
        said.append(f"Since GitLab {field.since[0]}.{field.since[1]}.")
    if field.group_only:
        said.append("On groups only.")
    if field.fixed:
        said.append("Cannot be changed later: GitLab needs a new object for that.")
    return " ".join(said)


def _or_reference(schema: Schema) -> Schema:
    return {"anyOf": [schema, _ref("reference")]}


def _string(field: Field) -> Schema:
    if field.secret:
        return {"type": "string", "writeOnly": True}
    if field.choices:
        return _or_reference({"enum": [*field.choices, None]})
    return {"type": ["string", "null"]}


def _boolean(_: Field) -> Schema:
    return _or_reference({"type": "boolean"})


def _integer(field: Field) -> Schema:
    return _or_reference({"enum": list(field.choices)} if field.choices else {"type": "integer"})


def _strings(field: Field) -> Schema:
    item = _or_reference({"enum": list(field.choices)}) if field.choices else {"type": "string"}
    return _or_reference({"type": "array", "items": item})


def _events(field: Field) -> Schema:
    return _or_reference({"type": "array", "items": {"enum": list(field.choices)}})


def _map(_: Field) -> Schema:
    return {"type": "object", "additionalProperties": {"type": "string"}}


_VALUES = {
    FieldType.STRING: _string,
    FieldType.BOOLEAN: _boolean,
    FieldType.INTEGER: _integer,
    FieldType.STRINGS: _strings,
    FieldType.EVENTS: _events,
    FieldType.MAP: _map,
}

_TEMPLATE_NAME: Schema = {"type": "string", "description": "Template whose settings go under those written here."}
_INHERIT: Schema = {"type": "boolean", "description": "Use the group's settings; nothing else is stated then."}

_COMMON: Mapping[str, Schema] = {
    "reference": {
        "type": "string",
        "pattern": r"\$\{",
        "description": "A reference: `${env:NAME}`, `${env:NAME:-default}`, `${env_file:NAME}`, `${file:path}`, "
        "`${var:name}`, `${project.path}`, `${project.name}`, `${group.path}`; for secrets also "
        "`${vault:mount/path#field}` and `${aws-sm:id#field}`. `$${` stands for `${` itself.",
        "examples": ["${env:NAME}"],
    },
    "targets": {
        "type": "object",
        "description": "Every project that matches, looked up in GitLab when planning.",
        "properties": {
            "projects": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Paths: `*` is one segment, `**` any number.",
                "examples": [["myorg/**"]],
            },
            "exclude": {"type": "array", "items": {"type": "string"}, "description": "Paths that are left out."},
            "topics": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Topics that a project has, all of them.",
            },
            "archived": {"type": "boolean", "default": False, "description": "Take archived projects, too."},
        },
        "anyOf": [{"required": ["projects"]}, {"required": ["topics"]}],
        "additionalProperties": False,
    },
    "lifecycle": {
        "type": "object",
        "description": "What may become of the entry.",
        "properties": {
            "prevent_destroy": {"type": "boolean", "default": False, "description": "Never delete it."},
            "allow_replace": {
                "type": "boolean",
                "default": False,
                "description": "Allow deleting and making it again, with new credentials.",
            },
            "on_drift": {
                "enum": [each.value for each in OnDrift],
                "default": OnDrift.FIX.value,
                "description": "What to do about what others changed: put it back, or only tell.",
            },
            "ignore": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Fields that are written when the object is made, and not looked at afterwards.",
            },
        },
        "additionalProperties": False,
    },
    "credentials": {
        "type": "object",
        "description": "Where the client id and the secret go that GitLab makes.",
        "properties": {
            "file": {"type": "string", "description": "A file that only its owner can read."},
            "variables": {
                "type": "object",
                "description": "Two CI/CD variables of a project or a group.",
                "properties": {
                    "project": {"type": "string", "description": "Full path of the project."},
                    "group": {"type": "string", "description": "Full path of the group, in place of a project."},
                    "client_id": {"type": "string", "description": "Key of the variable with the client id."},
                    "client_secret": {"type": "string", "description": "Key of the variable with the secret."},
                    "environment_scope": {
                        "type": "string",
                        "default": "*",
                        "description": "Environments that they are for.",
                    },
                },
                "required": ["client_id", "client_secret"],
                "oneOf": [{"required": ["project"]}, {"required": ["group"]}],
                "additionalProperties": False,
            },
        },
        "oneOf": [{"required": ["file"]}, {"required": ["variables"]}],
        "additionalProperties": False,
    },
}
