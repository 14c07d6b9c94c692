"""The options that every command takes, before or after its name, and what commands and groups are made of.

An option given nearer to the command wins, and a flag wins over an environment variable; `-m` and `-v` add up.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any

import click
from click.core import ParameterSource

from reconciler.cli.front import OPTIONS

GIVEN = "reconciler.given"
"""The key in click's `meta` under which the global options that were given are kept."""

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
    """An option of every command. Its value is kept in click's `meta`, where `session` finds it."""


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


class Command(click.Command):
    """A command with global options and examples; its function gets the session first."""

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.examples = examples
        self.params += global_options()

    def invoke(self, ctx: click.Context) -> Any:
        """Call the function with the session and the command's own parameters."""
        from reconciler.cli.session import session_of

        assert self.callback is not None
        return ctx.invoke(self.callback, session_of(ctx), **ctx.params)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The text, then the examples: they are what most readers came for."""
        super().format_help_text(ctx, formatter)
        write_examples(self.examples, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options before those of every command."""
        write_options(self, ctx, formatter)


class Group(click.Group):
    """A noun with verbs below it (`state list`)."""

    command_class = Command

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), **extra: Any) -> None:
        extra.setdefault("no_args_is_help", True)
        super().__init__(*args, **extra)
        self.examples = examples
        self.params += global_options()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order of the file."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that is meant; for a misspelt one an error that says which is near."""
        check_known(self, ctx, args)
        return super().resolve_command(ctx, args)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The text, then the examples."""
        super().format_help_text(ctx, formatter)
        write_examples(self.examples, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs, then the options."""
        self.format_commands(ctx, formatter)
        write_options(self, ctx, formatter)


def command(
    name: str, short_help: str, *, examples: Sequence[tuple[str, str]]
) -> Callable[[Callable[..., Any]], Command]:
    """Make a command of a function whose first parameter is the session."""
    return click.command(name, cls=Command, short_help=short_help, examples=examples)


def group(name: str, short_help: str, *, examples: Sequence[tuple[str, str]]) -> Callable[[Callable[..., Any]], Group]:
    """Make a group of verbs of a function that does nothing."""
    return click.group(name, cls=Group, short_help=short_help, examples=examples)


def check_known(commands: click.Group, ctx: click.Context, args: Sequence[str]) -> None:
    """Raise a usage error with the nearest names when the first argument is no command."""
    names = commands.list_commands(ctx)
    if not args or args[0] in names:
        return
    near = difflib.get_close_matches(args[0], names, n=2, cutoff=0.5)
    meant = f" Did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else ""
    raise click.UsageError(f"there is no command `{args[0]}`.{meant}", ctx)


def write_examples(examples: Sequence[tuple[str, str]], formatter: click.HelpFormatter) -> None:
    """The examples as a section of the help."""
    if not examples:
        return
    with formatter.section("Examples"):
        for line, what in examples:
            formatter.write(f"  $ {line}\n      {what}\n")


def write_options(shown: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """The options as two sections: the command's own, and those of every command."""
    own: list[tuple[str, str]] = []
    everywhere: list[tuple[str, str]] = []
    for parameter in shown.get_params(ctx):
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)) is not None:
            (everywhere if isinstance(parameter, GlobalOption) else own).append(record)
    for title, records in (("Options", own), ("Global options", everywhere)):
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


# ---------------------------------------------------------------------------------------------------------------------


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    assert param.name is not None
    source = ctx.get_parameter_source(param.name)
    if source in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP, None):
        return
    given: dict[str, tuple[Any, bool]] = ctx.meta.setdefault(GIVEN, {})
    typed = source is ParameterSource.COMMANDLINE
    before, before_typed = given.get(param.name, (None, False))
    if before_typed and not typed:
        return
    if before_typed and typed and param.name in _ADDING:
        value = before + value
    given[param.name] = (value, typed)
