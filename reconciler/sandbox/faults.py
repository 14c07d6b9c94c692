"""What goes wrong on purpose: a list of faults in the world, each with what it matches and what it does.

Pure. A fault is `{match: {method, path, host, nth}, do: …, value: …}`, every member of `match` optional: `method`
(one or a list), `path` (the raw path, with the query if the pattern has a `?`; `*` is anything), `host` (of an
in-process call to a service or receiver), `nth` (which of the matching requests, from 1: a number, a list, or
`"3+"`). `do`:

* `status`: answer `value` (a status, or `{status, body, headers}`) and do nothing;
* `latency`: wait `value` seconds (or `"50ms"`) before answering;
* `drop_before`, `drop_after`: cut the connection without an answer, before or after the request took effect;
* `page_short`: leave `value` items (1) off the end of a list, headers unchanged;
* `throttle`: 429 and do nothing; `value`: `{seconds, json}` (1, false) or the seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from .gitlab.throttle import refusal
from .message import Request, Response
from .world import Row, World

DEEDS = ("status", "latency", "drop_before", "drop_after", "page_short", "throttle")
MATCHES = ("method", "path", "host", "nth")
DAY = 86_400
TEXTS = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


@dataclass(slots=True)
class Effect:
    """What the faults that match one request do to it."""

    answer: Response | None = None
    delay: float = 0.0
    drop_before: bool = False
    drop_after: bool = False
    short: int = 0


NOTHING = Effect()


def check_faults(value: object) -> list[Row]:
    """Faults as they came, one or a list of them. Raises `ValueError` with where, what and what to do."""
    faults: list[Any] = value if isinstance(value, list) else [value]
    for place, fault in enumerate(faults):
        where = f"faults[{place}]"
        if not isinstance(fault, dict) or not isinstance(fault.get("match", {}), dict):
            raise ValueError(f'{where}: is no fault; write {{"match": {{…}}, "do": …}}')
        if fault.get("do") not in DEEDS:
            raise ValueError(f"{where}.do: `{fault.get('do')}` is none; use one of {', '.join(DEEDS)}")
        for key in set(fault) - {"match", "do", "value", "seen"}:
            raise ValueError(f"{where}: unknown member `{key}`; known are match, do, value")
        for key in set(fault.get("match", {})) - set(MATCHES):
            raise ValueError(f"{where}.match: unknown member `{key}`; known are {', '.join(MATCHES)}")
        _check_match(f"{where}.match", fault.get("match", {}))
        try:
            _is_nth(fault.get("match", {}).get("nth"), 1)
            _check_effect(fault)
        except (TypeError, ValueError, KeyError, AttributeError):
            raise ValueError(f"{where}: `nth` or `value` is not understood; see the list of faults") from None
    return [{"match": {}, **fault, "seen": 0} for fault in faults]


def _check_match(where: str, match: Mapping[str, Any]) -> None:
    for key in ("path", "host", "method"):
        value = match.get(key, "")
        texts = value if isinstance(value, list) and key == "method" else [value]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError(f"{where}.{key}: {value!r} is not text; write text in quotes")


def _check_effect(fault: Mapping[str, Any]) -> None:
    """Raises what is wrong with a fault's value."""
    effect = Effect()
    _apply(fault, effect, 0.0)
    if not 0 <= effect.delay < DAY or effect.short < 0:
        raise ValueError
    if effect.answer is not None and not 200 <= effect.answer.status <= 599:
        raise ValueError


def judge(world: World, request: Request, now: float, host: str | None = None) -> Effect:
    """Count the request for every fault that matches it, and say what they do together."""
    if not world.faults:
        return NOTHING
    effect = Effect()
    for fault in world.faults:
        if not _matches(fault["match"], request, host):
            continue
        fault["seen"] += 1
        if _is_nth(fault["match"].get("nth"), fault["seen"]):
            _apply(fault, effect, now)
    return effect


def shorten(response: Response, items: int) -> Response:
    """A list answer without its last items."""
    if not items or response.status != 200 or not response.body.startswith(b"["):
        return response
    value = json.loads(response.body)
    return replace(response, body=json.dumps(value[:-items], ensure_ascii=False, separators=(",", ":")).encode())


def _matches(match: Mapping[str, Any], request: Request, host: str | None) -> bool:
    method = match.get("method")
    if method and request.method not in ([method] if isinstance(method, str) else method):
        return False
    if "host" in match and (host is None or not fnmatchcase(host, match["host"])):
        return False
    pattern = match.get("path")
    if not pattern:
        return True
    path = f"{request.path}?{request.query}" if "?" in pattern and request.query else request.path
    literal = "".join(
        "*" if part == "*" else re.sub(r"([\[\]?])", r"[\1]", part) for part in re.split(r"(\*)", pattern)
    )
    return fnmatchcase(path, literal)


def _is_nth(nth: object, seen: int) -> bool:
    if nth is None:
        return True
    if isinstance(nth, str) and nth.endswith("+"):
        return seen >= int(nth[:-1])
    if isinstance(nth, list):
        return seen in nth
    return seen == int(str(nth))


def _apply(fault: Mapping[str, Any], effect: Effect, now: float) -> None:
    value = fault.get("value")
    match fault["do"]:
        case "status":
            effect.answer = _answer(value if isinstance(value, dict) else {"status": int(value or 500)})
        case "latency":
            effect.delay += seconds(value)
        case "drop_before":
            effect.drop_before = True
        case "drop_after":
            effect.drop_after = True
        case "page_short":
            effect.short = int(value or 1)
        case "throttle":
            form = value if isinstance(value, dict) else {"seconds": value or 1}
            wait = int(form.get("seconds", 1))
            effect.answer = refusal(now, json=bool(form.get("json")), seconds=wait)


def _answer(value: Mapping[str, Any]) -> Response:
    status = int(value["status"])
    body = value.get("body")
    headers = dict(value.get("headers", {}))
    if isinstance(body, str):
        return Response.of_text(status, body, headers)
    if body is None and status in TEXTS:
        return Response.of_text(status, f"{TEXTS[status]}\n", headers)
    default = {"message": "500 Internal Server Error" if status == 500 else f"{status}"}
    return Response.of_json(status, default if body is None else body, headers)


def seconds(value: object) -> float:
    """A duration: a number of seconds, or text such as `50ms` or `2s`."""
    text = str(value or 0).strip()
    if text.endswith("ms"):
        return float(text[:-2]) / 1000
    return float(text.removesuffix("s"))
