"""Where values come from."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.address import Scope, ScopeType
from reconciler.core.entry import Entry, Template
from reconciler.core.explain import explain
from reconciler.core.ports import ScopeFacts
from reconciler.core.resource import Origin
from reconciler.core.targets import expand
from reconciler.core.value import Secret
from tests.core.inputs import CATALOGUE, SMALL, read


def test_every_value_has_its_source_and_secrets_are_references() -> None:
    text = """
        templates: {team: {type: slack, default_config: {username: GitLab Bot, notify_only_broken_pipelines: true}}}
        ---
        project: myorg/shop
        integrations:
          chat:
            type: slack
            template: team
            webhook_url: ${env:HOOK}
            events: [push, pipeline]
            lifecycle: {ignore: [channel], prevent_destroy: true}
    """
    declarations, _ = read(text)

    found = explain(declarations.entries[0], declarations, CATALOGUE)

    assert {one.field: (one.value, one.source) for one in found.values} == {
        "username": ("GitLab Bot", "template `team`, m.yaml:2"),
        "notify_only_broken_pipelines": ("true", "template `team`, m.yaml:2"),
        "webhook_url": ("${env:HOOK}", "m.yaml:9"),
        "events": ("[push, pipeline]", "m.yaml:10"),
    }
    assert (found.address, found.kind, str(found.place)) == ("myorg/shop:integrations.chat", "slack", "m.yaml:6:3")
    assert found.notes == ("changes of `channel` are ignored", "is protected from deletion (`prevent_destroy`)")


def test_targets_and_what_is_replaced_are_named() -> None:
    glob = "targets: {projects: ['myorg/*']}\nwebhooks: {a: {url: https://a.example}}\n"
    own = "project: myorg/one\nwebhooks: {a: {url: https://b.example}}\n"
    declarations, _ = read(glob, own)

    one, two = expand(declarations, [ScopeFacts(1, "myorg/one"), ScopeFacts(2, "myorg/two")], CATALOGUE).entries

    assert explain(one, declarations, CATALOGUE).notes == (
        "replaces the entry at m.yaml:2:12 as a whole, which targets would put here",
    )
    assert explain(two, declarations, CATALOGUE).notes == ("the project is matched by `myorg/*` (m.yaml:1:1)",)


def test_a_program_s_entry_shows_no_secret() -> None:
    scope = Scope(ScopeType.PROJECT, "myorg/shop")
    values = {
        "url": "https://a.example",
        "token": Secret("hunter2", ""),
        "tokens": {"a": "hunter2"},
        "colour": None,
        "count": 3,
    }
    entry = Entry("integrations", "it", "odd", scope, values, origin=Origin.PYTHON, inherit=True)

    found = explain(entry, read("{}")[0], SMALL)

    assert "hunter2" not in repr(found)
    assert {one.source for one in found.values} == {"python"}
    assert [one.value for one in found.values] == ["https://a.example", "(secret)", "{a: (secret)}", "(empty)", "3"]
    assert found.notes == ("uses the settings of the group above",)


def test_a_built_in_template_has_no_line() -> None:
    template = Template("team", "odd", default_config={"url": "https://a.example"})
    declarations, _ = read(
        "project: myorg/shop\nintegrations: {it: {template: team}}\n", catalogue=SMALL, templates={"team": template}
    )

    found = explain(declarations.entries[0], declarations, SMALL)

    assert [one.source for one in found.values] == ["template `team`, built in"]
    assert explain(replace(declarations.entries[0], lines={}), declarations, SMALL).values
