"""Entries and templates as manifests state them."""

from __future__ import annotations

import pytest

from reconciler.core.address import ScopeType
from reconciler.core.entry import Template
from reconciler.core.errors import Severity
from reconciler.core.load import load_declarations
from reconciler.core.resource import Lifecycle, OnDrift
from reconciler.core.source import Source
from reconciler.core.value import Text
from reconciler.integrations import catalogue
from tests.core.inputs import SMALL, entries, read, said

DESIGN_EXAMPLE = """
    # yaml-language-server: $schema=../schemas/manifest.schema.json
    project: myorg/shop

    integrations:
      chat:
        type: slack
        template: team-chat
        webhook_url: ${env:SLACK_WEBHOOK_URL}
        channel: "#deployments"
        events: [push, merge_request, pipeline]
        notify_only_broken_pipelines: true
      tracker:
        type: jira
        url: https://acme.atlassian.net
        username: gitlab-bot@acme.example
        api_token: ${env:JIRA_API_TOKEN}
        project_key: PROJ
        issue_type: Task
        enable_commit_sync: true

    webhooks:
      deploy:
        url: https://api.acme.example/deploy
        events: [pipeline]
        secret_token: ${env:DEPLOY_HOOK_TOKEN}
        enable_ssl_verification: true

    templates:
      team-chat:
        type: slack
        description: Standard team notifications
        default_config: {username: GitLab Bot, events: [push, merge_request]}
        required_fields: [webhook_url, channel]
    ---
    instance: true
    oauth_applications:
      portal:
        redirect_uri: https://portal.acme.example/callback
        scopes: [api, read_user]
        confidential: true
        credentials:
          variables: {project: myorg/portal, client_id: OAUTH_CLIENT_ID, client_secret: OAUTH_CLIENT_SECRET}
"""


def _odd(*lines: str, scope: str = "project: myorg/shop") -> str:
    body = "".join(f"    {line}\n" for line in ("type: odd", *lines))
    return f"{scope}\nintegrations:\n  it:\n{body}"


def test_the_design_s_own_example_is_right() -> None:
    found = {entry.name: entry for entry in entries(DESIGN_EXAMPLE)}

    assert set(found) == {"chat", "tracker", "deploy", "portal"}
    chat = found["chat"]
    assert (chat.kind, chat.section, chat.template) == ("slack", "integrations", "team-chat")
    assert chat.address == "myorg/shop:integrations.chat"
    assert chat.values["username"] == "GitLab Bot"
    assert chat.values["events"] == ("push", "merge_request", "pipeline")
    assert chat.defaulted == {"username"}
    assert chat.place is not None
    assert (chat.place.line, chat.place.column) == (6, 3)
    assert chat.lines["channel"] == (10, 5)
    assert found["deploy"].kind == "webhook"
    assert found["portal"].scope is not None
    assert found["portal"].scope.type is ScopeType.INSTANCE
    assert found["portal"].deliver["variables"]["client_id"] == "OAUTH_CLIENT_ID"


def test_webhooks_of_the_instance_are_system_hooks() -> None:
    (entry,) = entries("instance: true\nwebhooks: {audit: {url: https://a.example, events: [repository_update]}}\n")

    assert entry.kind == "system_hook"


def test_groups_have_events_that_projects_lack() -> None:
    text = "{}: {}\nwebhooks: {{a: {{url: https://a.example, events: [subgroup]}}}}\n"

    assert entries(text.format("group", "myorg"))[0].values["events"] == ("subgroup",)
    assert len(said(text.format("project", "myorg/shop"))) == 1


def test_sections_may_be_empty_mappings_and_documents_may_be_empty() -> None:
    declarations, problems = read("---\n---\nproject: myorg/shop\nintegrations: {}\n---\n# nothing\n")

    assert declarations.entries == ()
    assert problems == ()


def test_every_field_may_be_a_reference() -> None:
    text = _odd(
        "url: ${env:A}",
        "level: ${env:B}",
        "count: ${env:C}",
        "colour: ${env:D}",
        "labels: ${env:E}",
        "on: ${env:F}",
        "token: ${env:G}",
        "tokens: {a: '${env:H}'}",
        "options: {a: '${env:I}'}",
        "events: ${env:J}",
    )

    (entry,) = entries(text, catalogue=SMALL)

    plain = [name for name, value in entry.values.items() if not isinstance(value, Text | dict)]
    assert plain == []


