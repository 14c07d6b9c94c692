"""Errors travel: between processes, with everything that they say."""

from __future__ import annotations

import pickle

import pytest

from reconciler.core.errors import (
    AlreadyExists,
    InputError,
    Interrupted,
    Problem,
    ReconcilerError,
    RemoteError,
    SecretUnavailable,
    StateLocked,
)

ERRORS = [
    InputError([Problem("an unknown field", "Slack has no `chanel`", "did you mean `channel`?")], hint="correct it"),
    RemoteError("GitLab refused", method="PUT", url="https://gitlab.example/", status=400, hint="look"),
    StateLocked("the state is locked", lock_id="1"),
    Interrupted("stopped"),
    AlreadyExists("there is one", hint="use its name"),
    SecretUnavailable("not known"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_of_a_worker_process_reaches_its_parent(error: ReconcilerError) -> None:
    there = pickle.loads(pickle.dumps(error))

    assert type(there) is type(error)
    assert str(there) == str(error)
    assert vars(there) == vars(error)
