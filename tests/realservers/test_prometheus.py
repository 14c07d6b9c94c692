"""A real Prometheus shows what was pushed through a real Pushgateway, and answers as its stand-in does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.core.resource import Health
from tests.realservers import servers
from tests.realservers.estate import Estate, StandIn

Pair = tuple[str, str]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A Pushgateway, and a Prometheus that scrapes it."""
    if reason := servers.lacking("prometheus", "prometheus-pushgateway"):
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("prometheus")
    with servers.pushgateway(folder) as gateway, servers.prometheus(folder, gateway) as prometheus:
        yield gateway, prometheus


def declared(folder: Path, gateway: str, prometheus: str) -> Estate:
    made = Estate(folder, "prometheus")
    made.declare(pushgateway_url=gateway, prometheus_url=prometheus, job="shop", grouping={"team": "platform"})
    return made


def test_a_pushed_figure_is_answered_to_a_query(pair: Pair, tmp_path: Path) -> None:
    declared(tmp_path, *pair).act("push-metrics", metrics={"shop_deployments": 7}, labels={"stage": "eu"})

    def found() -> list[dict[str, object]]:
        answer = servers.ask(f"{pair[1]}/api/v1/query?query=shop_deployments").data
        rows: list[dict[str, object]] = answer["data"]["result"]
        return rows

    (row,) = servers.eventually(found)
    assert row["metric"] == {"__name__": "shop_deployments", "job": "shop", "stage": "eu", "team": "platform"}


def test_the_probe_tells_ready_from_absent_from_something_else(pair: Pair, tmp_path: Path) -> None:
    gateway, prometheus = pair
    told = {
        address: declared(tmp_path, gateway, address).health()
        for address in (prometheus, f"http://127.0.0.1:{servers.free_port()}", gateway)
    }
    ready, absent, other = told.values()

    assert (ready.status, bool(ready.facts["prometheus"])) == (Health.HEALTHY, True)
    assert (absent.status, absent.facts["cause"]) == (Health.DEGRADED, "unreachable")
    assert (other.status, other.facts["cause"]) == (Health.DEGRADED, "misleading")


@pytest.mark.parametrize(
    "path",
    [
        "/-/healthy",
        "/-/ready",
        "/api/v1/status/buildinfo",
        "/api/v1/query?query=up",
        "/api/v1/query?query=up(",
        "/api/v1/query",
        "/api/v1/nothing",
    ],
)
def test_the_stand_in_answers_as_it_does(pair: Pair, path: str) -> None:
    real, pretended = servers.ask(pair[1] + path), StandIn("prometheus").ask(path)

    assert pretended.status == real.status
    if real.body.startswith(b"{"):
        assert set(pretended.data) == set(real.data)
        assert pretended.data["status"] == real.data["status"]
        assert pretended.data.get("errorType") == real.data.get("errorType")
