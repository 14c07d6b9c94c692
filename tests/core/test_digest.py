"""Digests tell whether a secret changed, and nothing of the secret."""

from __future__ import annotations

import pytest

from reconciler.core.digest import UNVERIFIED, Digester
from tests.core.objects import KEY, SALT

KEYED, UNKEYED = Digester(SALT, KEY), Digester(SALT)


@pytest.mark.parametrize(
    ("by", "digest", "same"),
    [
        (KEYED, KEYED.of("hush"), True),
        (KEYED, KEYED.of("Hush"), False),
        (KEYED, UNKEYED.of("hush"), True),
        (KEYED, UNKEYED.of("Hush"), False),
        (UNKEYED, UNKEYED.of("hush"), True),
        (UNKEYED, UNKEYED.of("Hush"), False),
        (UNKEYED, KEYED.of("hush"), None),
        (KEYED, UNVERIFIED, None),
        (UNKEYED, UNVERIFIED, None),
        (KEYED, "k2:00", None),
        (Digester(SALT, "another"), KEYED.of("hush"), False),
        (Digester("another", KEY), KEYED.of("hush"), False),
        (Digester("another"), UNKEYED.of("hush"), False),
    ],
)
def test_a_digest_is_compared_as_it_was_made_and_never_guessed(by: Digester, digest: str, same: bool | None) -> None:
    assert by.compare(digest, "hush") is same


def test_a_key_at_hand_is_used_and_can_be_told_from_another() -> None:
    assert (KEYED.keyed, UNKEYED.keyed) == (True, False)
    assert (KEYED.of("x")[:3], UNKEYED.of("x")[:3]) == ("k1:", "s1:")
    assert KEYED.check == Digester(SALT, KEY).check
    assert KEYED.check not in ("", Digester(SALT, "another").check, Digester("another", KEY).check)
    assert UNKEYED.check == Digester(SALT, "").check == ""


def test_a_value_has_one_digest_and_another_value_another() -> None:
    for digester in (KEYED, UNKEYED):
        assert digester.of("one") == digester.of("one") != digester.of("two")
