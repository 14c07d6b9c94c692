"""What exists becomes manifests and state, and the next plan is empty: for every slug, least settings and all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.adoption import Adoption
from reconciler.core.plan import StepAction
from reconciler.core.resource import FieldType, Shape
from reconciler.engine.adopting import AdoptOptions, adopt
from reconciler.integrations.catalogue import load
from reconciler.integrations.webhook import GROUP_HOOK, HOOK, SYSTEM_HOOK
from tests.sandbox.bodies import BODIES
from tests.scenarios.harness import Story
from tests.scenarios.test_every_field import recorded

SLUGS: Mapping[str, Shape] = {
    kind.shape.name: kind.shape
    for kind in load().kinds.values()
    if kind.section == "integrations" and kind.shape and not kind.shape.unavailable
}
SHOP = "/projects/myorg%2Fshop"
SLACK = {"webhook": "https://hooks.slack.com/services/T/B/hush", "channel": "#ops", "push_events": True}


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """An estate without a state key, because nothing here is about digests and a key costs time in every command."""
    return Story(tmp_path, {"RECONCILER_STATE_KEY": ""})


def adopted(story: Story, *paths: str, **options: Any) -> Adoption:
    with story.workspace() as workspace:
        return adopt(workspace, AdoptOptions(paths=paths or ("myorg/shop",), **options))


def documents(story: Story, path: str = "manifests/myorg/shop.yaml") -> Any:
    return yaml.safe_load((story.folder / path).read_text(encoding="utf-8"))


def left_out(found: Adoption) -> list[tuple[str, str]]:
    return [(one.what, one.why) for one in found.left_out]


def set_secrets(story: Story, found: Adoption, value: str = "https://hush.acme.example/canary-1") -> None:
    story.environ.update({variable.name: value for variable in found.manifests.variables})


def is_proven(story: Story, found: Adoption) -> bool:
    """Whether everything was adopted, and the next plan is empty with and without the secrets."""
    assert left_out(found) == []
    assert found.proven
    assert found.plan.bookkeeping == ()
    for _ in range(2):
        plan = story.plan()
        assert [(step.address, step.action, step.changes) for step in plan.steps] == []
        assert plan.blocked == ()
        set_secrets(story, found)
    return True


def everything(slug: str) -> dict[str, Any]:
    """The body with every parameter that a running GitLab took; private keys are the smallest body's, real ones."""
    keys = {name: value for name, value in BODIES[slug].items() if "PRIVATE KEY" in str(value)}
    return {**recorded(slug), **keys}


@pytest.mark.parametrize(
    ("body", "every"),
    [(BODIES.get, False), (everything, False), (everything, True)],
    ids=["smallest", "everything", "everything, all fields stated"],
)
@pytest.mark.parametrize("slug", SLUGS)
def test_every_integration_is_adopted_and_left_as_it_is(slug: str, body: Any, every: bool, story: Story) -> None:
    shape = SLUGS[slug]
    at, path = (SHOP, "myorg/shop") if "project" in shape.scopes else ("/groups/myorg", "myorg")
    story.ask("PUT", f"{at}/integrations/{slug}", body(slug))
    story.asked()

    found = adopted(story, path, every=every)

    assert story.asked(writes=True) == []
    assert is_proven(story, found)
    story.asked()
    story.apply()
    assert story.asked(writes=True) == []
    assert story.plan().bookkeeping == ()
    digests = [d for record in story.state().records.values() for d in record.digests.values()]
    assert len(digests) == len(found.manifests.variables)
    assert all(digests)


def _a_change(shape: Shape, entry: Mapping[str, Any]) -> tuple[str, Any] | None:
    """A field of an adopted entry with another value."""
    switch = next((f.name for f in shape.fields if f.event and f.name in entry), None)
    if switch:
        return switch, not entry[switch]
    if "events" in entry:
        return "events", sorted(set(entry["events"]) ^ {min(shape.events)})
    for field in shape.fields:
        if field.name in entry and field.type is FieldType.BOOLEAN:
            return field.name, not entry[field.name]
    return None


