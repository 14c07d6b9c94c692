"""What the models of integrations refuse, what breaks GitLab, and how values are shown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.bodies import BODIES, HOOK
from tests.sandbox.lab import Lab, configure, one

NO_URL = ["can't be blank", "must be a valid URL"]
SCHEME = "is blocked: Only allowed schemes are http, https"
LINEAR = "URL must point to a workspace URL like https://linear.app/example"
WIKI = "URL must be to a Confluence Cloud Workspace hosted on atlassian.net"


@pytest.mark.parametrize(
    ("slug", "sent", "errors"),
    [
        ("slack", {"webhook": ""}, {"webhook": NO_URL}),
        ("slack", {"webhook": "HTTPS://CHAT.EXAMPLE.TEST/1"}, {"webhook": [SCHEME]}),
        ("slack", {"webhook": "not a url"}, {"webhook": [SCHEME]}),
        (
            "slack",
            {"webhook": "http://127.0.0.1/x"},
            {"webhook": ["is blocked: Requests to localhost are not allowed"]},
        ),
        (
            "slack",
            {"labels_to_be_notified_behavior": "x"},
            {"labels_to_be_notified_behavior": ["is not included in the list"]},
        ),
        ("slack", {"push_channel": ",".join("abcdefghijk")}, {"push_channel": ["cannot have more than 10 channels"]}),
        ("discord", {"webhook": ""}, {"webhook": ["can't be blank"]}),
        ("discord", {"webhook": HOOK}, {"webhook": ["URL must point to discord.com"]}),
        (
            "discord",
            {"webhook": "ftp://discord.com/x"},
            {"webhook": ["URL must point to discord.com", "is blocked: Only allowed schemes are https"]},
        ),
        (
            "discord",
            {"push_channel": "#push"},
            {"push_channel": ["URL must point to discord.com", "is blocked: Only allowed schemes are https"]},
        ),
        ("webex-teams", {"webhook": "javascript:x"}, {"webhook": [SCHEME]}),
        (
            "telegram",
            {"token": "", "room": ""},
            {"webhook": NO_URL, "token": ["can't be blank"], "room": ["can't be blank"]},
        ),
        ("telegram", {"hostname": "changed"}, {"webhook": [SCHEME]}),
        ("telegram", {"thread": "x"}, {"thread": ["is not a number"]}),
        ("telegram", {"thread": "1.5"}, {"thread": ["must be an integer"]}),
        ("telegram", {"thread": "5."}, {"thread": ["is not a number"]}),
        ("matrix", {"hostname": "changed"}, {"webhook": [SCHEME]}),
        ("jira", {"url": ""}, {"url": ["must be a valid URL", "can't be blank"]}),
        ("jira", {"username": ""}, {"username": ["can't be blank"]}),
        (
            "jira",
            {"jira_auth_type": 9},
            {
                "jira_auth_type": ["is not included in the list"],
                "base": ["For Jira Cloud, the authentication type must be Basic"],
            },
        ),
        (
            "jira",
            {"jira_issue_transition_id": "x"},
            {"jira_issue_transition_id": ["IDs must be a list of numbers that can be split with , or ;"]},
        ),
        (
            "jira",
            {"vulnerabilities_enabled": True},
            {"project_key": ["can't be blank"], "vulnerabilities_issuetype": ["can't be blank"]},
        ),
        ("jira", {"url": "https://a b.example.test"}, {"url": ["is blocked: URI is invalid"]}),
        ("teamcity", {"teamcity_url": "https://a b.example.test"}, {"teamcity_url": ["is blocked: URI is invalid"]}),
        ("linear", {"workspace_url": ""}, {"workspace_url": [*NO_URL, LINEAR]}),
        ("linear", {"workspace_url": "https://x.example.test"}, {"workspace_url": [LINEAR]}),
        ("confluence", {"confluence_url": ""}, {"confluence_url": ["can't be blank", WIKI]}),
        ("confluence", {"confluence_url": "https://acme.example.test/wiki"}, {"confluence_url": [WIKI]}),
        ("datadog", {"api_key": ""}, {"api_key": ["can't be blank", "is invalid"]}),
        ("datadog", {"api_key": "a-key"}, {"api_key": ["is invalid"]}),
        ("datadog", {"datadog_site": ""}, {"datadog_site": ["can't be blank"], "api_url": ["can't be blank"]}),
        ("datadog", {"datadog_site": "changed"}, {"datadog_site": ["is invalid"]}),
        ("datadog", {"datadog_tags": "x"}, {"datadog_tags": ["have an invalid format"]}),
        ("datadog", {"archive_trace_events": True}, {"archive_trace_events": ["requires CI Visibility to be enabled"]}),
        ("datadog", {"datadog_ci_visibility": None}, {"datadog_ci_visibility": ["is not included in the list"]}),
        (
            "apple-app-store",
            {"app_store_private_key": "x"},
            {"app_store_private_key": ["must be a valid PEM private key"]},
        ),
        (
            "apple-app-store",
            {"app_store_private_key": " " + BODIES["apple-app-store"]["app_store_private_key"]},
            {"app_store_private_key": ["must be a valid PEM private key"]},
        ),
        ("apple-app-store", {"app_store_key_id": "abc"}, {"app_store_key_id": ["is invalid"]}),
        ("google-play", {"package_name": ""}, {"package_name": ["can't be blank", "is invalid"]}),
        (
            "google-play",
            {"service_account_key_file_name": "", "package_name": "shop"},
            {"service_account_key_file_name": ["can't be blank"], "package_name": ["is invalid"]},
        ),
        ("google-play", {"service_account_key": "{}"}, {"service_account_key": ["must be a valid json schema"]}),
        ("campfire", {"room": "0"}, {"room": ["must be greater than 0"]}),
        ("campfire", {"subdomain": " acme "}, {"subdomain": ["is invalid"]}),
        ("harbor", {"password": "short"}, {"password": ["is invalid"]}),
        ("harbor", {"project_name": "Shop"}, {"project_name": ["is invalid"]}),
        ("harbor", {"username": ""}, {"username": ["can't be blank"]}),
        ("irker", {"recipients": "nobody"}, {"recipients": ["are all invalid"]}),
        ("irker", {"recipients": "irc:nobody"}, {"recipients": ["are all invalid"]}),
        (
            "pipelines-email",
            {"recipients": ",".join(f"u{i}@example.test" for i in range(31))},
            {"recipients": ["can't exceed 30"]},
        ),
        ("pipelines-email", {"recipients": "u@example.test," * 31}, {"recipients": ["can't exceed 30"]}),
        ("squash-tm", {"token": "t" * 256}, {"token": ["is too long (maximum is 255 characters)"]}),
        ("bamboo", {"username": ""}, {"username": ["can't be blank"]}),
        ("teamcity", {"password": ""}, {"password": ["can't be blank"]}),
        ("jenkins", {"password": "p"}, {"username": ["can't be blank"]}),
        ("jenkins", {"username": "u"}, {"password": ["can't be blank"]}),
        ("pushover", {"api_key": "", "priority": ""}, {"api_key": ["can't be blank"], "priority": ["can't be blank"]}),
        (
            "drone-ci",
            {"drone_url": "ftp://d.example.test", "token": ""},
            {"drone_url": [SCHEME], "token": ["can't be blank"]},
        ),
        ("phorge", {"issues_url": ""}, {"issues_url": NO_URL}),
        ("packagist", {"username": " "}, {"username": ["can't be blank"]}),
    ],
)
def test_a_model_refuses_in_gitlabs_words(slug: str, sent: dict[str, Any], errors: dict[str, list[str]]) -> None:
    answer = Lab().put(one(slug), {**BODIES[slug], **sent})
    shown = ", ".join(
        ":" + name + "=>[" + ", ".join('"' + t + '"' for t in texts) + "]" for name, texts in errors.items()
    )
    assert (answer.status, answer.text) == (400, f"Failed to update integration. {{{shown}}}")


@pytest.mark.parametrize(
    ("slug", "sent"),
    [
        ("slack", {"work_item_events": True}),
        ("slack", {"webhook": f" {HOOK} "}),
        ("slack", {"note_events": None}),
        ("mattermost", {"alert_channel": "#x"}),
        ("datadog", {"build_events": True}),
        ("jira", {"vulnerabilities_enabled": None}),
        ("jira", {"comment_on_event_enabled": None}),
        ("jira", {"project_keys": None}),
        ("linear", {"workspace_url": " https://linear.app/acme "}),
        ("bamboo", {"bamboo_url": " https://b.example.test"}),
        ("buildkite", {"token": " t "}),
        ("drone-ci", {"token": "t "}),
        ("packagist", {"token": "t "}),
        ("packagist", {"server": "changed"}),
        ("squash-tm", {"token": "t "}),
        ("squash-tm", {"token": ""}),
        ("squash-tm", {"url": "https://s.example.test/a%20b"}),
        ("buildkite", {"token": ":status"}),
        ("buildkite", {"token": "t" * 2049}),
        ("drone-ci", {"drone_url": "https://d.example.test/{room}"}),
        ("packagist", {"username": "u" * 2049}),
        ("packagist", {"server": "http://127.0.0.1"}),
        ("datadog", {"api_url": "https://dd.example.test/{x}"}),
        ("google-play", {"service_account_key": ""}),
        ("jenkins", {"project_name": "my job"}),
        ("jenkins", {"project_name": "größe"}),
        ("jenkins", {"jenkins_url": "https://j.example.test/a b"}),
    ],
)
def test_what_breaks_gitlab_is_a_500_and_stores_nothing(slug: str, sent: dict[str, Any]) -> None:
    lab = Lab()
    assert lab.put(one(slug), {**BODIES[slug], **sent}).status == 500
    assert lab.get(one(slug)).status == 404


@pytest.mark.parametrize(
    ("slug", "sent", "name", "shown"),
    [
        ("jira", {}, "url", "https://acme.atlassian.net"),
        ("jira", {}, "jira_allowed_statuses_as_string", ""),
        ("jira", {"issues_enabled": "false"}, "issues_enabled", False),
        ("jira", {"issues_enabled": "yes"}, "issues_enabled", True),
        ("jira", {"project_keys": [" A ", "B", "A", ""]}, "project_keys", ["A", "B"]),
        ("clickup", {"issues_url": " https://t.example.test/:id "}, "issues_url", "https://t.example.test/:id"),
        ("buildkite", {"enable_ssl_verification": False}, "enable_ssl_verification", True),
        ("teamcity", {}, "enable_ssl_verification", False),
        ("teamcity", {"teamcity_url": "https://acme.teamcity.com"}, "enable_ssl_verification", True),
        ("drone-ci", {"drone_url": "https://cloud.drone.io"}, "enable_ssl_verification", True),
        ("drone-ci", {"enable_ssl_verification": True}, "enable_ssl_verification", True),
        ("bamboo", {}, "enable_ssl_verification", True),
        ("emails-on-push", {}, "branches_to_be_notified", "all"),
        ("pipelines-email", {}, "branches_to_be_notified", "default"),
        ("slack", {"issue_channel": "#a"}, "confidential_issue_channel", "#a"),
        ("slack", {"branches_to_be_notified": "nonsense"}, "branches_to_be_notified", "nonsense"),
        ("slack", {"username": ""}, "username", ""),
        ("pushover", {"priority": 1}, "priority", "1"),
        ("github", {"repository_url": ""}, "repository_url", ""),
        ("harbor", {"username": " u "}, "username", " u "),
        ("harbor", {"username": "{u}"}, "username", "{u}"),
        ("packagist", {"username": " u "}, "username", " u "),
        ("irker", {"recipients": "IRC://irc.example.test/#shop"}, "recipients", "IRC://irc.example.test/#shop"),
        ("irker", {"recipients": "shop", "default_irc_uri": "IRC://i.test/"}, "recipients", "shop"),
        ("emails-on-push", {"recipients": "u@example.test " * 751}, "recipients", "u@example.test " * 751),
        (
            "confluence",
            {"confluence_url": "HTTPS://acme.atlassian.net/wiki"},
            "confluence_url",
            "HTTPS://acme.atlassian.net/wiki",
        ),
        ("buildkite", {"token": "t:status "}, "project_url", "https://buildkite.com/a/b"),
        ("squash-tm", {"token": None}, "url", BODIES["squash-tm"]["url"]),
    ],
)
def test_a_value_is_shown_as_gitlab_shows_it(slug: str, sent: dict[str, Any], name: str, shown: object) -> None:
    lab = Lab()
    assert configure(lab, slug, **sent)["properties"][name] == shown
    assert lab.get(one(slug)).json["properties"][name] == shown


@pytest.mark.parametrize(("slug", "name"), [("jira", "url"), ("jira", "api_url"), ("teamcity", "teamcity_url")])
def test_an_unreadable_address_is_answered(slug: str, name: str) -> None:
    assert Lab().put(one(slug), {**BODIES[slug], name: "https://[::1"}).status in (200, 400)
