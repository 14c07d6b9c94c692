"""Jira's two languages as the Jira stand-in understands them: document bodies (ADF and wiki text) and a little JQL.

Pure. JQL here is clauses joined by AND, with `=`, `!=`, `~`, `IN`, `NOT IN`, `IS EMPTY` and `IS NOT EMPTY`, and an
ORDER BY of which only the direction counts: every order is that of creation.
"""

from __future__ import annotations

import re
from typing import Any

from reconciler.sandbox.services.memory import State, mapping, sequence

_VALUE = r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[^\s,()"\']+'
_CLAUSE = re.compile(
    rf"\s*(?P<field>\"[^\"]+\"|[\w.\[\]]+)\s*"
    rf"(?:(?P<sign>!=|=|~)\s*(?P<value>{_VALUE})"
    rf"|(?P<member>(?:not\s+)?in)\s*\(\s*(?P<values>(?:{_VALUE})(?:\s*,\s*(?:{_VALUE}))*)\s*\)"
    rf"|is\s+(?P<empty>(?:not\s+)?empty|(?:not\s+)?null))\s*",
    re.IGNORECASE,
)
_RESERVED = frozenset(
    (
        *("and", "or", "not", "in", "is", "empty", "null", "order", "by", "select", "from", "where", "update"),
        *("delete", "insert", "set", "all", "any"),
    )
)
_FIELDS = frozenset(
    (
        *("project", "key", "issue", "id", "issuekey", "summary", "description", "text", "labels", "status"),
        *("statuscategory", "issuetype", "type"),
    )
)


class JqlError(ValueError):
    """A query that Jira would refuse, with its message."""


def text_of(document: object) -> str:
    """The plain text of an Atlassian document; text stays as it is."""
    if isinstance(document, str):
        return document
    node = mapping(document)
    inner = [text_of(child) for child in sequence(node.get("content"))]
    joint = "\n" if node.get("type") == "doc" else ""
    return str(node.get("text", "")) + joint.join(inner)


def document_of(text: str) -> State:
    """Plain text as an Atlassian document, one paragraph a line."""
    lines = [{"type": "text", "text": line} for line in text.split("\n") if line]
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [line]} for line in lines]}


def is_document(value: object) -> bool:
    """Whether `value` has the shape of an Atlassian document."""
    node = mapping(value)
    return node.get("type") == "doc" and node.get("version") == 1 and isinstance(node.get("content"), list)


def select(issues: list[State], jql: str) -> list[State]:
    """The issues that a query finds, in order of creation, or the other way round. Raises JqlError."""
    conditions, *order = re.split(r"\border\s+by\b", jql, maxsplit=1, flags=re.IGNORECASE)
    clauses = _clauses(conditions)
    found = [issue for issue in issues if all(_holds(issue, *clause) for clause in clauses)]
    return found[::-1] if order and order[0].rstrip().lower().endswith(" desc") else found


# ---------------------------------------------------------------------------------------------------------------------


def _clauses(jql: str) -> list[tuple[str, str, list[str]]]:
    clauses, at = [], 0
    while at < len(jql) and jql[at:].strip():
        match = _CLAUSE.match(jql, at)
        if not match:
            raise JqlError(f"Error in the JQL Query: unexpected text at character {at + 1}.")
        clauses.append(_clause(match))
        at = match.end()
        if jql[at:].strip():
            joint = re.compile(r"and\b", re.IGNORECASE).match(jql, at)
            if not joint:
                raise JqlError(f"Error in the JQL Query: expecting 'AND' at character {at + 1}.")
            at = joint.end()
    return clauses


def _clause(match: re.Match[str]) -> tuple[str, str, list[str]]:
    name = match["field"].strip('"').lower()
    if name not in _FIELDS and not name.startswith(("cf[", "customfield_")):
        raise JqlError(f"Field '{name}' does not exist or you do not have permission to view it.")
    if match["empty"]:
        return name, "is not" if match["empty"].lower().startswith("not") else "is", []
    words = [match["value"]] if match["sign"] else re.findall(_VALUE, match["values"])
    sign = match["sign"] or " ".join(match["member"].lower().split())
    return name, sign, [_unquoted(word) for word in words]


def _unquoted(word: str) -> str:
    if word[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", word[1:-1])
    if word.lower() in _RESERVED:
        raise JqlError(
            f"Error in the JQL Query: '{word}' is a reserved JQL word. You must surround it in quotation marks."
        )
    return word


def _holds(issue: State, name: str, sign: str, words: list[str]) -> bool:
    found = [value.lower() for value in _values(issue, name)]
    wanted = [word.lower() for word in words]
    if sign in ("is", "is not"):
        return bool(any(found)) == (sign == "is not")
    if sign == "~":
        return any(word.strip("* ") in value for word in wanted for value in found)
    return any(word in found for word in wanted) != (sign in ("!=", "not in"))


def _values(issue: State, name: str) -> list[str]:
    fields = mapping(issue.get("fields"))
    if name in ("key", "issue", "issuekey", "id"):
        return [str(issue["key"]), str(issue["id"])]
    if name == "labels":
        return [str(label) for label in sequence(fields.get("labels"))]
    if name == "text":
        return [text_of(fields.get("summary") or ""), text_of(fields.get("description") or "")]
    if name == "statuscategory":
        category = mapping(mapping(fields.get("status")).get("statusCategory"))
        return [str(category.get("key", "")), str(category.get("name", ""))]
    if name.startswith("cf["):
        name = f"customfield_{name[3:-1]}"
    return _words(fields.get("issuetype" if name == "type" else name))


def _words(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [str(value[key]) for key in ("key", "name", "id", "value") if key in value] or [text_of(value)]
    return [word for item in value for word in _words(item)] if isinstance(value, list) else [str(value or "")]
