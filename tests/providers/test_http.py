"""The HTTP port against the sandbox and against adapters of our own: retries, secrets, limits, bounds."""

from __future__ import annotations

import html
import io
import json
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import exceptions as urllib3_errors

from reconciler.core.errors import RemoteError, SecretUnavailable, UnclearWrite
from reconciler.core.events import Progress, RequestSent, Waiting
from reconciler.core.flow import Basic, Bearer, Failure, Flow, Pause, Remember, Request, Response
from reconciler.core.value import Secret, Text
from reconciler.providers.http import HttpClient
from reconciler.providers.transport import LARGEST, Network

TOKEN = Secret("glpat-canary-token", "${env:GITLAB_TOKEN}")
BASE = "https://gitlab.example.test"
HOOKS = "/api/v4/projects/myorg%2Fshop/hooks"
HOOK = {"url": "https://api.acme.example/deploy"}


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Seen:
    def __init__(self) -> None:
        self.events: list[Any] = []

    def on_event(self, event: Any) -> None:
        self.events.append(event)


Handle = Callable[[requests.PreparedRequest], tuple[int, dict[str, str], bytes] | Exception]


class Scripted(BaseAdapter):
    """Answers from a script, and remembers what it was sent."""

    def __init__(self, handle: Handle) -> None:
        super().__init__()
        self.handle = handle
        self.sent: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        self.sent.append(request)
        self.options.append(options)
        answer = self.handle(request)
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, response.request, response.url = answer[0], request, str(request.url)
        response.headers.update(answer[1])
        response.raw = io.BytesIO(answer[2])
        return response

    def close(self) -> None:
        pass


def client(handle: Handle, *, base: str = BASE, **more: Any) -> tuple[HttpClient, Scripted, Seen, Clock]:
    adapter, seen, clock = Scripted(handle), Seen(), Clock()
    adapters = {"http://": adapter, "https://": adapter}
    http = HttpClient(base, TOKEN, clock=clock, listener=seen, adapters=adapters, jitter=lambda: 0.5, **more)
    return http, adapter, seen, clock


