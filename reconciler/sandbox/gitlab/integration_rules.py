"""What the models of GitLab's integrations refuse, in GitLab's words and order.

Pure. One table: for each slug the checked fields in the order of GitLab's declarations, because errors are answered in
that order. Sources: a running GitLab 18.9, `tests/recordings/{integrations,walks}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..world import World
from .integration_checks import (
    Check,
    at_most,
    atlassian_wiki,
    channel_limit,
    cloud_is_basic,
    datadog_key,
    expression,
    few_keys,
    https_url,
    irc_recipients,
    matches,
    needs_visibility,
    one_of,
    pem_key,
    present,
    public_url,
    recipients,
    service_account,
    tag_lines,
    unless_blank,
    whole_number,
)
from .integration_record import Draft, is_blank

Errors = dict[str, list[str]]

ONE_TRACKER = "Another issue tracker is already in use. Only one issue tracker service can be active at a time"
LINEAR_URL = "URL must point to a workspace URL like https://linear.app/example"
DISCORD_URL = "URL must point to discord.com"
DISCORD_HOST = re.compile(r"https://discord\.com(/.*)?")
TRANSITIONS = "IDs must be a list of numbers that can be split with , or ;"
MASKABLE = re.compile(r"[a-zA-Z0-9_+=/@:.~-]{8,}")


@dataclass(frozen=True, slots=True)
class Rule:
    """Checks of one field; `always`: also while the integration is switched off; `when`: on what condition."""

    field: str
    checks: tuple[Check, ...]
    always: bool = False
    when: Callable[[Draft], bool] | None = None


def _discord_asks(name: str) -> Callable[[Draft], bool]:
    """Old addresses elsewhere stay valid until they are changed."""

    def asks(draft: Draft) -> bool:
        value, old = draft.values.get(name), draft.before.get(name)
        if is_blank(value):
            return False
        if draft.active and not draft.was_active:
            return True
        return draft.changed(name) and (is_blank(old) or DISCORD_HOST.match(str(old)) is not None)

    return asks


def _discord(name: str) -> Rule:
    return Rule(name, (matches(DISCORD_HOST.pattern, DISCORD_URL), https_url), when=_discord_asks(name))


def _rules(*rules: Rule) -> tuple[Rule, ...]:
    return rules


def _present(*fields: str) -> tuple[Rule, ...]:
    return tuple(Rule(name, (present,)) for name in fields)


def _url_of(name: str) -> Rule:
    return Rule(name, (present, public_url))


PASSWORD_PAIR = (
    Rule("username", (present,), when=lambda draft: draft.values.get("password") is not None),
    Rule("password", (present,), when=lambda draft: draft.values.get("username") is not None),
)
TRACKER = (_url_of("project_url"), _url_of("issues_url"))
LABELS = Rule("labels_to_be_notified_behavior", (unless_blank(one_of("match_any", "match_all")),))

JIRA = _rules(
    Rule("url", (public_url, present)),
    Rule("api_url", (unless_blank(public_url),), always=True),
    Rule("username", (present,), when=lambda draft: draft.get("jira_auth_type") != 1),
    *_present("password"),
    Rule("jira_auth_type", (present, one_of(0, 1))),
    Rule("jira_issue_prefix", (expression, at_most(255))),
    Rule("jira_issue_regex", (expression, at_most(255))),
    Rule("base", (cloud_is_basic,)),
    Rule(
        "jira_issue_transition_id",
        (unless_blank(matches(r".*\d.*", TRANSITIONS, re.DOTALL)),),
        always=True,
    ),
    Rule("project_key", (present,), always=True, when=lambda draft: bool(draft.get("vulnerabilities_enabled"))),
    Rule(
        "vulnerabilities_issuetype",
        (present,),
        always=True,
        when=lambda draft: bool(draft.get("vulnerabilities_enabled")),
    ),
    Rule("project_keys", (few_keys,), always=True),
)

DATADOG = _rules(
    Rule("api_key", (present, datadog_key)),
    Rule("datadog_site", (unless_blank(matches(r"\w+([-.]\w+)*\.[a-zA-Z]{2,5}(:[0-9]{1,5})?")),)),
    Rule("api_url", (unless_blank(public_url),)),
    Rule("datadog_site", (present,), when=lambda draft: is_blank(draft.get("api_url"))),
    Rule("api_url", (present,), when=lambda draft: is_blank(draft.get("datadog_site"))),
    Rule("datadog_ci_visibility", (one_of(True, False),)),
    Rule("datadog_tags", (tag_lines,)),
    Rule("archive_trace_events", (needs_visibility,)),
)

RULES: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {
        "apple-app-store": _rules(
            Rule("app_store_issuer_id", (present, matches(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"))),
            Rule("app_store_key_id", (present, matches(r"(?=.*[A-Z])(?=.*[0-9])[A-Z0-9]+"))),
            Rule("app_store_private_key", (present, pem_key)),
            *_present("app_store_private_key_file_name"),
            Rule("app_store_protected_refs", (one_of(True, False),)),
        ),
        "asana": _present("api_key"),
        "assembla": _present("token"),
        "bamboo": _rules(_url_of("bamboo_url"), *_present("build_key"), *PASSWORD_PAIR),
        "bugzilla": (*TRACKER, _url_of("new_issue_url")),
        "buildkite": _rules(_url_of("project_url"), *_present("token")),
        "campfire": _rules(
            *_present("token"),
            Rule("room", (unless_blank(whole_number(above=0)),), always=True),
            Rule(
                "subdomain",
                (
                    unless_blank(matches(r"[a-z](?:[a-z0-9-]*[a-z0-9])?", flags=re.IGNORECASE)),
                    unless_blank(at_most(63)),
                ),
                always=True,
            ),
        ),
        "clickup": TRACKER,
        "confluence": _rules(Rule("confluence_url", (present, atlassian_wiki))),
        "custom-issue-tracker": (*TRACKER, _url_of("new_issue_url")),
        "datadog": DATADOG,
        "diffblue-cover": _present(
            "diffblue_license_key", "diffblue_access_token_name", "diffblue_access_token_secret"
        ),
        "discord": _rules(
            *_present("webhook"),
            LABELS,
            _discord("webhook"),
        ),
        "drone-ci": _rules(_url_of("drone_url"), *_present("token")),
        "emails-on-push": _rules(Rule("recipients", (present, recipients(750, r"\s+", distinct=True)))),
        "ewm": (*TRACKER, _url_of("new_issue_url")),
        "external-wiki": _rules(_url_of("external_wiki_url")),
        "git-guardian": _present("token"),
        "github": _rules(*_present("token"), Rule("repository_url", (unless_blank(public_url),))),
        "google-play": _rules(
            Rule("service_account_key", (present, service_account)),
            *_present("service_account_key_file_name"),
            Rule("package_name", (present, matches(r"[A-Za-z]\w*(\.[A-Za-z]\w*){1,20}"))),
            Rule("google_play_protected_refs", (one_of(True, False),)),
        ),
        "harbor": _rules(
            Rule("url", (public_url, present, public_url)),
            Rule("project_name", (present, at_most(255))),
            Rule("project_name", (unless_blank(matches(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")),), always=True),
            *_present("username"),
            Rule("password", (matches(MASKABLE.pattern),)),
        ),
        "irker": _rules(Rule("recipients", (irc_recipients, present))),
        "jenkins": _rules(
            _url_of("jenkins_url"),
            *_present("project_name"),
            Rule("username", (present,), when=lambda d: "password" in d.sent and not is_blank(d.get("password"))),
            Rule("password", (present,), when=lambda d: not is_blank(d.get("username"))),
        ),
        "jira": JIRA,
        "linear": _rules(
            Rule(
                "workspace_url",
                (present, public_url, matches(r"https://linear\.app/[a-z0-9-]{3,32}/?", LINEAR_URL)),
            )
        ),
        "packagist": _present("username", "token"),
        "phorge": TRACKER,
        "pipelines-email": _rules(Rule("recipients", (present, recipients(30, r"[,\r\n ]+", dropped="<>")))),
        "pivotaltracker": _present("token"),
        "pushover": _present("api_key", "user_key", "priority"),
        "redmine": (*TRACKER, _url_of("new_issue_url")),
        "squash-tm": _rules(_url_of("url"), Rule("token", (unless_blank(at_most(255)),))),
        "teamcity": _rules(_url_of("teamcity_url"), *_present("build_type"), *PASSWORD_PAIR),
        "youtrack": TRACKER,
        "zentao": _rules(
            Rule("url", (public_url, present)),
            Rule("api_url", (unless_blank(public_url),), always=True),
            *_present("api_token", "zentao_product_xid"),
        ),
    }
)
"""Slugs without a row here and without chat options accept anything."""

CHAT: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {
        "matrix": _present("token", "room"),
        "telegram": (*_present("token", "room"), Rule("thread", (unless_blank(whole_number()),))),
    }
)
"""What chat integrations check beyond the common rules."""


def rules_of(draft: Draft) -> Iterable[Rule]:
    """All rules of a record, in GitLab's order."""
    kind = draft.kind
    if not kind.supported:
        yield from RULES.get(kind.slug, ())
        return
    supported = (*kind.supported, *(("group_mention", "group_confidential_mention") if draft.group_level else ()))
    if kind.slug == "discord":
        yield from RULES["discord"][:2]
    else:
        yield from (_url_of("webhook"), LABELS)
    if kind.channel_limit:
        yield from (Rule(f"{event}_channel", (channel_limit,)) for event in supported)
    if kind.slug == "discord":
        yield RULES["discord"][2]
        yield from (_discord(f"{event}_channel") for event in supported)
    yield from CHAT.get(kind.slug, ())


def refusals(world: World, draft: Draft, *, other_tracker: bool) -> Errors:
    """Everything that is wrong with a record, by field. Raises 500 where GitLab's own check fails.

    `other_tracker`: whether the project already uses another issue tracker.
    """
    found: Errors = {}
    if draft.kind.tracker and draft.active and other_tracker:
        found["base"] = [ONE_TRACKER]
    for rule in rules_of(draft):
        if (draft.active or rule.always) and (rule.when is None or rule.when(draft)):
            for check in rule.checks:
                texts = list(check(world, draft, rule.field))
                if texts:
                    found.setdefault(rule.field, []).extend(texts)
    return found


def as_ruby(errors: Mapping[str, list[Any]]) -> str:
    """Errors as Ruby prints a hash of them."""
    return "{" + ", ".join(f":{name}=>[{', '.join(map(_quoted, texts))}]" for name, texts in errors.items()) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("#{", "\\#{") + '"'
