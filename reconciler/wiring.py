"""The composition root: options and environment in, a ready workspace out. The only file that knows everyone.

The sandbox's fronts are imported only when a sandbox is asked for.
"""

from __future__ import annotations

import getpass
import os
import socket
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.backends import open_backend
from reconciler.core.errors import InputError, ReconcilerError, UsageError
from reconciler.core.ports import Clock, Listener, Secrets
from reconciler.core.resolve import Resolver
from reconciler.core.resource import Catalogue, Shape, Subject
from reconciler.core.settings import DEFAULT_MANIFESTS, DEFAULT_STATE, FILE_NAME, Settings, read_settings
from reconciler.core.switches import switched_on
from reconciler.core.value import Reference, Secret
from reconciler.engine.cache import Cache
from reconciler.engine.files import find_settings, read_manifests
from reconciler.engine.workspace import Workspace
from reconciler.history.store import HealthStore
from reconciler.integrations import catalogue as kinds
from reconciler.integrations.flows.gitlab_access import own_token
from reconciler.integrations.flows.values import host_of
from reconciler.integrations.templates import TEMPLATES
from reconciler.providers.gitlab.estate import GitLabEstate
from reconciler.providers.gitlab.provider import GitLabProvider
from reconciler.providers.http import HttpClient
from reconciler.providers.transport import Network
from reconciler.secrets import stores as secret_stores

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

OUR_FOLDER = Path(".reconciler")
SANDBOX_FOLDER = OUR_FOLDER / "sandbox"
SANDBOX_TOKEN = "sandbox-token"
GITLAB_COM = "https://gitlab.com"


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may say about a run (the global options of the command line).

    - `settings`, `environment`, `manifests`, `state`: the settings file, a named environment, manifest paths, the
      state's URL; relative paths count from `cwd`, those of a settings file and the defaults from its folder.
    - `sandbox`: work on the pretend GitLab. `cache=False` reads every manifest afresh.
    - `parallelism` is the number of requests at a time; `timeout` and `lock_timeout` are in seconds.
    - `gitlab_url` and `token` are a program's: they count before settings and environment.
    """

    settings: str | None = None
    environment: str | None = None
    manifests: tuple[str, ...] = ()
    state: str | None = None
    sandbox: bool = False
    parallelism: int | None = None
    timeout: float | None = None
    lock_timeout: float | None = None
    cache: bool = True
    cwd: str = "."
    gitlab_url: str | None = None
    token: Secret | str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.token, str):  # from here on nothing prints it
            object.__setattr__(self, "token", Secret(self.token, "the token given") if self.token else None)


class SystemClock:
    """The real time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def open_workspace(
    options: Options,
    listener: Listener,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    adapters: Mapping[str, BaseAdapter] | None = None,
) -> Workspace:
    """Put a workspace together; raises `InputError` for wrong settings, `UsageError` for what cannot be.

    `environ` stands for the process's environment, `adapters` (by URL prefix) for the network: tests give both.
    `RECONCILER_SANDBOX` takes a sandbox within the process, `RECONCILER_SANDBOX_URL` one that is served there.
    """
    environ = os.environ if environ is None else environ
    clock = clock or SystemClock()
    root = Path(options.cwd)
    closing = ExitStack()
    settings = _settings(options, environ, root)
    folder = Path(options.settings or FILE_NAME).parent
    home = root / folder
    manifests = options.manifests or tuple(str(folder / p) for p in settings.manifests or (DEFAULT_MANIFESTS,))
    stores = secret_stores(environ, root, manifests)
    resolver = Resolver(kinds.load(()), lambda reference: _ask(stores, reference))
    served = environ.get("RECONCILER_SANDBOX_URL", "").rstrip("/")
    sandbox = bool(options.sandbox or served) or switched_on(environ, "RECONCILER_SANDBOX")
    url, token = _sandbox_identity(served) if sandbox else _identity(options, settings, resolver, environ)
    if sandbox and adapters is None:
        adapters = _sandbox_adapters(home, url, closing, served=bool(served))
    http = HttpClient(
        url,
        token,
        clock=clock,
        listener=listener,
        parallelism=options.parallelism or settings.parallelism,
        timeout=options.timeout or settings.timeout,
        network=_network(settings, home, environ),
        adapters=adapters or {},
    )
    closing.callback(http.close)
    shapes: dict[str, Shape] = {}

    def load(wanted: Iterable[str] | None) -> Catalogue:
        found = kinds.load(wanted)
        shapes.update(found.shapes)
        return found

    estate = GitLabEstate(http)
    code = Path(__file__).parent
    cache = Cache(home / OUR_FOLDER / "cache", __version__, (code / "core", code / "integrations"))
    state = _state_url(options, settings, resolver, sandbox=sandbox)
    backend = open_backend(state, root=root if options.state else home, clock=clock, http=http)
    return Workspace(
        root=root,
        settings=settings,
        environment=options.environment or "",
        gitlab_url=url,
        tool_version=__version__,
        who=_who(environ),
        backend=backend,
        http=http,
        provider=GitLabProvider(http, shapes),
        estate=estate,
        catalogue=load,
        shapes=shapes,
        templates=TEMPLATES,
        read_sources=lambda paths: read_manifests(
            paths or manifests, base=root, skip=root / (options.settings or FILE_NAME)
        ),
        stores=stores,
        history=HealthStore(home / (SANDBOX_FOLDER if sandbox else OUR_FOLDER) / "health.db", backend.url),
        clock=clock,
        listener=listener,
        state_key=environ.get("RECONCILER_STATE_KEY") or None,
        parallelism=options.parallelism or settings.parallelism,
        lock_timeout=settings.lock_timeout if options.lock_timeout is None else options.lock_timeout,
        new_id=lambda: str(uuid.uuid4()),
        timestamp=lambda: datetime.fromtimestamp(clock.now(), UTC).isoformat(timespec="seconds"),
        requests_sent=lambda: http.requests,
        route=lambda subjects: _route(subjects, adapters or {}),
        cache=cache if options.cache else None,
        closing=closing,
        own_token=own_token if token.known else None,
    )


