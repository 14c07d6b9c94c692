"""What the sandbox contains: a JSON value with a thin wrapper, and the only place where its ids and secrets come from.

Pure: no I/O, no clock, no randomness. Rows are plain dictionaries so that a world can be written, read and
edited as JSON; `Table` gives them numeric ids and indexes. A field that `Table.by` is asked about may only
be changed through `Table.set`.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
"""One record of a world: only JSON values, always with an integer `id`."""

FORMAT = 1
LOG_LENGTH = 100_000
"""How many of the newest requests `/_sandbox/requests` remembers."""


class Table:
    """Rows of one sort by id, in order of creation, with indexes made when first asked for."""

    __slots__ = ("_indexes", "next_id", "rows")

    def __init__(self, rows: Iterable[Row] = (), next_id: int = 1) -> None:
        self.rows: dict[int, Row] = {row["id"]: row for row in rows}
        self.next_id = max(next_id, max(self.rows, default=0) + 1)
        self._indexes: dict[str, dict[Any, dict[int, Row]]] = {}

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, row_id: int | None) -> Row | None:
        """The row of that id, if there is one."""
        return None if row_id is None else self.rows.get(row_id)

    def add(self, row: Row) -> Row:
        """Keep a new row; its `id` becomes the next free one unless it brings one."""
        row_id = row.setdefault("id", self.next_id)
        self.next_id = max(self.next_id, row_id + 1)
        self.rows[row_id] = row
        for name, index in self._indexes.items():
            index.setdefault(row.get(name), {})[row_id] = row
        return row

    def remove(self, row: Row) -> None:
        """Forget a row."""
        if self.rows.pop(row["id"], None) is not None:
            for name, index in self._indexes.items():
                index.get(row.get(name), {}).pop(row["id"], None)

    def set(self, row: Row, name: str, value: object) -> None:
        """Change a field that may be indexed."""
        index = self._indexes.get(name)
        if index is not None:
            index.get(row.get(name), {}).pop(row["id"], None)
            index.setdefault(value, {})[row["id"]] = row
        row[name] = value

    def by(self, name: str, value: object) -> list[Row]:
        """The rows whose field `name` equals `value`, oldest first."""
        index = self._indexes.get(name)
        if index is None:
            index = self._indexes[name] = {}
            for row in self.rows.values():
                index.setdefault(row.get(name), {})[row["id"]] = row
        return list(index.get(value, {}).values())


@dataclass(slots=True)
class World:
    """Everything a pretend GitLab and the pretend services know.

    `settings` are the instance's (version, licensed, allow_local_requests, throttles, …), `features` its
    feature flags, `tables` its records, `jobs` the background work that is not yet done, `counters` what
    never repeats, `rates` the counts of running rate-limit windows, `services` one dictionary per stand-in,
    `receiver` what unknown hosts were sent.
    """

    settings: Row = field(default_factory=dict)
    features: dict[str, bool] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    jobs: list[Row] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    rates: dict[str, list[int]] = field(default_factory=dict)
    faults: list[Row] = field(default_factory=list)
    services: dict[str, Row] = field(default_factory=dict)
    receiver: list[Row] = field(default_factory=list)
    requests: deque[Row] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    paths: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Lower-case full path → (`project`, `group` or `moved`, id): derived, rebuilt by `index_paths`."""

    def table(self, name: str) -> Table:
        """The table of that name, empty at first."""
        found = self.tables.get(name)
        if found is None:
            found = self.tables[name] = Table()
        return found

    @property
    def users(self) -> Table:
        """Accounts."""
        return self.table("users")

    @property
    def tokens(self) -> Table:
        """Personal access tokens, with their text in `token`."""
        return self.table("tokens")

    @property
    def groups(self) -> Table:
        """Groups; `members` maps user ids, as text, to access levels."""
        return self.table("groups")

    @property
    def projects(self) -> Table:
        """Projects; `members` as in groups."""
        return self.table("projects")

    @property
    def version(self) -> tuple[int, int]:
        """The instance's version, as far as rules depend on it."""
        major, minor = [*str(self.settings.get("version", "18.9.0")).split("-")[0].split("."), "0"][:2]
        return int(major), int(minor)

    def count(self, name: str) -> int:
        """The next number of a counter, from 1."""
        value = self.counters[name] = self.counters.get(name, 0) + 1
        return value

    def mint(self, purpose: str) -> str:
        """64 hexadecimal digits that this world has never given before; the only source of made-up values."""
        seed = f"{self.settings.get('url')}|{purpose}|{self.count('minted')}"
        return hashlib.sha256(seed.encode()).hexdigest()

    def uuid(self, purpose: str) -> str:
        """A minted value in the form of a version 4 UUID."""
        text = self.mint(purpose)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"

    def full_path(self, row: Row) -> str:
        """The path of a group or project with its parents, as shown in addresses."""
        parent_id = row.get("namespace_id") if "namespace_id" in row else row.get("parent_id")
        parent = self.groups.get(parent_id)
        if parent is None:
            owner = self.users.get(row.get("namespace_user_id"))
            return f"{owner['username']}/{row['path']}" if owner else str(row["path"])
        return f"{self.full_path(parent)}/{row['path']}"

    def full_name(self, row: Row) -> str:
        """The name of a group or project with its parents'."""
        parent_id = row.get("namespace_id") if "namespace_id" in row else row.get("parent_id")
        parent = self.groups.get(parent_id)
        if parent is None:
            owner = self.users.get(row.get("namespace_user_id"))
            return f"{owner['name']} / {row['name']}" if owner else str(row["name"])
        return f"{self.full_name(parent)} / {row['name']}"

    def ancestors(self, group_id: int | None) -> list[Row]:
        """A group and its parents, nearest first."""
        found: list[Row] = []
        group = self.groups.get(group_id)
        while group is not None:
            found.append(group)
            group = self.groups.get(group.get("parent_id"))
        return found

    def index_paths(self) -> None:
        """Rebuild what paths lead to; to be called after a group or project was renamed or moved."""
        self.paths.clear()
        for kind, table in (("group", self.groups), ("project", self.projects)):
            for row in table:
                for former in row.get("former_paths", ()):
                    self.paths.setdefault(former.lower(), ("moved", row["id"]))
                self.paths[self.full_path(row).lower()] = (kind, row["id"])

    def schedule(self, job: str, now: float, *, delay: float = 0.1, **arguments: object) -> None:
        """Ask for background work: run by the first request at or after `now + delay`."""
        self.jobs.append({"due": now + delay, "job": job, "arguments": arguments})

    def to_json(self) -> Row:
        """The world as a JSON value."""
        return {
            "format": FORMAT,
            "settings": self.settings,
            "features": self.features,
            "tables": {name: {"next_id": table.next_id, "rows": list(table)} for name, table in self.tables.items()},
            "jobs": self.jobs,
            "counters": self.counters,
            "rates": self.rates,
            "faults": self.faults,
            "services": self.services,
            "receiver": self.receiver,
            "requests": list(self.requests),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> World:
        """A world from what `to_json` gave. Raises `ValueError` when it is something else."""
        if value.get("format") != FORMAT:
            raise ValueError(f"not a sandbox world of format {FORMAT}: `format` is {value.get('format')!r}")
        world = cls(
            settings=dict(value["settings"]),
            features=dict(value["features"]),
            tables={name: Table(t["rows"], t["next_id"]) for name, t in value["tables"].items()},
            jobs=list(value["jobs"]),
            counters=dict(value["counters"]),
            rates=dict(value["rates"]),
            faults=list(value["faults"]),
            services=dict(value["services"]),
            receiver=list(value["receiver"]),
            requests=deque(value["requests"], maxlen=LOG_LENGTH),
        )
        world.index_paths()
        return world


def stamp(now: float) -> str:
    """A moment (Unix seconds) as GitLab writes it: UTC, ISO 8601, milliseconds."""
    moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def day(now: float) -> str:
    """The date of a moment, as tokens' `expires_at` has it."""
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
