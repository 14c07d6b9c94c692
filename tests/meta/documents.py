"""The generated documents and parts of documents, as text: one function each, in `WHOLE` and `PARTS`."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

import reconciler
from reconciler.cli.front import COMMANDS, EXIT_CODES
from reconciler.cli.main import root
from reconciler.cli.options import GlobalOption, global_options
from reconciler.core.jsonformats import schema_of
from reconciler.core.refs import parse
from reconciler.core.resource import Field, FieldType, Kind, Part, Primitive
from reconciler.core.value import Text, Value
from reconciler.integration_management import IntegrationManagementManager
from reconciler.integrations.catalogue import load

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load()
REFRESH = "python -m tests.meta.write_docs"
NOTICE = f"<!-- Made by `{REFRESH}`; a test keeps it fresh. -->"

Row = tuple[str, ...]


def whole(path: str) -> str:
    """A generated document as it should be."""
    return WHOLE[path]()


def with_parts(text: str) -> str:
    """A written document with its generated parts made anew."""
    for name, make in PARTS.items():
        opening, closing = f"<!-- {name} -->", f"<!-- end of {name} -->"
        pattern = re.compile(re.escape(opening) + ".*?" + re.escape(closing), re.DOTALL)
        made = f"{opening}\n{make()}\n{closing}"
        text = pattern.sub(lambda _: made, text)  # noqa: B023
    return text


# ---------------------------------------------------------------------------------------------------------------------


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines)


def _code(items: Iterable[object]) -> str:
    return ", ".join(f"`{item}`" for item in items)


# Kinds


def _sections(kind: Kind) -> str:
    places = " or ".join(sorted(scope.value for scope in kind.scopes))
    return f"`{kind.section}` of a {places}"


def _sample(field: Field) -> Value:
    match field.type:
        case FieldType.STRING:
            return field.choices[0] if field.choices else parse(f"${{var:{field.name}}}")
        case FieldType.STRINGS:
            return ("one",)
        case FieldType.EVENTS:
            return field.default
        case FieldType.MAP:
            return {}
        case _:
            return True


def _parts(kind: Kind) -> tuple[Part, ...]:
    return tuple(kind.parts({field.name: _sample(field) for field in kind.fields}))


def _becomes(kind: Kind) -> str:
    found = []
    if kind.shape:
        called = {Primitive.HOOK: "webhook", Primitive.APPLICATION: "OAuth application"}
        what = called.get(kind.shape.primitive, f"integration `{kind.shape.name}`")
        found.append("system hook" if kind.shape.name == "system_hook" else what)
    of_parts = {"hook": "webhook", "mirror": "push mirror", "error_tracking": "error-tracking switch"}
    keys = [part.key for part in _parts(kind) if part.shape in ("variable", "plain_variable")]
    if keys:
        found.append(f"CI/CD variables {_code(keys)}")
    other = [of_parts[part.shape] for part in _parts(kind) if part.shape in of_parts]
    if kind.name == "jenkins":
        other = ["a webhook for each further job"]
    return ", ".join([*found, *dict.fromkeys(other)])


def _gitlab_name(kind: Kind, field: Field) -> str:
    if field.ours:
        return "–"
    if kind.shape and kind.shape.field(field.name):
        if field.type is FieldType.EVENTS:
            return "`*_events`"
        return f"`{field.at_gitlab}`"
    for part in _parts(kind):
        value = part.fields.get("value")
        if isinstance(value, Text) and value.source == f"${{var:{field.name}}}":
            return f"variable `{part.key}`"
    return "–"


def _default(field: Field) -> str:
    if field.default is None or field.default == ():
        return ""
    return f"`{json.dumps(field.default)}`"


def _marks(field: Field) -> str:
    said = [field.summary]
    if field.choices and field.type is not FieldType.EVENTS:
        said.append(f"One of {_code(field.choices)}.")
    if field.group_only:
        said.append("Groups only.")
    if field.since:
        said.append(f"From GitLab {field.since[0]}.{field.since[1]}.")
    if field.fixed:
        said.append("Cannot change in place.")
    if not field.readable and not field.secret and "never shows" not in field.summary:
        said.append("GitLab does not show it: compared with the record.")
    if field.unstorable:
        said.append(f"Refused: {field.unstorable}.")
    return " ".join(said)


def _kind(kind: Kind) -> Iterator[str]:
    yield f"## {kind.name}\n"
    yield f"**{kind.title}.** {kind.summary}. Stands in {_sections(kind)}; becomes {_becomes(kind)}.\n"
    if kind.shape and kind.shape.unavailable:
        yield f"Availability: {kind.shape.unavailable}.\n"
    rows = [
        (
            f"`{field.name}`",
            _gitlab_name(kind, field),
            field.type.value,
            "yes" if field.required else "",
            "yes" if field.secret else "",
            _default(field),
            _marks(field),
        )
        for field in kind.fields
    ]
    if rows:
        yield _table(("field", "at GitLab", "type", "required", "secret", "default", "what"), rows) + "\n"
    if kind.shape and kind.shape.events:
        yield f"Events: {_code(sorted(kind.shape.events))}.\n"
    if kind.name == "webhook":
        more = set(CATALOGUE.shapes["group_hook"].events) - set(CATALOGUE.shapes["hook"].events)
        yield f"Webhooks of groups have {_code(sorted(more))} as well.\n"
    for action in kind.actions.values():
        named = [f"`{p.name}`{' (required)' if p.required else ''}" for p in action.parameters]
        yield f"Action `{action.name}`: {action.summary.rstrip('.')}. Parameters: {', '.join(named) or 'none'}.\n"
    for step in kind.manual:
        yield f"By hand: {step}\n"


def kinds_page() -> str:
    """Every kind with every field."""
    opening = f"""# Kinds

