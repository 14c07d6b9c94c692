"""Sending one request over `requests` and reading its answer within bounds; failures come back as values.

The only importer of `requests`. Names of exceptions are turned into sentences of our own, because their texts may hold
URLs with secrets in them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from reconciler.core.flow import Response
from reconciler.core.ports import Clock
from reconciler.core.resource import NOTHING
from reconciler.providers.decide import Lost
from reconciler.providers.outgoing import Outgoing

if TYPE_CHECKING:
    from requests import Response as Answer
    from requests import Session
    from requests.adapters import BaseAdapter

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest answer that is read."""
CONNECT = 10.0
"""Seconds until a connection must stand."""
CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Network:
    """How to get out: proxies by scheme, hosts that need none, and files with certificates to trust.

    `ca_bundle` holds for every host, `gitlab_ca` for GitLab alone (CI jobs get the instance's own certificate).
    """

    proxies: Mapping[str, str] = NOTHING
    no_proxy: str = ""
    ca_bundle: str = ""
    gitlab_ca: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Network:
        """Read the usual variables once; lower-case ones win, as everywhere."""

        def first(*names: str) -> str:
            return next((environment[name] for name in names if environment.get(name)), "")

        everything = first("all_proxy", "ALL_PROXY")
        found = {
            "http": first("http_proxy") or ("" if environment.get("REQUEST_METHOD") else first("HTTP_PROXY")),
            "https": first("https_proxy", "HTTPS_PROXY"),
        }
        return cls(
            {scheme: url or everything for scheme, url in found.items() if url or everything},
            first("no_proxy", "NO_PROXY"),
            first("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
            first("CI_SERVER_TLS_CA_FILE"),
        )


class Transport:
    """One pooled session. Thread-safe."""

    def __init__(
        self,
        network: Network,
        parallelism: int,
        timeout: float,
        adapters: Mapping[str, BaseAdapter],
        is_gitlab: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        self._network, self._parallelism, self._timeout = network, parallelism, timeout
        self._adapters, self._is_gitlab, self._clock = adapters, is_gitlab, clock
        self._session: Session | None = None
        self._lock = threading.Lock()
        self._ways: dict[str, tuple[dict[str, str], str | bool]] = {}

    def send(self, out: Outgoing) -> Response | Lost:
        """Send once and read the whole answer."""
        session = self._session or self._open()
        proxies, verify = self._way(out)
        begun = self._clock.now()
        try:
            with session.request(
                out.method,
                out.url,
                data=out.body,
                headers=dict(out.headers),
                timeout=(min(CONNECT, self._timeout), self._timeout),
                allow_redirects=False,
                proxies=proxies,
                verify=verify,
                stream=True,
            ) as answer:
                body = _read(answer)
                took = self._since(begun)
                if body is None:
                    return Lost("the answer is too large to be read", final=True, elapsed_ms=took)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status_code, headers, body, took, out.place)
        except Exception as error:
            lost = _lost(error)
            if lost is None:
                raise
            return Lost(lost.summary, lost.sent, lost.final, self._since(begun), lost.hint)

    def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            self._session.close()

    # -----------------------------------------------------------------------------------------------------------------

    def _since(self, begun: float) -> int:
        return max(0, round((self._clock.now() - begun) * 1000))

    def _open(self) -> Session:
        from http.cookiejar import DefaultCookiePolicy

        import requests

        from reconciler.providers.deadline import EndingAdapter

        with self._lock:
            if self._session is None:
                session = requests.Session()
                session.trust_env = False
                session.headers.clear()
                session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
                pool = EndingAdapter(pool_connections=8, pool_maxsize=self._parallelism, max_retries=0)
                session.mount("https://", pool)
                session.mount("http://", pool)
                for prefix, adapter in self._adapters.items():
                    session.mount(prefix, adapter)
                self._session = session
            return self._session

    def _way(self, out: Outgoing) -> tuple[dict[str, str], str | bool]:
        """Proxies and certificates for an origin, worked out once for each."""
        way = self._ways.get(out.origin)
        if way is None:
            from requests.utils import should_bypass_proxies

            network = self._network
            direct = not network.proxies or should_bypass_proxies(out.url, network.no_proxy or None)
            own_ca = network.gitlab_ca if self._is_gitlab(out.url) else ""
            verify: str | bool = own_ca or network.ca_bundle or True
            way = self._ways[out.origin] = ({} if direct else dict(network.proxies), verify)
        return way


def _read(answer: Answer) -> bytes | None:
    """The whole body; None for one that is too large."""
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_content(CHUNK):
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            return None
    return b"".join(parts)


def _lost(error: Exception) -> Lost | None:
    """An exception of the network as a value: what happened, and whether the server may have got the request.

    None for what is no failure of the network, but a mistake of ours.
    """
    from http.client import HTTPException

    import requests
    from urllib3 import exceptions as urllib3_errors

    if not isinstance(
        error, requests.RequestException | urllib3_errors.HTTPError | HTTPException | OSError | UnicodeError
    ):
        return None
    causes = _causes(error)
    broken = Lost("the connection broke before the whole answer came")
    return next((lost for kinds, lost in _failures() if any(isinstance(cause, kinds) for cause in causes)), broken)


@cache
def _failures() -> tuple[tuple[tuple[type[BaseException], ...], Lost], ...]:
    """What exceptions mean, the first that fits. TLS may fail long after the server has read the request."""
    from ssl import SSLCertVerificationError

    from requests import exceptions as ours
    from urllib3 import exceptions as theirs
    from urllib3.util.ssl_match_hostname import CertificateError

    from reconciler.providers.deadline import TooSlow

    trust = "for a private authority set `REQUESTS_CA_BUNDLE` to its certificates"
    port = "is this an https address, and its port the right one?"
    return (
        (
            (SSLCertVerificationError, CertificateError),
            Lost("its TLS certificate is not trusted", False, True, hint=trust),
        ),
        ((ours.SSLError, theirs.SSLError), Lost("TLS failed", final=True, hint=port)),
        (
            (ours.InvalidURL, theirs.LocationParseError, UnicodeError),
            Lost("this is no URL that can be asked", False, True),
        ),
        ((ours.InvalidHeader,), Lost("a header's value has a line break or blanks in front", False, True)),
        ((ours.ProxyError, theirs.ProxyError), Lost("the proxy cannot be reached or refuses", False)),
        ((theirs.NameResolutionError,), Lost("the host's name cannot be resolved", False)),
        ((theirs.NewConnectionError, ConnectionRefusedError), Lost("the connection was refused", False)),
        ((theirs.ConnectTimeoutError, ours.ConnectTimeout), Lost("no connection within the time allowed", False)),
        ((TooSlow,), Lost("the answer came too slowly to be read", final=True)),
        ((theirs.ReadTimeoutError, ours.ReadTimeout, TimeoutError), Lost("no answer within the time allowed")),
    )


def _causes(error: BaseException | None) -> list[BaseException]:
    """An exception with everything that it wraps, however the libraries nest it."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found
