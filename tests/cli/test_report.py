"""The estate at a glance, from what is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.health import HealthResult
from reconciler.core.overview import Overview
from reconciler.core.plan import Change, Mover, Plan
from reconciler.core.resource import Health, Primitive
from reconciler.core.state import Record, State
from reconciler.output.overview import of_overview, overview
from reconciler.output.reports import WRITERS
from reconciler.output.terminal import plain_text
from tests.cli.test_on_the_sandbox import Sandboxed, data, sandboxed

__all__ = ["sandboxed"]

SHOP = Scope(ScopeType.PROJECT, "myorg/shop")
CHAT, ERRORS = "myorg/shop:integrations.chat", "myorg/shop:integrations.errors"


def record(address: str, primitive: Primitive, kind: str, **more: object) -> Record:
    return Record(address, primitive, kind, kind, SHOP, 1, **more)  # type: ignore[arg-type]


STATE = State("lineage", "salt", serial=7)
for one in (
    record(CHAT, Primitive.INTEGRATION, "slack", digests={"webhook_url": ""}),
    record(f"{ERRORS}/variable.SENTRY_DSN", Primitive.VARIABLE, "sentry"),
    record(f"{ERRORS}/variable.SENTRY_RELEASE", Primitive.VARIABLE, "sentry"),
    record("myorg/shop:webhooks.deploy", Primitive.HOOK, "webhook", condition="undelivered"),
):
    STATE = STATE.with_record(one)
ESTATE = Overview(
    STATE,
    "2026-11-06T10:30:00+00:00",
    "production",
    "https://gitlab.acme.example",
    open=("myorg/shop:webhooks.deploy",),
    health=(
        HealthResult(CHAT, "slack", Health.UNHEALTHY, 12, "2026-11-06T10:00:00Z", "the webhook is gone"),
        HealthResult(ERRORS, "sentry", Health.HEALTHY, 9, "2026-11-06T10:00:00Z", "it answers"),
    ),
    drift=Plan(drift={CHAT: (Change("channel", "#ops", "#mine", "#ops", Mover.OUTSIDE),)}, gone=(ERRORS,)),
)


def test_the_document_says_what_is_there_and_what_is_wrong() -> None:
    assert plain_text(overview(ESTATE)) == (
        "4 resources at 1 scope, serial 7.\n"
        "\n"
        "KIND     COUNT\n"
        "sentry   1\n"
        "slack    1\n"
        "webhook  1\n"
        "\n"
        "SCOPE       COUNT\n"
        "myorg/shop  4\n"
        "\n"
        "Left open by an interrupted run, settled by the next apply:\n"
        "  myorg/shop:webhooks.deploy\n"
        "\n"
        "1 resource with credentials that were not delivered\n"
        "1 resource with secrets of which nothing is known yet\n"
        "\n"
        "Health when it was checked last: 1 healthy, 1 unhealthy.\n"
        "HEALTH     ADDRESS                       CHECKED               WHAT\n"
        "unhealthy  myorg/shop:integrations.chat  2026-11-06T10:00:00Z  the webhook is gone\n"
        '  myorg/shop:integrations.chat  channel: "#ops" → "#mine"\n'
        "  myorg/shop:integrations.errors  removed outside\n"
        "1 drifted, 1 removed outside.\n"
    )


@pytest.mark.parametrize("form", ["html", "markdown", "json", "metrics"])
def test_every_form_tells_what_is_wrong(form: str) -> None:
    written = WRITERS[form](of_overview(ESTATE), {})

    assert "unhealthy" in written
    assert "drifted" in written


def test_metrics_are_figures_with_one_label() -> None:
    rows = WRITERS["metrics"](of_overview(ESTATE), {}).splitlines()

    assert {
        'reconciler_entries{is="sentry"} 1.0',
        'reconciler_health{is="unhealthy"} 1.0',
        "reconciler_state_serial 7.0",
        "reconciler_open_steps 1.0",
        "reconciler_drifted 2.0",
    } <= set(rows)


def test_reports_of_a_sandbox_are_made_without_asking_and_written_where_wanted(
    sandboxed: Sandboxed, tmp_path: Path
) -> None:
    assert sandboxed("apply", "--auto-approve")[0] == 0

    found = data(sandboxed("report", "json"))
    assert (found["serial"] > 0, found["resources"] >= 4, found["drift"]) == (True, True, None)
    assert data(sandboxed("report", "json", "--drift"))["drift"]["drifted"] == []
    assert sandboxed("report", "html", "--out", "public/index.html") == (0, "", "")
    assert (tmp_path / "public" / "index.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "canary" not in json.dumps(found)


def test_a_report_of_nothing_is_a_report(sandboxed: Sandboxed) -> None:
    assert data(sandboxed("report", "json"))["resources"] == 0
    assert sandboxed("report", "yaml")[0] == 64
