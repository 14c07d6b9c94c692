"""The root of the command line: a table of commands, imported only when they are asked for.

Law: nothing heavy is imported here. `--help` and completion answer from the table, so short helps are written here,
and a test holds them against the commands' own.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import check_known, global_options, write_options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reconciler.cli.engine import Engine


@dataclass(frozen=True, slots=True)
class Entry:
    """A command in the table: its section of the help, where it lives, and its short help."""

    section: str
    target: str
    short_help: str


EVERYDAY, ADOPT, STATE, KNOW, OPERATE = "Everyday", "Adopt and leave", "State", "Know", "Operate"
COMMANDS: dict[str, Entry] = {
    "init": Entry(EVERYDAY, "reconciler.cli.init:cli", "Start a folder with a manifest, settings and a pipeline"),
    "validate": Entry(EVERYDAY, "reconciler.cli.validate:cli", "Check manifests offline, all problems at once"),
    "plan": Entry(EVERYDAY, "reconciler.cli.plan:cli", "Show what apply would change, and why"),
    "apply": Entry(EVERYDAY, "reconciler.cli.apply:cli", "Make GitLab what the manifests say"),
    "drift": Entry(EVERYDAY, "reconciler.cli.drift:cli", "Show what somebody changed behind the manifests' back"),
    "show": Entry(EVERYDAY, "reconciler.cli.show:cli", "Show a saved plan, or what is recorded"),
    "destroy": Entry(ADOPT, "reconciler.cli.destroy:cli", "Delete everything that is recorded, after showing it"),
    "state": Entry(STATE, "reconciler.cli.state:cli", "Look at the record and repair it"),
    "explain": Entry(KNOW, "reconciler.cli.explain:cli", "Say where every value of a declared entry comes from"),
    "kinds": Entry(KNOW, "reconciler.cli.kinds:cli", "List what can be declared, with every field"),
    "schema": Entry(KNOW, "reconciler.cli.schema:cli", "Write the JSON Schema of manifests for editors"),
    "templates": Entry(KNOW, "reconciler.cli.templates:cli", "List the templates that entries can use"),
    "sandbox": Entry(OPERATE, "reconciler.cli.sandbox:cli", "Serve a pretend GitLab with pretend services"),
    "demo": Entry(OPERATE, "reconciler.cli.demo:cli", "Watch the whole story run on a pretend GitLab"),
    "completion": Entry(OPERATE, "reconciler.cli.completion:cli", "Print the completion script of a shell"),
    "version": Entry(OPERATE, "reconciler.cli.version:cli", "Print the version and those of the file formats"),
}

EXIT_CODES = (
    ("0", "done"),
    ("1", "failed, or nothing could be done"),
    ("2", "changes, drift or unhealthy, only with --detailed-exitcode"),
    ("3", "applied in part; the state is consistent"),
    ("64", "the command line is wrong"),
    ("70", "a fault of reconciler itself"),
    ("130, 143", "interrupted, terminated"),
)


class Root(click.Group):
    """A group whose commands are the table's, imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; for a misspelt one an error that says which is near."""
        check_known(self, ctx, args)
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by section, the options, and the exit codes."""
        for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
            rows = [(name, entry.short_help) for name, entry in COMMANDS.items() if entry.section == section]
            with formatter.section(section):
                formatter.write_dl(rows)
        write_options(self, ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl(EXIT_CODES)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and short helps from the table; nothing is imported."""
        from click.shell_completion import CompletionItem

        options = click.Command.shell_complete(self, ctx, incomplete)
        found = [(name, entry) for name, entry in COMMANDS.items() if name.startswith(incomplete)]
        return [*(CompletionItem(name, help=entry.short_help) for name, entry in found), *options]


def root() -> Root:
    """The root command."""
    version = click.Option(
        ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
    )
    version.allow_from_autoenv = False
    return Root(
        name="reconciler",
        help="Keep a GitLab estate's third-party integrations as code.",
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