{NOTICE}

What may stand in a manifest, kind by kind. `reconciler kinds show NAME` shows the same with an example to copy.
*At GitLab* is GitLab's own name of a field; `–` is one for actions and probes, or for what is made besides. A secret
field is stated by a reference such as `${{env:NAME}}`. A default is what GitLab gives a new object, and what a field
goes back to when a manifest no longer states it.
"""
    names = sorted(CATALOGUE.kinds)
    return "\n".join([opening, *("\n".join(_kind(CATALOGUE.kinds[name])) for name in names)])


def kinds_table() -> str:
    """One line for every kind."""
    kinds = sorted(CATALOGUE.kinds.values(), key=lambda kind: (kind.category, kind.name))
    return _table(
        ("kind", "category", "what", "becomes"),
        [(f"[`{k.name}`](docs/kinds.md#{k.name})", k.category, k.summary, _becomes(k)) for k in kinds],
    )


# Commands


def _options_of(command: click.Command) -> list[Row]:
    context = click.Context(command)
    rows = []
    for parameter in command.params:
        if isinstance(parameter, GlobalOption) or not isinstance(parameter, click.Option) or parameter.hidden:
            continue
        record = parameter.get_help_record(context)
        if record:
            rows.append((f"`{record[0]}`", record[1]))
    return rows


def _command(name: str, command: click.Command, level: int) -> Iterator[str]:
    yield f"{'#' * level} {name}\n"
    context = click.Context(command, info_name=f"reconciler {name}")
    pieces = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    yield f"```\nreconciler {name} {' '.join(['[OPTIONS]', *pieces])}\n```\n"
    yield inspect.cleandoc(command.help or "") + "\n"
    for line, what in getattr(command, "examples", ()):
        yield f"- `{line}`: {what}"
    yield ""
    rows = _options_of(command)
    if rows:
        yield _table(("option", "what"), rows) + "\n"
    if isinstance(command, click.Group):
        for verb, below in command.commands.items():
            yield from _command(f"{name} {verb}", below, level + 1)


def every_command() -> Iterator[tuple[str, click.Command]]:
    """The commands of the front page, in its order."""
    context = click.Context(root())
    for name in COMMANDS:
        command = root().get_command(context, name)
        assert command is not None
        yield name, command


def commands_page() -> str:
    """Every command with its options and examples."""
    opening = f"""# Commands

{NOTICE}

