"""Fleets: one document over many projects, and every way in which a target could go wrong without deleting anything."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.errors import InputError, UnsafePlan
from reconciler.core.plan import Reason, StepAction
from reconciler.core.report import ExitCode
from tests.scenarios.harness import Story

FLEET = """
    targets:
      projects: ["myorg/**"]
      exclude: [myorg/portal]
    webhooks:
      audit:
        url: https://audit.example/${{project.name}}
        events: [push]
    {more}
"""
MATCHED = ["myorg/api", "myorg/myproject", "myorg/shop", "myorg/web"]


@pytest.fixture
def fleet(story: Story) -> Story:
    story.write("fleet.yaml", FLEET.format(more=""))
    return story


def hooks(story: Story, project: str) -> list[str]:
    return [hook["url"] for hook in story.ask("GET", f"/projects/{project.replace('/', '%2F')}/hooks")]


def test_one_document_reaches_every_matched_project_with_its_own_values(fleet: Story) -> None:
    plan = fleet.plan()
    assert list(plan.matched) == MATCHED
    assert fleet.apply().exit_code is ExitCode.DONE

    assert [hooks(fleet, project) for project in MATCHED] == [
        [f"https://audit.example/{project.partition('/')[2]}"] for project in MATCHED
    ]
    assert hooks(fleet, "myorg/portal") == []
    assert fleet.plan().is_empty


def test_a_project_costs_one_list_and_the_group_its_pages(fleet: Story) -> None:
    fleet.apply()
    fleet.asked()

    fleet.plan()
    asked = fleet.asked()
    assert len([one for one in asked if "/hooks" in one]) == len(MATCHED)
    assert len([one for one in asked if "/groups/" in one]) == 2
    assert len(asked) == len(MATCHED) + 2


def test_a_new_project_is_named_and_gets_its_share(fleet: Story) -> None:
    fleet.apply()
    group = fleet.ask("GET", "/groups/myorg")["id"]
    fleet.ask("POST", "/projects", {"name": "new", "path": "new", "namespace_id": group})

    plan = fleet.plan()
    assert plan.matched == ("myorg/new",)
    assert [(s.action, s.scope.path) for s in plan.steps] == [(StepAction.CREATE, "myorg/new")]


def test_a_project_no_longer_matched_is_named_and_loses_it_under_the_brakes(fleet: Story) -> None:
    fleet.apply()
    fleet.write(
        "fleet.yaml", FLEET.format(more="").replace("exclude: [myorg/portal]", "exclude: [myorg/portal, myorg/web]")
    )

    plan = fleet.plan()
    assert plan.unmatched == ("myorg/web",)
    assert [(s.action, s.reasons) for s in plan.steps] == [(StepAction.DELETE, (Reason.UNMATCHED,))]
    fleet.apply()
    assert hooks(fleet, "myorg/web") == []


def test_a_project_that_left_the_glob_loses_it_at_its_new_path_under_the_brakes(fleet: Story) -> None:
    fleet.apply()
    group = fleet.ask("POST", "/groups", {"name": "other", "path": "other"})["id"]
    fleet.ask("PUT", "/projects/myorg%2Fweb/transfer", {"namespace": group})
    fleet.ask("POST", "/projects/other%2Fweb/hooks", {"url": "https://theirs.example"})
    fleet.asked()

    plan = fleet.plan()
    assert (plan.matched, plan.unmatched, plan.blocked) == ((), ("myorg/web",), ())
    assert [(s.action, s.reasons, s.address, s.scope.path, s.notes) for s in plan.steps] == [
        (
            StepAction.DELETE,
            (Reason.UNMATCHED,),
            "myorg/web:webhooks.audit",
            "other/web",
            ("the project is `other/web` now",),
        )
    ]
    assert len([one for one in fleet.asked() if one.count("/") == 4]) == 1
    assert fleet.apply(plan=plan).exit_code is ExitCode.DONE
    assert hooks(fleet, "other/web") == ["https://theirs.example"]
    assert fleet.plan().is_empty


def test_projects_that_all_left_the_glob_are_stopped_by_the_brakes(fleet: Story) -> None:
    fleet.apply()
    group = fleet.ask("POST", "/groups", {"name": "other", "path": "other"})["id"]
    for name in ("api", "web", "myproject"):
        fleet.ask("PUT", f"/projects/myorg%2F{name}/transfer", {"namespace": group})

    with pytest.raises(UnsafePlan, match="3 of 4"):
        fleet.apply()


def test_a_renamed_project_that_is_still_matched_is_only_told_as_moved(fleet: Story) -> None:
    fleet.write(
        "fleet.yaml",
        FLEET.format(more="  chat: {url: 'https://chat.example', events: [push]}"),
    )
    fleet.apply()
    fleet.ask("PUT", "/projects/myorg%2Fweb", {"path": "site"})
    fleet.write("fleet.yaml", FLEET.format(more=""))

    plan = fleet.plan()
    assert (plan.matched, plan.unmatched, plan.blocked) == ((), (), ())
    assert {(s.action, s.previous or s.address, s.scope.path) for s in plan.steps if s.scope.path == "myorg/site"} == {
        (StepAction.UPDATE, "myorg/web:webhooks.audit", "myorg/site"),
        (StepAction.DELETE, "myorg/web:webhooks.chat", "myorg/site"),
    }
    assert fleet.apply(allow_deletes=4).exit_code is ExitCode.DONE
    assert fleet.plan().is_empty


def test_a_narrowed_glob_that_would_delete_most_is_stopped(fleet: Story) -> None:
    fleet.apply()
    fleet.write("fleet.yaml", FLEET.format(more="").replace('"myorg/**"', "myorg/shop"))

    with pytest.raises(UnsafePlan):
        fleet.apply()


def test_eight_deletions_of_nine_records_are_stopped(story: Story) -> None:
    names = {f"h{n}": {"url": f"https://x.example/{n}", "events": ["push"]} for n in range(9)}
    story.write("m.yaml", manifest(names))
    story.apply()
    story.write("m.yaml", manifest({"h0": names["h0"]}))
    story.asked()

    with pytest.raises(UnsafePlan, match="8 of 9"):
        story.apply()
    assert story.asked(writes=True) == []


def manifest(hooks: dict[str, Any]) -> str:
    import json

    return json.dumps({"project": "myorg/shop", "webhooks": hooks})


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda s: s.write("fleet.yaml", FLEET.format(more="").replace("myorg/**", "myorg/none-*")), "match nothing"),
        (
            lambda s: s.write("fleet.yaml", FLEET.format(more="").replace("myorg/**", "nowhere/**")),
            "cannot be resolved",
        ),
        (lambda s: s.environ.update(GITLAB_TOKEN="no-such-token"), "cannot be resolved"),
        (lambda s: (s.folder / "manifests" / "fleet.yaml").unlink(), "no manifests"),
        (lambda s: s.write("fleet.yaml", "# nothing left\n"), "no declarations"),
    ],
    ids=["matches nothing", "group not there", "token refused", "emptied folder", "emptied file"],
)
def test_no_mishap_reads_as_an_order_to_delete(fleet: Story, spoil: Any, why: str) -> None:
    fleet.apply()
    spoil(fleet)
    fleet.asked()

    with pytest.raises(InputError) as caught:
        fleet.apply()

    assert any(why in problem.summary for problem in caught.value.problems), caught.value.problems
    assert fleet.asked(writes=True) == []


def test_a_group_that_fails_while_listing_is_an_error(fleet: Story) -> None:
    fleet.apply()
    fault(fleet, {"match": {"method": "GET", "path": "*/groups/myorg/projects"}, "do": "status", "value": 403})
    fleet.asked()

    with pytest.raises(InputError, match="problem"):
        fleet.apply()
    assert fleet.asked(writes=True) == []


def fault(story: Story, what: dict[str, Any]) -> None:
    import requests

    with requests.Session() as session:
        session.mount("http://", story.adapter)
        answer = session.post("http://gitlab.example.test/_sandbox/faults", json=[what])
    assert answer.ok, answer.text


def test_an_explicit_entry_takes_the_place_of_the_globs(fleet: Story) -> None:
    fleet.write("shop.yaml", "project: myorg/shop\nwebhooks: {audit: {url: https://own.example, events: [pipeline]}}\n")
    fleet.apply()

    assert hooks(fleet, "myorg/shop") == ["https://own.example"]


def test_two_globs_of_one_name_are_an_error(fleet: Story) -> None:
    fleet.write("twice.yaml", FLEET.format(more=""))

    with pytest.raises(InputError):
        fleet.plan()


def test_archived_projects_count_only_when_asked_for(fleet: Story) -> None:
    fleet.ask("POST", "/projects/myorg%2Fweb/archive")
    assert "myorg/web" not in fleet.plan().matched

    fleet.write("fleet.yaml", FLEET.format(more="").replace("exclude:", "archived: true\n      exclude:"))
    assert "myorg/web" in fleet.plan().matched


def test_topics_select_projects(fleet: Story) -> None:
    fleet.ask("PUT", "/projects/myorg%2Fweb", {"topics": ["production"]})
    fleet.write("fleet.yaml", FLEET.format(more="").replace("exclude:", "topics: [production]\n      exclude:"))

    assert fleet.plan().matched == ("myorg/web",)


def test_without_asking_globs_use_what_is_recorded(fleet: Story) -> None:
    fleet.apply()
    fleet.asked()

    assert fleet.plan(refresh=False).is_empty
    assert fleet.asked() == []


def test_environments_have_their_own_variables_and_state(story: Story) -> None:
    (story.folder / "reconciler.yaml").write_text(
        "environments:\n  staging: {vars: {host: staging.example}}\n  production: {vars: {host: example.com}}\n"
    )
    story.write("m.yaml", "project: myorg/shop\nwebhooks: {d: {url: 'https://${var:host}/d', events: [push]}}\n")
    story.options = {"environment": "staging"}
    story.apply()
    story.options = {"environment": "production"}

    plan = story.plan()
    assert plan.steps[0].fields["url"] == "https://example.com/d"
    assert plan.records == 0
