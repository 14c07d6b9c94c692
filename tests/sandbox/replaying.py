"""Replays recorded conversations against the sandbox within the process, on a clock of its own.

Ids, times and made-up values need only be of the same sort; ids in later paths are translated. Nothing waits and
nothing is sent: hooks are delivered to a receiver that answers as the recorded one did.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from reconciler.sandbox.clock import ManualClock
from reconciler.sandbox.fronts import Sandbox
from reconciler.sandbox.message import Delivered, Delivery, Request, Response
from reconciler.sandbox.seed import world_from_seed

RECORDINGS = Path(__file__).parent.parent / "recordings"
START = 1_800_000_010.0
BASE = "http://gitlab.example.test"
KEY = "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n"
ANY_KEY = "<any PEM private key>"

UNEVEN = frozenset(
    """id created_at updated_at last_used_at expires_at last_activity_at disabled_until closed_at started_at
    finished_at application_id secret public_key sentry_dsn web_url avatar_url execution_duration Created iid
    project_id group_id user_id parent_id pipeline_id noteable_id revision email user_notes_count
    http_url_to_repo ssh_url_to_repo last_update_at last_update_started_at last_successful_update_at
    correlation_id update_status last_error organization_id last_used_ips fingerprint_sha256""".split()  # noqa: SIM905
)
"""Members whose values differ from run to run: null or not, and the type, must agree."""

OPEN = frozenset(
    """request_headers response_headers request_data kas _links author namespace permissions references
    source_issue target_issue add_label_ids""".split()  # noqa: SIM905
)
"""Members of which only the type must agree."""

COMPARED_HEADERS = (
    *("x-page", "x-per-page", "x-next-page", "x-prev-page", "x-total", "x-total-pages", "link", "location"),
    *("ratelimit-name", "ratelimit-limit", "ratelimit-observed", "ratelimit-remaining"),
    *("content-type", "www-authenticate"),
)

WITH_IDS = "hooks|events|remote_mirrors|applications|notes|client_keys|projects|groups"
LEARNED = {*WITH_IDS.split("|"), "integrations", "services", "variables", "issues"}
GONE = b"<!DOCTYPE HTML>\n"


def areas() -> list[str]:
    """The recorded areas, by name."""
    return sorted(path.relative_to(RECORDINGS).as_posix()[: -len(".json.gz")] for path in RECORDINGS.rglob("*.gz"))


def conversation(area: str) -> list[dict[str, Any]]:
    """The exchanges of an area."""
    value = json.loads(gzip.decompress((RECORDINGS / f"{area}.json.gz").read_bytes()))
    exchanges: list[dict[str, Any]] = value["exchanges"]
    return exchanges


class Receiver:
    """Where recorded hooks point; the path decides the answer."""

    def __init__(self) -> None:
        self.answers = {
            "/ok": (200, b"ok"),
            "/bad": (500, b"broken receiver"),
            "/client": (404, b"no such path"),
            "/empty": (204, b""),
            "/flaky": (500, b"down"),
            "/redirect": (501, GONE),
        }

    def send(self, delivery: Delivery) -> Delivered:
        """Answer a delivery."""
        status, body = self.answers.get(delivery.url.removeprefix("http://127.0.0.1:8999"), (200, b"ok"))
        return Delivered(status, {"Content-Type": "text/plain"}, body, None, 0.01)


class Replay:
    """One conversation with a fresh world."""

    def __init__(self) -> None:
        self.world = json.loads((RECORDINGS / "world.json").read_text(encoding="utf-8"))
        self.tokens = {token["as"]: token["token"] for token in self.world["tokens"]}
        self.clock = ManualClock(START)
        self.sandbox = Sandbox(world_from_seed(self.world, START), self.clock)
        self.receiver = Receiver()
        self.ids: dict[tuple[str | None, int], int] = {}
        for kind, paths in self.world["recorded_ids"].items():
            for path, recorded in paths.items():
                self.ids[kind, recorded] = self.sandbox.world.paths[path.lower()][1]

    def differences(self, area: str) -> dict[str, list[str]]:
        """Of every exchange that does not agree: how its answer differs from the recorded one."""
        found: dict[str, list[str]] = {}
        for exchange in conversation(area):
            self.clock.advance(0.3 if "(later" in exchange["name"] else 0.001)
            self.clock.advance(exchange.get("wait", 0))
            if "good test" in exchange["name"]:
                self.receiver.answers["/flaky"] = (200, b"up")
            response = self.ask(exchange["request"])
            if exchange.get("setup") or exchange.get("racy"):
                continue
            differences = list(self.compare(exchange, response))
            if differences:
                found[exchange["name"]] = differences
        return found

    def ask(self, sent: Mapping[str, Any]) -> Response:
        """Send a recorded request."""
        headers = {name.lower(): value for name, value in (sent.get("headers") or {}).items()}
        if sent.get("as"):
            headers["private-token"] = self.tokens.get(sent["as"], "no-such-token")
        if sent.get("basic"):
            headers["authorization"] = "Basic " + base64.b64encode(":".join(sent["basic"]).encode()).decode()
        path, _, query = self.translated(sent["path"]).partition("?")
        body = self.body(sent, headers)
        request = Request(sent["method"], path, query, headers, body, BASE)
        response = self.sandbox.exchange(request, self.receiver.send).response
        assert response is not None
        return response

    def body(self, sent: Mapping[str, Any], headers: dict[str, str]) -> bytes:
        """The body of a recorded request; sets its type."""
        if "json" in sent:
            value = sent["json"]
            if isinstance(value, dict):
                value = {name: _written_out(item) for name, item in value.items()}
                if "namespace" in value:
                    value["namespace_id"] = self.sandbox.world.paths[value.pop("namespace")][1]
            headers.setdefault("content-type", "application/json")
            return json.dumps(value).encode()
        if "form" in sent:
            headers.setdefault("content-type", "application/x-www-form-urlencoded")
            return urlencode({name: _written_out(item) for name, item in sent["form"].items()}).encode()
        return str(sent.get("raw", "")).encode()

    def translated(self, path: str) -> str:
        """A recorded path with the ids that things have here."""

        def swap(match: re.Match[str]) -> str:
            return f"/{match[1]}/{self.ids.get((match[1], int(match[2])), match[2])}"

        return quote(re.sub(rf"/({WITH_IDS})/(\d+)(?=[/?]|$)", swap, path), safe="/%?&=+[]:,*~.-_!'()")

    def compare(self, exchange: Mapping[str, Any], got: Response) -> Iterator[str]:
        """How an answer differs from the recorded one."""
        want = exchange["response"]
        if got.status != want["status"]:
            yield f"status: {want['status']} in GitLab, {got.status} here: {got.body[:120]!r}"
            return
        yield from self.compare_headers(want["headers"], got)
        text = got.body.decode()
        if "json" in want:
            value = json.loads(text) if text else None
            self.learn(exchange["request"]["path"], want["json"], value)
            yield from _differences(want["json"], value, bool(exchange.get("partial")), "")
        elif "text" in want:
            if _numbered(want["text"]) != _numbered(_shown(text)):
                yield f"text: {want['text']!r} in GitLab, {text!r} here"
        elif text:
            yield f"body: none in GitLab, {text[:80]!r} here"

    def compare_headers(self, want: Mapping[str, str], got: Response) -> Iterator[str]:
        """How the headers that matter differ."""
        mine = {name.lower(): value for name, value in got.headers.items()}
        for name in COMPARED_HEADERS:
            theirs = want.get(name)
            if theirs is None:
                continue
            ours = _shown(mine.get(name, ""))
            if name == "content-type":
                theirs, ours = theirs.split(";")[0], ours.split(";")[0]
            if name in ("location", "link"):
                theirs, ours = _numbered(theirs), _numbered(ours)
            if theirs != ours:
                yield f"{name}: {theirs!r} in GitLab, {ours!r} here"
        if "retry-after" in want and not mine.get("retry-after", "").isdigit():
            yield "retry-after: missing here"

    def learn(self, path: str, want: object, got: object) -> None:
        """Remember which of our ids stands for which recorded one."""
        kinds = [part for part in path.partition("?")[0].split("/") if part in LEARNED]
        kind = {"services": "integrations"}.get(kinds[-1], kinds[-1]) if kinds else None
        pairs = [(want, got)]
        if isinstance(want, list) and isinstance(got, list):
            pairs = list(zip(want, got, strict=False)) if kind != "integrations" else []
        for theirs, ours in pairs:
            if isinstance(theirs, dict) and isinstance(ours, dict) and isinstance(theirs.get("id"), int):
                self.ids[kind, theirs["id"]] = ours.get("id", theirs["id"])


def _written_out(value: Any) -> Any:
    if isinstance(value, dict) and "repeat" in value:
        text, times = value["repeat"]
        return text * times
    return KEY if value == ANY_KEY else value


def _shown(text: str) -> str:
    return text.replace(BASE, "{base}")


def _numbered(text: str) -> str:
    return re.sub(r"\d+", "N", text)


def _differences(want: object, got: object, partial: bool, place: str) -> Iterator[str]:
    if isinstance(want, dict) and isinstance(got, dict):
        yield from (f"{place}.{name}: missing here" for name in want if name not in got)
        if not partial:
            yield from (f"{place}.{name}: not in GitLab" for name in got if name not in want)
        for name in want.keys() & got.keys():
            yield from _member(name, want[name], got[name], partial, f"{place}.{name}")
    elif isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            yield f"{place}: {len(want)} items in GitLab, {len(got)} here"
            return
        if all(isinstance(item, dict) and "slug" in item for item in (*want, *got)):
            want, got = (sorted(items, key=lambda item: str(item["slug"])) for items in (want, got))
        for number, (theirs, ours) in enumerate(zip(want, got, strict=True)):
            yield from _differences(theirs, ours, partial, f"{place}[{number}]")
    elif want == ANY_KEY and str(got).startswith("-----BEGIN"):
        return
    elif not _agree(want, got):
        yield f"{place}: {want!r} in GitLab, {got!r} here"


def _member(name: str, want: object, got: object, partial: bool, place: str) -> Iterator[str]:
    if name in OPEN or name in UNEVEN:
        if type(want) is not type(got):
            yield f"{place}: {want!r} in GitLab, {got!r} here"
    else:
        yield from _differences(want, got, partial, place)


def _agree(want: object, got: object) -> bool:
    if isinstance(want, str) and isinstance(got, str):
        got = _shown(got)
        return want == got or (_numbered(want) == _numbered(got) and ("/projects/" in want or "{base}" in want))
    return want == got and type(want) is type(got)
