"""CI/CD variables of projects, groups and the instance.

Pure. Sources: `facts/gitlab-api.md` 8 and 15, `facts/gitlab-recordings/variables`. A variable is identified by
its key and environment scope; calls name the key and, in `filter`, the scope.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..message import Response
from ..world import Row
from .access import MAINTAINER, OWNER
from .errors import invalid, message, not_found, server_error
from .kernel import (
    Call,
    Check,
    Handler,
    Route,
    admin,
    created,
    group_role,
    no_content,
    ok,
    owner_of,
    project_role,
    signed_in,
)
from .paging import PAGING, paginate
from .params import Param, boolean, mapping, optional, required

AMBIGUOUS = "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'"
LOCKED = "The visibility setting cannot be changed for masked and hidden variables."
KEY_FORM = "can contain only letters, digits and '_'."
SCOPE_FORM = "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', '*' and spaces"
TOO_LONG = "is too long (maximum is 255 characters)"
TOO_MUCH = "The value of the provided variable exceeds the 10000 character limit"
MASKED = re.compile(r"[a-zA-Z0-9_+=/@:.~-]{8,}")
MASKED_RAW = re.compile(r"\S{8,}")
SWITCHES = ("protected", "masked", "raw")
START: Mapping[str, Any] = MappingProxyType(
    {
        "variable_type": "env_var",
        "key": "",
        "value": None,
        "protected": False,
        "masked": False,
        "hidden": False,
        "raw": False,
        "environment_scope": "*",
        "description": None,
    }
)


@dataclass(frozen=True, slots=True)
class Level:
    """Where variables live: its name in paths and in texts, who may manage them, and what they lack there."""

    path: str
    thing: str
    before: tuple[Check, ...]
    scoped: bool = True

    def owner(self, call: Call) -> str:
        """The owner of the variables that a call is about."""
        match self.thing:
            case "Variable":
                return owner_of(call.project, "project")
            case "GroupVariable":
                return owner_of(call.group, "group")
        return "instance"


LEVELS = (
    Level("/projects/:id/variables", "Variable", (signed_in, project_role(MAINTAINER))),
    Level("/groups/:id/variables", "GroupVariable", (signed_in, group_role(OWNER))),
    Level("/admin/ci/variables", "InstanceVariable", (admin,), scoped=False),
)


def view(level: Level, row: Row) -> Row:
    """A variable as it is shown; hidden ones without their value."""
    shown = {
        "variable_type": row["variable_type"],
        "key": row["key"],
        "value": None if row["hidden"] else row["value"],
        "protected": row["protected"],
        "masked": row["masked"],
        "raw": row["raw"],
        "description": row["description"],
    }
    if level.scoped:
        shown |= {"hidden": row["hidden"], "environment_scope": row["environment_scope"]}
    return shown


def _rows(call: Call, level: Level) -> list[Row]:
    return call.world.table("variables").by("owner", level.owner(call))


def _found(call: Call, level: Level, *, first: bool = False) -> Row:
    """The variable that a call names. Raises 404, and 409 when several fit unless the `first` will do."""
    wanted = (call.params.get("filter") or {}).get("environment_scope")
    rows = [
        row
        for row in _rows(call, level)
        if row["key"] == call.path["key"] and (wanted is None or row["environment_scope"] == wanted)
    ]
    if not rows:
        raise not_found(level.thing)
    if len(rows) > 1 and not first:
        raise message(409, AMBIGUOUS)
    return rows[0]


def refusals(call: Call, level: Level, row: Row, before: Row | None) -> dict[str, list[str]]:
    """Everything that GitLab finds wrong with a variable, by field."""
    errors: dict[str, list[str]] = {}
    _check_key(row["key"], errors)
    if row["masked"]:
        form = MASKED_RAW if row["raw"] else MASKED
        if form.fullmatch(row["value"] or "") is None:
            errors["value"] = ["is invalid"]
    if not level.scoped and len(row["value"] or "") > 10_000:
        errors.setdefault("value", []).append(TOO_MUCH)
    if before is not None and before["hidden"] and row["masked"] != before["masked"]:
        errors["base"] = [LOCKED]
    _check_scope(row["environment_scope"], errors)
    if len(row["description"] or "") > 255:
        errors["description"] = [TOO_LONG]
    twins = (other for other in _rows(call, level) if other is not before and other["key"] == row["key"])
    if any(other["environment_scope"] == row["environment_scope"] for other in twins):
        errors.setdefault("key", []).append(f"({row['key']}) has already been taken")
    return errors


def _check_key(key: str, errors: dict[str, list[str]]) -> None:
    texts = [] if key else ["can't be blank"]
    if len(key) > 255:
        texts.append(TOO_LONG)
    if not re.fullmatch(r"[a-zA-Z0-9_]+", key):
        texts.append(KEY_FORM)
    if texts:
        errors["key"] = texts


def _check_scope(scope: str, errors: dict[str, list[str]]) -> None:
    texts = [] if scope.strip() else ["can't be blank"]
    if not re.fullmatch(r"[a-zA-Z0-9_/${}.*\- ]+", scope):
        texts.append(SCOPE_FORM)
    if len(scope) > 255:
        texts.append(TOO_LONG)
    if texts:
        errors["environment_scope"] = texts


def _changed(call: Call, row: Row) -> Row:
    """The variable with the parameters of a call. Raises 500 for null in a switch."""
    sent = {name: value for name, value in call.params.items() if name in row and name != "key"}
    if any(name in sent and sent[name] is None for name in SWITCHES):
        raise server_error()
    changed = {**row, **sent}
    changed["variable_type"] = changed["variable_type"] or "env_var"
    changed["environment_scope"] = re.sub(r" +", " ", str(changed["environment_scope"] or ""))
    return changed


def listing(level: Level) -> Handler:
    """All, in pages."""
    return lambda call: paginate(call, _rows(call, level), lambda row: view(level, row))


def read(level: Level) -> Handler:
    """One."""
    return lambda call: ok(view(level, _found(call, level)))


def create(level: Level) -> Handler:
    """A new one."""

    def handler(call: Call) -> Response:
        row = _changed(call, dict(START))
        row["key"] = str(call.params["key"] or "").strip()
        if level.scoped and call.params.get("masked_and_hidden"):
            row["masked"] = row["hidden"] = True
        errors = refusals(call, level, row, None)
        if errors:
            raise invalid(errors)
        call.world.table("variables").add({"owner": level.owner(call), **row})
        return created(view(level, row))

    return handler


def update(level: Level) -> Handler:
    """Change one; at group level without a filter the first that fits."""

    def handler(call: Call) -> Response:
        row = _found(call, level, first=level.thing == "GroupVariable" and "filter" not in call.params)
        changed = _changed(call, row)
        errors = refusals(call, level, changed, row)
        if errors:
            raise invalid(errors)
        row.update(changed)
        return ok(view(level, row))

    return handler


def remove(level: Level) -> Handler:
    """Delete one."""

    def handler(call: Call) -> Response:
        call.world.table("variables").remove(_found(call, level))
        return no_content()

    return handler


def _params(level: Level) -> tuple[Param, ...]:
    common = (
        *(optional(name, boolean) for name in SWITCHES),
        optional("variable_type", choices=("env_var", "file")),
        optional("description"),
    )
    return (*common, optional("environment_scope")) if level.scoped else common


def _routes(level: Level) -> tuple[Route, ...]:
    one = f"{level.path}/:key"
    which = (optional("filter", mapping),) if level.scoped else ()
    hidden = (optional("masked_and_hidden", boolean),) if level.scoped else ()
    new = (required("key"), required("value"), *hidden, *_params(level))
    return (
        Route("GET", level.path, listing(level), PAGING, level.before),
        Route("POST", level.path, create(level), new, level.before),
        Route("GET", one, read(level), which, level.before),
        Route("PUT", one, update(level), (optional("value"), *_params(level), *which), level.before),
        Route("DELETE", one, remove(level), which, level.before),
    )


ROUTES = tuple(route for level in LEVELS for route in _routes(level))
