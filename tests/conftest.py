"""Settings of every test: property tests take the time that a busy machine takes.

A run that decides tries the same examples each time, so that it judges the change and not its luck;
`pytest --hypothesis-profile explore` looks for new ones.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("explore", deadline=None, print_blob=True)
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
