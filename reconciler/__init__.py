"""reconciler: a GitLab estate's third-party integrations as code."""

__version__ = "0.1.0"
