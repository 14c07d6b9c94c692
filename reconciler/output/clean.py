"""Makes text from servers and manifests harmless before it is shown: no control sequence, no direction override.

Everything that a view prints passes through here; JSON output escapes by itself (`machine`).
"""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, erasing
    r"|[\x1b\x9d][\]PX^_]?[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, PM, APC with their terminator
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI in one byte
    r"|\x1b[ -/]*[0-~]"  # two-byte escapes
)
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


def clean(text: str) -> str:
    """The text without control sequences, on one line: line ends are shown as `⏎`, tabs become blanks."""
    if text.isascii() and text.isprintable():
        return text
    return clean_lines(text).replace("\n", "⏎").replace("\t", " ")


def clean_lines(text: str) -> str:
    """The text without control sequences; line ends and tabs stay."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
