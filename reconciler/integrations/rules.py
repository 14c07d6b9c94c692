"""Rules about an entry's values that can be told without asking anybody.

A rule takes an entry's values and yields objections as (field, what is wrong, what to do). A value that holds a
reference (`Text`) or a secret is not known here and passes; no objection quotes a value, which may be a secret written
by mistake. Rules state what GitLab refuses, and what it takes and cannot store
(https://docs.gitlab.com/api/project_integrations/, and what GitLab 18.9 answers).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from reconciler.core.value import Text, Value

Values = Mapping[str, Value]
Objection = tuple[str, str, str]
Rule = Callable[[Values], Iterable[Objection]]

MASKABLE = re.compile(r"\S{8,}")
"""What GitLab can mask in a variable that is not expanded: one line, 8 characters or more, no blanks."""

EXPANDED = re.compile(r"[a-zA-Z0-9_+=/@:.~-]{8,}")
"""What GitLab can mask in a variable that is expanded."""

_PLAIN_URL = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?:/[^\s?#]*)?", re.ASCII)
"""Web addresses of the usual form, for which nothing more need be asked."""


@dataclass(frozen=True, slots=True)
class About:
    """A rule that says nothing where an entry states none of some fields, and is not asked then."""

    names: frozenset[str]
    rule: Rule

    def __call__(self, values: Values) -> Iterable[Objection]:
        return self.rule(values)


def about(*names: str) -> Callable[[Rule], Rule]:
    """Mark a rule as one about some fields."""
    return lambda rule: About(frozenset(names), rule)


def objections(rules: Iterable[Rule]) -> Callable[[Values], Iterable[Objection]]:
    """One check of many rules."""
    every = [(rule.names, rule.rule) if isinstance(rule, About) else (None, rule) for rule in rules]

    def check(values: Values) -> Iterable[Objection]:
        asked = [rule for names, rule in every if names is None or not names.isdisjoint(values)]
        return [objection for rule in asked for objection in rule(values)]

    return check


def known(values: Values, name: str) -> str | None:
    """A text value that is stated in full; None when absent or not known yet."""
    value = values.get(name)
    return value if isinstance(value, str) else None


def stated(values: Values, name: str) -> bool:
    """Whether a field is stated, its content known or not."""
    value = values.get(name)
    return value is not None and value != ""


def split(url: str) -> SplitResult | None:
    """A URL taken apart, None when it is none."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (raises for a port that is no number)
    except ValueError:
        return None
    return parts


def web_url(*names: str) -> Rule:
    """http or https, in small letters, with a host and without blanks; or empty, which is not stated."""

    @about(*names)
    def rule(values: Values) -> Iterator[Objection]:
        for name in names:
            url = known(values, name)
            if not url or _PLAIN_URL.fullmatch(url):
                continue
            parts = split(url)
            scheme, rest = url.partition("://")[::2]
            if not parts or scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", rest):
                yield name, "is no web address that GitLab accepts", "write https://host/path, without blanks"

    return rule


def begins(name: str, prefix: str, why: str) -> Rule:
    """A text that begins with something."""

    @about(name)
    def rule(values: Values) -> Iterator[Objection]:
        value = known(values, name)
        if value and not value.startswith(prefix):
            yield name, f"does not begin with `{prefix}`", why

    return rule


def has(name: str, needle: str, why: str) -> Rule:
    """A text that holds a marker."""

    @about(name)
    def rule(values: Values) -> Iterator[Objection]:
        value = known(values, name)
        if value and needle not in value:
            yield name, f"`{needle}` is missing in it", why

    return rule


def matches(name: str, pattern: str, what: str, hint: str) -> Rule:
    """A text of a form, or empty, which is not stated; `what` says which form it lacks."""
    form = re.compile(pattern, re.ASCII)

    @about(name)
    def rule(values: Values) -> Iterator[Objection]:
        value = known(values, name)
        if value and not form.fullmatch(value):
            yield name, what, hint

    return rule


def longest(limit: int, *names: str) -> Rule:
    """Texts of a greatest length in characters."""

    @about(*names)
    def rule(values: Values) -> Iterator[Objection]:
        for name in names:
            value = known(values, name)
            if value is not None and len(value) > limit:
                yield name, f"has {len(value)} characters; GitLab takes {limit}", "shorten it"

    return rule


def plainly(why: str, *names: str) -> Rule:
    """Fields that decide what an entry becomes, so that they cannot be filled in later."""

    @about(*names)
    def rule(values: Values) -> Iterator[Objection]:
        for name in names:
            if isinstance(values.get(name), Text):
                yield name, f"cannot be a reference: {why}", "write its value here"

    return rule


def together(*names: str) -> Rule:
    """Fields of which each needs the others."""

    @about(*names)
    def rule(values: Values) -> Iterator[Objection]:
        missing = [name for name in names if not stated(values, name)]
        if missing and len(missing) < len(names):
            given = ", ".join(f"`{name}`" for name in names if name not in missing)
            for name in missing:
                yield name, f"is needed beside {given}", f"state `{name}` as well, or neither"

    return rule


def alone(first: str, second: str, why: str) -> Rule:
    """Two fields that cannot stand together."""

    @about(second)
    def rule(values: Values) -> Iterator[Objection]:
        if stated(values, first) and stated(values, second):
            yield second, f"cannot stand beside `{first}`", why

    return rule


def one_of(first: str, second: str) -> Rule:
    """Two fields of which one is needed."""

    def rule(values: Values) -> Iterator[Objection]:
        if not stated(values, first) and not stated(values, second):
            yield first, f"neither `{first}` nor `{second}` is stated", "state one of them"

    return rule


def fewest(limit: int, *names: str) -> Rule:
    """Comma lists of a greatest length."""

    @about(*names)
    def rule(values: Values) -> Iterator[Objection]:
        for name in names:
            value = known(values, name)
            count = len({item.strip() for item in (value or "").split(",") if item.strip()})
            if count > limit:
                yield name, f"names {count} channels; GitLab takes {limit} for one event", "name fewer"

    return rule


def addresses(limit: int, name: str, separators: str, *, distinct: bool = False) -> Rule:
    """Mail addresses of a greatest number; `distinct`: GitLab counts each once."""

    @about(name)
    def rule(values: Values) -> Iterator[Objection]:
        found = [part.lower() for part in re.split(separators, known(values, name) or "") if "@" in part]
        count = len(set(found) if distinct else found)
        if count > limit:
            yield name, f"names {count} addresses; GitLab takes {limit}", "name fewer, or a mailing list"

    return rule


def not_twice(flags: Mapping[str, str]) -> Rule:
    """Switches of single events beside `events`, which is the whole set."""

    @about("events")
    def rule(values: Values) -> Iterator[Objection]:
        if not stated(values, "events"):
            return
        for name, event in flags.items():
            if stated(values, name):
                yield name, "says the same as `events`", f"drop it, and list `{event}` in `events` if it shall be sent"

    return rule


def maskable(*names: str, form: re.Pattern[str] = MASKABLE) -> Rule:
    """Values of masked CI/CD variables."""
    signs = "without blanks" if form is MASKABLE else "of letters, digits and `_+=/@:.~-`"

    @about(*names)
    def rule(values: Values) -> Iterator[Objection]:
        for name in names:
            value = known(values, name)
            if value and not form.fullmatch(value):
                hint = f"use 8 characters or more, {signs}"
                yield name, "becomes a masked CI/CD variable, and GitLab cannot mask this value", hint

    return rule
