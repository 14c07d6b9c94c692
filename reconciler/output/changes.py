"""What a plan's steps look like, told once for every view: symbols, rows of fields, and equal steps taken together.

Pure. A fleet's plan is readable because steps that differ in their scope only are one group with a list of scopes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from reconciler.core.address import Scope, ScopeType
from reconciler.core.plan import Change, Mover, Plan, Reason, SecretUse, Step, StepAction
from reconciler.core.quick import quick
from reconciler.output.document import plural

SYMBOLS = {
    StepAction.CREATE: "+",
    StepAction.ADOPT: "<",
    StepAction.UPDATE: "~",
    StepAction.REPLACE: "-/+",
    StepAction.DELETE: "-",
    StepAction.FORGET: "x",
    StepAction.MOVE: "→",
    StepAction.RECORD: "·",
}

LONGEST = 160
"""Characters of a value that are shown; the whole value is in the JSON."""

_TOO_PLAIN_TO_SAY: Mapping[str, Any] = {"inherit": False}
"""Fields of a create that nobody writes and that say nothing."""

MOVED_BY = {Mover.AUTHOR: "", Mover.OUTSIDE: "changed outside", Mover.BOTH: "changed here and outside"}
_COUNTED = (
    (StepAction.CREATE, "to create"),
    (StepAction.ADOPT, "to adopt"),
    (StepAction.UPDATE, "to update"),
    (StepAction.REPLACE, "to replace"),
    (StepAction.DELETE, "to delete"),
    (StepAction.MOVE, "to move"),
    (StepAction.FORGET, "to forget"),
    (StepAction.RECORD, "to record"),
)
_PLACES = {ScopeType.PROJECT: "project", ScopeType.GROUP: "group", ScopeType.INSTANCE: "instance"}


class Row(NamedTuple):
    """One field of a step: `before` and `after` as text (None where there is none), and a remark."""

    field: str
    before: str | None = None
    after: str | None = None
    remark: str = ""
    secret: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Group:
    """Steps that differ in their scope only; `title` is the address, or what the addresses have in common."""

    action: StepAction
    title: str
    kind: str
    reasons: tuple[Reason, ...]
    rows: tuple[Row, ...]
    defaults: tuple[str, ...]
    notes: tuple[str, ...]
    scopes: tuple[str, ...]
    scope_type: ScopeType
    previous: str = ""

    @property
    def symbol(self) -> str:
        """The action as a sign."""
        return SYMBOLS[self.action]

    @property
    def why(self) -> str:
        """The reasons in words."""
        return ", ".join(self.reasons)

    @property
    def places(self) -> str:
        """`in 3 projects` for a group of several, else empty."""
        return f"in {plural(len(self.scopes), _PLACES[self.scope_type])}" if len(self.scopes) > 1 else ""


def groups(steps: Iterable[Step]) -> list[Group]:
    """The steps in order, equal ones over several scopes as one group at the place of the first.

    Values that differ in their project's path or name only are equal: `${project.path}` and `${project.name}` stand for
    these then, as in manifests.
    """
    found: dict[_Drawn, list[Step]] = {}
    for step in steps:
        entry, previous = step.address.partition(":")[2], step.previous and step.previous.partition(":")[2]
        what = (entry, step.action, step.reasons, step.kind, step.scope.type, step.notes, previous)
        found.setdefault((_rows(step), _defaults(step), what), []).append(step)
    return [_group(rows, defaults, members) for (rows, defaults, _), members in _folded(found).items()]


def counts(plan: Plan) -> str:
    """`3 to create, 1 to delete`; `no changes` when there is nothing to do."""
    said = [f"{number} {words}" for action, words in _COUNTED if (number := plan.count(action))]
    return ", ".join(said) or "no changes"


def row_of(change: Change) -> Row:
    """A change as a row: what GitLab has, what it shall be, and who moved it."""
    if change.secret:
        return Row(change.field, remark=MOVED_BY[change.mover], secret=True)
    remarks = []
    before = change.live
    if change.mover is Mover.AUTHOR:
        before = change.recorded if change.live is None else change.live
    else:
        remarks.append(f"{MOVED_BY[change.mover]}, recorded {shown(change.recorded)}")
    if change.reset:
        remarks.append("no longer stated: GitLab's default")
    before_text, after_text = _pair(before, change.desired)
    return Row(change.field, before_text, after_text, "; ".join(remarks))


def drift_row(change: Change) -> Row:
    """A moved field as a row of a drift report: what we left there, and what it is now."""
    if change.secret:
        return Row(change.field, remark="changed outside", secret=True)
    before, after = _pair(change.recorded, change.live)
    return Row(change.field, before, after)


def shown(value: Any) -> str:
    """A value as text on one line; long ones are cut and say so."""
    if isinstance(value, str):
        simple = value.isalnum() or (value.isprintable() and '"' not in value and "\\" not in value)
        text = f'"{value}"' if simple else _json(value)
    elif value is None:
        text = "(not set)"
    elif isinstance(value, tuple | list):
        text = f"[{', '.join([item if isinstance(item, str) else shown(item) for item in value])}]"
    elif isinstance(value, Mapping):
        text = f"{{{', '.join(f'{key}: {shown(item)}' for key, item in value.items())}}}"
    else:
        text = _json(value)
    return text if len(text) <= LONGEST else _cut(text)


# ---------------------------------------------------------------------------------------------------------------------


_json = json.JSONEncoder(ensure_ascii=False).encode


def _cut(text: str) -> str:
    return f"{text[:LONGEST]}… ({len(text)} characters)"


_Drawn = tuple[tuple[Row, ...], tuple[str, ...], tuple[object, ...]]
"""What a step looks like but for its scope: rows, defaults, and everything else that tells two apart."""


def _folded(found: Mapping[_Drawn, list[Step]]) -> Mapping[_Drawn, list[Step]]:
    """The same with those taken together that look alike but for their project's path or name."""
    general: dict[_Drawn, _Drawn] = {}
    for drawn, members in found.items():
        rows, defaults, what = drawn
        if _names(rows, members[0].scope):
            alike = {_general(rows, step.scope) for step in members}
            if len(alike) == 1:
                general[drawn] = (alike.pop(), defaults, what)
    if not general:
        return found
    often = Counter(general.values())
    folded: dict[_Drawn, list[Step]] = {}
    for drawn, members in found.items():
        common = general.get(drawn, drawn)
        folded.setdefault(common if often[common] > 1 else drawn, []).extend(members)
    return folded


