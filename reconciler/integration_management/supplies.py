"""The secrets that this process has, and who supplies those that it has not.

Literal secrets that a program gave live here, in memory, and nowhere else. `given` is what it supplies for things that
an earlier process made: by id and field (`{"slack-1": {"webhook_url": …}}`), by type and field, or by variable
(`{"SLACK_WEBHOOK_URL": …}`); after that the environment's variables are asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.address import key_of
from reconciler.core.errors import SecretUnavailable
from reconciler.core.refs import is_forbidden, written
from reconciler.core.supply import named, supplier_of, variable_of
from reconciler.core.value import Reference, Secret
from reconciler.engine.declared import resolver_of
from reconciler.engine.workspace import Workspace
from reconciler.integration_management.records import Found, secrets_of

Secrets = Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True)
class Supplies:
    """What is at hand in this process."""

    given: Secrets = field(repr=False)
    memory: dict[tuple[str, str], Secret] = field(default_factory=dict)

    def without(self, address: str) -> dict[tuple[str, str], Secret]:
        """What is remembered, but of one entry."""
        return {key: secret for key, secret in self.memory.items() if key[0] != key_of(address)}

    def remember(self, ws: Workspace, address: str) -> None:
        """Keep the secrets of an entry that has just been declared, in place of what was kept of it."""
        self.forget(address)
        self.memory.update({k: secret for k, secret in ws.known.items() if k[0] == key_of(address) and secret.known})

    def forget(self, address: str) -> None:
        """Keep nothing of an entry."""
        for key in [key for key in self.memory if key[0] == key_of(address)]:
            del self.memory[key]

    def text(self, ws: Workspace, kind: str, id: str, name: str) -> str | None:
        """What is supplied for a field, as a configuration states it: written out, or as a reference."""
        text = self._literal(id, kind, name)
        if text is not None:
            return written(text)
        variable = variable_of(kind, name)
        return f"${{env:{variable}}}" if _environment(ws, variable) is not None else None

    def stated(self, ws: Workspace, one: Found, name: str) -> str | None:
        """A recorded secret as a configuration states it: written out, or the reference that may have it.

        None for one that nobody may supply.
        """
        stated = secrets_of(one).get(name, "")
        secret = self.memory.get((key_of(one.address), name))
        literal = self._literal(one.id, one.kind, name)
        if secret is not None and not stated:
            return written(secret.reveal())
        if literal is not None:
            return written(literal)
        return supplier_of(one.kind, name, stated) or None

    def make_known(self, ws: Workspace, one: Found) -> None:
        """Give a workspace an entry's secrets, as far as they are remembered or supplied."""
        for name, stated in secrets_of(one).items():
            key = (key_of(one.address), name)
            if key in ws.known:
                continue
            text, reference = self._literal(one.id, one.kind, name), supplier_of(one.kind, name, stated)
            if text is not None:
                ws.known[key] = Secret(text, reference)
            elif reference:
                resolver = resolver_of(ws, ws.catalogue({one.kind}), require_secrets=False)
                secret = resolver.secret(reference, scope=one.home.scope, address=one.address)
                if secret.known:
                    ws.known[key] = secret

    def lacking(self, ws: Workspace, one: Found) -> SecretUnavailable | None:
        """The error that names the first secret of an entry that is not at hand, and what would supply it."""
        for name, stated in secrets_of(one).items():
            secret = ws.known.get((key_of(one.address), name))
            if secret is None or not secret.known:
                reference = supplier_of(one.kind, name, stated)
                whence = f"set {named(reference)}, or give" if reference else "give"
                hint = f"{whence} `secrets={{'{one.id}': {{'{name}': …}}}}`"
                return SecretUnavailable(f"`{name}` of {one.id} is not known to this process", hint=hint)
        return None

    def _literal(self, id: str, kind: str, name: str) -> str | None:
        for key in (id, kind):
            fields = self.given.get(key)
            if isinstance(fields, Mapping) and name in fields:
                return fields[name]
        by_variable = self.given.get(variable_of(kind, name))
        return by_variable if isinstance(by_variable, str) else None


# ---------------------------------------------------------------------------------------------------------------------


def _environment(ws: Workspace, variable: str) -> str | None:
    if is_forbidden(variable):
        return None
    return ws.stores["env"].get(Reference("env", variable, None, f"${{env:{variable}}}"))
