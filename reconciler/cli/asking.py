"""What commands that ask something of an entry share: parameters from words and files, results, exit codes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.core.errors import ExitCode, ReconcilerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.cli.session import Session
    from reconciler.core.value import Plain

_FAILED = frozenset({"failed", "canceled", "cancelled", "error"})


def parameters_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `-p key=value`."""
    return click.option(
        "-p",
        "--parameter",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        help="A parameter, repeatable; NAME=@FILE is a file's text (@- the standard input), NAME.KEY=VALUE one item.",
    )(function)


def stated(parameters: Sequence[str]) -> dict[str, object]:
    """Parameters as they were given; one that is given several times is a list. Raises `UsageError`."""
    found: dict[str, object] = {}
    for given in parameters:
        name, equals, value = given.partition("=")
        if not (equals and name):
            raise UsageError(f"`{given[:80]}` is no parameter", hint="write NAME=VALUE")
        text = _text(value)
        before = found.get(name)
        if before is None:
            found[name] = text
        else:
            found[name] = [*before, text] if isinstance(before, list) else [before, text]
    return found


def ask(session: Session, address: str, action: str, parameters: Mapping[str, object]) -> int:
    """Do what is asked, show the result; the exit code says whether it went well."""
    with session.workspace() as workspace:
        result = session.engine.act(workspace, address, action, parameters)
    show(session, address, action, result)
    return ExitCode.FAILED if went_wrong(result) else ExitCode.DONE


def show(session: Session, address: str, action: str, result: Mapping[str, Plain]) -> None:
    """Show the result of an action."""
    from reconciler.output import machine
    from reconciler.output.document import Span, Style, line
    from reconciler.output.human.record import nested

    told = {name: value for name, value in result.items() if value not in (None, (), {})}
    look = Style.BAD if went_wrong(result) else Style.GOOD
    first = line(Span(action, look), " ", Span(address, Style.NAME))
    session.answer(
        lambda: [first, *nested(told, indent=2)],
        lambda: machine.document("result", address=address, action=action, result=dict(result)),
    )


def went_wrong(result: Mapping[str, Plain]) -> bool:
    """Whether an action that came to its end says that what it asked for failed."""
    return result.get("success") is False or str(result.get("status")).lower() in _FAILED


# ---------------------------------------------------------------------------------------------------------------------


def _text(value: str) -> str:
    """A value; what begins with `@` is a file's text, `@@` stands for one `@`."""
    if not value.startswith("@"):
        return value
    if value.startswith("@@"):
        return value[1:]
    try:
        return sys.stdin.read() if value == "@-" else Path(value[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ReconcilerError(f"{value[1:]}: the parameter cannot be read: {reason}") from error
