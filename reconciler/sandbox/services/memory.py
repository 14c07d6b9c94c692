"""What a stand-in remembers, and how: switches, tables of objects, effects, counters, and made-up identities.

Pure. A state is free-form JSON, different for each service.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

State: TypeAlias = dict[str, Any]


def spend(state: State, switch: str) -> bool:
    """Whether a switch is on: True stays on, a number counts down by one at each look."""
    value = state.get(switch, False)
    if isinstance(value, bool) or not isinstance(value, int):
        return bool(value)
    if value > 0:
        state[switch] = value - 1
    return value > 0


def retry_after(state: State) -> int:
    """The seconds that a throttled answer asks to wait."""
    return int(state.get("retry_after", 1))


def is_gone(state: State, *names: str) -> bool:
    """Whether the state says that an object of one of these names is no longer there."""
    gone = state.get("gone", False)
    return any(name in gone for name in names) if isinstance(gone, list) else bool(gone)


def entry(state: State, kind: str, name: str, /, **unlisted: object) -> State | None:
    """The object `name` of the table `kind`, what it does not say filled in from `unlisted`; None if there is none."""
    listed = mapping(state.get(kind)).get(name)
    if is_gone(state, name) or (listed is None and state.get("strict", False)):
        return None
    return {**unlisted, **mapping(listed)}


def mapping(value: object) -> State:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """`value` if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def record(state: State, effects: str, /, **what: Any) -> State:
    """Remember an effect in the list `effects` of the state; returns the remembered object."""
    state.setdefault(effects, []).append(what)
    return what


def number(state: State, counter: str, first: int = 1) -> int:
    """The next number of a counter kept in the state."""
    counters = state.setdefault("next", {})
    value = int(counters.get(counter, first))
    counters[counter] = value + 1
    return value


def digest(*parts: object) -> str:
    """64 hexadecimal digits that depend on `parts` alone: what a service would draw at random."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def uuid_of(*parts: object) -> str:
    """A UUID that depends on `parts` alone."""
    text = digest(*parts)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def iso(now: float) -> str:
    """A time as ISO 8601 text in UTC, with milliseconds and `Z`."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stage(now: float, since: float, waiting: float, working: float) -> Literal["queued", "running", "finished"]:
    """How far a build has come that was queued at `since`, given the seconds it waits and works."""
    if now < since + waiting:
        return "queued"
    return "running" if now < since + waiting + working else "finished"


def whole(text: object, otherwise: int) -> int:
    """`text` as a whole number that is not negative, or `otherwise`."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else otherwise


def read_whole(digits: str) -> float:
    """A whole number of JSON text; one that no clock or counter reaches becomes a float, so that sums cannot fail."""
    return int(digits) if len(digits) < 19 else float(digits)
