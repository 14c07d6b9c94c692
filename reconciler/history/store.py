"""Implements `ports.History` in one SQLite file: results of health checks, newest kept, safe under several processes.

Every call opens the file for itself, so that threads and forks share nothing. Readers never wait for a writer (WAL);
writers wait for each other. Of each address only the newest results stay, so the file's size is bounded.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from reconciler.core.address import key_of
from reconciler.core.errors import StateError
from reconciler.core.health import HealthResult
from reconciler.core.resource import Health

PER_ADDRESS = 1000
FEWEST = 50
IN_ALL = 500_000
"""Results that are kept: of one address at most and (where there are many) at least, and together about."""
BUSY_SECONDS = 15.0
FORMAT_VERSION = 1

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS results (
        id INTEGER PRIMARY KEY,
        state TEXT NOT NULL,
        key TEXT NOT NULL,
        address TEXT NOT NULL,
        kind TEXT NOT NULL,
        status TEXT NOT NULL,
        response_time_ms INTEGER,
        at TEXT NOT NULL,
        sentence TEXT NOT NULL,
        facts TEXT NOT NULL,
        shared_with TEXT NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS results_by_address ON results (state, key, id)",
)
_COLUMNS = "address, kind, status, response_time_ms, at, sentence, facts, shared_with"
_INSERT = f"INSERT INTO results (state, key, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_NEWEST = f"SELECT {_COLUMNS} FROM results WHERE state = ? AND key = ? ORDER BY id DESC LIMIT ?"
_LAST = f"SELECT {_COLUMNS} FROM results WHERE id IN (SELECT max(id) FROM results WHERE state = ? GROUP BY key)"
_PRUNE = """
DELETE FROM results WHERE state = ? AND key = ? AND id <=
    (SELECT id FROM results WHERE state = ? AND key = ? ORDER BY id DESC LIMIT 1 OFFSET ?)
"""


class HealthStore:
    """One file for all states that are used from a folder; `state` is the URL of the one that is meant."""

    def __init__(self, path: Path, state: str, *, per_address: int = PER_ADDRESS) -> None:
        self._path, self._state, self._per_address = path, state, per_address

    def add(self, results: Sequence[HealthResult]) -> None:
        """Keep results, in one transaction, and let go of the oldest."""
        if not results:
            return
        keys = {key_of(result.address) for result in results}
        kept = min(self._per_address, max(FEWEST, IN_ALL // len(keys)))
        with self._open(create=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, [self._row(result) for result in results])
            connection.executemany(_PRUNE, [(self._state, key, self._state, key, kept) for key in keys])
            connection.execute("COMMIT")

    def of(self, address: str, limit: int) -> Sequence[HealthResult]:
        """The newest results of an address, newest first."""
        return self._select(_NEWEST, self._state, key_of(address), limit)

    def last(self) -> Sequence[HealthResult]:
        """The newest result of every address."""
        return self._select(_LAST, self._state)

    # -----------------------------------------------------------------------------------------------------------------

    def _select(self, query: str, *parameters: str | int) -> Sequence[HealthResult]:
        if not self._path.exists():
            return ()
        with self._open() as connection:
            rows = connection.execute(query, parameters).fetchall()
            return tuple(
                HealthResult(address, kind, Health(status), ms, at, sentence, json.loads(facts), shared)
                for address, kind, status, ms, at, sentence, facts, shared in rows
            )

    @contextmanager
    def _open(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            if create:
                self._make()
            with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
                if create:
                    connection.execute("PRAGMA journal_mode = WAL")
                    connection.execute("PRAGMA synchronous = NORMAL")
                self._check(connection, create=create)
                yield connection
        except (OSError, sqlite3.Error, ValueError) as error:
            hint = "take the file away to begin anew; only the history on this machine is in it"
            raise StateError(f"{self._path}: the health history cannot be used ({error})", hint=hint) from error

    def _check(self, connection: sqlite3.Connection, *, create: bool) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT_VERSION:
            raise ValueError("a newer reconciler has written it")
        if create or version == 0:
            for statement in _TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")

    def _make(self) -> None:
        """Make the file for our eyes only; SQLite gives its companions the same mode."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours = next((folder for folder in self._path.parents if folder.name == ".reconciler"), None)
        if ours and not (ours / ".gitignore").exists():
            (ours / ".gitignore").write_text("*\n", encoding="utf-8")
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))

    def _row(self, result: HealthResult) -> tuple[str | int | None, ...]:
        return (
            self._state,
            key_of(result.address),
            result.address,
            result.kind,
            result.status.value,
            result.response_time_ms,
            result.last_check,
            result.sentence,
            json.dumps(result.facts, default=dict),
            result.shared_with,
        )
