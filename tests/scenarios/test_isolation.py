"""Failures isolate: what can go on goes on, and everything else says why it did not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from reconciler.core.errors import ExitCode, StateError
from reconciler.core.plan import StepAction
from reconciler.core.report import StepStatus
from reconciler.sandbox.faults import check_faults
from tests.scenarios.harness import Story

HOOKS = "project: myorg/shop\nwebhooks:\n" + "".join(
    f"  h{n}: {{url: 'https://in.acme.example/{n}', events: [push], secret_token: '${{env:HOOK}}'}}\n" for n in range(5)
)
TRACKER = """
    project: myorg/shop
    integrations:
      tracker: {{type: {}, project_url: 'https://t', issues_url: 'https://t/:id', new_issue_url: 'https://t/new'}}
    webhooks:
      deploy: {{url: 'https://in.acme.example/{}', events: [push]}}
"""


@dataclass
class AskedAfter:
    """Somebody asks the run to stop once it has looked for that so many times."""

    looks: int
    exit_code: ExitCode = ExitCode.INTERRUPTED

    def is_set(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def hooks(story: Story) -> list[str]:
    return sorted(row["url"] for row in story.ask("GET", "/projects/myorg%2Fshop/hooks"))


def test_what_needs_something_that_failed_is_skipped_and_the_rest_is_done(story: Story) -> None:
    story.write("shop.yaml", TRACKER.format("redmine", "a"))
    story.apply()
    story.write("shop.yaml", TRACKER.format("bugzilla", "b"))
    story.sandbox.world.faults = check_faults({"match": {"method": "DELETE"}, "do": "status", "value": 403})

    report = story.apply()

    told = {(o.action, o.status): o.message for o in report.outcomes}
    assert set(told) == {
        (StepAction.DELETE, StepStatus.FAILED),
        (StepAction.CREATE, StepStatus.SKIPPED),
        (StepAction.UPDATE, StepStatus.DONE),
    }
    assert told[StepAction.CREATE, StepStatus.SKIPPED] == (
        "it needs myorg/shop:integrations.tracker/integration.redmine, which was not done"
    )
    assert report.exit_code is ExitCode.PARTIAL
    assert hooks(story) == ["https://in.acme.example/b"]

    story.sandbox.world.faults = []
    assert story.apply().exit_code is ExitCode.DONE
    assert story.plan().is_empty


@pytest.mark.parametrize(("looks", "done"), [(0, 0), (1, 2)])
def test_a_run_that_is_asked_to_stop_ends_what_it_began_and_the_next_does_the_rest(
    story: Story, looks: int, done: int
) -> None:
    story.options = {"parallelism": 1}
    story.environ["HOOK"] = "hook-token"
    story.write("shop.yaml", HOOKS)

    report = story.apply(stop=AskedAfter(looks))

    assert report.exit_code is ExitCode.INTERRUPTED
    assert len([o for o in report.outcomes if o.status is StepStatus.DONE]) == done
    left = [o for o in report.outcomes if o.status is StepStatus.SKIPPED]
    assert [o.message for o in left] == ["the run was interrupted"] * (5 - done)
    assert len(hooks(story)) == len(story.state().records) == done

    story.asked()
    assert story.apply().exit_code is ExitCode.DONE
    assert len(story.asked(writes=True)) == 5 - done
    assert len(hooks(story)) == 5


def test_a_damaged_journal_stops_a_run_before_it_asks_anything(story: Story) -> None:
    story.environ["HOOK"] = "hook-token"
    story.write("shop.yaml", HOOKS)
    story.apply()
    (journal,) = [*(story.folder / ".reconciler").glob("*.journal")] or [
        story.folder / ".reconciler" / "state.json.journal"
    ]
    journal.write_text('{"run":{"lineage":1}}\nno line of ours\n', encoding="utf-8")
    story.asked()

    with pytest.raises(StateError, match=r"the journal beside .* is damaged: line"):
        story.apply()
    assert story.asked(writes=True) == []


def test_a_state_written_with_a_key_is_not_written_without_it(story: Story) -> None:
    story.environ["HOOK"] = "hook-token"
    story.write("shop.yaml", HOOKS)
    story.apply()
    del story.environ["RECONCILER_STATE_KEY"]
    story.asked()

    assert story.plan().is_empty
    with pytest.raises(StateError, match="RECONCILER_STATE_KEY, which is not set"):
        story.apply()
    assert story.asked(writes=True) == []


def test_two_hooks_of_one_name_are_nobodys_until_one_is_left(story: Story) -> None:
    story.environ["HOOK"] = "hook-token"
    for path in ("x", "y"):
        story.ask("POST", "/projects/myorg%2Fshop/hooks", {"url": f"https://by.hand.example/{path}", "name": "h0"})
    story.write("shop.yaml", HOOKS)

    plan = story.plan()

    assert len(plan.steps) == 4
    assert [one.address for one in plan.blocked] == ["myorg/shop:webhooks.h0"]
    assert "there have the same name `h0`; remove all but one" in plan.blocked[0].reason
