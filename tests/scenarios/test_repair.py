"""The state repaired by hand: records move and go, versions come back, and GitLab is never written."""

from __future__ import annotations

import json

import pytest

from reconciler.core.errors import ReconcilerError, StateError, UsageError
from reconciler.engine import repair
from tests.scenarios.harness import Story

MANIFEST = """
    project: myorg/shop
    webhooks:
      deploy: {url: https://deploy.example/in}
    integrations:
      scan: {type: sonarqube, url: https://sonar.example, project_key: shop, token: "${env:SONAR_TOKEN}"}
"""
DEPLOY, SCAN = "myorg/shop:webhooks.deploy", "myorg/shop:integrations.scan"


@pytest.fixture
def shop(story: Story) -> Story:
    story.environ["SONAR_TOKEN"] = "a-token-to-scan-with"
    story.write("shop.yaml", MANIFEST)
    story.apply()
    story.asked()
    return story


def addresses(story: Story) -> list[str]:
    return sorted(record.address for record in story.state().records.values())


def test_a_moved_entry_takes_its_parts_along_and_is_no_other_object(shop: Story) -> None:
    before = addresses(shop)
    with shop.workspace() as ws:
        repair.move(ws, SCAN, "myorg/shop:integrations.quality")
        repair.move(ws, DEPLOY.replace("myorg/shop", "MyOrg/Shop"), f"{DEPLOY}2")

    assert len([one for one in before if one.startswith(f"{SCAN}/")]) == 2
    assert addresses(shop) == sorted(
        one.replace(SCAN, "myorg/shop:integrations.quality").replace(DEPLOY, DEPLOY + "2") for one in before
    )
    shop.write("shop.yaml", MANIFEST.replace("scan:", "quality:").replace("deploy:", "deploy2:"))
    assert [step.address for step in shop.plan().steps] == [f"{DEPLOY}2"]
    assert shop.asked(writes=True) == []


def test_a_forgotten_entry_stays_in_gitlab_and_is_adopted_by_the_next_apply(shop: Story) -> None:
    with shop.workspace() as ws:
        repair.forget(ws, SCAN)
        repair.forget(ws, DEPLOY)

    assert addresses(shop) == []
    assert shop.asked(writes=True) == []
    assert {step.action for step in shop.plan().steps} == {"adopt"}
    assert shop.apply().exit_code == 0
    assert shop.plan().is_empty


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        (DEPLOY, SCAN.replace("integrations.scan", "webhooks.deploy"), "recorded already"),
        (DEPLOY, "myorg/shop:integrations.deploy", "cannot become"),
        (DEPLOY, f"{DEPLOY}/variable.X", "cannot become"),
        ("myorg/shop:webhooks.deplo", "myorg/shop:webhooks.x", "nothing is recorded as"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused_and_changes_nothing(
    shop: Story, source: str, target: str, said: str
) -> None:
    before = addresses(shop)
    with shop.workspace() as ws, pytest.raises(StateError, match=said):
        repair.move(ws, source, target)

    assert addresses(shop) == before


def test_what_is_no_address_or_not_recorded_cannot_be_forgotten(shop: Story) -> None:
    with shop.workspace() as ws:
        with pytest.raises(UsageError, match="is not an address"):
            repair.forget(ws, "shop")
        with pytest.raises(StateError, match="nothing is recorded") as raised:
            repair.forget(ws, "myorg/shop:webhooks.deplo")

    assert DEPLOY in raised.value.hint


def test_a_kept_version_comes_back_as_the_newest_one(shop: Story) -> None:
    serial, before = shop.state().serial, addresses(shop)
    with shop.workspace() as ws:
        repair.forget(ws, DEPLOY)
        newest = repair.history(ws)[0].serial
        repair.restore(ws, serial)
        with pytest.raises(StateError, match="is not kept"):
            repair.restore(ws, 999)

    assert addresses(shop) == before
    assert shop.state().serial == newest + 1
    assert shop.plan().is_empty


def test_a_state_is_pulled_and_pushed_back_unless_it_is_older_or_another(shop: Story) -> None:
    with shop.workspace() as ws:
        old = repair.pull(ws)
        repair.push(ws, old)
        repair.forget(ws, DEPLOY)
        with pytest.raises(StateError, match="older"):
            repair.push(ws, old)
        with pytest.raises(StateError, match="another lineage"):
            repair.push(ws, json.dumps({**json.loads(old), "lineage": "11111111-2222-3333-4444-555555555555"}).encode())
        with pytest.raises(ReconcilerError, match="the state given"):
            repair.push(ws, b"{")
        repair.push(ws, json.dumps({**json.loads(old), "serial": 999}).encode())

    assert DEPLOY in addresses(shop)
    assert shop.asked(writes=True) == []


def test_without_a_state_there_is_nothing_to_pull(story: Story) -> None:
    with story.workspace() as ws, pytest.raises(StateError, match="there is no state"):
        repair.pull(ws)


def test_a_lock_that_nobody_holds_cannot_be_broken(shop: Story) -> None:
    with shop.workspace() as ws, pytest.raises(StateError, match="no lock `4b`"):
        repair.unlock(ws, "4b")
