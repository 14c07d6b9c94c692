"""Jira's long texts: Cloud's Atlassian documents, made of plain text and read back as words.

Pure values. Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.integrations.flows.answers import mapping, sequence


def document(text: str) -> Mapping[str, Any]:
    """Text as an Atlassian document: paragraphs where blank lines part it, fenced blocks as code."""
    content: list[Mapping[str, Any]] = []
    for number, piece in enumerate(text.split("```")):
        if number % 2:
            code = piece.partition("\n")[2] or piece
            if code.strip():
                content.append({"type": "codeBlock", "content": [{"type": "text", "text": code.rstrip("\n")}]})
            continue
        paragraphs = (part.strip("\n") for part in piece.replace("\r\n", "\n").split("\n\n"))
        content += [{"type": "paragraph", "content": _inline(part)} for part in paragraphs if part.strip()]
    return {"type": "doc", "version": 1, "content": content}


def plain_text(value: object) -> str:
    """The words of a long text, in whichever form it comes; blanks and layout count for nothing."""
    return " ".join(_words(value).replace("```", " ").split())


# ---------------------------------------------------------------------------------------------------------------------


def _inline(paragraph: str) -> list[Mapping[str, Any]]:
    nodes: list[Mapping[str, Any]] = []
    for line in paragraph.split("\n"):
        if nodes:
            nodes.append({"type": "hardBreak"})
        if line:
            nodes.append({"type": "text", "text": line})
    return nodes


def _words(value: object) -> str:
    if isinstance(value, str):
        return value
    node = mapping(value)
    own = node.get("text") or mapping(node.get("attrs")).get("text") or mapping(node.get("attrs")).get("url") or ""
    return " ".join([str(own), *(_words(child) for child in sequence(node.get("content")))])
