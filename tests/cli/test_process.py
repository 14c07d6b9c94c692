"""The command as a process: streams that nobody reads, disks that are full, signals while threads wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.faults import check_faults
from reconciler.sandbox.fronts import Sandbox, SandboxServer
from reconciler.sandbox.instance import Outcome
from reconciler.sandbox.seed import default_world

ROOT = str(Path(__file__).parents[2])
HOOK = 'project: myorg/shop\nwebhooks:\n  deploy: {url: "https://a.example"}\n'
RUN = f'"{sys.executable}" -m reconciler'
ENVIRONMENT = {"PYTHONPATH": ROOT, "PATH": os.environ["PATH"], "NO_COLOR": "1", "TMPDIR": "."}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "hook.yaml").write_text(HOOK)
    return tmp_path


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", line], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_was_closed_before_is_one_that_nobody_reads(folder: Path, closed: str) -> None:
    ended = shell(folder, f"{RUN} --sandbox apply --auto-approve {closed}")

    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert "Nothing to do" in shell(folder, f"{RUN} --sandbox apply --auto-approve").stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize(
    "asked", ["--version", "--help", "completion bash", "--sandbox plan", "--sandbox plan -o json"]
)
def test_an_answer_that_cannot_be_written_is_a_failure_and_no_fault_of_ours(folder: Path, asked: str) -> None:
    ended = shell(folder, f"{RUN} {asked} > /dev/full")

    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "fault of reconciler" not in ended.stderr


class Throttling(Sandbox):
    """Tells when it has refused for rate."""

    refused: threading.Event

    def exchange(self, request: Any, send: Any, **place: Any) -> Outcome:
        outcome = super().exchange(request, send, **place)
        if outcome.response is not None and outcome.response.status == 429:
            self.refused.set()
        return outcome


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_plan_that_waits_for_a_rate_limit(folder: Path, number: signal.Signals, code: int) -> None:
    sandbox = Throttling(default_world(1_790_000_000.0))
    sandbox.refused = threading.Event()
    sandbox.world.faults = check_faults({"match": {}, "do": "throttle", "value": 3000})
    server = SandboxServer(sandbox, 0)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    serving.start()
    environment = {**ENVIRONMENT, "GITLAB_URL": server.url, "GITLAB_TOKEN": "sandbox-token"}
    planning = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "plan"], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        assert sandbox.refused.wait(60)
        planning.send_signal(number)
        _, said = planning.communicate(timeout=60)
    finally:
        planning.kill()
        server.shutdown()
        server.server_close()

    assert planning.returncode == code
    assert "Traceback" not in said
