"""Templates: created ones and those that come with the software."""

from __future__ import annotations

import copy
from typing import Any

from reconciler.core.errors import InputError, Problem, UsageError
from reconciler.core.stateformat import to_json
from reconciler.integration_management.configs import slug_of, template_of_config
from reconciler.integration_management.records import highest
from reconciler.integration_management.session import Config, Session, Shown, dictionary, kind_of
from reconciler.integration_management.templatebook import Book, builtin_row
from reconciler.integration_management.types import IntegrationType


class Templates:
    """Shared settings, used by their copy (`get_template(id)["default_config"]`) or by `{"template": id}`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create_template(self, config: Config) -> Shown:
        """Keep settings for a type (`name`, `integration_type`, `description`, `default_config`, `required_fields`).

        The same name again changes it. Raises `InputError` for settings that its type does not have, and for secrets:
        what is kept may hold references only.
        """
        name = str(dictionary(config).get("name") or "").strip()
        if not name:
            raise InputError([Problem("a template without a name", "`name` is missing", "give it one")])
        type_ = config.get("integration_type", config.get("type"))
        if type_ is None:
            raise InputError([Problem("a template without a type", "`integration_type` is missing", "give it one")])
        with self._session.workspace() as ws, ws.lock("python"):
            kind = kind_of(ws, type_)
            template = template_of_config(slug_of(name), config, ws.catalogue({kind.name}))
            book = Book.read(ws)
            if slug_of(name) in book.builtin:
                raise UsageError(f"`{name}` is a built-in template", hint="choose another name")
            same = next((id for id, row in book.created.items() if slug_of(row["name"]) == slug_of(name)), "")
            id = same or f"template-{1 + highest('template', book.created)}"
            row = {
                "name": name,
                "integration_type": kind.name,
                "description": template.description,
                "default_config": to_json(_plain(config.get("default_config") or {})),
                "required_fields": list(template.required_fields),
                "builtin": False,
                "created_at": book.created[same]["created_at"] if same else ws.timestamp().replace("+00:00", "Z"),
            }
            Book({**book.created, id: row}, book.builtin).write(ws)
            return {"template_id": id, **copy.deepcopy(row)}

    def list_templates(
        self, integration_type: IntegrationType | str | None = None, *, builtin: bool = True
    ) -> list[Shown]:
        """Every template, those of programs first; of one type where it is named."""
        with self._session.workspace() as ws:
            wanted = kind_of(ws, integration_type).name if integration_type is not None else None
            book = Book.read(ws)
            rows = [{"template_id": id, **row} for id, row in book.created.items()]
            rows += [builtin_row(template) for template in book.builtin.values()] if builtin else []
            return [copy.deepcopy(row) for row in rows if wanted in (None, row["integration_type"])]

    def get_template(self, template_id: str) -> Shown:
        """One template, by id or name; what is returned is a copy, to be changed at will."""
        with self._session.workspace() as ws:
            return copy.deepcopy(Book.read(ws).find(template_id))

    def delete_template(self, template_id: str) -> Shown:
        """Forget a created template; what was made with it stays as it is."""
        with self._session.workspace() as ws, ws.lock("python"):
            book = Book.read(ws)
            row = book.find(template_id)
            if row["builtin"]:
                raise UsageError(f"`{template_id}` is a built-in template", hint="it cannot be deleted")
            Book({id: r for id, r in book.created.items() if id != row["template_id"]}, book.builtin).write(ws)
            return row


# ---------------------------------------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """Settings as JSON can hold them."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return str(value) if isinstance(value, str) else value
