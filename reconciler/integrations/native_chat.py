"""GitLab's own table of chat integrations and notifiers, by slug: fields, events, and what cannot be stored.

Data, from the recorded table of GitLab 18.9 (`gitlab-integrations.json`) and the API description. Fields have GitLab's
names here; kinds that call them otherwise rename them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from reconciler.core.resource import Field, Kind, Shape
from reconciler.integrations.base import boolean, integration, kinds_of, number, secret, text
from reconciler.integrations.rules import Objection, Rule, Values, fewest, known, matches, web_url

BRANCHES = ("all", "default", "protected", "default_and_protected")

TEAMS_EVENTS = "push issue confidential_issue merge_request note confidential_note tag_push pipeline wiki_page"
DISCORD_EVENTS = f"{TEAMS_EVENTS} deployment"
MATRIX_EVENTS = f"{TEAMS_EVENTS} incident vulnerability"
MATTERMOST_EVENTS = f"{TEAMS_EVENTS} deployment incident vulnerability"
SLACK_EVENTS = f"{MATTERMOST_EVENTS} alert"

_REFUSED = "GitLab declares this event and answers 500 when it is sent"
WORK_ITEMS = MappingProxyType({"work_item": _REFUSED, "confidential_work_item": _REFUSED})

_CHANNELS = (
    "push",
    "issue",
    "incident",
    "alert",
    "confidential_issue",
    "merge_request",
    "note",
    "confidential_note",
    "tag_push",
    "deployment",
    "pipeline",
    "wiki_page",
    "vulnerability",
)
CHANNEL_FIELDS = ("channel", *(f"{event}_channel" for event in _CHANNELS))
_SHOWN_INSTEAD = {"confidential_issue": "issue_channel", "confidential_note": "note_channel"}

SPACE = web_url("webhook")


def webhook(where: str) -> Field:
    """The address that notifications are posted to; whoever has it may post."""
    return secret("webhook", f"Incoming webhook of {where}.", required=True)


def branches(default: str | None = "default") -> Field:
    """Which branches' events are sent."""
    summary = "Branches whose events are sent."
    return text("branches_to_be_notified", summary, choices=BRANCHES, default=default)


def broken_only(default: bool = True) -> Field:
    """Whether passing pipelines are kept quiet."""
    return boolean("notify_only_broken_pipelines", "Send failed pipelines only.", default)


STATUS_CHANGES = boolean(
    "notify_only_when_pipeline_status_changes",
    "Send a pipeline only when it ends otherwise than the last. GitLab never shows this field.",
    readable=False,
)
NOTIFY = (broken_only(), STATUS_CHANGES, branches())
LABELS = (
    text("labels_to_be_notified", "Labels, comma-separated, of issues and merge requests that are sent."),
    text(
        "labels_to_be_notified_behavior",
        "Whether one of the labels is enough.",
        choices=("match_any", "match_all"),
        default="match_any",
    ),
)


def channels(*, cannot: frozenset[str] = frozenset()) -> tuple[Field, ...]:
    """A channel for each event; those in `cannot` are declared and not storable."""
    refused = "GitLab declares this field and answers 500 when it is sent"
    return tuple(
        text(
            f"{event}_channel",
            f"Channels for {event.replace('_', ' ')} events, comma-separated, in place of `channel`.",
            fallback=_SHOWN_INSTEAD.get(event, ""),
            **({"unstorable": refused, "readable": False} if event in cannot else {}),
        )
        for event in _CHANNELS
    )


def discord_channels() -> tuple[Field, ...]:
    """A webhook for each event: Discord's channels are webhook addresses, so they are secrets."""
    refused = "GitLab declares this field and answers 500 when it is sent"
    return tuple(
        secret(
            f"{event}_channel",
            f"Webhook for {event.replace('_', ' ')} events, in place of the main one.",
            unstorable=refused if event == "alert" else "",
        )
        for event in _CHANNELS
    )


def _posting(slug: str, where: str) -> Shape:
    """The six chats that know a webhook, nine events and nothing else."""
    return integration(slug, webhook(where), *NOTIFY, events=TEAMS_EVENTS, unstorable_events=WORK_ITEMS)


_USERNAME = text("username", "Name under which notifications appear.")
_CHANNEL = text("channel", "Channels for all events, comma-separated.", example="#deployments")
_SLASH_TOKEN = secret("token", "Token of the slash command, from the chat's settings.", required=True)
_SOUNDS = (
    *("pushover", "bike", "bugle", "cashregister", "classical", "cosmic", "falling", "gamelan", "incoming"),
    *("intermission", "magic", "mechanical", "pianobar", "siren", "spacealarm", "tugboat", "alien", "climb"),
    *("persistent", "echo", "updown", "none"),
)

