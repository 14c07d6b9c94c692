"""Which regular expressions RE2 takes."""

from __future__ import annotations

import pytest

from reconciler.sandbox.gitlab.re2 import mistake


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "^v.*$",
        "a*?",
        "[]a]",
        "[^]]",
        "a{,2}",
        "x{",
        r"\12",
        r"\z",
        r"\pL",
        "(?i)a(?-i)b",
        "(?<n>a)",
        "^*",
        r"\Qa(b\E",
    ],
)
def test_an_expression_is_taken(expression: str) -> None:
    assert mistake(expression) is None


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("((", "missing ): (("),
        ("a)", "unexpected ): a)"),
        ("*", "no argument for repetition operator: *"),
        ("a++", "bad repetition operator: ++"),
        ("[a", "missing ]: [a"),
        ("[z-a]", "invalid character class range: z-a"),
        ("a{2,1}", "invalid repetition size: {2,1}"),
        ("a{1001}", "invalid repetition size: {1001}"),
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("(?=a)", "invalid perl operator: (?="),
        ("(?P=n)", "invalid named capture group: (?P=n)"),
        ("\\", "trailing \\"),
    ],
)
def test_an_expression_is_refused_in_its_words(expression: str, told: str) -> None:
    assert mistake(expression) == told
