"""Reading answers: the JSON that they show, whatever else it may be than was expected, and pages in its place.

Pure: every function takes anything and raises nothing, so that a flow reads strange answers like good ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.core.flow import Answer, Response
from reconciler.core.resource import NOTHING


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else NOTHING


def sequence(value: object) -> tuple[Any, ...]:
    """A JSON array, or an empty one in place of anything else."""
    return tuple(value) if isinstance(value, list | tuple) else ()


def objects(value: object) -> tuple[Mapping[str, Any], ...]:
    """The objects of a JSON array: an empty one for an element that is none, no element where there is no array."""
    return tuple(map(mapping, sequence(value)))


def shown(answer: Answer) -> Mapping[str, Any]:
    """The JSON object that an answer shows; an empty one where it shows none, or none came."""
    return mapping(answer.data()) if isinstance(answer, Response) else NOTHING


def listed(answer: Answer) -> tuple[Mapping[str, Any], ...]:
    """The objects of the JSON array that a success shows; none where it shows none, is no success, or none came."""
    return objects(answer.data()) if isinstance(answer, Response) and answer.ok else ()


def is_page(answer: Response) -> bool:
    """Whether a web page was sent where none is wanted."""
    return "text/html" in answer.headers.get("content-type", "") or answer.text.lstrip()[:9].lower() in (
        "<!doctype",
        "<html>",
    )
