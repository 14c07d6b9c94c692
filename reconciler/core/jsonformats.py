"""The JSON Schemas (draft-07) of settings, plan files and state files, and the text in which schemas are stored.

Made from the forms that read those files, with a sentence for each key from the tables below. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from reconciler.core import plan
from reconciler.core.jsonschema import DRAFT, Schema, manifest_schema
from reconciler.core.plan import Plan
from reconciler.core.resource import Catalogue
from reconciler.core.settings import Settings
from reconciler.core.stateformat import _StateForm as StateForm

NAMES = ("manifest", "settings", "plan", "state")


def schema_of(name: str, catalogue: Catalogue) -> Schema:
    """One of the schemas by name; raises KeyError for another name. The catalogue is used for manifests only."""
    if name == "manifest":
        return manifest_schema(catalogue)
    form, title, words = _FORMS[name]
    made = TypeAdapter(form).json_schema(mode="validation", schema_generator=_Plain)
    schema = _draft07(made)
    _describe(schema, words)
    for each in schema.get("definitions", {}).values():
        _describe(each, words)
    if name == "settings":
        _loosen(schema)
    if name == "plan":
        version = {"const": plan.FORMAT_VERSION, "description": "Format of this file."}
        schema["properties"] = {"format_version": version, **schema["properties"]}
        schema["required"] = ["format_version", *schema.get("required", [])]
    return {"$schema": DRAFT, **schema, "title": title}


def to_text(schema: Mapping[str, Any]) -> str:
    """A schema as it is stored."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


# ---------------------------------------------------------------------------------------------------------------------


class _Plain(GenerateJsonSchema):
    """Without defaults of dataclasses: what is left out of a file is empty, and people read no defaults there."""

    def emit_warning(self, kind: Any, detail: str) -> None:
        """Defaults that JSON cannot hold are left out without a word."""


def _draft07(value: Any) -> Any:
    """pydantic's dialect (2020-12) as draft-07: definitions, fixed tuples, no titles made from names."""
    if isinstance(value, list):
        return [_draft07(item) for item in value]
    if not isinstance(value, dict):
        return value.replace("#/$defs/", "#/definitions/") if isinstance(value, str) else value
    found: Schema = {}
    for key, item in value.items():
        if key == "prefixItems":
            found["items"] = _draft07(item)
        elif key == "$defs":
            found["definitions"] = {name: _draft07(each) for name, each in item.items()}
        elif key == "properties":
            found["properties"] = {name: _draft07(each) for name, each in item.items()}
        elif key != "title":
            found[key] = _draft07(item)
    if "$ref" in found and len(found) > 1:
        # Draft-07 ignores what stands beside a reference.
        found = {**{k: v for k, v in found.items() if k != "$ref"}, "allOf": [{"$ref": found["$ref"]}]}
    if "description" in found and isinstance(found["description"], str):
        found["description"] = re.sub(r"\s+", " ", found["description"]).strip()
    return found


def _loosen(schema: Schema) -> None:
    """What settings take besides: one path in place of a list, and numbers and switches as values of `vars`."""
    for each in (schema, *schema["definitions"].values()):
        own = each.get("properties", {})
        if "manifests" in own:
            said = own["manifests"].pop("description")
            own["manifests"] = {"anyOf": [{"type": "string"}, own["manifests"]], "description": said}
        if "vars" in own:
            own["vars"]["additionalProperties"] = {"type": ["string", "number", "boolean"]}


def _describe(schema: Schema, words: Mapping[str, str]) -> None:
    for name, each in schema.get("properties", {}).items():
        if name in words:
            each["description"] = words[name]


_SETTINGS = {
    "gitlab": "Which GitLab, and with which token.",
    "url": "Address of GitLab. Without it `GITLAB_URL` or `CI_SERVER_URL`.",
    "token": "Reference to the token, like `${env:GITLAB_TOKEN}`. Without it `GITLAB_TOKEN`.",
    "ca_file": "File of certificates to trust beside the usual ones.",
    "manifests": "Files and folders with manifests. Without it `manifests`.",
    "state": "Where the state is kept. Without it `.reconciler/state.json`.",
    "environments": "Named environments, chosen by `--env`; what they state goes before the top level's.",
    "vars": "Values for `${var:name}`.",
    "policy": "Brakes on deletions.",
    "max_deletes": "Most deletions and replacements of one plan.",
    "max_delete_share": "Greatest share of what is recorded that one plan may delete or replace.",
    "plaintext_secrets": "Whether secrets may stand in manifests as they are.",
    "health": "From when on health is worse than healthy, and who is told.",
    "slow_ms": "An answer that takes longer, in milliseconds, is degraded.",
    "degraded_below": "Share of good deliveries below which a webhook is degraded.",
    "unhealthy_below": "Share of good deliveries below which a webhook is unhealthy.",
    "token_days": "Days before a token's end from which on it is degraded.",
    "alerts": "Who is told when health changes.",
    "through": "Address of a declared chat integration.",
    "on": "Statuses that are told.",
    "parallelism": "Most requests at one time.",
    "timeout": "Seconds after which a request is given up.",
    "lock_timeout": "Seconds to wait for a state that somebody else holds.",
}

