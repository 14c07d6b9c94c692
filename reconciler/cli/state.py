"""`reconciler state`: look at the record and repair it. GitLab's objects are never touched here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.command import group
from reconciler.cli.consent import ask, auto_approve_option, require_someone
from reconciler.core.errors import ExitCode, ReconcilerError
from reconciler.output.document import table

if TYPE_CHECKING:
    from reconciler.cli.session import Session


@group(
    "state",
    "Look at the record and repair it",
    examples=[
        ("reconciler state list", "every recorded resource"),
        ("reconciler state mv myorg/shop:webhooks.old myorg/shop:webhooks.new", "follow a renaming"),
    ],
)
def cli() -> None:
    """Look at the record and repair it.

    Nothing in GitLab is changed by these commands.
    """


@cli.command(
    "list",
    short_help="List every recorded resource",
    examples=[
        ("reconciler state list", "addresses, kinds and ids"),
        ("reconciler state list -o json", "with fields; of secrets only the names"),
    ],
)
def list_(session: Session) -> int:
    """List every recorded resource."""
    from reconciler.cli.show import show_records

    return show_records(session)


@cli.command(
    "show",
    short_help="Show one record in full",
    examples=[
        ("reconciler state show myorg/shop:integrations.chat", "its fields as last applied"),
        ("reconciler state show myorg/shop:integrations.chat -o json", "the same for a program"),
    ],
)
@click.argument("address")
def show(session: Session, address: str) -> int:
    """Show one record in full; of secrets only the names."""
    from reconciler.cli.show import show_record

    return show_record(session, address)


@cli.command(
    "mv",
    short_help="Give a record another address",
    examples=[
        ("reconciler state mv myorg/shop:webhooks.old myorg/shop:webhooks.new", "follow a renaming in a manifest"),
        ("reconciler state mv old/shop:webhooks.deploy new/shop:webhooks.deploy", "follow a moved project"),
    ],
)
@click.argument("old")
@click.argument("new")
def move(session: Session, old: str, new: str) -> int:
    """Give a record another address; an entry's variables, mirrors and other parts go with it."""
    with session.workspace() as workspace:
        session.engine.state_mv(workspace, old, new)
    return session.done(f"{old} is recorded as {new} now")


@cli.command(
    "forget",
    short_help="Drop records; the objects stay in GitLab",
    examples=[
        ("reconciler state forget myorg/shop:webhooks.deploy", "stop keeping one object, leave it as it is"),
        ("reconciler state forget myorg/a:webhooks.x myorg/b:webhooks.x", "several at once"),
    ],
)
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
def forget(session: Session, addresses: tuple[str, ...]) -> int:
    """Drop records; the objects stay in GitLab. An entry's address means its variables, mirrors and other parts too."""
    with session.workspace() as workspace:
        for address in addresses:
            session.engine.state_forget(workspace, address)
    return session.done(f"forgotten: {', '.join(addresses)}")


@cli.command(
    "unlock",
    short_help="Break the lock of a run that is no more",
    examples=[
        ("reconciler state unlock 4b0c…", "the id is in the message of who was refused"),
        ("reconciler state unlock 4b0c… --state gitlab:infra/state", "of another state"),
    ],
)
@click.argument("lock_id")
def unlock(session: Session, lock_id: str) -> int:
    """Break the lock of a run that is no more.

    Make sure that the run which holds it has ended: two runs at once would both write.
    """
    with session.workspace() as workspace:
        session.engine.state_unlock(workspace, lock_id)
    return session.done("unlocked")


@cli.command(
    "history",
    short_help="List the kept versions",
    examples=[
        ("reconciler state history", "newest first"),
        ("reconciler state history -o json", "the same for a program"),
    ],
)
def history(session: Session) -> int:
    """List the kept versions, newest first."""
    from reconciler.output import machine

    with session.workspace() as workspace:
        kept = session.engine.state_history(workspace)
    rows = [(str(version.serial), version.at, str(version.size)) for version in kept]
    session.answer(lambda: [table(("SERIAL", "WRITTEN", "BYTES"), rows)], lambda: machine.versions(kept))
    return ExitCode.DONE


@cli.command(
    "restore",
    short_help="Go back to a kept version",
    examples=[
        ("reconciler state restore 41", "the newest state gets the contents of serial 41"),
        ("reconciler state restore 41 --auto-approve", "without asking"),
    ],
)
@click.argument("serial", type=click.IntRange(min=0))
@auto_approve_option
def restore(session: Session, serial: int, auto_approve: bool) -> int:
    """Go back to a kept version; it becomes the newest one under a new serial."""
    require_someone(session, auto_approve=auto_approve)
    ask(session, f"Restore serial {serial}?", auto_approve=auto_approve)
    with session.workspace() as workspace:
        session.engine.state_restore(workspace, serial)
    return session.done(f"restored serial {serial}; look at `reconciler plan` before anything else")


@cli.command(
    "pull",
    short_help="Print the state as it is stored",
    examples=[
        ("reconciler state pull > backup.json", "keep a copy"),
        ("reconciler state pull --state gitlab:infra/state", "of another state"),
    ],
)
def pull(session: Session) -> int:
    """Print the state as it is stored: no secrets, but digests of them."""
    with session.workspace() as workspace:
        body = session.engine.state_pull(workspace)
    session.write(body.decode("utf-8", "replace"))
    return ExitCode.DONE


@cli.command(
    "push",
    short_help="Replace the state by a file's",
    examples=[
        ("reconciler state push backup.json", "must be of the same lineage, and newer"),
        ("reconciler state push - --auto-approve < backup.json", "from the standard input"),
    ],
)
@click.argument("file")
@auto_approve_option
def push(session: Session, file: str, auto_approve: bool) -> int:
    """Replace the state by a file's; `-` is the standard input."""
    require_someone(session, auto_approve=auto_approve)
    try:
        body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise ReconcilerError(f"{file}: the state cannot be read: {error.strerror}") from error
    ask(session, f"Replace the state by {file}?", auto_approve=auto_approve)
    with session.workspace() as workspace:
        session.engine.state_push(workspace, body)
    return session.done(f"pushed {file}")
