"""What a server says: items of lists and reads, and what is known of one declared or recorded object.

Absent is a strong word: only a readable parent that lacks the object makes it so. Everything else that hides an
object (401, 403, a 404 on the parent, a redirect to another project) is unknown, and unknown blocks changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.quick import quick
from reconciler.core.resource import NOTHING, Primitive
from reconciler.core.value import Plain, Secret


class Presence(StrEnum):
    """Whether an object is there, as far as can be told."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@quick
@dataclass(frozen=True, slots=True)
class Item:
    """One live object as a list or a read showed it.

    `fields` are the readable ones by manifest name, normalised. `identity` is as in `Resource.identity`, taken from the
    live object. `partial` says that a read would show more. `scope_id` is the parent's id where the answer tells.
    `status` holds what is no configuration (a hook's `alert_status`, a mirror's `update_status`).
    """

    primitive: Primitive
    shape: str
    id: int | str
    fields: Mapping[str, Plain]
    identity: Mapping[str, str] = NOTHING
    updated_at: str | None = None
    partial: bool = False
    inherited: bool = False
    scope_id: int | None = None
    status: Mapping[str, Plain] = NOTHING


@dataclass(frozen=True, slots=True)
class Listing:
    """The objects of one primitive at one scope, or why they cannot be known."""

    items: tuple[Item, ...] = ()
    unknown: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Live:
    """What is known of one declared or recorded object.

    `untouched` says that an unchanged `updated_at` proves that nobody wrote to it since the record, so that the
    record speaks for what GitLab does not show; `touched` that it has certainly been written to.
    """

    presence: Presence
    item: Item | None = None
    reason: str = ""
    untouched: bool = False
    touched: bool = False

    @property
    def fields(self) -> Mapping[str, Plain]:
        """The readable fields, empty when the object is not there."""
        return self.item.fields if self.item else NOTHING


ABSENT = Live(Presence.ABSENT)


@dataclass(frozen=True, slots=True)
class Written:
    """What a write left behind: the object's id, its fields as the answer showed them, and generated secrets."""

    id: int | str | None
    updated_at: str | None = None
    fields: Mapping[str, Plain] = NOTHING
    generated: Mapping[str, Secret] = NOTHING
    scope_id: int | None = None
