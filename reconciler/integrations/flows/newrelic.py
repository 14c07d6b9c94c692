"""New Relic: whether the keys work in their region, and metrics, events and deployment markers sent.

Pure flows. An empty body is accepted and stores nothing, which makes it the probe of a licence key. Contents are
checked only after they were accepted, so what can be checked is checked here. NerdGraph tells its errors in a 200.
Source: https://docs.newrelic.com/docs/apis/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.core.errors import RemoteError, UsageError
from reconciler.core.flow import Flow, Request, Response
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Secret, Value
from reconciler.integrations.flows.answers import mapping, sequence, shown
from reconciler.integrations.flows.asking import ask, look, taken
from reconciler.integrations.flows.metrics import COUNT, PUSHED, figures_of
from reconciler.integrations.flows.values import need, need_secret, secret_of, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    MISLEADING,
    REFUSED,
    SETTINGS,
    Sign,
    healthy,
    trouble,
    unhealthy,
    unknown,
)

_NAME = "New Relic"
_METRICS = {"US": "https://metric-api.newrelic.com", "EU": "https://metric-api.eu.newrelic.com"}
_EVENTS = {"US": "https://insights-collector.newrelic.com", "EU": "https://insights-collector.eu01.nr-data.net"}
_GRAPH = {"US": "https://api.newrelic.com", "EU": "https://api.eu.newrelic.com"}
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_:]{1,255}")
_MOST_ATTRIBUTES, _LONGEST_ATTRIBUTE = 250, 4096
_DEFAULT_INTERVAL = 60
_ACCEPTED = 202
_WHY = {401: "it does not accept the key", 403: "the key is wrong, of the other sort, or another region's"}


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether each stated key works in the entry's region."""
    region = _region(subject)
    licence, user = secret_of(subject.values, "license_key"), secret_of(subject.values, "api_key")
    works = []
    if licence is not None:
        verdict = yield from _licence(region, licence)
        if verdict is not None:
            return verdict
        works.append("licence key")
    if user is not None:
        verdict = yield from _user(region, user)
        if verdict is not None:
            return verdict
        works.append("user key")
    if not works:
        return unknown("no key is stated, so nothing can be asked", SETTINGS)
    return healthy(f"New Relic accepts the {' and the '.join(works)} in {region}", region=region)


