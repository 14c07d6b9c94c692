"""The cache of unchanged manifests: when it is used, when it is not, and that it changes nothing."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.entry import Declarations, Entry, Template
from reconciler.core.entryformat import from_plain, to_plain
from reconciler.core.load import load_declarations
from reconciler.core.source import Source
from reconciler.engine.cache import SMALLEST, Cache
from reconciler.integrations import catalogue
from reconciler.integrations.templates import TEMPLATES

TEXT = """
targets: {projects: ["myorg/**"], exclude: [myorg/old], topics: [go], archived: true}
integrations:
  chat:
    type: slack
    template: team
    webhook_url: ${env:HOOK}
    channel: "$${literal}"
    notify_only_broken_pipelines: true
  talk: {type: discord, inherit: true}
webhooks:
  deploy:
    url: https://a.example/${project.path}
    events: [push]
    custom_headers: {X-Team: "${env:TEAM}"}
    lifecycle: {prevent_destroy: true, on_drift: report, ignore: [events]}
---
instance: true
oauth_applications:
  portal:
    redirect_uri: https://a.example
    scopes: [api]
    credentials: {variables: {project: myorg/shop, client_id: ID, client_secret: SECRET}}
---
templates:
  team: {type: slack, description: Ours, default_config: {username: Bot, events: [push]}, required_fields: [channel]}
"""
SOURCES = [Source("m.yaml", TEXT.encode()), Source("filler.yaml", b"#" * SMALLEST)]


def _declared(sources: list[Source] = SOURCES) -> Declarations:
    declarations, problems = load_declarations(sources, catalogue.load, builtin_templates=TEMPLATES)
    assert problems == ()
    return declarations


def _bare(declarations: Declarations) -> tuple[tuple[Entry, ...], dict[str, Template], object]:
    templates = {name: replace(template, lines={}) for name, template in declarations.templates.items()}
    return declarations.entries, templates, (declarations.files, declarations.digest)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / ".reconciler" / "cache", "1.0")


def test_what_is_kept_is_what_was_declared(cache: Cache) -> None:
    declarations = _declared()
    cache.store(SOURCES, declarations, TEMPLATES)

    found = cache.load(SOURCES, TEMPLATES)

    assert found is not None
    assert _bare(found) == _bare(declarations)
    assert found.entries[0].values["channel"] == "${literal}"
    assert found.templates["team"].description == "Ours"


def test_nothing_is_known_at_first_or_of_other_contents_names_versions_and_templates(cache: Cache) -> None:
    assert cache.load(SOURCES) is None
    cache.store(SOURCES, _declared(), TEMPLATES)

    changed = [SOURCES[0], Source("filler.yaml", b"#" * SMALLEST + b"#")]
    renamed = [SOURCES[0], Source("renamed.yaml", SOURCES[1].body)]

    assert cache.load(changed, TEMPLATES) is None
    assert cache.load(renamed, TEMPLATES) is None
    assert cache.load(SOURCES, {}) is None
    assert replace(cache, version="1.1").load(SOURCES, TEMPLATES) is None
    assert cache.load(SOURCES, TEMPLATES) is not None


def test_a_change_of_the_tool_s_own_files_makes_it_stale(cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("")
    cache = replace(cache, code=[tmp_path / "code", tmp_path / "missing"])
    cache.store(SOURCES, _declared(), TEMPLATES)
    assert cache.load(SOURCES, TEMPLATES) is not None

    os.utime(tmp_path / "code" / "a.py", ns=(1, 4_000_000_000_000_000_000))

    assert cache.load(SOURCES, TEMPLATES) is None


def test_small_manifests_leave_no_file(cache: Cache) -> None:
    cache.store(SOURCES[:1], _declared(SOURCES[:1]), TEMPLATES)

    assert not cache.folder.exists()
    assert cache.load(SOURCES[:1], TEMPLATES) is None


def test_its_files_are_ours_alone_and_left_out_of_git(cache: Cache) -> None:
    cache.store(SOURCES, _declared(), TEMPLATES)

    (file,) = cache.folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (cache.folder.parent / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_others_could_have_written_is_not_used(cache: Cache, which: str) -> None:
    cache.store(SOURCES, _declared(), TEMPLATES)
    (file,) = cache.folder.iterdir()

    (file if which == "file" else cache.folder).chmod(0o777)

    assert cache.load(SOURCES, TEMPLATES) is None


def test_a_link_is_not_used(cache: Cache) -> None:
    cache.store(SOURCES, _declared(), TEMPLATES)
    (file,) = cache.folder.iterdir()
    file.rename(cache.folder.parent / "elsewhere.json")
    file.symlink_to(cache.folder.parent / "elsewhere.json")

    assert cache.load(SOURCES, TEMPLATES) is None


def test_damage_is_the_same_as_nothing(cache: Cache) -> None:
    cache.store(SOURCES, _declared(), TEMPLATES)
    (file,) = cache.folder.iterdir()
    whole = json.loads(file.read_text())

    for body in ("", "{", "[]", "3", json.dumps({"key": whole["key"]}), json.dumps({**whole, "declarations": {}})):
        file.write_text(body)
        assert cache.load(SOURCES, TEMPLATES) is None

    file.write_bytes(b"\xff")
    assert cache.load(SOURCES, TEMPLATES) is None


def test_a_folder_that_cannot_be_written_is_no_error(cache: Cache) -> None:
    cache.folder.parent.parent.mkdir(exist_ok=True)
    cache.folder.parent.write_text("in the way")

    cache.store(SOURCES, _declared(), TEMPLATES)

    assert cache.load(SOURCES, TEMPLATES) is None


def test_a_newer_file_takes_the_older_one_s_place(cache: Cache) -> None:
    changed = [Source("m.yaml", TEXT.encode() + b"# more\n"), SOURCES[1]]
    cache.store(SOURCES, _declared(), TEMPLATES)
    cache.store(changed, _declared(changed), TEMPLATES)

    assert len(list(cache.folder.iterdir())) == 1
    assert cache.load(SOURCES, TEMPLATES) is None
    assert cache.load(changed, TEMPLATES) is not None


@pytest.mark.parametrize(
    "data",
    [None, [], {}, {"format_version": 2}, {"format_version": 1}, {"format_version": 1, "scopes": [["planet", "x"]]}],
)
def test_what_is_no_declarations_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r"declarations|format|planet"):
        from_plain(data)


def test_declarations_survive_being_written_as_json() -> None:
    declarations = _declared()

    found = from_plain(json.loads(json.dumps(to_plain(declarations, without=TEMPLATES))), templates=TEMPLATES)

    assert _bare(found) == _bare(declarations)