def _names(rows: tuple[Row, ...], scope: Scope) -> bool:
    """Whether rows name their project."""
    if scope.type is not ScopeType.PROJECT:
        return False
    name = scope.path.rpartition("/")[2]
    return any((row.after and name in row.after) or (row.before and name in row.before) for row in rows)


def _general(rows: tuple[Row, ...], scope: Scope) -> tuple[Row, ...]:
    """Rows without their project's path and name."""
    name = scope.path.rpartition("/")[2]
    mine = re.compile(rf"(?<![A-Za-z0-9])(?:{re.escape(scope.path)}|{re.escape(name)})(?![A-Za-z0-9])")

    def told(text: str | None) -> str | None:
        return text and mine.sub(lambda m: f"${{project.{'path' if m.group() == scope.path else 'name'}}}", text)

    return tuple([row._replace(before=told(row.before), after=told(row.after)) for row in rows])


def _rows(step: Step) -> tuple[Row, ...]:
    return tuple(_created_rows(step) if step.action is StepAction.CREATE else _changed_rows(step))


def _defaults(step: Step) -> tuple[str, ...]:
    return tuple(step.defaults) if step.action is StepAction.CREATE else ()


def _group(rows: tuple[Row, ...], defaults: tuple[str, ...], members: Sequence[Step]) -> Group:
    first, alone = members[0], len(members) == 1
    return Group(
        first.action,
        first.address if alone else first.address.partition(":")[2],
        first.kind,
        first.reasons,
        rows,
        defaults,
        first.notes,
        tuple([step.scope.path for step in members]),
        first.scope.type,
        first.previous if alone else first.previous.partition(":")[2],
    )


def _created_rows(step: Step) -> list[Row]:
    rows = [
        Row(name, None, shown(value))
        for name, value in step.fields.items()
        if name not in _TOO_PLAIN_TO_SAY or value != _TOO_PLAIN_TO_SAY[name]
    ]
    rows += [_secret_row(name, use) for name, use in step.secrets.items()]
    return [*rows, Row("credentials", None, shown(step.deliver), "delivered there")] if step.deliver else rows


def _changed_rows(step: Step) -> list[Row]:
    if step.action in (StepAction.DELETE, StepAction.FORGET):
        return []
    changed = {change.field for change in step.changes if change.secret}
    rows = [row_of(change) for change in step.changes if not change.secret]
    for name, use in step.secrets.items():
        if use.write or name in changed:
            rows.append(_secret_row(name, use))
    rows += [row_of(change) for change in step.changes if change.secret and change.field not in step.secrets]
    return rows


def _secret_row(name: str, use: SecretUse) -> Row:
    return Row(name, None, use.reference or None, "written" if use.write else "kept", True)


def _pair(before: Any, after: Any) -> tuple[str, str]:
    """Two values as text; of long lists only what came and went."""
    if isinstance(before, tuple) and isinstance(after, tuple) and len(before) + len(after) > 8:
        gone = [shown(item).strip('"') for item in before if item not in after]
        come = [shown(item).strip('"') for item in after if item not in before]
        if gone or come:
            signs = [f"-{name}" for name in gone] + [f"+{name}" for name in come]
            return plural(len(before), "item"), f"{plural(len(after), 'item')} ({' '.join(signs)})"
    return shown(before), shown(after)