_COMMON = {
    "format_version": "Format of this file.",
    "lineage": "Name of the state's history.",
    "serial": "How often the state has been written.",
    "gitlab_url": "The GitLab that it belongs to.",
    "address": "Address of what is meant: SCOPE:SECTION.NAME.",
    "primitive": "Sort of GitLab object.",
    "kind": "Kind that the manifest names.",
    "shape": "Table of fields that it follows.",
    "scope": "The project, the group or the instance.",
    "scope_id": "GitLab's id of the project or group.",
    "id": "GitLab's id of the object.",
    "identity": "Natural name of the object at its scope.",
    "fields": "Owned fields without secrets, by manifest name.",
    "local": "Fields that are ours only.",
    "deliver": "Where generated credentials go.",
    "lifecycle": "What may become of the entry.",
    "prevent_destroy": "Never delete it.",
    "allow_replace": "Deleting and making it again is allowed.",
    "on_drift": "What is done about changes by others.",
    "ignore": "Fields that are not looked at.",
    "alias": "Name given by the Python API.",
    "origin": "Declared by manifests or by a program.",
    "source": "Where it is declared.",
    "roots": "Manifest folders that it was made from.",
}

_STATE = {
    **_COMMON,
    "salt": "Salt of the digests.",
    "key_check": "Digest that tells whether the key is the one of before.",
    "resources": "What was last applied, by address.",
    "scope_type": "Whether the scope is a project, a group or the instance.",
    "digests": "Keyed digests of the secret fields.",
    "updated_at": "When GitLab last changed the object, as it says.",
    "condition": "Empty, `revoked` or `undelivered`.",
}

_PLAN = {
    **_COMMON,
    "scope": "The project, the group or the instance.",
    "steps": "What is to be done, in order.",
    "unchanged": "Addresses for which nothing is to be done.",
    "blocked": "Addresses that cannot be decided, and why.",
    "drift": "What others changed, by address.",
    "gone": "Addresses whose objects somebody removed.",
    "unmanaged": "Live objects that are not ours, as scope, sort and name.",
    "unverified": "Addresses whose unreadable fields are taken as equal without proof.",
    "uncompared": "Secrets whose reference is not set here, as address, field and reference.",
    "touched": "Addresses that somebody certainly wrote to.",
    "matched": "Projects newly matched.",
    "unmatched": "Projects no longer matched.",
    "problems": "Warnings, and brakes as errors.",
    "notes": "What a person should know.",
    "manifests": "Digest of the manifests.",
    "tool_version": "Version that made the plan.",
    "environment": "Environment that it is for.",
    "destroy": "Whether destroying was asked for.",
    "partial": "Whether it covers a part of what is declared.",
    "forecast": "Requests that applying is expected to cost.",
    "records": "How many records the state held.",
    "bookkeeping": "Steps that change the record only.",
    "inherited": "Whether the live integration uses the group's settings.",
    "updated_at": "When GitLab last changed the object, as it says.",
    "action": "What is done.",
    "reasons": "Why.",
    "secrets": "What is done with each secret field.",
    "send": "Fields that are written.",
    "defaults": "Fields that nobody stated, sent with a create.",
    "changes": "Fields that differ.",
    "fingerprint": "Digest of the live object; another one makes the plan stale.",
    "ids_before": "Ids that existed before a create.",
    "needs": "Addresses that must be done before.",
    "previous": "Address that the record has now.",
    "field": "Name of the field.",
    "recorded": "Value last applied.",
    "live": "Value that GitLab has.",
    "desired": "Value that is declared.",
    "mover": "Who moved it away from the record.",
    "secret": "Whether it is a secret, whose values are never shown.",
    "reset": "Whether the field is given up and goes back to GitLab's default.",
    "reference": "Reference as it is written.",
    "write": "Whether the secret is written.",
    "summary": "Sort of problem.",
    "detail": "Particulars.",
    "hint": "What to do.",
    "place": "Where it stands.",
    "severity": "Whether it stops the command.",
    "file": "File.",
    "line": "Line, from 1.",
    "column": "Column, from 1.",
    "text": "The line.",
    "reason": "Why.",
    "type": "Project, group or instance.",
    "path": "Full path.",
}

_FORMS: Mapping[str, tuple[Any, str, Mapping[str, str]]] = {
    "settings": (Settings, "Settings of reconciler (reconciler.yaml)", _SETTINGS),
    "plan": (Plan, "Plan of reconciler (plan --out, plan -o json)", _PLAN),
    "state": (StateForm, "State of reconciler", _STATE),
}