def test_fields_keep_the_types_they_have() -> None:
    text = _odd("url: ' https://a.example '", "level: 20", "labels: [b, a]", "on: no", "options: {a: b}", "colour:")

    (entry,) = entries(text, catalogue=SMALL)

    assert dict(entry.values) == {
        "url": "https://a.example",
        "level": 20,
        "labels": ("b", "a"),
        "on": False,
        "options": {"a": "b"},
        "colour": None,
    }


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["level: 10"], "6:12: not one of the choices: `level` cannot be `10` (hint: choices are `0`, `20`, `30`)"),
        (["level: '20'"], "`level` must be a whole number, not text"),
        (["level: true"], "`level` must be a whole number, not true or false"),
        (["level:"], "a field without a value: `level` has none"),
        (["count: 1.5"], "`count` must be a whole number, not a fraction"),
        (["labels: a"], "`labels` must be a list of texts, not text"),
        (["labels: [a, 1]"], "6:17: a value of the wrong type: an item of `labels` must be text, not a whole number"),
        (["sides: [left, top]"], "not one of the choices: `sides` cannot be `top`"),
        (["sides: [left, 1]"], "an item of `sides` must be text, not a whole number"),
        (["options: {a: 1}"], "`options` `a` must be text, not a whole number"),
        (["options: {a: }"], "6:15: a field without a value: `options.a` has none"),
        (["tokens: {a: b}"], "a secret written out: `tokens.a` holds a secret"),
        (["tokens: {a: [b]}"], "`tokens` `a` must be text, not a list"),
        (["topic: x"], "a field of groups only: `topic` cannot stand on a project"),
        (
            ["broken: x"],
            "a field that GitLab cannot store: `broken`: GitLab answers 500 when it is sent (hint: remove it)",
        ),
        (["address: x"], "an unknown field: Odd has no `address` (hint: called `url` here)"),
        (["model_config: 1"], "`model_config` must be text, not a whole number"),
        (["zzz: 1"], "hint: fields are `url`, `level`"),
        (["events: [push_events]"], "hint: called `push` here"),
        (["events: [issues]"], "hint: called `issue` here"),
        (["note: '${vault:kv/x#y}'"], "a secret in a field that is shown: `vault` cannot be used in `note`"),
        (["options: {a: '${vault:kv/x#y}'}"], "`vault` cannot be used in `options`"),
        (["labels: ['${aws-sm:x}']"], "`aws-sm` cannot be used in `labels`"),
        (["note: 'https://u:pw@a.example/x'"], "a password in a field that is shown: `note` is no secret"),
        (["note: 'https://u:${env:PW}@a.example/x'"], "a password in a field that is shown: `note` is no secret"),
        (["options: {a: 'ftp://u:pw@a.example'}"], "a password in a field that is shown: `options` is no secret"),
    ],
)
def test_a_wrong_value_is_said_once_and_where_it_stands(lines: list[str], says: str) -> None:
    found = said(_odd("url: https://a.example", *lines), catalogue=SMALL)

    assert len(found) == 1, found
    assert says in found[0]


def test_what_was_misspelt_is_not_missed_as_well() -> None:
    found = said(_odd("adress: x"), catalogue=SMALL)
    renamed = said(_odd("address: x"), catalogue=SMALL)

    assert len(renamed) == 1
    assert [text for text in found if "required field" in text]


def test_a_field_of_groups_stands_on_groups() -> None:
    (entry,) = entries(_odd("url: https://a.example", "topic: x", scope="group: myorg"), catalogue=SMALL)

    assert entry.values["topic"] == "x"


def test_secrets_may_be_written_out_where_settings_allow_it() -> None:
    text = _odd("url: https://u:pw@a.example", "token: abc", "tokens: {a: b}")

    (entry,) = entries(text, catalogue=SMALL, plaintext=True)

    assert entry.values["token"] == "abc"
    assert len(said(text, catalogue=SMALL)) == 3


@pytest.mark.parametrize(
    "url",
    [
        "https://user@a.example",
        "https://a.example:8443/x@y",
        "https://${env:USER:-me}@a.example",
        "https://a.example/?at=b:c@d",
        "https://u:{password}@a.example",
        "${env:URL}",
    ],
)
def test_an_address_without_a_password_may_stand_anywhere(url: str) -> None:
    assert said(_odd(f"url: '{url}'"), catalogue=SMALL) == []


