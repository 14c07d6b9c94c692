"""Keyed digests of secrets: how the state remembers a secret without holding it.

With `RECONCILER_STATE_KEY` one scrypt a run turns that key and the state's salt into an HMAC key (`k1:`). Without it
each distinct value costs one scrypt under the salt (`s1:`), so that a stolen state cannot be guessed through quickly.
An empty digest marks a value that was adopted unread: nothing is known of it.
"""

from __future__ import annotations

import hashlib
import hmac

UNVERIFIED = ""
_COST = 2**14


class Digester:
    """Makes and compares digests under one salt and, where there is one, one key. Safe to share between threads."""

    def __init__(self, salt: str, key: str | None = None) -> None:
        self._salt = salt.encode()
        self._key = self._scrypt(key) if key else None
        self._made: dict[tuple[str, str], str] = {}

    @property
    def keyed(self) -> bool:
        """Whether a state key is at hand."""
        return self._key is not None

    @property
    def check(self) -> str:
        """A value by which a later run can tell whether it was given the same key; empty without one."""
        return self._hmac("reconciler state key") if self._key else ""

    def of(self, text: str) -> str:
        """The digest that is recorded for a value from now on."""
        scheme = "k1" if self._key else "s1"
        return f"{scheme}:{self._once(scheme, text)}"

    def compare(self, digest: str, text: str) -> bool | None:
        """Whether a digest is that of a value; None when it cannot be told (unverified, or the key is not given)."""
        scheme, _, rest = digest.partition(":")
        if scheme == "s1" or (scheme == "k1" and self._key):
            return hmac.compare_digest(rest, self._once(scheme, text))
        return None

    def _hmac(self, text: str) -> str:
        assert self._key is not None
        return hmac.digest(self._key, text.encode(), "sha256").hex()

    def _once(self, scheme: str, text: str) -> str:
        """Each digest is made once a run: a fleet has one secret in many places."""
        known = self._made.get((scheme, text))
        if known is None:
            made = self._hmac(text) if scheme == "k1" else self._scrypt(text).hex()
            known = self._made[scheme, text] = made
        return known

    def _scrypt(self, text: str) -> bytes:
        return hashlib.scrypt(text.encode(), salt=self._salt, n=_COST, r=8, p=1, dklen=32)
