"""Probes of kinds made for the purpose: what goes wrong is an answer, and answers are shared where they may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import RemoteError, SecretUnavailable
from reconciler.core.flow import Failure, Flow, Pause, Request, Response
from reconciler.core.resource import Field, FieldType, Health, Kind, Primitive, Subject, Verdict
from reconciler.core.state import Record
from reconciler.core.value import Secret
from reconciler.engine.probing import credential_of, probe
from reconciler.engine.subjects import Known
from reconciler.engine.workspace import Workspace

T = TypeVar("T")
FIELDS = (
    Field("url", FieldType.STRING),
    Field("token", FieldType.STRING, secret=True, required=True),
    Field("project", FieldType.STRING),
    Field("channel", FieldType.STRING),
)
GOOD = Verdict(Health.HEALTHY, "it works")


@dataclass
class Line:
    """An HTTP port that answers everything after some time."""

    took: tuple[int, ...] = (5,)
    asked: list[Request] = field(default_factory=list)

    def run(self, flow: Flow[T], remember: object = None) -> T:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Request):
                    self.asked.append(step)
                    took = self.took[min(len(self.asked), len(self.took)) - 1]
                    step = flow.send(Response(200, elapsed_ms=took) if took else Failure("no answer", 1))
                else:
                    step = flow.send(None)
        except StopIteration as end:
            return cast("T", end.value)


@dataclass
class Bench:
    http: Line = field(default_factory=Line)


def bench(*took: int) -> Workspace:
    return cast("Workspace", Bench(Line(took or (5,))))


def looks_at_the_project(subject: Subject) -> Flow[Verdict]:
    if subject.values.get("project"):
        yield Request("GET", f"{subject.values['url']}/{subject.values['project']}")
    return GOOD


def asks_gitlab(subject: Subject) -> Flow[Verdict]:
    yield Request("GET", f"/api/v4/projects/{subject.scope.path}")
    return GOOD


def asks_thrice(subject: Subject) -> Flow[Verdict]:
    for _ in range(3):
        yield Request("GET", "https://x.example")
        yield Pause(1)
    return GOOD


def raising(error: Exception) -> Any:
    def flow(subject: Subject) -> Flow[Verdict]:
        yield Request("GET", "https://x.example")
        raise error

    return flow


def known(flow: Any, scope: str = "myorg/shop", recorded: Mapping[str, Any] | None = None, **values: Any) -> Known:
    kind = Kind("made", "Made", "", "test", None, FIELDS, probe=flow, credential=("url", "token"))
    stated = {"url": "https://x.example", "token": Secret("hush", "${env:T}"), **values}
    subject = Subject(f"{scope}:integrations.x", "made", Scope(ScopeType.PROJECT, scope), stated, recorded or {})
    return Known(subject, kind, None)


def test_the_slowest_answer_is_the_time_of_a_conversation() -> None:
    assert probe(bench(5, 70, 10), known(asks_thrice)).took_ms == 70


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RemoteError("GET x: it refuses"), "GET x: it refuses"),
        (SecretUnavailable("${env:T} is not set"), "${env:T} is not set"),
        (ValueError("hush"), "the question itself failed (ValueError)"),
        (KeyError("hush"), "the question itself failed (KeyError)"),
    ],
)
def test_what_goes_wrong_in_asking_is_unknown_and_quotes_no_value(error: Exception, sentence: str) -> None:
    found = probe(bench(), known(raising(error)))

    assert (found.verdict.status, found.verdict.sentence) == (Health.UNKNOWN, sentence)


@pytest.mark.parametrize(
    ("one", "status", "sentence"),
    [
        (known(None), Health.UNKNOWN, "there is no question that Made would answer"),
        (known(asks_thrice, token=Secret(None, "${env:T}")), Health.UNKNOWN, "${env:T} is not set here"),
        (
            Known(known(asks_thrice).subject, known(asks_thrice).kind, None, "`url` is not set"),
            Health.UNKNOWN,
            "`url` is not set",
        ),
    ],
)
def test_what_cannot_be_asked_is_told_without_asking(one: Known, status: Health, sentence: str) -> None:
    ws = bench()
    found = probe(ws, one)

    assert (found.verdict.status, found.verdict.sentence, found.took_ms) == (status, sentence, None)
    assert cast("Bench", ws).http.asked == []


@pytest.mark.parametrize(
    ("condition", "status"), [("revoked", Health.UNKNOWN), ("undelivered", Health.UNHEALTHY), ("", Health.HEALTHY)]
)
def test_a_records_condition_speaks_first(condition: str, status: Health) -> None:
    one = known(asks_thrice)
    home = Record(
        one.subject.address, Primitive.APPLICATION, "made", "made", one.subject.scope, id=1, condition=condition
    )

    assert probe(bench(), Known(one.subject, one.kind, home)).verdict.status is status


@pytest.mark.parametrize(
    ("flow", "first", "other", "same"),
    [
        (looks_at_the_project, {"project": "a"}, {"project": "a", "channel": "#b"}, True),
        (looks_at_the_project, {"project": "a"}, {"project": "b"}, False),
        (looks_at_the_project, {}, {"project": "b"}, False),
        (asks_thrice, {"project": "a"}, {"project": "b"}, True),
        (asks_thrice, {}, {"scope": "myorg/web"}, True),
        (asks_gitlab, {}, {"scope": "myorg/web"}, False),
    ],
)
def test_an_answer_counts_for_others_where_nothing_that_was_looked_at_differs(
    flow: Any, first: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    one, another = known(flow, **first), known(flow, **other)
    found = probe(bench(), one)

    assert credential_of(one) == credential_of(another)
    assert (found.looked_at(one) == found.looked_at(another)) is same


def test_ids_that_were_looked_at_tell_entries_apart() -> None:
    def looks_at_its_id(subject: Subject) -> Flow[Verdict]:
        yield Request("GET", f"https://x.example/{subject.recorded.get('id')}")
        return GOOD

    one, another = known(looks_at_its_id, recorded={"id": 1}), known(looks_at_its_id, recorded={"id": 2})
    found = probe(bench(), one)

    assert found.looked_at(one) != found.looked_at(another)


def test_credentials_are_told_apart_and_no_credential_is_shared_with_nobody() -> None:
    one, another = known(asks_thrice), known(asks_thrice, token=Secret("other", "${env:T}"))
    assert credential_of(one) != credential_of(another)
    without = Known(one.subject, Kind("made", "", "", "", None, FIELDS, probe=asks_thrice), None)
    assert credential_of(without) is None