def push_metrics(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Send figures; counts are of the last `interval` seconds."""
    region, stamp = _region(subject), int(subject.now * 1000)
    interval = int(parameters.get("interval") or _DEFAULT_INTERVAL) * 1000
    rows: list[dict[str, Any]] = []
    for figure in figures_of(parameters):
        row: dict[str, Any] = {"name": figure.name, "type": figure.type, "value": figure.value, "timestamp": stamp}
        row |= {"attributes": dict(figure.labels)} if figure.labels else {}
        rows.append(row | ({"interval.ms": interval} if figure.type == COUNT else {}))
    sent = [{"common": {"attributes": {"source": "gitlab", "project": subject.scope.path}}, "metrics": rows}]
    request = _post(f"{_METRICS[region]}/metric/v1", subject, "license_key", sent)
    answer = taken(_NAME, "send metrics", (yield from ask(request)), why=_WHY)
    return {"sent": len(rows), "request": str(shown(answer).get("requestId") or ""), "region": region}


def send_event(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Send one custom event."""
    region, kind = _region(subject), need(parameters, "event_type")
    attributes = {str(name): value for name, value in mapping(parameters.get("attributes")).items()}
    if not _EVENT_TYPE.fullmatch(kind):
        raise UsageError(f"`{kind}` cannot be an event's type", hint="letters, digits, `_` and `:` only")
    too_long = [name for name, value in attributes.items() if len(str(value)) > _LONGEST_ATTRIBUTE]
    if too_long or len(attributes) > _MOST_ATTRIBUTES:
        raise UsageError(f"an event has at most {_MOST_ATTRIBUTES} attributes of {_LONGEST_ATTRIBUTE} characters")
    event = {**attributes, "eventType": kind, "timestamp": int(subject.now)}
    url = f"{_EVENTS[region]}/v1/accounts/{need(subject.values, 'account_id')}/events"
    answer = taken(_NAME, "send the event", (yield from ask(_post(url, subject, "license_key", [event]))), why=_WHY)
    accepted = bool(shown(answer).get("success"))
    result: dict[str, Plain] = {"accepted": accepted, "region": region}
    return result if accepted else {**result, "success": False}


def mark_deployment(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Mark a deployment on an entity. Never marked twice: a lost answer ends the action."""
    region = _region(subject)
    guid = text_of(parameters, "entity_guid") or need(subject.values, "entity_guid")
    request = _post(
        f"{_GRAPH[region]}/graphql", subject, "api_key", {"query": _mutation(guid, parameters, subject.now)}
    )
    answer = taken(_NAME, "mark the deployment", (yield from ask(request)), why=_WHY)
    row = shown(answer)
    made = mapping(mapping(mapping(row.get("data")).get("changeTrackingCreateEvent")).get("changeTrackingEvent"))
    if row.get("errors") or not made:
        raise RemoteError(
            "could not mark the deployment: New Relic finds something wrong with it",
            hint="check the entity's GUID and that the key is a user key of its account",
        )
    return {"id": str(made.get("changeTrackingId") or ""), "entity": guid, "region": region}


ACTIONS = (
    Action(
        "push-metrics",
        "Send figures as metrics",
        push_metrics,
        (*PUSHED, Field("interval", FieldType.INTEGER, "Seconds that counts are of.", default=_DEFAULT_INTERVAL)),
    ),
    Action(
        "event",
        "Send a custom event",
        send_event,
        (
            Field("event_type", FieldType.STRING, "Type of the event.", required=True, example="Deployment"),
            Field("attributes", FieldType.MAP, "What is to be known of it.", example={"stage": "production"}),
        ),
    ),
    Action(
        "deployment-marker",
        "Mark a deployment on an entity",
        mark_deployment,
        (
            Field("version", FieldType.STRING, "Version that is deployed.", required=True, example="v1.2.3"),
            Field("entity_guid", FieldType.STRING, "GUID of the entity, in place of the entry's."),
            Field("commit_sha", FieldType.STRING, "Commit that is deployed."),
            Field("changelog", FieldType.STRING, "What has changed."),
            Field("description", FieldType.STRING, "About this deployment."),
            Field("user", FieldType.STRING, "Who deploys."),
            Field("url", FieldType.STRING, "Address of the deployment."),
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


def _region(subject: Subject) -> str:
    return "EU" if text_of(subject.values, "region", "US").upper() == "EU" else "US"


def _post(url: str, subject: Subject, key: str, value: object) -> Request:
    headers: dict[str, str | Secret] = {"Api-Key": need_secret(subject.values, key)}
    return Request("POST", url, headers, json=value, writes=True)


def _licence(region: str, key: Secret) -> Flow[Verdict | None]:
    headers: dict[str, str | Secret] = {"Api-Key": key, "Content-Type": "application/json"}
    answer = yield from ask(look("POST", f"{_METRICS[region]}/metric/v1", headers=headers, body=b""))
    sentence = f"New Relic does not accept the licence key in {region}: it is wrong, or another region's"
    if wrong := trouble(_NAME, answer, (Sign((401, 403), (), Health.UNHEALTHY, sentence, CREDENTIAL),)):
        return wrong
    if not (isinstance(answer, Response) and answer.status == _ACCEPTED):
        return unhealthy("something else than New Relic answers for metrics", MISLEADING)
    return None


def _user(region: str, key: Secret) -> Flow[Verdict | None]:
    headers: dict[str, str | Secret] = {"Api-Key": key}
    query = {"query": "{ requestContext { userId } }"}
    answer = yield from ask(look("POST", f"{_GRAPH[region]}/graphql", headers=headers, json=query))
    signs = (
        Sign((401,), (), Health.UNHEALTHY, "New Relic does not accept the user key", CREDENTIAL),
        Sign((403,), (), Health.UNHEALTHY, f"the user key is none of {region}'s", CREDENTIAL),
    )
    if wrong := trouble(_NAME, answer, signs):
        return wrong
    row = shown(answer)
    if sequence(row.get("errors")):
        return unhealthy("New Relic answers the user key with errors", REFUSED)
    if not mapping(mapping(row.get("data")).get("requestContext")).get("userId"):
        return unhealthy("something else than New Relic answers for queries", MISLEADING)
    return None


def _mutation(guid: str, parameters: Mapping[str, Value], now: float) -> str:
    """The change-tracking call, with its values as GraphQL strings (which JSON strings are)."""
    names = (("version", "version"), ("changelog", "changelog"), ("commit", "commit_sha"), ("deepLink", "url"))
    deployment = _fields((at, text_of(parameters, name)) for at, name in names)
    about = _fields((name, text_of(parameters, name)) for name in ("description", "user"))
    further = f", {about}" if about else ""
    return (
        "mutation { changeTrackingCreateEvent(changeTrackingEvent: { "
        f"categoryAndTypeData: {{ categoryFields: {{ deployment: {{ {deployment} }} }}, "
        'kind: { category: "DEPLOYMENT", type: "BASIC" } }, '
        f"entitySearch: {{ query: {json.dumps(f'id = {_quoted(guid)}')} }}, timestamp: {int(now * 1000)}"
        f"{further} }}) {{ changeTrackingEvent {{ changeTrackingId timestamp }} messages }} }}"
    )


def _fields(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name}: {json.dumps(text)}" for name, text in pairs if text)


def _quoted(guid: str) -> str:
    return "'" + guid.replace("'", "") + "'"
