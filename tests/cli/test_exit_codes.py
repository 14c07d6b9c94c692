"""The exit codes, one test a rule."""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.errors import (
    ExitCode,
    InputError,
    Place,
    Problem,
    ReconcilerError,
    RemoteError,
    StateLocked,
    UnsafePlan,
    UsageError,
)
from reconciler.core.plan import Plan, Reason, StepAction
from reconciler.core.report import Outcome, Report, StepStatus, Validation
from reconciler.output.machine import plan as plan_text

from ..output.samples import BLOCKED, CREATE, DELETE, DRIFTED, VALIDATION, step
from .conftest import Command, Stand

ONE = Plan(steps=(CREATE,), records=3)
MANY_DELETES = Plan(
    steps=tuple(step(StepAction.DELETE, f"myorg/p{n}:webhooks.w", Reason.UNDECLARED) for n in range(25)), records=100
)
BROKEN = InputError([Problem("unknown key", "`x`", "remove it", Place("a.yaml", 1, 1, "x: 1"))])


@pytest.mark.parametrize(
    ("planned", "arguments", "code"),
    [
        (Plan(), (), 0),
        (ONE, (), 0),
        (ONE, ("--detailed-exitcode",), 2),
        (Plan(), ("--detailed-exitcode",), 0),
        (replace(ONE, blocked=BLOCKED), (), 1),
        (replace(ONE, blocked=BLOCKED), ("--detailed-exitcode",), 1),
        (MANY_DELETES, (), 1),
        (MANY_DELETES, ("--allow-deletes", "25"), 0),
        (MANY_DELETES, ("--allow-deletes", "24"), 1),
        (BROKEN, (), 1),
        (StateLocked("the state is locked", lock_id="1"), (), 1),
        (RemoteError("refused", method="GET", url="https://gitlab.example/api/v4/x", status=401), (), 1),
        (UsageError("no such environment"), (), 64),
        (ValueError("unforeseen"), (), 70),
        (KeyboardInterrupt(), (), 130),
    ],
)
def test_plan(reconciler: Command, stand: Stand, planned: Any, arguments: tuple[str, ...], code: int) -> None:
    if isinstance(planned, KeyboardInterrupt):
        planned_by_signal(stand)
    else:
        stand.planned = planned

    assert reconciler("plan", *arguments).code == code


def planned_by_signal(stand: Stand) -> None:
    class Interrupting(Plan):
        pass

    def make() -> Any:
        raise KeyboardInterrupt

    real = stand.engine

    def engine() -> Any:
        return replace(real(), plan=lambda ws, options: make())

    stand.engine = engine  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Report((Outcome("a", "create", StepStatus.DONE),)), 0),
        (Report((Outcome("a", "create", StepStatus.FAILED, "422"),)), 1),
        (Report((Outcome("a", "create", StepStatus.DONE), Outcome("b", "create", StepStatus.FAILED, "422"))), 3),
        (Report((Outcome("a", "create", StepStatus.DONE),), blocked=BLOCKED), 3),
        (UnsafePlan("the plan is stale"), 1),
        (StateLocked("held", lock_id="1"), 1),
    ],
)
def test_apply(reconciler: Command, stand: Stand, outcome: Any, code: int) -> None:
    stand.planned, stand.outcome = ONE, outcome

    assert reconciler("apply", "--auto-approve").code == code


def test_apply_without_a_terminal_and_without_consent_is_refused_before_any_work(
    reconciler: Command, stand: Stand
) -> None:
    stand.planned = ONE
    ran = reconciler("apply")

    assert ran.code == ExitCode.USAGE
    assert stand.asked == []
    assert "--auto-approve" in ran.err


@pytest.mark.parametrize(("typed", "code"), [("yes\n", 0), ("y\n", 1), ("no\n", 1), ("", 1)])
def test_apply_asks_and_only_yes_goes_on(reconciler: Command, stand: Stand, typed: str, code: int) -> None:
    stand.planned = ONE
    ran = reconciler("apply", typed=typed)

    assert ran.code == code
    assert ("apply" in stand.verbs()) is (code == 0)
    assert "Only `yes` goes on" in ran.err


def test_apply_does_not_ask_about_nothing(reconciler: Command, stand: Stand) -> None:
    ran = reconciler("apply", typed="")

    assert ran.code == 0
    assert "yes" not in ran.err


def test_a_brake_stops_apply_before_it_asks(reconciler: Command, stand: Stand) -> None:
    stand.planned = MANY_DELETES
    ran = reconciler("apply", typed="yes\n")

    assert ran.code == 1
    assert "apply" not in stand.verbs()
    assert "too many deletions" in ran.err
    assert "--allow-deletes 25" in ran.err


