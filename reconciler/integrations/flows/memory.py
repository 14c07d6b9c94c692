"""Facts that a conversation keeps for the next one, so that it can be interrupted anywhere and repeated.

Pure. Facts are made durable by yielding `Remember`; those of earlier runs stand in `Subject.recorded["_sync"]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.core.flow import Flow, Remember
from reconciler.core.resource import Subject
from reconciler.core.value import Plain
from reconciler.integrations.flows.answers import mapping

RECORDED = "_sync"


class Memory:
    """What is known from earlier runs and from this one."""

    def __init__(self, subject: Subject) -> None:
        self._facts: dict[str, Any] = dict(mapping(subject.recorded.get(RECORDED)))

    def of(self, name: str) -> Mapping[str, Any]:
        """The fact of a name; an empty mapping where there is none."""
        return mapping(self._facts.get(name))

    def keep(self, facts: Mapping[str, Plain]) -> Flow[None]:
        """Make facts durable, those that are known already left out; None takes one away."""
        new = {name: fact for name, fact in facts.items() if self._facts.get(name) != fact}
        if not new:
            return
        yield Remember(new)
        self._facts |= new
