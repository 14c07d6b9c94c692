"""The root of the command line: the table of commands, each imported only when it is asked for.

Law: nothing heavy is imported here; help and completion of names answer from the table in `front`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.command import check_known
from reconciler.cli.front import COMMANDS, SUMMARY, help_text
from reconciler.cli.options import global_options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reconciler.cli.engine import Engine


class Root(click.Group):
    """A group whose commands are the table's, imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][1].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; for a misspelt one an error that says which is near."""
        check_known(self, ctx, args)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The front page."""
        return help_text()

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and short helps from the table; nothing is imported."""
        from click.shell_completion import CompletionItem

        found = [(name, row) for name, row in COMMANDS.items() if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=said) for name, (_section, _place, said) in found), *options]


def root() -> Root:
    """The root command."""
    version = click.Option(
        ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
    )
    version.allow_from_autoenv = False
    return Root(
        name="reconciler",
        help=SUMMARY,
        params=[*global_options(root=True), version],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
        no_args_is_help=True,
    )


def run(arguments: Sequence[str], *, engine: Callable[[], Engine] | None = None) -> int:
    """Run one command line and return its exit code; `engine` stands in for the real one in tests."""
    from reconciler.cli.errors import guarded

    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")
    return guarded(
        lambda: root().main(
            list(arguments),
            prog_name="reconciler",
            standalone_mode=False,
            auto_envvar_prefix="RECONCILER",
            complete_var="_RECONCILER_COMPLETE",
            obj=engine,
        ),
        arguments,
    )


# ---------------------------------------------------------------------------------------------------------------------


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from reconciler import __version__

        click.echo(f"reconciler {__version__}")
        ctx.exit()
