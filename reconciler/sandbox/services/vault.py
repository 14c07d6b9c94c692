"""A stand-in for HashiCorp Vault and OpenBao: secrets of KV engines version 1 and 2, logins, token lookup.

State: `mounts` {mount: {version: 1 | 2, secrets: {path: {field: text}}}} (default: an empty `secret`, version 2),
`namespaces` {name: {mounts}} for calls with `X-Vault-Namespace`, `deleted` (list of "mount/path"), `sealed`, `denied`
(list of "mount/path"), `roles` (list; without it every role may log in). It remembers nothing but a count of logins.
"""

from __future__ import annotations

from reconciler.sandbox.message import Request, Response
from reconciler.sandbox.services.base import Call, Service, serve, table
from reconciler.sandbox.services.memory import State, digest, iso, mapping, number, uuid_of

_LEASE = 3600
_CREDENTIALS = {"jwt": ("role", "jwt"), "approle": ("role_id", "secret_id")}


def handle(request: Request, state: State, now: float) -> Response:
    """Answer one request to a Vault server."""
    return serve(SERVICE, request, state, now)


def _health(call: Call) -> Response:
    sealed = bool(call.state.get("sealed"))
    return Response.of_json(503 if sealed else 200, {"initialized": True, "sealed": sealed, "version": "1.18.3"})


def _lookup(call: Call) -> Response:
    value = {"id": call.header("x-vault-token"), "display_name": "token", "policies": ["default"], "ttl": _LEASE}
    return _answer({**value, "renewable": True, "type": "service"})


def _login(call: Call) -> Response:
    """JWT and AppRole logins under any mount: the fields that are sent say which of them it is."""
    sent = mapping(call.json(_errors(400, "failed to parse JSON input")))
    names = _CREDENTIALS["approle" if "role_id" in sent or "secret_id" in sent else "jwt"]
    values = [str(sent.get(name) or "") for name in names]
    if not all(values):
        return _errors(400, f"missing {names[values.index('')]}")
    roles = call.state.get("roles")
    if call.is_bad(*values) or (roles is not None and values[0] not in roles):
        return _errors(400, "invalid role or secret ID" if names[0] == "role_id" else "permission denied")
    token = f"hvs.{digest('token', number(call.state, 'login'))[:24]}"
    auth: State = {"client_token": token, "accessor": digest("accessor", token)[:24], "policies": ["default"]}
    auth |= {"lease_duration": _LEASE, "renewable": True, "token_type": "service"}
    return Response.of_json(200, {"request_id": uuid_of("login"), "data": None, "auth": auth})


def _read(call: Call) -> Response:
    found = _mount(call, call.names["path"])
    if found is None:
        return _errors(404)
    mount, engine, rest = found
    is_second = int(engine.get("version", 2)) == 2
    if is_second and not rest.startswith("data/"):
        warning = "Invalid path for a versioned K/V secrets engine. Read it at <mount>/data/<path>."
        return Response.of_json(404, {"errors": [], "warnings": [warning]})
    path = rest.removeprefix("data/") if is_second else rest
    if f"{mount}/{path}" in call.state.get("denied", []):
        return _errors(403, "permission denied")
    secret = mapping(engine.get("secrets")).get(path)
    if not isinstance(secret, dict):
        return _errors(404)
    if not is_second:
        return _answer(secret)
    metadata = {"created_time": iso(0), "deletion_time": "", "destroyed": False, "version": 1, "custom_metadata": None}
    if f"{mount}/{path}" in call.state.get("deleted", []):
        gone = {"data": None, "metadata": {**metadata, "deletion_time": iso(0)}}
        return Response.of_json(404, {"request_id": uuid_of("read"), "data": gone})
    return _answer({"data": secret, "metadata": metadata}) if call.query.get("version", "1") in "01" else _errors(404)


def _mount_options(call: Call) -> Response:
    found = _mount(call, call.names["path"])
    if found is None:
        return _errors(403, "preflight capability check returned 403, please ensure the path exists")
    options = {"version": str(found[1].get("version", 2))}
    return _answer({"path": f"{found[0]}/", "type": "kv", "options": options})


def _unsealed(call: Call) -> Response | None:
    return _errors(503, "Vault is sealed") if call.state.get("sealed") else None


def _with_token(call: Call) -> Response | None:
    if refusal := _unsealed(call):
        return refusal
    token = call.header("x-vault-token") or call.token()
    return None if token and not call.is_bad(token) else _errors(403, "permission denied")


SERVICE = Service(
    routes=(
        *table(("GET", "/v1/sys/health", _health)),
        *table(("POST|PUT", "/v1/auth/{mount*}/login", _login), guard=_unsealed),
        *table(
            ("GET", "/v1/auth/token/lookup-self", _lookup),
            ("GET", "/v1/sys/internal/ui/mounts/{path*}", _mount_options),
            ("GET", "/v1/{path*}", _read),
            guard=_with_token,
        ),
    ),
    throttled=lambda _call: _errors(429, "request path is rate limited"),
    missing=lambda _call: _errors(404),
)


# ---------------------------------------------------------------------------------------------------------------------


def _errors(status: int, *messages: str) -> Response:
    return Response.of_json(status, {"errors": list(messages)})


def _answer(value: State) -> Response:
    lease = {"lease_id": "", "renewable": False, "lease_duration": 0, "wrap_info": None, "warnings": None, "auth": None}
    return Response.of_json(200, {"request_id": uuid_of("read"), **lease, "data": value})


def _mount(call: Call, path: str) -> tuple[str, State, str] | None:
    """The mount that a path lies under (the longest that fits), its engine, and the rest of the path."""
    space = call.header("x-vault-namespace").strip("/")
    where = mapping(mapping(call.state.get("namespaces")).get(space)) if space else call.state
    mounts = {"secret": {"version": 2}, **mapping(where.get("mounts"))}
    fitting = [name for name in mounts if path.startswith(f"{name.strip('/')}/")]
    if not fitting:
        return None
    name = max(fitting, key=len)
    return name.strip("/"), mapping(mounts[name]), path[len(name.strip("/")) + 1 :]
