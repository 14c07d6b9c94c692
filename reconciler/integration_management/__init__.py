"""A program's way to create, use and watch a project's integrations.

    from reconciler.integration_management import IntegrationManagementManager, IntegrationType

Configurations are dictionaries with the names that manifests use; results are plain dictionaries without secrets.
"""

from __future__ import annotations

from reconciler.core.errors import (
    AlreadyExists,
    InputError,
    ReconcilerError,
    RemoteError,
    SecretUnavailable,
    UsageError,
)
from reconciler.integration_management.manager import IntegrationManagementManager
from reconciler.integration_management.types import IntegrationType

__all__ = [
    "AlreadyExists",
    "InputError",
    "IntegrationManagementManager",
    "IntegrationType",
    "ReconcilerError",
    "RemoteError",
    "SecretUnavailable",
    "UsageError",
]
