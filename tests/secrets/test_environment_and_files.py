"""The environment, and files that it names or that lie beside the manifests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.core.errors import ReconcilerError
from reconciler.secrets import stores
from reconciler.secrets.environment import EnvironmentSecrets
from reconciler.secrets.files import MAX_BYTES, FileSecrets
from tests.secrets.serving import reference


def test_variables_are_read_and_empty_ones_are_not_set() -> None:
    secrets = EnvironmentSecrets({"A": " text ", "B": ""})

    assert secrets.get(reference("${env:A}")) == " text "
    assert secrets.get(reference("${env:B}")) is None
    assert secrets.get(reference("${env:C}")) is None
    assert secrets.get(reference("${env_file:C}")) is None


def test_a_variable_is_utf_8_whatever_the_locale_and_anything_else_is_an_error() -> None:
    """Where the locale is not UTF-8, Python hands over bytes as halves of surrogate pairs."""
    secrets = EnvironmentSecrets({"A": "grün".encode().decode("ascii", "surrogateescape"), "B": "x\udcffy"})

    assert secrets.get(reference("${env:A}")) == "grün"
    with pytest.raises(ReconcilerError, match="`B` is no UTF-8 text"):
        secrets.get(reference("${env:B}"))


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"s3cret\n", "s3cret"), (b"s3cret\r\n", "s3cret"), (b"two\n\n", "two\n"), (b"", ""), ("é".encode(), "é")],
)
def test_a_file_loses_one_newline_at_its_end(tmp_path: Path, body: bytes, text: str) -> None:
    (tmp_path / "token").write_bytes(body)

    secrets = EnvironmentSecrets({"TOKEN_FILE": str(tmp_path / "token")})

    assert secrets.get(reference("${env_file:TOKEN_FILE}")) == text


def test_a_file_that_cannot_be_read_is_an_error_and_not_unset(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (MAX_BYTES + 1))
    (tmp_path / "noise").write_bytes(b"\xff")
    os.mkfifo(tmp_path / "pipe")
    reasons = {
        "missing": "cannot be read: no such file or directory",
        "large": f"has more than {MAX_BYTES} bytes",
        "noise": "is no UTF-8 text",
        "pipe": "is no ordinary file",
        ".": "is no ordinary file",
        "\x00": "cannot be read: its name cannot be",
    }

    for name, reason in reasons.items():
        secrets = EnvironmentSecrets({"F": str(tmp_path / name)})
        with pytest.raises(ReconcilerError) as caught:
            secrets.get(reference("${env_file:F}"))
        assert caught.value.message == f"the file that `F` names {reason}"
        assert caught.value.hint


def test_files_beside_the_manifests_are_read_from_the_first_root_that_has_them(tmp_path: Path) -> None:
    for root, text in (("one", "1"), ("two", "2")):
        (tmp_path / root / "keys").mkdir(parents=True)
        (tmp_path / root / "keys" / "a").write_text(text)
    (tmp_path / "two" / "b").write_text("b\n")
    (tmp_path / "two" / "m.yaml").write_text("")
    secrets = FileSecrets([tmp_path / "one", tmp_path / "two" / "m.yaml"])

    assert secrets.get(reference("${file:keys/a}")) == "1"
    assert secrets.get(reference("${file:b}")) == "b"
    assert secrets.get(reference("${file:c}")) is None


def test_files_outside_the_manifests_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "m" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "m" / "folder").mkdir()
    secrets = FileSecrets([tmp_path / "m"])

    with pytest.raises(ReconcilerError, match="`link` leads out of the manifests"):
        secrets.get(reference("${file:link}"))
    with pytest.raises(ReconcilerError, match="`folder` is no ordinary file"):
        secrets.get(reference("${file:folder}"))


def test_a_file_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    secrets = FileSecrets([tmp_path])
    secrets.get(reference("${file:a}"))
    (tmp_path / "a").write_text("2")

    assert secrets.get(reference("${file:a}")) == "1"


def test_every_store_has_somebody_who_answers(tmp_path: Path) -> None:
    known = stores({"A": "a"}, tmp_path, ["."])
    (tmp_path / "f").write_text("f")

    assert set(known) == {"env", "env_file", "file", "vault", "aws-sm"}
    assert known["env"].get(reference("${env:A}")) == "a"
    assert known["file"].get(reference("${file:f}")) == "f"
