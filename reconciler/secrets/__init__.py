"""Resolvers of references: the environment, files, HashiCorp Vault, AWS Secrets Manager.

Each answers for its stores (`ports.Secrets`) and asks at most once a run for each thing. The libraries of Vault and AWS
are extras, imported when one of their references is followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.core.ports import Secrets
from reconciler.secrets.aws import AwsSecrets
from reconciler.secrets.environment import EnvironmentSecrets
from reconciler.secrets.files import FileSecrets
from reconciler.secrets.vault import VaultSecrets


def stores(environ: Mapping[str, str], base: Path, roots: Sequence[str] = ("manifests",)) -> Mapping[str, Secrets]:
    """Who answers for which store. `roots` are the manifests' folders below `base`, which `${file:}` cannot leave."""
    environment = EnvironmentSecrets(environ)
    return {
        "env": environment,
        "env_file": environment,
        "file": FileSecrets([base / root for root in roots]),
        "vault": VaultSecrets(environ),
        "aws-sm": AwsSecrets(environ),
    }
