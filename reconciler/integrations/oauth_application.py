"""OAuth applications of the instance.

GitLab can create and delete one, and renew its secret; nothing about one can be changed, so every field is fixed. Where
the generated credentials go (`credentials`) is no field: the compiler keeps it beside them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.address import ScopeType
from reconciler.core.resource import Primitive, Shape
from reconciler.integrations.base import boolean, kind, text, texts
from reconciler.integrations.flows.gitlab_access import application
from reconciler.integrations.rules import Objection, Values, known, split

SCOPES = (
    "admin_mode",
    "ai_features",
    "api",
    "create_runner",
    "email",
    "k8s_proxy",
    "manage_runner",
    "openid",
    "profile",
    "read_api",
    "read_observability",
    "read_registry",
    "read_repository",
    "read_service_ping",
    "read_user",
    "read_virtual_registry",
    "self_rotate",
    "sudo",
    "write_observability",
    "write_registry",
    "write_repository",
    "write_virtual_registry",
)
"""Scopes that GitLab publishes; an instance may offer fewer (registry scopes only with a registry)."""

SHAPE = Shape(
    "application",
    Primitive.APPLICATION,
    (
        text("name", "Name shown to users; the entry's own name when not stated.", fixed=True),
        text("redirect_uri", "Where users return to; several, one a line.", required=True, fixed=True),
        replace(
            texts("scopes", "What the application may ask for.", required=True, fixed=True, choices=SCOPES),
            default=None,
        ),
        boolean("confidential", "Whether the application can keep its secret.", True, fixed=True),
    ),
    scopes=frozenset({ScopeType.INSTANCE}),
    identity=("name", "redirect_uri"),
)

_FORBIDDEN = frozenset({"data", "vbscript", "javascript"})


def _addresses(values: Values) -> Iterator[Objection]:
    for uri in (known(values, "redirect_uri") or "").split():
        parts = split(uri)
        if not parts or (not parts.scheme and not uri.startswith("//")):
            yield "redirect_uri", "is no absolute address", "write it with its scheme, like https://host/callback"
        elif parts.scheme.lower() in _FORBIDDEN:
            yield (
                "redirect_uri",
                f"the scheme `{parts.scheme}` is forbidden by GitLab",
                "use https or the app's own scheme",
            )
        elif parts.fragment:
            yield "redirect_uri", "has a part after `#`", "leave it away"


def _some_scope(values: Values) -> Iterator[Objection]:
    if "scopes" in values and not values["scopes"]:
        yield "scopes", "is empty", "list at least one"


KIND = kind(
    "oauth_application",
    SHAPE,
    section="oauth_applications",
    rules=(_addresses, _some_scope),
    renamed={"callback_url": "redirect_uri", "application_name": "name"},
    probe=application,
)
