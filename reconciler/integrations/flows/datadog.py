"""Datadog: whether the API key works on its site, and metrics, logs and events sent.

Pure flows. A key belongs to one site and is refused on others like a wrong one. Intake has no natural key, so nothing
is sent twice: a lost answer ends the action. Source: https://docs.datadoghq.com/api/latest/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.core.errors import UsageError
from reconciler.core.flow import Flow, Request, Response
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Secret, Value
from reconciler.integrations.flows.answers import mapping, sequence, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.metrics import COUNT, PUSHED, figures_of
from reconciler.integrations.flows.values import host_of, need, need_secret, secret_of, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    GONE,
    MISLEADING,
    Sign,
    degraded,
    healthy,
    trouble,
    unhealthy,
)

_NAME = "Datadog"
_SITE = "datadoghq.com"
_WORDS = ("webhook-intake.", "http-intake.logs.", "api.", "app.")
_COUNT, _GAUGE = 1, 3
_LOGS_A_CALL, _BYTES_A_CALL = 500, 4_500_000
_LOG_LIMIT, _TEXT_LIMIT, _KEY_LIMIT = 1_000_000, 4000, 100
_ALERTS = ("info", "success", "warning", "error", "user_update", "recommendation", "snapshot")
_WHY = {403: "it does not accept the API key on this site", 408: "it took too long", 413: "too much at once"}


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether the API key is one of this site's, and the application key its organisation's."""
    site, key = _Site(subject), need_secret(subject.values, "api_key")
    answer = yield from ask(look("GET", f"{site.api}/api/v1/validate", headers={"DD-API-KEY": key}))
    refused = f"Datadog does not accept the API key on {site.name}: it is wrong, or another site's"
    gone = Sign((404,), (), Health.UNHEALTHY, f"{site.name} is none of Datadog's sites", GONE)
    if wrong := trouble(_NAME, answer, (Sign((401, 403), (), Health.UNHEALTHY, refused, CREDENTIAL), gone)):
        return wrong
    valid = shown(answer).get("valid")
    if valid is False:
        return unhealthy(refused, CREDENTIAL)
    if valid is not True:
        return unhealthy(f"something else than Datadog answers at {site.name}", MISLEADING)
    further = secret_of(subject.values, "app_key")
    if further is not None:
        headers = {"DD-API-KEY": key, "DD-APPLICATION-KEY": further}
        answer = yield from ask(look("GET", f"{site.api}/api/v2/validate_keys", headers=headers))
        if isinstance(answer, Response) and answer.status in (401, 403):
            return degraded("Datadog accepts the API key, but not the application key", CREDENTIAL, site=site.name)
    return healthy(f"Datadog accepts the API key on {site.name}", site=site.name)


