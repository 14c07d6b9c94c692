"""Colour rules, cleaning, JSON text, progress."""

from __future__ import annotations

import io
import json

import pytest

from reconciler.core.events import (
    ApplyStarted,
    Progress,
    Refreshed,
    RefreshStarted,
    RequestSent,
    Settled,
    StepDone,
    StepFailed,
    StepSkipped,
    StepStarted,
    Waiting,
    Warned,
)
from reconciler.output import machine
from reconciler.output.clean import clean
from reconciler.output.colour import wants_colour
from reconciler.output.progress import HEARTBEAT, BarProgress, LineProgress
from reconciler.output.terminal import Screen


@pytest.mark.parametrize(
    ("when", "environ", "terminal", "coloured"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"CLICOLOR_FORCE": "0"}, False, False),
        ("auto", {"CLICOLOR": "0"}, True, False),
        ("auto", {"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True, True),
        ("auto", {"CLICOLOR": "1"}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"GITLAB_CI": "true"}, False, True),
        ("auto", {"GITLAB_CI": "true", "NO_COLOR": "1"}, False, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_who_decides_on_colour(when: str, environ: dict[str, str], terminal: bool, coloured: bool) -> None:
    assert wants_colour(when, environ, terminal) is coloured


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil\x07link\x1b]8;;\x07", "link"),
        ("\x9b31mred", "red"),
        ("a\x00b\x08c", "abc"),
        ("a\r\nb\rc\td", "a⏎b⏎c d"),
        ("abc\u202ecba", "abccba"),
        ("zero\u200bwidth", "zerowidth"),
        ("größe → 日本", "größe → 日本"),
        ("\x1b", ""),
    ],
)
def test_text_is_cleaned(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_json_text_has_a_line_per_entry_and_is_ascii() -> None:
    text = machine.text({"format_version": 1, "rows": [{"a": 1}, {"b": "\x9bé"}], "none": [], "map": {"x": 1}})

    assert text.isascii()
    assert json.loads(text) == {"format_version": 1, "rows": [{"a": 1}, {"b": "\x9bé"}], "none": [], "map": {"x": 1}}
    assert '    {"a": 1},\n' in text


class Ticks:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


EVENTS = (
    RefreshStarted(2),
    Refreshed("myorg/shop", "hook"),
    Settled("a:webhooks.x", "create", "it was created"),
    ApplyStarted(3),
    StepStarted("a:webhooks.x", "create"),
    StepDone("a:webhooks.x", "create", 1.23),
    StepFailed("a:webhooks.y", "update", "422", "allow it"),
    StepSkipped("a:webhooks.z", "delete", "a:webhooks.y failed"),
    Waiting(30, "the server asked for patience"),
    Warned("careful", "do this"),
    RequestSent("GET", "/api/v4/x", 200, 12),
)


@pytest.mark.parametrize(
    ("level", "rows"),
    [
        (
            0,
            [
                "settled create a:webhooks.x: it was created",
                "[1/3] create a:webhooks.x done in 1.2 s",
                "[2/3] update a:webhooks.y: 422",
                "    hint: allow it",
                "[3/3] delete a:webhooks.z skipped: a:webhooks.y failed",
                "waiting 30 s: the server asked for patience",
                "warning: careful",
                "  hint: do this",
            ],
        ),
        (
            -1,
            [
                "[2/3] update a:webhooks.y: 422",
                "    hint: allow it",
                "[3/3] delete a:webhooks.z skipped: a:webhooks.y failed",
                "warning: careful",
                "  hint: do this",
            ],
        ),
    ],
)
def test_without_a_terminal_every_event_is_a_line(level: int, rows: list[str]) -> None:
    stream = io.StringIO()
    with LineProgress(Screen(stream), level=level, clock=Ticks()) as progress:
        for event in EVENTS:
            progress.on_event(event)

    assert stream.getvalue().splitlines() == rows


def test_verbose_progress_says_every_request() -> None:
    stream = io.StringIO()
    LineProgress(Screen(stream), level=1, clock=Ticks()).on_event(EVENTS[-1])

    assert stream.getvalue() == "GET /api/v4/x → 200 in 12 ms\n"


def test_long_reading_shows_a_sign_of_life_now_and_then() -> None:
    stream, ticks = io.StringIO(), Ticks()
    progress = LineProgress(Screen(stream), clock=ticks)
    progress.on_event(RefreshStarted(1000))
    for _ in range(80):
        ticks.at += HEARTBEAT / 40
        progress.on_event(Refreshed("x", "hook"))

    assert stream.getvalue() == "[  40/1000] reading GitLab\n[  80/1000] reading GitLab\n"


def test_a_closed_stream_is_silence_not_an_error() -> None:
    stream = io.StringIO()
    progress = LineProgress(Screen(stream), clock=Ticks())
    stream.close()

    for event in EVENTS:
        progress.on_event(event)


def test_the_bar_says_failures_and_warnings_above_itself() -> None:
    stream = io.StringIO()
    with BarProgress(Screen(stream, colour=True, width=100)) as progress:
        for event in (*EVENTS, Progress("splitting", 1, 4)):
            progress.on_event(event)

    assert "422" in stream.getvalue()
    assert "careful" in stream.getvalue()
