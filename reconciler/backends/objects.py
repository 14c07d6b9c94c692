"""Objects of a store with conditional writes. The only importer of `obstore`; its errors become ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from reconciler.core.errors import StateError, UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """An object's content, and what names this version of it (Google wants the version, others the tag)."""

    body: bytes
    e_tag: str | None
    version: str | None

    @property
    def condition(self) -> dict[str, str]:
        """The condition "still this version", as obstore takes it; a None is no member."""
        return {name: value for name, value in (("e_tag", self.e_tag), ("version", self.version)) if value is not None}


class Objects:
    """One store. Credentials come from the environment, as each cloud's own tools take them."""

    def __init__(self, store: Any) -> None:
        self._store = store

    @classmethod
    def opened(cls, url: str) -> Objects:
        """The store of a bucket's URL."""
        try:
            from obstore.exceptions import BaseError
            from obstore.store import MemoryStore, from_url
        except ImportError as error:
            hint = "install it with `pip install 'reconciler[objectstore]'`"
            raise UsageError("object stores need the extra `objectstore`", hint=hint) from error
        if url.startswith("memory:"):
            return cls(MemoryStore())
        try:
            return cls(from_url(url))
        except (BaseError, ValueError) as error:
            raise UsageError(f"`{url}` cannot be opened as an object store") from error

    def get(self, key: str) -> Found | None:
        """An object, None when there is none."""

        def got() -> Found | None:
            result = self._store.get(key)
            return Found(bytes(result.bytes()), result.meta.get("e_tag"), result.meta.get("version"))

        return self._asked(key, got, absent=True)

    def put(self, key: str, body: bytes) -> None:
        """Store an object, whatever was there."""
        self._asked(key, lambda: self._store.put(key, body))

    def swap(self, key: str, body: bytes, seen: Found | None) -> Found | None:
        """Store an object if it is still the one that was seen (absent, for None); None when it is not."""

        def swapped() -> Found:
            result = self._store.put(key, body, mode=seen.condition if seen else "create")
            return Found(body, result.get("e_tag"), result.get("version"))

        return self._asked(key, swapped, refused=True)

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""
        self._asked(key, lambda: self._store.delete(key), absent=True)

    def names(self, prefix: str) -> list[tuple[str, str, int]]:
        """Objects below a prefix: name, time of the last change, size."""

        def listed() -> list[tuple[str, str, int]]:
            pages: Iterator[Any] = iter(self._store.list(prefix))
            return [
                (meta["path"], meta["last_modified"].isoformat(timespec="seconds"), meta["size"])
                for page in pages
                for meta in page
            ]

        return self._asked(prefix, listed) or []

    # -----------------------------------------------------------------------------------------------------------------

    def _asked(self, key: str, ask: Callable[[], T], *, absent: bool = False, refused: bool = False) -> T | None:
        from obstore.exceptions import AlreadyExistsError, NotFoundError, PreconditionError

        with _ours(key):
            try:
                return ask()
            except (NotFoundError, FileNotFoundError):
                if absent or refused:
                    return None
                raise
            except (AlreadyExistsError, PreconditionError, FileExistsError):
                if refused:
                    return None
                raise


@contextmanager
def _ours(key: str) -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        # Texts of the libraries below may quote headers; the sort of failure is enough.
        raise StateError(f"the object store failed for `{key}` ({type(error).__name__})") from error
