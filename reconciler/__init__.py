"""reconciler: a GitLab estate's third-party integrations as code.

What a program needs stands here, and is imported when it is first asked for: nothing slows `import reconciler`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, whose import takes longer than all else here
if TYPE_CHECKING:
    from reconciler.api import Options, apply, drift, health, load, plan, verify_webhook

__version__ = "0.1.0"

__all__ = ["Options", "__version__", "apply", "drift", "health", "load", "plan", "verify_webhook"]


def __getattr__(name: str) -> object:
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module("reconciler.api"), name)
    return found


def __dir__() -> list[str]:
    return __all__
