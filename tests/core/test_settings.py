"""Settings: defaults, environments, and what is wrong with a file."""

from __future__ import annotations

import pytest

from reconciler.core.errors import UsageError
from reconciler.core.settings import Settings, read_settings
from tests.core.inputs import source

FULL = """
    gitlab: {url: "https://gitlab.example.com/", token: "${env:GITLAB_TOKEN}", ca_file: ca.pem}
    manifests: [manifests, more]
    state: gitlab://ops/state?name=prod
    vars: {host: api.acme.example, port: 8443, secure: true, region: "${env:REGION:-eu}"}
    environments:
      production:
        vars: {host: prod.acme.example}
        state: s3://bucket/prod.json
      staging:
        gitlab: {url: "https://staging.example.com"}
        manifests: staging
    policy: {max_deletes: 5, max_delete_share: 1}
    plaintext_secrets: allow
    health: {slow_ms: 500, alerts: {through: "myorg/shop:integrations.chat", on: [unhealthy]}}
    parallelism: 4
    timeout: 5
"""


def _read(text: str) -> Settings:
    settings, problems = read_settings(source(text, "reconciler.yaml"))
    assert [str(problem) for problem in problems] == []
    return settings


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "---\n"])
def test_an_empty_file_means_the_defaults(text: str) -> None:
    settings = _read(text)

    assert settings == Settings()
    assert (settings.parallelism, settings.policy.max_deletes, settings.policy.max_delete_share) == (16, 20, 0.5)
    assert settings.plaintext_secrets == "refuse"


def test_everything_that_is_stated_is_there() -> None:
    settings = _read(FULL)

    assert settings.gitlab.url == "https://gitlab.example.com"
    assert settings.manifests == ("manifests", "more")
    assert settings.vars == {
        "host": "api.acme.example",
        "port": "8443",
        "secure": "true",
        "region": "${env:REGION:-eu}",
    }
    assert settings.health.alerts is not None
    assert settings.health.alerts.on == ("unhealthy",)


def test_an_environment_has_its_own_and_otherwise_the_common_settings() -> None:
    settings = _read(FULL)

    production, staging = settings.of("production"), settings.of("staging")

    assert production.vars["host"] == "prod.acme.example"
    assert production.vars["port"] == "8443"
    assert production.state == "s3://bucket/prod.json"
    assert production.manifests == ("manifests", "more")
    assert staging.gitlab.url == "https://staging.example.com"
    assert staging.gitlab.token == "${env:GITLAB_TOKEN}"
    assert staging.manifests == ("staging",)
    assert settings.of("") is settings


@pytest.mark.parametrize(
    ("state", "own"),
    [
        (None, ".reconciler/state.staging.json"),
        ("state.json", "state.staging.json"),
        ("gitlab://ops/shop/main", "gitlab://ops/shop/main-staging"),
        ("s3://bucket/a.b/state.json", "s3://bucket/a.b/state.staging.json"),
    ],
)
def test_an_environment_without_a_state_of_its_own_does_not_share_the_common_one(state: str | None, own: str) -> None:
    text = "environments: {staging: {}}\n" + (f"state: {state}\n" if state else "")

    assert _read(text).of("staging").state == own


def test_an_environment_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UsageError) as caught:
        _read(FULL).of("prodction")
    assert caught.value.hint == "did you mean `production`?"

    with pytest.raises(UsageError) as caught:
        _read(FULL).of("x")
    assert caught.value.hint == "environments are `production`, `staging`"

    with pytest.raises(UsageError) as caught:
        Settings().of("x")
    assert caught.value.hint == "add it to `environments`"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gitlab: {url: gitlab.example.com}", "1:15: a value that cannot be: `gitlab.url`: this is no web address"),
        ("gitlab:\n  token: glpat-abc", "2:10: a value that cannot be: `gitlab.token`: a token cannot stand in a file"),
        ("gitlab:\n  token: ${X}", "2:10: a value that cannot be: `gitlab.token`: a reference without a store"),
        ("gitlab: x", "1:9: a value of the wrong type: `gitlab` must be a mapping, not text"),
        ("gitlb: {}", "1:1: an unknown key: settings has no `gitlb` (hint: did you mean `gitlab`?)"),
        ("gitlab: {tokn: x}", "an unknown key: settings has no `gitlab.tokn` (hint: did you mean `token`?)"),
        ("- a", "1:1: a value of the wrong type: settings must be a mapping, not a list"),
        ("a", "settings must be a mapping, not text"),
        ("policy: {max_deletes: -1}", "`policy.max_deletes`: input should be greater than or equal to 0"),
        ("policy: {max_deletes: 1.5}", "`policy.max_deletes` must be a whole number, not a fraction"),
        ("policy: {max_delete_share: '1'}", "`policy.max_delete_share` must be a number, not text"),
        ("parallelism: 0", "`parallelism`: input should be greater than or equal to 1"),
        ("parallelism: yes", "`parallelism` must be a whole number, not true or false"),
        ("manifests: []", "`manifests`: state at least one path"),
        ("manifests: ['']", "`manifests`: state at least one path"),
        ("manifests: 3", "`manifests` must be a list, not a whole number"),
        ("plaintext_secrets: maybe", "`plaintext_secrets` cannot be `maybe` (hint: choices are `refuse`, `allow`)"),
        ("plaintext_secrets: [a]", "`plaintext_secrets` cannot be a list"),
        ("vars: {a: [b]}", "`vars.a` must be text, not a list"),
        ("vars: {a: '${X}'}", "`vars.a`: a reference without a store"),
        ("environments: {a: {vras: {}}}", "an unknown key: settings has no `environments.a.vras` (hint: did you mean"),
        ("health: {alerts: {}}", "a required key is missing: settings needs `health.alerts.through`"),
        (
            "health: {alerts: {through: a, on: [never]}}",
            "not one of the choices: `health.alerts.on.0` cannot be `never`",
        ),
        ("a: 1\n---\nb: 2", "3:1: more than one document"),
        ("a: [", "2:1: something is missing"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(text: str, says: str) -> None:
    settings, problems = read_settings(source(text, "reconciler.yaml"))

    assert settings == Settings()
    assert any(says in str(problem) for problem in problems), [str(problem) for problem in problems]


def test_of_very_many_problems_the_first_are_told() -> None:
    text = "".join(f"key{n}: 1\n" for n in range(2000))

    _, problems = read_settings(source(text, "reconciler.yaml"))

    assert problems[-1].summary == "too many problems"


def test_a_token_written_out_is_not_shown() -> None:
    for text in ("gitlab:\n  token: glpat-abc", "gitlab:\n  token: 12345", "gitlab: {token: glpat-abc, x: 1}"):
        _, problems = read_settings(source(text, "reconciler.yaml"))

        assert problems
        assert "abc" not in repr(problems)
        assert "12345" not in repr(problems)
