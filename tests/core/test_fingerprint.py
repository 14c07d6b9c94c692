"""A fingerprint moves with what a plan was made from, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.fingerprint import NOTHING_THERE, fingerprint, parts
from reconciler.core.live import ABSENT, Live, Presence
from tests.core.objects import CHAT, live_of, record_of, resource, secret

SLACK = resource(CHAT, webhook_url=secret("hush"), channel="#ops")
RECORD, LIVE = record_of(SLACK), live_of(SLACK)
BEFORE = parts(fingerprint(RECORD, LIVE))


@pytest.mark.parametrize(
    "live",
    [
        live_of(SLACK, channel="#moved"),
        live_of(SLACK, id=8),
        ABSENT,
        Live(Presence.UNKNOWN, reason="403"),
    ],
    ids=["an owned field", "another object", "gone", "not to be seen"],
)
def test_what_moves_a_live_object_moves_its_half(live: Live) -> None:
    recorded, seen = parts(fingerprint(RECORD, live))

    assert recorded == BEFORE[0]
    assert seen != BEFORE[1]


def test_a_field_that_nobody_owns_moves_nothing() -> None:
    moved = live_of(SLACK, quiet=False, updated_at="2026-02-02T00:00:00.000Z")

    assert parts(fingerprint(RECORD, moved)) == BEFORE


def test_every_field_counts_of_an_object_that_is_not_ours_yet() -> None:
    assert fingerprint(None, LIVE) != fingerprint(None, live_of(SLACK, quiet=False))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 8},
        {"fields": {**RECORD.fields, "channel": "#new"}},
        {"digests": {"webhook_url": "k1:other"}},
        {"condition": "undelivered"},
        {"address": "myorg/shop:integrations.other"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_changes_a_record_moves_its_half(changes: dict[str, Any]) -> None:
    recorded, seen = parts(fingerprint(replace(RECORD, **changes), LIVE))

    assert recorded != BEFORE[0]
    assert seen == BEFORE[1]


def test_what_a_record_keeps_for_people_moves_nothing() -> None:
    assert parts(fingerprint(replace(RECORD, source="moved.yaml", local={"project_key": "P"}), LIVE)) == BEFORE


def test_nothing_there_is_neither_recorded_nor_live() -> None:
    assert fingerprint(None, ABSENT) == NOTHING_THERE != fingerprint(RECORD, ABSENT)
    assert parts(NOTHING_THERE)[0] != BEFORE[0]
