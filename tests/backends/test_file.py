"""States in files: what survives a crash, who may read them, and locks of processes that died."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reconciler.backends.file import KEPT, FileBackend
from reconciler.backends.journal import FileJournal
from reconciler.core.errors import StateError, StateLocked
from reconciler.core.ports import LockInfo

INFO = LockInfo("one", "mia@laptop", "apply", "2026-11-23T10:00:00Z")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "work" / ".reconciler" / "state.json"


def written(place: Path, *bodies: bytes) -> FileBackend:
    backend = FileBackend(place)
    backend.read()
    for serial, body in enumerate(bodies, 1):
        backend.write(body, serial=serial)
    return backend


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_its_owner_can_read_what_is_kept(place: Path) -> None:
    backend = written(place, b"1", b"2")
    backend.journal.append(["x"])
    backend.beside("health").write(b"h")
    with backend.lock(INFO, 0):
        found = [path for path in place.parent.rglob("*") if path.is_file() and path.name != ".gitignore"]
        modes = {path.name: mode(path) for path in found}

    assert set(modes) >= {"state.json", "state.json.journal", "state.json.health", "state.json.lock.json"}
    assert set(modes.values()) == {0o600}
    assert mode(place.parent) == 0o700


def test_the_folder_keeps_itself_out_of_git(place: Path) -> None:
    written(place, b"1")

    assert (place.parent / ".gitignore").read_text() == "*\n"


def test_a_plain_folder_gets_no_gitignore(tmp_path: Path) -> None:
    written(tmp_path / "states" / "state.json", b"1")

    assert not (tmp_path / "states" / ".gitignore").exists()


def test_nothing_is_left_beside_after_a_write(place: Path) -> None:
    written(place, b"1", b"2")

    assert not list(place.parent.glob("*.new")) + list(place.parent.glob(".*.new"))


def test_what_a_killed_writer_left_beside_is_gone_once_the_state_is_locked(place: Path) -> None:
    backend = written(place, b"{}")
    kept = [place.with_name(".state.json.new"), place.with_name(".other.json.0badcafe.new")]
    strays = [place.with_name(f".state.json{name}.0badcafe.new") for name in ("", ".lock.json")]
    for path in (*kept, *strays):
        path.write_bytes(b"half")
    with backend.lock(INFO, 0):
        assert [path.exists() for path in strays] == [False, False]

    assert all(path.exists() for path in kept)
    assert backend.read() == b"{}"


def test_a_bounded_number_of_versions_is_kept(place: Path) -> None:
    backend = written(place, *[f"{n}".encode() for n in range(1, KEPT + 6)])

    assert [version.serial for version in backend.versions()] == list(range(KEPT + 5, 5, -1))
    assert backend.version(KEPT) == str(KEPT).encode()
    assert backend.versions()[0].at.endswith("Z")


def test_a_state_that_is_a_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "state.json"
    written(real, b"1")
    link.symlink_to(real)
    backend = FileBackend(link)
    backend.read()
    backend.write(b"2", serial=2)

    assert link.is_symlink()
    assert real.read_bytes() == b"2"


def test_what_cannot_be_read_or_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")

    with pytest.raises(StateError, match="cannot be read"):
        FileBackend(tmp_path / "folder").read()
    with pytest.raises(StateError, match="cannot be"):
        written(tmp_path / "file" / "state.json", b"1")


HOLD = """
import sys
from pathlib import Path
from reconciler.backends.file import FileBackend
from reconciler.core.ports import LockInfo
with FileBackend(Path(sys.argv[1])).lock(LockInfo("dead", "mia@ci", "apply", "2026-11-23T10:00:00Z"), 0):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_ends_with_the_process_that_held_it(place: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=os.getcwd()
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(StateLocked, match="mia@ci") as refused, FileBackend(place).lock(INFO, 0):
        raise AssertionError("two hold one lock")
    assert refused.value.lock_id == "dead"

    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    holder.stdin.close()

    with FileBackend(place).lock(INFO, 0):
        assert json.loads(place.with_name("state.json.lock.json").read_text())["who"] == "mia@laptop"


def test_an_owners_note_that_is_torn_does_not_matter(place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.with_name("state.json.lock.json").write_text('{"id": "x')

    with FileBackend(place).lock(INFO, 0), pytest.raises(StateLocked), FileBackend(place).lock(INFO, 0):
        raise AssertionError("two hold one lock")


# -- the journal ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("torn", [b'{"n":2', b'{"n":2,"text":"\xc3', b"\x00"])
def test_a_torn_last_line_is_left_out_and_overwritten(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b'{"n":1}\n' + torn)

    assert FileJournal(path).read() == ['{"n":1}']
    FileJournal(path).append(['{"n":3}'])
    assert FileJournal(path).read() == ['{"n":1}', '{"n":3}']


def test_a_file_that_is_one_torn_line_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"x" * 3_000_000)
    FileJournal(path).append(["y"])

    assert FileJournal(path).read() == ["y"]


def test_a_torn_line_longer_than_the_tail_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"whole\n" + b"x" * 3_000_000)
    FileJournal(path).append(["y"])

    assert FileJournal(path).read() == ["whole", "y"]


def test_a_line_break_inside_a_line_is_our_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="line break"):
        FileJournal(tmp_path / "journal").append(["a\nb"])


def test_a_journal_that_cannot_be_kept_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    for use in (lambda j: j.append(["x"]), lambda j: j.read(), lambda j: j.restart()):
        with pytest.raises(StateError):
            use(FileJournal(tmp_path / "folder"))


def test_lines_after_a_full_disk_do_not_join_the_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = FileJournal(path)
    journal.append(["one"])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
        with pytest.raises(StateError, match="cannot be written"):
            journal.append(["x" * 200])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.stat().st_size == 100

    journal.append(["two"])
    assert FileJournal(path).read() == ["one", "two"]


def test_every_prefix_of_a_journal_is_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    lines = [json.dumps({"n": n, "text": "ä€\u2028" * n}, ensure_ascii=False) for n in range(6)]
    FileJournal(path).append(lines)
    body = path.read_bytes()
    path.unlink()

    for cut in range(len(body)):
        torn: Any = tmp_path / f"cut-{cut}"
        torn.write_bytes(body[:cut])
        read = FileJournal(torn).read()
        assert read == lines[: len(read)]
        torn.unlink()