@pytest.mark.parametrize("slug", SLUGS)
def test_a_change_after_adoption_is_exactly_that_update(slug: str, story: Story) -> None:
    shape = SLUGS[slug]
    at, path = (SHOP, "myorg/shop") if "project" in shape.scopes else ("/groups/myorg", "myorg")
    story.ask("PUT", f"{at}/integrations/{slug}", everything(slug))
    found = adopted(story, path)
    set_secrets(story, found)
    file = story.folder / found.manifests.files[0].path
    manifest = yaml.safe_load(file.read_text(encoding="utf-8"))
    (entry,) = manifest["integrations"].values()
    change = _a_change(shape, entry)
    if change is None:
        pytest.skip("no field that can take another value without knowing its meaning")
    entry[change[0]] = change[1]
    file.write_text(yaml.safe_dump(manifest), encoding="utf-8")

    (step,) = story.plan().steps

    assert (step.action, [c.field for c in step.changes]) == (StepAction.UPDATE, [change[0]])


def hook_body(shape: Shape, flags: Mapping[str, bool]) -> dict[str, Any]:
    return {"url": "https://in.acme.example/hook", **{shape.events[event]: on for event, on in flags.items()}}


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize(
    ("shape", "at", "path"),
    [(HOOK, SHOP, "myorg/shop"), (GROUP_HOOK, "/groups/myorg", "myorg"), (SYSTEM_HOOK, "", "@instance")],
    ids=["project", "group", "instance"],
)
def test_a_hook_with_every_flag_is_adopted(shape: Shape, at: str, path: str, on: bool, story: Story) -> None:
    body = hook_body(shape, dict.fromkeys(shape.events, on))
    story.ask("POST", f"{at}/hooks", {**body, "token": "hush", "description": "what for", "name": "Every flag"})

    found = adopted(story, path)

    assert is_proven(story, found)
    (record,) = story.state().records.values()
    assert set(record.fields["events"]) == (set(shape.events) if on else set())  # type: ignore[arg-type]
    assert record.address == f"{path}:webhooks.every-flag"


HOOKS = st.fixed_dictionaries(
    {
        "url": st.sampled_from(
            ["https://in.acme.example/{a}", "https://in.acme.example/x?y=%20#z", "http://1.2.3.4:8080"]
        )
    },
    optional={
        **{flag: st.booleans() for flag in HOOK.events.values()},
        "name": st.text(min_size=1, max_size=30),
        "description": st.text(max_size=60),
        "token": st.just("canary-token"),
        "enable_ssl_verification": st.booleans(),
        "push_events_branch_filter": st.sampled_from(["main", "release/*", "${x}", "- a: b"]),
        "branch_filter_strategy": st.sampled_from(["wildcard", "regex"]),
        "custom_webhook_template": st.sampled_from(['{"a": "{{b}}"}', '{\n  "a": 1\n}\n', "x: ${env:HOME}\n\n- y"]),
        "custom_headers": st.lists(st.sampled_from(["X-Team", "x_y", "A.B"]), max_size=3, unique=True).map(
            lambda keys: [{"key": key, "value": "canary-header"} for key in keys]
        ),
        "url_variables": st.just([{"key": "a", "value": "canary-variable"}]),
    },
)


@settings(max_examples=40, deadline=None)
@given(hooks=st.lists(HOOKS, min_size=1, max_size=3), version=st.sampled_from(["18.9.0-ee", "19.0.0-ee"]))
def test_any_hooks_are_adopted_or_left_out_with_a_reason(hooks: list[dict[str, Any]], version: str) -> None:
    with TemporaryDirectory() as folder:
        story = Story(Path(folder), {"RECONCILER_STATE_KEY": ""})
        story.sandbox.world.settings["version"] = version
        made = sum(posted(story, hook) for hook in hooks)

        found = adopted(story)

        assert len(found.records) + len(found.left_out) == made
        assert all(one.why for one in found.left_out)
        assert found.proven
        plan = story.plan() if found.records else found.plan
        assert (plan.steps, plan.blocked) == ((), ())
        assert "canary" not in "".join(file.text for file in found.manifests.files)


def posted(story: Story, body: dict[str, Any]) -> bool:
    """Whether GitLab takes a webhook."""
    try:
        story.ask("POST", f"{SHOP}/hooks", body)
    except AssertionError:
        story.forget_last()
        return False
    return True
