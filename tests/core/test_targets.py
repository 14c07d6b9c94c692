"""Targets: what they match, what must be asked, and what their entries become."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.address import Scope, ScopeType, key_of
from reconciler.core.entry import Declarations, Targets
from reconciler.core.ports import ScopeFacts
from reconciler.core.resource import Origin, Primitive
from reconciler.core.state import Record, State
from reconciler.core.targets import (
    Wanted,
    expand,
    expand_recorded,
    matches,
    newly_matched,
    no_longer_matched,
    prefix_of,
    wanted,
)
from tests.core.inputs import CATALOGUE, read

HOOK = "webhooks: {deploy: {url: https://a.example}}\n"
SLACK = "integrations: {chat: {type: slack, webhook_url: '${env:X}'}}\n"


def _declared(*texts: str) -> Declarations:
    declarations, problems = read(*texts)
    assert [str(problem) for problem in problems] == []
    return declarations


def _facts(*paths: str) -> list[ScopeFacts]:
    return [ScopeFacts(n, path) for n, path in enumerate(paths, 1)]


def _state(*addresses: str, origin: Origin = Origin.MANIFEST) -> State:
    records = {}
    for address in addresses:
        scope = Scope(ScopeType.PROJECT, address.partition(":")[0])
        records[key_of(address)] = Record(address, Primitive.HOOK, "webhook", "hook", scope, 1, origin=origin)
    return State("lineage", "salt", records=records)


@pytest.mark.parametrize(
    ("pattern", "matched", "others"),
    [
        ("myorg/*", ["myorg/a", "MyOrg/B"], ["myorg/a/b", "myorg", "other/a"]),
        ("myorg/**", ["myorg/a", "myorg/a/b", "myorg/a/b/c"], ["myorg", "myorg2/a"]),
        ("myorg/**/web", ["myorg/web", "myorg/a/web", "myorg/a/b/web"], ["myorg/a/b", "myorg/webs", "web"]),
        ("myorg/*/web", ["myorg/a/web"], ["myorg/web", "myorg/a/b/web"]),
        ("myorg/team-*/*", ["myorg/team-a/x", "myorg/team-/x"], ["myorg/team/x", "myorg/team-a/x/y"]),
        ("myorg/shop.js", ["myorg/shop.js"], ["myorg/shopxjs"]),
        ("**", ["a/b", "a/b/c"], []),
        ("**/shop", ["a/shop", "a/b/shop", "shop"], ["a/shop2"]),
        ("*/shop", ["a/shop"], ["a/b/shop"]),
        ("a/**/b/**", ["a/b/c", "a/x/b/c/d"], ["a/b", "a/c"]),
    ],
)
def test_stars_match_segments(pattern: str, matched: list[str], others: list[str]) -> None:
    targets = Targets((pattern,))

    assert [path for path in matched if not matches(targets, ScopeFacts(1, path))] == []
    assert [path for path in others if matches(targets, ScopeFacts(1, path))] == []


def test_exclusions_topics_and_archived_projects_narrow_a_match() -> None:
    targets = Targets(("myorg/**",), ("myorg/old/**",), ("Service", "python"))

    assert matches(targets, ScopeFacts(1, "myorg/a", topics=("python", "service", "x")))
    assert not matches(targets, ScopeFacts(1, "myorg/a", topics=("python",)))
    assert not matches(targets, ScopeFacts(1, "myorg/old/a", topics=("python", "service")))
    assert not matches(targets, ScopeFacts(1, "myorg/a", True, ("python", "service")))
    assert matches(Targets(("myorg/**",), archived=True), ScopeFacts(1, "myorg/a", True))


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [("myorg/**", "myorg"), ("myorg/a/*", "myorg/a"), ("myorg/team-*/x", "myorg"), ("**", ""), ("a/b", "a")],
)
def test_the_group_to_list_stands_before_the_first_star(pattern: str, prefix: str) -> None:
    assert prefix_of(pattern) == prefix


def test_each_group_is_listed_once_and_none_below_a_listed_one() -> None:
    declarations = _declared(
        "targets: {projects: ['myorg/**', 'MyOrg/a/*', 'other/x/*', 'myorg/single', 'alone/p']}\n" + HOOK,
        "targets: {projects: ['other/x/y/*']}\nwebhooks: {b: {url: https://b.example}}\n",
    )

    assert wanted(declarations) == Wanted(("myorg", "other/x"), ("alone/p",))
    assert wanted(_declared("targets: {topics: [x]}\n" + HOOK, "targets: {projects: ['a/b']}\n" + SLACK)) == Wanted(
        ("",)
    )
    assert not wanted(_declared("project: myorg/shop\n" + HOOK))


def test_each_matched_project_gets_entries_of_its_own() -> None:
    declarations = _declared("targets: {projects: ['myorg/**']}\n" + HOOK + SLACK)

    expansion = expand(declarations, _facts("myorg/b", "myorg/a", "other/c"), CATALOGUE)

    assert expansion.problems == ()
    assert [entry.address for entry in expansion.entries] == [
        "myorg/a:integrations.chat",
        "myorg/b:integrations.chat",
        "myorg/a:webhooks.deploy",
        "myorg/b:webhooks.deploy",
    ]
    assert list(expansion.matches.values()) == [("myorg/a", "myorg/b")]


def test_an_explicit_entry_replaces_the_globs_as_a_whole_and_says_so() -> None:
    declarations = _declared("targets: {projects: ['myorg/*']}\n" + HOOK, "project: MyOrg/A\n" + HOOK)

    expansion = expand(declarations, _facts("myorg/a", "myorg/b"), CATALOGUE)

    assert expansion.problems == ()
    assert [entry.address for entry in expansion.entries] == ["MyOrg/A:webhooks.deploy", "myorg/b:webhooks.deploy"]
    assert str(expansion.entries[0].replaces) == "m.yaml:2:12"


def test_two_globs_with_one_name_on_a_project_are_an_error_told_once() -> None:
    declarations = _declared(
        "targets: {projects: ['myorg/*']}\n" + HOOK, "targets: {projects: ['**/a', '**/b']}\n" + HOOK
    )

    expansion = expand(declarations, _facts("myorg/a", "myorg/b", "myorg/c"), CATALOGUE)

    assert [str(problem) for problem in expansion.problems] == [
        "m2.yaml:2:12: two targets with one name: `webhooks.deploy` comes from m.yaml:2:12 as well, on `myorg/a` and 1 "
        "more project (hint: exclude the projects from one of them, or write the entry for the project itself)"
    ]


@pytest.mark.parametrize(("count", "more"), [(1, ""), (2, " and 1 more project"), (3, " and 2 more projects")])
def test_where_two_globs_collide_further_projects_are_counted(count: int, more: str) -> None:
    declarations = _declared("targets: {projects: ['myorg/*']}\n" + HOOK, "targets: {projects: ['**']}\n" + HOOK)

    (problem,) = expand(declarations, _facts(*(f"myorg/p{n}" for n in range(count))), CATALOGUE).problems

    assert problem.detail.endswith(f" as well, on `myorg/p0`{more}")


def test_two_names_of_one_slug_from_two_globs_are_an_error_told_once() -> None:
    other = "integrations: {talk: {type: slack, webhook_url: '${env:Y}'}}\n"
    declarations = _declared("targets: {projects: ['myorg/*']}\n" + SLACK, "targets: {projects: ['**']}\n" + other)

    expansion = expand(declarations, _facts(*(f"myorg/p{n}" for n in range(5))), CATALOGUE)

    assert len(expansion.problems) == 1
    assert "on `myorg/p0`, `myorg/p1`, `myorg/p2` and 2 more" in expansion.problems[0].detail


def test_targets_that_match_nothing_are_an_error() -> None:
    declarations = _declared("targets: {projects: ['myorg/**'], topics: [x]}\n" + HOOK)

    expansion = expand(declarations, _facts("myorg/a"), CATALOGUE)

    assert [problem.detail for problem in expansion.problems] == ["no project matches `myorg/**` with `x`"]


def test_many_patterns_that_match_nothing_are_told_by_the_first_three() -> None:
    declarations = _declared("targets: {projects: ['a/*', 'b/*', 'c/*', 'd/*']}\n" + HOOK)

    (problem,) = expand(declarations, (), CATALOGUE).problems

    assert problem.detail == "no project matches `a/*`, `b/*`, `c/*`"


def test_paths_groups_and_topics_are_compared_without_case() -> None:
    declarations = _declared("targets: {projects: ['MyOrg/Sub/*'], topics: [Service]}\n" + HOOK)
    listed = [ScopeFacts(1, "myorg/sub/A", topics=("SERVICE",)), ScopeFacts(1, "MYORG/Sub/a", topics=("service",))]

    expansion = expand(declarations, listed, CATALOGUE)

    assert [entry.address for entry in expansion.entries] == ["MYORG/Sub/a:webhooks.deploy"]
    assert expand(declarations, (), CATALOGUE, unknown={"myorg/SUB": "403"}).problems[0].detail == "`myorg/SUB`: 403"
    nested = _declared("targets: {projects: ['MyOrg/**', 'myorg/sub/*', 'MYORG/one']}\n" + HOOK)
    assert wanted(nested) == Wanted(("MyOrg",), ())


def test_one_slug_under_two_names_conflicts_on_one_scope_only() -> None:
    other = "integrations: {talk: {type: slack, webhook_url: '${env:Y}'}}\n"
    apart = _declared("targets: {projects: ['one/*']}\n" + SLACK, "targets: {projects: ['two/*']}\n" + other)
    together = _declared("targets: {projects: ['one/*']}\n" + SLACK, "targets: {projects: ['*/a']}\n" + other)
    facts = _facts("one/a", "one/b", "two/a")

    assert expand(apart, facts, CATALOGUE).problems == ()
    (problem,) = expand(together, facts, CATALOGUE).problems
    assert problem.detail.endswith(", on `one/a`")


def test_what_cannot_be_read_is_an_error_and_no_empty_match() -> None:
    declarations = _declared(
        "targets: {projects: ['myorg/sub/*', 'alone/p']}\n" + HOOK, "targets: {topics: [x]}\n" + SLACK
    )
    unknown = {"MyOrg": "403 Forbidden", "alone/p": "404 Project Not Found", "": "401 Unauthorized"}

    expansion = expand(declarations, (), CATALOGUE, unknown=unknown)

    assert [problem.detail for problem in expansion.problems] == [
        "`MyOrg`: 403 Forbidden",
        "the list of projects: 401 Unauthorized",
        "`alone/p`: 404 Project Not Found",
        "the list of projects: 401 Unauthorized",
    ]


def test_without_gitlab_targets_match_what_is_recorded_for_them() -> None:
    declarations = _declared("targets: {projects: ['myorg/**'], topics: [x]}\n" + HOOK)
    state = _state("myorg/a:webhooks.deploy", "myorg/b:webhooks.other", "other/c:webhooks.deploy")

    expansion = expand_recorded(declarations, state, CATALOGUE)

    assert [entry.address for entry in expansion.entries] == ["myorg/a:webhooks.deploy"]
    assert expansion.problems == ()


def test_a_project_that_is_asked_about_is_matched_by_the_patterns_that_cover_it() -> None:
    declarations = _declared(f"targets: {{projects: ['myorg/**']}}\n{HOOK}", f"project: MyOrg/Shop\n{HOOK}")
    state = _state("myorg/web:webhooks.deploy")

    def found(about: str) -> list[str]:
        expansion = expand_recorded(declarations, state, CATALOGUE, about=about)
        assert expansion.problems == ()
        return [entry.address + (" replaces" if entry.replaces else "") for entry in expansion.entries]

    assert found("myorg/api") == [
        "MyOrg/Shop:webhooks.deploy",
        "myorg/api:webhooks.deploy",
        "myorg/web:webhooks.deploy",
    ]
    assert found("myorg/shop") == ["MyOrg/Shop:webhooks.deploy replaces", "myorg/web:webhooks.deploy"]
    assert found("MYORG/Web") == ["MyOrg/Shop:webhooks.deploy", "myorg/web:webhooks.deploy"]
    assert found("other/api") == ["MyOrg/Shop:webhooks.deploy", "myorg/web:webhooks.deploy"]


def test_without_gitlab_and_without_records_targets_fail() -> None:
    declarations = _declared("targets: {projects: ['myorg/**']}\n" + HOOK)
    state = _state("myorg/a:webhooks.deploy", origin=Origin.PYTHON)

    expansion = expand_recorded(declarations, state, CATALOGUE)

    assert [problem.hint for problem in expansion.problems] == [
        "nothing is recorded for them; plan with GitLab at hand"
    ]


def test_projects_newly_matched_and_no_longer_matched_are_named() -> None:
    declarations = _declared("targets: {projects: ['myorg/*']}\n" + HOOK, "project: myorg/x\n" + SLACK)
    state = _state(
        "MyOrg/A:webhooks.deploy", "gone/b:webhooks.deploy", "gone/b:webhooks.deploy/variable.X", "gone/c:webhooks.else"
    )

    expansion = expand(declarations, _facts("myorg/a", "myorg/new"), CATALOGUE)

    assert newly_matched(declarations, expansion, state) == ("myorg/new",)
    assert no_longer_matched(declarations, expansion, state) == ("gone/b",)
    assert no_longer_matched(declarations, expansion, _state("gone/b:webhooks.deploy", origin=Origin.PYTHON)) == ()
    assert no_longer_matched(declarations, expansion, _state("z/z:webhooks.deploy", "b/b:webhooks.deploy")) == (
        "b/b",
        "z/z",
    )


def test_a_groups_record_is_of_no_target() -> None:
    declarations = _declared("targets: {projects: ['myorg/*']}\n" + HOOK)
    expansion = expand(declarations, _facts("myorg/a"), CATALOGUE)
    record = replace(
        _state("myorg:webhooks.deploy").records["myorg:webhooks.deploy"], scope=Scope(ScopeType.GROUP, "myorg")
    )
    state = State("lineage", "salt", records={"myorg:webhooks.deploy": record})

    assert no_longer_matched(declarations, expansion, state) == ()
    assert [entry.address for entry in expand_recorded(declarations, state, CATALOGUE).entries] == []
