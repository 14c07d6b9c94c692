"""CI/CD variables of projects, groups and the instance.

Pure. Sources: GitLab's documentation of CI/CD variables, a running GitLab 18.9, `tests/recordings/variables`. A
variable is identified by its key and environment scope; calls name the key and, in `filter`, the scope.
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
from .params import Param, booleans, mapping, optional, required

AMBIGUOUS = "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'"
LOCKED = "The visibility setting cannot be changed for masked and hidden variables."
KEY_FORM = "can contain only letters, digits and '_'."
SCOPE_FORM = "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', '*' and spaces"
TOO_LONG = "is too long (maximum is 255 characters)"
TOO_MUCH = "The value of the provided variable exceeds the 10000 character limit"
MASKED = re.compile(r"[a-zA-Z0-9_+=/@:.~-]{8,}")
MASKED_RAW = re.compile(r"\S{8,}", re.ASCII)
NO_TRUTH = "is not included in the list"
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


def _named(call: Call, level: Level) -> list[Row]:
    return [row for row in _rows(call, level) if row["key"] == call.path["key"]]


def _fitting(call: Call, level: Level) -> Row | None:
    """The variable that a call names, if there is one. Raises 409 when several fit."""
    rows = _named(call, level)
    wanted = _wanted_scope(call, level)
    if wanted:
        rows = [row for row in rows if row["environment_scope"] in wanted]
    if len(rows) > 1:
        raise message(409, AMBIGUOUS)
    return rows[0] if rows else None


def _wanted_scope(call: Call, level: Level) -> list[str]:
    """What the filter asks for; blank is no filter. Groups do not declare it, so what is no object is a 500."""
    if not level.scoped:
        return []
    given = call.sent.get("filter") if level.thing == "GroupVariable" else call.params.get("filter")
    if given is not None and not isinstance(given, dict):
        raise server_error()
    scope = (given or {}).get("environment_scope")
    if isinstance(scope, list):
        return [str(item) for item in scope]
    return [str(scope)] if scope is not None and str(scope).strip() else []


def _found(call: Call, level: Level) -> Row:
    """The variable that a call names. Raises 404, and 409 when several fit."""
    row = _fitting(call, level)
    if row is None:
        raise not_found(level.thing)
    return row


def _to_change(call: Call, level: Level) -> Row:
    """The variable that a PUT names. A group's: without a filter, or with one that fits none, the first of the key."""
    if level.thing != "GroupVariable":
        return _found(call, level)
    row = _fitting(call, level) if "filter" in call.sent else None
    rows = _named(call, level)
    if row is None and not rows:
        raise not_found(level.thing)
    return row or rows[0]


def refusals(call: Call, level: Level, row: Row, before: Row | None) -> dict[str, list[str]]:
    """Everything that GitLab finds wrong with a variable, by field."""
    errors: dict[str, list[str]] = {name: [NO_TRUTH] for name in ("masked", "raw") if row[name] is None}
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
    if texts:
        errors["environment_scope"] = texts


def _changed(call: Call, row: Row) -> Row:
    """The variable with the parameters of a call; a group's has a scope of its own where that is licensed."""
    sent = {name: value for name, value in call.params.items() if name in row and name != "key"}
    if row["owner"].startswith("group:") and not call.world.settings.get("licensed"):
        sent.pop("environment_scope", None)
    changed = {**row, **sent}
    changed["environment_scope"] = str(changed["environment_scope"] or "").strip()
    return changed


def _checked(call: Call, level: Level, row: Row, before: Row | None) -> Row:
    """`row`, if it may be stored. Raises 400, and 500 for null where the database has no place for it."""
    errors = refusals(call, level, row, before)
    if errors:
        raise invalid(errors)
    if row["protected"] is None or row["variable_type"] is None:
        raise server_error()
    return {**row, "updated_at": call.stamp}


def listing(level: Level) -> Handler:
    """All, in pages."""
    return lambda call: paginate(call, _rows(call, level), lambda row: view(level, row))


def read(level: Level) -> Handler:
    """One."""
    return lambda call: ok(view(level, _found(call, level)))


def create(level: Level) -> Handler:
    """A new one."""

    def handler(call: Call) -> Response:
        row = _changed(call, {"owner": level.owner(call), **START})
        row["key"] = str(call.params["key"] or "").strip()
        if level.scoped and call.params.get("masked_and_hidden"):
            row["masked"] = row["hidden"] = True
        return created(view(level, call.world.table("variables").add(_checked(call, level, row, None))))

    return handler


def update(level: Level) -> Handler:
    """Change one."""

    def handler(call: Call) -> Response:
        row = _to_change(call, level)
        row.update(_checked(call, level, _changed(call, row), row))
        return ok(view(level, row))

    return handler


def remove(level: Level) -> Handler:
    """Delete one; only groups look at `If-Unmodified-Since`."""

    def handler(call: Call) -> Response:
        row = _found(call, level)
        if level.thing == "GroupVariable":
            call.precondition(row.get("updated_at") or call.stamp)
        call.world.table("variables").remove(row)
        return no_content()

    return handler


VALUE = optional("value")
KIND = optional("variable_type", choices=("env_var", "file"))
SCOPE, DESCRIPTION = optional("environment_scope"), optional("description")
FILTER = optional("filter", mapping, fields=(SCOPE,))


def _params(level: Level) -> tuple[tuple[Param, ...], tuple[Param, ...], tuple[Param, ...]]:
    """What a new one, a changed one and one that is only named declare, in GitLab's order."""
    key, value = required("key"), required("value")
    switches = booleans("protected", "masked", "raw")
    match level.thing:
        case "Variable":
            new = booleans("protected", "masked", "masked_and_hidden", "raw")
            changed = (VALUE, *booleans("protected", "masked"), SCOPE, *booleans("raw"), KIND, FILTER, DESCRIPTION)
            return (key, value, *new, KIND, SCOPE, DESCRIPTION), changed, (FILTER,)
        case "GroupVariable":
            new = booleans("protected", "masked_and_hidden", "masked", "raw")
            return (key, value, *new, KIND, SCOPE, DESCRIPTION), (VALUE, *switches, KIND, SCOPE, DESCRIPTION), ()
    return (key, DESCRIPTION, value, *switches, KIND), (DESCRIPTION, VALUE, *switches, KIND), ()


def _routes(level: Level) -> tuple[Route, ...]:
    one = f"{level.path}/:key"
    new, changed, named = _params(level)
    return (
        Route("GET", level.path, listing(level), PAGING, level.before),
        Route("POST", level.path, create(level), new, level.before),
        Route("GET", one, read(level), named, level.before),
        Route("PUT", one, update(level), changed, level.before),
        Route("DELETE", one, remove(level), named, level.before),
    )


ROUTES = tuple(route for level in LEVELS for route in _routes(level))