_SHAPES = (
    integration(
        "campfire",
        secret("token", "API token of Campfire.", required=True),
        text("subdomain", "The part of the address before `.campfirenow.com`.", exposes=True),
        text("room", "Number of the room."),
        events="push",
    ),
    integration(
        "discord",
        webhook("a Discord channel"),
        *NOTIFY,
        *discord_channels(),
        events=DISCORD_EVENTS,
        unstorable_events=WORK_ITEMS,
    ),
    integration(
        "gitlab-slack-application",
        _CHANNEL,
        broken_only(),
        boolean(
            "notify_only_when_pipeline_status_changes", "Send a pipeline only when it ends otherwise than the last."
        ),
        branches(),
        *LABELS,
        *channels(),
        events=SLACK_EVENTS,
        unstorable_events=WORK_ITEMS,
        unavailable="a person installs it in GitLab's interface; the API can only edit it",
    ),
    _posting("hangouts-chat", "a Google Chat space"),
    integration(
        "irker",
        text("server_host", "Host of the irker daemon; `localhost` when not stated."),
        number("server_port", "Port of the irker daemon; 6659 when not stated."),
        text("default_irc_uri", "Put before recipients that are no addresses themselves."),
        text("recipients", "Channels or users, blank-separated.", required=True, example="irc://irc.example.org/#shop"),
        boolean("colorize_messages", "Send messages in colours."),
        events="push",
    ),
    integration(
        "matrix",
        text(
            "hostname",
            "Address of the Matrix server, where it is not matrix.org's.",
            exposes=True,
        ),
        secret("token", "Access token of the posting user.", required=True, exposes=True),
        text("room", "Id of the room.", required=True, example="!qPKKM111FFKKsfoCVy:matrix.org"),
        *NOTIFY,
        events=MATRIX_EVENTS,
        unstorable_events=WORK_ITEMS,
    ),
    integration(
        "mattermost",
        webhook("a Mattermost channel"),
        _USERNAME,
        _CHANNEL,
        *NOTIFY,
        *LABELS,
        *channels(cannot=frozenset({"alert"})),
        events=MATTERMOST_EVENTS,
        unstorable_events=WORK_ITEMS,
    ),
    integration("mattermost-slash-commands", _SLASH_TOKEN),
    _posting("microsoft-teams", "a Teams channel"),
    _posting("pumble", "a Pumble channel"),
    integration(
        "pushover",
        secret("api_key", "Key of the Pushover application.", required=True),
        secret("user_key", "Key of the receiving user or group.", required=True),
        text("device", "Devices, comma-separated; empty for all."),
        number("priority", "From -2 (no notice) to 1 (past quiet hours).", required=True, choices=(-2, -1, 0, 1)),
        text("sound", "Sound of the notice.", choices=_SOUNDS),
        events="push",
    ),
    integration(
        "slack",
        webhook("a Slack channel"),
        _USERNAME,
        _CHANNEL,
        *NOTIFY,
        *LABELS,
        *channels(),
        events=SLACK_EVENTS,
        unstorable_events=WORK_ITEMS,
    ),
    integration("slack-slash-commands", _SLASH_TOKEN),
    integration(
        "telegram",
        text("hostname", "Address of the Telegram API; `https://api.telegram.org` when not stated.", exposes=True),
        secret("token", "Token of the bot.", required=True, exposes=True),
        text("room", "Id or @name of the chat.", required=True, example="-1001234567890"),
        text("thread", "Id of the topic in a forum."),
        *NOTIFY,
        events=MATRIX_EVENTS,
        unstorable_events=WORK_ITEMS,
    ),
    _posting("unify-circuit", "a Circuit conversation"),
    _posting("webex-teams", "a Webex space"),
)

SHAPES: Mapping[str, Shape] = MappingProxyType({shape.name: shape for shape in _SHAPES})
"""The shapes by slug."""

_IRC = re.compile(r"ircs?:/", re.IGNORECASE)
_WITH_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def _a_channel(values: Values) -> Iterator[Objection]:
    """GitLab wants one address of a channel among irker's recipients."""
    recipients, before = known(values, "recipients"), values.get("default_irc_uri") or ""
    if not recipients or not isinstance(before, str):
        return
    wholes = (part if _WITH_SCHEME.match(part) else before for part in recipients.split())
    if not any(_IRC.match(whole) for whole in wholes):
        yield "recipients", "names no IRC channel", "write irc://host/#channel, or state `default_irc_uri`"


_RULES: Mapping[str, tuple[Rule, ...]] = {
    "campfire": (
        matches(
            "subdomain",
            r"[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
            "is no subdomain",
            "write the part before `.campfirenow.com`",
        ),
        matches("room", r"\+?0*[1-9][0-9]*", "is no number", "write the number in the room's address"),
    ),
    "gitlab-slack-application": (fewest(10, *CHANNEL_FIELDS),),
    "hangouts-chat": (SPACE,),
    "irker": (_a_channel,),
    "matrix": (web_url("hostname"),),
    "pumble": (SPACE,),
    "telegram": (
        web_url("hostname"),
        matches("thread", r"[+-]?[0-9]+", "is no number", "write the number of the topic"),
    ),
    "unify-circuit": (SPACE,),
    "webex-teams": (SPACE,),
}

KINDS: Mapping[str, Kind] = kinds_of("native_chat", SHAPES, _RULES)
"""The slugs that are kinds by themselves, with GitLab's names and `events`."""
