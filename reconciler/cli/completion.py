"""`reconciler completion`: the script that makes a shell complete commands, options and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.command import command
from reconciler.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from reconciler.cli.session import Session

SHELLS = ("bash", "zsh", "fish", "powershell")


@command(
    "completion",
    "Print the completion script of a shell",
    examples=[
        ("reconciler completion bash > ~/.local/share/bash-completion/completions/reconciler", "install it for bash"),
        ("reconciler completion zsh > ~/.zfunc/_reconciler", "install it for zsh"),
    ],
)
@click.argument("shell", type=click.Choice(SHELLS))
def cli(session: Session, shell: str) -> int:
    """Print the completion script of a shell.

    Names and help come from a table: nothing is read and nobody is asked while you type.
    """
    from click.shell_completion import get_completion_class

    from reconciler.cli.main import root
    from reconciler.output import machine

    made = get_completion_class(shell)
    if made is None:
        raise UsageError(f"the installed click knows no completion for {shell}", hint="update click to 8.5 or newer")
    script = made(root(), {}, "reconciler", "_RECONCILER_COMPLETE").source() + "\n"
    session.answer_text(script, lambda: machine.document("completion", shell=shell, script=script))
    return ExitCode.DONE
