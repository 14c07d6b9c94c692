"""Whatever is declared and whatever others do in between: an apply makes it so, and then nothing is left to do."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.planformat import plan_from_bytes, plan_to_bytes
from reconciler.core.report import ExitCode
from tests.scenarios.harness import Story

SECRETS = {"TOKEN": "hush-hush", "OTHER": "hush-hush-2", "SLACK": "https://hooks.slack.com/services/T/B/hush"}
PROJECTS = ("shop", "web")
NAMES = ("a", "b", "c")
UNHURRIED = settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

EVENTS = st.lists(st.sampled_from(["push", "pipeline", "issue", "tag_push"]), unique=True, max_size=3)
REFERENCES = st.sampled_from(["${env:TOKEN}", "${env:OTHER}"])


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with any of some fields."""
    return st.fixed_dictionaries({}, optional=fields)


HOOKS = st.fixed_dictionaries(
    {"url": st.sampled_from([f"https://{n}.example/in" for n in "xyz"])},
    optional={
        "events": EVENTS,
        "secret_token": REFERENCES,
        "description": st.sampled_from(["", "one", "two"]),
        "enable_ssl_verification": st.booleans(),
        "custom_headers": st.dictionaries(st.sampled_from(["X-A", "X-B"]), REFERENCES, max_size=2),
        "push_events_branch_filter": st.sampled_from(["main", "release/*"]),
    },
)
SLACK = st.builds(
    lambda more: {"type": "slack", "webhook_url": "${env:SLACK}", **more},
    some(channel=st.sampled_from(["#a", "#b", ""]), username=st.just("bot"), events=EVENTS),
)
_URLS = ("project", "issues", "new_issue")
TRACKERS = st.just({"type": "bugzilla", **{f"{n}_url": f"https://b.example/{n}/:id" for n in _URLS}}) | st.builds(
    lambda more: {"type": "jira", "url": "https://j.example", "username": "bot", "api_token": "${env:TOKEN}", **more},
    some(transition_id=st.sampled_from(["1", "2"]), enable_commit_sync=st.booleans()),
)


@st.composite
def projects(draw: st.DrawFn) -> dict[str, Any]:
    """One project's document; it may be one without entries of some section."""
    found: dict[str, Any] = {"webhooks": draw(st.dictionaries(st.sampled_from(NAMES), HOOKS, max_size=3))}
    integrations = {}
    if draw(st.booleans()):
        integrations[draw(st.sampled_from(["chat", "talk"]))] = draw(SLACK)
    if draw(st.booleans()):
        integrations["tracker"] = draw(TRACKERS)
    return {**found, "integrations": integrations}


MANIFESTS = st.fixed_dictionaries({project: projects() for project in PROJECTS})
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["url", "events", "delete", "recreate", "channel", "switch off", "foreign"]),
        st.sampled_from(PROJECTS),
        st.integers(0, 2),
    ),
    max_size=4,
)


def declare(story: Story, manifest: dict[str, Any]) -> None:
    for project, document in manifest.items():
        story.write(f"{project}.yaml", json.dumps({"project": f"myorg/{project}", **document}))


def edit(story: Story, what: str, project: str, which: int) -> set[int]:
    """Somebody else changes something, if it is there; gives the ids of hooks that are theirs and look like ours."""
    base = f"/projects/myorg%2F{project}"
    hooks = [h for h in story.ask("GET", f"{base}/hooks") if not h["url"].startswith("https://foreign")]
    hook = hooks[which % len(hooks)] if hooks else None
    slack = any(one["slug"] == "slack" for one in story.ask("GET", f"{base}/integrations"))
    match what:
        case "url" if hook:
            story.ask("PUT", f"{base}/hooks/{hook['id']}", {"url": f"https://moved-{which}.example"})
        case "events" if hook:
            story.ask("PUT", f"{base}/hooks/{hook['id']}", {"url": hook["url"], "push_events": not hook["push_events"]})
        case "delete" | "recreate" if hook:
            story.ask("DELETE", f"{base}/hooks/{hook['id']}")
            if what == "recreate":
                return {story.ask("POST", f"{base}/hooks", {"url": hook["url"], "name": hook["name"]})["id"]}
        case "channel" if slack:
            body = {"webhook": SECRETS["SLACK"], "channel": f"#by-hand-{which}"}
            story.ask("PUT", f"{base}/integrations/slack", body)
        case "switch off" if slack:
            story.ask("DELETE", f"{base}/integrations/slack")
        case "foreign":
            story.ask("POST", f"{base}/hooks", {"url": f"https://foreign-{which}.example"})
    return set()


def picture(story: Story, manifest: dict[str, Any], theirs: set[int]) -> dict[str, Any]:
    """What GitLab has that manifests can say, by project: hooks by name, integrations by slug.

    A hook that somebody else made is ours once it is declared; it is nobody's to delete before.
    """
    found = {}
    for project in PROJECTS:
        base = f"/projects/myorg%2F{project}"
        hooks = [
            h
            for h in story.ask("GET", f"{base}/hooks")
            if not h["url"].startswith("https://foreign")
            and (h["id"] not in theirs or h["name"] in manifest[project]["webhooks"])
        ]
        assert len({h["name"] for h in hooks}) == len(hooks)
        slugs = sorted(one["slug"] for one in story.ask("GET", f"{base}/integrations"))
        found[project] = ({h["name"]: h["url"] for h in hooks}, slugs)
    return found


def wanted(manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        project: (
            {name: hook["url"] for name, hook in document["webhooks"].items()},
            sorted(entry["type"] for entry in document["integrations"].values()),
        )
        for project, document in manifest.items()
    }


def settle(story: Story, manifest: dict[str, Any], theirs: set[int]) -> None:
    """Apply what is declared; then GitLab has it, nothing is left to do, and applying again writes nothing."""
    declare(story, manifest)
    plan = story.plan()
    assert plan_from_bytes(plan_to_bytes(plan), "it") == plan
    assert plan_to_bytes(story.plan()) == plan_to_bytes(plan)
    report = story.apply(allow_deletes=100)
    assert report.exit_code is ExitCode.DONE, report

    again = story.plan()
    assert (again.steps, again.bookkeeping, again.drift, again.blocked) == ((), (), {}, ())
    assert picture(story, manifest, theirs) == wanted(manifest)
    story.asked()
    story.apply()
    assert story.asked(writes=True) == []


@given(MANIFESTS, EDITS, MANIFESTS)
@UNHURRIED
def test_after_an_apply_there_is_nothing_to_do_whatever_happened_before(
    first: dict[str, Any], edits: list[tuple[str, str, int]], second: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        story = Story(Path(place), dict(SECRETS))
        settle(story, first, set())
        for manifest in (first, second):
            settle(story, manifest, set().union(*(edit(story, *one) for one in edits)))


@given(MANIFESTS, EDITS)
@UNHURRIED
def test_a_saved_plan_does_what_the_plan_itself_does(manifest: dict[str, Any], edits: list[Any]) -> None:
    pictures = []
    for saved in (False, True):
        with tempfile.TemporaryDirectory() as place:
            story = Story(Path(place), dict(SECRETS))
            for one in edits:
                edit(story, *one)
            declare(story, manifest)
            plan = plan_from_bytes(plan_to_bytes(story.plan()), "it") if saved else None
            assert story.apply(plan).exit_code is ExitCode.DONE
            assert story.plan().is_empty
            pictures.append(picture(story, manifest, set()))

    assert pictures[0] == pictures[1] == wanted(manifest)
