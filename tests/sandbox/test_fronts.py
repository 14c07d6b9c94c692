"""The two ways in: a requests adapter that never leaves the process, and a server on the loopback interface."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NoReturn

import pytest
import requests

from reconciler.sandbox.clock import ManualClock
from reconciler.sandbox.fronts import Sandbox, SandboxAdapter, SandboxServer, open_sandbox
from reconciler.sandbox.seed import default_world

BASE = "http://gitlab.example.test/api/v4"
TOKEN = {"PRIVATE-TOKEN": "sandbox-token"}
HOOKS = f"{BASE}/projects/myorg%2Fshop/hooks"
START = 1_767_225_600.0


def session(adapter: SandboxAdapter) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.headers.update(TOKEN)
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    return made


def in_process(**more: Any) -> tuple[requests.Session, Sandbox]:
    sandbox = Sandbox(default_world(START), ManualClock(START))
    return session(SandboxAdapter(sandbox, **more)), sandbox


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("something wants to leave the process")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
def test_every_host_is_answered_within_the_process() -> None:
    client, sandbox = in_process(hosts={"ci.example.test:8080": "jenkins"})

    assert client.get(f"{BASE}/version").json()["version"] == "18.9.0-ee"
    assert client.post("https://hooks.slack.com/services/T/B/X", json={"text": "hi"}).text == "ok"
    assert client.get("http://ci.example.test:8080/whoAmI/api/json").status_code == 200
    assert client.post("https://somewhere.example.test/in?a=1", data=b"x").text == "ok"
    assert [(r["url"], r["body"]) for r in sandbox.world.receiver] == [("https://somewhere.example.test/in?a=1", "x")]
    services = [entry.get("service") for entry in sandbox.world.requests]
    assert services == [None, "slack", "jenkins", "receiver"]


@pytest.mark.usefixtures("no_network")
def test_deliveries_stay_within_the_process_too() -> None:
    client, sandbox = in_process()
    client.post(HOOKS, json={"url": "https://somewhere.example.test/in"})

    assert client.post(f"{HOOKS}/1/test/push_events").status_code == 201
    assert sandbox.world.receiver[0]["headers"]["x-gitlab-event"] == "Push Hook"
    sandbox.world.faults.append({"match": {"host": "somewhere.example.test"}, "do": "drop_before", "seen": 0})
    assert client.post(f"{HOOKS}/1/test/push_events").status_code == 422


def test_gitlab_may_be_anywhere_also_below_a_path() -> None:
    client, _ = in_process(url="https://git.example.org/gitlab")

    user = client.get("https://git.example.org/gitlab/api/v4/user").json()

    assert user["web_url"] == "https://git.example.org/gitlab/root"
    assert client.get("https://git.example.org/gitlabber").text == "ok"


def test_a_cut_connection_is_a_connection_error_and_a_delay_moves_the_tests_clock() -> None:
    client, sandbox = in_process()
    client.post("http://gitlab.example.test/_sandbox/faults", json={"match": {"method": "POST"}, "do": "drop_after"})
    client.post(
        "http://gitlab.example.test/_sandbox/faults", json={"match": {"method": "GET"}, "do": "latency", "value": 30}
    )

    with pytest.raises(requests.ConnectionError):
        client.post(HOOKS, json={"url": "https://x.example.test"})

    assert len(client.get(HOOKS).json()) == 1
    assert sandbox.clock.now() == START + 30


def test_many_threads_may_ask_at_once() -> None:
    client, sandbox = in_process()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(
            pool.map(lambda n: client.post(HOOKS, json={"url": f"https://x.test/{n}"}).status_code, range(80))
        )

    assert set(statuses) == {201}
    assert len({hook["url"] for hook in sandbox.world.table("hooks")}) == 80


def test_a_world_file_knows_what_a_killed_process_had_done(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "world.json"
    first = open_sandbox(path, clock=ManualClock(START))
    client = session(SandboxAdapter(first))
    client.post(HOOKS, json={"url": "https://somewhere.example.test/in", "token": "t"})
    client.post(f"{HOOKS}/1/test/push_events")
    client.post("http://gitlab.example.test/_sandbox/tokens", json={"token": "more"})
    client.put(f"{BASE}/projects/myorg%2Fshop/integrations/slack", json={"webhook": "https://hooks.slack.com/x"})

    again = open_sandbox(path, clock=ManualClock(START))

    assert tables(again) == tables(first)
    with (tmp_path / "deep" / "world.json.journal").open("ab") as journal:
        journal.write(b'{"start": 9, "method": "DEL')
    assert tables(open_sandbox(path, clock=ManualClock(START))) == tables(first)


def tables(sandbox: Sandbox) -> Any:
    """Everything but what readings move."""
    value = json.loads(json.dumps(sandbox.world.to_json()["tables"]))
    for row in value["tokens"]["rows"]:
        row.pop("last_used_at")
    return value


def test_a_write_costs_a_line_however_large_the_world_is(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    client = session(SandboxAdapter(open_sandbox(path, clock=ManualClock(START))))
    snapshot = path.read_bytes()

    for number in range(20):
        client.post(HOOKS, json={"url": f"https://x.example.test/{number}"})

    assert path.read_bytes() == snapshot
    assert len((tmp_path / "world.json.journal").read_bytes().splitlines()) == 21
    client.close()
    assert len(json.loads(path.read_bytes())["tables"]["hooks"]["rows"]) == 20


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"format": 7}'])
def test_a_file_that_is_no_world_is_told_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "world.json"
    path.write_bytes(content)

    with pytest.raises(ValueError, match="move it away to start anew"):
        open_sandbox(path)

    assert path.read_bytes() == content


@contextmanager
def serving(latency: float = 0.0) -> Iterator[tuple[requests.Session, SandboxServer]]:
    server = SandboxServer(Sandbox(default_world(time.time())), 0, latency)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with requests.Session() as client:
        client.trust_env = False
        client.headers.update(TOKEN)
        yield client, server
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_server_keeps_connections_and_encoded_paths() -> None:
    with serving() as (client, server):
        client.post(f"{server.url}/api/v4/projects/myorg%2Fshop/hooks", json={"url": "https://x.example.test/ä"})
        hooks = client.get(f"{server.url}/api/v4/projects/myorg%2Fshop/hooks").json()

        assert hooks[0]["url"] == "https://x.example.test/ä"
        assert client.head(f"{server.url}/api/v4/version").status_code == 200
        assert client.get(f"{server.url}/api/v4/user").json()["web_url"] == f"{server.url}/root"


def test_the_server_has_the_stand_ins_below_a_prefix() -> None:
    with serving() as (client, server):
        answer = client.post(f"{server.url}/_services/slack/services/T/B/X", json={"text": "hi"})

        assert (answer.status_code, answer.text) == (200, "ok")
        assert client.get(f"{server.url}/_services/nonsense/").status_code == 404


def test_slow_answers_overlap() -> None:
    with serving(latency=0.3) as (client, server), ThreadPoolExecutor(10) as pool:
        started = time.monotonic()
        list(pool.map(lambda _: client.get(f"{server.url}/api/v4/version"), range(10)))

        assert time.monotonic() - started < 10 * 0.3


def test_the_server_cuts_connections_when_told_to() -> None:
    with serving() as (client, server):
        hooks = f"{server.url}/api/v4/projects/myorg%2Fshop/hooks"
        client.post(f"{server.url}/_sandbox/faults", json={"match": {"method": "POST", "nth": 1}, "do": "drop_after"})

        with pytest.raises(requests.ConnectionError):
            client.post(hooks, json={"url": "https://x.example.test"})

        assert len(client.get(hooks).json()) == 1


class Receiver(BaseHTTPRequestHandler):
    seen: list[tuple[str, str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).seen.append((self.path, self.headers["X-Gitlab-Token"], body))
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/got")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        type(self).seen.append((self.path, "", b""))
        self.send_response(418)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"tea")

    def log_message(self, *_: object) -> None:
        pass


def test_the_server_really_delivers_and_follows_redirects_as_gets() -> None:
    Receiver.seen = []
    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with serving() as (client, server):
        hooks = f"{server.url}/api/v4/projects/myorg%2Fshop/hooks"
        place = f"http://127.0.0.1:{receiver.server_address[1]}"
        for path in ("/in", "/moved"):
            client.post(hooks, json={"url": f"{place}{path}", "token": "t"})

        answers = [client.post(f"{hooks}/{number}/test/push_events") for number in (1, 2)]
        receiver.shutdown()
        receiver.server_close()
        thread.join()
        closed = client.post(f"{hooks}/1/test/push_events")

    assert [(a.status_code, a.json()["message"]) for a in answers] == [(201, "201 Created"), (422, "tea")]
    assert [path for path, _, _ in Receiver.seen] == ["/in", "/moved", "/got"]
    assert json.loads(Receiver.seen[0][2])["object_kind"] == "push"
    assert "Connection refused" in closed.json()["message"]


def test_the_bare_command_says_where_it_listens_and_ends_cleanly(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    world = tmp_path / "world.json"
    command = [sys.executable, "-m", "reconciler.sandbox", "--port", "0", "--world", str(world)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        status = process.wait(20)

    assert line.startswith("listening on http://127.0.0.1:")
    assert status == 0
    assert json.loads(world.read_text())["format"] == 1


def test_the_bare_command_tells_mistakes_without_a_traceback(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    seed = tmp_path / "seed.json"
    seed.write_text('{"projects": [{"path": "x"}]}')
    command = [sys.executable, "-m", "reconciler.sandbox", "--port", "0", "--seed", str(seed)]

    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 1
    assert done.stderr == f"{seed}:1: projects[0].path: `x` is in no group; write group/project\n"


def test_processes_that_share_a_world_file_see_and_keep_each_others_writes(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    one = session(SandboxAdapter(open_sandbox(path, clock=ManualClock(START))))
    two = session(SandboxAdapter(open_sandbox(path, clock=ManualClock(START))))

    one.post(HOOKS, json={"url": "https://x.example.test/one"})
    two.post(HOOKS, json={"url": "https://somewhere.example.test/two"})
    two.post(f"{HOOKS}/2/test/push_events")
    assert [hook["id"] for hook in one.get(HOOKS).json()] == [1, 2]
    assert len(one.get(f"{HOOKS}/2/events").json()) == 1
    one.close()
    two.delete(f"{HOOKS}/1")
    two.close()
    one.close()

    assert [hook["id"] for hook in one.get(HOOKS).json()] == [2]
    third = session(SandboxAdapter(open_sandbox(path, clock=ManualClock(START))))
    assert third.get(HOOKS).json() == one.get(HOOKS).json()
