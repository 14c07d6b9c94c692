"""Links between issues.

Pure. Source: `tests/recordings/issues-and-notes.json`.
"""

from __future__ import annotations

from ..message import Response
from ..world import Row
from .errors import message, not_found
from .issues import BASE, IID, READ, WRITE, basic_view, found_issue, issues_of
from .kernel import Call, Route, created, ok
from .params import integer, optional, required


def _link_view(call: Call, link: Row) -> Row:
    issues = call.world.table("issues")
    ends = {f"{end}_issue": issues.get(link[f"{end}_id"]) for end in ("source", "target")}
    shown = {name: basic_view(call, row) for name, row in ends.items() if row}
    return {"id": link["id"], **shown, "link_type": link["link_type"]}


def create_link(call: Call) -> Response:
    """Relate an issue to another."""
    source = found_issue(call)
    target_project = call.world.projects.get(_int(call.params["target_project_id"]))
    rows = issues_of(call.world, target_project) if target_project else []
    target = next((row for row in rows if str(row["iid"]) == str(call.params["target_issue_iid"])), None)
    if target is None:
        raise not_found()
    table = call.world.table("issue_links")
    ends = {source["id"], target["id"]}
    if any({link["source_id"], link["target_id"]} == ends for link in table):
        raise message(409, "Issue(s) already assigned")
    kind = call.params.get("link_type") or "relates_to"
    link = table.add({"source_id": source["id"], "target_id": target["id"], "link_type": kind})
    source["updated_at"] = target["updated_at"] = call.stamp
    return created(_link_view(call, link))


def _int(value: object) -> int:
    return int(str(value)) if str(value).isdigit() else 0


def list_links(call: Call) -> Response:
    """What an issue is related to."""
    row, issues = found_issue(call), call.world.table("issues")
    shown = []
    for link in call.world.table("issue_links"):
        ends = [link["source_id"], link["target_id"]]
        if row["id"] in ends:
            other = issues.get(ends[1] if ends[0] == row["id"] else ends[0])
            if other is not None:
                extra = {"issue_link_id": link["id"], "link_type": link["link_type"]}
                shown.append(basic_view(call, other) | extra)
    return ok(shown)


def remove_link(call: Call) -> Response:
    """End a relation."""
    row, table = found_issue(call), call.world.table("issue_links")
    link = table.get(call.params["issue_link_id"])
    if link is None or row["id"] not in (link["source_id"], link["target_id"]):
        raise not_found()
    table.remove(link)
    return ok(_link_view(call, link))


ROUTES = (
    Route("GET", f"{BASE}/:issue_iid/links", list_links, (IID,), *READ),
    Route(
        "POST",
        f"{BASE}/:issue_iid/links",
        create_link,
        (
            IID,
            required("target_project_id"),
            required("target_issue_iid"),
            optional("link_type", choices=("relates_to", "blocks", "is_blocked_by")),
        ),
        *WRITE,
    ),
    Route(
        "DELETE",
        f"{BASE}/:issue_iid/links/:issue_link_id",
        remove_link,
        (IID, required("issue_link_id", integer)),
        *WRITE,
    ),
)
