"""What a seed file must look like, and telling a person where theirs does not.

Pure. A mistake is a line `where: what; what to do`; `where` begins with the line of the file where that is known.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from .gitlab.meta import SCOPES_SUPPORTED

FEATURES = ("auto_disabling_web_hooks", "integrated_error_tracking")
TOP = ("version", "revision", "enterprise", "settings", "users", "tokens", "groups", "projects", "commit")
TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([{}\[\]:,])|([^\s{}\[\]:,"]+))')

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "users": ("username", "name", "admin", "email", "state", "bot"),
        "tokens": ("as", "token", "user", "scopes", "expires_at", "revoked", "name"),
        "groups": ("path", "name", "members", "visibility"),
        "projects": (
            "path",
            "name",
            "members",
            "visibility",
            "archived",
            "former_path",
            "topics",
            "empty",
            "description",
        ),
    }
)


NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"users": ("username",), "tokens": ("token", "user"), "groups": ("path",), "projects": ("path",)}
)
TYPES: Mapping[str, type] = MappingProxyType(
    {"admin": bool, "bot": bool, "revoked": bool, "archived": bool, "empty": bool}
    | {"members": dict, "scopes": list, "topics": list}
)


THROTTLES = ("throttle_authenticated_api", "throttle_unauthenticated_api")
SECTIONS: Mapping[str, Mapping[str, type]] = MappingProxyType(
    {
        "settings": {
            "url": str,
            **dict.fromkeys(("allow_local_requests", "licensed", "sample_credentials", *FEATURES), bool),
            **{f"{name}_enabled": bool for name in THROTTLES},
            **{f"{name}_{what}": int for name in THROTTLES for what in ("requests_per_period", "period_in_seconds")},
            "rate_limiting_response_text": str,
        },
        "commit": {"sha": str, "branch": str},
    }
)
TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"version": (r"\d+\.\d+\S*", "write text like 18.9.0-ee"), "revision": (r"\S+", "write text")}
)
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"visibility": ("private", "internal", "public"), "state": ("active", "blocked", "deactivated")}
)
SCOPES = (*SCOPES_SUPPORTED, "read_registry", "write_registry")


class SeedError(ValueError):
    """A seed file cannot become a world; `problems` are lines of `where: what; what to do`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Problems:
    """The mistakes found so far."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, where: str, what: str, todo: str) -> None:
        """Keep one."""
        self.lines.append(f"{where}: {what}; {todo}")

    def unknown(self, where: str, key: str, known: Collection[str]) -> None:
        """Keep one about a member that is none."""
        near = difflib.get_close_matches(key, list(known), 1)
        todo = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}"
        self.add(where, f"unknown member `{key}`", todo)

    def stop(self) -> None:
        """Raise `SeedError` if there are any."""
        if self.lines:
            raise SeedError(self.lines)


def parse_seed(text: str, name: str) -> Mapping[str, Any]:
    """A seed file's text as a value. Raises `SeedError` with the place of the mistake."""
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except _Twice as mistake:
        raise SeedError([f"{name}: member `{mistake}` is there twice in one object; keep one of them"]) from None
    except json.JSONDecodeError as mistake:
        place = f"{name}:{mistake.lineno}:{mistake.colno}"
        raise SeedError([f"{place}: not JSON: {mistake.msg}; correct it there"]) from None
    if not isinstance(value, dict):
        raise SeedError([f'{name}:1: holds no object; write {{"users": […], "projects": […], …}}'])
    return value


