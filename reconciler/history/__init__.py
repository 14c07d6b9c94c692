"""Keeps the results of health checks on this machine, in SQLite."""
