"""Rate limits: the instance's throttles with their headers, and the limits of single actions.

Pure. Windows are fixed and aligned to the clock. Sources: GitLab's documentation of the REST API and a running GitLab
18.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from math import ceil

from ..message import Request, Response
from ..world import World
from .auth import is_usable, token_in_query, token_of, token_text
from .errors import message

TOO_MANY = "This endpoint has been requested too many times. Try again later."
PERIOD = 60
"""Seconds in the window of every action's limit."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a throttle says of one request: the headers of its answer, and the answer if it is refused."""

    headers: dict[str, str]
    refusal: Response | None


NO_THROTTLE = Verdict({}, None)


def observe(world: World, now: float, request: Request) -> Verdict:
    """Count a request for the throttle that is its, if that is on."""
    settings = world.settings
    if not (settings.get("throttle_authenticated_api_enabled") or settings.get("throttle_unauthenticated_api_enabled")):
        return NO_THROTTLE
    text = token_text(request, token_in_query(request))
    token = token_of(world, text) if text else None
    known = token is not None and is_usable(token, now)
    name = "throttle_authenticated_api" if known else "throttle_unauthenticated_api"
    if not settings.get(f"{name}_enabled"):
        return NO_THROTTLE
    who = f"user:{token['user_id']}" if known and token is not None else "address"
    period = int(settings.get(f"{name}_period_in_seconds") or 3600)
    limit = int(settings.get(f"{name}_requests_per_period") or (7200 if known else 3600))
    observed = _hit(world, f"{name}|{who}", now, period)
    return _verdict(world, name, now, period, limit, observed)


def spend(world: World, now: float, action: str, threshold: int) -> None:
    """Count one use of an action (named with whom it is counted for). Raises 429 above the threshold a minute."""
    if _hit(world, action, now, PERIOD) > threshold:
        raise message(429, {"error": TOO_MANY}, {"Retry-After": str(PERIOD)})


def refusal(now: float, *, json: bool, seconds: int = 1) -> Response:
    """A 429 that somebody asked for, in either of its forms."""
    if json:
        return Response.of_json(429, {"message": {"error": TOO_MANY}}, {"Retry-After": str(seconds)})
    headers = {"Retry-After": str(seconds), "RateLimit-Reset": str(int(now) + seconds)}
    return Response.of_text(429, "Retry later\n", headers)


def _hit(world: World, key: str, now: float, period: int) -> int:
    window = int(now) // period
    count = world.rates.get(key)
    if count is None or count[0] != window:
        count = world.rates[key] = [window, 0]
    count[1] += 1
    return count[1]


def _verdict(world: World, name: str, now: float, period: int, limit: int, observed: int) -> Verdict:
    left = period - int(now) % period
    headers = {
        "RateLimit-Name": name,
        "RateLimit-Limit": str(ceil(limit * 60 / period)),
        "RateLimit-Observed": str(observed),
        "RateLimit-Remaining": str(max(limit - observed, 0)),
        "RateLimit-Reset": str(int(now) + left),
    }
    if observed <= limit:
        return Verdict(headers, None)
    headers |= {"RateLimit-ResetTime": formatdate(int(now) + left, usegmt=True), "Retry-After": str(left)}
    text = str(world.settings.get("rate_limiting_response_text") or "Retry later")
    return Verdict(headers, Response.of_text(429, f"{text}\n"))
