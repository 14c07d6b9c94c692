"""The instance's settings and feature flags, for administrators.

Pure. Of GitLab's several hundred settings only those are known that something here depends on; others are
stored and shown as they were sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..message import Response
from ..world import Row
from .kernel import Call, Route, admin, created, no_content, ok
from .params import anything, optional, required

LOCAL = "allow_local_requests_from_web_hooks_and_services"

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "allow_local_requests_from_system_hooks": True,
        "throttle_authenticated_api_enabled": False,
        "throttle_authenticated_api_requests_per_period": 7200,
        "throttle_authenticated_api_period_in_seconds": 3600,
        "throttle_unauthenticated_api_enabled": False,
        "throttle_unauthenticated_api_requests_per_period": 3600,
        "throttle_unauthenticated_api_period_in_seconds": 3600,
        "rate_limiting_response_text": None,
    }
)
OURS = ("url", "version", "revision", "enterprise", "licensed", "allow_local_requests")
SENT_WITH = ("id", "sudo", "private_token", "access_token")


def read(call: Call) -> Response:
    """All settings."""
    return ok(_view(call.world.settings))


def change(call: Call) -> Response:
    """Some settings."""
    settings = call.world.settings
    for name, value in call.sent.items():
        if name == LOCAL:
            settings["allow_local_requests"] = _typed(True, value)
        elif name not in OURS and name not in SENT_WITH:
            settings[name] = _typed(DEFAULTS.get(name), value)
    return ok(_view(settings))


def features(call: Call) -> Response:
    """The feature flags that were set."""
    return ok([_feature(name, state) for name, state in sorted(call.world.features.items())])


def set_feature(call: Call) -> Response:
    """Switch a feature on or off."""
    value = call.params["value"]
    state = value is True or str(value).lower() in ("true", "1", "100", "on")
    call.world.features[call.path["name"]] = state
    return created(_feature(call.path["name"], state))


def drop_feature(call: Call) -> Response:
    """Back to a feature's default."""
    call.world.features.pop(call.path["name"], None)
    return no_content()


def _view(settings: Row) -> Row:
    shown = {k: v for k, v in settings.items() if k not in OURS}
    return {"id": 1, **DEFAULTS, **shown, LOCAL: bool(settings.get("allow_local_requests"))}


def _typed(default: object, value: object) -> object:
    if isinstance(default, bool) and isinstance(value, str):
        return value.lower() in ("true", "1", "on", "yes")
    if isinstance(default, int) and isinstance(value, str) and value.isdigit():
        return int(value)
    return value


def _feature(name: str, state: bool) -> Row:
    return {
        "name": name,
        "state": "on" if state else "off",
        "gates": [{"key": "boolean", "value": state}],
        "definition": None,
    }


ROUTES = (
    Route("GET", "/application/settings", read, (), (admin,)),
    Route("PUT", "/application/settings", change, (), (admin,)),
    Route("GET", "/features", features, (), (admin,)),
    Route("POST", "/features/:name", set_feature, (required("value", anything), optional("force")), (admin,)),
    Route("DELETE", "/features/:name", drop_feature, (), (admin,)),
)
