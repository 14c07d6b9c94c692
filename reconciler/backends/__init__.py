"""Where states are kept: one backend a module, chosen by the state's URL.

Every backend passes `tests/conformance/backend.py`. Modules are imported when their scheme is asked for.
"""

from __future__ import annotations

from pathlib import Path

from reconciler.core.errors import UsageError
from reconciler.core.ports import Backend, Clock, Http

OBJECT_STORES = ("s3", "gs", "az", "azure", "memory")
SCHEMES = ("file", "gitlab", *OBJECT_STORES)


def open_backend(url: str, *, root: Path, clock: Clock, http: Http | None = None) -> Backend:
    """The backend of a state's URL.

    - `file:PATH` or a plain path, taken from `root` when relative;
    - `gitlab:GROUP/PROJECT/NAME`: GitLab-managed state, through `http`;
    - `s3://`, `gs://`, `az://` with bucket and key: an object store with conditional writes.

    Raises `UsageError` for anything else, and for a scheme that lacks what it needs.
    """
    scheme, colon, rest = url.partition(":")
    if not colon or len(scheme) == 1 or "/" in scheme:
        scheme, rest = "file", url
    match scheme.lower():
        case "file":
            from reconciler.backends.file import FileBackend

            return FileBackend(root / _path(rest))
        case "gitlab":
            from reconciler.backends.gitlab import GitLabBackend

            if http is None:
                raise UsageError(f"the state `{url}` needs a GitLab", hint="set `GITLAB_URL` and `GITLAB_TOKEN`")
            return GitLabBackend(rest, http=http, clock=clock)
        case known if known in OBJECT_STORES:
            from reconciler.backends.objectstore import ObjectStoreBackend

            return ObjectStoreBackend.opened(url, clock=clock)
        case _:
            hint = f"known are {', '.join(f'`{name}:`' for name in SCHEMES if name != 'memory')}, or a plain path"
            raise UsageError(f"`{scheme}:` is no place for a state", hint=hint)


def _path(text: str) -> str:
    path = text.removeprefix("//localhost").removeprefix("//") if text.startswith("//") else text
    if not path:
        raise UsageError("the state's URL names no file", hint="for example `file:.reconciler/state.json`")
    return path
