"""The parts of entries and templates that have one form for every kind: lifecycle, templates, credentials. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator
from pydantic import Field as FormField

from reconciler.core.fit import Form

_VARIABLE = re.compile(r"[A-Za-z0-9_]{1,255}")


def _variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        raise ValueError("CI/CD variables are letters, digits and `_`, at most 255")
    return value


Variable = Annotated[str, AfterValidator(_variable)]


class LifecycleForm(Form):
    """The form of `lifecycle`."""

    prevent_destroy: bool = False
    allow_replace: bool = False
    on_drift: Literal["fix", "report"] = "fix"
    ignore: tuple[str, ...] = ()


class TemplateForm(Form):
    """The form of one template."""

    type: str
    description: str = ""
    default_config: dict[str, Any] = FormField(default_factory=dict)
    required_fields: tuple[str, ...] = ()


class VariablesForm(Form):
    """Two CI/CD variables of one project or group that get an application's credentials."""

    project: str = ""
    group: str = ""
    client_id: Variable
    client_secret: Variable
    environment_scope: str = "*"


class CredentialsForm(Form):
    """The form of an OAuth application's `credentials`: a file of mode 0600, or CI/CD variables."""

    file: str = ""
    variables: VariablesForm | None = None
