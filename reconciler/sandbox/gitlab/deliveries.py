"""Sending a hook's deliveries, keeping them in its log, and switching off hooks that keep failing.

Pure: what must be sent is yielded. Sources: GitLab's documentation of webhooks and webhook deliveries, a running GitLab
18.9, `app/services/web_hook_service.rb` and `app/models/concerns/web_hooks/auto_disabling.rb`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from ..message import Delivered, Delivery
from ..world import Row, World, stamp
from .hook_model import interpolated

GRACE, LAST = 3, 39
"""Failures that are forgiven, and failures after which a hook is switched off for good."""

FIRST_PAUSE, LONGEST_PAUSE = 60.0, 86_400.0
KEPT_BODY, KEPT_HEADERS, KEPT_HEADER = 8192, 50, 1024
REDACTED = "[REDACTED]"
INTERNAL_ERROR = "internal error"
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one delivery: the receiver's status and body, or why there is none."""

    status: int | None
    text: str


class TemplateError(ValueError):
    """A custom template did not become JSON."""


def deliver(
    world: World,
    now: float,
    hook: Row,
    trigger: str,
    data: Mapping[str, Any],
    *,
    base: str,
    key: str | None = None,
    force: bool = False,
) -> Generator[Delivery, Delivered, Sent]:
    """Send `data` to a hook as the event of `trigger` (`push_hooks`, …) and log it.

    `base`: the instance's own URL; `key`: the idempotency key of an earlier attempt; `force`: although the hook
    is switched off.
    """
    if not force and alert_status(world, hook, now) != "executable":
        return Sent(None, "Hook disabled")
    headers = _headers(world, hook, trigger, key or world.uuid("idempotency key"), base)
    try:
        payload = _payload(hook, data)
    except TemplateError as mistake:
        _log(world, now, hook, trigger, headers, {}, Delivered(None, error=str(mistake)))
        return Sent(None, str(mistake))
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    delivery = _delivery(hook, headers | _signature(world, now, hook, headers, body), body)
    delivered = yield delivery
    _log(world, now, hook, trigger, headers, payload, delivered)
    if delivered.status is None:
        return Sent(None, delivered.error or "")
    return Sent(delivered.status, delivered.body.decode("utf-8", "replace"))


def alert_status(world: World, hook: Row, now: float) -> str:
    """`executable`, `temporarily_disabled` or `disabled`."""
    if not _may_switch_off(world, hook) or hook["recent_failures"] <= GRACE:
        return "executable"
    if hook["recent_failures"] > LAST:
        return "disabled"
    paused = hook["disabled_until"] is not None and hook["disabled_until"] >= now
    return "temporarily_disabled" if paused else "executable"


def disabled_until(hook: Row) -> str | None:
    """When a pause ends, or ended."""
    return None if hook["disabled_until"] is None else stamp(hook["disabled_until"])


def url_digest(hook: Row) -> str:
    """By what a log entry knows the URL that it went to."""
    return hashlib.sha256(interpolated(hook["url"], hook["url_variables"]).encode()).hexdigest()


def _may_switch_off(world: World, hook: Row) -> bool:
    return hook["kind"] != "system" and bool(world.features.get("auto_disabling_web_hooks"))


def _headers(world: World, hook: Row, trigger: str, key: str, base: str) -> dict[str, str]:
    name = "System Hook" if hook["kind"] == "system" else _event(trigger)
    headers = {
        **hook["custom_headers"],
        "Content-Type": "application/json",
        "User-Agent": f"GitLab/{world.settings['version']}",
        "Idempotency-Key": key,
        "X-Gitlab-Event": name,
        "X-Gitlab-Webhook-UUID": world.uuid("webhook"),
        "X-Gitlab-Instance": base,
    }
    if hook["token"]:
        headers["X-Gitlab-Token"] = re.sub(r"[\r\n]", "", hook["token"])
    headers["X-Gitlab-Event-UUID"] = world.uuid("event")
    return headers


def _event(trigger: str) -> str:
    return " ".join(word.capitalize() for word in trigger.removesuffix("s").split("_"))


