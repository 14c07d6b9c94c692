"""OAuth applications: a new secret reaches its place, a revoked one stays away, an interruption loses neither."""

from __future__ import annotations

import pytest

from reconciler.core.errors import ReconcilerError, UnsafePlan, UsageError
from reconciler.core.plan import Reason, StepAction
from reconciler.core.report import ExitCode, StepStatus
from reconciler.engine.applications import oauth_restore, oauth_revoke, oauth_rotate
from reconciler.sandbox.faults import check_faults
from tests.scenarios.harness import Story

PORTAL = "@instance:oauth_applications.portal"
MANIFEST = """
    instance: true
    oauth_applications:
      portal:
        redirect_uri: https://portal.acme.example/callback
        scopes: [api]
        confidential: true
        credentials: {variables: {project: myorg/portal, client_id: CLIENT_ID, client_secret: CLIENT_SECRET}}
      tool:
        redirect_uri: https://tool.acme.example/callback
        scopes: [read_user]
"""


@pytest.fixture
def portal(story: Story) -> Story:
    story.write("apps.yaml", MANIFEST)
    story.apply()
    return story


def variables(story: Story) -> dict[str, str]:
    rows = story.ask("GET", "/projects/myorg%2Fportal/variables")
    return {row["key"]: row["value"] for row in rows}


def applications(story: Story) -> list[str]:
    return [row["application_name"] for row in story.ask("GET", "/applications")]


def test_a_rotated_secret_is_delivered_and_nothing_is_left_to_do(portal: Story) -> None:
    before = variables(portal)
    with portal.workspace() as ws:
        report = oauth_rotate(ws, PORTAL)

    assert report.exit_code is ExitCode.DONE
    assert variables(portal)["CLIENT_ID"] == before["CLIENT_ID"]
    assert variables(portal)["CLIENT_SECRET"] not in ("", before["CLIENT_SECRET"])
    assert portal.plan().is_empty


def test_a_secret_that_could_not_be_delivered_is_renewed_and_delivered_by_the_next_apply(portal: Story) -> None:
    portal.ask("DELETE", "/projects/myorg%2Fportal")
    with portal.workspace() as ws:
        report = oauth_rotate(ws, PORTAL)
    assert [o.status for o in report.outcomes] == [StepStatus.FAILED]
    record = portal.state().find(PORTAL)
    assert record
    assert record.condition == "undelivered"

    step = portal.plan().steps[0]
    assert (step.action, step.reasons) == (StepAction.UPDATE, (Reason.UNDELIVERED,))


@pytest.mark.parametrize("cut", ["drop_before", "drop_after"])
def test_a_lost_answer_is_settled_by_renewing_once_more(portal: Story, cut: str) -> None:
    fault = {"match": {"method": "POST", "path": "/api/v4/applications/*/renew-secret", "nth": 1}, "do": cut}
    portal.sandbox.world.faults = check_faults(fault)
    with portal.workspace() as ws:
        assert oauth_rotate(ws, PORTAL).exit_code is ExitCode.DONE

    live = portal.sandbox.world.table("applications")
    assert variables(portal)["CLIENT_SECRET"] in {row["secret"] for row in live}
    record = portal.state().find(PORTAL)
    assert record
    assert record.condition == ""


def test_without_a_place_for_it_no_secret_is_renewed(portal: Story) -> None:
    portal.asked()
    with portal.workspace() as ws, pytest.raises(ReconcilerError, match="does not say where its credentials go"):
        oauth_rotate(ws, "@instance:oauth_applications.tool")
    assert portal.asked(writes=True) == []


def test_a_revoked_application_stays_away_until_it_is_restored(portal: Story) -> None:
    with portal.workspace() as ws:
        assert oauth_revoke(ws, PORTAL).exit_code is ExitCode.DONE
    assert applications(portal) == ["tool"]
    assert portal.plan().is_empty
    assert portal.drift().gone == ()
    portal.apply()
    assert applications(portal) == ["tool"]

    with portal.workspace() as ws:
        assert oauth_revoke(ws, PORTAL).outcomes == ()
        oauth_restore(ws, PORTAL)
    assert [step.action for step in portal.plan().steps] == [StepAction.CREATE]
    portal.apply()
    assert sorted(applications(portal)) == ["portal", "tool"]


def test_a_revoked_application_is_forgotten_with_its_entry(portal: Story) -> None:
    with portal.workspace() as ws:
        oauth_revoke(ws, PORTAL)
    portal.write("apps.yaml", MANIFEST.partition("      portal:")[0] + "      tool:" + MANIFEST.partition("tool:")[2])

    assert [(step.address, step.action) for step in portal.plan().steps] == [(PORTAL, StepAction.FORGET)]


def test_a_protected_application_is_not_revoked(portal: Story) -> None:
    portal.write("apps.yaml", MANIFEST + "        lifecycle: {prevent_destroy: true}\n")
    portal.apply()
    with portal.workspace() as ws, pytest.raises(UnsafePlan, match="prevent_destroy"):
        oauth_revoke(ws, "@instance:oauth_applications.tool")
    assert sorted(applications(portal)) == ["portal", "tool"]


def test_a_revoked_application_is_not_rotated_and_one_that_is_not_revoked_not_restored(portal: Story) -> None:
    with portal.workspace() as ws:
        with pytest.raises(ReconcilerError, match="is not revoked"):
            oauth_restore(ws, PORTAL)
        oauth_revoke(ws, PORTAL)
        with pytest.raises(ReconcilerError, match="is revoked"):
            oauth_rotate(ws, PORTAL)


def test_what_is_no_recorded_application_is_a_usage_error_with_a_suggestion(portal: Story) -> None:
    portal.write("hook.yaml", "project: myorg/shop\nwebhooks: {x: {url: 'https://x.example'}}\n")
    portal.apply()
    with portal.workspace() as ws:
        with pytest.raises(UsageError, match="no application is recorded as") as raised:
            oauth_rotate(ws, "@instance:oauth_applications.portl")
        with pytest.raises(UsageError, match="is no OAuth application"):
            oauth_rotate(ws, "myorg/shop:webhooks.x")

    assert PORTAL in raised.value.hint
