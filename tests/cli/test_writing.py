"""Files that commands write: whole or not at all, never two answers in one, and words where that cannot be."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from reconciler.cli.writing import write_file
from reconciler.core.errors import Place, Problem, ReconcilerError, RemoteError, UnsafePlan
from reconciler.core.plan import Plan
from reconciler.core.report import Validation

from ..output.samples import CREATE
from .conftest import Command, Stand


def test_a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "report.json"
    write_file(path, "a longer text than the next", "report")
    before = path.stat().st_ino
    write_file(path, "ä\n", "report")

    assert path.read_bytes() == "ä\n".encode()
    assert path.stat().st_ino != before
    assert os.listdir(path.parent) == ["report.json"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(ReconcilerError, match="the report cannot be written"):
        write_file(path, "half a character: \ud800", "report")

    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_link_stays_a_link_and_a_mode_stays_a_mode(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old", encoding="utf-8")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    write_file(tmp_path / "link", "new", "report")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text(encoding="utf-8") == "new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text(encoding="utf-8")))
    reader.start()
    write_file(tmp_path / "pipe", "through it", "report")
    reader.join()

    assert read == ["through it"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--report", "json=x", "--report", "html=./x"),
        ("plan", "--out", "x", "--report", "json=x"),
        ("validate", "--report", "junit=x", "--report", "junit=x"),
    ],
)
def test_two_answers_never_go_to_one_file(reconciler: Command, stand: Stand, arguments: tuple[str, ...]) -> None:
    ran = reconciler(*arguments)

    assert ran.code == 64
    assert "x" in ran.err
    assert stand.asked == []
    assert not Path("x").exists()


@pytest.mark.parametrize("raised", [RemoteError("GitLab answers 401"), UnsafePlan("the plan is refused")])
def test_reports_tell_of_a_command_that_failed(reconciler: Command, stand: Stand, raised: ReconcilerError) -> None:
    stand.planned = raised
    ran = reconciler("plan", "--report", "junit=j.xml", "--report", "codequality=c.json", "--report", "json=j.json")

    assert ran.code == 1
    assert 'failures="1"' in Path("j.xml").read_text(encoding="utf-8")
    assert json.loads(Path("c.json").read_text(encoding="utf-8"))[0]["description"].startswith(raised.message)
    assert json.loads(Path("j.json").read_text(encoding="utf-8"))["what"] == "diagnostics"


def test_a_failed_plan_leaves_no_counts_that_say_that_nothing_would_change(reconciler: Command, stand: Stand) -> None:
    Path("tfplan.json").write_text('{"create": 1, "update": 0, "delete": 0}', encoding="utf-8")
    stand.planned = RemoteError("GitLab answers 401")
    reconciler("plan", "--report", "terraform=tfplan.json")

    assert not Path("tfplan.json").exists()


def test_a_refused_apply_reports_why(reconciler: Command, stand: Stand) -> None:
    stand.planned, stand.outcome = Plan(steps=(CREATE,)), None
    stand.planned = UnsafePlan("the plan is refused: too many deletions")
    ran = reconciler("apply", "--auto-approve", "--report", "junit=j.xml")

    assert ran.code == 1
    assert "too many deletions" in Path("j.xml").read_text(encoding="utf-8")


def test_reports_name_files_as_the_repository_does(
    reconciler: Command, stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitLab shows a finding at a path that counts from the repository's root, wherever the job works."""
    (tmp_path / "infra").mkdir()
    monkeypatch.chdir(tmp_path / "infra")
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))
    monkeypatch.setenv("CI_JOB_URL", "https://gitlab.example/-/jobs/9")
    places = [Place("manifests/a.yaml", 2, 1, "x"), Place(str(tmp_path / "infra/manifests/a.yaml"), 2, 1, "x")]
    kinds = ("codequality", "junit", "annotations", "html")
    found: list[tuple[str, ...]] = []
    for place in places:
        problem = Problem("unknown key", "`x`", "remove it", place)
        stand.validation = Validation(problems=(problem,), files=(place.file,))
        reconciler("validate", *(word for kind in kinds for word in ("--report", f"{kind}=a b/{kind}")))
        found.append(tuple(Path("a b", kind).read_text(encoding="utf-8") for kind in kinds[:3]))

    codequality, junit, annotations = found[0]
    assert json.loads(codequality)[0]["location"]["path"] == "infra/manifests/a.yaml"
    assert 'name="infra/manifests/a.yaml"' in junit
    assert 'file="infra/manifests/a.yaml"' in junit
    assert "https://gitlab.example/-/jobs/9/artifacts/file/infra/a%20b/html" in annotations
    assert json.loads(found[1][0])[0]["fingerprint"] == json.loads(codequality)[0]["fingerprint"]
