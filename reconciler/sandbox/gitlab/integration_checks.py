"""The single checks that models of integrations are made of, with GitLab's words for what fails.

Pure. A check looks at one field of a record and yields texts; some raise the 500 with which GitLab fails. Sources: a
running GitLab 18.9, `tests/recordings/{integrations,walks}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from ..world import World
from . import urls
from .errors import server_error
from .integration_record import RUBY_BLANKS, Draft, https_host, is_blank

Check = Callable[[World, Draft, str], Iterable[str]]

BLANK, INVALID, NOT_IN_LIST = "can't be blank", "is invalid", "is not included in the list"
BAD_URL = "must be a valid URL"
CONFLUENCE_URL = "URL must be to a Confluence Cloud Workspace hosted on atlassian.net"
CLOUD_BASIC = "For Jira Cloud, the authentication type must be Basic"
SERVICE_ACCOUNT = (
    "type",
    "project_id",
    "private_key_id",
    "private_key",
    "client_email",
    "client_id",
    "auth_uri",
    "token_uri",
    "auth_provider_x509_cert_url",
    "client_x509_cert_url",
)


def present(_world: World, draft: Draft, name: str) -> Iterable[str]:
    """Something other than blanks."""
    if is_blank(draft.get(name)):
        yield BLANK


def public_url(world: World, draft: Draft, name: str) -> Iterable[str]:
    """An address that GitLab may send to."""
    return _url(world, draft, name)


def https_url(world: World, draft: Draft, name: str) -> Iterable[str]:
    """A public address reached by TLS."""
    return _url(world, draft, name, schemes=("https",))


def _url(world: World, draft: Draft, name: str, *, schemes: tuple[str, ...] = urls.WEB) -> Iterable[str]:
    value = draft.get(name)
    if is_blank(value):
        return [BAD_URL]
    stripped = value.strip(RUBY_BLANKS)
    if stripped != value:
        if draft.kind.columns is None:
            raise server_error()
        draft.values[name] = stripped
    reason = urls.blocked(world, stripped, schemes=schemes)
    return [f"is blocked: {reason}"] if reason else []


def unless_blank(check: Check) -> Check:
    """The check, skipped for blank values."""

    def checked(world: World, draft: Draft, name: str) -> Iterable[str]:
        return [] if is_blank(draft.get(name)) else check(world, draft, name)

    return checked


def matches(pattern: str, text: str = INVALID, flags: int = 0) -> Check:
    """Text of a form; null counts as empty."""
    compiled = re.compile(pattern, flags | re.ASCII)

    def check(_world: World, draft: Draft, name: str) -> Iterable[str]:
        if compiled.fullmatch(str(draft.get(name) or "")) is None:
            yield text

    return check


def at_most(length: int) -> Check:
    """Text of a limited length."""

    def check(_world: World, draft: Draft, name: str) -> Iterable[str]:
        if len(draft.get(name) or "") > length:
            yield f"is too long (maximum is {length} characters)"

    return check


def one_of(*values: object) -> Check:
    """One of a few values."""

    def check(_world: World, draft: Draft, name: str) -> Iterable[str]:
        if draft.get(name) not in values:
            yield NOT_IN_LIST

    return check


def whole_number(*, above: int | None = None) -> Check:
    """Text that is a whole number."""

    def check(_world: World, draft: Draft, name: str) -> Iterable[str]:
        value = str(draft.get(name))
        if not re.fullmatch(r"\s*[+-]?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?\s*", value, re.ASCII):
            yield "is not a number"
        elif not re.fullmatch(r"[+-]?\d+", value, re.ASCII):
            yield "must be an integer"
        elif above is not None and int(value) <= above:
            yield f"must be greater than {above}"

    return check


def recipients(limit: int, separators: str, *, dropped: str = "", distinct: bool = False) -> Check:
    """No more addresses than GitLab mails to.

    `dropped`: characters that do not count; `distinct`: an address counts once, however it is written.
    """

    def check(_world: World, draft: Draft, name: str) -> Iterable[str]:
        text = (draft.get(name) or "").translate({ord(sign): None for sign in dropped})
        found = [part.lower() for part in re.split(separators, text) if re.fullmatch(r"[^@\s]+@[^@\s]+", part)]
        if len(set(found) if distinct else found) > limit:
            yield f"can't exceed {limit}"

    return check


def irc_recipients(_world: World, draft: Draft, name: str) -> Iterable[str]:
    """At least one address of a channel."""
    value = draft.get(name)
    if value and not any(_is_irc(draft, part) for part in value.split()):
        yield "are all invalid"


def _is_irc(draft: Draft, recipient: str) -> bool:
    """Whether it is a channel's address, or becomes one after the default address."""
    if not urls.is_uri(recipient):
        return False
    whole = recipient if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", recipient) else draft.get("default_irc_uri") or ""
    return re.match(r"ircs?:/", whole, re.IGNORECASE) is not None


