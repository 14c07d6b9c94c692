"""Variables that switch something on or off, read alike everywhere. Pure: the environment is handed in."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.errors import UsageError

_ON = frozenset({"1", "true", "t", "yes", "y", "on"})
_OFF = frozenset({"", "0", "false", "f", "no", "n", "off"})


def switched_on(environ: Mapping[str, str], name: str) -> bool:
    """Whether one of our variables is on; raises `UsageError` where it says neither yes nor no."""
    said = environ.get(name, "").strip().lower()
    if said not in _ON | _OFF:
        raise UsageError(f"`{name}` is neither on nor off", hint="set it to `true` or `false`")
    return said in _ON


def in_automation(environ: Mapping[str, str]) -> bool:
    """Whether nobody watches: `RECONCILER_IN_AUTOMATION` says so, else `CI`, which some set to their own name."""
    if environ.get("RECONCILER_IN_AUTOMATION"):
        return switched_on(environ, "RECONCILER_IN_AUTOMATION")
    return environ.get("CI", "").strip().lower() not in _OFF
