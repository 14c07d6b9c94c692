"""GitLab's rules that no peer models, as data and small predicates for the planner.

Sources: facts sections 2.5 to 2.8, 3.3 and 15. Required fields go with every write; all secrets are sent again when an
exposing field changes; a create sends every storable option, so that no leftover of a switched-off record speaks; a
hook whose URL variables change is replaced; some fields cannot change in place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconciler.core.address import ScopeType
from reconciler.core.compare import Comparison
from reconciler.core.plan import Change
from reconciler.core.resource import INHERIT, FieldType, Primitive, Resource, Shape
from reconciler.core.value import Plain


def refusal(resource: Resource, shape: Shape, version: tuple[int, int] | None, *, present: bool) -> str:
    """Why this GitLab cannot have what is declared; empty when it can."""
    if shape.unavailable and not present:
        return shape.unavailable
    if resource.scope.type not in shape.scopes:
        allowed = " and ".join(sorted(f"{scope}s" for scope in shape.scopes))
        return f"GitLab has it for {allowed} only"
    if version is None:
        return ""
    too_new = [(f.name, f.since) for f in shape.fields if f.since and f.name in resource.fields and f.since > version]
    if shape.since and shape.since > version:
        too_new.insert(0, (shape.name, shape.since))
    for name, since in too_new:
        return f"`{name}` needs GitLab {since[0]}.{since[1]}, this one is {version[0]}.{version[1]}"
    return ""


def defaults_of(shape: Shape, resource: Resource) -> dict[str, Plain]:
    """The fields that nobody stated, at GitLab's defaults: sent with a create.

    What GitLab ignores or cannot take is left out: unstorable and fixed fields, secrets, other scopes' fields, fields
    of newer versions, and everything of an integration that inherits.
    """
    if resource.fields.get(INHERIT.name):
        return {}
    stated_flags = {f.at_gitlab for f in shape.fields if f.name in resource.fields}
    found: dict[str, Plain] = {}
    for spec in shape.fields:
        own = spec.name in resource.fields or spec.ours or spec.secret or spec.unstorable or spec.since
        elsewhere = spec.group_only and resource.scope.type is not ScopeType.GROUP
        flag = spec.at_gitlab in shape.events.values()
        if own or elsewhere or flag or spec.type is FieldType.EVENTS or spec.default is None:
            continue
        found[spec.name] = spec.default
    if shape.events and "events" not in resource.fields:
        on = (e for e in shape.default_events if shape.events.get(e, "") not in stated_flags)
        found["events"] = tuple(sorted(on))
    return found


def sent_with(
    shape: Shape, found: Comparison, changes: Iterable[Change], *, reassert: bool, undelivered: bool
) -> tuple[str, ...]:
    """The fields that an update has to send for some changes; empty when there is nothing to write."""
    names = {change.field for change in changes}
    secrets = {name.partition(".")[0] for name in found.secrets}
    if reassert:
        names |= secrets
    if undelivered:
        names.add("client_secret")
    if not names:
        return ()
    exposed = any(spec.exposes for spec in shape.fields if spec.name in names)
    names |= {spec.name for spec in shape.fields if spec.required and spec.name in secrets | set(found.fields)}
    if exposed:
        names |= secrets
    return tuple(sorted(names))


def needs_replacement(shape: Shape, resource: Resource, found: Comparison, changes: Iterable[Change]) -> str:
    """Why an object must be deleted and made again for some changes; empty when it can be changed in place."""
    names = {change.field for change in changes}
    fixed = sorted(spec.name for spec in shape.fields if spec.fixed and spec.name in names)
    if fixed:
        return f"GitLab cannot change `{'`, `'.join(fixed)}` in place"
    if resource.primitive is Primitive.HOOK and _variables_in_the_way(resource, found, names):
        return "GitLab cannot change URL variables in use, nor the URL around them"
    return ""


def _variables_in_the_way(resource: Resource, found: Comparison, names: set[str]) -> bool:
    used = set(re.findall(r"\{([A-Za-z0-9_-]+)\}", str(resource.fields.get("url", ""))))
    before = {str(c.live) for c in found.changes if c.field == "url"} | {
        str(c.recorded) for c in found.changes if c.field == "url"
    }
    used_before = {name for url in before for name in re.findall(r"\{([A-Za-z0-9_-]+)\}", url)}
    if "url" in names and (used or used_before):
        return True
    if "url_variables" not in names:
        return False
    rewritten = {
        name.partition(".")[2] for name, use in found.secrets.items() if name.startswith("url_variables.") and use.write
    }
    return bool(used & rewritten)
