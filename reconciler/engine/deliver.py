"""Puts generated credentials where an entry says: into a file of mode 0600, or into CI/CD variables.

A delivery may be repeated with other values (after a lost answer the secret is renewed and delivered anew), and is
complete or not there: files are replaced as a whole, of variables the secret comes last.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import ReconcilerError, RemoteError, UnclearWrite
from reconciler.core.identity import Ambiguous, find
from reconciler.core.plan import Change, Step, StepAction
from reconciler.core.ports import Provider
from reconciler.core.resource import Primitive
from reconciler.core.value import Secret

_ORDER = ("client_id", "client_secret")
_LOOKS = 3
"""How often a delivery whose fate is unclear is made, each time after a look."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Delivers for steps whose `deliver` names a place; relative files are below `root`."""

    provider: Provider
    root: Path

    def __call__(self, step: Step, generated: Mapping[str, Secret]) -> None:
        """Deliver a step's generated credentials; raises `ReconcilerError` when it cannot be done."""
        place: Mapping[str, Any] = step.deliver
        if path := place.get("file"):
            _to_file(self.root / str(path), generated)
        if variables := place.get("variables"):
            self._to_variables(step, variables, generated)

    def _to_variables(self, step: Step, names: Mapping[str, Any], generated: Mapping[str, Secret]) -> None:
        """Write them, from the look at what is there on again when the fate of a write is unclear."""
        for _ in range(_LOOKS - 1):
            with suppress(UnclearWrite):
                return self._write_variables(step, names, generated)
        return self._write_variables(step, names, generated)

    def _write_variables(self, step: Step, names: Mapping[str, Any], generated: Mapping[str, Secret]) -> None:
        type_ = ScopeType.GROUP if names.get("group") else ScopeType.PROJECT
        scope = Scope(type_, str(names[type_.value]))
        listing = self.provider.list(Primitive.VARIABLE, scope)
        if listing.unknown:
            raise RemoteError(f"the credentials cannot be delivered to `{scope}`: {listing.unknown}")
        for what in _ORDER:
            if what not in names:
                continue
            identity = {"key": str(names[what]), "environment_scope": str(names.get("environment_scope", "*"))}
            found = find(Primitive.VARIABLE, listing.items, identity=identity)
            assert not isinstance(found, Ambiguous)
            self.provider.write(
                _variable(step, scope, identity, found.id if found else None, masked=what == "client_secret"),
                {**identity, "value": generated[what], "masked": what == "client_secret"},
            )


def _variable(step: Step, scope: Scope, identity: Mapping[str, str], id: int | str | None, *, masked: bool) -> Step:
    """The write of one variable."""
    return Step(
        f"{step.address}/variable.{identity['key']}",
        StepAction.CREATE if id is None else StepAction.UPDATE,
        step.reasons,
        Primitive.VARIABLE,
        "variable",
        "variable",
        scope,
        id=id,
        identity=identity,
        send=("key", "value", "environment_scope", "masked") if id is None else ("value", "masked"),
        changes=(Change("value", secret=True),),
        defaults={"raw": True},
    )


def _to_file(path: Path, generated: Mapping[str, Secret]) -> None:
    """Replace a file as a whole, readable by its owner only."""
    body = json.dumps({name: generated[name].reveal() for name in _ORDER if name in generated}, indent=1) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ReconcilerError(f"the credentials cannot be written to {path}: {error.strerror}") from error