def catalogue() -> Catalogue:
    """Everything that may be declared."""
    return kinds.load(None)


def _settings(options: Options, environ: Mapping[str, str], root: Path) -> Settings:
    source = find_settings(options.settings, base=root)
    if source is None:
        return Settings().of(options.environment or "")
    settings, problems = read_settings(source)
    if problems:
        raise InputError(problems)
    return settings.of(options.environment or "")


def _identity(
    options: Options, settings: Settings, resolver: Resolver, environ: Mapping[str, str]
) -> tuple[str, Secret]:
    """GitLab's URL and our token: what a program says first, then settings, then the environment.

    A token that is not set is an unknown secret: whoever needs none is not stopped.
    """
    url = options.gitlab_url or resolver.text(settings.gitlab.url)
    url = url or environ.get("GITLAB_URL") or environ.get("CI_SERVER_URL") or GITLAB_COM
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"`{url}` is no URL of a GitLab", hint="set GITLAB_URL to https://gitlab.example.com")
    if isinstance(options.token, Secret):
        return url.rstrip("/"), options.token
    if settings.gitlab.token:
        text = (resolver.text(settings.gitlab.token) or "").strip()
        return url.rstrip("/"), Secret(text or None, settings.gitlab.token)
    for name in ("RECONCILER_TOKEN", "GITLAB_TOKEN"):
        if text := environ.get(name, "").strip():
            return url.rstrip("/"), Secret(text, f"${{env:{name}}}")
    return url.rstrip("/"), Secret(None, "${env:GITLAB_TOKEN}")


def _sandbox_identity(served: str) -> tuple[str, Secret]:
    """The sandbox in the process, or the one that is served at an address."""
    return served or "http://gitlab.example.test", Secret(SANDBOX_TOKEN, "the sandbox's token")


def _sandbox_adapters(root: Path, url: str, closing: ExitStack, *, served: bool) -> Mapping[str, BaseAdapter]:
    from reconciler.sandbox.fronts import ForwardingAdapter, SandboxAdapter, open_sandbox

    if served:
        forwarding = ForwardingAdapter(url)
        return {"http://": forwarding, "https://": forwarding}
    world = root / SANDBOX_FOLDER / "world.json"
    try:
        sandbox = open_sandbox(world)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise ReconcilerError(f"{world}: the sandbox cannot be opened: {said}", hint="remove or correct it") from error
    closing.callback(sandbox.close)
    adapter = SandboxAdapter(sandbox, url=url)
    return {"http://": adapter, "https://": adapter}


_STAND_INS: Mapping[str, Mapping[str, str]] = {
    "azure-devops": {"collection_url": "azure_devops"},
    "bamboo": {"bamboo_url": "bamboo"},
    "datadog": {"api_url": "datadog"},
    "discord": {"webhook_url": "discord"},
    "jenkins": {"jenkins_url": "jenkins"},
    "jira": {"url": "jira", "api_url": "jira"},
    "mattermost": {"webhook_url": "mattermost"},
    "microsoft-teams": {"webhook_url": "teams"},
    "prometheus": {"pushgateway_url": "pushgateway", "prometheus_url": "prometheus"},
    "redmine": {"url": "redmine"},
    "sentry": {"url": "sentry", "dsn": "sentry"},
    "slack": {"webhook_url": "slack"},
    "snyk": {"api_url": "snyk"},
    "sonarqube": {"url": "sonarqube"},
    "teamcity": {"teamcity_url": "teamcity"},
    "whitesource": {"url": "mend"},
}
"""By kind and field: the stand-in that answers in the sandbox where an entry says the service is."""


def _route(subjects: Iterable[Subject], adapters: Mapping[str, BaseAdapter]) -> None:
    """Tell sandboxes in the process whose the hosts are that entries are configured with."""
    known = [hosts for adapter in adapters.values() if isinstance(hosts := getattr(adapter, "hosts", None), dict)]
    if not known:
        return
    for subject in subjects:
        for name, service in _STAND_INS.get(subject.kind, {}).items():
            if host := host_of(subject.values.get(name) or ""):
                for hosts in known:
                    hosts.setdefault(host, service)


def _state_url(options: Options, settings: Settings, resolver: Resolver, *, sandbox: bool) -> str:
    if options.state:
        return options.state
    if sandbox:
        return str(SANDBOX_FOLDER / "state.json")
    return resolver.text(settings.state or DEFAULT_STATE) or DEFAULT_STATE


def _ask(stores: Mapping[str, Secrets], reference: Reference) -> str | None:
    store = stores.get(reference.store)
    if store is None:
        raise UsageError(f"settings cannot refer to `{reference.store}`", hint="use `${env:NAME}`")
    return store.get(reference)


def _network(settings: Settings, home: Path, environ: Mapping[str, str]) -> Network:
    network = Network.from_environment(environ)
    if not settings.gitlab.ca_file:
        return network
    return Network(network.proxies, network.no_proxy, network.ca_bundle, str(home / settings.gitlab.ca_file))


def _who(environ: Mapping[str, str]) -> str:
    """Who holds a lock: the job's URL in CI, person and host elsewhere."""
    if job := environ.get("CI_JOB_URL"):
        return job
    try:
        person = getpass.getuser()
    except (KeyError, OSError):
        person = "somebody"
    return f"{person}@{socket.gethostname()}"