def always(status: int, body: bytes = b"{}", **headers: str) -> Handle:
    return lambda request: (status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


def in_turn(*answers: Any) -> Handle:
    waiting = list(answers)
    return lambda request: waiting.pop(0)


OK = (200, {}, b"{}")


# -- the token --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (BASE, "/api/v4/version"),
        (BASE, "https://GitLab.example.test:443/api/v4/version"),
        ("https://example.test/gitlab", "/api/v4/version"),
        ("https://example.test/gitlab/", "https://example.test/gitlab/api/v4/version"),
    ],
)
def test_the_token_goes_to_gitlab(base: str, url: str) -> None:
    http, adapter, _, _ = client(always(200), base=base)
    http.send(Request("GET", url))

    assert adapter.sent[0].headers["PRIVATE-TOKEN"] == "glpat-canary-token"
    assert str(adapter.sent[0].url).lower().startswith(base.rstrip("/"))


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (BASE, "https://jira.example.test/rest"),
        (BASE, "http://gitlab.example.test/api/v4/version"),
        (BASE, "https://gitlab.example.test:8443/api/v4/version"),
        (BASE, "https://gitlab.example.test.evil.example/api/v4"),
        (BASE, "https://gitlab.example.test@evil.example/api/v4"),
        (BASE, "https://evil.example/#https://gitlab.example.test/"),
        ("https://example.test/gitlab", "https://example.test/jenkins"),
        ("https://example.test/gitlab", "https://example.test/gitlab-evil"),
        ("https://example.test/gitlab", "https://example.test/gitlab/../jenkins"),
    ],
)
def test_the_token_never_goes_to_another_host_or_place(base: str, url: str) -> None:
    http, adapter, _, _ = client(always(200), base=base)
    http.send(Request("GET", url))

    assert b"canary" not in repr(dict(adapter.sent[0].headers)).encode()
    assert "canary" not in str(adapter.sent[0].url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    http, adapter, _, _ = client(always(status, location="https://evil.example/x"))

    with pytest.raises(RemoteError) as refused:
        http.send(Request("GET", "/api/v4/projects/1"))
    assert (refused.value.status, len(adapter.sent)) == (status, 1)


def test_credentials_of_a_request_take_the_tokens_place() -> None:
    http, adapter, _, _ = client(always(200))
    http.send(Request("GET", "/x", auth=Basic("gitlab-ci-token", Secret("canary-job"))))

    assert "PRIVATE-TOKEN" not in adapter.sent[0].headers
    assert adapter.sent[0].headers["Authorization"] == "Basic Z2l0bGFiLWNpLXRva2VuOmNhbmFyeS1qb2I="


def test_a_bearer_token_is_sent_under_its_scheme_and_not_shown() -> None:
    http, adapter, seen, _ = client(always(200))
    http.send(Request("GET", "https://api.example.test/", auth=Bearer(Secret("canary", "${env:B}"), "GenieKey")))

    assert adapter.sent[0].headers["Authorization"] == "GenieKey canary"
    assert "canary" not in repr(seen.events)


def test_cookies_are_not_kept() -> None:
    http, adapter, _, _ = client(always(200, Set_Cookie="_gitlab_session=canary; Path=/"))
    http.send(Request("GET", "/x"))
    http.send(Request("GET", "/x"))

    assert "Cookie" not in adapter.sent[1].headers


# -- secrets ----------------------------------------------------------------------------------------------------------


def test_secrets_are_revealed_in_what_is_sent_and_nowhere_else() -> None:
    canary = Secret("canary/value+1", "${env:C}")
    http, adapter, seen, _ = client(always(400, b'{"error":"canary/value+1 is wrong, so is canary%2Fvalue%2B1"}'))
    request = Request(
        "POST",
        Secret("https://hooks.example.test/canary/value+1/x", "${env:URL}"),
        headers={"X-Key": canary},
        query={"key": canary, "page": 2, "flag": True, "none": None, "many": [1, 2]},
        json={"a": [canary], "b": {"c": canary}, "d": ("e",)},
        writes=True,
    )

    with pytest.raises(RemoteError) as refused:
        http.send(request)

    sent = adapter.sent[0]
    assert json.loads(sent.body or b"") == {"a": ["canary/value+1"], "b": {"c": "canary/value+1"}, "d": ["e"]}
    assert sent.headers["X-Key"] == "canary/value+1"
    assert "key=canary%2Fvalue%2B1&page=2&flag=true&many=1&many=2" in str(sent.url)
    told = refused.value.message + str(refused.value) + refused.value.url + repr(seen.events) + repr(request)
    assert "canary" not in told
    assert "${env:URL}" in told
    assert "${env:C} is wrong" in told


def test_a_url_with_credentials_is_shown_without_them() -> None:
    http, _, seen, _ = client(always(200))
    http.send(Request("GET", "https://bot:canary@ci.example.test/job/x?token=canary"))

    assert [event.path for event in seen.events] == ["https://ci.example.test/job/x?token=…"]


def test_a_form_and_a_raw_body_are_sent_as_they_are() -> None:
    http, adapter, _, _ = client(always(200))
    http.send(Request("POST", "/f", form={"a": Secret("x y"), "b": ["1", "2"]}, writes=True))
    http.send(Request("POST", "/r", body=b"\x00raw", headers={"Content-Type": "application/octet-stream"}, writes=True))
    http.send(Request("POST", "/n", writes=True))

    assert [sent.body for sent in adapter.sent] == [b"a=x+y&b=1&b=2", b"\x00raw", None]
    assert adapter.sent[0].headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert adapter.sent[1].headers["Content-Type"] == "application/octet-stream"
    assert adapter.sent[2].headers["Content-Length"] == "0"


def test_a_secret_that_is_not_known_stops_before_sending() -> None:
    http, adapter, _, _ = client(always(200))

    with pytest.raises(SecretUnavailable, match=r"\$\{env:GONE\}"):
        http.send(Request("POST", "/x", json={"a": Secret(None, "${env:GONE}")}, writes=True))
    assert adapter.sent == []


def test_text_that_was_not_resolved_is_our_mistake() -> None:
    http, _, _, _ = client(always(200))

    with pytest.raises(TypeError, match="not been resolved"):
        http.send(Request("POST", "/x", json={"a": Text((), "${env:A}")}))


@pytest.mark.parametrize(
    "url", ["", "ftp://x/y", "nonsense", "https://", "https://[::1", "https://x:port/", "file:///etc"]
)
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    http, adapter, _, _ = client(always(200))

    with pytest.raises(RemoteError, match="no http or https URL"):
        http.send(Request("GET", url))
    assert adapter.sent == []


# -- repeating --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["drop_after", "drop_before"])
def test_no_second_post_without_a_look(lab: Any, do: str) -> None:
    lab.fault("POST", HOOKS, do)
    lab.sent()

    with pytest.raises(UnclearWrite):
        lab.http.send(Request("POST", HOOKS, json=HOOK, writes=True))
    posts = [call for call in lab.sent() if call[0] == "POST"]
    assert len(posts) <= 1
    made = lab.api("GET", "/projects/myorg%2Fshop/hooks").data()
    assert len(made) == (1 if do == "drop_after" else 0)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_no_second_post_after_a_broken_answer(lab: Any, status: int) -> None:
    lab.fault("POST", HOOKS, "status", status)
    lab.sent()

    with pytest.raises(UnclearWrite):
        lab.http.send(Request("POST", HOOKS, json=HOOK, writes=True))
    assert lab.sent() == [("POST", HOOKS)]


def test_a_read_is_repeated_until_it_is_answered(lab: Any) -> None:
    lab.fault("GET", HOOKS, "status", 502, nth=[1, 2])
    lab.fault("GET", HOOKS, "drop_before", nth=3)

    assert lab.http.send(Request("GET", HOOKS)).data() == []
    assert [event.attempt for event in lab.seen.requests if event.path == HOOKS] == [1, 2, 3, 4]
    assert 0 < lab.clock.slept < 10


def test_a_read_that_is_never_answered_ends(lab: Any) -> None:
    lab.fault("GET", HOOKS, "status", 500)

    with pytest.raises(RemoteError, match="500"):
        lab.http.send(Request("GET", HOOKS))
    assert lab.clock.slept < 30


def test_a_throttled_write_is_sent_again_when_the_server_allows(lab: Any) -> None:
    lab.fault("POST", HOOKS, "throttle", {"seconds": 17}, nth=1)

    assert lab.http.send(Request("POST", HOOKS, json=HOOK, writes=True)).status == 201
    assert 17 <= lab.clock.slept < 19
    assert any(isinstance(event, Waiting) for event in lab.seen.events)
    assert len(lab.api("GET", "/projects/myorg%2Fshop/hooks").data()) == 1


def test_a_limited_endpoint_is_waited_for_a_minute(lab: Any) -> None:
    lab.fault("POST", HOOKS, "throttle", {"seconds": 60, "json": True}, nth=1)

    assert lab.http.send(Request("POST", HOOKS, json=HOOK, writes=True)).status == 201
    assert 60 <= lab.clock.slept < 62


def test_a_throttle_of_the_instance_is_used_up_and_not_overrun(lab: Any) -> None:
    settings = {
        "throttle_authenticated_api_enabled": True,
        "throttle_authenticated_api_requests_per_period": 12,
        "throttle_authenticated_api_period_in_seconds": 30,
    }
    lab.api("PUT", "/application/settings", settings)
    begun = lab.clock.now()

    for _ in range(50):
        lab.http.send(Request("GET", "/api/v4/version"))

    refused = [event for event in lab.seen.requests if event.status == 429]
    windows_to_wait_for = 4
    assert lab.clock.now() - begun <= windows_to_wait_for * 30 * 1.1
    assert len(refused) <= 1


def test_a_window_that_is_too_far_away_is_left_to_the_servers_word() -> None:
    reset = str(1_800_000_000 + 5000)
    used_up = (200, {"RateLimit-Remaining": "0", "RateLimit-Reset": reset}, b"{}")
    refused = (429, {"Retry-After": "4000", "RateLimit-Reset": reset}, b"Retry later\n")
    http, adapter, _, clock = client(in_turn(used_up, refused), patience=100.0)
    http.send(Request("GET", "/x"))

    with pytest.raises(RemoteError, match="429"):
        http.send(Request("GET", "/x"))
    assert clock.now() == 1_800_000_100
    assert len(adapter.sent) == 2


def test_a_client_knows_where_its_gitlab_is() -> None:
    assert client(always(200), base="https://example.test/gitlab/")[0].base_url == "https://example.test/gitlab"


# -- failures ---------------------------------------------------------------------------------------------------------

REFUSED = requests.ConnectionError(urllib3_errors.NewConnectionError(None, "canary"))  # type: ignore[arg-type]
UNRESOLVED = requests.ConnectionError(urllib3_errors.NameResolutionError("canary", None, OSError()))  # type: ignore[arg-type]
UNTRUSTED = requests.exceptions.SSLError(urllib3_errors.SSLError(ssl.SSLCertVerificationError("canary")))
BROKEN = requests.ConnectionError(urllib3_errors.ProtocolError("canary", ConnectionResetError()))


@pytest.mark.parametrize(
    ("error", "summary", "tries"),
    [
        (REFUSED, "refused", 5),
        (UNRESOLVED, "resolved", 5),
        (requests.ConnectTimeout("canary"), "no connection within", 5),
        (requests.exceptions.ProxyError("canary"), "proxy", 5),
        (UNTRUSTED, "certificate is not trusted", 1),
        (requests.exceptions.SSLError("canary"), "TLS failed", 1),
        (requests.exceptions.InvalidHeader("canary"), "header", 1),
        (requests.exceptions.InvalidURL("canary"), "no URL", 1),
        (requests.ReadTimeout("canary"), "no answer within", 5),
        (BROKEN, "broke", 5),
        (requests.exceptions.ChunkedEncodingError("canary"), "broke", 5),
    ],
)
def test_every_failure_of_the_network_is_a_sentence_without_its_text(
    error: Exception, summary: str, tries: int
) -> None:
    http, adapter, seen, _ = client(lambda request: error)

    with pytest.raises(RemoteError, match=summary) as refused:
        http.send(Request("GET", "/x"))
    assert "canary" not in str(refused.value) + repr(seen.events)
    assert len(adapter.sent) == tries


@pytest.mark.parametrize(
    ("error", "unclear", "tries"),
    [
        (REFUSED, False, 5),
        (UNTRUSTED, False, 1),
        (BROKEN, True, 1),
        (requests.ReadTimeout(), True, 1),
        (requests.exceptions.SSLError("bad record mac"), True, 1),
    ],
)
def test_a_write_is_unclear_only_when_it_may_have_arrived(error: Exception, unclear: bool, tries: int) -> None:
    http, adapter, _, _ = client(lambda request: error)

    with pytest.raises(RemoteError) as refused:
        http.send(Request("POST", "/x", writes=True))
    assert isinstance(refused.value, UnclearWrite) is unclear
    assert len(adapter.sent) == tries


def test_a_mistake_of_ours_is_not_taken_for_the_network() -> None:
    http, _, _, _ = client(lambda request: KeyError("ours"))

    with pytest.raises(KeyError):
        http.send(Request("GET", "/x"))


def test_an_endless_answer_is_cut_off() -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"x" * max(size, 1)

    http, adapter, _, _ = client(always(200))
    plain = adapter.send

    def endless(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        response = plain(request, **options)
        response.raw = Endless()
        return response

    adapter.send = endless  # type: ignore[method-assign]
    with pytest.raises(RemoteError, match="too large"):
        http.send(Request("GET", "https://elsewhere.example.test/x"))
    assert LARGEST < 100_000_000


# -- conversations ----------------------------------------------------------------------------------------------------


def told(http: HttpClient, *steps: Request | Pause) -> list[Any]:
    def flow() -> Generator[Request | Pause, Response | Failure | None, list[Any]]:
        answers: list[Any] = []
        for step in steps:
            answer = yield step
            answers += [answer]
        return answers

    conversation: Flow[list[Any]] = flow()
    return http.run(conversation)


def test_a_flow_sees_refusals_as_answers() -> None:
    http, _, _, _ = client(in_turn((404, {}, b'{"a":1}'), (302, {"Location": "https://x"}, b""), (418, {}, b"")))

    first, second, third = told(http, *[Request("GET", "https://s.example.test/")] * 3)

    assert (first.status, first.data(), second.status, third.status) == (404, {"a": 1}, 302, 418)
    assert second.headers["location"] == "https://x"


def test_a_flow_sees_that_no_answer_came() -> None:
    http, adapter, _, _ = client(lambda request: REFUSED)

    (failure,) = told(http, Request("GET", "https://s.example.test/"))

    assert failure == Failure("the connection was refused (2 attempts)", sent=False)
    assert len(adapter.sent) == 2


def test_a_flow_sees_what_to_do_where_certificates_are_not_trusted() -> None:
    cause = ssl.SSLCertVerificationError("self-signed certificate")
    http, _, _, _ = client(lambda request: requests.exceptions.SSLError(cause))

    (failure,) = told(http, Request("GET", "https://s.example.test/"))

    assert "certificate is not trusted" in failure.summary
    assert "set `REQUESTS_CA_BUNDLE`" in failure.summary


def test_a_flow_sees_a_url_that_leads_nowhere_as_a_failure() -> None:
    http, _, _, _ = client(always(200))

    assert told(http, Request("GET", "nonsense")) == [Failure("this is no http or https URL", sent=False)]


def test_a_flow_sees_an_unclear_write_once() -> None:
    http, adapter, _, _ = client(in_turn((502, {}, b""), BROKEN))
    write = Request("POST", "https://s.example.test/", writes=True)

    answer, failure = told(http, write, write)

    assert answer.status == 502
    assert isinstance(failure, Failure)
    assert len(adapter.sent) == 2


def test_a_pause_waits_on_the_clock_and_says_why() -> None:
    http, _, seen, clock = client(always(200))
    begun = clock.now()

    assert told(http, Pause(30.0, "the build is running"), Pause(1.0)) == [None, None]
    assert clock.now() - begun == 31.0
    assert seen.events == [Progress("the build is running")]


def test_a_flow_that_fails_is_closed_and_its_error_is_seen() -> None:
    http, _, _, _ = client(always(200))
    closed = []

    def flow() -> Iterator[Any]:
        try:
            yield Request("GET", "/x")
            raise RuntimeError("ours")
        finally:
            closed.append(True)

    with pytest.raises(RuntimeError, match="ours"):
        http.run(flow())  # type: ignore[arg-type]
    assert closed == [True]


def test_facts_of_a_flow_are_kept_before_it_goes_on() -> None:
    http, adapter, _, _ = client(always(200))
    kept: list[tuple[dict[str, Any], int]] = []

    def flow() -> Iterator[Any]:
        yield Request("GET", "/a")
        yield Remember({"PROJ-1": 7})
        yield Request("GET", "/b")

    http.run(flow(), lambda facts: kept.append((dict(facts), len(adapter.sent))))  # type: ignore[arg-type]
    assert kept == [({"PROJ-1": 7}, 1)]
    with pytest.raises(TypeError, match="nobody keeps it"):
        http.run(flow())  # type: ignore[arg-type]


# -- the way out ------------------------------------------------------------------------------------------------------


def test_proxies_and_certificates_come_from_the_environment_once() -> None:
    network = Network.from_environment(
        {
            "https_proxy": "http://proxy.example.test:3128",
            "HTTP_PROXY": "http://other.example.test:3128",
            "NO_PROXY": "gitlab.example.test,.internal",
            "REQUESTS_CA_BUNDLE": "/ca/all.pem",
            "CI_SERVER_TLS_CA_FILE": "/ca/gitlab.pem",
        }
    )
    http, adapter, _, _ = client(always(200), network=network)
    for url in ("/x", "https://jira.example.test/", "https://a.internal/"):
        http.send(Request("GET", url))

    gitlab, jira, internal = adapter.options
    assert (gitlab["proxies"], gitlab["verify"]) == ({}, "/ca/gitlab.pem")
    assert (jira["proxies"]["https"], jira["verify"]) == ("http://proxy.example.test:3128", "/ca/all.pem")
    assert internal["proxies"] == {}


@pytest.mark.parametrize(
    ("environment", "proxies"),
    [
        ({}, {}),
        ({"ALL_PROXY": "http://p"}, {"http": "http://p", "https": "http://p"}),
        ({"HTTP_PROXY": "http://evil", "REQUEST_METHOD": "GET"}, {}),
    ],
)
def test_proxy_variables_are_read_as_usual(environment: dict[str, str], proxies: dict[str, str]) -> None:
    assert dict(Network.from_environment(environment).proxies) == proxies


def test_every_request_is_counted_and_told_with_its_id() -> None:
    http, _, seen, _ = client(in_turn((502, {}, b""), (200, {"X-Request-Id": "01AB"}, b"[]")))
    http.send(Request("GET", "/api/v4/projects", query={"page": 2, "search": "secret project"}))

    assert http.requests == 2
    assert [event for event in seen.events if isinstance(event, RequestSent)] == [
        RequestSent("GET", "/api/v4/projects?page=2&search=…", 502, 0, 1, ""),
        RequestSent("GET", "/api/v4/projects?page=2&search=…", 200, 0, 2, "01AB"),
    ]


def test_many_threads_share_one_client_over_real_connections() -> None:
    import time

    connections: set[Any] = set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            connections.add(self.client_address)
            body = json.dumps({"path": self.path, "token": self.headers["PRIVATE-TOKEN"]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    class Wall:
        now = staticmethod(time.time)
        sleep = staticmethod(time.sleep)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    http = HttpClient(f"http://127.0.0.1:{server.server_port}", TOKEN, clock=Wall(), listener=Seen(), parallelism=4)
    try:
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda n: http.send(Request("GET", f"/{n}")).data(), range(60)))
    finally:
        http.close()
        server.shutdown()
        server.server_close()

    assert [answer["path"] for answer in answers] == [f"/{n}" for n in range(60)]
    assert {answer["token"] for answer in answers} == {"glpat-canary-token"}
    assert len(connections) <= 4


def test_a_server_that_cannot_be_reached_is_tried_once_a_request_until_it_answers() -> None:
    down = [True]

    http, adapter, _, _ = client(lambda _: REFUSED if down[0] else OK)
    tried = []
    for _ in range(2):
        with pytest.raises(RemoteError):
            http.send(Request("GET", "/x"))
        tried.append(len(adapter.sent))
    down[0] = False
    http.send(Request("GET", "/x"))
    down[0] = True
    with pytest.raises(RemoteError):
        http.send(Request("GET", "/x"))

    assert tried == [5, 6]
    assert len(adapter.sent) == 6 + 1 + 5


def test_a_refusal_that_repeats_secrets_loses_them_before_it_is_cut() -> None:
    key = Secret('{"private_key": "canary\\n' + "x" * 400 + '"}', "${env:KEY}")
    for shown in (json.dumps({"k": key.reveal()}), key.reveal(), json.dumps(key.reveal())):
        http, *_ = client(always(400, json.dumps({"message": f"in vain: {shown}"}).encode()))

        with pytest.raises(RemoteError) as caught:
            http.send(Request("PUT", "/x", json={"key": key}, writes=True))

        assert "canary" not in caught.value.message
        assert "${env:KEY}" in caught.value.message


RAILS = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@pytest.mark.parametrize(
    "echo",
    [
        lambda sent: json.dumps({"message": sent}),
        lambda sent: json.dumps({"message": sent}, ensure_ascii=False),
        lambda sent: json.dumps({"message": [sent]}).translate(RAILS),
        lambda sent: json.dumps({"error": {sent: "is invalid"}}),
        lambda sent: json.dumps({"message": sent.translate(RAILS)}),
        lambda sent: f"in vain: {sent.translate(RAILS)}",
        lambda sent: f"in vain: {html.escape(sent, quote=False)}",
    ],
)
def test_a_refusal_loses_secrets_however_the_server_escapes_them(echo: Callable[[str], str]) -> None:
    secret = Secret('canary"\u00e9<&>\\x', "${env:KEY}")
    http, *_ = client(lambda request: (400, {}, echo((request.body or b"").decode()).encode()))  # type: ignore[union-attr]

    with pytest.raises(RemoteError) as caught:
        http.send(Request("PUT", "/x", json={"key": secret}, writes=True))

    assert "canary" not in caught.value.message
    assert "${env:KEY}" in caught.value.message


def test_credentials_in_base64_are_not_repeated() -> None:
    basic = Basic("bot", Secret("canary-password", "${env:PASSWORD}"))
    echo: Handle = lambda request: (401, {}, request.headers["Authorization"].encode())  # noqa: E731
    http, *_ = client(echo)

    with pytest.raises(RemoteError) as caught:
        http.send(Request("GET", "https://ci.example.test/", auth=basic))

    assert "${env:PASSWORD}" in caught.value.message
