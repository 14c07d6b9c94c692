"""Prometheus: whether the Pushgateway takes metrics and Prometheus is ready, and metrics pushed.

Pure flows. A push replaces what its group held (all of it, or metrics of the same names), so a push whose answer was
lost is repeated once: the second changes nothing. Source: https://github.com/prometheus/pushgateway
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import quote

from reconciler.core.errors import UsageError
from reconciler.core.flow import Basic, Failure, Flow, Request, Response
from reconciler.core.resource import Action, Field, FieldType, Health, Subject, Verdict
from reconciler.core.value import Plain, Value
from reconciler.integrations.flows.answers import is_page, mapping, shown
from reconciler.integrations.flows.asking import ask, ask_twice, look, taken
from reconciler.integrations.flows.metrics import COUNT, PUSHED, Figure, figures_of
from reconciler.integrations.flows.values import secret_of, text_of
from reconciler.integrations.flows.verdicts import (
    CREDENTIAL,
    GONE,
    MISLEADING,
    SETTINGS,
    UNREACHABLE,
    Sign,
    degraded,
    healthy,
    trouble,
    unhealthy,
)

_NAME = "the Pushgateway"
_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
_METRIC, _LABEL = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*"), re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_METHODS = {"merge": "POST", "replace": "PUT"}
_SIGNS = (
    Sign((401, 403), (), Health.UNHEALTHY, "the proxy before the Pushgateway does not accept the user", CREDENTIAL),
    Sign((404,), (), Health.UNHEALTHY, "no Pushgateway answers at this address", GONE),
)
_WHY = {
    400: "a metric's name or type does not fit, with others of the group or of other groups",
    401: "the proxy before it does not accept the user",
    403: "the proxy before it does not accept the user",
    404: "no Pushgateway answers at this address",
}


def probe(subject: Subject) -> Flow[Verdict]:
    """Whether the Pushgateway is what answers and is ready, and Prometheus too where its address is stated."""
    gateway = _Gateway(subject)
    answer = yield from ask(gateway.look("/api/v1/status"))
    is_old = isinstance(answer, Response) and answer.status == 404
    if is_old:
        answer = yield from ask(gateway.look("/-/healthy"))
    if wrong := trouble(_NAME, answer, _SIGNS):
        return wrong
    if not is_old and shown(answer).get("status") != "success":
        return unhealthy("something else than a Pushgateway answers at this address", MISLEADING)
    ready = yield from ask(gateway.look("/-/ready"))
    if isinstance(ready, Response) and ready.status == 503:
        return degraded("the Pushgateway lives, but is not ready", SETTINGS)
    address = text_of(subject.values, "prometheus_url").rstrip("/")
    if not address:
        return healthy("the Pushgateway takes metrics")
    return (yield from _prometheus(address))


def push_metrics(subject: Subject, parameters: Mapping[str, Value]) -> Flow[Mapping[str, Plain]]:
    """Push figures into the group of the entry's job and labels."""
    gateway, figures = _Gateway(subject), figures_of(parameters)
    grouping = {**mapping(subject.values.get("grouping")), **mapping(parameters.get("grouping"))}
    job = text_of(parameters, "job") or text_of(subject.values, "job", "gitlab")
    names = [figure.name for figure in figures if not _METRIC.fullmatch(figure.name)]
    labels = [label for figure in figures for label in figure.labels if not _LABEL.fullmatch(label)]
    if names or labels:
        raise UsageError(f"`{(names + labels)[0]}` cannot be a name in Prometheus", hint="letters, digits and `_` only")
    if clash := {label for figure in figures for label in figure.labels} & {"job", *grouping}:
        raise UsageError(f"the label `{min(clash)}` is one of the group's", hint="leave it away, or name it otherwise")
    request = Request(
        _METHODS[text_of(parameters, "mode", "merge")],
        gateway.base + _path(job, grouping),
        {"Content-Type": _FORMAT},
        body=_exposed(figures),
        auth=gateway.auth,
        writes=True,
    )
    taken(_NAME, "push metrics", (yield from ask_twice(request)), why=_WHY)
    return {"pushed": len(figures), "job": job, "grouping": {str(k): str(v) for k, v in grouping.items()}}


ACTIONS = (
    Action(
        "push-metrics",
        "Push figures to the Pushgateway",
        push_metrics,
        (
            *PUSHED,
            Field("job", FieldType.STRING, "Job of the group, in place of the entry's."),
            Field("grouping", FieldType.MAP, "Labels of the group beside the entry's.", example={"instance": "eu-1"}),
            Field(
                "mode",
                FieldType.STRING,
                "Whether the group's other metrics stay (merge) or go (replace).",
                choices=tuple(_METHODS),
                default="merge",
            ),
        ),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------


class _Gateway:
    """Where the Pushgateway is, and the user of a proxy before it."""

    def __init__(self, subject: Subject) -> None:
        self.base = text_of(subject.values, "pushgateway_url").rstrip("/")
        user, password = text_of(subject.values, "username"), secret_of(subject.values, "password")
        self.auth = Basic(user, password) if user and password is not None else None

    def look(self, path: str) -> Request:
        return look("GET", self.base + path, auth=self.auth)


def _prometheus(address: str) -> Flow[Verdict]:
    answer = yield from ask(look("GET", f"{address}/-/ready"))
    if isinstance(answer, Failure):
        return degraded("the Pushgateway takes metrics, but Prometheus cannot be reached", UNREACHABLE)
    if answer.status == 503:
        return degraded("the Pushgateway takes metrics, but Prometheus is not ready", SETTINGS)
    built = yield from ask(look("GET", f"{address}/api/v1/status/buildinfo"))
    if isinstance(built, Response) and built.status in (401, 403):
        return degraded("the Pushgateway takes metrics; what Prometheus does is hidden from us", CREDENTIAL)
    if not answer.ok or is_page(answer) or shown(built).get("status") != "success":
        return degraded("the Pushgateway takes metrics, but no Prometheus answers at `prometheus_url`", MISLEADING)
    version = str(mapping(shown(built).get("data")).get("version") or "")
    return healthy("the Pushgateway takes metrics, and Prometheus is ready", prometheus=version)


def _path(job: str, grouping: Mapping[str, Value]) -> str:
    """A group's path; values with a slash, and empty ones, are written in base64."""
    pieces = ["/metrics"]
    for name, said in {"job": job, **grouping}.items():
        value = str(said)
        if value and "/" not in value:
            pieces += [name, quote(value, safe="")]
        else:
            pieces += [f"{name}@base64", urlsafe_b64encode(value.encode()).decode() or "="]
    return "/".join(pieces)


def _exposed(figures: tuple[Figure, ...]) -> bytes:
    """The figures in the text format."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

    families = {}
    for figure in figures:
        counted = figure.type == COUNT
        family = (CounterMetricFamily if counted else GaugeMetricFamily)(
            figure.name, f"{figure.name}, pushed on request"
        )
        family.add_sample(f"{family.name}_total" if counted else figure.name, dict(figure.labels), figure.value)
        families[figure.name] = family

    class _Figures:
        def collect(self) -> list[Metric]:
            return list(families.values())

    registry = CollectorRegistry()
    registry.register(_Figures())
    return generate_latest(registry)
