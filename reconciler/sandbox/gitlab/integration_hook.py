"""The hook that some integrations keep behind the scenes: where it points, and whether GitLab can store it.

Pure. GitLab saves it right after the integration itself; what the hook's own checks refuse is then an error of the
server, and nothing is stored. Sources: GitLab's documentation of webhooks, a running GitLab 18.9,
`tests/recordings/walks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..world import World
from . import urls
from .integration_record import RUBY_BLANKS, Draft, is_blank

LONGEST_VARIABLE = 2048
REFERENCE = re.compile(r"\{([A-Za-z]+[0-9]*(?:[._-][A-Za-z0-9]+)*)\}")


@dataclass(frozen=True, slots=True)
class Hook:
    """An address with the values that stand in it as `{name}`."""

    url: str
    variables: Mapping[str, str | None] = field(default_factory=dict)


class CannotBuild(ValueError):
    """GitLab's own code fails before there is a hook."""


def can_be_stored(world: World, draft: Draft) -> bool:
    """Whether GitLab can store the hook of an integration; true where there is none."""
    build = BUILDERS.get(draft.kind.slug)
    if build is None or not draft.active:
        return True
    try:
        hook = build(draft)
    except CannotBuild:
        return False
    return hook is None or _is_valid(world, hook)


def _is_valid(world: World, hook: Hook) -> bool:
    values = {name: value or "" for name, value in hook.variables.items()}
    if not all(0 < len(value) <= LONGEST_VARIABLE for value in values.values()):
        return False
    if not {found[1] for found in REFERENCE.finditer(hook.url)} <= values.keys():
        return False
    url = REFERENCE.sub(lambda found: values[found[1]], hook.url)
    return url == url.strip(RUBY_BLANKS) and urls.blocked(world, url) is None


def _buildkite(draft: Draft) -> Hook:
    token = str(draft.values.get("token") or "")
    return Hook("https://webhook.buildkite.com/deliver/{token}", {"token": token.partition(":")[0]})


def _datadog(draft: Draft) -> Hook:
    own = draft.values.get("api_url")
    url = f"https://webhook-intake.{draft.values.get('datadog_site')}/" if is_blank(own) else str(own)
    if not urls.is_uri(url):
        raise CannotBuild
    return Hook(url.partition("?")[0].partition("#")[0] + "?dd-api-key={key}", {"key": draft.values.get("api_key")})


def _drone(draft: Draft) -> Hook | None:
    """Only projects have one."""
    if draft.group_level:
        return None
    return Hook(f"{draft.values.get('drone_url')}/hook?access_token={{token}}", {"token": draft.values.get("token")})


def _jenkins(draft: Draft) -> Hook:
    get = draft.values.get
    server, job = str(get("jenkins_url") or ""), str(get("project_name") or "")
    if is_blank(get("username")) and not is_blank(get("password")):
        raise CannotBuild
    if not urls.is_uri(server) or not urls.is_path(f"/project/{job}"):
        raise CannotBuild
    return Hook(server)


def _packagist(draft: Draft) -> Hook:
    get = draft.values.get
    server = "https://packagist.org" if is_blank(get("server")) else str(get("server"))
    return Hook(
        server + "/api/update-package?username={username}&apiToken={token}",
        {"username": get("username"), "token": get("token")},
    )


def _squash_tm(draft: Draft) -> Hook:
    """GitLab formats the address as a template, and fails on a single `%`."""
    url, token = str(draft.values.get("url")), draft.values.get("token")
    if "%" in url.replace("%%", ""):
        raise CannotBuild
    variables = {} if token is None else {"token": token}
    return Hook(url.replace("%%", "%") + ("" if is_blank(token) else "?token={token}"), variables)


BUILDERS: Mapping[str, Callable[[Draft], Hook | None]] = {
    "buildkite": _buildkite,
    "datadog": _datadog,
    "drone-ci": _drone,
    "jenkins": _jenkins,
    "packagist": _packagist,
    "squash-tm": _squash_tm,
}
