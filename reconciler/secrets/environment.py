"""References to the process's environment: `${env:NAME}`, and `${env_file:NAME}` for a variable that names a file."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.errors import ReconcilerError
from reconciler.core.value import Reference
from reconciler.secrets.files import text_of


class EnvironmentSecrets:
    """Answers from a given environment. An empty variable is one that is not set: CI shows protected ones so."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def get(self, reference: Reference) -> str | None:
        """The variable's text, or that of the file it names (with one newline at its end left out)."""
        value = self._environ.get(reference.name)
        if not value:
            return None
        try:
            value = value.encode("utf-8", "surrogateescape").decode("utf-8")
        except UnicodeDecodeError:
            raise ReconcilerError(f"`{reference.name}` is no UTF-8 text", hint="set it to UTF-8") from None
        if reference.store == "env":
            return value
        try:
            return text_of(value)
        except ReconcilerError as error:
            raise ReconcilerError(f"the file that `{reference.name}` names {error.message}", hint=error.hint) from error
