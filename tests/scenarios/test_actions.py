"""Actions: what people ask of a declared entry reaches its service, once, and its answer holds no secret."""

from __future__ import annotations

import pytest

from reconciler.core.errors import SecretUnavailable, UsageError
from reconciler.engine import verbs
from tests.scenarios.harness import Story

HOOK = "https://hooks.slack.com/services/T000/B000/hushhushhushhush"
MANIFEST = """
    project: myorg/shop
    integrations:
      chat:
        type: slack
        webhook_url: ${env:SLACK}
      builds:
        type: jenkins
        jenkins_url: https://jenkins.acme.example
        username: gitlab
        api_token: ${env:JENKINS}
        project_name: app
"""


@pytest.fixture
def shop(story: Story) -> Story:
    story.environ |= {"SLACK": HOOK, "JENKINS": "jenkins-hush-token"}
    story.write("shop.yaml", MANIFEST)
    return story


def act(story: Story, name: str, action: str, **parameters: object) -> object:
    with story.workspace() as ws:
        return verbs.act(ws, f"myorg/shop:integrations.{name}", action, parameters)


def test_a_message_is_posted_once_before_and_after_an_apply(shop: Story) -> None:
    assert act(shop, "chat", "notify", text="Deployed") == {"posted": True}
    shop.apply()
    assert act(shop, "chat", "notify", text="Again") == {"posted": True}
    assert len(shop.sandbox.world.services["slack"]["messages"]) == 2


def test_an_action_that_is_not_there_is_named_with_a_near_one(shop: Story) -> None:
    with pytest.raises(UsageError, match="no action `notifi`") as raised:
        act(shop, "chat", "notifi")
    assert raised.value.hint == "did you mean `notify`?"
    with pytest.raises(UsageError, match="no parameter `txt`"):
        act(shop, "chat", "notify", txt="x")


def test_a_secret_that_is_not_set_is_named_by_its_reference(shop: Story) -> None:
    del shop.environ["SLACK"]
    with pytest.raises(SecretUnavailable, match=r"\$\{env:SLACK\}"):
        act(shop, "chat", "notify", text="x")
