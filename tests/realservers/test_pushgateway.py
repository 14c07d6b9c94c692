"""A real Pushgateway takes what we push, and answers as its stand-in does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.errors import RemoteError
from reconciler.core.resource import Health
from tests.realservers import servers
from tests.realservers.estate import Estate, StandIn


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if reason := servers.lacking("prometheus-pushgateway"):
        pytest.skip(reason)
    with servers.pushgateway(tmp_path_factory.mktemp("pushgateway")) as url:
        yield url


@pytest.fixture
def estate(gateway: str, tmp_path: Path) -> Estate:
    made = Estate(tmp_path, "prometheus")
    made.declare(pushgateway_url=gateway, job="shop", grouping={"test": tmp_path.name})
    return made


def group(gateway: str, name: str) -> Any:
    """What the gateway holds of a test's group: values by name, and the labels of one of them."""
    groups = servers.ask(f"{gateway}/api/v1/metrics").data["data"]
    (found,) = [one for one in groups if one["labels"].get("test") == name]
    return found


def test_the_probe_finds_it_healthy_and_leaves_no_trace(gateway: str, estate: Estate) -> None:
    before = servers.ask(f"{gateway}/api/v1/metrics").data

    assert estate.health().status is Health.HEALTHY
    assert servers.ask(f"{gateway}/api/v1/metrics").data == before


def test_figures_arrive_with_their_types_and_labels(gateway: str, estate: Estate, tmp_path: Path) -> None:
    metrics = {"load": {"value": 0.5, "labels": {"node": 'a "b"\n'}}, "deploys": {"value": 3, "type": "count"}}
    result = estate.act("push-metrics", metrics=metrics, grouping={"ref": "feature/x", "empty": ""})

    held = group(gateway, tmp_path.name)
    assert result["pushed"] == 2
    assert held["labels"] == {"job": "shop", "test": tmp_path.name, "ref": "feature/x", "empty": ""}
    assert held["load"]["type"] == "GAUGE"
    assert held["load"]["metrics"][0]["value"] == "0.5"
    assert held["load"]["metrics"][0]["labels"]["node"] == 'a "b"\n'
    assert (held["deploys_total"]["type"], held["deploys_total"]["metrics"][0]["value"]) == ("COUNTER", "3")


@pytest.mark.parametrize(("mode", "left"), [("merge", {"a", "b"}), ("replace", {"b"})])
def test_other_figures_stay_or_go(gateway: str, estate: Estate, tmp_path: Path, mode: str, left: set[str]) -> None:
    estate.act("push-metrics", metrics={"a": 1})
    estate.act("push-metrics", metrics={"b": 1}, mode=mode)

    assert {name for name in group(gateway, tmp_path.name) if name in "ab"} == left


def test_a_figure_of_another_type_than_before_is_refused_in_words(estate: Estate) -> None:
    estate.act("push-metrics", metrics={"clash_total": 1})

    with pytest.raises(RemoteError, match="name or type does not fit"):
        estate.act("push-metrics", metrics={"clash": {"value": 1, "type": "count"}}, grouping={"other": "1"})


ASKED: tuple[tuple[str, str, bytes], ...] = (
    ("PUT", "/metrics/job/c1", b"# HELP x An x.\n# TYPE x gauge\nx 1\n"),
    ("PUT", "/metrics/job/c1", b'x{a="q\\"z",b="c"} 1.5\n'),
    ("PUT", "/metrics/job/c2", b'# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n'),
    ("POST", "/metrics/job/c2/instance/1", b"y 2\n"),
    ("POST", "/metrics/job/c2/instance/1", b"z 3\n"),
    ("PUT", "/metrics/job/c3", b""),
    ("PUT", "/metrics/job/c4", b"up 1"),
    ("PUT", "/metrics/job/c4", b"up one\n"),
    ("PUT", "/metrics/job/c4", b"up{a=x} 1\n"),
    ("PUT", "/metrics/job/c4", b"# TYPE up nonsense\nup 1\n"),
    ("PUT", "/metrics/job/c4", b"up 1\n# TYPE up gauge\n"),
    ("PUT", "/metrics/job/c5", b"up 1 1700000000000\n"),
    ("PUT", "/metrics/job/c6", b"up 1\nup 2\n"),
    ("PUT", "/metrics/job/c7", b"push_time_seconds 1\n"),
    ("PUT", "/metrics/job/c8", b"# TYPE clashing counter\nclashing 1\n"),
    ("PUT", "/metrics/job/c9", b"# TYPE clashing gauge\nclashing 1\n"),
    ("PUT", "/metrics/job", b"a 1\n"),
    ("PUT", "/metrics/job/c10/ref", b"a 1\n"),
    ("PUT", "/metrics/instance/1", b"a 1\n"),
    ("PUT", "/metrics/job@base64/=", b"a 1\n"),
    ("PUT", "/metrics/job/c10/__x/1", b"a 1\n"),
    ("PUT", "/metrics/job/c10/b@base64/!!", b"a 1\n"),
    ("PUT", "/metrics/job/c10/job/other/ref@base64/=", b"a 1\n"),
    ("PUT", "/metrics/job@base64/YzEx/ref@base64/ZmVhdHVyZS94", b"a 1\n"),
    ("DELETE", "/metrics/job/c1", b""),
    ("DELETE", "/metrics/job/never", b""),
    ("PUT", "/api/v1/admin/wipe", b""),
    ("GET", "/-/healthy", b""),
    ("GET", "/-/ready", b""),
    ("GET", "/api/v1/status", b""),
    ("GET", "/metrics", b""),
)


def test_the_stand_in_answers_as_it_does(tmp_path: Path) -> None:
    if reason := servers.lacking("prometheus-pushgateway"):
        pytest.skip(reason)
    double = StandIn("pushgateway")
    with servers.pushgateway(tmp_path) as url:
        real = [servers.ask(url + path, method=method, body=body or None).status for method, path, body in ASKED]
        held = outline(servers.ask(f"{url}/api/v1/metrics").data)
    pretended = [double.ask(path, method=method, body=body).status for method, path, body in ASKED]

    assert dict(zip(ASKED, pretended, strict=True)) == dict(zip(ASKED, real, strict=True))
    assert outline(double.ask("/api/v1/metrics").data) == held


def outline(answer: Any) -> list[Any]:
    """Groups without times, help texts and the buckets that each writes in its own form."""
    found = []
    for row in answer["data"]:
        families = {name: family for name, family in row.items() if isinstance(family, dict) and "metrics" in family}
        simple = {
            name: [(one["labels"], float(one["value"])) for one in family["metrics"]]
            for name, family in families.items()
            if not name.startswith("push_") and family["type"] not in ("HISTOGRAM", "SUMMARY")
        }
        failed = any(float(one["value"]) > 0 for one in row["push_failure_time_seconds"]["metrics"])
        types = {name: family["type"] for name, family in families.items()}
        found.append((row["labels"], row["last_push_successful"], failed, types, simple))
    return sorted(found, key=lambda row: sorted(row[0].items()))
