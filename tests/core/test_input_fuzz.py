"""Any bytes as manifest or settings give problems, never a traceback; secrets written out are never shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.compile import compile_entries
from reconciler.core.errors import Problem
from reconciler.core.load import load_declarations
from reconciler.core.ports import ScopeFacts
from reconciler.core.refs import BadReference, parse, written
from reconciler.core.resolve import resolve
from reconciler.core.settings import read_settings
from reconciler.core.source import Source
from reconciler.core.targets import expand
from reconciler.core.value import Text
from reconciler.integrations import catalogue

CATALOGUE = catalogue.load(None)
CORPUS = sorted((Path(__file__).parent.parent / "corpus" / "malformed").glob("*.yaml"))
CANARY = "hunter2canary"

_NAMES = """project group instance targets projects webhooks integrations templates type slack jira url events push
    lifecycle ignore inherit template default_config webhook_url myorg/shop https://a.example ${env:X} ${ $${ << team
    credentials variables environments vars policy gitlab token health alerts oauth_applications scopes secret_token"""
_WORDS = st.sampled_from(_NAMES.split())
_LEAVES = _WORDS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
_TREES: st.SearchStrategy[Any] = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | st.text(max_size=6), inner, max_size=6),
    max_leaves=25,
)


def _all(body: bytes) -> list[Problem]:
    """Take bytes through everything that happens before GitLab is written to."""
    declarations, problems = load_declarations([Source("m.yaml", body)], lambda _: CATALOGUE)
    expansion = expand(declarations, [ScopeFacts(1, "myorg/shop")], CATALOGUE)
    compiled = compile_entries(expansion.entries, CATALOGUE)
    _, unresolved = resolve(compiled.resources, CATALOGUE, lambda _: None)
    _, more = read_settings(Source("reconciler.yaml", body))
    return [*problems, *expansion.problems, *compiled.problems, *unresolved, *more]


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=150)
def test_any_bytes_give_problems_and_never_a_traceback(body: bytes) -> None:
    _all(body)


@given(_TREES)
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_any_tree_gives_problems_and_never_a_traceback(tree: Any) -> None:
    _all(json.dumps(tree).encode())


@given(st.sampled_from(CORPUS), st.integers(0, 400), st.binary(max_size=4))
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_manifest_gives_problems_and_never_a_traceback(path: Path, position: int, noise: bytes) -> None:
    body = path.read_bytes()

    _all(body[:position] + noise + body[position:])


@given(
    st.sampled_from(["webhook_url", "webhok_url", "api_token", "secret_token", "password", "x", "url variables"]),
    st.sampled_from(["slack", "slak", "jira", "jenkins", None, 3]),
    st.sampled_from(["block", "flow", "quoted", "torn", "list", "nested", "default"]),
)
@settings(deadline=None)
def test_a_secret_written_out_is_never_shown(name: str, kind: Any, form: str) -> None:
    line = {
        "block": f"    {name}: {CANARY}",
        "flow": f"    more: {{{name}: {CANARY}, chanel: x}}",
        "quoted": f'    {name}: "{CANARY}"',
        "torn": f'    {name}: "{CANARY}',
        "list": f"    {name}: [{CANARY}]",
        "nested": f"    custom_headers:\n      {name}: {CANARY}",
        "default": f"    {name}: ${{env:X:-{CANARY}}}",
    }[form]
    body = f"project: myorg/shop\nintegrations:\n  chat:\n    type: {kind}\n{line}\n"

    problems = _all(body.encode())

    assert problems
    assert CANARY not in repr(problems)


@given(st.text(alphabet="${}:-envaf_ile.project/ #A\\", max_size=40))
@settings(deadline=None)
def test_text_is_parsed_or_refused_and_can_be_written_again(text: str) -> None:
    try:
        value = parse(text)
    except BadReference:
        return

    assert parse(written(value)) == value
    if isinstance(value, Text):
        assert value.references
