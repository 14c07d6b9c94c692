"""What `doctor` wants to know of the declarations: references that cannot be followed, scopes that cannot be read."""

from __future__ import annotations

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import InputError, Problem
from reconciler.core.resource import Primitive
from reconciler.core.targets import expand_recorded
from reconciler.engine.aside import readers
from reconciler.engine.books import open_books
from reconciler.engine.declared import read_manifests, resolver_of
from reconciler.engine.workspace import Workspace

SCOPES_ASKED = 50
"""The first ones stand for all."""

_LISTED = {ScopeType.INSTANCE: Primitive.HOOK}


def unfollowed(ws: Workspace) -> tuple[Problem, ...]:
    """References of what is declared that give nothing here; raises `InputError` where nothing can be read."""
    declarations = read_manifests(ws).declarations
    catalogue = ws.catalogue({entry.kind for entry in declarations.entries})
    resolver = resolver_of(ws, catalogue, require_secrets=False)
    for entry in expand_recorded(declarations, open_books(ws).state, catalogue).entries:
        resolver.values(entry)
    return resolver.problems


def unreadable(ws: Workspace) -> tuple[int, tuple[tuple[Scope, str], ...]]:
    """How many of the declared scopes were asked for, and those that the token's user may not see into, with why."""
    try:
        declarations = read_manifests(ws).declarations
    except InputError:
        return 0, ()
    catalogue = ws.catalogue({entry.kind for entry in declarations.entries})
    entries = expand_recorded(declarations, open_books(ws).state, catalogue).entries
    scopes = list({entry.scope.key: entry.scope for entry in entries if entry.scope}.values())[:SCOPES_ASKED]
    with readers(ws.parallelism) as pool:
        listings = list(pool.map(lambda s: ws.provider.list(_LISTED.get(s.type, Primitive.INTEGRATION), s), scopes))
    hidden = tuple((s, listing.unknown) for s, listing in zip(scopes, listings, strict=True) if listing.unknown)
    return len(scopes), hidden
