"""The health book: the last results of every address as they are kept beside the state, and who was told of what.

Pure: bytes in, bytes out. A book that cannot be read is an empty one: it holds nothing that a next run does not find
out again, except what people were told.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.core.address import key_of
from reconciler.core.health import HealthResult, Transition
from reconciler.core.resource import NOTHING, Health

FORMAT_VERSION = 1
PER_ADDRESS = 50
IN_ALL = 50_000
"""Results that are kept at most, of one address and together."""


@dataclass(frozen=True, slots=True)
class Page:
    """One address: its results, newest first, and the status that people know of."""

    results: tuple[HealthResult, ...]
    told: Health


@dataclass(frozen=True, slots=True)
class HealthBook:
    """Pages by `key_of` their address."""

    serial: int = 0
    pages: Mapping[str, Page] = NOTHING

    def last(self) -> tuple[HealthResult, ...]:
        """The newest result of every address."""
        return tuple(page.results[0] for page in self.pages.values() if page.results)

    def of(self, address: str) -> tuple[HealthResult, ...]:
        """The kept results of an address, newest first."""
        page = self.pages.get(key_of(address))
        return page.results if page else ()


def changed(book: HealthBook, results: Iterable[HealthResult], on: Collection[str]) -> tuple[Transition, ...]:
    """The changes that people are to be told of: a status of `on` that differs from what they know of the address.

    An address without an earlier result is no change. A status that could not be told is passed over unless it is
    among `on`.
    """
    found = []
    for result in results:
        page = book.pages.get(key_of(result.address))
        if page and result.status is not page.told and result.status.value in on:
            found.append(Transition(result.address, result.kind, page.told, result.status, result.sentence))
    return tuple(found)


def entered(
    book: HealthBook, results: Iterable[HealthResult], on: Collection[str], *, untold: Iterable[Transition] = ()
) -> HealthBook:
    """The book with new results; the addresses of `untold` go on counting as people knew them."""
    silent = {key_of(transition.address) for transition in untold}
    pages = dict(book.pages)
    for result in results:
        key = key_of(result.address)
        before = pages.get(key)
        passed_over = result.status is Health.UNKNOWN and result.status.value not in on
        told = before.told if before and (passed_over or key in silent) else result.status
        pages[key] = Page((result, *(before.results if before else ()))[:PER_ADDRESS], told)
    share = max(1, min(PER_ADDRESS, IN_ALL // max(len(pages), 1)))
    pages = {key: replace(page, results=page.results[:share]) for key, page in pages.items()}
    return HealthBook(book.serial + 1, pages)


def without_others(book: HealthBook, addresses: Iterable[str]) -> HealthBook:
    """The book without the pages of addresses that are there no longer."""
    known = {key_of(address) for address in addresses}
    return replace(book, pages={key: page for key, page in book.pages.items() if key in known})


def book_to_bytes(book: HealthBook) -> bytes:
    """The book as JSON; of each address only the newest result has its sentence."""
    pages = {}
    for page in book.pages.values():
        newest = page.results[0]
        rows = [[r.last_check, r.status.value, r.response_time_ms] for r in page.results]
        said = {"kind": newest.kind, "told": page.told.value, "sentence": newest.sentence, "results": rows}
        pages[newest.address] = said
    document = {"format_version": FORMAT_VERSION, "serial": book.serial, "addresses": pages}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def book_from_bytes(body: bytes | None) -> HealthBook:
    """The book that some bytes hold; an empty one for anything else."""
    if body is None:
        return HealthBook()
    try:
        document = json.loads(body)
        if document["format_version"] != FORMAT_VERSION:
            return HealthBook()
        pages = {key_of(address): _page(address, said) for address, said in document["addresses"].items()}
        return HealthBook(int(document["serial"]), pages)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return HealthBook()


# ---------------------------------------------------------------------------------------------------------------------


def _page(address: str, said: Mapping[str, Any]) -> Page:
    kind, sentence = str(said["kind"]), str(said["sentence"])
    results = tuple(
        HealthResult(address, kind, Health(status), ms, str(at), sentence if n == 0 else "")
        for n, (at, status, ms) in enumerate(said["results"])
    )
    if not results:
        raise ValueError("a page without results")
    return Page(results, Health(said["told"]))
