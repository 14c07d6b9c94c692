"""Whether RE2, the engine to which GitLab gives people's regular expressions, takes an expression.

Pure. Only the syntax is read (https://github.com/google/re2/wiki/Syntax); nothing is ever matched.
"""

from __future__ import annotations

import re

MOST_REPEATED = 1000
REPETITION = re.compile(r"\{(0|[1-9]\d*)(?:,(0|[1-9]\d*)?)?\}")
GROUP = re.compile(r"\(\?(?:P?<(?P<name>\w+)>|[imsU]*(?:-[imsU]+)?(?P<end>[:)]))", re.ASCII)
ESCAPE = re.compile(
    r"\\(?:[pP](?:\{\^?\w+\}|[A-Za-z])|x(?:\{[0-9A-Fa-f]{1,6}\}|[0-9A-Fa-f]{2})|0[0-7]{0,2}|[1-7][0-7]{1,2}"
    r"|[dDsSwWbBAzCnrtafv]|[^A-Za-z0-9_])",
    re.DOTALL,
)
POSIX = re.compile(r"\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]")
IN_A_CLASS = frozenset("dDsSwWpP")


class Mistake(ValueError):
    """An expression that RE2 refuses, with its words."""


def mistake(expression: str) -> str | None:
    """What RE2 says of an expression that it refuses, else None."""
    try:
        _read(expression)
    except Mistake as told:
        return str(told)
    return None


def _read(text: str) -> None:
    at, depth = 0, 0
    repeatable, repeated_from = False, -1
    while at < len(text):
        if text.startswith(r"\Q", at):
            end = text.find(r"\E", at)
            at, repeatable, repeated_from = (len(text) if end < 0 else end + 2), True, -1
            continue
        start, mark = at, text[at]
        repetition = REPETITION.match(text, at) if mark == "{" else None
        if mark in "*+?" or repetition:
            at = repetition.end() if repetition else at + 1
            at += text.startswith("?", at)
            _check_repetition(text[start:at].removesuffix("?") or mark, repeatable, repetition)
            if repeated_from >= 0:
                raise Mistake(f"bad repetition operator: {text[repeated_from:at]}")
            repeated_from = start
            continue
        repeatable, repeated_from = mark not in "(|", -1
        if mark == "\\":
            at = _escape(text, at)
        elif mark == "[":
            at = _class(text, at)
        elif mark == "(":
            at, opened = _group(text, at)
            depth += opened
        else:
            at += 1
            depth -= mark == ")"
        if depth < 0:
            raise Mistake(f"unexpected ): {text}")
    if depth:
        raise Mistake(f"missing ): {text}")


def _check_repetition(operator: str, repeatable: bool, sizes: re.Match[str] | None) -> None:
    if not repeatable:
        raise Mistake(f"no argument for repetition operator: {operator}")
    if sizes is not None:
        low, high = int(sizes[1]), int(sizes[2] or sizes[1])
        if high > MOST_REPEATED or low > high:
            raise Mistake(f"invalid repetition size: {sizes[0]}")


def _escape(text: str, at: int) -> int:
    """The place behind an escape."""
    found = ESCAPE.match(text, at)
    if found is None:
        raise Mistake(f"invalid escape sequence: {text[at : at + 2]}" if len(text) > at + 1 else "trailing \\")
    return found.end()


def _group(text: str, at: int) -> tuple[int, int]:
    """The place behind what opens a group, and whether it is one to be closed."""
    if not text.startswith("(?", at):
        return at + 1, 1
    found = GROUP.match(text, at)
    if found is None:
        if re.match(r"\(\?P?<(?![=!])|\(\?P", text[at:]):
            raise Mistake(f"invalid named capture group: {text[at:]}")
        raise Mistake(f"invalid perl operator: {text[at : at + 3]}")
    return found.end(), int(found["end"] != ")")


def _class(text: str, start: int) -> int:
    """The place behind a character class."""
    at = start + 1 + text.startswith("^", start + 1)
    first = True
    while first or not text.startswith("]", at):
        first = False
        if at >= len(text):
            raise Mistake(f"missing ]: {text[start:]}")
        if text.startswith("[:", at) and ":]" in text[at:]:
            posix = POSIX.match(text, at)
            if posix is None:
                raise Mistake(f"invalid character class range: {text[at : text.index(':]', at) + 2]}")
            at = posix.end()
            continue
        begin, at = at, _member(text, at)
        is_class = text[begin] == "\\" and text[begin + 1] in IN_A_CLASS
        if text.startswith("-", at) and not is_class and not text.startswith("-]", at) and at + 1 < len(text):
            middle, at = at, _member(text, at + 1)
            low, high = text[begin:middle], text[middle + 1 : at]
            if len(low) == len(high) == 1 and low > high:
                raise Mistake(f"invalid character class range: {text[begin:at]}")
    return at + 1


def _member(text: str, at: int) -> int:
    return _escape(text, at) if text[at] == "\\" else at + 1
