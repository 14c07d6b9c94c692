"""GitLab's objects: a short declaration per primitive, the routine that reads them, and what GitLab says of itself."""

from __future__ import annotations

from reconciler.providers.gitlab.estate import GitLabEstate
from reconciler.providers.gitlab.provider import GitLabProvider

__all__ = ["GitLabEstate", "GitLabProvider"]
