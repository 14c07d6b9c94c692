"""The smallest body that configures each slug."""

from __future__ import annotations

import json
from typing import Any

HOOK = "https://chat.example.test/hooks/1"
URLS = {"project_url": "https://t.example.test/p", "issues_url": "https://t.example.test/:id"}
KEY = "-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\n"
ACCOUNT = json.dumps(
    dict.fromkeys(
        (
            "type",
            "project_id",
            "private_key_id",
            "private_key",
            "client_email",
            "client_id",
            "auth_uri",
            "token_uri",
            "auth_provider_x509_cert_url",
            "client_x509_cert_url",
        ),
        "x",
    )
)
BODIES: dict[str, dict[str, Any]] = {
    "apple-app-store": {
        "app_store_issuer_id": "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa",
        "app_store_key_id": "ABC1",
        "app_store_private_key_file_name": "key.p8",
        "app_store_private_key": KEY,
    },
    "asana": {"api_key": "k"},
    "assembla": {"token": "t"},
    "bamboo": {"bamboo_url": "https://b.example.test", "build_key": "K", "username": "u", "password": "p"},
    "bugzilla": {**URLS, "new_issue_url": "https://t.example.test/new"},
    "buildkite": {"project_url": "https://buildkite.com/a/b", "token": "t"},
    "campfire": {"token": "t"},
    "clickup": URLS,
    "confluence": {"confluence_url": "https://acme.atlassian.net/wiki"},
    "custom-issue-tracker": {**URLS, "new_issue_url": "https://t.example.test/new"},
    "datadog": {"api_key": "abc_1"},
    "diffblue-cover": {
        "diffblue_license_key": "L",
        "diffblue_access_token_name": "n",
        "diffblue_access_token_secret": "s",
    },
    "discord": {"webhook": "https://discord.com/api/webhooks/1/x"},
    "drone-ci": {"drone_url": "https://d.example.test", "token": "t"},
    "emails-on-push": {"recipients": "a@example.test"},
    "ewm": {**URLS, "new_issue_url": "https://t.example.test/new"},
    "external-wiki": {"external_wiki_url": "https://w.example.test"},
    "git-guardian": {"token": "t"},
    "github": {"token": "t", "repository_url": "https://github.com/a/b"},
    "google-play": {
        "package_name": "com.example.shop",
        "service_account_key_file_name": "k.json",
        "service_account_key": ACCOUNT,
    },
    "hangouts-chat": {"webhook": HOOK},
    "harbor": {"url": "https://h.example.test", "project_name": "shop", "username": "u", "password": "Passw0rdX"},
    "irker": {"recipients": "irc://irc.example.test/#shop"},
    "jenkins": {"jenkins_url": "https://j.example.test", "project_name": "shop"},
    "jira": {"url": "https://acme.atlassian.net/", "password": "p", "username": "u"},
    "linear": {"workspace_url": "https://linear.app/acme"},
    "matrix": {"token": "t", "room": "#ops"},
    "mattermost": {"webhook": HOOK},
    "mattermost-slash-commands": {"token": "t"},
    "microsoft-teams": {"webhook": HOOK},
    "packagist": {"username": "u", "token": "t"},
    "phorge": URLS,
    "pipelines-email": {"recipients": "a@example.test"},
    "pivotaltracker": {"token": "t"},
    "pumble": {"webhook": HOOK},
    "pushover": {"api_key": "k", "user_key": "u", "priority": "0"},
    "redmine": {**URLS, "new_issue_url": "https://t.example.test/new"},
    "slack": {"webhook": HOOK},
    "slack-slash-commands": {"token": "t"},
    "squash-tm": {"url": "https://s.example.test"},
    "teamcity": {"teamcity_url": "https://c.example.test", "build_type": "B", "username": "u", "password": "p"},
    "telegram": {"token": "1:t", "room": "-1"},
    "unify-circuit": {"webhook": HOOK},
    "webex-teams": {"webhook": HOOK},
    "youtrack": URLS,
    "zentao": {"url": "https://z.example.test", "api_token": "t", "zentao_product_xid": "3"},
}
