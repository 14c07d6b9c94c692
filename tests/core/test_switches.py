"""Variables that switch something on or off are read alike everywhere."""

from __future__ import annotations

import pytest

from reconciler.core.errors import UsageError
from reconciler.core.switches import in_automation, switched_on


@pytest.mark.parametrize(
    ("said", "on"),
    [("1", True), ("TRUE", True), ("yes", True), (" on ", True)]
    + [(word, False) for word in ("", "0", "false", "No", "off")],
)
def test_a_switch_is_on_or_off_by_the_usual_words(said: str, on: bool) -> None:
    assert switched_on({"RECONCILER_SANDBOX": said}, "RECONCILER_SANDBOX") is on


def test_a_switch_that_says_neither_is_refused_by_its_name() -> None:
    with pytest.raises(UsageError, match="`RECONCILER_SANDBOX` is neither on nor off"):
        switched_on({"RECONCILER_SANDBOX": "nope"}, "RECONCILER_SANDBOX")


@pytest.mark.parametrize(
    ("environ", "automated"),
    [
        ({}, False),
        ({"CI": "true"}, True),
        ({"CI": "false"}, False),
        ({"CI": "woodpecker"}, True),
        ({"CI": "true", "RECONCILER_IN_AUTOMATION": "no"}, False),
        ({"RECONCILER_IN_AUTOMATION": "on"}, True),
    ],
)
def test_automation_is_what_our_variable_says_else_what_ci_does(environ: dict[str, str], automated: bool) -> None:
    assert in_automation(environ) is automated
