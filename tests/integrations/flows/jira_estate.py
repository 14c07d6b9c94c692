"""A GitLab project with issues and merge requests, and a Jira beside it, for the tests of syncing."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.core.address import Scope, ScopeType
from reconciler.core.flow import Failure, Request
from reconciler.core.resource import Subject
from reconciler.core.value import Secret
from reconciler.integrations.catalogue import load
from tests.integrations.flows.running import Stage, subject
from tests.sandbox.lab import Lab

KIND = load(("jira",)).kinds["jira"]
CLOUD, SERVER = "https://acme.atlassian.net", "https://jira.acme.test/context"
TOKEN = "hushhushhush"


class Killed(BaseException):
    """The process ends here."""


def entry(url: str = CLOUD, **more: Any) -> Subject:
    """A Jira entry of the project `acme/shop`."""
    values = {"url": url, "username": "bot@acme.example", "api_token": Secret(TOKEN, "${env:JIRA}"), **more}
    return subject("jira", **{"project_key": "SHOP", **values})


@dataclass
class Estate:
    """GitLab, Jira, what the engine has kept, and the times that runs take."""

    url: str = CLOUD
    values: dict[str, Any] = field(default_factory=dict)
    jira: dict[str, Any] = field(default_factory=lambda: {"index_delay": 3600})
    facts: dict[str, Any] = field(default_factory=dict)
    lab: Lab = field(default_factory=Lab)
    sent: list[Request] = field(default_factory=list)
    scope: Scope = field(default_factory=lambda: Scope(ScopeType.PROJECT, "acme/shop"))

    def copied(self) -> Estate:
        """The same, on its own from now on."""
        parts = {name: copy.deepcopy(getattr(self, name)) for name in ("jira", "facts", "lab")}
        return replace(self, **parts, sent=[])

    @property
    def subject(self) -> Subject:
        """The entry, with the facts kept so far."""
        return replace(entry(self.url, **self.values), recorded={"_sync": dict(self.facts)}, scope=self.scope)

    def run(self, action: str, /, parameters: Mapping[str, Any] | None = None, **faults: Any) -> Any:
        """Run an action; what it kept is kept even if it ends early."""
        self.lab.now += 60
        stage = Stage(hosts={"jira.acme.test": "jira"}, states={"jira": self.jira}, world=self.lab.world, **faults)
        stage.now, stage.facts = self.lab.now, self.facts
        try:
            return stage.run(KIND.actions[action].run(self.subject, parameters or {}))
        finally:
            self.sent, self.lab.now = stage.sent, stage.now

    def issue(self, title: str, **more: Any) -> int:
        """Open an issue at GitLab; its number."""
        self.lab.now += 1
        made = self.lab.post("/projects/acme%2Fshop/issues", {"title": title, **more})
        assert made.status == 201, made.body
        return int(made.json["iid"])

    def change(self, iid: int, **fields: Any) -> None:
        """Change an issue at GitLab."""
        self.lab.now += 1
        answer = self.lab.put(f"/projects/acme%2Fshop/issues/{iid}", fields)
        assert answer.status == 200, answer.body

    @property
    def made(self) -> dict[str, Any]:
        """The issues that Jira has, by key."""
        return dict(self.jira.get("issues", {}))

    def titles(self) -> list[str]:
        """Their summaries, in order of creation."""
        return [issue["fields"]["summary"] for issue in self.made.values()]


def kill_at(number: int, *, after: bool) -> dict[str, Any]:
    """Faults for `Estate.run`: the process ends at a request, before it is sent or after its effect."""
    left = [number]

    def fault(_request: Request) -> Failure | None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return None

    return {"lost" if after else "never_sent": fault}
