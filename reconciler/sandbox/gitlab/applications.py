"""OAuth applications of the instance.

Pure. Sources: GitLab's documentation of OAuth applications, a running GitLab 18.9 and
`tests/recordings/applications.json`.
"""

from __future__ import annotations

import re

from ..message import Response
from ..world import Row
from .errors import invalid, not_found
from .kernel import Call, Route, admin, created, no_content, ok
from .meta import SCOPES_SUPPORTED
from .params import boolean, integer, optional, required

URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
FORBIDDEN = frozenset(("javascript", "vbscript", "data"))
OUT_OF_BAND = frozenset(("urn:ietf:wg:oauth:2.0:oob", "urn:ietf:wg:oauth:2.0:oob:auto"))


def listing(call: Call) -> Response:
    """All applications, oldest first, in one answer, without secrets."""
    return ok([_view(call, row) for row in call.world.table("applications")])


def create(call: Call) -> Response:
    """A new application, with the secret that is never shown again."""
    wanted = call.params
    problems: dict[str, list[str]] = {}
    if not wanted["name"] or not wanted["name"].strip():
        problems["name"] = ["can't be blank"]
    uri_problems = redirect_problems(wanted["redirect_uri"] or "")
    if uri_problems:
        problems["redirect_uri"] = uri_problems
    scopes = wanted["scopes"].split()
    if any(scope not in SCOPES_SUPPORTED for scope in scopes):
        problems["scopes"] = ["doesn't match configured on the server."]
    if problems:
        raise invalid(problems)
    row = call.world.table("applications").add(
        {
            "uid": call.world.mint("application"),
            "name": wanted["name"],
            "redirect_uri": wanted["redirect_uri"],
            "scopes": list(dict.fromkeys(scopes)),
            "confidential": wanted.get("confidential") is not False,
            "secret": _secret(call),
            "created_at": call.stamp,
        }
    )
    return created({**_view(call, row), "secret": row["secret"]})


def renew(call: Call) -> Response:
    """A new secret."""
    row = _wanted(call)
    row["secret"] = _secret(call)
    return created({**_view(call, row), "secret": row["secret"]})


def remove(call: Call) -> Response:
    """An application goes."""
    call.world.table("applications").remove(_wanted(call))
    return no_content()


def redirect_problems(text: str) -> list[str]:
    """What is wrong with redirect URIs, one on each line, in the words of GitLab's validator."""
    if not text.strip():
        return ["can't be blank"]
    problems: list[str] = []
    for uri in text.split():
        if uri in OUT_OF_BAND:
            continue
        if not URI.fullmatch(uri) or re.match(r"https?://([:/?#]|$)", uri):
            problems.append("must be a valid URI.")
            break
        problems += _uri_problems(uri)
    return list(dict.fromkeys(problems))


def _uri_problems(uri: str) -> list[str]:
    found = re.match(r"([A-Za-z][A-Za-z0-9+.\-]*):(.*)", uri, re.DOTALL)
    scheme, rest = (found[1].lower(), found[2]) if found else ("", uri)
    problems = ["is forbidden by the server."] if scheme in FORBIDDEN else []
    if "#" in uri:
        problems.append("cannot contain a fragment.")
    if found and not rest.startswith("/"):
        problems.append("must specify a scheme.")
    if not found and not re.match(r"//[^/?#]", uri):
        problems.append("must be an absolute URI.")
    return problems


def _view(call: Call, row: Row) -> Row:
    view = {
        "id": row["id"],
        "application_id": row["uid"],
        "application_name": row["name"],
        "callback_url": row["redirect_uri"],
        "confidential": row["confidential"],
    }
    return view | ({"scopes": row["scopes"]} if call.world.version >= (19, 0) else {})


def _secret(call: Call) -> str:
    return f"gloas-{call.world.mint('application secret')}"


def _wanted(call: Call) -> Row:
    row = call.world.table("applications").get(call.params["id"])
    if row is None:
        raise not_found("Application")
    return row


ONE = (required("id", integer),)

ROUTES = (
    Route("GET", "/applications", listing, (), (admin,)),
    Route(
        "POST",
        "/applications",
        create,
        (
            required("name"),
            required("redirect_uri"),
            required("scopes", blank=False),
            optional("confidential", boolean, default=True),
        ),
        (admin,),
    ),
    Route("DELETE", "/applications/:id", remove, ONE, (admin,)),
    Route("POST", "/applications/:id/renew-secret", renew, ONE, (admin,)),
)