def test_a_webhook_is_told_how_its_address_keeps_a_password() -> None:
    (found,) = said("project: a/b\nwebhooks: {x: {url: 'https://u:pw@a.example', events: [push]}}\n")

    assert "write `{password}` in its place and `password` in `url_variables`" in found
    assert "pw@" not in found.partition("\n")[0]


@pytest.mark.parametrize(
    "token",
    ["${env:A}", "${env_file:A}", "${file:a}", "${vault:kv/a#b}", "${aws-sm:a}", "${var:a}", "x-${env:A}", "''"],
)
def test_a_secret_may_come_from_every_store_and_be_empty(token: str) -> None:
    assert said(_odd("url: https://a.example", f"token: {token}"), catalogue=SMALL) == []


def test_a_type_that_may_be_missing_from_a_gitlab_is_a_warning() -> None:
    text = "project: myorg/shop\nintegrations:\n  app:\n    type: gitlab-slack-application\n    channel: '#x'\n"

    declarations, problems = read(text)

    assert [problem.severity for problem in problems] == [Severity.WARNING]
    assert len(declarations.entries) == 1


def test_a_kind_stands_only_where_it_can() -> None:
    found = said("project: myorg/shop\nintegrations: {it: {type: instance-only}}\n", catalogue=SMALL)

    assert "Instance only cannot stand on a project (hint: declare it for the instance)" in found[0]


def test_lifecycle_is_read() -> None:
    text = _odd(
        "url: https://a.example",
        "lifecycle: {prevent_destroy: true, allow_replace: true, on_drift: report, ignore: [count]}",
    )

    (entry,) = entries(text, catalogue=SMALL)

    assert entry.lifecycle == Lifecycle(True, True, OnDrift.REPORT, ("count",))


def test_an_inheriting_entry_states_nothing_and_needs_nothing() -> None:
    (entry,) = entries(_odd("inherit: true", "lifecycle: {prevent_destroy: true}"), catalogue=SMALL)

    assert entry.inherit
    assert dict(entry.values) == {}


def test_not_inheriting_may_be_said() -> None:
    (entry,) = entries(_odd("url: https://a.example", "inherit: false"), catalogue=SMALL)

    assert not entry.inherit


@pytest.mark.parametrize(
    ("written", "pieces"),
    [
        ("' ${env:X} '", ["${env:X}"]),
        ("' https://${env:X}/ '", ["https://", "${env:X}", "/"]),
        ("'${env:X}'", ["${env:X}"]),
    ],
)
def test_blanks_around_addresses_and_tokens_are_left_out(written: str, pieces: list[str]) -> None:
    (entry,) = entries(_odd(f"url: {written}"), catalogue=SMALL)

    text = entry.values["url"]

    assert isinstance(text, Text)
    assert [piece if isinstance(piece, str) else piece.text for piece in text.pieces] == pieces


def test_what_is_missing_is_not_objected_to_as_well() -> None:
    assert len(said(_odd("url: ''"), catalogue=SMALL)) == 1
    assert "would refuse: `url` is the number four" in said(_odd("url: four"), catalogue=SMALL)[0]


# templates


def test_a_template_of_another_file_gives_the_type_and_what_the_entry_does_not_say() -> None:
    template = "templates: {team: {type: odd, default_config: {url: https://a.example, labels: [a], count: 1}}}\n"
    text = "project: myorg/shop\nintegrations: {it: {template: team, labels: [b], count: 2}}\n"

    (entry,) = entries(text, template, catalogue=SMALL)

    assert entry.kind == "odd"
    assert dict(entry.values) == {"url": "https://a.example", "labels": ("b",), "count": 2}
    assert entry.defaulted == {"url"}


def test_a_built_in_template_is_used_and_cannot_be_declared_again() -> None:
    builtin = {"team": Template("team", "odd", default_config={"url": "https://a.example"})}
    use = "project: myorg/shop\nintegrations: {it: {template: team}}\n"

    declarations, problems = read(use, catalogue=SMALL, templates=builtin)
    _, twice = read("templates: {team: {type: odd}}\n", catalogue=SMALL, templates=builtin)

    assert problems == ()
    assert declarations.entries[0].values["url"] == "https://a.example"
    assert "stands among the built-in templates already" in twice[0].detail


