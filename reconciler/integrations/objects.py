"""The shapes that parts of entries are made of: CI/CD variables, push mirrors, the error-tracking switch.

Pure. Constructors make parts so that each kind says only what is its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from reconciler.core.resource import Field, Part, Primitive, Shape
from reconciler.core.value import Value
from reconciler.integrations.base import PROJECT, PROJECT_AND_GROUP, boolean, secret, text

_VARIABLE_FIELDS = (
    text("key", "Name of the variable.", required=True, fixed=True),
    text("environment_scope", "Environments that it is for.", default="*", fixed=True),
    text("variable_type", "A variable, or a file whose path it is.", choices=("env_var", "file"), default="env_var"),
    boolean("protected", "Only for protected branches and tags."),
    boolean("masked", "Hidden in job logs."),
    boolean("raw", "Not expanded: `$` stands for itself."),
    text("description", "What the variable is for."),
)


def _variable(name: str, value: Field) -> Shape:
    return Shape(
        name,
        Primitive.VARIABLE,
        (value, *_VARIABLE_FIELDS),
        scopes=PROJECT_AND_GROUP,
        identity=("key", "environment_scope"),
    )


VARIABLE = _variable("variable", secret("value", "The value.", required=True))
PLAIN_VARIABLE = _variable("plain_variable", text("value", "The value.", required=True))
"""A variable whose value is no secret: shown and compared. A live variable is one when GitLab does not mask it."""

MIRROR = Shape(
    "mirror",
    Primitive.MIRROR,
    (
        text("url", "Address of the repository, without credentials.", required=True, fixed=True),
        text("username", "User of the address.", fixed=True, readable=False),
        secret("password", "Password or token of the address.", fixed=True),
        boolean("enabled", "Whether pushes go out.", True),
        boolean("only_protected_branches", "Mirror protected branches only."),
        boolean("keep_divergent_refs", "Leave branches alone that have diverged."),
        text("mirror_branch_regex", "Mirror branches that match (RE2); a paid feature."),
        text(
            "auth_method", "How GitLab identifies itself.", choices=("password", "ssh_public_key"), default="password"
        ),
    ),
    scopes=PROJECT,
    identity=("url",),
)
"""`url`, `username` and `password` are one address at GitLab, which shows it with the credentials masked."""

ERROR_TRACKING = Shape(
    "error_tracking",
    Primitive.ERROR_TRACKING,
    (
        boolean("active", "Whether error tracking is on.", required=True),
        boolean("integrated", "Whether GitLab itself collects errors, in place of Sentry."),
    ),
    scopes=PROJECT,
)

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {shape.name: shape for shape in (VARIABLE, PLAIN_VARIABLE, MIRROR, ERROR_TRACKING)}
)
"""The shapes by name."""

VARIABLE_OPTIONS = (
    text("environment_scope", "Environments that the CI/CD variables are for.", default="*"),
    boolean("protected", "Give the CI/CD variables to protected branches and tags only."),
)
"""What every kind lets people say about the CI/CD variables that it makes."""


MIRROR_OPTIONS = (
    boolean("only_protected_branches", "Mirror protected branches only.", True),
    boolean("keep_divergent_refs", "Leave branches alone that have diverged."),
    boolean("enabled", "Whether pushes go out.", True),
)
"""What every kind lets people say about the push mirror that it makes."""


def variables(values: Mapping[str, Value], *, plain: Mapping[str, str], masked: Mapping[str, str]) -> Iterator[Part]:
    """The CI/CD variables of an entry: by their keys, the fields whose values they take; none where nothing is stated.

    No value is expanded, so that any secret without blanks passes unchanged.
    """
    for key, field in (*masked.items(), *plain.items()):
        value = values.get(field)
        if value is None or value == "":
            continue
        hidden = key in masked
        fields = {
            "key": key,
            "value": value,
            "environment_scope": values.get("environment_scope") or "*",
            "protected": values.get("protected", False),
            "masked": hidden,
            "raw": True,
        }
        yield Part((VARIABLE if hidden else PLAIN_VARIABLE).name, key, fields)


def mirror(values: Mapping[str, Value], url: Value, username: Value, password: Value) -> Part:
    """The push mirror of an entry; `url` has no credentials."""
    options = {field.name: values.get(field.name, field.default) for field in MIRROR_OPTIONS}
    return Part(MIRROR.name, "push", {"url": url, "username": username, "password": password, **options})
