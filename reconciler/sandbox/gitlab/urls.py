"""Which addresses GitLab lets its own requests go to, and the words with which it refuses the others.

Pure: names are never resolved; only literal addresses and well-known local names are judged. Sources: GitLab's
documentation of webhooks, a running GitLab 18.9, `lib/gitlab/url_blocker.rb`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from ..world import World

WEB = ("http", "https")
PARTS = re.compile(r"((?P<scheme>[^:/?#]+):)?(//(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
LETTER = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
PATH = re.compile(rf"(?:{LETTER}|/)*")
URI = re.compile(
    rf"(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://(?:{LETTER}|[\[\]])*(?=[/?#]|\Z))?{PATH.pattern}"
    rf"(?:\?(?:{LETTER}|[/?])*)?(?:#(?:{LETTER}|[/?])*)?"
)
SHARED = ipaddress.ip_network("100.64.0.0/10")


def blocked(
    world: World, url: str, *, schemes: Sequence[str] = WEB, local: bool | None = None, plain_user: bool = False
) -> str | None:
    """Why GitLab would not send a request to `url`, in its words after `is blocked: `; None if it would.

    `local`: whether local addresses are allowed, else as the world's settings say; `plain_user`: whether a user's
    name has to begin with a letter or digit.
    """
    parts = split(url)
    if parts is None:
        return "URI is invalid"
    if _is_own(world, parts):
        return None
    if parts.scheme not in schemes:
        return f"Only allowed schemes are {', '.join(schemes)}"
    if plain_user and parts.user and not re.match(r"[^\W_]", parts.user):
        return "Username needs to start with an alphanumeric character"
    if parts.host and not re.match(r"[^\W_]|:", parts.host):
        return "Hostname or IP address invalid"
    allowed = bool(world.settings.get("allow_local_requests")) if local is None else local
    return None if allowed else _local_reason(parts.host)


def is_uri(text: str) -> bool:
    """Whether a strict reader (RFC 3986) takes it for a URI or a relative reference; `blocked` is more lenient."""
    return URI.fullmatch(text) is not None


def is_path(text: str) -> bool:
    """Whether it can stand in a URI as its path."""
    return PATH.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of a URL that are judged; the scheme as it was written."""

    scheme: str | None
    user: str | None
    host: str
    port: str


def split(url: str) -> Split | None:
    """The parts of `url`, or None where not even a relative reference can be read from it."""
    if re.search(r"[\r\n]", url):
        return None
    found = PARTS.fullmatch(url)
    if found is None:
        return None
    scheme, authority, path = found["scheme"], found["authority"] or "", found["path"]
    if scheme is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9.+-]*", scheme):
        return None
    if (scheme or "").lower() not in WEB and re.search(r"[\r\n]", unquote(url)):
        return None
    user, _, place = authority.rpartition("@")
    host, port = place, ""
    if re.search(r":[^:\]]*$", place):
        host, _, port = place.rpartition(":")
    if (port and not re.fullmatch("[0-9]+", port)) or re.search(r"[\s<>|^`\\]", host):
        return None
    if scheme is not None and scheme.lower() in WEB and not host and not path:
        return None
    default = {"http": "80", "https": "443"}.get(scheme or "", "")
    return Split(scheme, user.partition(":")[0] if user else None, host.strip("[]"), port or default)


def _is_own(world: World, parts: Split) -> bool:
    """Whether this is the instance itself: scheme, host and port, whatever comes behind them."""
    own = split(str(world.settings.get("url") or ""))
    return (
        own is not None
        and bool(own.host)
        and (own.scheme, own.host, own.port)
        == (
            parts.scheme,
            parts.host,
            parts.port,
        )
    )


def _local_reason(host: str) -> str | None:
    """Without a host a request would go to this machine."""
    name = host.rstrip(".").lower()
    if name in ("", "localhost") or name.endswith(".localhost"):
        return "Requests to localhost are not allowed"
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if str(address) in ("0.0.0.0", "::", "127.0.0.1", "::1"):
        return "Requests to localhost are not allowed"
    if address.is_loopback:
        return "Requests to loopback addresses are not allowed"
    if str(address) == "255.255.255.255":
        return "Requests to the limited broadcast address are not allowed"
    if address.is_link_local:
        return "Requests to the link local network are not allowed"
    if isinstance(address, ipaddress.IPv4Address) and address in SHARED:
        return "Requests to the shared address space are not allowed"
    if address.is_private:
        return "Requests to the local network are not allowed"
    return None
