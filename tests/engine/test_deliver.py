"""Generated credentials in files: whole, for their owner only, or not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import ReconcilerError
from reconciler.core.live import Item, Listing, Written
from reconciler.core.plan import Reason, Step, StepAction
from reconciler.core.resource import Primitive
from reconciler.core.value import Secret, Value
from reconciler.engine.deliver import Delivery

MADE = {"client_secret": Secret("hush", ""), "client_id": Secret("id-1", ""), "other": Secret("x", "")}


class Variables:
    """A GitLab that shows some variables and notes what is written."""

    def __init__(self, *listed: Item, unknown: str = "") -> None:
        self.listed, self.unknown = listed, unknown
        self.written: list[tuple[Step, dict[str, Any]]] = []

    def list(self, primitive: Primitive, scope: Scope) -> Listing:
        return Listing(self.listed, self.unknown)

    def read(self, item: Item, scope: Scope) -> Item | None:
        return item

    def write(self, step: Step, fields: Any) -> Written:
        shown: dict[str, Value] = {n: v.reveal() if isinstance(v, Secret) else v for n, v in fields.items()}
        self.written.append((step, shown))
        return Written(None)


def step(**deliver: Any) -> Step:
    return Step(
        "@instance:oauth_applications.portal",
        StepAction.CREATE,
        (Reason.NEW,),
        Primitive.APPLICATION,
        "oauth_application",
        "application",
        Scope.instance(),
        deliver=deliver,
    )


def delivered(root: Path, made: dict[str, Secret], **deliver: Any) -> Variables:
    gitlab = Variables()
    Delivery(gitlab, root)(step(**deliver), made)  # type: ignore[arg-type]
    return gitlab


def test_credentials_reach_a_file_of_their_owner_in_folders_made_for_it(tmp_path: Path) -> None:
    gitlab = delivered(tmp_path, MADE, file="deep/er/portal.json")

    path = tmp_path / "deep" / "er" / "portal.json"
    assert path.read_text(encoding="utf-8") == '{\n "client_id": "id-1",\n "client_secret": "hush"\n}\n'
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["portal.json"]
    assert gitlab.written == []


def test_a_second_delivery_takes_the_place_of_the_first(tmp_path: Path) -> None:
    delivered(tmp_path, MADE, file="portal.json")
    delivered(tmp_path, {"client_secret": Secret("newer", "")}, file="portal.json")

    assert json.loads((tmp_path / "portal.json").read_bytes()) == {"client_secret": "newer"}


def test_what_cannot_be_written_is_an_error_that_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken" / "inside").mkdir(parents=True)

    with pytest.raises(ReconcilerError, match=r"cannot be written to .*taken: Is a directory") as caught:
        delivered(tmp_path, MADE, file="taken")

    assert "hush" not in str(caught.value)
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize(
    ("place", "scope"),
    [({"group": "myorg"}, Scope(ScopeType.GROUP, "myorg")), ({"project": "a/b"}, Scope(ScopeType.PROJECT, "a/b"))],
)
def test_of_variables_the_secret_comes_last_and_is_masked(tmp_path: Path, place: Any, scope: Scope) -> None:
    gitlab = delivered(tmp_path, MADE, variables={**place, "client_secret": "SECRET", "client_id": "ID"})

    assert [(one.scope, one.action, fields) for one, fields in gitlab.written] == [
        (
            scope,
            StepAction.CREATE,
            {"key": key, "environment_scope": "*", "value": value, "masked": masked},
        )
        for key, value, masked in (("ID", "id-1", False), ("SECRET", "hush", True))
    ]
    assert [one.send for one, _ in gitlab.written] == [("key", "value", "environment_scope", "masked")] * 2
    assert all(one.defaults == {"raw": True} for one, _ in gitlab.written)


def test_only_a_variable_of_the_same_environment_is_written_over(tmp_path: Path) -> None:
    there = [
        Item(Primitive.VARIABLE, "variable", f"SECRET {scope}", {}, {"key": "SECRET", "environment_scope": scope})
        for scope in ("*", "production")
    ]
    gitlab = Variables(*there)
    names = {"project": "a/b", "client_secret": "SECRET", "environment_scope": "production"}
    Delivery(gitlab, tmp_path)(step(variables=names), MADE)  # type: ignore[arg-type]

    ((one, fields),) = gitlab.written
    assert (one.id, one.action, one.send) == ("SECRET production", StepAction.UPDATE, ("value", "masked"))
    assert fields["environment_scope"] == "production"


def test_credentials_for_what_cannot_be_seen_are_not_sent(tmp_path: Path) -> None:
    gitlab = Variables(unknown="403 Forbidden")

    with pytest.raises(ReconcilerError, match="cannot be delivered to `a/b`: 403 Forbidden"):
        Delivery(gitlab, tmp_path)(step(variables={"project": "a/b", "client_id": "ID"}), MADE)  # type: ignore[arg-type]
    assert gitlab.written == []
