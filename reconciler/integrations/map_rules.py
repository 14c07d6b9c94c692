"""Rules about maps of a webhook, its custom headers and URL variables, in the manner of `rules`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reconciler.core.value import Text
from reconciler.integrations.rules import Objection, Rule, Values, about

_WORD = re.compile(r"[A-Za-z0-9_]+")


def header_names(name: str) -> Rule:
    """Keys of a map that are HTTP header names GitLab takes."""
    form = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+)*")

    @about(name)
    def rule(values: Values) -> Iterator[Objection]:
        for key in _keys(values, name):
            if not form.fullmatch(key):
                hint = "letters and digits, single `.`, `-` or `_` between; it begins with a letter"
                yield name, f"`{key}` is no header name that GitLab takes", hint

    return rule


def at_most(limit: int, name: str) -> Rule:
    """A map of a greatest size."""

    @about(name)
    def rule(values: Values) -> Iterator[Objection]:
        count = len(_keys(values, name))
        if count > limit:
            yield name, f"has {count} entries; GitLab takes {limit}", "state fewer"

    return rule


def variable_names(name: str) -> Rule:
    """Keys of a map that stand in a URL as `{key}`."""

    @about(name)
    def rule(values: Values) -> Iterator[Objection]:
        for key in _keys(values, name):
            if not _WORD.fullmatch(key.replace("-", "_")):
                yield name, f"`{key}` cannot name a URL variable", "use letters, digits, `_` and `-`"

    return rule


def variables_in(url: str, variables: str) -> Rule:
    """Every `{key}` of a URL has its variable."""

    @about(url)
    def rule(values: Values) -> Iterator[Objection]:
        template = values.get(url)
        pieces = template.pieces if isinstance(template, Text) else (template,)
        texts = [piece for piece in pieces if isinstance(piece, str) and "{" in piece]
        wanted = [key for text in texts for key in re.findall(r"\{([\w-]+)\}", text)]
        for key in wanted:
            if key not in _keys(values, variables):
                hint = f"add `{key}` to `{variables}`"
                yield url, f"the URL has `{{{key}}}`, and there is no URL variable of that name", hint

    return rule


def _keys(values: Values, name: str) -> tuple[str, ...]:
    value = values.get(name)
    return tuple(str(key) for key in value) if isinstance(value, Mapping) else ()
