"""States in GitLab: its traps, and locks whose job has ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.backends.gitlab import GitLabBackend
from reconciler.backends.jobs import has_ended
from reconciler.core.errors import RemoteError, StateError, StateLocked, UsageError
from reconciler.core.flow import Request, Response
from reconciler.core.ports import LockInfo

PLACE = "myorg/shop/production"
STATE = "/api/v4/projects/myorg%2Fshop/terraform/state/production"
JOB = "http://gitlab.example.test/myorg/shop/-/jobs/77"


def body(serial: int, **more: Any) -> bytes:
    return json.dumps({"serial": serial, **more}).encode()


def info(id: str, who: str = "mia@laptop") -> LockInfo:
    return LockInfo(id, who, "apply", "2026-11-23T10:00:00Z")


@pytest.fixture
def backend(gitlab: Any, clock: Any) -> GitLabBackend:
    backend = GitLabBackend(PLACE, http=gitlab.http, clock=clock)
    backend.read()
    return backend


@pytest.mark.parametrize("place", ["", "production", "/", "myorg/"])
def test_a_place_without_project_and_name_is_refused(place: str, gitlab: Any, clock: Any) -> None:
    if place == "myorg/":
        place = "myorg"
    with pytest.raises(UsageError, match="names no project and state"):
        GitLabBackend(place, http=gitlab.http, clock=clock)


def test_a_project_that_cannot_be_seen_is_no_empty_state(gitlab: Any, clock: Any) -> None:
    with pytest.raises(StateError, match="not there, or hidden"):
        GitLabBackend("myorg/nowhere/production", http=gitlab.http, clock=clock).read()


def test_a_lower_serial_that_gitlab_would_hide_is_refused_before_it_is_sent(
    backend: GitLabBackend, gitlab: Any
) -> None:
    with backend.lock(info("one"), 0):
        backend.write(body(5), serial=5)
        gitlab.sent()
        with pytest.raises(StateError, match="no successor"):
            backend.write(body(4), serial=4)

    assert not [call for call in gitlab.sent() if call[0] == "POST"]


def test_a_write_that_somebody_elses_hides_is_noticed(backend: GitLabBackend, gitlab: Any) -> None:
    gitlab.call("POST", STATE, {"serial": 9, "by": "them"})

    with pytest.raises(StateError, match="somebody else has written"):
        backend.write(body(1), serial=1)


def test_a_write_under_a_broken_lock_is_refused(backend: GitLabBackend, gitlab: Any, clock: Any) -> None:
    thief = GitLabBackend(PLACE, http=gitlab.http, clock=clock)
    with backend.lock(info("one"), 0):
        thief.unlock("one")
        with thief.lock(info("two"), 0), pytest.raises(StateError, match="the lock is not ours"):
            backend.write(body(1), serial=1)


@pytest.mark.parametrize("do", ["drop_before", "drop_after"])
def test_a_state_whose_answer_was_lost_is_stored_once(backend: GitLabBackend, gitlab: Any, do: str) -> None:
    with backend.lock(info("one"), 0):
        gitlab.fault("POST", STATE, do, nth=1)
        backend.write(body(1), serial=1)

    assert backend.read() == body(1)
    assert [version.serial for version in backend.versions()] == [1]


def test_a_state_that_is_never_taken_ends_in_an_error(backend: GitLabBackend, gitlab: Any) -> None:
    gitlab.fault("POST", STATE, "status", 502)

    with pytest.raises(StateError, match="not stored"):
        backend.write(body(1), serial=1)


@pytest.mark.parametrize(("status", "words"), [(413, "larger"), (422, "422")])
def test_a_refusal_says_why(backend: GitLabBackend, gitlab: Any, status: int, words: str) -> None:
    gitlab.fault("POST", STATE, "status", status)

    with pytest.raises(StateError, match=words):
        backend.write(body(1), serial=1)


@pytest.mark.parametrize("do", ["drop_before", "drop_after"])
def test_a_lock_whose_answer_was_lost_is_ours(backend: GitLabBackend, gitlab: Any, do: str) -> None:
    gitlab.fault("POST", f"{STATE}/lock", do, nth=1)
    with backend.lock(info("one"), 0):
        backend.write(body(1), serial=1)

    with backend.lock(info("two"), 0):
        pass


def test_a_freed_lock_whose_answer_was_lost_is_free(backend: GitLabBackend, gitlab: Any) -> None:
    gitlab.fault("DELETE", f"{STATE}/lock", "drop_after", nth=1)
    with backend.lock(info("one"), 0):
        pass

    with backend.lock(info("two"), 0):
        pass


def test_a_held_lock_is_waited_for_as_long_as_allowed(backend: GitLabBackend, gitlab: Any, clock: Any) -> None:
    other = GitLabBackend(PLACE, http=gitlab.http, clock=clock)
    begun = clock.now()
    with (
        backend.lock(info("one"), 0),
        pytest.raises(StateLocked, match="mia@laptop since"),
        other.lock(info("two"), 30),
    ):
        raise AssertionError("two hold one lock")

    assert 30 <= clock.now() - begun < 33


@pytest.mark.parametrize(("status", "over"), [("success", True), ("canceled", True), ("running", False)])
def test_a_lock_of_a_job_that_has_ended_is_taken_over(
    backend: GitLabBackend, gitlab: Any, clock: Any, status: str, over: bool
) -> None:
    left = GitLabBackend(PLACE, http=gitlab.http, clock=clock).lock(info("dead", JOB), 0)
    left.__enter__()
    job = {"id": 77, "status": status, "web_url": JOB}
    gitlab.fault("GET", "/api/v4/projects/myorg%2Fshop/jobs/77", "status", {"status": 200, "body": json.dumps(job)})

    if over:
        with backend.lock(info("two"), 0):
            backend.write(body(1), serial=1)
    else:
        with pytest.raises(StateLocked, match="jobs/77"), backend.lock(info("two"), 0):
            raise AssertionError("two hold one lock")


class Answering:
    """An HTTP port with one answer."""

    def __init__(self, answer: Response | Exception) -> None:
        self.answer, self.asked = answer, list[Request]()

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def run(self, flow: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("text", "answer", "ended"),
    [
        (JOB, Response(200, {}, b'{"status":"failed"}'), True),
        (f"somebody in {JOB} for fun", Response(200, {}, b'{"status":"skipped"}'), True),
        (JOB, Response(200, {}, b'{"status":"pending"}'), False),
        (JOB, Response(200, {}, b'{"status":"failed","web_url":"http://other/myorg/shop/-/jobs/77"}'), False),
        (JOB, Response(404, {}, b'{"message":"404 Not found"}'), False),
        (JOB, RemoteError("down"), False),
        ("mia@laptop", Response(200, {}, b'{"status":"failed"}'), False),
    ],
)
def test_a_job_has_ended_only_when_gitlab_says_so(text: str, answer: Any, ended: bool) -> None:
    assert has_ended(text, Answering(answer)) is ended


# -- the journal ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["drop_before", "drop_after"])
def test_journal_lines_whose_answer_was_lost_are_there_once(backend: GitLabBackend, gitlab: Any, do: str) -> None:
    backend.journal.append(["one"])
    gitlab.fault("POST", f"{STATE}.journal", do, nth=1)
    backend.journal.append(["two"])

    assert backend.journal.read() == ["one", "two"]


def test_a_journal_somebody_else_writes_is_noticed(backend: GitLabBackend, gitlab: Any, clock: Any) -> None:
    other = GitLabBackend(PLACE, http=gitlab.http, clock=clock)
    backend.journal.append(["one"])
    other.journal.append(["two"])

    with pytest.raises(StateError, match="somebody else"):
        backend.journal.append(["three"])


def test_a_journal_with_a_hole_is_an_error(backend: GitLabBackend, gitlab: Any, clock: Any) -> None:
    for line in ("one", "two", "three"):
        backend.journal.append([line])
    gitlab.call("DELETE", f"{STATE}.journal/versions/2")

    with pytest.raises(StateError, match="entry 2"):
        GitLabBackend(PLACE, http=gitlab.http, clock=clock).journal.read()


def test_entries_that_were_written_here_are_not_asked_for_again(backend: GitLabBackend, gitlab: Any) -> None:
    for line in ("one", "two", "three"):
        backend.journal.append([line])
    gitlab.sent()

    assert backend.journal.read() == ["one", "two", "three"]
    assert len(gitlab.sent()) == 1


def test_a_journal_that_is_none_of_ours_is_an_error(backend: GitLabBackend, gitlab: Any) -> None:
    gitlab.call("POST", f"{STATE}.journal", {"serial": 3})

    with pytest.raises(StateError, match="none of ours"):
        backend.journal.read()


def test_an_append_costs_one_request_and_a_cleared_journal_keeps_one_version(
    backend: GitLabBackend, gitlab: Any
) -> None:
    backend.journal.append(["one"])
    gitlab.sent()
    backend.journal.append(["two"])
    assert [method for method, _ in gitlab.sent()] == ["POST"]

    backend.journal.restart()
    assert [method for method, _ in gitlab.sent()] == ["POST", "DELETE", "DELETE"]
    backend.journal.restart()
    assert gitlab.sent() == []
    gitlab.fault("POST", f"{STATE}.journal", "status", 422)
    with pytest.raises(StateError):
        backend.journal.append(["three"])


def test_an_interruption_while_the_lock_is_taken_leaves_none_behind(gitlab: Any, clock: Any) -> None:
    class Interrupted:
        """GitLab takes the lock, and Ctrl-C comes before its answer."""

        def send(self, request: Request) -> Response:
            answer: Response = gitlab.http.send(request)
            if request.method == "POST" and request.url.endswith("/lock"):
                raise KeyboardInterrupt
            return answer

    backend = GitLabBackend(PLACE, http=Interrupted(), clock=clock)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt), backend.lock(info("one"), 0):
        raise AssertionError("locked though interrupted")

    with GitLabBackend(PLACE, http=gitlab.http, clock=clock).lock(info("two"), 0):
        pass
