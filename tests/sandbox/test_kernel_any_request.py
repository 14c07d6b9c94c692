"""No request, however odd, makes the sandbox stumble: every declared call answers every body."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.sandbox.gitlab import AREAS
from tests.sandbox.asking import Asking

ROUTES = [route for area in AREAS for route in area.ROUTES]
SEGMENTS = {"id": ["acme%2Fshop", "acme", "5", "acme%2Fempty", "0", "x"], "hook_id": ["1", "2", "x", "9" * 30]}
ODD = ["1", "x", "-1", "%00", "%2F", "a%20b", "ä", "9" * 25, "slack", "jira", "push_events", "default"]

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS | st.sampled_from(["https://x.example.test", "main", "((", "2026-01-01", "api", "*"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "value", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, str, dict[str, Any] | None]:
    route = draw(st.sampled_from(ROUTES))
    parts = [
        draw(st.sampled_from(SEGMENTS.get(part[1:], ODD))) if part.startswith(":") else part
        for part in route.path.split("/")
    ]
    names = [param.name for param in route.params] or ["a"]
    body = draw(st.none() | st.dictionaries(st.sampled_from([*names, "nonsense"]), VALUES, max_size=6))
    path = "/".join(parts)
    return route.method, path if route.root else f"/api/v4{path}", body


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(st.lists(calls(), min_size=1, max_size=6), st.sampled_from(["root", "mia", None]))
def test_every_call_answers_every_body(asked: list[tuple[str, str, dict[str, Any] | None]], who: str | None) -> None:
    lab = Asking()
    lab.json("POST", "/projects/acme%2Fshop/hooks", {"url": "https://x.example.test"})
    for method, path, body in asked:
        answer = lab.ask(method, path, body, who)

        assert 200 <= answer.status <= 599
        if answer.headers.get("Content-Type", "").startswith("application/json") and answer.body:
            json.loads(answer.body)
    json.dumps(lab.world.to_json())
