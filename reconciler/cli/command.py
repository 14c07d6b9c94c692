"""What commands and groups are made of: a function, examples, and the options that every command takes.

Law: a command's function gets the session first; session and engine are imported when it runs, not for its help.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

import click

from reconciler.cli.options import GlobalOption, given, global_options


class Command(click.Command):
    """A command with global options and examples; its function gets the session first."""

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.examples = examples
        self.params += global_options()

    def invoke(self, ctx: click.Context) -> Any:
        """Call the function with the session and the command's own parameters."""
        from reconciler.cli.engine import real
        from reconciler.cli.session import Session

        assert self.callback is not None
        return ctx.invoke(self.callback, Session(given(ctx), ctx.find_root().obj or real), **ctx.params)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The text, then the examples: they are what most readers came for."""
        super().format_help_text(ctx, formatter)
        _write_examples(self.examples, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options before those of every command."""
        _write_options(self, ctx, formatter)


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
        _write_examples(self.examples, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs, then the options."""
        self.format_commands(ctx, formatter)
        _write_options(self, ctx, formatter)


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


# ---------------------------------------------------------------------------------------------------------------------


def _write_examples(examples: Sequence[tuple[str, str]], formatter: click.HelpFormatter) -> None:
    """The examples as a section of the help."""
    if not examples:
        return
    with formatter.section("Examples"):
        for line, what in examples:
            formatter.write(f"  $ {line}\n      {what}\n")


def _write_options(shown: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
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
