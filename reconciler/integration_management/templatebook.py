"""Templates that programs have created: a document beside the state, with the built-in ones after them.

No template holds a secret, which is checked when one is created.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.entry import Template
from reconciler.core.errors import StateError, UsageError
from reconciler.core.source import closest, said
from reconciler.core.stateformat import to_json
from reconciler.engine.workspace import Workspace
from reconciler.integration_management.configs import slug_of, template_of_config

DOCUMENT = "templates"
FORMAT_VERSION = 1

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Book:
    """Every template, by id: those of programs as they were given, built-in ones under their names."""

    created: Mapping[str, Row]
    builtin: Mapping[str, Template]

    @classmethod
    def read(cls, ws: Workspace) -> Book:
        """The book beside a workspace's state; raises `StateError` for one that cannot be read."""
        document = ws.backend.beside(DOCUMENT)
        body = document.read()
        if body is None:
            return cls({}, ws.templates)
        try:
            found = json.loads(body)
            if found["format_version"] != FORMAT_VERSION:
                raise StateError("the templates beside the state were written by a newer version", hint="upgrade")
            return cls({str(id): dict(row) for id, row in found["templates"].items()}, ws.templates)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(f"the templates beside {ws.backend.url} are damaged", hint="move them away") from error

    def write(self, ws: Workspace) -> None:
        """Keep the created templates."""
        rows = {"format_version": FORMAT_VERSION, "templates": dict(self.created)}
        ws.backend.beside(DOCUMENT).write((json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode())

    def find(self, wanted: str) -> Row:
        """A template by id, name, or the name in its address; raises `UsageError` where there is none."""
        if not isinstance(wanted, str):
            raise UsageError(f"a template is named by text (`template-1`), not {said(wanted)}")
        for id, row in self.created.items():
            if wanted == id or slug_of(wanted) == slug_of(row["name"]):
                return {"template_id": id, **row}
        if wanted in self.builtin:
            return builtin_row(self.builtin[wanted])
        hint = closest(wanted, [*self.created, *self.builtin]) or "`list_templates()` shows what there is"
        raise UsageError(f"there is no template `{wanted}`", hint=hint)

    def name_of(self, wanted: str) -> str:
        """The name under which entries use a template."""
        row = self.find(wanted)
        return str(row["template_id"]) if row["builtin"] else slug_of(row["name"])

    def templates(self, ws: Workspace, name: object) -> Mapping[str, Template]:
        """The template of a name as entries use it, alone; nothing for no name."""
        if name is None:
            return {}
        row = self.find(str(name))
        if row["builtin"]:
            return {str(name): self.builtin[str(name)]}
        settings = {key: row[key] for key in ("integration_type", "description", "default_config", "required_fields")}
        return {str(name): template_of_config(str(name), settings, ws.catalogue({row["integration_type"]}))}


def builtin_row(template: Template) -> Row:
    """A built-in template as programs get it."""
    return {
        "template_id": template.name,
        "name": template.name,
        "integration_type": template.kind,
        "description": template.description,
        "default_config": to_json(template.default_config),
        "required_fields": list(template.required_fields),
        "builtin": True,
        "created_at": None,
    }
