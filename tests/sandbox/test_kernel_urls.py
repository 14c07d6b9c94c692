"""Which addresses a pretend GitLab would not send a request to, and why."""

from __future__ import annotations

import pytest

from reconciler.sandbox.gitlab.urls import blocked
from reconciler.sandbox.world import World

STRICT = World(settings={"url": "http://gitlab.example.test", "allow_local_requests": False})
LAX = World(settings={"url": "http://gitlab.example.test", "allow_local_requests": True})
SCHEMES = "Only allowed schemes are http, https"
LOOPBACK = "Requests to loopback addresses are not allowed"
LOCALHOST = "Requests to localhost are not allowed"
LOCAL = "Requests to the local network are not allowed"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://api.example.test/x", None),
        ("https://api.example.test:99999/x", None),
        ("https://api.example.test/ä?q=ü", None),
        ("https://user:pass@api.example.test/x", None),
        ("http://gitlab.example.test/hook", None),
        ("http://gitlab.example.test.evil.test/", None),
        ("ftp://api.example.test", SCHEMES),
        ("HTTPS://api.example.test", SCHEMES),
        ("not a url", SCHEMES),
        ("javascript:alert(1)", SCHEMES),
        ("", SCHEMES),
        ("http://", "URI is invalid"),
        ("https://api.example.test:port/", "URI is invalid"),
        ("https://api.example.test/%0d%0aX", None),
        ("ssh://api.example.test/%0d%0aX", "URI is invalid"),
        ("https://api.example.test/\nX", "URI is invalid"),
        ("https://exa mple.test/", "URI is invalid"),
        ("https://-user@api.example.test", None),
        ("https://-api.example.test", "Hostname or IP address invalid"),
        ("https:///path", LOCALHOST),
        ("http://u:p@gitlab.example.test:80?x=1", None),
        ("http://localhost:8080", LOCALHOST),
        ("http://sub.localhost", LOCALHOST),
        ("http://0.0.0.0", LOCALHOST),
        ("http://127.0.0.1:8999/ok", LOCALHOST),
        ("http://[::1]/x", LOCALHOST),
        ("http://[::ffff:127.0.0.1]/", LOCALHOST),
        ("http://127.0.0.2/", LOOPBACK),
        ("http://10.1.2.3", LOCAL),
        ("http://192.168.0.1/", LOCAL),
        ("http://[fc00::1]/", LOCAL),
        ("http://169.254.169.254/latest", "Requests to the link local network are not allowed"),
        ("http://100.64.0.1", "Requests to the shared address space are not allowed"),
        ("http://255.255.255.255", "Requests to the limited broadcast address are not allowed"),
    ],
)
def test_an_address_is_refused_in_gitlabs_words(url: str, reason: str | None) -> None:
    assert blocked(STRICT, url) == reason


@pytest.mark.parametrize("url", ["http://localhost:8080", "http://127.0.0.1/x", "http://[::1]/x", "http://10.1.2.3"])
def test_local_addresses_pass_where_the_instance_allows_them(url: str) -> None:
    assert blocked(LAX, url) is None
    assert blocked(LAX, url, local=False) is not None


def test_a_users_name_is_judged_where_that_is_asked_for() -> None:
    told = blocked(STRICT, "https://-user@api.example.test", plain_user=True)
    assert told == "Username needs to start with an alphanumeric character"


def test_the_schemes_that_are_allowed_are_named() -> None:
    schemes = ("http", "https", "ssh", "git")

    assert blocked(STRICT, "ssh://git@host.example.test/x.git", schemes=schemes) is None
    assert blocked(STRICT, "ftp://x", schemes=schemes) == "Only allowed schemes are http, https, ssh, git"
