"""References to HashiCorp Vault or OpenBao: `${vault:mount/path#field}`, KV engines of version 1 and 2.

Where and who, as Vault's own tools have it: `VAULT_ADDR`, `VAULT_NAMESPACE`, `VAULT_CACERT`, `VAULT_SKIP_VERIFY`; a
token in `VAULT_TOKEN`, else a login with `VAULT_ROLE_ID` and `VAULT_SECRET_ID` (AppRole) or with `VAULT_ID_TOKEN`
(GitLab's `id_tokens`) and `VAULT_AUTH_ROLE` (JWT). `VAULT_AUTH_PATH` says where the login is mounted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.core.errors import ReconcilerError
from reconciler.core.value import Reference

if TYPE_CHECKING:
    import hvac

TIMEOUT = 15
T = TypeVar("T")


class VaultSecrets:
    """Answers from one Vault. Logs in when first asked; each path is read once."""

    def __init__(self, environ: Mapping[str, str], session: Any = None) -> None:
        self._environ = environ
        self._session = session
        self._lock = Lock()
        self._opened: hvac.Client | None = None
        self._versions: dict[str, tuple[str, int]] = {}
        self._secrets: dict[str, Mapping[str, Any] | None] = {}
        self._failure: ReconcilerError | None = None

    def get(self, reference: Reference) -> str | None:
        """One field of a secret; None when there is no such secret or no such field."""
        path, _, field = reference.name.rpartition("#")
        with self._lock:
            if path not in self._secrets:
                self._secrets[path] = self._read(path)
            secret = self._secrets[path]
        value = None if secret is None else secret.get(field)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool | int | float):
            return str(value).lower() if isinstance(value, bool) else str(value)
        raise ReconcilerError(f"the field `{field}` at `{path}` is no text", hint="refer to a field that holds text")

    def _read(self, path: str) -> Mapping[str, Any] | None:
        client = self._client()
        mount, version = self._mount(client, path)
        rest = path[len(mount) :].lstrip("/")
        if version == 2:
            answer = self._asked(lambda: client.adapter.get(f"/v1/{mount}/data/{rest}"), path)
            data = _data(answer).get("data")
        else:
            data = _data(self._asked(lambda: client.adapter.get(f"/v1/{mount}/{rest}"), path))
        return data if isinstance(data, Mapping) and data else None

    def _mount(self, client: hvac.Client, path: str) -> tuple[str, int]:
        """The engine that a path lies in, and its version. Where Vault does not tell, the first segment and 2."""
        first = path.split("/")[0]
        known = self._versions.get(first)
        if known and f"{path}/".startswith(f"{known[0]}/"):
            return known
        try:
            answer = self._asked(lambda: client.adapter.get(f"/v1/sys/internal/ui/mounts/{path}"), path)
        except _Refused:
            answer = None
        told = _data(answer)
        mount = str(told.get("path") or first).strip("/")
        options = told.get("options") or {}
        version = int(options.get("version", 1)) if told.get("path") else 2
        self._versions[first] = (mount, version)
        return mount, version

    def _client(self) -> hvac.Client:
        if self._failure:
            raise self._failure
        if self._opened is None:
            try:
                self._opened = self._open()
            except ReconcilerError as error:
                self._failure = error
                raise
        return self._opened

    def _open(self) -> hvac.Client:
        try:
            import hvac
        except ImportError as error:
            hint = "install `reconciler[vault]`"
            raise ReconcilerError("Vault's library is not installed", hint=hint) from error
        address = self._environ.get("VAULT_ADDR")
        if not address:
            raise ReconcilerError("no Vault is named", hint="set VAULT_ADDR to https://vault.example.com:8200")
        skip = self._environ.get("VAULT_SKIP_VERIFY", "").lower() in ("1", "true")
        client = hvac.Client(
            url=address,
            token=self._environ.get("VAULT_TOKEN") or "",
            namespace=self._environ.get("VAULT_NAMESPACE") or None,
            verify=False if skip else self._environ.get("VAULT_CACERT") or True,
            timeout=TIMEOUT,
            session=self._session,
            strict_http=True,
        )
        if not client.token:
            self._login(client)
        return client

    def _login(self, client: hvac.Client) -> None:
        own = self._environ
        jwt, role = own.get("VAULT_ID_TOKEN"), own.get("VAULT_AUTH_ROLE")
        if own.get("VAULT_ROLE_ID") and own.get("VAULT_SECRET_ID"):
            body = {"role_id": own["VAULT_ROLE_ID"], "secret_id": own["VAULT_SECRET_ID"]}
            mount = own.get("VAULT_AUTH_PATH") or "approle"
        elif jwt:
            body = {"jwt": jwt, **({"role": role} if role else {})}
            mount = own.get("VAULT_AUTH_PATH") or "jwt"
        else:
            hint = "set VAULT_TOKEN; or VAULT_ROLE_ID and VAULT_SECRET_ID; or VAULT_ID_TOKEN and VAULT_AUTH_ROLE"
            raise ReconcilerError("nothing to log in to Vault with", hint=hint)
        path = f"auth/{mount.strip('/')}/login"
        answer = self._asked(lambda: client.adapter.login(f"/v1/{path}", use_token=True, json=body), path)
        if answer is None or not client.token:
            raise ReconcilerError(f"Vault has no login at `{path}`", hint="set VAULT_AUTH_PATH to where it is mounted")

    def _asked(self, ask: Callable[[], T], what: str) -> T | None:
        """An answer, None for "not there"; everything else that Vault may say as a `ReconcilerError`."""
        import hvac.exceptions
        import requests

        try:
            return ask()
        except hvac.exceptions.InvalidPath:
            return None
        except (hvac.exceptions.Forbidden, hvac.exceptions.Unauthorized) as error:
            raise _Refused(f"Vault refuses `{what}`", hint="check the token's or the role's policy") from error
        except hvac.exceptions.VaultDown as error:
            raise ReconcilerError("Vault is sealed or in maintenance", hint="unseal it, or try later") from error
        except hvac.exceptions.VaultError as error:
            hint = "check the login and the path"
            raise ReconcilerError(f"Vault does not answer `{what}`: {type(error).__name__}", hint=hint) from error
        except (requests.RequestException, ValueError) as error:
            hint = "check VAULT_ADDR and the network"
            raise ReconcilerError(f"Vault cannot be reached: {type(error).__name__}", hint=hint) from error


class _Refused(ReconcilerError):
    """Vault's policy says no."""


def _data(answer: Any) -> Mapping[str, Any]:
    """The `data` of an answer, as a mapping."""
    found = answer.get("data") if isinstance(answer, Mapping) else None
    return found if isinstance(found, Mapping) else {}
