"""`reconciler webhooks`: test declared webhooks, and look at what GitLab sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.asking import ask, parameters_option, stated
from reconciler.cli.command import group
from reconciler.core.errors import UsageError

if TYPE_CHECKING:
    from reconciler.cli.session import Session

_ADDRESS = "myorg/shop:webhooks.deploy"


@group(
    "webhooks",
    "Test webhooks, and look at what was sent",
    examples=[
        (f"reconciler webhooks test {_ADDRESS}", "let GitLab send a sample"),
        (f"reconciler webhooks stats {_ADDRESS}", "count, success rate, latency, last triggered"),
    ],
)
def cli() -> None:
    """Test webhooks, and look at what was sent."""


@cli.command(
    "test",
    short_help="Let GitLab send a sample",
    examples=[
        (f"reconciler webhooks test {_ADDRESS}", "of the first event that the webhook is for"),
        (f"reconciler webhooks test {_ADDRESS} --event pipeline", "of another one"),
    ],
)
@click.argument("address")
@click.option("--event", metavar="NAME", help="Event whose sample is sent.")
def test(session: Session, address: str, event: str | None) -> int:
    """Let GitLab send a sample.

    A good one revives a webhook that GitLab has switched off. Five a minute are allowed.
    """
    return ask(session, address, "test", {"event": event} if event else {})


@cli.command(
    "trigger",
    short_help="Post a payload to the receiver ourselves",
    examples=[
        (f"reconciler webhooks trigger {_ADDRESS} -p event_type=pipeline -p status=success", "with GitLab's headers"),
        (f"reconciler webhooks trigger {_ADDRESS} --payload payload.json --event pipeline", "a payload from a file"),
    ],
)
@click.argument("address")
@parameters_option
@click.option("--payload", metavar="FILE", help="JSON file with the payload (- is the standard input).")
@click.option("--event", metavar="NAME", help="Event that the headers name.")
def trigger(session: Session, address: str, parameters: tuple[str, ...], payload: str | None, event: str | None) -> int:
    """Post a payload to the receiver ourselves, with GitLab's headers and the webhook's token. GitLab is not asked."""
    if bool(payload) == bool(parameters):
        raise UsageError("there is one payload", hint="give -p NAME=VALUE, or --payload FILE")
    body: object = stated(parameters) if parameters else stated([f"payload=@{payload}"])["payload"]
    return ask(session, address, "trigger", {"payload": body, **({"event": event} if event else {})})


@cli.command(
    "events",
    short_help="List the last deliveries",
    examples=[
        (f"reconciler webhooks events {_ADDRESS}", "newest first, of the last 7 days"),
        (f"reconciler webhooks events {_ADDRESS} --status server_failure", "only those that failed there"),
    ],
)
@click.argument("address")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="How many.")
@click.option("--status", metavar="STATUS", help="Status codes, successful, client_failure or server_failure.")
def events(session: Session, address: str, limit: int, status: str | None) -> int:
    """List the last deliveries."""
    return ask(session, address, "events", {"limit": limit, **({"status": status} if status else {})})


@cli.command(
    "resend",
    short_help="Let GitLab send a delivery again",
    examples=[
        (f"reconciler webhooks resend {_ADDRESS}", "the last one that failed"),
        (f"reconciler webhooks resend {_ADDRESS} 1203", "this one; ids are in `events`"),
    ],
)
@click.argument("address")
@click.argument("event", required=False)
def resend(session: Session, address: str, event: str | None) -> int:
    """Let GitLab send a delivery again: the same data under the same key."""
    return ask(session, address, "resend", {"event": event} if event else {})


@cli.command(
    "stats",
    short_help="Count deliveries, successes and times",
    examples=[
        (f"reconciler webhooks stats {_ADDRESS}", "over GitLab's log of 7 days"),
        (f"reconciler webhooks stats {_ADDRESS} -o json", "for a program"),
    ],
)
@click.argument("address")
def stats(session: Session, address: str) -> int:
    """Count deliveries, successes and times, over GitLab's log of 7 days."""
    return ask(session, address, "stats", {})