def test_a_saved_plan_never_asks_and_brings_its_environment(reconciler: Command, stand: Stand) -> None:
    Path("plan.json").write_text(plan_text(replace(ONE, environment="staging")), encoding="utf-8")
    ran = reconciler("apply", "plan.json")

    assert ran.code == 0
    assert stand.verbs() == ["apply"]
    assert stand.asked[0][1].saved
    assert stand.options.environment == "staging"


def test_a_saved_plan_of_another_environment_is_refused(reconciler: Command, stand: Stand) -> None:
    Path("plan.json").write_text(plan_text(replace(ONE, environment="staging")), encoding="utf-8")

    assert reconciler("apply", "plan.json", "-e", "production").code == 64
    assert stand.asked == []


def test_a_saved_plan_takes_no_further_selection(reconciler: Command, stand: Stand) -> None:
    Path("plan.json").write_text(plan_text(ONE), encoding="utf-8")

    assert reconciler("apply", "plan.json", "-t", "x").code == 64


@pytest.mark.parametrize(
    "body", [b"", b"\x00\xff", b"[]", b"{}", b'{"format_version": 99}', b"[" * 100_000, b'{"steps": 1}']
)
def test_any_bytes_as_a_saved_plan_are_a_clear_error(reconciler: Command, body: bytes) -> None:
    Path("plan.json").write_bytes(body)
    ran = reconciler("apply", "plan.json")

    assert ran.code == 1
    assert "plan.json" in ran.err


def test_a_saved_plan_that_is_not_there_is_a_clear_error(reconciler: Command) -> None:
    ran = reconciler("apply", "nothing.json")

    assert ran.code == 1
    assert "nothing.json" in ran.err


@pytest.mark.parametrize(
    ("drifted", "arguments", "code"),
    [
        (Plan(), (), 0),
        (Plan(), ("--detailed-exitcode",), 0),
        (Plan(drift={"a": (DRIFTED,)}), (), 0),
        (Plan(drift={"a": (DRIFTED,)}), ("--detailed-exitcode",), 2),
        (Plan(gone=("a",)), ("--detailed-exitcode",), 2),
        (Plan(unmanaged=(("s", "hook", "x"),)), ("--unmanaged", "--detailed-exitcode"), 0),
        (Plan(blocked=BLOCKED), (), 1),
    ],
)
def test_drift(reconciler: Command, stand: Stand, drifted: Plan, arguments: tuple[str, ...], code: int) -> None:
    stand.drifted = drifted

    assert reconciler("drift", *arguments).code == code


@pytest.mark.parametrize(
    ("validation", "arguments", "code"),
    [
        (Validation(), (), 0),
        (VALIDATION, (), 1),
        (Validation((VALIDATION.problems[1],)), (), 0),
        (Validation((VALIDATION.problems[1],)), ("--strict",), 1),
        (BROKEN, (), 1),
    ],
)
def test_validate(reconciler: Command, stand: Stand, validation: Any, arguments: tuple[str, ...], code: int) -> None:
    stand.validation = validation

    assert reconciler("validate", *arguments).code == code


def test_destroy_shows_its_list_asks_and_is_its_own_consent(reconciler: Command, stand: Stand) -> None:
    stand.planned = replace(MANY_DELETES, destroy=True)
    ran = reconciler("destroy", typed="yes\n")

    assert ran.code == 0
    assert "myorg/p0" in ran.out
    assert "Delete 25 resources from GitLab?" in ran.err
    assert dict(stand.asked)["plan"].destroy
    assert stand.bench.locked == ["destroy"]
    assert dict(stand.asked)["apply"].allow_deletes == 25


def test_destroy_still_stops_where_destroying_is_prevented(reconciler: Command, stand: Stand) -> None:
    problem = Problem("destroying is prevented", "myorg/old:integrations.chat", "remove prevent_destroy")
    stand.planned = Plan(steps=(DELETE,), destroy=True, problems=(problem,))

    assert reconciler("destroy", "--auto-approve").code == 1
    assert "apply" not in stand.verbs()


def test_destroy_without_a_terminal_is_refused(reconciler: Command, stand: Stand) -> None:
    assert reconciler("destroy").code == 64
    assert stand.asked == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