class _Twice(Exception):
    """A member is there twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, member in pairs:
        if key in value:
            raise _Twice(key)
        value[key] = member
    return value


def lines_of(text: str) -> dict[str, int]:
    """The line on which each value of a JSON text begins, by its place (`projects[3].path`)."""
    lines: dict[str, int] = {}
    stack: list[list[str | int]] = []
    expects_name = False
    for match in TOKEN.finditer(text):
        string, mark, _ = match.groups()
        if mark == ":":
            continue
        if mark in ("}", "]"):
            stack.pop()
        elif mark == ",":
            if isinstance(stack[-1][0], int):
                stack[-1][0] += 1
            expects_name = isinstance(stack[-1][0], str)
        elif string is not None and expects_name:
            stack[-1][0] = json.loads(string)
            expects_name = False
        else:
            place = "".join(f"[{part[0]}]" if isinstance(part[0], int) else f".{part[0]}" for part in stack)
            lines[place.removeprefix(".")] = text.count("\n", 0, match.end()) + 1
            if mark in ("{", "["):
                stack.append([""] if mark == "{" else [0])
                expects_name = mark == "{"
    return lines


def line_of(problem: str, lines: Mapping[str, int]) -> int:
    """The line that a problem is about, or the nearest one around it."""
    place = problem.partition(": ")[0]
    while place and place not in lines:
        place = re.sub(r"(\.[^.\[\]]*|\[\d+\]|^[^.\[]*)$", "", place)
    return lines.get(place, 1)


def check_shape(seed: Mapping[str, Any], problems: Problems) -> None:
    """Add to `problems` what is not of the form of a seed."""
    for key in seed:
        if key not in TOP and not key.startswith("recorded_"):
            problems.unknown("the file", key, TOP)
    _check_plain(seed, problems)
    _check_sections(seed, problems)
    for section, known in KEYS.items():
        rows = seed.get(section, [])
        if not isinstance(rows, list):
            problems.add(section, "is not a list", "write […]")
            continue
        for place, row in enumerate(rows):
            where = f"{section}[{place}]"
            if not isinstance(row, dict):
                problems.add(where, "is not an object", f'write {{"{known[0]}": …}}')
                continue
            _check_row(where, section, row, known, problems)


def _check_plain(seed: Mapping[str, Any], problems: Problems) -> None:
    for key, (form, todo) in TEXTS.items():
        if key in seed and not (isinstance(seed[key], str) and re.fullmatch(form, seed[key])):
            problems.add(key, f"{seed[key]!r} will not do", todo)
    _check_type("enterprise", seed.get("enterprise", True), bool, problems)


def _check_sections(seed: Mapping[str, Any], problems: Problems) -> None:
    for section, types in SECTIONS.items():
        value = seed.get(section, {})
        if not isinstance(value, dict):
            problems.add(section, "is not an object", "write {…}")
            continue
        for key, member in value.items():
            if key not in types:
                problems.unknown(section, key, types)
                continue
            _check_type(f"{section}.{key}", member, types[key], problems)
            if key == "sha" and isinstance(member, str) and not re.fullmatch("[0-9a-f]{40}", member):
                problems.add("commit.sha", f"`{member}` is no commit", "write 40 hexadecimal digits")


def _check_row(where: str, section: str, row: Mapping[str, Any], known: tuple[str, ...], problems: Problems) -> None:
    for key, value in row.items():
        if key not in known:
            problems.unknown(where, key, known)
            continue
        wanted = TYPES.get(key, str)
        if value is None and wanted is str:
            continue
        _check_type(f"{where}.{key}", value, wanted, problems)
        for item in value if wanted is list and isinstance(value, list) else ():
            if not isinstance(item, str):
                problems.add(f"{where}.{key}", f"{item!r} is not text", "correct its type")
            elif key == "scopes" and item not in SCOPES:
                near = difflib.get_close_matches(item, SCOPES, 1)
                todo = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(SCOPES)}"
                problems.add(f"{where}.scopes", f"no scope `{item}`", todo)
    for key in NEEDED[section]:
        if not row.get(key):
            problems.add(where, f"`{key}` is missing", "add it")
    for key, choices in CHOICES.items():
        chosen = row.get(key)
        if isinstance(chosen, str) and key in known and chosen not in choices:
            problems.add(f"{where}.{key}", f"`{chosen}` is none", f"use one of {', '.join(choices)}")


def _check_type(where: str, value: object, wanted: type, problems: Problems) -> None:
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        words = {bool: "true or false", dict: "an object", list: "a list", int: "a whole number", str: "text"}[wanted]
        problems.add(where, f"{value!r} is not {words}", "correct its type")
