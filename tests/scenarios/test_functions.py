"""The functions of the package itself, and what a receiver does with them."""

from __future__ import annotations

import base64
import importlib.util
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests

import reconciler
from reconciler.core.errors import InputError, UnsafePlan
from reconciler.core.plan import StepAction
from reconciler.core.resource import Health
from reconciler.core.verify import signature

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = """
project: myorg/shop
webhooks:
  deploy: {url: "https://api.acme.example/deploy", events: [pipeline]}
"""


@pytest.fixture
def options(tmp_path: Path) -> reconciler.Options:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "shop.yaml").write_text(MANIFEST, encoding="utf-8")
    return reconciler.Options(sandbox=True, cwd=str(tmp_path))


def test_the_exported_names_are_the_documented_ones() -> None:
    documented = {"load", "plan", "apply", "drift", "health", "verify_webhook", "Options", "__version__"}

    assert set(reconciler.__all__) == set(dir(reconciler)) == documented
    assert [name for name in documented if not hasattr(reconciler, name)] == []
    assert [name for name in documented if not callable(getattr(reconciler, name)) and name != "__version__"] == []
    with pytest.raises(AttributeError, match="no attribute 'aplly'"):
        reconciler.__getattr__("aplly")


def test_the_package_imports_nothing_until_something_is_asked_for() -> None:
    code = "import sys; before = set(sys.modules); import reconciler; print(sorted(set(sys.modules) - before))"

    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(run.stdout.strip("[]\n").replace("'", "").split(", ")) <= {"__future__", "reconciler"}


def test_manifests_are_loaded_planned_applied_and_watched(options: reconciler.Options) -> None:
    declared = reconciler.load(options=options)
    plan = reconciler.plan(options=options)
    report = reconciler.apply(plan, options=options)
    again = reconciler.apply(options=options)
    drift = reconciler.drift(options=options)
    health = reconciler.health("myorg/shop:webhooks.deploy", options=options)

    assert [entry.address for entry in declared.entries] == ["myorg/shop:webhooks.deploy"]
    assert [step.action for step in plan.steps] == [StepAction.CREATE]
    assert [outcome.status.value for outcome in report.outcomes] == ["done"]
    assert again.outcomes == ()
    assert (drift.drift, drift.is_empty) == ({}, True)
    assert [result.status for result in health.results] == [Health.HEALTHY]


def test_a_plan_is_carried_out_once(options: reconciler.Options) -> None:
    plan = reconciler.plan(options=options)
    reconciler.apply(plan, options=options)

    with pytest.raises(UnsafePlan):
        reconciler.apply(plan, options=options)


def test_everything_wrong_with_manifests_is_in_the_error(options: reconciler.Options) -> None:
    path = Path(options.cwd) / "manifests" / "wrong.yaml"
    path.write_text("project: myorg/web\nwebhooks: {a: {urll: x, events: [pusch]}}\n", encoding="utf-8")

    with pytest.raises(InputError) as raised:
        reconciler.load(options=options)

    assert "manifests/wrong.yaml:2:" in str(raised.value)
    assert len(raised.value.problems) >= 2


SIGNING = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize(
    ("changed", "body", "status"),
    [
        ({}, b"{}", 204),
        ({"X-Gitlab-Token": "guessed"}, b"{}", 403),
        ({}, b'{"forged": true}', 403),
    ],
)
def test_the_receiver_of_the_examples_believes_gitlab_only(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], body: bytes, status: int
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    monkeypatch.setenv("SIGNING_TOKEN", SIGNING)
    example = module(ROOT / "examples" / "python" / "receiver.py")
    now = int(time.time())
    headers = {
        "X-Gitlab-Event": "Push Hook",
        "X-Gitlab-Token": "hush",
        "webhook-id": "d-1",
        "webhook-timestamp": str(now),
        "webhook-signature": signature(SIGNING, "d-1", now, b"{}"),
    }
    with example.Receiving(0) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/in"

        answer = requests.post(url, data=body, headers={**headers, **changed}, timeout=10)

        thread.join()
    assert answer.status_code == status
    assert server.deliveries == ([("Push Hook", b"{}")] if status == 204 else [])


def module(path: Path) -> Any:
    """An example's file as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_a_token_that_a_program_gives_is_never_shown() -> None:
    options = reconciler.Options(token="glpat-canary", gitlab_url="https://gitlab.example.com")

    assert "canary" not in repr(options)
    assert options == reconciler.Options(token="glpat-canary", gitlab_url="https://gitlab.example.com")


def test_programs_are_checked_against_our_types() -> None:
    assert (Path(reconciler.__file__).parent / "py.typed").exists()