def test_a_signal_asks_apply_to_stop_and_decides_the_exit_code(
    reconciler: Command, stand: Stand, number: signal.Signals, code: ExitCode
) -> None:
    seen = []

    def interrupt(stop: Any) -> None:
        os.kill(os.getpid(), number)
        seen.append(stop.is_set())

    stand.planned, stand.during_apply = ONE, interrupt
    stand.outcome = Report((Outcome("a", "create", StepStatus.DONE),), interrupted=ExitCode.INTERRUPTED)
    ran = reconciler("apply", "--auto-approve")

    assert seen == [True]
    assert ran.code == code
    assert "Interrupted: 1 done" in ran.out


def test_sigterm_while_planning_exits_143(reconciler: Command, stand: Stand) -> None:
    real = stand.engine

    def terminated(_workspace: object, _options: object) -> Plan:
        os.kill(os.getpid(), signal.SIGTERM)
        return Plan()

    stand.engine = lambda: replace(real(), plan=terminated)  # type: ignore[method-assign]

    assert reconciler("plan").code == 143


def test_a_sigterm_that_arrives_where_python_passes_no_error_on_still_exits_143(
    reconciler: Command, stand: Stand
) -> None:
    real = stand.engine

    class Dying:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    def planning(_workspace: object, _options: object) -> Plan:
        Dying()
        threading.Event().wait(20)
        return Plan()

    stand.engine = lambda: replace(real(), plan=planning)  # type: ignore[method-assign]
    ran = reconciler("plan")

    assert ran.code == 143
    assert "Traceback" not in ran.err


def test_a_sigterm_that_a_library_makes_an_error_of_its_own_of_still_exits_143(
    reconciler: Command, stand: Stand
) -> None:
    real = stand.engine

    def planning(_workspace: object, _options: object) -> Plan:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except BaseException as error:
            raise RuntimeError("Error calling __set_name__") from error
        return Plan()

    stand.engine = lambda: replace(real(), plan=planning)  # type: ignore[method-assign]

    assert reconciler("plan").code == 143


def test_an_unforeseen_error_leaves_a_report_without_values(
    reconciler: Command, stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stand.planned = ValueError("the canary value")
    ran = reconciler("plan", "--target", "canary-address", "--state=canary-url")
    (report,) = tmp_path.glob("reconciler-crash-*.txt")
    text = report.read_text(encoding="utf-8")

    assert ran.code == 70
    assert str(report) in ran.err
    assert "canary" not in text
    assert "canary" not in ran.err
    assert "ValueError" in text
    assert "arguments: plan --target <14 characters> --state" in text


def test_errors_are_said_where_what_and_what_to_do(reconciler: Command, stand: Stand) -> None:
    stand.planned = ReconcilerError("the token has expired", hint="renew it")
    ran = reconciler("plan")

    assert ran.out == ""
    assert ran.err == "error: the token has expired\n  hint: renew it\n"


def test_with_json_an_error_is_diagnostics_on_stdout(reconciler: Command, stand: Stand) -> None:
    stand.planned = BROKEN
    ran = reconciler("plan", "-o", "json")

    assert ran.err == ""
    assert ran.data == {
        "format_version": 1,
        "what": "diagnostics",
        "exit_code": 1,
        "diagnostics": [
            {
                "severity": "error",
                "summary": "unknown key",
                "detail": "`x`",
                "hint": "remove it",
                "file": "a.yaml",
                "line": 1,
                "column": 1,
            }
        ],
    }


@pytest.mark.parametrize("arguments", [("-o", "json", "plan"), ("plan", "-ojson"), ("plan", "--output=json")])
def test_even_a_usage_error_is_json_when_json_was_asked_for(reconciler: Command, arguments: tuple[str, ...]) -> None:
    ran = reconciler(*arguments, "--no-such-option")

    assert ran.code == 64
    assert ran.data["exit_code"] == 64


def test_reports_are_written_when_the_input_stops_the_command(reconciler: Command, stand: Stand) -> None:
    stand.planned = BROKEN

    assert reconciler("plan", "--report", "codequality=out/cq.json", "--report", "junit=out/j.xml").code == 1
    assert json.loads(Path("out/cq.json").read_text(encoding="utf-8"))[0]["check_name"] == "unknown-key"
    assert "unknown key" in Path("out/j.xml").read_text(encoding="utf-8")


def test_a_reader_that_goes_away_changes_no_exit_code(stand: Stand, tmp_path: Path) -> None:
    import subprocess
    import sys

    script = "import sys\nfrom reconciler.cli.main import run\nsys.exit(run(['completion', 'bash']))\n"
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run([sys.executable, "-c", script], stdout=writer, stderr=subprocess.PIPE, env=environ)
    finally:
        os.close(writer)

    assert ended.stderr == b""
    assert ended.returncode == 0
