"""Users and their personal access tokens.

Pure. Sources: GitLab's documentation of tokens, users and versions; creating users and other people's tokens needs an
administrator.
"""

from __future__ import annotations

from datetime import date

from ..message import Response
from ..rows import new_token, new_user
from ..world import Row, day
from .errors import bad_request, error, forbidden, invalid, message, no_record, not_found
from .kernel import Call, Route, admin, created, no_content, ok, signed_in
from .meta import USER_SCOPES, own_view, token_view, user_view
from .paging import PAGING, paginate
from .params import boolean, integer, moment, optional, required, strings

PASSWORDS = ("password", "reset_password", "force_random_password")
"""One of which says how a new user gets a password."""


def listing(call: Call) -> Response:
    """Users, by name or text."""
    rows = list(call.world.users)
    if call.params.get("username"):
        rows = [u for u in rows if u["username"].lower() == call.params["username"].lower()]
    if call.params.get("search"):
        text = call.params["search"].lower()
        rows = [u for u in rows if text in f"{u['username']} {u['name']} {u['email']}".lower()]
    view = own_view if call.me.get("admin") else user_view
    return paginate(call, rows[::-1], lambda u: view(call.world, call.request.base, u))


def read(call: Call) -> Response:
    """One user."""
    user = _wanted(call)
    full = call.user is not None and call.user.get("admin")
    view = own_view if full else user_view
    return ok(view(call.world, call.request.base, user))


def create(call: Call) -> Response:
    """A new user."""
    wanted = call.params
    if not any(name in wanted for name in PASSWORDS):
        raise error(400, f"{', '.join(PASSWORDS)} are missing, at least one parameter must be provided")
    blank = [name for name in ("email", "name", "username") if not (wanted[name] or "").strip()]
    if blank:
        raise invalid({name: ["can't be blank"] for name in blank})
    if any(u["username"].lower() == wanted["username"].lower() for u in call.world.users):
        raise message(409, "Username has already been taken")
    if any(u["email"].lower() == wanted["email"].lower() for u in call.world.users):
        raise message(409, "Email has already been taken")
    more = {"email": wanted["email"], "admin": wanted.get("admin")}
    user = call.world.users.add(new_user(wanted["username"], wanted["name"], call.now, **more))
    return created(own_view(call.world, call.request.base, user))


def remove(call: Call) -> Response:
    """A user goes, with tokens and memberships."""
    user = _wanted(call)
    call.world.users.remove(user)
    for token in call.world.tokens.by("user_id", user["id"]):
        call.world.tokens.remove(token)
    for table in (call.world.groups, call.world.projects):
        for row in table:
            row["members"].pop(str(user["id"]), None)
    return no_content()


def create_token(call: Call) -> Response:
    """A new token of somebody, with its text."""
    user = _wanted(call)
    return created(_new_token(call, user["id"], call.params))


def tokens(call: Call) -> Response:
    """Tokens: an administrator's view of all, anybody's of their own."""
    rows = list(call.world.tokens)
    wanted = call.params.get("user_id")
    if not call.me.get("admin"):
        if wanted not in (None, call.me["id"]):
            raise message(401, "401 Unauthorized")
        wanted = call.me["id"]
    if wanted is not None:
        rows = [t for t in rows if t["user_id"] == wanted]
    if call.params.get("revoked") is not None:
        rows = [t for t in rows if bool(t.get("revoked")) == call.params["revoked"]]
    return paginate(call, rows, lambda t: token_view(t, call.now))


def read_token(call: Call) -> Response:
    """One token."""
    return ok(token_view(_token(call), call.now))


def revoke(call: Call) -> Response:
    """A token ends."""
    _token(call)["revoked"] = True
    return no_content()


def revoke_own(call: Call) -> Response:
    """The token that came with the request ends."""
    _own(call)["revoked"] = True
    return no_content()


def rotate(call: Call) -> Response:
    """A token ends and a new one like it begins."""
    return _rotated(call, _token(call))


def rotate_own(call: Call) -> Response:
    """The token that came with the request ends, and a new one like it begins."""
    return _rotated(call, _own(call))


def _rotated(call: Call, token: Row) -> Response:
    if token.get("revoked"):
        raise bad_request("Token already revoked")
    token["revoked"] = True
    wanted = {
        "name": token["name"],
        "scopes": token["scopes"],
        "expires_at": call.params.get("expires_at"),
        "as_name": token["as"],
    }
    return ok(_new_token(call, token["user_id"], wanted))


def _new_token(call: Call, user_id: int, wanted: Row) -> Row:
    expires_at = (wanted.get("expires_at") or "")[:10] or None
    if expires_at and date.fromisoformat(expires_at) < date.fromisoformat(day(call.now)):
        raise bad_request("Expiration date must be in the future")
    text = f"glpat-{call.world.mint('token')[:20]}"
    user = call.world.users.get(user_id) or {}
    token = new_token(
        user_id,
        text,
        list(wanted["scopes"]),
        call.now,
        as_name=wanted.get("as_name") or user.get("username"),
        name=wanted["name"],
        expires_at=expires_at,
    )
    return {**token_view(call.world.tokens.add(token), call.now), "token": text}


def _wanted(call: Call) -> Row:
    user = call.world.users.get(call.params["id"])
    if user is None:
        raise not_found("User")
    return user


def _own(call: Call) -> Row:
    if call.asker is None or call.asker.token is None:
        raise no_record()
    return call.asker.token


def _token(call: Call) -> Row:
    token = call.world.tokens.get(call.params["id"])
    if token is None:
        raise no_record()
    if token["user_id"] != call.me["id"] and not call.me.get("admin"):
        raise forbidden()
    return token


ID = required("id", integer)
UNTIL = optional("expires_at", moment)

ROUTES = (
    Route(
        "GET",
        "/users",
        listing,
        (optional("username"), optional("search"), optional("active", boolean), *PAGING),
        (signed_in,),
        scopes=USER_SCOPES,
    ),
    Route("GET", "/users/:id", read, (ID,), scopes=USER_SCOPES),
    Route(
        "POST",
        "/users",
        create,
        (
            required("email"),
            required("name"),
            required("username"),
            optional("password"),
            optional("admin", boolean),
            optional("skip_confirmation", boolean),
            optional("reset_password", boolean),
            optional("force_random_password", boolean),
        ),
        (admin,),
    ),
    Route("DELETE", "/users/:id", remove, (ID,), (admin,)),
    Route(
        "POST",
        "/users/:id/personal_access_tokens",
        create_token,
        (ID, required("name"), required("scopes", strings, blank=False), UNTIL),
        (admin,),
    ),
    Route(
        "GET",
        "/personal_access_tokens",
        tokens,
        (optional("user_id", integer), optional("revoked", boolean), optional("state"), *PAGING),
        (signed_in,),
    ),
    Route("DELETE", "/personal_access_tokens/self", revoke_own, (), (signed_in,), scopes=None),
    Route(
        "POST", "/personal_access_tokens/self/rotate", rotate_own, (UNTIL,), (signed_in,), scopes=("api", "self_rotate")
    ),
    Route("GET", "/personal_access_tokens/:id", read_token, (ID,), (signed_in,)),
    Route("DELETE", "/personal_access_tokens/:id", revoke, (ID,), (signed_in,)),
    Route("POST", "/personal_access_tokens/:id/rotate", rotate, (ID, UNTIL), (signed_in,)),
)
