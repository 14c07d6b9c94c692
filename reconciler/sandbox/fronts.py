"""The ways into a sandbox: within the process (`SandboxAdapter`), over HTTP (`serve`), and to one that is served
elsewhere (`ForwardingAdapter`)."""

from __future__ import annotations

from .adapter import SandboxAdapter
from .clock import Clock, ManualClock
from .forward import ForwardingAdapter
from .instance import Outcome, Sandbox
from .opening import open_sandbox
from .seed import SeedError
from .server import SandboxServer, serve

__all__ = [
    "Clock",
    "ForwardingAdapter",
    "ManualClock",
    "Outcome",
    "Sandbox",
    "SandboxAdapter",
    "SandboxServer",
    "SeedError",
    "open_sandbox",
    "serve",
]
