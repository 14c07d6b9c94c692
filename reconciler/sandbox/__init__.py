"""A pretend GitLab and pretend services, so that everything runs with no account and no network.

Imports nothing of ours outside this folder: it is written from the facts, so it cannot share our mistakes.
"""
