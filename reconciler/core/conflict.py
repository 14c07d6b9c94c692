"""Entries that cannot stand together on one scope: two of one integration, two issue trackers. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.entry import Entry
from reconciler.core.errors import Problem
from reconciler.core.resource import Catalogue, Primitive

_SHOWN = 3


def conflicts(entries: Iterable[Entry], catalogue: Catalogue) -> list[Problem]:
    """Every pair of entries that exclude each other; equal pairs on many scopes are one problem."""
    slugs: dict[tuple[str, str], Entry] = {}
    trackers: dict[str, Entry] = {}
    found: dict[tuple[str, str, str], list[tuple[Entry, Entry]]] = {}
    for entry in entries:
        if entry.section != "integrations" or entry.scope is None:
            continue
        shape = catalogue.kinds[entry.kind].shape
        if shape is None or shape.primitive is not Primitive.INTEGRATION:
            continue
        scope = entry.scope.key
        known = slugs.setdefault((scope, shape.name), entry)
        if known is not entry and known.name != entry.name:
            found.setdefault((_TWO_OF_ONE, str(known.place), str(entry.place)), []).append((known, entry))
        elif shape.tracker:
            known = trackers.setdefault(scope, entry)
            if known is not entry and known.kind != entry.kind:
                found.setdefault((_TWO_TRACKERS, str(known.place), str(entry.place)), []).append((known, entry))
    return [_problem(summary, pairs) for (summary, _, _), pairs in found.items()]


# ---------------------------------------------------------------------------------------------------------------------

_TWO_OF_ONE = "an integration that stands twice"
_TWO_TRACKERS = "two issue trackers"
_HINTS = {
    _TWO_OF_ONE: "GitLab has one of each type on a scope; remove one of them",
    _TWO_TRACKERS: "GitLab takes one issue tracker on a scope; remove one of them",
}


def _problem(summary: str, pairs: list[tuple[Entry, Entry]]) -> Problem:
    first, second = pairs[0]
    scopes = [str(pair[1].scope) for pair in pairs]
    where = ", ".join(f"`{scope}`" for scope in scopes[:_SHOWN])
    if len(scopes) > _SHOWN:
        where += f" and {len(scopes) - _SHOWN} more"
    detail = f"`{first.name}` ({first.kind}) at {first.place} and `{second.name}` ({second.kind}), on {where}"
    return Problem(summary, detail, _HINTS[summary], second.place, second.address)
