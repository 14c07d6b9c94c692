"""No secret is shown, written or passed on: a canary in every secret field, every command, every way to fail."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.engine import real
from reconciler.cli.main import run
from reconciler.cli.reporting import KINDS
from reconciler.sandbox.fronts import Clock, Sandbox, SandboxServer
from reconciler.sandbox.instance import Outcome
from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.seed import world_from_seed
from reconciler.sandbox.store import Store
from tests.scenarios import canaries
from tests.scenarios.canaries import Estate, found, leaks
from tests.scenarios.killing import Ground
from tests.scenarios.test_kill import manifest as kill_manifest

OUTPUTS = ("human", "json", "markdown")
ROOT = Path(__file__).resolve().parents[2]


class Spiteful(Sandbox):
    """A GitLab that, when told to, answers writes with everything that it was sent."""

    spite = 0
    """The status of its refusals; 0 while it behaves."""

    def exchange(self, request: Request, send: Any, **place: Any) -> Outcome:
        if not self.spite or request.method == "GET":
            return super().exchange(request, send, **place)
        echo = f"{request.path} {request.body.decode()} {json.dumps(dict(request.headers))}"
        said = {"message": {"base": [echo]}, "error": echo, "error_description": echo}
        return Outcome(Response.of_json(self.spite, said, {"X-Request-Id": "1", "X-Echo": "x"}))


@dataclass
class Place:
    """A folder with the estate's manifests, a served GitLab, and everything that was said."""

    folder: Path
    estate: Estate
    sandbox: Spiteful
    run: Callable[..., tuple[int, str, str]]
    said: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command; it must end with one of some codes."""
        code, out, err = self.run(arguments)
        assert code in codes, f"{arguments}: {code}\n{out[-2000:]}\n{err[-2000:]}"
        self.said += [(f"{' '.join(arguments)}, stdout", out), (f"{' '.join(arguments)}, stderr", err)]
        return out

    def told(self) -> dict[str, list[str]]:
        """Whose canaries were told or written where; empty when all was kept."""
        owners = self.estate.owners
        spoken = {where: what for where, text in self.said if (what := found(text, owners))}
        return spoken | leaks(self.folder, owners)


@pytest.fixture(scope="module")
def built() -> Estate:
    return canaries.estate()


@pytest.fixture
def place(
    tmp_path: Path, built: Estate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    for name in [name for name in os.environ if name.startswith(("RECONCILER", "CI", "GITLAB"))]:
        monkeypatch.delenv(name)
    sandbox = Spiteful(world_from_seed(built.seed(), 1_790_000_000.0))
    server = SandboxServer(sandbox, 0)
    settings = {"GITLAB_URL": server.url, "GITLAB_TOKEN": "sandbox-token", "RECONCILER_STATE_KEY": "c0de-key"}
    for name, value in {**built.environ, **settings, "TMPDIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifests").mkdir()
    for name, text in built.manifests.items():
        (tmp_path / "manifests" / name).write_text(text, encoding="utf-8")

    def ran(arguments: tuple[str, ...]) -> tuple[int, str, str]:
        code = run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield Place(tmp_path, built, sandbox, ran)
    server.shutdown()
    server.server_close()
    thread.join()


def reports(name: str, *without: str) -> list[str]:
    return [f"--report={kind}=reports/{name}.{kind}" for kind in KINDS if kind not in without]


def test_a_canary_is_found_in_whatever_form_it_hides() -> None:
    estate = Estate()
    estate.canary("a.token")
    estate.canary("b.build_key", "API-{}")
    estate.canary("c.signing", canaries.SIGNING)
    values = list(estate.environ.values())

    assert [found(value, estate.owners) for value in values] == [["a.token"], ["b.build_key"], ["something, in base64"]]
    assert found(f"nothing {canaries.SEED_CANARY[:6]}", estate.owners) == []


def test_every_secret_is_sent_and_none_is_told_in_a_whole_life(place: Place) -> None:
    addresses = [f"myorg/k-{name}:integrations.it" for name in ("slack", "jira", "sentry", "aws-codecommit", "discord")]
    for output in OUTPUTS:
        place("validate", "-vv", "-o", output)
        place("plan", "-vv", "-o", output)
    place("plan", "-vv", "--out", "plan.json", "--detailed-exitcode", *reports("plan"), codes=(2,))
    place("show", "plan.json", "-o", "json")
    place("apply", "-vv", "plan.json", *reports("apply"))
    sent = canaries.of_world(place.sandbox.world)
    for output in OUTPUTS:
        place("drift", "-vv", "--unmanaged", "-o", output)
        place("show", "-o", output)
        place("state", "list", "-o", output)
        for address in addresses:
            place("explain", address, "-o", output)
    for row in json.loads(place("state", "list", "-o", "json"))["resources"]:
        place("state", "show", row["address"], "-o", "json")
    place("plan", "--reassert-secrets", "-vv", "-o", "json")
    place("state", "pull")
    place("state", "history", "-o", "json")
    place("doctor", "-vv", codes=(0, 1))
    place("oauth", "rotate", "@instance:oauth_applications.portal", "--auto-approve")
    place("destroy", "--auto-approve", "-vv", *reports("destroy"))

    unsent = {owner for marker, owner in place.estate.owners.items() if marker not in sent and owner != "signing"}
    assert unsent == {"datadog.app_key", "google-cloud-build.access_token", "redmine.api_key", "whitesource.api_key"}
    assert place.told() == {}


@pytest.mark.parametrize("status", [400, 422, 500, 502])
def test_a_gitlab_that_repeats_what_it_was_sent_makes_nobody_tell(place: Place, status: int) -> None:
    place.sandbox.spite = status
    for output in OUTPUTS:
        place("apply", "-vv", "--auto-approve", "-o", output, "--timeout", "2s", *reports(output), codes=(1, 3))
    place("plan", "-vv", "-o", "json", codes=(0, 1))

    assert "failed" in place.said[0][1]
    assert place.told() == {}


def test_a_gitlab_that_refuses_updates_makes_nobody_tell(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place("apply", "--auto-approve")
    place.sandbox.spite = 400
    for name, value in place.estate.environ.items():
        monkeypatch.setenv(name, value.replace(canaries.SEED_CANARY, canaries.SEED_CANARY[::-1]))
    place("plan", "-vv", "-o", "json")
    place("apply", "-vv", "--auto-approve", codes=(1, 3))

    backwards = canaries.SEED_CANARY[::-1]
    assert place.told() == {}
    assert not any(backwards in text for _, text in place.said)
    assert [p for p in place.folder.rglob("*") if p.is_file() and backwards.encode() in p.read_bytes()] == []


def test_a_gitlab_that_cannot_be_reached_makes_nobody_tell(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_URL", "http://127.0.0.1:9")
    place("apply", "-vv", "--auto-approve", *reports("apply"), codes=(1, 3))

    assert place.told() == {}


@pytest.mark.parametrize("services", ["behave", "repeat what they were sent"])
def test_probes_and_actions_tell_no_secret(place: Place, monkeypatch: pytest.MonkeyPatch, services: str) -> None:
    monkeypatch.setenv("RECONCILER_SANDBOX", "1")
    world = place.folder / ".reconciler" / "sandbox" / "world.json"
    sandbox = Sandbox.opened(Store(world), Clock(), lambda now: world_from_seed(place.estate.seed(), now))
    sandbox.close()
    place("apply", "--auto-approve", "-q")
    if services != "behave":
        every = json.dumps({"error": " ".join(place.estate.environ.values()), "message": place.estate.environ})
        fault = {"match": {"host": "*"}, "do": "status", "value": {"status": 401, "body": every}, "seen": 0}
        world.write_text(json.dumps({**json.loads(world.read_text()), "faults": [fault]}), encoding="utf-8")
    for output in OUTPUTS:
        place("health", "check", "-vv", "-o", output, "--no-alerts", *reports(f"health-{output}", "terraform"))
        place("health", "unhealthy", "-vv", "-o", output)
    for address, action, parameters in asked():
        given = [word for name, value in parameters for word in ("-p", f"{name}={value}")]
        place("run", address, action, "-vv", "-o", "json", *given, codes=(0, 1, 64))
    for verb in ("test", "events", "stats", "trigger"):
        place("webhooks", verb, "myorg/portal:webhooks.everything", "-vv", codes=(0, 1, 64))

    shutil.rmtree(world.parent)
    assert sum(" run " in f" {where} " for where, _ in place.said) > 40
    assert place.told() == {}


def asked() -> Iterator[tuple[str, str, list[tuple[str, object]]]]:
    """Every action of every kind with something for each parameter that it needs."""
    for kind in canaries.CATALOGUE.kinds.values():
        for name, action in kind.actions.items() if kind.section == "integrations" else ():
            needed = [
                (p.name, p.example or ("1" if p.type == "integer" else "some")) for p in action.parameters if p.required
            ]
            yield f"myorg/k-{kind.name}:integrations.it", name, needed


@pytest.mark.parametrize("error", [ValueError, KeyError, RuntimeError, UnicodeError])
def test_a_crash_report_holds_no_values(
    place: Place, error: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    secret = place.estate.environ["C_JIRA_API_TOKEN"]

    def fails(*_: object) -> Any:
        token = secret  # a local variable of the frame that fails
        raise error(f"cannot use {token}") from OSError(token)

    code = run(["plan", "-vv", "--target", secret], engine=lambda: replace(real(), plan=fails))

    captured = capsys.readouterr()
    place.said += [("stdout", captured.out), ("stderr", captured.err)]
    assert code == 70
    assert list(place.folder.glob("reconciler-crash-*"))
    assert place.told() == {}


def test_a_secret_written_into_a_manifest_is_refused_and_not_repeated(place: Place) -> None:
    for kind in canaries.CATALOGUE.kinds.values():
        path = place.folder / "manifests" / f"{kind.name}.yaml"
        for name in kind.by_name if path.exists() else ():
            reference = place.estate.environ.get(f"C_{kind.name}_{name}".upper().replace("-", "_"))
            if reference:
                variable = f"${{env:C_{kind.name}_{name}}}".upper().replace("-", "_").replace("ENV:", "env:")
                path.write_text(path.read_text().replace(variable, json.dumps(reference)), encoding="utf-8")
    literal = {str(path) for path in (place.folder / "manifests").iterdir() if found(path.read_bytes(), {})}
    for output in OUTPUTS:
        place("validate", "-vv", "-o", output, codes=(1,))
        place("plan", "-vv", "-o", output, "--report=codequality=quality.json", codes=(1,))

    assert len(literal) > 40
    assert set(place.told()) == literal


def test_a_killed_apply_leaves_no_secret_in_its_journal(tmp_path: Path) -> None:
    estate = Estate()
    estate.canary("token")
    estate.canary("slack", "https://hooks.slack.com/services/T/B/example")
    token, slack = estate.environ.values()
    (tmp_path / "here" / "manifests").mkdir(parents=True)
    with Ground(tmp_path / "here", None, {"TOKEN": token, "SLACK": slack}).served() as ground:
        for project in ("shop", "web"):
            text = kill_manifest(project, after=True)
            (ground.folder / "manifests" / f"{project}.yaml").write_text(text, encoding="utf-8")
        ground.remember()
        for fatal in (6, 9, 14):
            ground.rewind()
            assert ground.apply_in_a_process(fatal, before=bool(fatal % 2)) == -9
            journal = ground.folder / ".reconciler" / "state.json.journal"

            assert journal.stat().st_size > 500
            assert leaks(ground.folder, estate.owners) == {}


WATCHED = """
import sys
opened, started = [], []
def heard(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and any(c in str(arguments[1] or "r") for c in "wax+"):
        opened.append(arguments[0])
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork"):
        started.append(f"{event} {arguments}")
sys.addaudithook(heard)
from reconciler.__main__ import main
code = main(sys.argv[1:])
print("OPENED", *opened, sep="\\n", file=sys.stderr)
print("STARTED", *started, sep="\\n", file=sys.stderr)
sys.exit(code)
"""


def test_nothing_is_written_elsewhere_and_no_process_is_started(place: Place) -> None:
    command = [sys.executable, "-c", WATCHED, "apply", "--auto-approve", "-vv", "--report=html=page.html"]

    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )

    _, _, heard = done.stderr.partition("OPENED\n")
    opened, _, started = heard.partition("STARTED")
    outside = [
        p for p in opened.split() if not Path(p).resolve().is_relative_to(place.folder) and "__pycache__" not in p
    ]
    place.said += [("stdout", done.stdout), ("stderr", done.stderr)]
    assert started.strip() == ""
    assert [path for path in outside if path != os.devnull] == []
    assert place.told() == {}