def _signature(world: World, now: float, hook: Row, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    if not hook["signing_token"] or world.version < (19, 0):
        return {}
    secret = base64.b64decode(hook["signing_token"].removeprefix("whsec_"))
    message = f"{headers['Idempotency-Key']}.{int(now)}.".encode() + body
    digest = base64.b64encode(hmac.new(secret, message, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": headers["Idempotency-Key"],
        "webhook-timestamp": str(int(now)),
        "webhook-signature": f"v1,{digest}",
    }


def _delivery(hook: Row, headers: dict[str, str], body: bytes) -> Delivery:
    url = interpolated(hook["url"], hook["url_variables"])
    parts = urlsplit(url)
    account, at, place = parts.netloc.rpartition("@")
    if at:
        user, _, password = account.partition(":")
        pair = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
        headers = headers | {"Authorization": f"Basic {pair}"}
        url = urlunsplit((parts.scheme, place, parts.path, parts.query, parts.fragment))
    return Delivery("POST", url, headers, body, hook["enable_ssl_verification"] is not False)


def _payload(hook: Row, data: Mapping[str, Any]) -> Any:
    template = hook["custom_webhook_template"]
    if not template:
        return dict(data)

    def value(match: re.Match[str]) -> str:
        found: Any = data
        for part in match[1].split("."):
            if found is not None and not isinstance(found, Mapping):
                raise TemplateError(
                    "Error while parsing rendered custom webhook template: "
                    "You may be trying to access an array value, which is not supported."
                )
            found = None if found is None else found.get(part)
        text = json.dumps(found, ensure_ascii=False)
        return text[1:-1] if isinstance(found, str) else text

    rendered = re.sub(r"\{\{(.+?)\}\}", value, template)
    try:
        return json.loads(rendered)
    except ValueError as mistake:
        raise TemplateError(f"Error while parsing rendered custom webhook template: {mistake}") from None


def _log(
    world: World,
    now: float,
    hook: Row,
    trigger: str,
    headers: Mapping[str, str],
    payload: Any,
    delivered: Delivered,
) -> None:
    shown = {name: REDACTED if name in hook["custom_headers"] else text for name, text in headers.items()}
    if "X-Gitlab-Token" in shown:
        shown["X-Gitlab-Token"] = REDACTED
    failed = delivered.status is None
    world.table("deliveries").add(
        {
            "hook_id": hook["id"],
            "url": re.sub(r"(?<=://)[^/@]+(?=@)", "*****:*****", hook["url"]),
            "trigger": trigger,
            "request_headers": shown,
            "request_data": _without_emails(payload),
            "response_headers": {} if failed else _kept(delivered.headers),
            "response_body": "" if failed else _cut(delivered.body, KEPT_BODY),
            "execution_duration": float(delivered.duration),
            "response_status": INTERNAL_ERROR if failed else str(delivered.status),
            "created_at": stamp(now),
            "at": now,
            "url_digest": url_digest(hook),
        }
    )
    succeeded = delivered.status is not None and 200 <= delivered.status < 400
    _count(world, hook, now, succeeded=succeeded)


def _count(world: World, hook: Row, now: float, *, succeeded: bool) -> None:
    if not _may_switch_off(world, hook):
        return
    if succeeded:
        hook["recent_failures"], hook["disabled_until"] = 0, None
    elif alert_status(world, hook, now) == "executable":
        failures = hook["recent_failures"]
        hook["recent_failures"] = min(failures + 1, LAST + 1)
        if failures + 1 > GRACE:
            hook["disabled_until"] = now + min(FIRST_PAUSE * 2 ** (failures - GRACE), LONGEST_PAUSE)


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    first = list(headers.items())[:KEPT_HEADERS]
    return {"-".join(p.capitalize() for p in name.split("-")): text[:KEPT_HEADER] for name, text in first}


def _cut(body: bytes, size: int) -> str:
    text = body.decode("utf-8", "replace")
    return text if len(body) <= size else body[: size - 3].decode("utf-8", "ignore") + "..."


def _without_emails(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_emails(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_emails(item) for item in value]
    return REDACTED if isinstance(value, str) and EMAIL.fullmatch(value) else value
