"""Order of steps from what they need: waves that may run side by side, and cycles reported as a path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter


def waves(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Addresses in waves: each needs only addresses of earlier ones; the order given is kept within a wave.

    Needs that are no key of the mapping are taken as met. Raises ValueError naming the cycle when there is one.
    """
    if not any(needs.values()):
        return [list(needs)] if needs else []
    position = {address: n for n, address in enumerate(needs)}
    sorter = TopologicalSorter({a: [n for n in wanted if n in position] for a, wanted in needs.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        raise ValueError("these need each other: " + " → ".join(error.args[1])) from error
    found = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=position.__getitem__)
        found.append(ready)
        sorter.done(*ready)
    return found
