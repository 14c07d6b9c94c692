"""Reading an entry's values and an action's parameters: texts, secrets, addresses, and what is recorded of a part.

Pure. A value may be a `Secret` whose text is not known (an unset reference), and an address may be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from reconciler.core.errors import ReconcilerError
from reconciler.core.resource import Subject
from reconciler.core.value import Plain, Secret, Value


def text_of(values: Mapping[str, Value], name: str, default: str = "") -> str:
    """A text value, trimmed; `default` where it is not stated."""
    value = values.get(name)
    return default if value is None or isinstance(value, Secret) else str(value).strip() or default


def secret_of(values: Mapping[str, Value], name: str) -> Secret | None:
    """A secret value, also one that was given as text; None where it is not stated."""
    value = values.get(name)
    if value is None or value == "":
        return None
    return value if isinstance(value, Secret) else Secret(str(value), f"[{name}]")


def need(values: Mapping[str, Value], name: str, what: str = "") -> str:
    """A text value that an action cannot do without; raises `ReconcilerError`."""
    found = text_of(values, name)
    if not found:
        raise ReconcilerError(f"`{name}` is not stated{f': {what}' if what else ''}", hint=f"state `{name}`")
    return found


def need_secret(values: Mapping[str, Value], name: str) -> Secret:
    """A secret that a conversation cannot do without; raises `ReconcilerError`."""
    found = secret_of(values, name)
    if found is None:
        raise ReconcilerError(f"`{name}` is not stated", hint=f"state `{name}` in the entry")
    return found


def recorded_id(subject: Subject, part: str) -> Plain:
    """The id that GitLab gave a part of the entry (`mirror.push`); None where it is not recorded."""
    recorded = subject.recorded.get(part)
    return recorded.get("id") if isinstance(recorded, Mapping) else recorded


# ---------------------------------------------------------------------------------------------------------------------


def begins(url: str | Secret, *prefixes: str) -> bool:
    """Whether an address, secret or not, begins with one of these. False for a secret that is not known."""
    return _plain(url).lower().startswith(prefixes)


def host_of(url: str | Secret) -> str:
    """The host name of an address, secret or not, in small letters; empty where there is none to see."""
    parts = _parts(url)
    return (parts.hostname or "") if parts else ""


def path_of(url: str | Secret) -> str:
    """The path of an address, secret or not, in small letters; empty where there is none to see."""
    parts = _parts(url)
    return parts.path.lower() if parts else ""


def _parts(url: str | Secret) -> SplitResult | None:
    try:
        return urlsplit(_plain(url))
    except ValueError:
        return None


def _plain(url: str | Secret) -> str:
    text = (url.reveal() if url.known else "") if isinstance(url, Secret) else url
    return text.strip()
