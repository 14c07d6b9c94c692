"""Scopes and addresses: how everything that is declared or recorded is named.

`<scope>:<section>.<name>` names an entry, `<scope>:<section>.<name>/<primitive>.<key>` what it becomes besides its
main resource. Scopes are compared without case (GitLab's paths are); an address remembers the spelling it was given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from reconciler.core.errors import UsageError
from reconciler.core.quick import quick

INSTANCE = "@instance"
SECTIONS = ("integrations", "webhooks", "oauth_applications")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class ScopeType(StrEnum):
    """What a declaration is for."""

    PROJECT = "project"
    GROUP = "group"
    INSTANCE = "instance"


@quick
@dataclass(frozen=True, slots=True)
class Scope:
    """A project, a group or the whole instance; `path` is the full path, `@instance` for the instance."""

    type: ScopeType
    path: str

    @property
    def key(self) -> str:
        """The path in the form in which scopes are compared."""
        return self.path.lower()

    @classmethod
    def instance(cls) -> Scope:
        """The one scope of system hooks and OAuth applications."""
        return cls(ScopeType.INSTANCE, INSTANCE)

    def __str__(self) -> str:
        return self.path


def address_of(scope: str, section: str, name: str, part: str = "") -> str:
    """The address of an entry, or of one of its parts (`variable.SENTRY_DSN`)."""
    return f"{scope}:{section}.{name}" + (f"/{part}" if part else "")


@dataclass(frozen=True, slots=True)
class Address:
    """An address taken apart."""

    scope: str
    section: str
    name: str
    part: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Take an address apart; raises ValueError with what is wrong and the expected form."""
        scope, colon, rest = text.partition(":")
        entry, _, part = rest.partition("/")
        section, dot, name = entry.partition(".")
        if not (colon and dot and scope and section in SECTIONS and NAME.fullmatch(name)):
            form = "SCOPE:SECTION.NAME, for example myorg/shop:webhooks.deploy"
            raise ValueError(f"`{text}` is not an address; the form is {form}")
        return cls(scope, section, name, part)

    @property
    def entry(self) -> str:
        """The address of the entry that this belongs to (itself, when it is no part)."""
        return address_of(self.scope, self.section, self.name)

    def __str__(self) -> str:
        return address_of(self.scope, self.section, self.name, self.part)


def given_address(text: str) -> Address:
    """The address that somebody typed; raises `UsageError` for what is none."""
    try:
        return Address.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from error


@lru_cache(maxsize=1 << 16)
def key_of(address: str) -> str:
    """The form in which addresses are compared and stored: the scope without case, the rest as it is."""
    scope, colon, rest = address.partition(":")
    return scope.lower() + colon + rest
