"""Versioned JSON for programs: every view's values as plain data, and how JSON is written.

The JSON is a promise: a change of meaning raises `FORMAT_VERSION`. Plans have their own format (`core.planformat`).
Characters beyond ASCII are escaped, so that no server's text can reach a terminal raw.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.core.errors import InputError, Problem, ReconcilerError, RemoteError, Severity, StateLocked
from reconciler.core.plan import Plan
from reconciler.core.ports import Version
from reconciler.core.report import Report, Validation
from reconciler.core.resource import Action, Field, Kind
from reconciler.core.state import Record, State

if TYPE_CHECKING:
    from reconciler.core.adoption import Adoption

FORMAT_VERSION = 1


def text(data: Mapping[str, Any]) -> str:
    """JSON with one line per entry of every top-level list or map: quick to write, and readable in a diff."""
    rows = [f"  {json.dumps(key)}: {_member(value)}" for key, value in data.items()]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def plan(shown: Plan) -> str:
    """A plan's file: what `plan --out` writes and `plan -o json` prints, to the byte."""
    from reconciler.core.planformat import plan_to_bytes

    return escaped(plan_to_bytes(shown).decode())


def escaped(json_text: str) -> str:
    """JSON with everything beyond ASCII escaped; such characters stand inside its strings only."""
    return json_text if json_text.isascii() else _BEYOND_ASCII.sub(lambda m: json.dumps(m[0])[1:-1], json_text)


def document(what: str, **facts: Any) -> dict[str, Any]:
    """The envelope of every JSON answer: the format's version and what it is."""
    return {"format_version": FORMAT_VERSION, "what": what, **facts}


def problem(found: Problem) -> dict[str, Any]:
    """A problem as data; keys without a value are left out."""
    data: dict[str, Any] = {"severity": found.severity.value, "summary": found.summary}
    data |= {"detail": found.detail, "hint": found.hint, "address": found.address}
    if found.place:
        data |= {"file": found.place.file, "line": found.place.line or None, "column": found.place.column or None}
    return {key: value for key, value in data.items() if value not in (None, "")}


def diagnostics(found: Sequence[Problem], exit_code: int) -> dict[str, Any]:
    """Problems as a JSON answer."""
    return document("diagnostics", exit_code=exit_code, diagnostics=[problem(one) for one in found])


def problems_of(raised: ReconcilerError) -> tuple[Problem, ...]:
    """An error as problems: those it holds, or itself as one."""
    if isinstance(raised, InputError):
        return raised.problems
    detail = ""
    if isinstance(raised, RemoteError):
        status = str(raised.status) if raised.status else ""
        request = f"request {raised.request_id}" if raised.request_id else ""
        detail = " ".join(filter(None, [raised.method, raised.url, status, request]))
    if isinstance(raised, StateLocked) and raised.lock_id:
        detail = f"lock {raised.lock_id}"
    return (Problem(raised.message, detail=detail, hint=raised.hint),)


def validation(outcome: Validation) -> dict[str, Any]:
    """What `validate` found."""
    return document(
        "validation",
        ok=outcome.ok,
        entries=outcome.entries,
        kinds=dict(outcome.kinds),
        files=list(outcome.files),
        notes=list(outcome.notes),
        problems=[problem(one) for one in outcome.problems],
    )


def report(outcome: Report) -> dict[str, Any]:
    """What became of an apply."""
    outcomes = [
        {
            "address": one.address,
            "action": one.action,
            "status": one.status.value,
            **({"message": one.message} if one.message else {}),
            **({"hint": one.hint} if one.hint else {}),
            "seconds": round(one.seconds, 3),
        }
        for one in outcome.outcomes
    ]
    return document(
        "report",
        exit_code=int(outcome.exit_code),
        serial=outcome.serial,
        seconds=round(outcome.seconds, 3),
        requests=outcome.requests,
        outcomes=outcomes,
        blocked=[{"address": one.address, "reason": one.reason} for one in outcome.blocked],
        settled=[{"address": address, "outcome": what} for address, what in outcome.settled],
        outputs=dict(outcome.outputs),
    )


