"""`reconciler doctor`: everything that a run needs, one line each, with what to do where something is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from reconciler.cli.command import command
from reconciler.core.errors import ExitCode, InputError, ReconcilerError, Severity
from reconciler.core.flow import Request
from reconciler.core.switches import in_automation
from reconciler.output.document import Span, Style, hint, line, plural

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.core.flow import Response
    from reconciler.engine.workspace import Workspace
    from reconciler.output.document import Line

_REFUSED = frozenset({401, 403, 404})
_SKEW = 60.0
"""Seconds between GitLab's clock and ours from which on it is worth a word."""


class Mark(StrEnum):
    """How a check ended."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


_LOOKS = {Mark.GOOD: Style.GOOD, Mark.WARNING: Style.WARNING, Mark.BAD: Style.BAD}


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, how it is, and what to do."""

    name: str
    mark: Mark
    said: str
    hint: str = ""


@command(
    "doctor",
    "Check token, rights, clock, state and manifests",
    examples=[
        ("reconciler doctor", "before the first plan, or when something is refused"),
        ("reconciler doctor -e production -o json", "for one environment, for a program"),
    ],
)
def cli(session: Session) -> int:
    """Check token, rights, clock, state and manifests.

    One line each, with what to do. Nothing is changed.
    """
    from reconciler.output import machine

    found: list[Check] = []
    with session.workspace() as workspace:
        for check in CHECKS:
            if check in NEED_GITLAB and any(one.mark is Mark.BAD for one in found):
                continue
            try:
                found += check(session, workspace)
            except ReconcilerError as error:
                name = check.__name__.strip("_").replace("_", " ")
                found.append(Check(name, Mark.BAD, error.message, error.hint))
    session.answer(
        lambda: [row for one in found for row in _rows(one)],
        lambda: machine.document(
            "checks",
            checks=[{"name": c.name, "mark": c.mark.value, "message": c.said, "hint": c.hint} for c in found],
        ),
    )
    return ExitCode.FAILED if any(one.mark is Mark.BAD for one in found) else ExitCode.DONE


# ---------------------------------------------------------------------------------------------------------------------


def _rows(one: Check) -> Iterator[Line]:
    yield line(Span(f"{one.mark:8}", _LOOKS[one.mark]), Span(f"{one.name}: ", Style.NAME), one.said)
    if one.hint:
        yield hint(one.hint, indent=8)


def _gitlab(session: Session, workspace: Workspace) -> Iterator[Check]:
    before = time.time()
    answer = workspace.http.send(Request("GET", "/api/v4/version", accept=_REFUSED))
    if not answer.ok:
        way_out = "set GITLAB_TOKEN to a token with scope `api`, or `read_api` for plan and drift"
        yield Check("gitlab", Mark.BAD, f"{workspace.gitlab_url} answers {answer.status} to our token", way_out)
        return
    version = (answer.data() or {}).get("version", "of an unknown version")
    yield Check("gitlab", Mark.GOOD, f"{workspace.gitlab_url} is GitLab {version}")
    if not workspace.gitlab_url.startswith("https://") and not session.given.get("sandbox"):
        yield Check("encryption", Mark.WARNING, "the connection is not encrypted", "use an https:// URL")
    yield from _clock(answer, (before + time.time()) / 2)


def _clock(answer: Response, now: float) -> Iterator[Check]:
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (TypeError, ValueError):
        return
    if abs(theirs - now) > _SKEW:
        said = f"GitLab's clock and ours are {abs(theirs - now):.0f} s apart"
        yield Check("clock", Mark.WARNING, said, "set this machine's clock; locks and health results carry times")
    else:
        yield Check("clock", Mark.GOOD, "agrees with GitLab's")


def _token(_session: Session, workspace: Workspace) -> Iterator[Check]:
    answer = workspace.http.send(Request("GET", "/api/v4/personal_access_tokens/self", accept=_REFUSED))
    if not answer.ok:
        yield Check("token", Mark.WARNING, "says nothing of itself", "a job's token cannot touch integrations or hooks")
        return
    token: dict[str, Any] = answer.data() or {}
    scopes = token.get("scopes") or []
    if "api" in scopes:
        yield Check("token", Mark.GOOD, f"has scope {', '.join(scopes)}")
    elif "read_api" in scopes:
        yield Check("token", Mark.WARNING, "can read only", "enough for plan and drift; apply needs scope `api`")
    else:
        yield Check("token", Mark.BAD, f"has scope {', '.join(scopes) or 'of nothing'}", "it needs `api`")
    yield from _expiry(token.get("expires_at"), workspace)