def pem_key(_world: World, draft: Draft, name: str) -> Iterable[str]:
    """A private key."""
    if not re.search(r"(?m:^)-----BEGIN ([A-Z]+ )?PRIVATE KEY-----.+-----END", draft.get(name) or "", re.DOTALL):
        yield "must be a valid PEM private key"


def service_account(_world: World, draft: Draft, name: str) -> Iterable[str]:
    """A Google service account's key; text that is no JSON breaks GitLab."""
    try:
        value = json.loads(draft.get(name) or "")
    except ValueError:
        raise server_error() from None
    if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in SERVICE_ACCOUNT):
        yield "must be a valid json schema"


def atlassian_wiki(_world: World, draft: Draft, name: str) -> Iterable[str]:
    """A wiki at Atlassian's cloud."""
    value = draft.get(name) or ""
    good = not re.search(r"\s", value) and re.match(
        r"(?i:https?)://[^/?#]+\.atlassian\.net(:\d+)?/wiki(/|\?|#|$)", value
    )
    if not good:
        yield CONFLUENCE_URL


def tag_lines(_world: World, draft: Draft, name: str) -> Iterable[str]:
    """Lines of the form `key:value`."""
    lines = (line for line in (draft.get(name) or "").split("\n") if line.strip())
    if not all(re.fullmatch(r"[\w-]+:.*\S.*", line, re.ASCII) for line in lines):
        yield "have an invalid format"


def needs_visibility(_world: World, draft: Draft, name: str) -> Iterable[str]:
    """Logs are only sent with CI Visibility."""
    if draft.get(name) and not draft.get("datadog_ci_visibility"):
        yield "requires CI Visibility to be enabled"


def expression(_world: World, draft: Draft, name: str) -> Iterable[str]:
    """A regular expression."""
    try:
        re.compile(draft.get(name) or "")
    except re.error as problem:
        yield f"not valid RE2 syntax: {problem.msg}"


def cloud_is_basic(_world: World, draft: Draft, _name: str) -> Iterable[str]:
    """Jira Cloud takes no other way of signing in."""
    cloud = https_host(draft.get("api_url") or draft.get("url")).endswith(".atlassian.net")
    if cloud and draft.get("jira_auth_type") != 0:
        yield CLOUD_BASIC


def datadog_key(world: World, draft: Draft, name: str) -> Iterable[str]:
    """Datadog's keys have no hyphens; sample ones of documents have some, where the world takes these."""
    return matches(r"[\w-]+" if world.settings.get("sample_credentials") else r"\w+")(world, draft, name)


def few_keys(_world: World, draft: Draft, name: str) -> Iterable[str]:
    """A limited number of Jira projects."""
    if len(draft.get(name) or ()) > 100:
        yield "is too long (maximum is 100 entries)"


def channel_limit(_world: World, draft: Draft, name: str) -> Iterable[str]:
    """No more channels for an event than the kind allows."""
    event = name.removesuffix("_channel").replace("work_item", "issue")
    stated = draft.get(f"{event}_channel")
    chosen = draft.get("channel") if is_blank(stated) else stated
    limit = draft.kind.channel_limit
    if len({part.strip() for part in (chosen or "").split(",")}) > limit:
        yield f"cannot have more than {limit} channels"
