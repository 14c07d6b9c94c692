"""Testing hooks, their log, and sending from it again.

Pure: deliveries are yielded. Sources: GitLab's documentation of webhooks, a running GitLab 18.9 and
`tests/recordings/hooks/*`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from ..message import Conversation, Response
from ..world import Row
from .deliveries import INTERNAL_ERROR, deliver, url_digest
from .errors import message, no_record
from .kernel import Call, Check, Route, created
from .paging import PAGING, paginate
from .params import integer, optional, required, strings
from .payloads import TRIGGERS, NoSample, sample
from .throttle import spend

MOST_CALLS = 5
"""Tests, and repetitions, a minute: for each person and project or group."""

DAY = 86_400
KEPT_DAYS = 7
CATEGORIES = ("successful", "client_failure", "server_failure")
CODES = (
    *range(100, 104),
    *range(200, 209),
    226,
    *range(300, 309),
    *range(400, 418),
    *range(421, 427),
    428,
    429,
    431,
    451,
)
STATUSES = (*map(str, (*CODES, *range(500, 512))), *CATEGORIES)
SYSTEM_DATA = {
    "event_name": "project_create",
    "name": "Ruby",
    "path": "ruby",
    "project_id": 1,
    "owner_name": "Someone",
    "owner_email": "example@gitlabhq.com",
}


def hook_of(owner: str, call: Call) -> Row:
    """The hook of the path, whose id then is no parameter any more. Raises 404 where it is not this owner's."""
    call.sent.pop("hook_id", None)
    hook = call.world.table("hooks").get(call.params.pop("hook_id", _number(call.path["hook_id"])))
    if hook is None or hook["owner"] != owner:
        raise no_record()
    return hook


def test(kind: str, call: Call) -> Conversation:
    """Send a sample of a trigger's event; whether that went well is the answer."""
    parent = call.project if kind == "project" else call.group
    hook = hook_of(f"{kind}:{parent['id']}", call)
    spend(call.world, call.now, f"test|{hook['owner']}|{call.me['id']}", MOST_CALLS)
    project = parent if kind == "project" else _first_with_commits(call)
    try:
        data = sample(call, project, call.params["trigger"])
    except NoSample as reason:
        raise message(422, str(reason)) from None
    sent = yield from deliver(
        call.world, call.now, hook, TRIGGERS[call.params["trigger"]], data, base=call.request.base, force=True
    )
    if sent.status is not None and 200 <= sent.status < 300:
        return created({"message": "201 Created"})
    raise message(422, sent.text)


def test_system(call: Call) -> Conversation:
    """Send the one sample that there is for system hooks, and show it."""
    hook = hook_of("instance", call)
    yield from deliver(call.world, call.now, hook, "system_hooks", SYSTEM_DATA, base=call.request.base)
    return created(SYSTEM_DATA)


def events(kind: str, call: Call) -> Response:
    """A hook's deliveries of the last days, newest first."""
    hook = _own_hook(kind, call)
    since = (call.now // DAY - KEPT_DAYS) * DAY
    rows = [entry for entry in call.world.table("deliveries").by("hook_id", hook["id"]) if entry["at"] >= since]
    wanted = call.params.get("status")
    if wanted:
        rows = [entry for entry in rows if any(_is_of(entry["response_status"], status) for status in wanted)]
    return paginate(call, rows[::-1], _view)


def resend(kind: str, call: Call) -> Conversation:
    """Send a logged delivery again, under its old idempotency key."""
    hook = _own_hook(kind, call)
    spend(call.world, call.now, f"resend|{hook['owner']}|{call.me['id']}", MOST_CALLS)
    entry = call.world.table("deliveries").get(_number(call.path["hook_log_id"]))
    if entry is None or entry["hook_id"] != hook["id"]:
        raise no_record()
    if entry["url_digest"] != url_digest(hook):
        raise message(422, "The hook URL has changed, and this log entry cannot be retried")
    key = entry["request_headers"]["Idempotency-Key"]
    sent = yield from deliver(
        call.world, call.now, hook, entry["trigger"], entry["request_data"], base=call.request.base, key=key
    )
    if sent.status is None:
        raise message(422, sent.text)
    return created({"response_status": sent.status})


def _number(text: str) -> int:
    """The id that a path means where it is not declared to be a number."""
    digits = re.match(r"\s*(\d+)", text, re.ASCII)
    return int(digits[1]) if digits else 0


def _own_hook(kind: str, call: Call) -> Row:
    parent = call.project if kind == "project" else call.group
    return hook_of(f"{kind}:{parent['id']}", call)


def _first_with_commits(call: Call) -> Row:
    for project in call.world.projects.by("namespace_id", call.group["id"]):
        if project["commit"] is not None:
            return project
    raise message(422, "Ensure the group has a project with commits.")


def _is_of(status: str, wanted: str) -> bool:
    if status == INTERNAL_ERROR:
        return wanted == "server_failure"
    ranges = {"successful": (200, 300), "client_failure": (400, 500), "server_failure": (500, 600)}
    low, high = ranges.get(wanted, (0, 0))
    return status == wanted or low <= int(status) < high


def _view(entry: Row) -> Row:
    hidden = ("hook_id", "at", "url_digest")
    return {name: value for name, value in entry.items() if name not in hidden}


EVENT_FILTERS = (
    optional("status", strings, choices=STATUSES),
    optional("per_page", integer, default=20, between=(1, 20), refused=(0,)),
    PAGING[0],
)


def routes(kind: str, top: str, before: Sequence[Check]) -> tuple[Route, ...]:
    """The calls of projects' and groups' hooks that send or show deliveries."""
    one = f"{top}/:hook_id"
    hook_id = required("hook_id", integer)
    trigger = required("trigger", choices=tuple(TRIGGERS))
    again = f"{one}/events/:hook_log_id/resend"
    return (
        Route("POST", f"{one}/test/:trigger", partial(test, kind), (hook_id, trigger), before),
        Route("GET", f"{one}/events", partial(events, kind), (hook_id, *EVENT_FILTERS), before),
        Route("POST", again, partial(resend, kind), (), before),
    )
