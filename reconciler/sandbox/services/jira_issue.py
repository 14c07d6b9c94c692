"""Issues of the Jira stand-in: create, read, update, comments, remote links, transitions, properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.sandbox.message import Response
from reconciler.sandbox.services.base import RefusalError
from reconciler.sandbox.services.jira_site import TRANSITIONS, Site, error
from reconciler.sandbox.services.jira_text import document_of, is_document, text_of
from reconciler.sandbox.services.memory import State, iso, mapping, number, sequence

SiteAnswer = Callable[[Site], Response]

WRITABLE = (
    "project",
    "issuetype",
    "summary",
    "description",
    "labels",
    "priority",
    "assignee",
    "reporter",
    "parent",
    "components",
    "fixVersions",
    "versions",
    "duedate",
    "environment",
)
"""The fields that may be sent, besides `customfield_…`."""

_LINK_FIELDS = ("globalId", "application", "relationship", "object")
_NO_DOCUMENT = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"


def create(site: Site) -> Response:
    """`POST /issue`."""
    site.demand("CREATE_ISSUES")
    body = _body(site)
    fields = dict(mapping(body.get("fields")))
    project = site.project(mapping(fields.get("project")).get("key") or mapping(fields.get("project")).get("id") or "")
    if project is None:
        return error(400, errors={"project": "valid project is required"})
    kind = _issue_type(project, mapping(fields.get("issuetype")))
    errors = _problems(site, fields)
    if kind is None:
        errors["issuetype"] = "Specify a valid issue type"
    if not fields.get("summary"):
        errors["summary"] = "You must specify a summary of the issue."
    errors |= {name: f"{name} is required." for name in site.required_fields(project["key"]) if not fields.get(name)}
    if errors:
        return error(400, errors=errors)
    state, now = site.call.state, site.call.now
    key = f"{project['key']}-{number(state, 'issue ' + project['key'])}"
    fields |= {"project": {n: project[n] for n in ("id", "key", "name")}, "issuetype": kind}
    fields |= {"labels": sequence(fields.get("labels")), "status": _workflow(site)[0]["to"]}
    fields |= {"created": iso(now), "updated": iso(now), "creator": site.user()}
    made = {"id": str(number(state, "issue", 10001)), "key": key, "fields": fields, "created": now}
    state.setdefault("issues", {})[key] = {**made, "comments": [], "links": [], "properties": {}}
    for operations in mapping(body.get("update")).items():
        _operate(state["issues"][key], *operations)
    return Response.of_json(201, {"id": made["id"], "key": key, "self": site.link(f"issue/{made['id']}")})


def read(site: Site) -> Response:
    """`GET /issue/{key}`."""
    asked = [name for name in site.call.query.get("fields", "").split(",") if name]
    return Response.of_json(200, shown(site, site.issue(site.call.names["issue"]), asked))


def update(site: Site) -> Response:
    """`PUT /issue/{key}`."""
    found = site.issue(site.call.names["issue"])
    site.demand("EDIT_ISSUES")
    body = _body(site)
    fields = mapping(body.get("fields"))
    errors = _problems(site, fields)
    if "summary" in fields and not fields["summary"]:
        errors["summary"] = "You must specify a summary of the issue."
    if errors:
        return error(400, errors=errors)
    found["fields"] |= fields
    for operations in mapping(body.get("update")).items():
        _operate(found, *operations)
    found["fields"]["updated"] = iso(site.call.now)
    return Response(204)


def remove(site: Site) -> Response:
    """`DELETE /issue/{key}`."""
    found = site.issue(site.call.names["issue"])
    site.demand("DELETE_ISSUES")
    del site.call.state["issues"][found["key"]]
    return Response(204)


def links(site: Site) -> Response:
    """`GET|POST|DELETE /issue/{key}/remotelink`: the POST updates the link of the same `globalId`."""
    found = site.issue(site.call.names["issue"])
    name, method = site.call.query.get("globalId"), site.call.request.method
    if method == "POST":
        site.demand("LINK_ISSUES")
        return _save_link(site, found)
    matching = [link for link in found["links"] if name is None or link["globalId"] == name]
    if name is not None and not matching:
        return error(404, "The remote issue link does not exist.")
    if method == "DELETE":
        site.demand("LINK_ISSUES")
        if name is None:
            return error(400, errors={"globalId": "'globalId' is required."})
        found["links"].remove(matching[0])
        return Response(204)
    return Response.of_json(200, matching if name is None else matching[0])


def one_link(site: Site) -> Response:
    """`GET|PUT|DELETE /issue/{key}/remotelink/{id}`."""
    found = site.issue(site.call.names["issue"])
    link = next((link for link in found["links"] if str(link["id"]) == site.call.names["link"]), None)
    if link is None:
        return error(404, "The remote issue link does not exist.")
    if site.call.request.method == "GET":
        return Response.of_json(200, link)
    site.demand("LINK_ISSUES")
    if site.call.request.method == "DELETE":
        found["links"].remove(link)
    else:
        link |= _link_body(site)
    return Response(204)


def comments(site: Site) -> Response:
    """`GET|POST /issue/{key}/comment`."""
    found = site.issue(site.call.names["issue"])
    if site.call.request.method == "POST":
        site.demand("ADD_COMMENTS")
        made = {"id": str(number(site.call.state, "comment", 10000)), "body": _comment_body(site)}
        made |= {"author": site.user(), "created": iso(site.call.now), "updated": iso(site.call.now)}
        found["comments"].append(made)
        return Response.of_json(201, _shown_comment(site, found, made))
    rows = [_shown_comment(site, found, comment) for comment in found["comments"]]
    return Response.of_json(200, {"startAt": 0, "maxResults": 5000, "total": len(rows), "comments": rows})


def one_comment(site: Site) -> Response:
    """`GET|PUT|DELETE /issue/{key}/comment/{id}`."""
    found = site.issue(site.call.names["issue"])
    comment = next((c for c in found["comments"] if c["id"] == site.call.names["comment"]), None)
    if comment is None:
        return error(404, f"Can not find a comment for the id: {site.call.names['comment']}.")
    if site.call.request.method == "DELETE":
        found["comments"].remove(comment)
        return Response(204)
    if site.call.request.method == "PUT":
        comment |= {"body": _comment_body(site), "updated": iso(site.call.now)}
    return Response.of_json(200, _shown_comment(site, found, comment))


def transitions(site: Site) -> Response:
    """`GET|POST /issue/{key}/transitions`."""
    found = site.issue(site.call.names["issue"])
    possible = _workflow(site)
    if site.call.request.method == "GET":
        return Response.of_json(200, {"expand": "transitions", "transitions": possible})
    site.demand("TRANSITION_ISSUES")
    wanted = str(mapping(_body(site).get("transition")).get("id", ""))
    chosen = next((row for row in possible if row["id"] == wanted), None)
    if chosen is None:
        return error(400, f"Transition id '{wanted}' is not valid for this issue.")
    found["fields"] |= {"status": chosen["to"], "updated": iso(site.call.now)}
    return Response(204)


def properties(site: Site) -> Response:
    """`GET|PUT|DELETE /issue/{key}/properties/{name}`."""
    found = site.issue(site.call.names["issue"])
    name, method = site.call.names["property"], site.call.request.method
    held = found["properties"]
    if method == "PUT":
        value = site.call.json(error(400, "Property value must be valid JSON."))
        if len(name) > 255 or len(site.call.body) > 32_768:
            return error(400, "The property's key or value is too long.")
        status = 200 if name in held else 201
        held[name] = value
        return Response(status)
    if name not in held:
        return error(404, f"The property with key '{name}' does not exist.")
    if method == "DELETE":
        del held[name]
        return Response(204)
    return Response.of_json(200, {"key": name, "value": held[name]})


def shown(site: Site, found: State, names: list[str]) -> State:
    """An issue as the called version of the API shows it, with all fields or those named."""
    fields = dict(found["fields"])
    fields["description"] = _in_version(site, fields.get("description"))
    rows = [_shown_comment(site, found, comment) for comment in found["comments"]]
    fields["comment"] = {"comments": rows, "total": len(rows)}
    if names and not {"*all", "*navigable"} & set(names):
        fields = {name: fields[name] for name in names if name in fields}
    return {"id": found["id"], "key": found["key"], "self": site.link(f"issue/{found['id']}"), "fields": fields}


# ---------------------------------------------------------------------------------------------------------------------


def _body(site: Site) -> State:
    return mapping(site.call.json(error(400, "Invalid request payload. Refer to the REST API documentation.")))


def _workflow(site: Site) -> list[State]:
    return list(site.call.state.get("transitions", TRANSITIONS))


def _issue_type(project: State, asked: State) -> State | None:
    return next(
        (t for t in project["issueTypes"] if asked.get("id") == t["id"] or asked.get("name") == t["name"]), None
    )


def _problems(site: Site, fields: State) -> dict[str, str]:
    errors = {
        name: f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
        for name in fields
        if name not in WRITABLE and not name.startswith("customfield_")
    }
    description, labels, summary = fields.get("description"), fields.get("labels") or [], fields.get("summary") or ""
    if description is not None and site.speaks_documents and not is_document(description):
        errors["description"] = _NO_DOCUMENT
    if description is not None and not site.speaks_documents and not isinstance(description, str):
        errors["description"] = "Operation value must be a string"
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        errors["labels"] = "data was not an array"
    elif spaced := next((label for label in labels if " " in label), None):
        errors["labels"] = f"The label '{spaced}' contains spaces which is invalid."
    if not isinstance(summary, str) or len(summary) > 255:
        errors["summary"] = "Summary must be less than 255 characters."
    elif "\n" in summary:
        errors["summary"] = "The summary is invalid because it contains newline characters."
    return errors


def _operate(found: State, name: str, operations: Any) -> None:
    for operation in map(mapping, sequence(operations)):
        values = sequence(found["fields"].get(name))
        if "set" in operation:
            found["fields"][name] = operation["set"]
        if "add" in operation and operation["add"] not in values:
            found["fields"][name] = [*values, operation["add"]]
        if "remove" in operation:
            found["fields"][name] = [value for value in values if value != operation["remove"]]


def _save_link(site: Site, found: State) -> Response:
    body = _link_body(site)
    link = next((k for k in found["links"] if body["globalId"] and k["globalId"] == body["globalId"]), None)
    status = 200 if link else 201
    if link is None:
        link = {"id": number(site.call.state, "link", 10000)}
        found["links"].append(link)
    link |= body
    return Response.of_json(
        status, {"id": link["id"], "self": site.link(f"issue/{found['key']}/remotelink/{link['id']}")}
    )


def _link_body(site: Site) -> State:
    body = _body(site)
    errors = {name: f"'{name}' is required." for name in ("url", "title") if not mapping(body.get("object")).get(name)}
    if len(str(body.get("globalId") or "")) > 255:
        errors["globalId"] = "The global id must be 255 characters or fewer."
    if errors:
        raise RefusalError(error(400, errors=errors))
    return {name: body.get(name) for name in _LINK_FIELDS}


def _comment_body(site: Site) -> Any:
    body = _body(site).get("body")
    if not (is_document(body) if site.speaks_documents else isinstance(body, str) and body):
        raise RefusalError(error(400, errors={"comment": "Comment body is not valid!"}))
    return body


def _shown_comment(site: Site, found: State, comment: State) -> State:
    address = site.link(f"issue/{found['id']}/comment/{comment['id']}")
    return {**comment, "body": _in_version(site, comment["body"]), "self": address}


def _in_version(site: Site, text: Any) -> Any:
    if text is None or isinstance(text, dict) == site.speaks_documents:
        return text
    return document_of(text) if site.speaks_documents else text_of(text)
