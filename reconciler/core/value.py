"""The values that fields hold: plain data, text with references, and secrets.

A `Secret` cannot be printed, compared by accident with text, or serialised: its text leaves it only through
`reveal()`, which is called where a request body is built and where a digest is made, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Never

from typing_extensions import TypeAliasType

from reconciler.core.quick import quick

Plain = TypeAliasType(
    "Plain", "bool | int | float | str | tuple[Plain, ...] | Mapping[str, Plain] | None"
)  # a named alias, because pydantic follows its recursion when it reads plans
"""Data without references or secrets: what JSON can hold, with lists as tuples."""


_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]*:(?!\{[\w.-]+\}@)[^\s/?#]+@", re.IGNORECASE)
"""A password in an address; one that is a URL variable (`{password}`) is hidden by GitLab."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`${store:name}` or `${store:name:-default}`: a value that lives elsewhere.

    `store` is env, env_file, file, var, project, group, vault or aws-sm; `text` is how it was written.
    """

    store: str
    name: str
    default: str | None
    text: str


@quick
@dataclass(frozen=True, slots=True)
class Text:
    """Text with at least one reference in it, not resolved yet. `source` is how it was written."""

    pieces: tuple[str | Reference, ...]
    source: str

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references in it, in order."""
        return tuple([piece for piece in self.pieces if isinstance(piece, Reference)])


def shows_password(value: object) -> bool:
    """Whether text holds an address with a password in it (`https://user:password@host`), a reference's included."""
    if isinstance(value, Text):
        value = "".join(piece if isinstance(piece, str) else "…" for piece in value.pieces)
    return isinstance(value, str) and "@" in value and _PASSWORD.search(value) is not None


class Secret:
    """A secret value and the reference it came from; `text` is None when the reference could not be resolved."""

    __slots__ = ("_text", "reference")

    def __init__(self, text: str | None, reference: str = "") -> None:
        self._text = text
        self.reference = reference

    @property
    def known(self) -> bool:
        """Whether the value is at hand."""
        return self._text is not None

    def reveal(self) -> str:
        """The secret text itself; raises ValueError when it is not known."""
        if self._text is None:
            raise ValueError(f"the secret {self.reference or ''} is not known".replace("  ", " "))
        return self._text

    def __repr__(self) -> str:
        return f"Secret({self.reference or '…'})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._text, self.reference) == (other._text, other.reference)

    def __hash__(self) -> int:
        return hash((self._text, self.reference))

    def __reduce__(self) -> Never:
        raise TypeError("a secret cannot be serialised")


Value = Any
"""A field's value: `Plain`, `Text` (before resolution) or `Secret` (after); maps may hold either inside."""


_SCALARS = (str, bool, int, float, type(None))


def plain(value: Any) -> Plain:
    """JSON-like data with its lists as tuples, so that it can stand in frozen values."""
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, set | frozenset):
        return tuple(sorted(plain(item) for item in value))  # type: ignore[type-var]
    raise TypeError(f"{type(value).__name__} is not plain data")
