"""References: how they are written, and which cannot be."""

from __future__ import annotations

import pytest

from reconciler.core.refs import BadReference, parse, written
from reconciler.core.value import Reference, Text


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("${env:NAME}", ("env", "NAME", None)),
        ("${env:NAME:-}", ("env", "NAME", "")),
        ("${env:NAME:-a default:-b}", ("env", "NAME", "a default:-b")),
        ("${env_file:TOKEN_FILE}", ("env_file", "TOKEN_FILE", None)),
        ("${file:keys/play.json}", ("file", "keys/play.json", None)),
        ("${var:host.name}", ("var", "host.name", None)),
        ("${var:AWS_REGION}", ("var", "AWS_REGION", None)),
        ("${file:AWS_KEY}", ("file", "AWS_KEY", None)),
        ("${project.path}", ("project", "path", None)),
        ("${project.name}", ("project", "name", None)),
        ("${group.path}", ("group", "path", None)),
        ("${vault:kv/team/shop#token}", ("vault", "kv/team/shop#token", None)),
        ("${aws-sm:shop#token}", ("aws-sm", "shop#token", None)),
        (
            "${aws-sm:arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf#token}",
            ("aws-sm", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf#token", None),
        ),
        ("${aws-sm:shop}", ("aws-sm", "shop", None)),
    ],
)
def test_a_reference_is_taken_apart(text: str, reference: tuple[str, str, str | None]) -> None:
    value = parse(text)

    assert isinstance(value, Text)
    assert value.pieces == (Reference(*reference, text),)
    assert value.source == text


def test_text_around_references_is_kept() -> None:
    value = parse("https://${env:HOST}/${project.path}?x=$1")

    assert isinstance(value, Text)
    assert [p if isinstance(p, str) else p.text for p in value.pieces] == [
        "https://",
        "${env:HOST}",
        "/",
        "${project.path}",
        "?x=$1",
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("costs $5", "costs $5"),
        ("$${env:X}", "${env:X}"),
        ("a $${ b $${", "a ${ b ${"),
        ("", ""),
    ],
)
def test_text_without_references_stays_text(text: str, value: str) -> None:
    assert parse(text) == value


def test_a_literal_and_a_reference_can_stand_together() -> None:
    value = parse("$${x} is ${env:X}")

    assert isinstance(value, Text)
    assert value.pieces[0] == "${x} is "
    assert written(value) == "$${x} is ${env:X}"
    assert written("${x}") == "$${x}"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("${env:X", "add `}`"),
        ("${X}", "write `${env:X}`"),
        ("${my var}", "`${env:NAME}`"),
        ("${project.paht}", "did you mean `project.path`?"),
        ("${enw:X}", "did you mean `env`?"),
        ("${zzz:X}", "stores are"),
        ("${env:}", "the form is `${env:NAME}`"),
        ("${env:A-B}", "the form is"),
        ("${file:../x}", "the form is"),
        ("${file:a/../../x}", "the form is"),
        ("${file:/etc/passwd}", "the form is"),
        ("${file:C:\\x}", "the form is"),
        ("${vault:kv/x}", "#field"),
        ("${vault:/x#y}", "#field"),
        ("${env:X:-${env:Y}}", "plain text"),
        ("${env:GITLAB_TOKEN}", "credential"),
        ("${env:CI_JOB_TOKEN}", "credential"),
        ("${env:VAULT_TOKEN}", "credential"),
        ("${env:AWS_SESSION_TOKEN}", "credential"),
        ("${env_file:RECONCILER_STATE_KEY}", "credential"),
        ("${env:reconciler_x}", "credential"),
    ],
)
def test_what_is_no_reference_is_refused_with_a_way_out(text: str, hint: str) -> None:
    with pytest.raises(BadReference) as caught:
        parse(text)

    assert hint in caught.value.hint


def test_settings_may_name_our_own_credentials() -> None:
    assert isinstance(parse("${env:GITLAB_TOKEN}", own=True), Text)
