"""A stand-in for Jira, Cloud and Data Center: who calls, projects, permissions, searching; `jira_issue` has the issues.

State: `deployment` ("cloud" or "server"; without it the host decides), `index_delay` (seconds that Cloud's search lags;
default 1), `projects` {KEY: {id, name, issue_types, required}}, `missing_permissions` (list), `captcha`, `sso`,
`throttle_html`. Three bad passwords of one user lock it on Data Center (`failed_logins`). Effects: `issues` {key: {id,
key, fields, comments, links, properties, created}}.
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services import jira_issue as issue
from reconciler.sandbox.services.base import Answer, Call, Service, serve, table
from reconciler.sandbox.services.jira_site import Site, error
from reconciler.sandbox.services.jira_text import JqlError, select
from reconciler.sandbox.services.memory import State, iso, mapping, retry_after, sequence, spend, whole

_LOCK_AFTER = 3
_VERSION = {"cloud": ("1001.0.0-SNAPSHOT", "Cloud"), "server": ("9.12.4", "Server")}


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to Jira."""
    return serve(SERVICE, request, state, now)


def _server(site: Site) -> Response:
    version, kind = _VERSION["cloud" if site.is_cloud else "server"]
    return Response.of_json(
        200, {"baseUrl": site.call.root, "version": version, "deploymentType": kind, "serverTitle": "Jira"}
    )


def _myself(site: Site) -> Response:
    site.demand_user()
    return Response.of_json(200, site.user(), {"X-AUSERNAME": "gitlab-bot"})


def _project(site: Site) -> Response:
    key = site.call.names["key"]
    project = site.project(key)
    if site.is_anonymous or project is None:
        return error(404, f"No project could be found with key '{key}'.")
    return Response.of_json(200, project)


def _permissions(site: Site) -> Response:
    site.demand_user()
    asked = site.call.query.get("permissions", "")
    if not asked and site.is_cloud:
        return error(400, "The 'permissions' query parameter is required.")
    missing = site.call.state.get("missing_permissions", [])
    names = asked.split(",") if asked else ["BROWSE_PROJECTS", "CREATE_ISSUES", "ADD_COMMENTS", "LINK_ISSUES"]
    rows = {name: {"id": name, "key": name, "name": name, "havePermission": name not in missing} for name in names}
    return Response.of_json(200, {"permissions": rows})


def _issue_types(site: Site) -> Response:
    site.demand_user()
    project = site.project(site.call.names["key"])
    if project is None:
        return error(404, f"No project could be found with key '{site.call.names['key']}'.")
    return _metadata(site, "issueTypes", project["issueTypes"])


def _issue_type_fields(site: Site) -> Response:
    site.demand_user()
    required = site.required_fields(site.call.names["key"])
    names = [*issue.WRITABLE, *(name for name in required if name not in issue.WRITABLE)]
    mandatory = {"project", "issuetype", "summary", "reporter", *required}
    defaults = {"priority", "reporter"} if site.is_cloud else {"priority"}
    fields = [{"fieldId": n, "key": n, "name": n, "required": n in mandatory} for n in names]
    return _metadata(site, "fields", [{**one, "hasDefaultValue": one["fieldId"] in defaults} for one in fields])


def _metadata(site: Site, word: str, values: list[State]) -> Response:
    first, most = (site.call.query.get(name, "") for name in ("startAt", "maxResults"))
    start, size = int(first) if first.isdigit() else 0, min(int(most) if most.isdigit() else 50, 200)
    page: State = {"startAt": start, "maxResults": size, "total": len(values)}
    if not site.is_cloud:
        page["isLast"] = start + size >= len(values)
    return Response.of_json(200, {**page, word if site.is_cloud else "values": values[start : start + size]})