def adoption(found: Adoption) -> dict[str, Any]:
    """What `adopt` made of what exists."""
    manifests = found.manifests
    return document(
        "adoption",
        written=found.written,
        recorded=found.recorded,
        proven=found.proven,
        serial=found.serial,
        adopted=[{"address": one.address, "kind": one.kind, "id": one.id} for one in found.records],
        files=[{"path": file.path, "text": file.text} for file in manifests.files],
        variables=[{"name": one.name, "address": one.address, "field": one.field} for one in manifests.variables],
        templates=dict(manifests.templates),
        targets=dict(manifests.fleets),
        left_out=[{"scope": one.scope, "what": one.what, "why": one.why} for one in found.left_out],
        ours=[{"scope": one.scope, "what": one.what, "why": one.why} for one in found.ours],
        planned=[{"address": step.address, "action": step.action} for step in found.plan.steps],
        blocked=[{"address": one.address, "reason": one.reason} for one in found.plan.blocked],
    )


def record(one: Record) -> dict[str, Any]:
    """One record; of secrets only the fields' names."""
    return {
        "address": one.address,
        "primitive": one.primitive.value,
        "kind": one.kind,
        "scope": {"type": one.scope.type.value, "path": one.scope.path, "id": one.scope_id},
        "id": one.id,
        "origin": one.origin.value,
        "source": one.source,
        "fields": dict(one.fields),
        "secrets": sorted(one.digests),
        "local": dict(one.local),
        "alias": one.alias,
        "condition": one.condition,
        "updated_at": one.updated_at,
    }


def state(shown: State) -> dict[str, Any]:
    """The records of a state."""
    return document(
        "state",
        lineage=shown.lineage,
        serial=shown.serial,
        gitlab_url=shown.gitlab_url,
        resources=[record(one) for one in shown.records.values()],
    )


def versions(kept: Iterable[Version]) -> dict[str, Any]:
    """The kept versions of a state."""
    return document("versions", versions=[{"serial": v.serial, "at": v.at, "bytes": v.size} for v in kept])


def kind(one: Kind) -> dict[str, Any]:
    """A kind with its fields, events and actions."""
    return {
        "kind": one.name,
        "title": one.title,
        "summary": one.summary,
        "category": one.category,
        "section": one.section,
        "scopes": sorted(scope.value for scope in one.scopes),
        "fields": [field(f) for f in one.fields],
        "events": sorted(one.shape.events) if one.shape else [],
        "actions": actions(one.actions),
        "probe": one.probe is not None,
        "manual": list(one.manual),
        "documentation": one.documentation,
    }


def actions(found: Mapping[str, Action]) -> dict[str, Any]:
    """What may be asked, with the parameters as fields."""
    return {
        name: {"summary": action.summary, "parameters": [field(one) for one in action.parameters]}
        for name, action in found.items()
    }


def field(one: Field) -> dict[str, Any]:
    """A field as data; properties that are not set are left out."""
    data: dict[str, Any] = {"name": one.name, "type": one.type.value, "summary": one.summary}
    data |= {"required": one.required, "secret": one.secret, "choices": list(one.choices), "default": one.default}
    data |= {
        "gitlab_name": one.wire,
        "unstorable": one.unstorable,
        "example": one.example,
        "group_only": one.group_only,
    }
    data["since"] = ".".join(map(str, one.since)) if one.since else None
    kept = {key: value for key, value in data.items() if value not in (None, "", [], False)}
    return {**kept, "readable": one.readable}


def worst(found: Iterable[Problem]) -> Severity | None:
    """The worst severity among problems, None when there is none."""
    severities = {one.severity for one in found}
    return next((severity for severity in Severity if severity in severities), None)


_BEYOND_ASCII = re.compile(r"[^\x00-\x7e]+")


# ---------------------------------------------------------------------------------------------------------------------


def _member(value: Any) -> str:
    if isinstance(value, list | tuple) and value:
        return "[\n" + ",\n".join(f"    {json.dumps(item, default=_plain)}" for item in value) + "\n  ]"
    if isinstance(value, Mapping) and value:
        rows = [f"    {json.dumps(str(key))}: {json.dumps(item, default=_plain)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + "\n  }"
    return json.dumps(value, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
