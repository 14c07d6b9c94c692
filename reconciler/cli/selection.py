"""The options that narrow a command to some addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_TARGET = click.option(
    "-t", "--target", "targets", multiple=True, metavar="ADDRESS", help="Only these, repeatable; globs."
)
_EXCLUDE = click.option("--exclude", multiple=True, metavar="ADDRESS", help="All but these, repeatable; globs.")


def selection(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--target` and `--exclude`."""
    return _TARGET(_EXCLUDE(function))
