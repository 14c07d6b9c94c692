"""Reading manifests and settings from folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.core.errors import InputError
from reconciler.core.yamltree import MAX_BYTES
from reconciler.engine.files import find_settings, named, read_manifests


def _write(base: Path, *names: str) -> None:
    for name in names:
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n", "utf-8")


def _refused(base: Path, *paths: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_manifests(paths, base=base)
    return [str(problem) for problem in caught.value.problems]


def test_manifests_are_found_at_any_depth_in_order_and_hidden_ones_are_not(tmp_path: Path) -> None:
    _write(tmp_path, "manifests/b.yaml", "manifests/a/z.yml", "manifests/a/Y.YAML", "manifests/.c.yaml")
    _write(tmp_path, "manifests/.git/d.yaml", "manifests/notes.md", "other/e.yaml")

    sources, roots = read_manifests((), base=tmp_path)

    assert [source.file for source in sources] == ["manifests/a/Y.YAML", "manifests/a/z.yml", "manifests/b.yaml"]
    assert sources[0].body == b"# manifests/a/Y.YAML\n"
    assert roots == ("manifests",)


def test_files_and_folders_may_be_named_in_any_spelling_and_are_read_once(tmp_path: Path) -> None:
    _write(tmp_path, "m/a.yaml", "m/sub/b.yaml", "one.txt")

    sources, roots = read_manifests(["./m/", "m/sub", "one.txt", str(tmp_path / "m" / "a.yaml")], base=tmp_path)

    assert [source.file for source in sources] == ["m/a.yaml", "m/sub/b.yaml", "one.txt"]
    assert roots == ("m", "m/sub", "one.txt", "m/a.yaml")


def test_the_settings_file_is_no_manifest(tmp_path: Path) -> None:
    _write(tmp_path, "reconciler.yaml", "a.yaml")

    sources, roots = read_manifests(["."], base=tmp_path, skip=tmp_path / "reconciler.yaml")

    assert [source.file for source in sources] == ["a.yaml"]
    assert roots == (".",)


def test_a_missing_or_empty_folder_is_an_error_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    assert "there is no `manifests`" in _refused(tmp_path)[0]
    assert "`empty` holds no *.yaml or *.yml file" in _refused(tmp_path, "empty")[0]
    assert "`destroy` does that" in _refused(tmp_path, "empty")[0]
    assert len(_refused(tmp_path, "empty", "missing")) == 2


def test_links_are_followed_inside_only_and_a_file_is_read_once(tmp_path: Path) -> None:
    _write(tmp_path, "m/a.yaml", "outside/b.yaml")
    (tmp_path / "m" / "link.yaml").symlink_to(tmp_path / "m" / "a.yaml")
    (tmp_path / "m" / "again").symlink_to(tmp_path / "m")

    assert len(read_manifests(["m"], base=tmp_path)[0]) == 1

    (tmp_path / "m" / "out.yaml").symlink_to(tmp_path / "outside" / "b.yaml")
    (tmp_path / "m" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "m" / "broken.yaml").symlink_to(tmp_path / "nowhere")

    found = _refused(tmp_path, "m")
    assert sorted(text.split(":")[0] for text in found) == ["m/broken.yaml", "m/folder", "m/out.yaml"]
    assert all("leads out of `m`" in text for text in found)


def test_a_link_to_nothing_inside_is_an_error(tmp_path: Path) -> None:
    _write(tmp_path, "m/a.yaml")
    (tmp_path / "m" / "b.yaml").symlink_to(tmp_path / "m" / "c.yaml")

    assert "there is no `m/c.yaml`" in _refused(tmp_path, "m")[0] or "m/b.yaml" in _refused(tmp_path, "m")[0]


def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    os.mkfifo(tmp_path / "m" / "pipe.yaml")

    assert "`m/pipe.yaml` is no ordinary file" in _refused(tmp_path, "m")[0]


def test_only_as_much_is_read_as_may_be(tmp_path: Path) -> None:
    (tmp_path / "big.yaml").write_bytes(b"#" * (MAX_BYTES * 2))

    (source,), _ = read_manifests(["big.yaml"], base=tmp_path)

    assert len(source.body) == MAX_BYTES + 1


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read everything")
def test_what_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    _write(tmp_path, "m/a.yaml", "m/sub/b.yaml")
    (tmp_path / "m" / "a.yaml").chmod(0)

    assert "`m/a.yaml`: permission denied" in _refused(tmp_path, "m")[0]

    (tmp_path / "m" / "sub").chmod(0)
    assert "`m/sub`: permission denied" in _refused(tmp_path, "m")[0]
    (tmp_path / "m" / "sub").chmod(0o700)


def test_a_path_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    assert "file name too long" in _refused(tmp_path, "a" * 5000)[0]


def test_settings_are_those_that_are_named_or_those_beside(tmp_path: Path) -> None:
    assert find_settings(None, base=tmp_path) is None

    _write(tmp_path, "reconciler.yaml", "ops/other.yaml")
    beside = find_settings(None, base=tmp_path)
    named = find_settings("ops/other.yaml", base=tmp_path)

    assert beside is not None
    assert beside.file == "reconciler.yaml"
    assert named is not None
    assert named.body == b"# ops/other.yaml\n"


def test_settings_that_are_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_settings("missing.yaml", base=tmp_path)

    assert "there is no `missing.yaml`" in str(caught.value.problems[0])


@pytest.mark.parametrize("named", [(), ("manifests/round.yaml",)], ids=["found", "named"])
def test_a_link_that_leads_to_itself_is_an_error_like_any_other(tmp_path: Path, named: tuple[str, ...]) -> None:
    _write(tmp_path, "manifests/a.yaml")
    (tmp_path / "manifests" / "round.yaml").symlink_to("round.yaml")

    assert "there is no `manifests/round.yaml`" in _refused(tmp_path, *named)[0]


def test_a_file_is_named_in_text_that_can_be_written_down_whatever_its_name(tmp_path: Path) -> None:
    """Where the locale is not UTF-8, Python hands over bytes as halves of surrogate pairs."""
    _write(tmp_path, "m/a.yaml")
    os.rename(tmp_path / "m", os.fsencode(tmp_path) + b"/m\xff")

    sources, roots = read_manifests(("m\udcff",), base=tmp_path)

    assert [source.file for source in sources] == [r"m\xff/a.yaml"]
    assert roots == (r"m\xff",)
    assert named(Path("/x/gr\udcc3\udcbcn.yaml"), Path("/x")) == "grün.yaml"
