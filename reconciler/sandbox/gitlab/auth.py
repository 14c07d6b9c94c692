"""Who is asking: tokens in all their places, their validity and scopes, and acting as somebody else.

Pure. Sources: GitLab's documentation of the REST API and a running GitLab 18.9.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..message import Request
from ..world import Row, World, day, stamp
from .access import find_user
from .body import query_parameters
from .errors import forbidden, not_found, token_error, unauthorized

EXPIRED = "Token is expired. You can either do re-authorization or token refresh."
REVOKED = "Token was revoked. You have to re-authorize from the user."
BLOCKED = "Your account has been blocked."
TOO_LITTLE = "The request requires higher privileges than provided by the access token."
DAY = 86_400
READING = frozenset(("GET", "HEAD"))


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody with the means by which they are known; `token` is None for a CI job."""

    user: Row
    token: Row | None
    job: Row | None = None


def token_text(request: Request, sent: Mapping[str, Any]) -> str | None:
    """The access token that came with a request, wherever it was put."""
    text = sent.get("private_token") or request.headers.get("private-token")
    if text:
        return str(text)
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    text = sent.get("access_token")
    return str(text) if text else None


def token_in_query(request: Request) -> Mapping[str, Any]:
    """The parameters of the query, if a token may be among them."""
    return query_parameters(request) if "token" in request.query else {}


def token_of(world: World, text: str) -> Row | None:
    """The token of that text."""
    found = world.tokens.by("token", text)
    return found[0] if found else None


def is_usable(token: Row, now: float) -> bool:
    """Whether a token is neither expired nor revoked."""
    return not _is_expired(token, now) and not token.get("revoked")


def identify(
    world: World,
    now: float,
    request: Request,
    sent: Mapping[str, Any],
    scopes: Sequence[str] | None,
    *,
    basic: bool,
    jobs: bool,
) -> Asker | None:
    """Who is asking, or None for nobody. Raises `ApiError` for tokens that do not do.

    A token's life is looked at first, then whether it may act for others; its scopes only where it does not.
    `scopes`: any of which opens the route (`read_*` ones for reading only; None: every token does);
    `basic`: the route takes a token as an HTTP Basic password; `jobs`: it takes CI job tokens.
    """
    asker = _by_token(world, now, request, sent, basic=basic) or _by_job(world, request, sent, basic=basic, jobs=jobs)
    wanted = request.headers.get("sudo") or sent.get("sudo")
    acting = _as_another(world, asker, str(wanted)) if wanted else asker
    if asker is not None and asker.token is not None and acting is not None and acting.user is asker.user:
        _check_scopes(asker.token, scopes, request.method)
    return acting


def _by_token(world: World, now: float, request: Request, sent: Mapping[str, Any], *, basic: bool) -> Asker | None:
    text = token_text(request, sent)
    if text is None and basic:
        name, password = _basic(request)
        text = password if name != "gitlab-ci-token" else None
    if text is None:
        return None
    token = token_of(world, text)
    user = world.users.get(token["user_id"]) if token else None
    if token is None or user is None:
        raise unauthorized()
    if _is_expired(token, now):
        raise token_error(401, "invalid_token", EXPIRED)
    if token.get("revoked"):
        raise token_error(401, "invalid_token", REVOKED)
    if user.get("state", "active") != "active":
        raise forbidden(BLOCKED)
    token["last_used_at"] = stamp(now)
    return Asker(user, token)


def _by_job(world: World, request: Request, sent: Mapping[str, Any], *, basic: bool, jobs: bool) -> Asker | None:
    text = request.headers.get("job-token") or sent.get("job_token")
    if not text and basic:
        name, password = _basic(request)
        text = password if name == "gitlab-ci-token" else None
    if not text:
        return None
    found = world.table("job_tokens").by("token", str(text)) if jobs else []
    user = world.users.get(found[0]["user_id"]) if found and found[0].get("running", True) else None
    if user is None:
        raise unauthorized()
    return Asker(user, None, found[0])


def _check_scopes(token: Row, scopes: Sequence[str] | None, method: str) -> None:
    if scopes is None:
        return
    usable = scopes if method in READING else [s for s in scopes if not s.startswith("read_")]
    if not any(scope in token["scopes"] for scope in usable):
        raise token_error(403, "insufficient_scope", TOO_LITTLE, " ".join(scopes))


@lru_cache(maxsize=4)
def _day_number(number: int) -> str:
    return day(number * DAY)


def today(now: float) -> str:
    """The date of a moment."""
    return _day_number(int(now // DAY))


def _is_expired(token: Row, now: float) -> bool:
    until = token.get("expires_at")
    return bool(until) and str(until) <= today(now)


def _as_another(world: World, asker: Asker | None, wanted: str) -> Asker:
    if asker is None:
        raise unauthorized()
    if not asker.user.get("admin"):
        raise forbidden("Must be admin to use sudo")
    if asker.token is None:
        raise forbidden("Must be authenticated using an OAuth or personal access token to use sudo")
    _check_scopes(asker.token, ("sudo",), "POST")
    user = find_user(world, wanted)
    if user is None:
        raise not_found(f"User with ID or username '{wanted}'")
    return Asker(user, asker.token)


def _basic(request: Request) -> tuple[str, str | None]:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", None
    try:
        name, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", None
    return name, password
