"""The journal's meaning: what was intended, what came of it, and what an interrupted run left open.

Lines are JSON. A run begins with `{"run": …}` naming the state it started from; each step has an `intent` line, durable
before its first request, and a `done` line after it. An intent holds the record as it will be (digests included,
secrets never), so that the next run can settle it by looking at GitLab, without the environment of the run that died.
Actions that must be resumable leave `facts` lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.core.address import key_of
from reconciler.core.plan import Step
from reconciler.core.planformat import step_from_dict, step_to_dict
from reconciler.core.state import Record, State
from reconciler.core.stateformat import record_from_dict, record_to_dict, to_json
from reconciler.core.value import Plain, plain

FACTS = "_sync"
"""The name under which a record's `local` holds what actions keep."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A step about to be carried out. `record` is what shall be recorded (None for a removal)."""

    number: int
    step: Step
    record: Record | None


@dataclass(frozen=True, slots=True)
class Done:
    """An intent's outcome: the record to keep (None: none) and addresses whose records go."""

    number: int
    record: Record | None
    gone: tuple[str, ...] = ()


def run_line(state: State) -> str:
    """The line with which a run begins."""
    return _line({"run": {"lineage": state.lineage, "serial": state.serial}})


def intent_line(intent: Intent) -> str:
    """An intent as a line."""
    body = {"n": intent.number, "step": step_to_dict(intent.step), "record": _record(intent.record)}
    return _line({"intent": body})


def done_line(done: Done) -> str:
    """An outcome as a line."""
    return _line({"done": {"n": done.number, "record": _record(done.record), "gone": list(done.gone)}})


def facts_line(address: str, facts: Mapping[str, Plain]) -> str:
    """Facts that an action keeps, as a line."""
    return _line({"facts": {"address": address, "facts": to_json(facts)}})


def remember(records: dict[str, Record], address: str, facts: Mapping[str, Plain]) -> None:
    """Put facts of an action into a record, name by name; None takes one away. Without a record nothing happens."""
    record = records.get(key_of(address))
    if record is None:
        return
    before = record.local.get(FACTS)
    merged = {**(before if isinstance(before, Mapping) else {}), **facts}
    kept = {name: value for name, value in merged.items() if value is not None}
    records[key_of(address)] = replace(record, local={**record.local, FACTS: kept})


def fold(records: dict[str, Record], done: Done) -> None:
    """Put an outcome into the records, keyed by `key_of`."""
    for address in done.gone:
        records.pop(key_of(address), None)
    if done.record:
        records[key_of(done.record.address)] = done.record


def replay(lines: Iterable[str], state: State) -> tuple[State, tuple[Intent, ...]]:
    """The state with every outcome folded in, and the intents that are still open.

    Outcomes of a run that started from an older serial are in the state already and are passed over; what it left open
    is open still. Raises ValueError for lines that are none of ours.
    """
    records = dict(state.records)
    opened: dict[int, Any] = {}
    fresh = ours = False
    number = 0
    try:
        for text in lines:
            number += 1
            entry = json.loads(text)
            if run := entry.get("run"):
                ours = run["lineage"] == state.lineage and run["serial"] <= state.serial
                fresh = ours and run["serial"] == state.serial
                opened.clear()
            elif ours and (body := entry.get("intent")):
                opened[body["n"]] = body
            elif ours and (body := entry.get("done")):
                opened.pop(body["n"], None)
                if not fresh:
                    continue
                fold(records, Done(body["n"], _read(body["record"]), tuple(body["gone"])))
            elif fresh and (body := entry.get("facts")):
                remember(records, body["address"], {k: plain(v) for k, v in body["facts"].items()})
        still_open = tuple(Intent(n, step_from_dict(o["step"]), _read(o["record"])) for n, o in opened.items())
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"line {number} is none of ours") from error
    return replace(state, records=records), still_open


def _record(record: Record | None) -> dict[str, Any] | None:
    return {"address": record.address, **record_to_dict(record)} if record else None


def _read(data: dict[str, Any] | None) -> Record | None:
    if data is None:
        return None
    rest = dict(data)
    return record_from_dict(rest.pop("address"), rest)


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
