"""Which addresses GitLab lets its own requests go to, and the words with which it refuses the others.

Pure: names are never resolved; only literal addresses and well-known local names are judged.
Sources: `facts/gitlab-api.md` 3.5 and 15, `lib/gitlab/url_blocker.rb`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from ..world import World

WEB = ("http", "https")
SHARED = ipaddress.ip_network("100.64.0.0/10")


def blocked(world: World, url: str, *, schemes: Sequence[str] = WEB, local: bool | None = None) -> str | None:
    """Why GitLab would not send a request to `url`, in its words after `is blocked: `; None if it would.

    `local`: whether local addresses are allowed, else as the world's settings say.
    """
    parts = split(url)
    if parts is None:
        return "URI is invalid"
    if parts.scheme_as_written not in schemes:
        return f"Only allowed schemes are {', '.join(schemes)}"
    host = parts.host
    if not host:
        return "URI is invalid"
    if parts.user is not None and not re.match(r"[^\W_]", parts.user or ""):
        return "Username needs to start with an alphanumeric character"
    allowed = bool(world.settings.get("allow_local_requests")) if local is None else local
    if allowed or _is_own(world, url):
        return None
    return _local_reason(host)


class Split:
    """The parts of a URL, the scheme as it was written."""

    __slots__ = ("host", "parts", "scheme_as_written", "user")

    def __init__(self, url: str, parts: SplitResult) -> None:
        self.parts = parts
        self.scheme_as_written = url.split(":", 1)[0] if ":" in url else ""
        authority = parts.netloc.rpartition("@")
        self.user = authority[0].partition(":")[0] if authority[1] else None
        self.host = _host(authority[2])


def split(url: str) -> Split | None:
    """The parts of `url`, or None when no URL can be read from it."""
    if re.search(r"[\s\x00-\x1f]", url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return Split(url, parts)


def _host(authority: str) -> str:
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def _is_own(world: World, url: str) -> bool:
    own = str(world.settings.get("url") or "").rstrip("/")
    return bool(own) and (url == own or url.startswith(own + "/"))


def _local_reason(host: str) -> str | None:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return "Requests to localhost are not allowed"
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if str(address) in ("0.0.0.0", "::"):
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
