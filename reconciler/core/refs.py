"""References in text: `${env:NAME}`, `${env:NAME:-default}`, `${project.path}`; `$${` is a literal `${`.

Only the syntax, and which stores and names there are; filling in the values is `resolve`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from reconciler.core.source import closest
from reconciler.core.value import Reference, Text

SECRET_STORES = frozenset({"vault", "aws-sm"})
"""Stores that may be referred to from secret fields only."""

OUTSIDE = frozenset({"env", "env_file", "file"}) | SECRET_STORES
"""Stores whose contents do not stand in manifests or settings."""

OF_SCOPE = frozenset({"project.path", "project.name", "group.path"})
"""References that the entry's own scope answers."""


class BadReference(ValueError):
    """Text that looks like a reference and is none; `hint` says what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def parse(text: str, *, own: bool = False) -> str | Text:
    """Text with its references recognised; plain text (with `$${` undone) when there are none.

    `own` texts are settings, which may name the tool's own credentials. Raises `BadReference`.
    """
    return _parsed(text, own) if "${" in text else text


def written(value: str | Text) -> str:
    """How a value must be written so that `parse` gives it back."""
    return value.source if isinstance(value, Text) else value.replace("${", "$${")


def is_forbidden(name: str) -> bool:
    """Whether an environment variable holds a credential of ours, which must never get into what is declared."""
    return bool(_FORBIDDEN.fullmatch(name.upper()))


# ---------------------------------------------------------------------------------------------------------------------

_OPENING = re.compile(r"\$?\$\{")
_FORBIDDEN = re.compile(r"GITLAB_TOKEN|CI_JOB_TOKEN|VAULT_TOKEN|RECONCILER_.*|AWS_.*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_NAMES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "env": (_VARIABLE, "${env:NAME}"),
    "env_file": (_VARIABLE, "${env_file:NAME}"),
    "var": (re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*"), "${var:name}"),
    "file": (re.compile(r"[^/\\:\x00-\x1f][^\\:\x00-\x1f]*"), "${file:path/below/the/manifests}"),
    "vault": (re.compile(r"[^#\s/]+/[^#\s]+#[^#\s]+"), "${vault:mount/path#field}"),
    "aws-sm": (re.compile(r"[^#\s]+(?:#[^#\s]+)?"), "${aws-sm:id#field}"),
}


@lru_cache(maxsize=4096)
def _parsed(text: str, own: bool) -> str | Text:
    pieces: list[str | Reference] = []
    position = 0
    for match in _OPENING.finditer(text):
        pieces.append(text[position : match.start()])
        if match.group() == "$${":
            pieces.append("${")
            position = match.end()
            continue
        end = text.find("}", match.end())
        if end < 0:
            raise BadReference("a reference without its closing brace", "add `}`, or write `$${` for a literal `${`")
        pieces.append(_reference(text[match.end() : end], own))
        position = end + 1
    pieces.append(text[position:])
    joined = _joined(pieces)
    return Text(joined, text) if any(isinstance(piece, Reference) for piece in joined) else "".join(map(str, joined))


def _reference(body: str, own: bool) -> Reference:
    text = "${" + body + "}"
    if body in OF_SCOPE:
        store, _, name = body.partition(".")
        return Reference(store, name, None, text)
    store, colon, rest = body.partition(":")
    if not colon:
        raise BadReference("a reference without a store", _without_store(body))
    if store not in _NAMES:
        stores = ", ".join(f"`{name}`" for name in _NAMES)
        raise BadReference(f"there is no store `{store[:40]}`", closest(store, _NAMES) or f"stores are {stores}")
    name, dash, default = rest.partition(":-")
    pattern, form = _NAMES[store]
    if not pattern.fullmatch(name) or (store == "file" and ".." in name.split("/")):
        raise BadReference(f"this is no name for `{store}`", f"the form is `{form}`")
    if store in ("env", "env_file") and is_forbidden(name) and not own:
        raise BadReference(f"`{name}` may not be used in manifests", "it is a credential of the tool itself")
    if "${" in default:
        raise BadReference("a default cannot hold a reference", "write plain text after `:-`")
    return Reference(store, name, default if dash else None, text)


def _without_store(body: str) -> str:
    if _VARIABLE.fullmatch(body):
        return f"write `${{env:{body}}}` for an environment variable, `$${{` for a literal `${{`"
    near = closest(body, OF_SCOPE)
    return near or "write `${env:NAME}`, or `$${` for a literal `${`"


def _joined(pieces: list[str | Reference]) -> tuple[str | Reference, ...]:
    found: list[str | Reference] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece != "":
            found.append(piece)
    return tuple(found)
