"""Which URL leads to which backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.backends import open_backend
from reconciler.core.errors import UsageError


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (".reconciler/state.json", "{root}/.reconciler/state.json"),
        ("file:state.json", "{root}/state.json"),
        ("file:///var/states/a.json", "/var/states/a.json"),
        ("file://localhost/var/a.json", "/var/a.json"),
        ("/var/states/a.json", "/var/states/a.json"),
        ("states/odd:name.json", "{root}/states/odd:name.json"),
    ],
)
def test_files_and_plain_paths(url: str, path: str, tmp_path: Path, clock: Any) -> None:
    root = tmp_path.resolve()

    assert open_backend(url, root=root, clock=clock).url == "file:" + path.format(root=root)


def test_gitlab_takes_the_http_port(tmp_path: Path, clock: Any, gitlab: Any) -> None:
    backend = open_backend("gitlab:myorg/shop/production", root=tmp_path, clock=clock, http=gitlab.http)

    assert backend.url == "gitlab:myorg/shop/production"


def test_object_stores_take_bucket_and_key(tmp_path: Path, clock: Any) -> None:
    pytest.importorskip("obstore", reason="the extra `objectstore` is not installed")

    backend = open_backend("memory://states/a.json", root=tmp_path, clock=clock)

    assert backend.read() is None


@pytest.mark.parametrize(
    ("url", "words"), [("ftp://x/y", "no place"), ("file:", "names no file"), ("gitlab:a/b", "GitLab")]
)
def test_anything_else_is_bad_usage(url: str, words: str, tmp_path: Path, clock: Any) -> None:
    with pytest.raises(UsageError, match=words):
        open_backend(url, root=tmp_path, clock=clock)