def push_metrics(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Send figures, each as one point of the time that it is."""
    site, own = _Site(subject), _tags(subject.values)
    host = text_of(parameters, "host")
    series: list[dict[str, Any]] = []
    for figure in figures_of(parameters):
        kind = _COUNT if figure.type == COUNT else _GAUGE
        row: dict[str, Any] = {"metric": figure.name, "type": kind}
        row["points"] = [{"timestamp": int(subject.now), "value": figure.value}]
        row["tags"] = [*own, *(f"{name}:{value}" for name, value in figure.labels.items())]
        series.append(row | ({"resources": [{"type": "host", "name": host}]} if host else {}))
    request = site.post(f"{site.api}/api/v2/series", {"series": series})
    answer = taken(_NAME, "send metrics", (yield from ask(request)), why=_WHY)
    errors = len(sequence(shown(answer).get("errors")))
    result: dict[str, Plain] = {"sent": len(series), "refused": errors, "site": site.name}
    return {**result, "success": False} if errors else result


def send_logs(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Send log lines, so many in a request as Datadog takes."""
    site = _Site(subject)
    lines = [*_texts(parameters.get("message")), *_texts(parameters.get("messages"))]
    if not lines or any(len(line.encode()) > _LOG_LIMIT for line in lines):
        raise UsageError("there is no log line to send, or one of more than 1 MB", hint="say `-p message=TEXT`")
    tags = [*_tags(subject.values), *(f"{k}:{v}" for k, v in mapping(parameters.get("labels")).items())]
    common = {"ddsource": text_of(parameters, "source", "gitlab"), "ddtags": ",".join(tags)}
    further = {"service": text_of(subject.values, "service"), "hostname": text_of(parameters, "host")}
    common |= {name: text for name, text in further.items() if text}
    common["status"] = text_of(parameters, "level", "info")
    sent = 0
    for rows in _requests([{"message": line, **common} for line in lines]):
        doing = "send logs" if not sent else f"send logs after the first {sent}"
        taken(_NAME, doing, (yield from ask(site.post(f"{site.intake}/api/v2/logs", rows))), why=_WHY)
        sent += len(rows)
    return {"sent": sent, "site": site.name}


def send_event(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Send one event to the event stream."""
    site = _Site(subject)
    title = need(parameters, "title")
    text, key = text_of(parameters, "text", title), text_of(parameters, "aggregation_key")
    if len(text) > _TEXT_LIMIT or len(key) > _KEY_LIMIT:
        raise UsageError(f"`text` has at most {_TEXT_LIMIT} characters and `aggregation_key` {_KEY_LIMIT}")
    event: dict[str, Any] = {"title": title, "text": text, "date_happened": int(subject.now)}
    event |= {"alert_type": text_of(parameters, "alert_type", "info"), "source_type_name": "gitlab"}
    event["priority"] = text_of(parameters, "priority", "normal")
    event["tags"] = [*_tags(subject.values), *(f"{k}:{v}" for k, v in mapping(parameters.get("labels")).items())]
    event |= {name: said for name, said in (("aggregation_key", key), ("host", text_of(parameters, "host"))) if said}
    answer = taken(_NAME, "send the event", (yield from ask(site.post(f"{site.api}/api/v1/events", event))), why=_WHY)
    made = mapping(shown(answer).get("event"))
    return {"id": str(made.get("id") or ""), "url": str(made.get("url") or ""), "site": site.name}


_HOST = Field("host", FieldType.STRING, "Host that it comes from.")
_LABELS = Field("labels", FieldType.MAP, "Tags beside the entry's.", example={"team": "shop"})

ACTIONS = (
    Action("push-metrics", "Send figures as metrics", push_metrics, (*PUSHED, _HOST)),
    Action(
        "send-logs",
        "Send log lines",
        send_logs,
        (
            Field("message", FieldType.STRING, "The log line."),
            Field("messages", FieldType.STRINGS, "Several log lines."),
            Field("level", FieldType.STRING, "How grave it is.", default="info", example="error"),
            Field("source", FieldType.STRING, "What it comes from.", default="gitlab"),
            _HOST,
            _LABELS,
        ),
    ),
    Action(
        "send-event",
        "Send an event",
        send_event,
        (
            Field("title", FieldType.STRING, "What happened.", required=True),
            Field("text", FieldType.STRING, "More about it; the title when not stated."),
            Field("alert_type", FieldType.STRING, "Of what sort it is.", choices=_ALERTS, default="info"),
            Field("priority", FieldType.STRING, "How urgent it is.", choices=("normal", "low"), default="normal"),
            Field("aggregation_key", FieldType.STRING, "Events of one key are shown together."),
            _HOST,
            _LABELS,
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


class _Site:
    """One of Datadog's sites, or a server of one's own that `api_url` names."""

    def __init__(self, subject: Subject) -> None:
        address = text_of(subject.values, "api_url")
        site = _site_of(host_of(address)) or text_of(subject.values, "site", "" if address else _SITE)
        self._key = need_secret(subject.values, "api_key")
        if site:
            self.name, self.api, self.intake = site, f"https://api.{site}", f"https://http-intake.logs.{site}"
        else:
            scheme, _, rest = address.partition("://")
            self.name = host_of(address)
            self.api = self.intake = f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}"

    def post(self, url: str, value: object) -> Request:
        headers: dict[str, str | Secret] = {"DD-API-KEY": self._key}
        return Request("POST", url, headers, json=value, writes=True)


def _site_of(host: str) -> str:
    """The site that a host of Datadog's belongs to; empty for another's host."""
    for word in _WORDS:
        if host.startswith(word):
            return host.removeprefix(word)
    return ""


def _tags(values: Mapping[str, Value]) -> list[str]:
    """The entry's tags, as GitLab sends them with everything."""
    named = [f"{name}:{text_of(values, name)}" for name in ("env", "service") if text_of(values, name)]
    return [*named, *(line.strip() for line in text_of(values, "tags").splitlines() if line.strip())]


def _requests(rows: Iterable[Mapping[str, str]]) -> Iterator[list[Mapping[str, str]]]:
    """Log lines as they fit into requests, by their number and their bytes."""
    piece: list[Mapping[str, str]] = []
    size = 0
    for row in rows:
        bytes_ = len(json.dumps(row, ensure_ascii=False).encode()) + 1
        if piece and (len(piece) >= _LOGS_A_CALL or size + bytes_ > _BYTES_A_CALL):
            yield piece
            piece, size = [], 0
        piece.append(row)
        size += bytes_
    yield piece


def _texts(value: Value) -> Iterator[str]:
    items = (value,) if isinstance(value, str) else value or ()
    yield from (str(item) for item in items if str(item).strip())
