"""The options that every command takes, before or after its name.

An option given nearer to the command wins, and a flag wins over an environment variable; `-m` and `-v` add up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import click
from click.core import ParameterSource

from reconciler.cli.front import OPTIONS

_GIVEN = "reconciler.given"
"""The key in click's `meta`: a mapping of names to values and whether they were typed."""

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Duration(click.ParamType[float]):
    """Seconds, or a number with a unit: 30, 30s, 5m, 1h."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds as a float; refuses other units and negative numbers."""
        if isinstance(value, int | float):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|)", str(value).strip())
        if not found:
            self.fail(f"`{value}` is no duration; write seconds, or 30s, 5m, 1h", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


class GlobalOption(click.Option):
    """An option of every command. Its value is kept in click's `meta`, from where `given` takes it."""


_PARTICULARS: dict[str, dict[str, Any]] = {
    "--env": {"names": ("environment",)},
    "--manifests": {"type": click.Path(), "multiple": True},
    "--output": {"type": click.Choice(("human", "json", "markdown"))},
    "--verbose": {"count": True},
    "--quiet": {"is_flag": True},
    "--color": {"type": click.Choice(("auto", "always", "never"))},
    "--parallelism": {"type": click.IntRange(1, 256)},
    "--timeout": {"type": Duration()},
    "--lock-timeout": {"type": Duration()},
    "--sandbox": {"is_flag": True},
    "--no-cache": {"is_flag": True},
}
"""What click needs besides the table in `front`, by an option's long name."""

_ADDING = {"manifests", "verbose"}


def global_options(*, root: bool = False) -> list[click.Parameter]:
    """The global options, each also read from `RECONCILER_<NAME>` (per command `RECONCILER_<COMMAND>_<NAME>`)."""
    made: list[click.Parameter] = []
    for names, takes, said in OPTIONS:
        extra = dict(_PARTICULARS.get(names[-1], {}))
        declared = (*names, *extra.pop("names", ()))
        made.append(
            GlobalOption(declared, metavar=takes or None, help=said, callback=_remember, expose_value=False, **extra)
        )
    if root:
        environment = next(option for option in made if option.name == "environment")
        environment.envvar = ["RECONCILER_ENV", "RECONCILER_ENVIRONMENT"]
    return made


def given(ctx: click.Context) -> Mapping[str, Any]:
    """The global options that were given, wherever they stood, by name."""
    return {name: value for name, (value, _typed) in ctx.meta.get(_GIVEN, {}).items()}


# ---------------------------------------------------------------------------------------------------------------------


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    assert param.name is not None
    source = ctx.get_parameter_source(param.name)
    if source in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP, None):
        return
    known: dict[str, tuple[Any, bool]] = ctx.meta.setdefault(_GIVEN, {})
    typed = source is ParameterSource.COMMANDLINE
    before, before_typed = known.get(param.name, (None, False))
    if before_typed and not typed:
        return
    if before_typed and typed and param.name in _ADDING:
        value = before + value
    known[param.name] = (value, typed)
