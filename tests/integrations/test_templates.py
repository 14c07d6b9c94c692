"""Built-in templates can be used as they stand."""

from __future__ import annotations

import json

import pytest

from reconciler.core.errors import Severity
from reconciler.core.load import load_declarations
from reconciler.core.source import Source
from reconciler.integrations import catalogue
from reconciler.integrations.catalogue import rows
from reconciler.integrations.templates import TEMPLATES
from tests.integrations.declaring import CATALOGUE, declared

SAMPLES = {
    "redmine-tracker": {"issues_url": "https://t.example.org/:id"},
    "jira-cloud": {"project_key": "PROJ"},
    "jira-data-center": {"project_key": "PROJ"},
    "jenkins-build": {},
}
VALUES = {
    "region": "eu-west-1",
    "account_id": "1",
    "workspace": "x",
    "project": "acme-project",
    "trigger": "build",
    "organization": "acme",
    "git_username": "shop-at-1",
    "build_type": "Shop_Build",
}


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_template_with_its_required_fields_makes_a_valid_entry(name: str) -> None:
    template = TEMPLATES[name]
    kind = CATALOGUE.kinds[template.kind]
    values: dict[str, str] = {}
    for wanted in template.required_fields:
        field = kind.by_name[wanted]
        plain = "https://x.example.org" if "url" in wanted else VALUES.get(wanted, "text")
        values[wanted] = "${env:IT}" if field.secret else plain
    values |= SAMPLES.get(name, {})
    entry = {"template": name, **values}
    if kind.section == "integrations":
        entry["type"] = template.kind
    manifest = f"project: myorg/shop\n{kind.section}: {json.dumps({'it': entry})}\n"

    _, problems = declared(manifest)

    assert [str(p) for p in problems if p.severity is Severity.ERROR] == []


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_template_asks_for_what_its_kind_requires(name: str) -> None:
    template = TEMPLATES[name]
    required = {f.name for f in CATALOGUE.kinds[template.kind].fields if f.required}

    assert required <= {*template.required_fields, *template.default_config}


def test_every_kind_with_a_file_of_its_own_has_a_template() -> None:
    own = {name for name, row in rows().items() if not row.module.startswith("native")}

    assert own <= {template.kind for template in TEMPLATES.values()}


def test_an_entry_that_names_a_template_needs_no_type() -> None:
    text = "project: a/b\nintegrations: {chat: {template: slack-team, webhook_url: '${env:A}', channel: '#ci'}}\n"
    declarations, problems = load_declarations(
        [Source("m.yaml", text.encode())], catalogue.load, builtin_templates=TEMPLATES
    )

    assert (problems, [entry.kind for entry in declarations.entries]) == ((), ["slack"])
