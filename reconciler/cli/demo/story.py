"""The guided run, scene by scene: what is said, what is run, and the exit code that must come out."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.cli.demo.stage import SECRETS, Stage, end, wait_until
from reconciler.core.errors import ReconcilerError

CHAT = "/api/v4/projects/myorg%2Fshop/integrations/slack"
FLEET = ("shop", "web", "api", "portal", "myproject")
_SLOW = {"match": {"method": "POST", "path": "/api/v4/projects/*/hooks"}, "do": "latency", "value": "150ms"}


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells the story: `say` a sentence, `heading` of a scene, `quote` a file or a command, `gap` a free line."""

    say: Callable[[str], None]
    heading: Callable[[str], None]
    quote: Callable[[str], None]
    gap: Callable[[], None]


def tell(stage: Stage, teller: Teller) -> None:
    """Play every scene; raises `ReconcilerError` when a command does not end as it must."""
    for title, scene in SCENES:
        teller.heading(title)
        scene(stage, teller)


def run(stage: Stage, teller: Teller, *arguments: str, exits: int = 0) -> None:
    """Show a command, run it, and hold it to its exit code."""
    teller.quote(f"$ reconciler {' '.join(arguments)}")
    code = stage.run(*arguments)
    teller.gap()
    if code != exits:
        raise ReconcilerError(
            f"the demo expected exit code {exits} of `reconciler {' '.join(arguments)}` and got {code}",
            hint=f"everything is in {stage.folder}",
        )


# ---------------------------------------------------------------------------------------------------------------------


def _write(stage: Stage, teller: Teller) -> None:
    teller.say(f"A pretend GitLab listens on {stage.url}. This is what a project shall have:")
    _show(teller, stage.add("quickstart.yaml"))
    teller.say(f"Its secrets come from the environment: {', '.join(SECRETS)}.")
    run(stage, teller, "validate")


def _plan(stage: Stage, teller: Teller) -> None:
    run(stage, teller, "plan")


def _apply(stage: Stage, teller: Teller) -> None:
    run(stage, teller, "apply", "--auto-approve")
    teller.say("A second plan has nothing to do, and says so with its exit code:")
    run(stage, teller, "plan", "--detailed-exitcode")


def _drift(stage: Stage, teller: Teller) -> None:
    teller.say("Somebody changes the channel in GitLab's web pages, and which events the webhook is sent.")
    stage.call("PUT", CHAT, {"webhook": SECRETS["SLACK_WEBHOOK_URL"], "channel": "#random"})
    hook = stage.hooks("myorg/shop")[0]
    path = f"/api/v4/projects/myorg%2Fshop/hooks/{hook['id']}"
    stage.call("PUT", path, {"url": hook["url"], "job_events": True, "pipeline_events": False})
    run(stage, teller, "drift", "--detailed-exitcode", exits=2)
    teller.say("Drift is told apart from change, field by field. Applying repairs it:")
    run(stage, teller, "apply", "--auto-approve")


def _health(stage: Stage, teller: Teller) -> None:
    teller.say("Configured is not working. Health asks the services themselves, with no visible effect:")
    run(stage, teller, "health", "check")


def _kill(stage: Stage, teller: Teller) -> None:
    teller.say("Now a fleet: three webhooks for every project of the group.")
    _show(teller, stage.add("fleet.yaml"))
    stage.call("POST", "/_sandbox/faults", _SLOW)
    before = stage.writes()
    teller.quote("$ reconciler apply --auto-approve --parallelism 2 &")
    process = stage.begin("apply", "--auto-approve", "--parallelism", "2")
    try:
        if not wait_until(lambda: stage.writes() >= before + 5 or process.poll() is not None, 20.0):
            raise ReconcilerError("the apply of the fleet did not begin to write", hint=f"see {stage.folder}")
        process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        process.wait()
    finally:
        end(process)
    stage.call("DELETE", "/_sandbox/faults")
    done = sum(len(stage.hooks(f"myorg/{name}")) for name in FLEET)
    teller.quote("$ kill -9 %1")
    teller.say(f"Killed in the middle: {done} of 16 webhooks are there, and nobody was told how far it came.")


def _resume(stage: Stage, teller: Teller) -> None:
    teller.say("The same command again settles what was open by looking at GitLab, and goes on:")
    run(stage, teller, "apply", "--auto-approve")
    run(stage, teller, "plan", "--detailed-exitcode")
    urls = [(name, hook["url"]) for name in FLEET for hook in stage.hooks(f"myorg/{name}")]
    if len(urls) != 16 or len(set(urls)) != 16:
        raise ReconcilerError(f"16 webhooks should be there, {len(urls)} are", hint=f"everything is in {stage.folder}")
    teller.say("16 of 16 webhooks, none lost, none twice.")


def _show(teller: Teller, manifest: str) -> None:
    teller.quote("\n".join(row for row in manifest.rstrip().split("\n") if not row.startswith("#")))


SCENES: tuple[tuple[str, Callable[[Stage, Teller], None]], ...] = (
    ("Declare", _write),
    ("Plan: nothing is changed, and no secret is shown", _plan),
    ("Apply", _apply),
    ("Somebody edits by hand", _drift),
    ("Health", _health),
    ("An apply is killed", _kill),
    ("Resume", _resume),
)