def test_an_entry_of_a_broken_template_is_checked_for_what_it_says_itself() -> None:
    text = """
        templates: {team: {type: odd, default_config: {colour: blue}}}
        ---
        project: myorg/shop
        integrations:
          it: {type: odd, template: team, level: 5}
          other: {template: team}
    """

    found = said(text, catalogue=SMALL)

    assert [text.split(": ")[1] for text in found] == [
        "not one of the choices",
        "not one of the choices",
    ]


def test_templates_may_be_for_webhooks() -> None:
    text = """
        templates: {team: {type: webhook, default_config: {url: https://a.example, events: [push]}}}
        ---
        project: myorg/shop
        webhooks: {a: {template: team}}
    """

    (entry,) = entries(text)

    assert entry.values["events"] == ("push",)


def test_a_template_of_instances_is_read() -> None:
    declarations, problems = read("templates: {t: {type: instance-only}}\n", catalogue=SMALL)

    assert problems == ()
    assert declarations.templates["t"].kind == "instance-only"


def test_applications_may_be_delivered_to_groups_and_files() -> None:
    text = """
        instance: true
        oauth_applications:
          a:
            redirect_uri: https://a.example
            scopes: [api]
            credentials: {variables: {group: myorg, client_id: ID, client_secret: SECRET}}
          b:
            redirect_uri: https://b.example
            scopes: [api]
            credentials: {file: portal.env}
    """

    found = entries(text)

    assert [dict(entry.deliver) for entry in found] == [
        {"variables": {"group": "myorg", "client_id": "ID", "client_secret": "SECRET"}},
        {"file": "portal.env"},
    ]


# files together


def test_the_digest_depends_on_contents_and_not_on_order_or_names() -> None:
    one, two = "project: myorg/a\nwebhooks: {}\n", "project: myorg/b\nwebhooks: {}\n"

    assert read(one, two)[0].digest == read(two, one)[0].digest
    assert read(one, two)[0].digest != read(one, one)[0].digest
    assert read(one, two)[0].files == ("m.yaml", "m2.yaml")


def test_one_name_may_stand_in_two_sections_and_on_two_scopes_but_not_twice_on_one() -> None:
    text = "project: {}\nwebhooks: {{a: {{url: https://a.example}}}}\n"
    chat = "project: myorg/a\nintegrations: {a: {type: odd, url: https://a.example}}\n"

    assert said(text.format("myorg/a"), text.format("myorg/b"), chat, catalogue=SMALL) == []
    assert said(text.format("myorg/a"), text.format("MYORG/A")) == [
        "m2.yaml:2:12: a name that stands twice: `MYORG/A:webhooks.a` stands at m.yaml:2:12 already "
        "(hint: rename one of them, or remove it)"
    ]


def test_two_of_one_slug_and_two_trackers_are_told_with_both_places() -> None:
    tracker = "{{type: {}, project_url: https://a.example, issues_url: 'https://a.example/:id', new_issue_url: https://a.example/n}}"
    text = (
        "project: myorg/shop\nintegrations:\n"
        "  a: " + tracker.format("redmine") + "\n  b: " + tracker.format("bugzilla") + "\n"
        "  c: " + tracker.format("redmine") + "\n"
    )

    found = said(text)

    assert [line.split(": ")[1] for line in found] == ["two issue trackers", "an integration that stands twice"]
    assert "`a` (redmine) at m.yaml:3:3 and `b` (bugzilla), on `myorg/shop`" in found[0]


@pytest.mark.parametrize(
    ("line", "warned"),
    [
        ("channel: #deployments", True),
        ("channel: '#ops' #x", False),
        ("channel: # none yet", False),
        ("channel:", False),
    ],
)
def test_a_value_that_is_a_comment_is_warned_of(line: str, warned: bool) -> None:
    text = f"project: a/b\nintegrations:\n  chat:\n    type: slack\n    webhook_url: ${{env:U}}\n    {line}\n"

    declarations, problems = load_declarations([Source("m.yaml", text.encode())], catalogue.load)

    assert [(p.summary, p.severity) for p in problems] == [("a comment for a value", Severity.WARNING)] * warned
    assert len(declarations.entries) == 1
