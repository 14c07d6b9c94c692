"""The two ways into a sandbox: within the process (`SandboxAdapter`) and over HTTP (`serve`)."""

from __future__ import annotations

from .adapter import SandboxAdapter
from .clock import Clock, ManualClock
from .instance import Outcome, Sandbox
from .seed import SeedError
from .server import SandboxServer, open_sandbox, serve

__all__ = [
    "Clock",
    "ManualClock",
    "Outcome",
    "Sandbox",
    "SandboxAdapter",
    "SandboxServer",
    "SeedError",
    "open_sandbox",
    "serve",
]
