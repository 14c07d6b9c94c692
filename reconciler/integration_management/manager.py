"""The manager: one project's (or group's) integrations, by area."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import UsageError
from reconciler.core.events import Silent
from reconciler.engine.workspace import Workspace
from reconciler.integration_management.builds import Builds, Jenkins
from reconciler.integration_management.chats import Communication, Slack
from reconciler.integration_management.health import HealthMonitoring
from reconciler.integration_management.integrations import Cloud, Integrations, Security
from reconciler.integration_management.monitoring import Monitoring
from reconciler.integration_management.oauth import OAuth
from reconciler.integration_management.session import Session
from reconciler.integration_management.supplies import Secrets, Supplies
from reconciler.integration_management.templates import Templates
from reconciler.integration_management.trackers import IssueTracking, Jira
from reconciler.integration_management.webhooks import Webhooks
from reconciler.wiring import Options, open_workspace


class IntegrationManagementManager:
    """Creates, uses and watches the integrations of a project, over the engine and the state of the command line.

    - `project_id`: its path (`myorg/myproject`) or number; `group_id` in place of it for a group.
    - `gitlab_url`, `token`: GitLab and a personal, project or group access token; settings and `GITLAB_URL`,
      `GITLAB_TOKEN` where they are not given. With `RECONCILER_SANDBOX=1` (or `sandbox=True`) neither counts.
    - `secrets`: secrets of integrations that an earlier process created, by id and field
      (`{"slack-1": {"webhook_url": …}}`), or by variable (`{"SLACK_WEBHOOK_URL": …}`).
    - `folder`, `settings`, `environment`, `state`: as for the command line; relative paths count from `folder`.
    - `open_with`: opens the workspaces instead, for tests.

    Everything raises `reconciler.core.errors.ReconcilerError`s. Within `with manager:` connections are kept.
    """

    def __init__(
        self,
        project_id: str | int | None = None,
        gitlab_url: str | None = None,
        *,
        group_id: str | int | None = None,
        token: str | None = None,
        secrets: Secrets | None = None,
        folder: str | os.PathLike[str] = ".",
        settings: str | None = None,
        environment: str | None = None,
        state: str | None = None,
        sandbox: bool = False,
        timeout: float | None = None,
        open_with: Callable[[], AbstractContextManager[Workspace]] | None = None,
    ) -> None:
        options = Options(
            settings=settings,
            environment=environment,
            state=state,
            sandbox=sandbox,
            timeout=timeout,
            cwd=str(Path(folder)),
            gitlab_url=gitlab_url,
            token=token,
        )
        opening = open_with or (lambda: open_workspace(options, Silent()))
        self._session = Session(_scope(project_id, group_id), opening, Supplies(secrets or {}))
        self.slack = Slack(self._session)
        self.communication = Communication(self._session)
        self.jira = Jira(self._session)
        self.issue_tracking = IssueTracking(self._session)
        self.jenkins = Jenkins(self._session)
        self.ci = Builds(self._session)
        self.webhooks = Webhooks(self._session)
        self.monitoring = Monitoring(self._session)
        self.security = Security(self._session)
        self.cloud = Cloud(self._session)
        self.oauth = OAuth(self._session)
        self.health = HealthMonitoring(self._session)
        self.templates = Templates(self._session)
        self.integrations = Integrations(self._session)

    def __enter__(self) -> Self:
        self._session.hold()
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._session.given})"

    def __exit__(self, *_: object) -> None:
        self._session.release()


# ---------------------------------------------------------------------------------------------------------------------


def _scope(project: str | int | None, group: str | int | None) -> Scope:
    if (project is None) is (group is None):
        raise UsageError("a manager is for one project or one group", hint="give `project_id`, or `group_id`")
    type_ = ScopeType.PROJECT if project is not None else ScopeType.GROUP
    return Scope(type_, str(project if project is not None else group).strip().strip("/"))
