"""Deliveries of the pretend GitLab that really leave the machine, as GitLab's own HTTP client sends them."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

import requests

from .message import Delivered, Delivery

DELIVERY_TIMEOUT = 10.0
CLIENT = {"Accept-Encoding": "gzip;q=1.0,deflate;q=0.6,identity;q=0.3", "Accept": "*/*", "Connection": "close"}
"""What GitLab's HTTP client sends of itself."""


def send(delivery: Delivery) -> Delivered:
    """Send a delivery over the network, following redirects as GitLab does."""
    started = time.monotonic()
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.request(
                delivery.method,
                delivery.url,
                data=delivery.body,
                headers=CLIENT | {_on_the_wire(name): text for name, text in delivery.headers.items()},
                verify=delivery.verify,
                timeout=DELIVERY_TIMEOUT,
            )
        except requests.RequestException as failure:
            return Delivered(None, error=_reason(failure, delivery.url), duration=time.monotonic() - started)
    duration = time.monotonic() - started
    return Delivered(answer.status_code, dict(answer.headers), answer.content, None, duration)


def _on_the_wire(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _reason(failure: requests.RequestException, url: str) -> str:
    """What GitLab's HTTP client says of a failure."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    place, text = f"Failed to open TCP connection to {parts.hostname}:{port}", str(failure)
    if isinstance(failure, requests.ConnectTimeout):
        return f"{place} (execution expired)"
    if isinstance(failure, requests.Timeout):
        return "Net::ReadTimeout with #<TCPSocket:(closed)>"
    if isinstance(failure, requests.exceptions.SSLError):
        found = re.search(r"certificate verify failed: ([^(\[]+?) \(_ssl", text)
        why = f"certificate verify failed ({found[1]})" if found else "wrong version number"
        return f"SSL_connect returned=1 errno=0 peeraddr={parts.hostname}:{port} state=error: {why}"
    if "refused" in text:
        return f'{place} (Connection refused - connect(2) for "{parts.hostname}" port {port})'
    if "resolve" in text or "Name or service" in text:
        return f"{place} (getaddrinfo: Name or service not known)"
    return text
