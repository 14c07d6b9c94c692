"""Notes for merge requests: escaped, folded, capped."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reconciler.core.plan import Plan, Reason, StepAction
from reconciler.output import markdown

from .samples import BRAKE, CREATE, EMPTY, EVIL, PLAN, step


def test_a_note_begins_with_the_marker_of_its_environment() -> None:
    assert markdown.plan(PLAN).startswith("<!-- reconciler:plan:production -->\n### Plan for ")
    assert markdown.plan(EMPTY).startswith("<!-- reconciler:plan:default -->\n### Plan: no changes\n")


def test_an_environment_cannot_close_the_marker() -> None:
    first = markdown.plan(replace(EMPTY, environment="a --> @all")).splitlines()[0]

    assert first == "<!-- reconciler:plan:a-all -->"


def test_steps_are_folded_with_their_fields_as_a_diff() -> None:
    text = markdown.plan(Plan(steps=(CREATE,)))

    assert "<details><summary>+ create <code>myorg/shop:integrations.chat</code>: newly declared</summary>" in text
    assert '\n```diff\n+ channel: "#deployments"\n' in text
    assert "+ webhook_url: (secret) ${env:SLACK_WEBHOOK_URL}  (written)" in text


def test_brakes_and_blocked_objects_stand_unfolded() -> None:
    text = markdown.plan(PLAN, brakes=(BRAKE,))

    assert "- **error**: <code>too many deletions: 25 planned, 20 at most (hint: look at the list)</code>" in text
    assert text.count("- **cannot be decided**: ") == 2


def test_values_can_neither_mention_nor_close_their_fence() -> None:
    text = markdown.plan(Plan(steps=(replace(CREATE, fields={"channel": "```\n@all\n/close"}, notes=(EVIL,)),)))
    fence = re.search(r"^(`{3,})diff$", text, re.MULTILINE)

    assert fence is not None
    body = text.split(f"{fence[1]}diff\n", 1)[1].split(f"\n{fence[1]}\n", 1)[0]
    assert "@all" in body
    assert "@all" not in text.replace(body, "")
    assert not re.search(r"^\s*/close", text, re.MULTILINE)


@pytest.mark.parametrize("text", ["@all", "#1", "!2", "`x`", "<b>", "a|b", "[x](y)", "*x*"])
def test_inline_code_is_neither_markdown_nor_a_mention(text: str) -> None:
    inside = markdown.code(text).removeprefix("<code>").removesuffix("</code>")

    assert not re.search(r"[@!`<>|\[\]*]|#(?!\d+;)", inside)


def test_a_long_note_is_cut_between_steps_and_says_how_many_are_left() -> None:
    steps = tuple(
        step(
            StepAction.CREATE, f"myorg/p{n}:webhooks.w", Reason.NEW, fields={"url": f"https://{n}.example/" + "x" * 99}
        )
        for n in range(1000)
    )
    text = markdown.plan(Plan(steps=steps))

    assert len(text.encode()) <= 60_000
    assert text.count("<details>") == text.count("</details>")
    assert re.search(r"and \d+ more, see the job's log", text)


def test_any_document_fits_a_note() -> None:
    from reconciler.output.document import line

    text = markdown.of_document([line("x" * 100)] * 5000, title="Drift", headline="many")

    assert len(text.encode()) <= 60_000
    assert "the rest is in the job's log" in text


def test_a_headline_is_not_said_again_in_the_text_below_it() -> None:
    from reconciler.output.document import line

    text = markdown.of_document([line("4 resources."), line("slack 1")], headline="4 resources.")

    assert text.count("4 resources.") == 1
    assert "```\nslack 1\n```" in text
    assert "```" not in markdown.of_document([line("4 resources.")], headline="4 resources.")
