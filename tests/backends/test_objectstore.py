"""States in object stores: probes, locks that are renewed and run out."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

pytest.importorskip("obstore", reason="the extra `objectstore` is not installed")

from reconciler.backends.objects import Found, Objects
from reconciler.backends.objectstore import EXPIRY, ObjectJournal, ObjectStoreBackend
from reconciler.core.errors import StateError, StateLocked, UsageError
from reconciler.core.ports import LockInfo

INFO = LockInfo("one", "mia@laptop", "apply", "2026-11-23T10:00:00Z")
TWO = LockInfo("two", "bo@laptop", "apply", "2026-11-23T10:00:00Z")


@pytest.fixture
def objects() -> Objects:
    return Objects.opened("memory://")


def backend(objects: Objects, clock: Any, **more: Any) -> ObjectStoreBackend:
    found = ObjectStoreBackend("memory://state.json", objects, "state.json", clock=clock, **more)
    found.read()
    return found


class Careless(Objects):
    """A store that takes every conditional write."""

    def swap(self, key: str, body: bytes, seen: Found | None) -> Found | None:
        self.put(key, body)
        return Found(body, "x", None)


def test_a_store_without_conditional_writes_is_refused(objects: Objects, clock: Any) -> None:
    careless = Careless(objects._store)

    with (
        pytest.raises(StateError, match="does not honour conditional writes"),
        backend(careless, clock).lock(INFO, 0),
    ):
        raise AssertionError("locked without a lock")


def test_the_probe_leaves_nothing(objects: Objects, clock: Any) -> None:
    with backend(objects, clock).lock(INFO, 0):
        pass

    assert objects.names("") == []


def test_a_lock_that_is_not_renewed_runs_out(objects: Objects, clock: Any) -> None:
    left = backend(objects, clock, beat=3600.0).lock(INFO, 0)
    left.__enter__()
    with pytest.raises(StateLocked, match="mia@laptop"), backend(objects, clock).lock(TWO, EXPIRY / 2):
        raise AssertionError("two hold one lock")

    clock.sleep(EXPIRY / 2 + 1)
    with backend(objects, clock).lock(TWO, 0):
        left.__exit__(None, None, None)
        assert json.loads(objects.get("state.json.lock").body)["id"] == "two"  # type: ignore[union-attr]


class Watched(Objects):
    """A store that tells when a lock is renewed, and can be made to fail or to lose the lock."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self.renewals, self.fail, self.steal = threading.Semaphore(0), False, False
        self.taken = self.forget = False

    def swap(self, key: str, body: bytes, seen: Found | None) -> Found | None:
        if not (key.endswith(".lock") and self.taken):
            return super().swap(key, body, seen)
        try:
            if self.fail:
                self.fail = False
                raise StateError("the network is down")
            if self.steal:
                self.put(key, b'{"id": "two"}')
            if self.forget:
                self.forget = False
                super().swap(key, body, seen)
                raise StateError("the answer was lost")
            return super().swap(key, body, seen)
        finally:
            self.renewals.release()


def until_lost(ours: ObjectStoreBackend, watched: Watched) -> None:
    """Wait until the renewing thread has seen what its last renewal came to."""
    for _ in range(600):
        if ours._lost:
            return
        watched.renewals.acquire(timeout=0.1)
    raise AssertionError("the lock is still thought to be ours")


def test_a_held_lock_is_renewed_through_failures_and_its_loss_stops_writes(objects: Objects, clock: Any) -> None:
    watched = Watched(objects._store)
    ours = backend(watched, clock, beat=0.001)
    with ours.lock(INFO, 0):
        watched.taken = True
        assert watched.renewals.acquire(timeout=10)
        watched.fail = True
        for _ in range(3):
            assert watched.renewals.acquire(timeout=10)
        ours.write(b"1", serial=1)
        watched.steal = True
        until_lost(ours, watched)
        with pytest.raises(StateError, match="lock was lost"):
            ours.write(b"2", serial=2)
        with pytest.raises(StateError, match="lock was lost"):
            ours.journal.append(["an intent"])


def test_a_lock_stays_ours_when_only_the_answer_to_a_renewal_was_lost(objects: Objects, clock: Any) -> None:
    watched = Watched(objects._store)
    ours = backend(watched, clock, beat=0.001)
    with ours.lock(INFO, 0):
        watched.taken = watched.forget = True
        for _ in range(4):
            assert watched.renewals.acquire(timeout=10)
        ours.journal.append(["an intent"])


def test_a_lock_that_could_not_be_renewed_until_it_ran_out_is_lost(objects: Objects, clock: Any) -> None:
    class Silent(Watched):
        def swap(self, key: str, body: bytes, seen: Found | None) -> Found | None:
            if self.taken and key.endswith(".lock"):
                self.renewals.release()
                raise StateError("the network is down")
            return super().swap(key, body, seen)

    silent = Silent(objects._store)
    ours = backend(silent, clock, beat=0.001)
    with ours.lock(INFO, 0):
        silent.taken = True
        assert silent.renewals.acquire(timeout=10)
        ours.journal.append(["an intent"])
        clock.sleep(EXPIRY)
        until_lost(ours, silent)
        with pytest.raises(StateError, match="lock was lost"):
            ours.journal.append(["another"])


@pytest.mark.parametrize("keeps", [["two"], []])
def test_a_journal_that_dies_while_it_begins_anew_has_the_new_lines(objects: Objects, keeps: list[str]) -> None:
    class Dying(Objects):
        def delete(self, key: str) -> None:
            raise KeyboardInterrupt

    ObjectJournal(objects, "j", lambda: None).append(["one"])
    with pytest.raises(KeyboardInterrupt):
        ObjectJournal(Dying(objects._store), "j", lambda: None).restart(keeps)

    assert ObjectJournal(objects, "j", lambda: None).read() == keeps


def test_a_torn_lock_can_be_taken(objects: Objects, clock: Any) -> None:
    objects.put("state.json.lock", b"{")

    with backend(objects, clock).lock(INFO, 0):
        pass


@pytest.mark.parametrize("url", ["s3://bucket", "s3://bucket/", "gs:///"])
def test_a_url_without_a_key_is_refused(url: str, clock: Any) -> None:
    with pytest.raises(UsageError, match="names no object"):
        ObjectStoreBackend.opened(url, clock=clock)


def test_a_url_that_no_store_understands_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be opened"):
        Objects.opened("gopher://x")


def test_a_failing_store_is_a_clear_error_without_the_librarys_words() -> None:
    class Failing:
        def get(self, key: str) -> Any:
            raise OSError("canary")

    with pytest.raises(StateError, match=r"failed for `k` \(OSError\)") as refused:
        Objects(Failing()).get("k")
    assert "canary" not in str(refused.value)


def test_only_the_newest_versions_are_kept(objects: Objects, clock: Any) -> None:
    ours = backend(objects, clock)
    for serial in range(1, 25):
        ours.write(str(serial).encode(), serial=serial)

    assert [version.serial for version in ours.versions()] == list(range(24, 4, -1))
