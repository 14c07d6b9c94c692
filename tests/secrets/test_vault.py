"""Vault, against the stand-in: engines, logins, and what can go wrong."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from reconciler.core.errors import ReconcilerError
from reconciler.sandbox.services.vault import handle
from reconciler.secrets.vault import VaultSecrets
from tests.secrets.serving import reference, served

pytest.importorskip("hvac", reason="the extra `vault` is not installed")

MOUNTS: dict[str, Any] = {
    "kv": {"version": 2, "secrets": {"shop": {"token": "s3cret", "port": 8443, "on": True, "tree": {"a": 1}}}},
    "old": {"version": 1, "secrets": {"shop": {"token": "older"}}},
    "deep/kv": {"version": 2, "secrets": {"team/shop": {"token": "deeper"}}},
}


def _get(state: dict[str, Any], text: str, **environ: str) -> str | None:
    with served(handle, {"mounts": MOUNTS, **state}) as vault:
        return VaultSecrets({"VAULT_ADDR": vault.url, "VAULT_TOKEN": "t", **environ}).get(reference(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${vault:kv/shop#token}", "s3cret"),
        ("${vault:kv/shop#port}", "8443"),
        ("${vault:kv/shop#on}", "true"),
        ("${vault:kv/shop#nothing}", None),
        ("${vault:kv/nothing#token}", None),
        ("${vault:old/shop#token}", "older"),
        ("${vault:old/nothing#token}", None),
        ("${vault:deep/kv/team/shop#token}", "deeper"),
    ],
)
def test_fields_are_read_from_both_engines(text: str, value: str | None) -> None:
    assert _get({}, text) == value


def test_each_path_is_read_once_and_each_engine_asked_for_once() -> None:
    with served(handle, {"mounts": MOUNTS}) as vault:
        secrets = VaultSecrets({"VAULT_ADDR": vault.url, "VAULT_TOKEN": "t"})
        for name in ("token", "port", "on", "token"):
            secrets.get(reference(f"${{vault:kv/shop#{name}}}"))
        secrets.get(reference("${vault:kv/other#x}"))

        assert vault.paths == ["/v1/sys/internal/ui/mounts/kv/shop", "/v1/kv/data/shop", "/v1/kv/data/other"]


def test_a_namespace_is_passed_on() -> None:
    state = {"namespaces": {"team": {"mounts": {"kv": {"version": 2, "secrets": {"shop": {"token": "theirs"}}}}}}}

    assert _get(state, "${vault:kv/shop#token}", VAULT_NAMESPACE="team") == "theirs"


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"VAULT_ROLE_ID": "r", "VAULT_SECRET_ID": "s"}, "/v1/auth/approle/login"),
        ({"VAULT_ID_TOKEN": "jwt", "VAULT_AUTH_ROLE": "r"}, "/v1/auth/jwt/login"),
        ({"VAULT_ID_TOKEN": "jwt", "VAULT_AUTH_ROLE": "r", "VAULT_AUTH_PATH": "gitlab"}, "/v1/auth/gitlab/login"),
    ],
)
def test_without_a_token_a_job_logs_in(environ: dict[str, str], path: str) -> None:
    with served(handle, {"mounts": MOUNTS, "roles": ["r"]}) as vault:
        secrets = VaultSecrets({"VAULT_ADDR": vault.url, **environ})

        assert secrets.get(reference("${vault:kv/shop#token}")) == "s3cret"
        assert vault.paths[0] == path
        assert vault.asked[-1][2]["x-vault-token"].startswith("hvs.")


@pytest.mark.parametrize(
    ("state", "environ", "says"),
    [
        ({}, {"VAULT_TOKEN": ""}, "nothing to log in to Vault with"),
        ({}, {"VAULT_ADDR": ""}, "no Vault is named"),
        ({}, {"VAULT_ADDR": "http://127.0.0.1:1"}, "Vault cannot be reached"),
        ({"sealed": True}, {}, "Vault is sealed"),
        ({"denied": ["kv/shop"]}, {}, "Vault refuses `kv/shop`"),
        ({"roles": []}, {"VAULT_TOKEN": "", "VAULT_ROLE_ID": "r", "VAULT_SECRET_ID": "s"}, "`auth/approle/login`"),
    ],
)
def test_what_goes_wrong_is_said_with_a_way_out(state: dict[str, Any], environ: dict[str, str], says: str) -> None:
    with pytest.raises(ReconcilerError) as caught:
        _get(state, "${vault:kv/shop#token}", **environ)

    assert says in caught.value.message
    assert caught.value.hint


def test_a_mount_that_vault_does_not_tell_of_is_taken_for_the_first_segment() -> None:
    assert _get({"mounts": {}}, "${vault:other/shop#token}") is None


def test_the_library_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hvac", None)

    with pytest.raises(ReconcilerError) as caught:
        VaultSecrets({"VAULT_ADDR": "http://127.0.0.1:1"}).get(reference("${vault:kv/shop#token}"))

    assert "reconciler[vault]" in caught.value.hint


def test_a_login_that_failed_is_not_tried_again() -> None:
    with served(handle, {"roles": []}) as vault:
        environ = {"VAULT_ADDR": vault.url, "VAULT_ROLE_ID": "r", "VAULT_SECRET_ID": "s"}
        secrets = VaultSecrets(environ)
        for name in ("a", "b"):
            with pytest.raises(ReconcilerError):
                secrets.get(reference(f"${{vault:kv/{name}#x}}"))

        assert len(vault.asked) == 1


def test_a_field_that_is_no_text_is_refused() -> None:
    with pytest.raises(ReconcilerError, match="the field `tree` at `kv/shop` is no text"):
        _get({}, "${vault:kv/shop#tree}")