def _expiry(expires: str | None, workspace: Workspace) -> Iterator[Check]:
    if not expires:
        return
    today = datetime.fromtimestamp(workspace.clock.now(), UTC).date()
    days = (datetime.fromisoformat(expires).date() - today).days
    mark = Mark.GOOD if days > workspace.settings.health.token_days else Mark.WARNING
    yield Check(
        "expiry",
        mark,
        f"the token ends on {expires}, {plural(days, 'day')} from now",
        "" if mark is Mark.GOOD else "renew it",
    )


def _user(_session: Session, workspace: Workspace) -> Iterator[Check]:
    answer = workspace.http.send(Request("GET", "/api/v4/user", accept=_REFUSED))
    if answer.ok:
        user = answer.data() or {}
        admin = ", an administrator" if user.get("is_admin") else ""
        yield Check("user", Mark.GOOD, f"{user.get('username')}{admin}")


def _state(session: Session, workspace: Workspace) -> Iterator[Check]:
    state = session.engine.show_state(workspace)
    said = f"{workspace.backend.url} holds {plural(len(state.records), 'resource')}, serial {state.serial}"
    yield Check("state", Mark.GOOD, said)
    local = "://" not in workspace.backend.url or workspace.backend.url.startswith("file:")
    if in_automation(session.environ) and local and not workspace.backend.url.startswith("gitlab:"):
        way_out = "use `--state gitlab:NAME` or an object store"
        yield Check("state", Mark.WARNING, "a file in a job is thrown away with the job", way_out)
    if workspace.state_key is None:
        way_out = "set RECONCILER_STATE_KEY to any long random text, and keep it"
        yield Check("state key", Mark.WARNING, "is not set: digests of secrets are slow to make", way_out)
    else:
        yield Check("state key", Mark.GOOD, "is set")


def _manifests(session: Session, workspace: Workspace) -> Iterator[Check]:
    try:
        outcome = session.engine.validate(workspace, ())
    except InputError as error:
        yield Check("manifests", Mark.WARNING, str(error.problems[0]) if error.problems else error.message, error.hint)
        return
    said = f"{plural(outcome.entries, 'entry', 'entries')} in {plural(len(outcome.files), 'file')}"
    if outcome.ok:
        yield Check("manifests", Mark.GOOD, said)
    else:
        count = plural(len(outcome.problems), "problem")
        yield Check("manifests", Mark.BAD, f"{said}, {count}", "`reconciler validate` shows them")


def _references(_session: Session, workspace: Workspace) -> Iterator[Check]:
    from reconciler.engine.access import unfollowed

    try:
        found = unfollowed(workspace)
    except InputError:
        return
    for one in found:
        mark = Mark.BAD if one.severity is Severity.ERROR else Mark.WARNING
        yield Check("references", mark, f"{one.address}: {one.detail}" if one.address else one.detail, one.hint)
    if not found:
        yield Check("references", Mark.GOOD, "all can be followed here")


def _rights(_session: Session, workspace: Workspace) -> Iterator[Check]:
    from reconciler.engine.access import unreadable

    asked, hidden = unreadable(workspace)
    for scope, why in hidden:
        yield Check("rights", Mark.BAD, f"{scope}: {why}", "give the token's user the role that is needed there")
    if asked and not hidden:
        yield Check("rights", Mark.GOOD, f"what is declared for {plural(asked, 'scope')} can be read")


NEED_GITLAB = (_token, _user, _rights)
"""Checks that say nothing new where GitLab cannot be asked."""

CHECKS: tuple[Callable[[Session, Workspace], Iterator[Check]], ...] = (
    _gitlab,
    _token,
    _user,
    _rights,
    _state,
    _manifests,
    _references,
)
