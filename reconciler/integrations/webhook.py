"""Webhooks of projects, groups and the instance.

Three shapes, because GitLab knows different events and fields at each scope. `webhook` is the kind of projects and
groups (the compiler takes `group_hook` at a group), `system_hook` that of the instance. Pure.

Header and variable values never come back from GitLab, their keys do. A changed URL makes GitLab forget token and
headers, so `url` exposes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from reconciler.core.address import ScopeType
from reconciler.core.resource import Field, Kind, Primitive, Shape
from reconciler.integrations.base import (
    GROUP,
    PROJECT,
    PROJECT_AND_GROUP,
    boolean,
    events_field,
    flag_of,
    kind,
    pairs,
    secret,
    text,
)
from reconciler.integrations.flows.webhook_trigger import ACTIONS
from reconciler.integrations.flows.webhooks import probe
from reconciler.integrations.map_rules import at_most, header_names, variable_names, variables_in
from reconciler.integrations.rules import (
    Objection,
    Values,
    longest,
    stated,
    web_url,
)

_EVERYWHERE = ("push", "tag_push", "merge_request")
_IN_PROJECTS = (
    *_EVERYWHERE,
    "issue",
    "confidential_issue",
    "note",
    "confidential_note",
    "job",
    "pipeline",
    "wiki_page",
    "deployment",
    "feature_flag",
    "release",
    "milestone",
    "emoji",
    "resource_access_token",
    "vulnerability",
)
_IN_GROUPS = (*_IN_PROJECTS, "member", "subgroup", "project")
_IN_INSTANCES = (*_EVERYWHERE, "repository_update")

_FIELDS = (
    text("url", "Address that GitLab posts to; `{name}` stands for a URL variable.", required=True, exposes=True),
    text("name", "Name shown in GitLab; the entry's own name when not stated."),
    text("description", "What the webhook is for."),
    secret("secret_token", "Text that GitLab sends as `X-Gitlab-Token`.", wire="token"),
    secret("signing_token", "Key of the signature that GitLab sends, `whsec_` and 32 bytes in base64.", since=(19, 0)),
    boolean("enable_ssl_verification", "Verify the receiver's certificate.", True),
    text("push_events_branch_filter", "Branches whose pushes are sent, as `branch_filter_strategy` says."),
    text(
        "branch_filter_strategy",
        "How `push_events_branch_filter` is read.",
        choices=("wildcard", "regex", "all_branches"),
        default="wildcard",
    ),
    text("custom_webhook_template", "Body that is sent in place of GitLab's; `{{a.b}}` takes from GitLab's."),
    pairs("custom_headers", "Headers that are sent along; their values are secrets.", secret=True),
    pairs("url_variables", "Values that stand for `{name}` in the URL, hidden in GitLab.", secret=True),
)
_NOT_IN_INSTANCES = frozenset({"custom_webhook_template", "signing_token"})


def _hook(
    name: str, scopes: frozenset[ScopeType], events: tuple[str, ...], on: str, fields: tuple[Field, ...]
) -> Shape:
    return Shape(
        name,
        Primitive.HOOK,
        (*fields, events_field(events, (on,))),
        events=MappingProxyType({event: flag_of(event) for event in events}),
        default_events=frozenset({on}),
        scopes=scopes,
        identity=("name", "url"),
    )


_INSTANCE = frozenset({ScopeType.INSTANCE})

HOOK = _hook("hook", PROJECT, _IN_PROJECTS, "push", _FIELDS)
GROUP_HOOK = _hook("group_hook", GROUP, _IN_GROUPS, "push", _FIELDS)
SYSTEM_HOOK = _hook(
    "system_hook",
    _INSTANCE,
    _IN_INSTANCES,
    "repository_update",
    tuple(f for f in _FIELDS if f.name not in _NOT_IN_INSTANCES),
)

SHAPES: Mapping[str, Shape] = MappingProxyType({shape.name: shape for shape in (HOOK, GROUP_HOOK, SYSTEM_HOOK)})
"""The shapes by name."""


def _no_filter_for_all(values: Values) -> Iterator[Objection]:
    if values.get("branch_filter_strategy") == "all_branches" and stated(values, "push_events_branch_filter"):
        hint = "drop the filter, or choose `wildcard` or `regex`"
        yield "push_events_branch_filter", "GitLab drops it when the strategy is `all_branches`", hint


_RULES = (
    web_url("url"),
    _no_filter_for_all,
    variables_in("url", "url_variables"),
    longest(255, "name"),
    longest(2048, "description"),
    longest(4096, "custom_webhook_template"),
    header_names("custom_headers"),
    variable_names("url_variables"),
    at_most(20, "custom_headers"),
    at_most(20, "url_variables"),
)
_NAMES = {"token": "secret_token"}


_WEBHOOK = kind(
    "webhook",
    HOOK,
    section="webhooks",
    renamed=_NAMES,
    rules=_RULES,
    scopes=PROJECT_AND_GROUP,
    probe=probe,
    actions=ACTIONS,
)
_OF_SYSTEM = (action for action in ACTIONS if action.name in ("test", "trigger"))
_SYSTEM = kind(
    "system_hook",
    SYSTEM_HOOK,
    section="webhooks",
    renamed=_NAMES,
    rules=_RULES,
    probe=probe,
    actions=_OF_SYSTEM,
)

KINDS: Mapping[str, Kind] = MappingProxyType({each.name: each for each in (_WEBHOOK, _SYSTEM)})
"""Both kinds by name."""
