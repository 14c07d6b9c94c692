"""Reads and writes saved plans: any bytes give a plan or a clear error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.writing import write_file
from reconciler.core.errors import InputError, Place, Problem, ReconcilerError

if TYPE_CHECKING:
    from reconciler.core.plan import Plan

LARGEST = 512 * 1024 * 1024
"""Bytes of a plan file; a plan of 10,000 steps takes about 10 MB."""


def read(path: str) -> Plan:
    """The plan in a file; raises `InputError` for what is none."""
    from reconciler.core.planformat import plan_from_bytes

    try:
        if Path(path).stat().st_size > LARGEST:
            raise InputError([Problem("the plan file is too large", detail=f"over {LARGEST} bytes", place=Place(path))])
        body = Path(path).read_bytes()
    except OSError as error:
        raise ReconcilerError(
            f"{path}: the saved plan cannot be read: {error.strerror}",
            hint="`reconciler plan --out FILE` makes one; without a plan, give no file",
        ) from error
    return plan_from_bytes(body, path)


def write(plan: Plan, path: str) -> None:
    """Save a plan; raises `ReconcilerError` when that is not possible."""
    from reconciler.output import machine

    write_file(path, machine.plan(plan), "plan")