def _search_cloud(site: Site) -> Response:
    if not site.is_cloud:
        return error(404, "null for uri: search/jql")
    asked = _asked(site.call)
    jql = str(asked.get("jql") or "")
    if not jql.strip():
        return error(400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    delay = float(site.call.state.get("index_delay", 1.0))
    reconciled = {str(name) for name in _listed(asked.get("reconcileIssues"))}
    visible = [] if site.is_anonymous else site.issues()
    indexed = [i for i in visible if i["created"] + delay <= site.call.now or i["id"] in reconciled]
    try:
        found = select(indexed, jql)
    except JqlError as wrong:
        return error(400, str(wrong))
    start = whole(str(asked.get("nextPageToken") or "").removeprefix("t"), 0)
    end = start + min(whole(asked.get("maxResults"), 50), 5000)
    fields = _listed(asked.get("fields"))
    page = [issue.shown(site, i, fields) if fields else {"id": i["id"]} for i in found[start:end]]
    rest: State = {"isLast": True} if end >= len(found) else {"isLast": False, "nextPageToken": f"t{end}"}
    return Response.of_json(200, {"issues": page, **rest})


def _search(site: Site) -> Response:
    if site.is_cloud:
        return error(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")
    asked = _asked(site.call)
    try:
        found = select([] if site.is_anonymous else site.issues(), str(asked.get("jql") or ""))
    except JqlError as wrong:
        return error(400, str(wrong))
    start, most = whole(asked.get("startAt"), 0), min(whole(asked.get("maxResults"), 50), 1000)
    page = [issue.shown(site, i, _listed(asked.get("fields"))) for i in found[start : start + most]]
    return Response.of_json(200, {"startAt": start, "maxResults": most, "total": len(found), "issues": page})


def _asked(call: Call) -> State:
    return mapping(call.json(error(400, "Invalid request payload."))) if call.request.method == "POST" else call.query


def _listed(value: object) -> list[str]:
    return [part for part in value.split(",") if part] if isinstance(value, str) else [str(v) for v in sequence(value)]


def _throttled(call: Call) -> Response:
    wait = retry_after(call.state)
    headers = {"Retry-After": str(wait), "X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0"}
    if Site(call, None, "3").is_cloud:
        headers |= {"X-RateLimit-Reset": iso(call.now + wait), "RateLimit-Reason": "jira-burst-based"}
    else:
        headers |= {"X-RateLimit-FillRate": "10", "X-RateLimit-Interval-Seconds": "1"}
    if call.state.get("throttle_html") or not Site(call, None, "3").is_cloud:
        return Response(
            429, {"Content-Type": "text/html", **headers}, b"<html><body>Rate limit exceeded.</body></html>"
        )
    body = error(429, "Rate limit exceeded.")
    return Response(429, {**body.headers, **headers}, body.body)


_ISSUE = "/issue/{issue}"

_ROWS = (
    ("GET", "/serverInfo", _server),
    ("GET", "/myself", _myself),
    ("GET", "/project/{key}", _project),
    ("GET", "/mypermissions", _permissions),
    ("GET", "/issue/createmeta/{key}/issuetypes", _issue_types),
    ("GET", "/issue/createmeta/{key}/issuetypes/{type}", _issue_type_fields),
    ("GET|POST", "/search/jql", _search_cloud),
    ("GET|POST", "/search", _search),
    ("POST", "/issue", issue.create),
    ("GET", _ISSUE, issue.read),
    ("PUT", _ISSUE, issue.update),
    ("DELETE", _ISSUE, issue.remove),
    ("GET|POST|DELETE", f"{_ISSUE}/remotelink", issue.links),
    ("GET|PUT|DELETE", f"{_ISSUE}/remotelink/{{link}}", issue.one_link),
    ("GET|POST", f"{_ISSUE}/comment", issue.comments),
    ("GET|PUT|DELETE", f"{_ISSUE}/comment/{{comment}}", issue.one_comment),
    ("GET|POST", f"{_ISSUE}/transitions", issue.transitions),
    ("GET|PUT|DELETE", f"{_ISSUE}/properties/{{property}}", issue.properties),
)


def _at(answer: issue.SiteAnswer) -> Answer:
    def answered(call: Call) -> Response:
        version = call.names["version"]
        account = None if answer is _server else _account(call)
        if isinstance(account, Response):
            return account
        site = Site(call, account, version)
        if version not in (("2", "3", "latest") if site.is_cloud else ("2", "latest")):
            return error(404, f"null for uri: {call.request.path}")
        return answer(site)

    return answered


def _account(call: Call) -> str | Response | None:
    """The caller's name, None for an anonymous one, or the refusal that comes before any route."""
    is_cloud = Site(call, None, "3").is_cloud
    if call.state.get("sso"):
        return Response(302, {"Location": f"{call.root}/login.jsp", "Content-Type": "text/html"}, b"<html></html>")
    user = (call.basic() or ("", ""))[0]
    failures = call.state.get("failed_logins", {})
    if spend(call.state, "captcha") or (not is_cloud and user and failures.get(user, 0) >= _LOCK_AFTER):
        reason = f"CAPTCHA_CHALLENGE; login-url={call.root}/login.jsp"
        headers = {"X-Authentication-Denied-Reason": reason, "X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}
        return Response(403, {"Content-Type": "text/html", **headers}, b"<html>Forbidden (403)</html>")
    account = call.account()
    if account is None and user and not is_cloud:
        call.state.setdefault("failed_logins", {})[user] = failures.get(user, 0) + 1
    if account == "token" and is_cloud and "/ex/jira/" not in call.request.path:
        return None
    return account or None


SERVICE = Service(
    routes=table(*((verbs, f"/rest/api/{{version}}{path}", _at(answer)) for verbs, path, answer in _ROWS)),
    throttled=_throttled,
    contexts=3,
)
