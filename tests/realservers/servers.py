"""Real servers as plain processes on loopback ports: started, waited for, gone again with the `with` that holds them.

Every process runs under `timeout`, so that none outlives its purpose even where nobody ends it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIFETIME_SECONDS = 240
READY_SECONDS = 60
ROOT = Path(__file__).resolve().parents[2]
DEBIAN = {"prometheus": "prometheus", "prometheus-pushgateway": "prometheus-pushgateway"}
"""The program by which a server is known to be installed, and its Debian package."""
SCRAPING = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: pushgateway
    honor_labels: true
    static_configs: [{{targets: ['{gateway}']}}]
"""


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes

    @property
    def data(self) -> Any:
        """The body's JSON; None where there is none."""
        return json.loads(self.body) if self.body.strip() else None


def ask(
    url: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """Ask a server, past every proxy; a refusal is an answer too."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, body, dict(headers or {}), method=method), timeout=20) as answer:
            return Answer(answer.status, answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.read())


def lacking(*programs: str) -> str:
    """Why a server cannot be started here; empty where it can."""
    absent = [DEBIAN.get(program, program) for program in programs if shutil.which(program) is None]
    hint = "`tests/realservers/run.py` installs what is needed"
    return f"not installed here: {', '.join(absent)} ({hint})" if absent else ""


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@contextmanager
def process(
    command: Sequence[str | Path], folder: Path, *, ready: str, environ: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A process that answers at `ready`. Raises `RuntimeError` with the end of its log where it does not."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{Path(command[0]).name}.log"
    bounded = ["timeout", "--kill-after=5", str(LIFETIME_SECONDS), *map(str, command)]
    with log.open("wb") as out:
        running = subprocess.Popen(
            bounded, cwd=folder, env={**os.environ, **(environ or {})}, stdout=out, stderr=out, start_new_session=True
        )
    try:
        if not eventually(lambda: running.poll() is not None or _answers(ready), READY_SECONDS) or running.poll():
            raise RuntimeError(f"{Path(command[0]).name} does not start: {log.read_text(errors='replace')[-800:]}")
        yield
    finally:
        _end(running)


def eventually(holds: Any, seconds: float = 20.0) -> Any:
    """What `holds` says, as soon as it is true; its last word after `seconds`."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.2)):
        if found := holds():
            return found
        pause.wait(0.2)
    return holds()


@contextmanager
def pushgateway(folder: Path) -> Iterator[str]:
    """A Pushgateway that keeps nothing; its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["prometheus-pushgateway", f"--web.listen-address=127.0.0.1:{port}", "--persistence.file="]
    with process(command, folder, ready=f"{url}/-/ready"):
        yield url


@contextmanager
def prometheus(folder: Path, gateway: str) -> Iterator[str]:
    """A Prometheus that scrapes a Pushgateway every second; its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "prometheus.yml"
    settings.write_text(SCRAPING.format(gateway=gateway.removeprefix("http://")), encoding="utf-8")
    command = [
        "prometheus",
        f"--config.file={settings}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with process(command, folder, ready=f"{url}/-/ready"):
        yield url


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """Our own pretend GitLab, served; its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "reconciler", "sandbox", "--port", str(port)]
    with process(command, folder, ready=f"{url}/_sandbox/requests", environ={"PYTHONPATH": str(ROOT)}):
        yield url


# ---------------------------------------------------------------------------------------------------------------------


def _answers(url: str) -> bool:
    try:
        return ask(url).status == 200
    except OSError:
        return False


def _end(running: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if running.poll() is not None:
            return
        os.killpg(running.pid, sign)
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            continue
