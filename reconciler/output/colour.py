"""Decides whether output is coloured: --color, then NO_COLOR, what forces colours, CLICOLOR=0, the terminal, GitLab CI.

Pure: the environment is handed in. GitLab's job log renders colours although it is no terminal.
"""

from __future__ import annotations

from collections.abc import Mapping


def wants_colour(when: str, environ: Mapping[str, str], is_terminal: bool) -> bool:
    """Whether a stream gets colours; `when` is what `--color` says."""
    if when != "auto":
        return when == "always"
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    if environ.get("CLICOLOR") == "0" or environ.get("TERM") == "dumb":
        return False
    return is_terminal or environ.get("GITLAB_CI") == "true"
