"""A command line whose engine answers what a test lays out."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, fields
from typing import Any

import pytest

from reconciler.cli.engine import Engine
from reconciler.cli.main import run
from reconciler.core.plan import Plan
from reconciler.core.policy import objections
from reconciler.core.report import Outcome, Report, StepStatus, Validation
from reconciler.core.resource import Catalogue
from reconciler.core.settings import Policy
from reconciler.core.state import State


class Bench:
    """A workspace of which commands need the lock only."""

    def __init__(self) -> None:
        self.locked: list[str] = []

    def lock(self, operation: str) -> AbstractContextManager[None]:
        self.locked.append(operation)
        return nullcontext()


class Stand:
    """An engine that answers what it is given and remembers what it was asked."""

    def __init__(self) -> None:
        self.validation: Validation | Exception = Validation(files=("manifests/a.yaml",), entries=1)
        self.planned: Plan | Exception = Plan()
        self.outcome: Report | Exception | None = None
        self.drifted = Plan()
        self.state = State("lineage", "salt")
        self.policy = Policy()
        self.asked: list[tuple[str, Any]] = []
        self.options: Any = None
        self.answers: dict[str, Any] = {}
        self.bench = Bench()
        self.during_apply: Callable[[Any], None] = lambda stop: None

    def engine(self) -> Engine:
        """The stand as the table that commands use."""
        known: dict[str, Any] = {
            "open_workspace": self._open,
            "catalogue": lambda: Catalogue({}, {}),
            "schema": lambda name: json.dumps({"title": name}),
            "templates": lambda ws: {},
            "validate": self._answer("validate", lambda: self.validation),
            "plan": self._answer("plan", lambda: self.planned),
            "objections": lambda ws, plan, allowed: objections(plan, self.policy, allowed),
            "apply": self._apply,
            "drift": self._answer("drift", lambda: self.drifted),
            "show_state": self._answer("show_state", lambda: self.state),
            "explain": self._answer("explain", lambda: {"kind": "slack"}),
            "state_history": self._answer("state_history", list),
            "state_pull": self._answer("state_pull", lambda: b"{}"),
        }
        return Engine(
            **{f.name: known.get(f.name) or self._answer(f.name, self._laid_out(f.name)) for f in fields(Engine)}
        )

    def _laid_out(self, name: str) -> Callable[[], Any]:
        return lambda: self.answers.get(name)

    @contextmanager
    def _open(self, options: Any, listener: Any) -> Iterator[object]:
        self.options = options
        yield self.bench

    def _answer(self, name: str, make: Callable[[], Any]) -> Callable[..., Any]:
        def answer(_workspace: object, *arguments: Any) -> Any:
            self.asked.append((name, arguments[0] if len(arguments) == 1 else arguments))
            made = make()
            if isinstance(made, Exception):
                raise made
            return made

        return answer

    def _apply(self, _workspace: object, plan: Plan, options: Any) -> Report:
        self.asked.append(("apply", options))
        self.during_apply(options.stop)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        if self.outcome is not None:
            return self.outcome
        return Report(tuple(Outcome(s.address, s.action, StepStatus.DONE) for s in plan.steps))

    def verbs(self) -> list[str]:
        """What was asked, by name."""
        return [name for name, _ in self.asked]


@dataclass
class Ran:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """stdout as JSON; all of it must be."""
        return json.loads(self.out)


class Terminal(io.StringIO):
    """A stdin at which somebody sits."""

    def isatty(self) -> bool:
        return True


Command = Callable[..., Ran]


@pytest.fixture
def stand() -> Stand:
    return Stand()


@pytest.fixture(autouse=True)
def _outside_of_any_pipeline(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    import os

    for name in list(os.environ):
        if name.startswith(("RECONCILER", "CI", "GITLAB", "NO_COLOR", "FORCE_COLOR", "CLICOLOR")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def reconciler(stand: Stand, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command line; `typed` is what somebody at a terminal answers."""

    def ran(*arguments: str, typed: str | None = None) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO() if typed is None else Terminal(typed))
        code = run(arguments, engine=stand.engine)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return ran


__all__ = ["Command", "Ran", "Stand", "Terminal"]
