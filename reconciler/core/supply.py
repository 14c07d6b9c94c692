"""Who supplies what a program left out, or what its record does not hold: variables and references. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.core.refs import is_forbidden
from reconciler.core.value import Plain, Text, Value

STATED = "secret_fields"
"""Where the record of what a program declared keeps the names of its secrets, each with the reference that gave it."""


def variable_of(kind: str, field: str) -> str:
    """The variable of a kind's field, or of one entry of a map (`custom_headers.X-Team`).

    A field that begins with its kind's name does not repeat it (`JENKINS_URL`). AWS's own variables hold credentials of
    ours, so what belongs to AWS goes without that word.
    """
    prefix, name = _words(kind).removeprefix("AWS_"), _words(field)
    return name if name.startswith(prefix + "_") else f"{prefix}_{name}"


def reference_to(value: Value) -> str:
    """How a secret was stated, where that is one reference and nothing else; empty for what must not be kept."""
    if isinstance(value, Text) and len(value.pieces) == 1 and value.references[0].default is None:
        return value.source
    return ""


def stated_secrets(local: Mapping[str, Plain]) -> Mapping[str, str]:
    """The secrets that a program stated, by name (`custom_headers.X-Team` for one in a map), with their references."""
    found = local.get(STATED)
    if isinstance(found, Mapping):
        return {name: str(reference) for name, reference in found.items()}
    return dict.fromkeys(map(str, found), "") if isinstance(found, tuple) else {}


def supplier_of(kind: str, field: str, stated: str = "") -> str:
    """The reference that supplies a secret: the one by which it was stated, else its variable; empty for none."""
    variable = variable_of(kind, field)
    return stated or ("" if is_forbidden(variable) else f"${{env:{variable}}}")


def named(reference: str) -> str:
    """A supplier as people say it: `SLACK_WEBHOOK_URL`, `${vault:kv/chat#url}`."""
    return reference.removeprefix("${env:").removesuffix("}") if reference.startswith("${env:") else reference


def _words(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").upper()
