"""Integrations of groups: who inherits, what an edit reaches, and that a deletion stops it everywhere."""

from __future__ import annotations

import pytest

from reconciler.core.errors import UnsafePlan
from reconciler.core.plan import Reason, StepAction
from reconciler.core.report import ExitCode
from reconciler.sandbox.faults import check_faults
from tests.scenarios.harness import Story

GROUP = """
    group: myorg
    integrations:
      chat:
        type: slack
        webhook_url: ${env:SLACK}
        channel: "#ops"
        events: [push]
"""
HEIRS = ["myorg/api", "myorg/myproject", "myorg/portal", "myorg/shop", "myorg/web"]


@pytest.fixture
def group(story: Story) -> Story:
    story.environ["SLACK"] = "https://hooks.slack.com/services/T/B/hush"
    story.write("group.yaml", GROUP)
    assert story.apply().exit_code is ExitCode.DONE
    story.clock.advance(1)
    return story


def active(story: Story, project: str) -> list[str]:
    found = story.ask("GET", f"/projects/{project.replace('/', '%2F')}/integrations")
    return [f"{one['slug']}{' inherited' if one['inherited'] else ''}" for one in found]


def test_a_groups_integration_reaches_its_projects(group: Story) -> None:
    assert group.plan().is_empty
    assert active(group, "myorg/shop") == ["slack inherited"]


def test_an_edit_of_a_groups_integration_names_who_inherits_it(group: Story) -> None:
    group.write("group.yaml", GROUP.replace("#ops", "#new"))

    step = group.plan().steps[0]
    assert step.notes == (f"inherited by {', '.join(HEIRS)}",)
    group.apply()
    group.clock.advance(1)
    assert group.ask("GET", "/projects/myorg%2Fshop/integrations/slack")["properties"]["channel"] == "#new"


def test_a_deletion_stops_the_integration_on_its_inheritors_too(group: Story) -> None:
    group.write("group.yaml", "templates: {}\n---\nproject: myorg/web\nwebhooks: {x: {url: https://x.example}}\n")
    plan = group.plan()
    deletions = [s for s in plan.steps if s.action is StepAction.DELETE]
    assert [s.scope.path for s in deletions] == [*HEIRS, "myorg"]
    assert {s.reasons for s in deletions[:-1]} == {(Reason.INHERITED,)}
    assert deletions[-1].needs == tuple(step.address for step in deletions[:-1])

    assert group.apply().exit_code is ExitCode.DONE
    group.clock.advance(1)
    assert [active(group, project) for project in HEIRS] == [[]] * 5
    assert group.plan().is_empty


@pytest.mark.parametrize("after", [GROUP.replace("#ops", "#new"), ""], ids=["edit", "deletion"])
def test_a_project_that_cannot_be_read_blocks_what_it_may_inherit(group: Story, after: str) -> None:
    group.write("group.yaml", after + "\n---\nproject: myorg/web\nwebhooks: {x: {url: https://x.example}}\n")
    unseen = {"match": {"method": "GET", "path": "/api/v4/projects/*shop/integrations"}, "do": "status", "value": 403}
    group.sandbox.world.faults = check_faults(unseen)

    plan = group.plan()
    assert [step.address for step in plan.steps] == ["myorg/web:webhooks.x"]
    assert [one.address for one in plan.blocked] == ["myorg:integrations.chat"]
    assert plan.blocked[0].reason.startswith("who inherits it cannot be known: `myorg/shop`: ")


def test_a_project_with_own_settings_is_left_alone_by_the_groups_deletion(group: Story) -> None:
    own = {"webhook": "https://hooks.slack.com/services/T/B/own", "use_inherited_settings": False}
    group.ask("PUT", "/projects/myorg%2Fshop/integrations/slack", own)
    group.write("group.yaml", "project: myorg/web\nwebhooks: {x: {url: https://x.example}}\n")

    group.apply()
    assert active(group, "myorg/shop") == ["slack"]


def test_a_project_that_was_switched_off_stays_off_when_the_group_changes(group: Story) -> None:
    project = "project: myorg/shop\nintegrations: {{chat: {{type: slack, {}}}}}\n"
    group.write("shop.yaml", project.format("webhook_url: '${env:SLACK}', channel: '#own'"))
    assert group.apply().exit_code is ExitCode.DONE
    group.write("shop.yaml", "project: myorg/shop\nwebhooks: {x: {url: https://x.example}}\n")
    assert group.apply().exit_code is ExitCode.DONE

    group.write("group.yaml", GROUP.replace("#ops", "#new"))
    group.apply()
    group.clock.advance(1)
    assert active(group, "myorg/shop") == []


def test_a_project_may_say_that_it_inherits(group: Story) -> None:
    own = {"webhook": "https://hooks.slack.com/services/T/B/own", "use_inherited_settings": False}
    group.ask("PUT", "/projects/myorg%2Fshop/integrations/slack", own)
    group.write("shop.yaml", "project: myorg/shop\nintegrations: {chat: {type: slack, inherit: true}}\n")

    assert group.apply().exit_code is ExitCode.DONE
    group.clock.advance(1)
    assert active(group, "myorg/shop") == ["slack inherited"]
    assert group.plan().is_empty


INHERITS = "project: myorg/shop\nintegrations: {chat: {type: slack, inherit: true}}\n"


def test_an_edit_names_projects_that_say_that_they_inherit_as_well(group: Story) -> None:
    group.write("shop.yaml", INHERITS)
    group.apply()
    group.write("group.yaml", GROUP.replace("#ops", "#new"))

    assert group.plan().steps[0].notes == (f"inherited by {', '.join(HEIRS)}",)


def test_what_says_that_it_inherits_stops_the_deletion_of_what_it_inherits(group: Story) -> None:
    """GitLab would leave it active with the old settings, and nothing would ever show that."""
    group.write("shop.yaml", INHERITS)
    group.apply()
    (group.folder / "manifests" / "group.yaml").unlink()

    aimed = group.plan(targets=("myorg:integrations.chat",))
    assert [one.address for one in aimed.problems] == ["myorg/shop:integrations.chat"]
    assert "myorg/shop" not in [step.scope.path for step in aimed.steps]
    (problem,) = group.plan().problems
    assert (problem.summary, problem.address) == ("nothing to inherit", "myorg/shop:integrations.chat")
    assert problem.place is not None
    assert problem.place.file == "manifests/shop.yaml"
    with pytest.raises(UnsafePlan, match="nothing to inherit"):
        group.apply()
    assert active(group, "myorg/web") == ["slack inherited"]


def test_a_group_and_what_inherits_from_it_are_deleted_together_each_once(group: Story) -> None:
    group.write("shop.yaml", INHERITS)
    group.apply()
    (group.folder / "manifests" / "group.yaml").unlink()
    group.write("shop.yaml", "project: myorg/shop\nwebhooks: {x: {url: https://x.example}}\n")

    plan = group.plan()
    assert sorted(s.scope.path for s in plan.steps if s.action is StepAction.DELETE) == ["myorg", *HEIRS]
    assert group.apply(allow_deletes=2).exit_code is ExitCode.DONE
    group.clock.advance(1)
    assert [active(group, project) for project in HEIRS] == [[]] * 5
    assert group.plan().is_empty
