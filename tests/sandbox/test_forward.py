"""The way to a sandbox that is served elsewhere: GitLab's requests as they are, services' to their stand-ins."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import requests

from reconciler.sandbox.fronts import ForwardingAdapter, Sandbox, SandboxServer
from reconciler.sandbox.seed import default_world


@pytest.fixture
def served() -> Iterator[SandboxServer]:
    server = SandboxServer(Sandbox(default_world(1_790_000_000.0)), 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def session(served: SandboxServer) -> Iterator[requests.Session]:
    adapter = ForwardingAdapter(served.url, hosts={"jira.acme.example": "jira"})
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        yield session


def test_gitlab_is_asked_as_it_is(served: SandboxServer, session: requests.Session) -> None:
    answer = session.get(f"{served.url}/api/v4/version", headers={"PRIVATE-TOKEN": "sandbox-token"})

    assert answer.json()["enterprise"] is True


def test_a_known_service_gets_what_is_meant_for_it(served: SandboxServer, session: requests.Session) -> None:
    answer = session.post("https://hooks.slack.com/services/T0/B0/X", json={"text": "hello"})

    assert (answer.text, answer.url) == ("ok", "https://hooks.slack.com/services/T0/B0/X")
    assert served.sandbox.world.services["slack"]["messages"][0]["text"] == "hello"


@pytest.mark.parametrize(
    ("address", "deployment"),
    [("https://acme.atlassian.net", "Cloud"), ("https://jira.acme.example", "Server")],
)
def test_a_service_that_goes_by_its_host_is_told_of_it(
    session: requests.Session, address: str, deployment: str
) -> None:
    shown = session.get(f"{address}/rest/api/2/serverInfo").json()

    assert (shown["baseUrl"], shown["deploymentType"]) == (address, deployment)


def test_what_is_for_nobody_leaves_no_machine(served: SandboxServer, session: requests.Session) -> None:
    assert session.post("https://in.acme.example/deploy", json={}).text == "ok"
    assert [row for row in served.sandbox.world.requests if "acme.example" in str(row)] == []
