"""Settings (`reconciler.yaml`): where GitLab, manifests and state are, environments, brakes, thresholds.

Everything has a default, so that no settings file is needed. References in settings may name any environment
variable; tokens must be references. Pure.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator
from pydantic import Field as FormField

from reconciler.core.errors import Problem, UsageError
from reconciler.core.fit import Form, fit
from reconciler.core.refs import BadReference, parse
from reconciler.core.source import Findings, Source, TooMany, closest
from reconciler.core.value import Text
from reconciler.core.yamltree import load

FILE_NAME = "reconciler.yaml"
DEFAULT_MANIFESTS = "manifests"
DEFAULT_STATE = ".reconciler/state.json"


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _filled(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or not all(item.strip() for item in value):
        raise ValueError("state at least one path, and none that is empty")
    return value


def _worded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _worded(item) for key, item in value.items()}
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _readable(value: str) -> str:
    try:
        parse(value, own=True)
    except BadReference as error:
        raise ValueError(f"{error}; {error.hint}") from error
    return value


def _referring(value: str) -> str:
    try:
        parsed = parse(value, own=True)
    except BadReference as error:
        raise ValueError(f"{error}; {error.hint}") from error
    if not isinstance(parsed, Text):
        raise ValueError("a token cannot stand in a file; write `${env:GITLAB_TOKEN}`")
    return value


def _address(value: str) -> str:
    if value and not value.startswith(("http://", "https://", "${")):
        raise ValueError("this is no web address; write https://gitlab.example.com")
    return _readable(value).rstrip("/")


Paths = Annotated[tuple[str, ...], AfterValidator(_filled), BeforeValidator(_listed)]
Words = Annotated[dict[str, Annotated[str, AfterValidator(_readable)]], BeforeValidator(_worded)]
Written = Annotated[str, AfterValidator(_readable)]


class GitLab(Form):
    """Which GitLab, and who we are there; where empty, the environment decides. `ca_file` is a bundle to trust."""

    url: Annotated[str, AfterValidator(_address)] = ""
    token: Annotated[str, AfterValidator(_referring)] | None = None
    ca_file: str = ""


class Environment(Form):
    """What an environment has otherwise than the file's top level; `vars` are merged over the common ones."""

    vars: Words = FormField(default_factory=dict)
    state: Written | None = None
    gitlab: GitLab | None = None
    manifests: Paths | None = None


class Policy(Form):
    """The brakes on deletions: at most this many, and at most this share of what is recorded."""

    max_deletes: int = FormField(20, ge=0)
    max_delete_share: float = FormField(0.5, ge=0, le=1)


class Alerts(Form):
    """Where changes of health are told: the address of a declared chat integration, and of which statuses."""

    through: str
    on: tuple[Literal["unhealthy", "degraded", "healthy", "unknown"], ...] = ("unhealthy", "degraded", "healthy")


class Thresholds(Form):
    """From when on health is worse than healthy: milliseconds, shares of good deliveries, days left of a token."""

    slow_ms: int = FormField(2000, ge=1)
    degraded_below: float = FormField(0.95, ge=0, le=1)
    unhealthy_below: float = FormField(0.5, ge=0, le=1)
    token_days: int = FormField(14, ge=0)
    alerts: Alerts | None = None


class Settings(Form):
    """All settings, as read, or as one environment sees them (`of`)."""

    gitlab: GitLab = GitLab()
    manifests: Paths | None = None
    state: Written | None = None
    environments: dict[str, Environment] = FormField(default_factory=dict)
    vars: Words = FormField(default_factory=dict)
    policy: Policy = Policy()
    plaintext_secrets: Literal["refuse", "allow"] = "refuse"
    health: Thresholds = Thresholds()
    parallelism: int = FormField(16, ge=1, le=128)
    timeout: float = FormField(30, gt=0, le=3600)
    lock_timeout: float = FormField(60, ge=0, le=86400)

    def of(self, environment: str) -> Settings:
        """These settings as one environment has them; raises `UsageError` for a name that is not there.

        An environment that states no state of its own gets one beside the common one, so that no two share theirs.
        """
        if not environment:
            return self
        own = self.environments.get(environment)
        if own is None:
            known = ", ".join(f"`{name}`" for name in self.environments)
            hint = closest(environment, self.environments) or (f"environments are {known}" if known else "")
            raise UsageError(f"there is no environment `{environment[:80]}`", hint=hint or "add it to `environments`")
        gitlab = own.gitlab or self.gitlab
        return self.model_copy(
            update={
                "gitlab": gitlab.model_copy(update={"token": gitlab.token or self.gitlab.token}),
                "manifests": own.manifests or self.manifests,
                "state": own.state or _beside(self.state or DEFAULT_STATE, environment),
                "vars": {**self.vars, **own.vars},
            }
        )


def read_settings(source: Source) -> tuple[Settings, tuple[Problem, ...]]:
    """Settings from a file; the defaults, and problems, where it is wrong. An empty file is one of defaults."""
    findings = Findings(source)
    settings = None
    with suppress(TooMany):
        found = load(findings)
        if len(found) > 1:
            findings.add("more than one document", "settings are one document", "remove the rest", at=found[1].at)
        if not findings.problems and found and found[0].value is not None:
            settings = fit(Settings, found[0], findings, "settings")
    return settings or Settings(), tuple(findings.problems)


# ---------------------------------------------------------------------------------------------------------------------


def _beside(state: str, environment: str) -> str:
    """A state of an environment's own, next to the common one: `state.json` becomes `state.production.json`."""
    folder, slash, name = state.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    own = f"{stem}.{environment}.{ending}" if dot else f"{name}-{environment}"
    return f"{folder}{slash}{own}"
