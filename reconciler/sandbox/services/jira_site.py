"""One call to the Jira stand-in with what it means: which deployment, which caller, which projects and issues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.sandbox.message import Response
from reconciler.sandbox.services.base import Call, RefusalError
from reconciler.sandbox.services.memory import State, entry, mapping, sequence

_TYPES = ("Epic", "Story", "Task", "Bug", "Sub-task")


def _transition(number: str, name: str, category: str, title: str) -> State:
    status = {"id": number, "name": name, "statusCategory": {"key": category, "name": title}}
    return {"id": number, "name": name, "to": status}


TRANSITIONS: tuple[State, ...] = (
    _transition("11", "To Do", "new", "To Do"),
    _transition("21", "In Progress", "indeterminate", "In Progress"),
    _transition("31", "Done", "done", "Done"),
)
"""The workflow of every project; a state's `transitions` replaces it."""


@dataclass(frozen=True, slots=True)
class Site:
    """A call, who makes it (None: nobody, or refused credentials) and the API version in its path."""

    call: Call
    account: str | None
    version: str

    @property
    def is_cloud(self) -> bool:
        """Whether this is Jira Cloud: said by the state, else by the host's name."""
        said = self.call.state.get("deployment")
        host = self.call.host
        return said == "cloud" if said else host.endswith(".atlassian.net") or host == "api.atlassian.com"

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is logged in."""
        return self.account is None

    @property
    def speaks_documents(self) -> bool:
        """Whether long texts are Atlassian documents (version 3) and not wiki text."""
        return self.version == "3"

    def demand_user(self) -> None:
        """End the call with 401 if nobody is logged in."""
        if self.is_anonymous:
            refusal = error(401, "Client must be authenticated to access this resource.")
            reason = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED", "WWW-Authenticate": "Basic realm=JIRA"}
            raise RefusalError(Response(401, {**refusal.headers, **reason}, refusal.body))

    def demand(self, permission: str) -> None:
        """End the call with 403 if the state withholds this permission."""
        self.demand_user()
        if permission in self.call.state.get("missing_permissions", []):
            raise RefusalError(error(403, f"You do not have the permission {permission}."))

    def user(self) -> State:
        """The caller as Jira shows a user."""
        name = (
            {"accountId": "5b10a2844c20165700ede21g"} if self.is_cloud else {"name": "gitlab-bot", "key": "JIRAUSER1"}
        )
        return {**name, "emailAddress": "gitlab-bot@acme.example", "displayName": "GitLab Bot", "active": True}

    def project(self, key: object) -> State | None:
        """A project as Jira shows it, by key or id; None if there is none."""
        name = str(key)
        listed = entry(self.call.state, "projects", name, id="10000", name=name, issue_types=list(_TYPES))
        if listed is None or not (name.isascii() and name.replace("_", "").isalnum()):
            return None
        types = [self._issue_type(n, title) for n, title in enumerate(listed["issue_types"], 10001)]
        shown = {"id": listed["id"], "key": name, "name": listed["name"], "issueTypes": types}
        return {"self": f"{self.call.root}/rest/api/{self.version}/project/{name}", **shown}

    def _issue_type(self, number: int, title: str) -> State:
        return {"id": str(number), "name": title, "subtask": title.lower() in ("sub-task", "subtask")}

    def required_fields(self, key: object) -> list[str]:
        """The custom fields without which a project's issues cannot be created."""
        return [
            str(name)
            for name in sequence(mapping(mapping(self.call.state.get("projects")).get(str(key))).get("required"))
        ]

    def issues(self) -> list[State]:
        """All issues, in order of creation."""
        return list(mapping(self.call.state.get("issues")).values())

    def issue(self, name: str) -> State:
        """One issue by key or id; ends the call with 404 if there is none or nobody may see it."""
        found = next((i for i in self.issues() if name.upper() == i["key"] or name == i["id"]), None)
        if found is None or self.is_anonymous:
            raise RefusalError(error(404, "Issue does not exist or you do not have permission to see it."))
        return found

    def link(self, path: str) -> str:
        """The URL of `path` below the version of the API that was called."""
        return f"{self.call.root}/rest/api/{self.version}/{path}"


def error(status: int, message: str = "", errors: Mapping[str, str] | None = None) -> Response:
    """A refusal in Jira's form: sentences, or one sentence for each field."""
    return Response.of_json(status, {"errorMessages": [message] if message else [], "errors": dict(errors or {})})
