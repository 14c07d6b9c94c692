"""A build's state told to GitLab, as the status of the commit that is built.

Pure: a flow, which yields requests. Source: https://docs.gitlab.com/api/commits/#set-commit-pipeline-status; GitLab
refuses to repeat a state and to go back with 400, so neither is an error here. A status that cannot be set never
stops the build that it tells of.
"""

from __future__ import annotations

from urllib.parse import quote

from reconciler.core.address import ScopeType
from reconciler.core.flow import Answer, Failure, Flow, Pause, Request
from reconciler.core.resource import Subject
from reconciler.integrations.flows.asking import ask

ORDER = {"pending": 0, "running": 1, "success": 2, "failed": 2, "canceled": 2}
"""GitLab's words for how far a status has come."""

_TEXT_LIMIT = 255
_TRIES = 3
_PAUSE_SECONDS = 2.0
_WHY = {
    401: "GitLab does not accept the token",
    403: "the token's user may not set statuses; it needs to be a Developer, or a Maintainer on a protected branch",
    404: "GitLab does not know this commit",
    422: "the commit's pipeline has too many jobs",
}


class CommitStatus:
    """The status of one name on one commit; `problem` says why it is not set, and is empty while all is well."""

    def __init__(self, subject: Subject, sha: str | None, name: str) -> None:
        self._project, self._sha, self._name = subject.scope.path, sha or "", name
        self._told = ""
        self.problem = ""
        if not sha:
            self.problem = "no commit was named"
        elif subject.scope.type is not ScopeType.PROJECT:
            self.problem = "the entry is not a project's"

    def tell(self, state: str, url: str = "", description: str = "") -> Flow[None]:
        """Set the status, unless it already has come as far; repeats where GitLab was busy, for a moment."""
        if self.problem or ORDER[state] <= ORDER.get(self._told, -1):
            return
        for attempt in range(1, _TRIES + 1):
            answer = yield from ask(self._request(state, url, description))
            if _is_settled(answer):
                self._told = state
                return
            if not _is_passing(answer) or attempt == _TRIES:
                self.problem = _why(answer)
                return
            yield Pause(_PAUSE_SECONDS)

    @property
    def outcome(self) -> str:
        """For results: the state that GitLab was told, or why it was not."""
        return f"not set: {self.problem}" if self.problem else self._told

    def _request(self, state: str, url: str, description: str) -> Request:
        told = {"state": state, "name": self._name[:_TEXT_LIMIT], "description": description[:_TEXT_LIMIT]}
        if url.startswith(("http://", "https://")) and len(url) <= _TEXT_LIMIT:
            told["target_url"] = url
        path = f"/api/v4/projects/{quote(self._project, safe='')}/statuses/{quote(self._sha, safe='')}"
        return Request("POST", path, json=told, writes=True)


# ---------------------------------------------------------------------------------------------------------------------


def _is_settled(answer: Answer) -> bool:
    if isinstance(answer, Failure):
        return False
    return answer.ok or (answer.status == 400 and "transition" in answer.text)


def _is_passing(answer: Answer) -> bool:
    """Whether asking again may help. Repeating is safe: the same state twice is refused, or replaces an equal one."""
    return isinstance(answer, Failure) or answer.status in (409, 429) or answer.status >= 500


def _why(answer: Answer) -> str:
    if isinstance(answer, Failure):
        return f"GitLab cannot be reached: {answer.summary}"
    return _WHY.get(answer.status, f"GitLab answered {answer.status}")