`reconciler COMMAND --help` says the same. stdout is data, stderr is words.
"""
    pieces = [opening, "## Options of every command\n", options_table() + "\n", "## Exit codes\n", exit_codes() + "\n"]
    for name, command in every_command():
        pieces += _command(name, command, 2)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(pieces)).rstrip() + "\n"


def commands_table() -> str:
    """One line for every command."""
    rows = [(f"[`{name}`](docs/commands.md#{name})", said) for name, (_section, _place, said) in COMMANDS.items()]
    return _table(("command", "what"), rows)


def options_table() -> str:
    """The options of every command."""
    rows = []
    for option in global_options(root=True):
        assert isinstance(option, click.Option)
        record = option.get_help_record(click.Context(root()))
        assert record is not None
        variable = "RECONCILER_ENV" if option.name == "environment" else f"RECONCILER_{(option.name or '').upper()}"
        rows.append((f"`{record[0]}`", record[1], f"`{variable}`"))
    return _table(("option", "what", "variable"), rows)


def exit_codes() -> str:
    """What a command's exit code says."""
    return _table(("code", "meaning"), [(f"`{code}`", said) for code, said in EXIT_CODES])


# Settings


def _settings_rows(schema: Mapping[str, Any], definitions: Mapping[str, Any], prefix: str) -> Iterator[Row]:
    for name, member in schema["properties"].items():
        inner = _inner(member, definitions)
        path = f"{prefix}{name}"
        if inner is not None:
            yield from _settings_rows(inner, definitions, f"{path}.")
            continue
        named = _inner(member.get("additionalProperties") or {}, definitions)
        default = member.get("default")
        shown = "" if default in (None, "", {}, []) else f"`{json.dumps(default)}`"
        yield (f"`{path}`", shown, str(member.get("description", "")))
        if named is not None:
            yield from _settings_rows(named, definitions, f"{path}.<name>.")


def _inner(member: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The form that a member refers to, if it does."""
    if not isinstance(member, dict):
        return None
    for option in (member, *member.get("anyOf", ()), *member.get("allOf", ())):
        reference = option.get("$ref", "")
        if reference:
            found: Mapping[str, Any] = definitions[reference.rpartition("/")[2]]
            return found
    return None


def settings_table() -> str:
    """Every key of the settings file."""
    schema = schema_of("settings", CATALOGUE)
    return _table(("key", "default", "what"), _settings_rows(schema, schema["definitions"], ""))


# Python


def _signature(name: str, function: Callable[..., Any]) -> str:
    parameters = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
    shown = [f"{'**' if each.kind is each.VAR_KEYWORD else ''}{each.name}" for each in parameters]
    return f"`{name}({', '.join(shown)})`"


def _said(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def _methods(area: object) -> Iterator[Row]:
    for name, function in inspect.getmembers(type(area), inspect.isfunction):
        if not name.startswith("_"):
            yield (_signature(name, function), _said(function))


def manager_areas() -> str:
    """Every method of the manager, by area."""
    manager = IntegrationManagementManager(project_id="myorg/myproject", sandbox=True)
    pieces = []
    for name, area in vars(manager).items():
        if not name.startswith("_"):
            pieces += [f"### mgr.{name}\n", _said(type(area)) + "\n", _table(("call", "what"), _methods(area)) + "\n"]
    return "\n".join(pieces).rstrip()


def functions() -> str:
    """The functions that the package offers."""
    made = [getattr(reconciler, name) for name in reconciler.__all__]
    rows = [(_signature(one.__name__, one), _said(one)) for one in made if inspect.isfunction(one)]
    return _table(("call", "what"), rows)


WHOLE: Mapping[str, Callable[[], str]] = {"docs/kinds.md": kinds_page, "docs/commands.md": commands_page}
"""Documents that are generated as a whole."""

PARTS: Mapping[str, Callable[[], str]] = {
    "kinds": kinds_table,
    "commands": commands_table,
    "options": options_table,
    "exit codes": exit_codes,
    "settings": settings_table,
    "areas": manager_areas,
    "functions": functions,
}
"""Parts of written documents, each between `<!-- name -->` and `<!-- end of name -->`."""

WRITTEN = ("README.md", "docs/settings.md", "docs/ci.md", "docs/manifests.md", "docs/python.md")
"""Written documents that may have generated parts."""
