"""The instance itself and whoever is asking: version, metadata, own user, own token, published scopes.

Pure. Sources: GitLab's documentation of tokens, users and versions and
`tests/recordings/{crosscutting,applications}.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..message import Response
from ..world import Row, World, day
from .errors import not_found
from .kernel import Call, Route, ok, signed_in

USER_SCOPES = ("api", "read_api", "read_user")

SCOPES_SUPPORTED = (
    "api",
    "read_api",
    "read_user",
    "create_runner",
    "manage_runner",
    "k8s_proxy",
    "self_rotate",
    "mcp",
    "read_repository",
    "write_repository",
    "read_virtual_registry",
    "write_virtual_registry",
    "read_observability",
    "write_observability",
    "ai_features",
    "sudo",
    "admin_mode",
    "read_service_ping",
    "openid",
    "profile",
    "email",
    "ai_workflows",
    "user:*",
)
"""What `/.well-known/openid-configuration` lists; the registry's scopes exist only where there is one."""

CLAIMS = "https://gitlab.org/claims/groups"
OPENID: Mapping[str, str] = MappingProxyType(
    {
        "response_types_supported": "code",
        "response_modes_supported": "query fragment form_post",
        "grant_types_supported": "authorization_code password client_credentials device_code refresh_token",
        "token_endpoint_auth_methods_supported": "client_secret_basic client_secret_post",
        "subject_types_supported": "public",
        "id_token_signing_alg_values_supported": "RS256",
        "claim_types_supported": "normal",
        "claims_supported": "iss sub aud exp iat sub_legacy name nickname preferred_username email email_verified"
        f" website profile picture groups groups_direct {CLAIMS}/owner {CLAIMS}/maintainer {CLAIMS}/developer"
        " project_path ci_config_ref_uri ref_path sha environment jti",
        "code_challenge_methods_supported": "plain S256",
    }
)
"""The other lists of that answer, blank-separated."""


def metadata(call: Call) -> Response:
    """Version and edition of the instance."""
    settings = call.world.settings
    return ok(
        {
            "version": settings["version"],
            "revision": settings["revision"],
            "kas": {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None},
            "enterprise": bool(settings.get("enterprise", True)),
        }
    )


def user_view(world: World, base: str, user: Row) -> Row:
    """A user as everybody may see them."""
    return {
        "id": user["id"],
        "username": user["username"],
        "public_email": None,
        "name": user["name"],
        "state": user.get("state", "active"),
        "locked": False,
        "avatar_url": avatar(user),
        "web_url": f"{base}/{user['username']}",
    }


def avatar(user: Row) -> str:
    """The address of a user's picture."""
    return f"https://www.gravatar.com/avatar/{user['avatar']}?s=80&d=identicon"


def own_user(call: Call) -> Response:
    """Whoever is asking."""
    return ok(own_view(call.world, call.request.base, call.me))


def own_view(world: World, base: str, user: Row) -> Row:
    """A user as they see themselves, and as administrators see them."""
    view = user_view(world, base, user) | {
        "created_at": user["created_at"],
        "bio": "",
        "location": "",
        "linkedin": "",
        "twitter": "",
        "discord": "",
        "website_url": "",
        "github": "",
        "job_title": "",
        "pronouns": None,
        "organization": "",
        "bot": bool(user.get("bot")),
        "work_information": None,
        "local_time": None,
        "last_sign_in_at": None,
        "confirmed_at": user["created_at"],
        "last_activity_on": user["created_at"][:10],
        "email": user["email"],
        "theme_id": 3,
        "color_scheme_id": 1,
        "projects_limit": 100_000,
        "current_sign_in_at": None,
        "identities": [],
        "can_create_group": True,
        "can_create_project": True,
        "two_factor_enabled": False,
        "external": False,
        "private_profile": False,
        "commit_email": user["email"],
        "preferred_language": "en",
    }
    return view | ({"is_admin": True, "note": None} if user.get("admin") else {})


def token_view(token: Row, now: float) -> Row:
    """A personal access token, without its text."""
    expired = bool(token.get("expires_at")) and token["expires_at"] <= day(now)
    return {
        "id": token["id"],
        "name": token["name"],
        "revoked": bool(token.get("revoked")),
        "created_at": token["created_at"],
        "description": token.get("description"),
        "scopes": token["scopes"],
        "user_id": token["user_id"],
        "last_used_at": token.get("last_used_at"),
        "active": not token.get("revoked") and not expired,
        "expires_at": token.get("expires_at"),
        "last_used_ips": ["127.0.0.1"],
    }


def own_token(call: Call) -> Response:
    """The token that came with the request."""
    if call.asker is None or call.asker.token is None:
        raise not_found()
    return ok(token_view(call.asker.token, call.now))


def openid_configuration(call: Call) -> Response:
    """What an OAuth client may know; the list of scopes is what applications are checked against."""
    base = call.request.base
    value = {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "introspection_endpoint": f"{base}/oauth/introspect",
        "userinfo_endpoint": f"{base}/oauth/userinfo",
        "jwks_uri": f"{base}/oauth/discovery/keys",
        "scopes_supported": list(SCOPES_SUPPORTED),
        **{name: texts.split() for name, texts in OPENID.items()},
    }
    return Response.of_json(200, value, {"Content-Type": "application/json; charset=utf-8"})


ROUTES = (
    Route("GET", "/version", metadata, before=(signed_in,), scopes=USER_SCOPES),
    Route("GET", "/metadata", metadata, before=(signed_in,), scopes=USER_SCOPES),
    Route("GET", "/user", own_user, before=(signed_in,), scopes=USER_SCOPES),
    Route("GET", "/personal_access_tokens/self", own_token, before=(signed_in,), scopes=None),
    Route("GET", "/.well-known/openid-configuration", openid_configuration, root=True),
)
